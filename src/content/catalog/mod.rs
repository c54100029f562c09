//! `marketplace.json` and `plugin.json` as they are found in the wild. Bytes in, values out.
//!
//! Several clients read this format. In which folder a client looks for the two files, and which names
//! it keeps for itself, its layout says. As in Claude Code, only faults at the top level are fatal: one
//! bad entry never costs the others.

pub(super) mod dependency;
mod entry;
mod json;
mod plugin_manifest;
mod search;
mod shape;
mod source;
mod version;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::formats::json as text;
use crate::model::{Diagnostic, MarketplaceName};

pub use dependency::Dependency;
pub use entry::Entry;
pub use plugin_manifest::{PluginManifest, parse_plugin};
pub use search::{Hit, Kind, Query, Rank, search};
pub use source::EntrySource;
pub use version::version;

/// Where a plugin's folder, or a project, holds the servers that it shares.
pub const SERVERS_FILE: &str = ".mcp.json";

/// Returns the servers of a [`SERVERS_FILE`]: they stand under one key, or at the top.
pub fn shared_servers(bytes: &[u8]) -> Map<String, Value> {
    let Some(Value::Object(mut top)) = text::value(bytes) else { return Map::new() };
    let mut servers = match top.remove("mcpServers") {
        Some(Value::Object(servers)) => servers,
        Some(_) => Map::new(),
        None => top,
    };
    servers.retain(|_, server| server.is_object());
    servers
}

/// A checked `marketplace.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    pub name: MarketplaceName,
    pub description: Option<String>,
    /// The entries that have a usable name, in the order of the file, each name once.
    pub entries: Vec<Entry>,
    pub notes: Vec<EntryNote>,
    /// Old plugin name to new one.
    pub renames: BTreeMap<String, String>,
}

/// A remark about one entry of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryNote {
    /// Absent when the entry has no name.
    pub name: Option<String>,
    pub text: String,
}

impl Catalog {
    /// Returns the entry of a plugin.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name.as_str() == name)
    }
}

/// Returns what a catalog says without how it is laid out: the client writes one anew that it
/// fetched from an address. What is not JSON is returned as it is.
pub fn content(bytes: &[u8]) -> Vec<u8> {
    text::value(bytes).map_or_else(|| bytes.to_vec(), |value| value.to_string().into_bytes())
}

/// Parses a `marketplace.json`. Bytes that are not UTF-8 are replaced, as the client does.
///
/// # Errors
/// Returns the fault that makes Claude Code refuse the whole file; `file` is only for the message.
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Catalog, Diagnostic> {
    let top = json::object(file, bytes)?;
    let fault = |message: String| Diagnostic::whole(file, message);
    if let (None, Some(Value::Object(_))) = (top.get("name"), top.get("marketplace")) {
        return Err(fault("everything is wrapped in `marketplace`".to_owned())
            .hint("`name`, `owner` and `plugins` belong at the top level"));
    }
    let name = name(&top).map_err(fault)?;
    owner(&top).map_err(fault)?;
    let metadata = metadata(&top).map_err(fault)?;
    let plugins = match top.get("plugins") {
        Some(Value::Array(plugins)) => plugins,
        Some(_) => return Err(fault("`plugins` is not an array".to_owned())),
        None => return Err(fault("`plugins` is missing".to_owned())),
    };
    let (entries, notes) = entries(plugins, metadata.and_then(|m| m.get("pluginRoot")?.as_str()));
    let description = top.get("description").or_else(|| metadata?.get("description"));
    Ok(Catalog {
        name,
        description: description.and_then(Value::as_str).map(str::to_owned),
        entries,
        notes,
        renames: renames(&top),
    })
}

fn name(top: &Map<String, Value>) -> Result<MarketplaceName, String> {
    let text = match top.get("name") {
        Some(Value::String(text)) => text,
        Some(_) => return Err("`name` is not a string".to_owned()),
        None => return Err("`name` is missing".to_owned()),
    };
    let name: MarketplaceName = text
        .parse()
        .map_err(|why| format!("the marketplace name `{}` {why}", text.escape_debug()))?;
    if text.contains("..") {
        return Err(format!("the marketplace name `{text}` has `..`"));
    }
    Ok(name)
}

fn owner(top: &Map<String, Value>) -> Result<(), String> {
    match top.get("owner") {
        None => Err("`owner` is missing".to_owned()),
        Some(Value::Object(owner)) => match owner.get("name") {
            Some(Value::String(name)) if !name.is_empty() => Ok(()),
            _ => Err("`owner` has no `name`".to_owned()),
        },
        Some(Value::String(_)) => {
            Err("`owner` is a string; it must be an object with a `name`".to_owned())
        }
        Some(_) => Err("`owner` is not an object".to_owned()),
    }
}

/// Checks the other fields whose shape is fatal and returns `metadata`.
fn metadata(top: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, String> {
    texts(top, "", &["description", "version"])?;
    match top.get("metadata") {
        None => Ok(None),
        Some(Value::Object(metadata)) => {
            texts(metadata, "metadata.", &["description", "version", "pluginRoot"])?;
            Ok(Some(metadata))
        }
        Some(_) => Err("`metadata` is not an object".to_owned()),
    }
}

fn texts(object: &Map<String, Value>, prefix: &str, keys: &[&str]) -> Result<(), String> {
    match keys.iter().find(|key| object.get(**key).is_some_and(|value| !value.is_string())) {
        Some(key) => Err(format!("`{prefix}{key}` is not a string")),
        None => Ok(()),
    }
}

fn entries(plugins: &[Value], plugin_root: Option<&str>) -> (Vec<Entry>, Vec<EntryNote>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut names = BTreeSet::new();
    let mut notes = Vec::new();
    for (index, value) in plugins.iter().enumerate() {
        match entry::parse(index, value, plugin_root) {
            Err(note) => notes.push(note),
            Ok((entry, _)) if !names.insert(entry.name.clone()) => {
                notes.push(EntryNote {
                    name: Some(entry.name.to_string()),
                    text: "is listed again; the first entry counts".to_owned(),
                });
            }
            Ok((entry, remarks)) => {
                let name = entry.name.to_string();
                notes.extend(
                    remarks.into_iter().map(|text| EntryNote { name: Some(name.clone()), text }),
                );
                entries.push(entry);
            }
        }
    }
    (entries, notes)
}

fn renames(top: &Map<String, Value>) -> BTreeMap<String, String> {
    let renames = top.get("renames").and_then(Value::as_object).into_iter().flatten();
    renames.filter_map(|(old, new)| Some((old.clone(), new.as_str()?.to_owned()))).collect()
}
