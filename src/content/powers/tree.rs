//! The files of a plugin or skill, with what links stand for at the place of the link.

use std::collections::BTreeMap;

use super::Unreadable;
use crate::content::skill::tree::{join, parent};
use crate::model::Digest;

/// A file or link of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the tree, with `/`.
    pub path: String,
    pub kind: FileKind,
    /// Of its bytes; of a link of its target.
    pub digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    File,
    Executable,
    /// A link and its target as written.
    Link(String),
}

/// The bytes of a file, if it is there, or why they cannot be read.
pub type Text = Result<Option<Vec<u8>>, String>;

/// The files of a tree, and a way to read one: what is not there is nothing, what cannot be read says why.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// Where the client looks for a manifest.
    pub manifest: &'a str,
    pub files: &'a [TreeFile],
    pub read: &'a dyn Fn(&str) -> Text,
}

/// The files by every path that leads to them.
pub(super) struct Paths<'a> {
    files: BTreeMap<String, &'a TreeFile>,
    /// The paths where case does not count.
    folded: BTreeMap<String, String>,
}

/// More files and links than these are no plugin.
const MOST: usize = 100_000;

/// More links on the way to one place are a circle.
const HOPS: usize = 64;

impl<'a> Paths<'a> {
    /// Follows the links, into folders too.
    ///
    /// # Errors
    /// A link that leaves the tree, and links that unfold to too many files.
    pub fn unfold(files: &'a [TreeFile]) -> Result<Self, Unreadable> {
        let listed: BTreeMap<&str, &TreeFile> =
            files.iter().map(|file| (file.path.as_str(), file)).collect();
        let mut found = BTreeMap::new();
        // Each link with its place, and the folders that were unfolded on the way to it.
        let mut open: Vec<(String, &TreeFile, Vec<String>)> = Vec::new();
        for file in files {
            match file.kind {
                FileKind::Link(_) => open.push((file.path.clone(), file, Vec::new())),
                _ => drop(found.insert(file.path.clone(), file)),
            }
        }
        let mut followed = 0;
        while let Some((place, link, inside)) = open.pop() {
            followed += 1;
            if found.len() + followed > MOST {
                let why = format!("and other links unfold to more than {MOST} files");
                return Err(Unreadable { path: place, why });
            }
            let real = real(&listed, &link.path)
                .map_err(|why| Unreadable { path: place.clone(), why: why.to_owned() })?;
            if let Some(file) = listed.get(real.as_str()) {
                found.insert(place, *file);
                continue;
            }
            if inside.contains(&real) {
                continue;
            }
            let mut inside = inside;
            inside.push(real.clone());
            for (path, file) in below(&listed, &real) {
                let rest = &path[if real.is_empty() { 0 } else { real.len() + 1 }..];
                let place = join(&place, rest);
                match file.kind {
                    FileKind::Link(_) => open.push((place, file, inside.clone())),
                    _ => drop(found.insert(place, file)),
                }
            }
        }
        let folded = found.keys().map(|path| (folded(path), path.clone())).collect();
        Ok(Self { files: found, folded })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a TreeFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), *file))
    }

    /// Returns the file at a path, in whatever case it is written.
    pub fn get(&self, path: &str) -> Option<&'a TreeFile> {
        self.files.get(self.folded.get(&folded(path))?).copied()
    }
}

/// Returns a path as a disk sees it on which case does not count.
pub(super) fn folded(path: &str) -> String {
    if path.is_ascii() { path.to_ascii_lowercase() } else { path.to_uppercase().to_lowercase() }
}

fn below<'t, 'a>(
    listed: &'t BTreeMap<&'a str, &'a TreeFile>,
    folder: &str,
) -> impl Iterator<Item = (&'a str, &'a TreeFile)> + use<'t, 'a> {
    let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let prefix = start.clone();
    let from = listed
        .range::<str, _>((std::ops::Bound::Included(start.as_str()), std::ops::Bound::Unbounded));
    let rest: Vec<_> =
        from.take_while(|(path, _)| path.starts_with(&prefix)).map(|(p, f)| (*p, *f)).collect();
    rest.into_iter()
}

/// Returns where a path ends when every link on the way is followed.
fn real(listed: &BTreeMap<&str, &TreeFile>, path: &str) -> Result<String, &'static str> {
    const OUT: &str = "is a link that leaves the tree";
    let mut rest: Vec<&str> = path.split('/').rev().collect();
    let mut at = String::new();
    let mut hops = 0;
    while let Some(part) = rest.pop() {
        match part {
            "" | "." => continue,
            ".." if at.is_empty() => return Err(OUT),
            ".." => {
                at.truncate(parent(&at).len());
                continue;
            }
            _ => at = join(&at, part),
        }
        let Some(TreeFile { kind: FileKind::Link(target), .. }) = listed.get(at.as_str()) else {
            continue;
        };
        hops += 1;
        if hops > HOPS {
            return Err("is a link in a circle");
        }
        if target.starts_with('/') {
            return Err(OUT);
        }
        at.truncate(parent(&at).len());
        rest.extend(target.split('/').rev());
    }
    Ok(at)
}
