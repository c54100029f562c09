//! A plugin as far as it has to be read: its files, its manifest, and what its marketplace says of it.

use std::path::Path;

use serde_json::{Map, Value};

use super::tree::{FileKind, Paths};
use super::{Tree, TreeFile, Unreadable};
use crate::formats::json::{self, Bom};

/// Where the client looks for a manifest when there is none at its place.
const MANIFEST_AT_ROOT: &str = "plugin.json";

/// A plugin's tree and what its manifest and its entry declare.
pub struct Plugin<'a> {
    tree: Tree<'a>,
    pub paths: Paths<'a>,
    pub name: &'a str,
    /// The client looks for hooks, servers and settings in it.
    pub loaded: bool,
    /// The path of the manifest.
    pub manifest: Option<&'a str>,
    /// What is declared, each with the place where it is.
    pub declared: Vec<(&'static str, Map<String, Value>)>,
}

/// One element of a field.
pub enum Written<'p> {
    /// A path below the plugin.
    Path(String),
    /// Anything else that is written there.
    Other(&'p Value),
}

impl<'a> Plugin<'a> {
    pub fn read(
        tree: Tree<'a>,
        name: &'a str,
        entry: Option<&Map<String, Value>>,
    ) -> Result<Self, Unreadable> {
        let mut plugin = Self::with_manifest(tree, name, &[tree.manifest, MANIFEST_AT_ROOT])?;
        plugin.loaded = true;
        plugin.declared.extend(entry.map(|entry| ("its entry", entry.clone())));
        Ok(plugin)
    }

    /// Reads an Agent Skill, which may be a plugin as well.
    pub fn skill(tree: Tree<'a>, name: &'a str) -> Result<Self, Unreadable> {
        Self::with_manifest(tree, name, &[tree.manifest])
    }

    fn with_manifest(
        tree: Tree<'a>,
        name: &'a str,
        places: &[&'a str],
    ) -> Result<Self, Unreadable> {
        let paths = Paths::unfold(tree.files)?;
        let (manifest, declared) = (None, Vec::new());
        let mut plugin = Self { tree, paths, name, loaded: false, manifest, declared };
        for file in places {
            let Some(value) = plugin.json(file)? else { continue };
            let Value::Object(object) = value else {
                return Err(unreadable(file, "is not a JSON object"));
            };
            plugin.manifest = Some(file);
            plugin.loaded = true;
            plugin.declared.push(("plugin.json", object));
            break;
        }
        Ok(plugin)
    }

    /// Returns the elements of a field wherever it is declared, with the place.
    pub fn written(&self, key: &str) -> Vec<(&'static str, Written<'_>)> {
        let fields = self.declared.iter().flat_map(|(place, raw)| {
            let inner = raw.get("experimental").and_then(|inner| inner.get(key));
            raw.get(key).into_iter().chain(inner).map(move |field| (*place, field))
        });
        let elements = fields.flat_map(|(place, field)| {
            let one = std::slice::from_ref(field);
            let elements = field.as_array().map_or(one, Vec::as_slice);
            elements.iter().map(move |element| (place, element))
        });
        let read = |element: &'_ Value| element.as_str().and_then(normal);
        elements
            .map(|(place, element)| match read(element) {
                Some(path) => (place, Written::Path(path)),
                None => (place, Written::Other(element)),
            })
            .collect()
    }

    /// Returns what a file at a place that the client reads says; nothing when there is no file.
    pub fn json(&self, path: &str) -> Result<Option<Value>, Unreadable> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes);
        let value = json::parse(Path::new(path), text.as_bytes(), Bom::Allowed);
        value.map(Some).map_err(|fault| {
            let line = fault.at.map_or(String::new(), |at| format!(" (line {})", at.line));
            unreadable(path, format!("is not JSON: {}{line}", fault.message))
        })
    }

    /// Returns the text of a file that the client reads.
    pub fn text(&self, path: &str) -> Result<Option<String>, Unreadable> {
        Ok(self.bytes(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub fn file(&self, path: &str) -> Option<&'a TreeFile> {
        self.paths.get(path)
    }

    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        let real = self.paths.get(path).map_or(path, |file| file.path.as_str());
        (self.tree.read)(real).map_err(|why| unreadable(path, format!("cannot be read: {why}")))
    }
}

impl TreeFile {
    pub(super) fn is_executable(&self) -> bool {
        self.kind == FileKind::Executable
    }
}

/// Returns where a path in a manifest leads as the client joins it; nothing when that is outside.
fn normal(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') || path.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn unreadable(path: &str, why: impl Into<String>) -> Unreadable {
    Unreadable { path: path.to_owned(), why: why.into() }
}
