//! Some files of a tree, as if they were all of it.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use super::{TreeError, walk};
use crate::model::TreeHash;

/// One entry of a tree that nobody has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the tree.
    pub path: PathBuf,
    pub kind: ListedKind,
    /// Bytes; 0 for all but files.
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedKind {
    File,
    Executable,
    Link {
        target: PathBuf,
    },
    Dir,
    /// A device, socket or pipe.
    Special,
}

/// Returns everything in a tree, whatever it is; no link is followed.
pub fn list(root: &Path, most: usize) -> Result<Vec<Listed>, TreeError> {
    let mut listed = Vec::new();
    let mut names = walk::Names::default();
    walk::each_folder(root, |_, entries| {
        for (path, entry) in entries {
            names.take(path)?;
            if listed.len() == most {
                return Err(TreeError::TooMany { path: path.clone(), limit: most });
            }
            let io = |e| TreeError::io(path, e);
            let metadata = entry.metadata().map_err(io)?;
            let kind = match metadata.file_type() {
                kind if kind.is_dir() => ListedKind::Dir,
                kind if kind.is_symlink() => {
                    ListedKind::Link { target: fs::read_link(entry.path()).map_err(io)? }
                }
                kind if !kind.is_file() => ListedKind::Special,
                _ if metadata.mode() & 0o111 != 0 => ListedKind::Executable,
                _ => ListedKind::File,
            };
            let size = if metadata.is_file() { metadata.len() } else { 0 };
            listed.push(Listed { path: path.clone(), kind, size });
        }
        Ok(())
    })?;
    Ok(listed)
}

/// Returns the hash that a folder has which holds only these files.
pub fn hash_part(root: &Path, files: &[String]) -> Result<TreeHash, TreeError> {
    let entries: Result<Vec<walk::Leaf>, TreeError> = content(files)
        .map(|file| {
            let path = PathBuf::from(file);
            let metadata =
                fs::symlink_metadata(root.join(&path)).map_err(|e| TreeError::io(&path, e))?;
            let kind = match metadata.file_type() {
                kind if kind.is_file() => walk::Type::File,
                kind if kind.is_symlink() => walk::Type::Link,
                _ => return Err(TreeError::Special { path }),
            };
            Ok(walk::Leaf { path, kind })
        })
        .collect();
    super::hash_entries(root, entries?)
}

/// Copies these files of a folder to a path that does not exist yet.
///
/// Executable bits are kept and links stay links. A failure leaves a part of the copy behind:
/// the caller stages.
pub fn copy_part(from: &Path, files: &[String], to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for file in content(files) {
        let (source, target) = (from.join(file), to.join(file));
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let kind = fs::symlink_metadata(&source)?.file_type();
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        } else {
            let text = format!("`{file}` is not a regular file");
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
    }
    Ok(())
}

/// What a hash of the whole folder counts.
fn content(files: &[String]) -> impl Iterator<Item = &String> {
    files.iter().filter(|file| {
        let first = file.split('/').next().unwrap_or_default();
        !walk::is_marker(first.as_ref())
    })
}
