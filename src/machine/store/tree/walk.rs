//! Finds what is in a tree, without following a link.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use super::TreeError;
use crate::clients;

/// One file or link, with its path relative to the root.
pub(super) struct Leaf {
    pub path: PathBuf,
    pub kind: Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Link,
}

/// Returns the files and links of a tree, in no order. A device, fifo or socket is an error.
pub(super) fn content(root: &Path) -> Result<Vec<Leaf>, TreeError> {
    let mut found = Vec::new();
    each_folder(root, |_, entries| {
        for (path, entry) in entries {
            let kind = entry.file_type().map_err(|e| TreeError::io(path, e))?;
            let kind = match kind {
                kind if kind.is_dir() => continue,
                kind if kind.is_file() => Type::File,
                kind if kind.is_symlink() => Type::Link,
                _ => return Err(TreeError::Special { path: path.clone() }),
            };
            found.push(Leaf { path: path.clone(), kind });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Returns everything that is no folder, but for what is in the top-level `.git`.
pub(super) fn paths(root: &Path, deepest: usize) -> Result<Vec<PathBuf>, TreeError> {
    let mut found = Vec::new();
    each_folder_down_to(
        root,
        deepest,
        |name| name == ".git",
        |_, entries| {
            for (path, entry) in entries {
                if !entry.file_type().map_err(|e| TreeError::io(path, e))?.is_dir() {
                    found.push(path.clone());
                }
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// More folders in each other than any tree has that people work with.
pub(super) const DEEPEST: usize = 100;

/// Calls `visit` once for each folder of a tree, parents first, with all that is in it.
///
/// A stack and not recursion, and an end to it: a hostile tree can be thousands of folders deep.
pub(super) fn each_folder(
    root: &Path,
    visit: impl FnMut(&Path, &[(PathBuf, DirEntry)]) -> Result<(), TreeError>,
) -> Result<(), TreeError> {
    each_folder_down_to(root, DEEPEST, is_marker, visit)
}

fn each_folder_down_to(
    root: &Path,
    deepest: usize,
    passes_over: impl Fn(&OsStr) -> bool,
    mut visit: impl FnMut(&Path, &[(PathBuf, DirEntry)]) -> Result<(), TreeError>,
) -> Result<(), TreeError> {
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if depth > deepest {
            return Err(TreeError::TooDeep { path: folder, limit: deepest });
        }
        let io = |e| TreeError::io(&folder, e);
        let mut entries = Vec::new();
        for entry in fs::read_dir(root.join(&folder)).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name();
            if folder.as_os_str().is_empty() && passes_over(&name) {
                continue;
            }
            let path = folder.join(name);
            if entry.file_type().map_err(io)?.is_dir() {
                folders.push((path.clone(), depth + 1));
            }
            entries.push((path, entry));
        }
        visit(&folder, &entries)?;
    }
    Ok(())
}

/// Counts the bytes of all paths of a tree together.
#[derive(Default)]
pub(super) struct Names(usize);

impl Names {
    /// A hundred thousand files have about a tenth of this.
    const MOST: usize = 64 << 20;

    pub fn take(&mut self, path: &Path) -> Result<(), TreeError> {
        self.0 += path.as_os_str().len();
        if self.0 > Self::MOST {
            return Err(TreeError::TooLong { path: path.to_owned(), limit: Self::MOST });
        }
        Ok(())
    }
}

/// Tells whether a top-level name is no content: version control, or what a client puts there.
pub(super) fn is_marker(name: &OsStr) -> bool {
    name == ".git" || clients::markers().any(|marker| name == marker)
}
