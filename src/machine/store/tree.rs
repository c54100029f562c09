//! Trees on disk: what they hash to, whether they may be placed, how they are copied.
//!
//! A tree is the content of a folder. Its top-level `.git` and the markers that Claude Code 2.1
//! drops into its cache (`.in_use`, `.orphaned_at`) are not content.

#![expect(clippy::disallowed_methods, reason = "the store reads and writes files")]

mod check;
mod compare;
mod contents;
mod copy;
mod fingerprint;
mod head;
mod links;
mod part;
mod sum;
mod walk;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::read::{Opened, ReadError, open_plain};
use crate::model::TreeHash;

pub use check::{CheckedFile, Kind, Limits, Listing, check};
pub use compare::{Difference, compare};
pub use contents::{contents, digest_of_file};
pub use copy::{Copy, copy};
pub use fingerprint::Fingerprints;
pub use head::{has_tag, head, is_shallow, origin};
pub use part::{Listed, ListedKind, copy_part, hash_part, list};
pub(in crate::machine) use sum::Sum;

/// Returns the sha256 over the sorted paths, kinds, lengths and bytes of a folder's content.
///
/// Folders count only through what is in them. Reads every file; see [`Fingerprints`] for a
/// cheaper way on a tree that was hashed before.
pub fn hash(root: &Path) -> Result<TreeHash, TreeError> {
    hash_entries(root, walk::content(root)?)
}

fn hash_entries(root: &Path, mut entries: Vec<walk::Leaf>) -> Result<TreeHash, TreeError> {
    entries.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    let mut sum = Sum::default();
    for entry in &entries {
        add(root, entry, &mut sum)?;
    }
    Ok(sum.finish())
}

/// Adds what one entry of a tree says, whatever its size with the same little memory.
fn add(root: &Path, entry: &walk::Leaf, sum: &mut Sum) -> Result<(), TreeError> {
    let (path, full) = (&entry.path, root.join(&entry.path));
    if entry.kind == walk::Type::Link {
        let target = std::fs::read_link(full).map_err(|e| TreeError::io(path, e))?;
        sum.link(path, &target);
        return Ok(());
    }
    let Opened { file, metadata } = open_plain(&full).map_err(|e| TreeError::read(path, e))?;
    let executable = metadata.mode() & 0o111 != 0;
    let feed = sum.file(path, executable, metadata.len());
    feed.read(file).map_err(|e| TreeError::io(path, e))
}

/// Tells whether a path of a tree is content, and not a marker of the client at its top.
pub(in crate::machine) fn is_content(path: &Path) -> bool {
    path.components().next().is_none_or(|first| !walk::is_marker(first.as_os_str()))
}

/// Returns everything in a tree that is no folder, the markers too; but for a repository at its top.
pub(in crate::machine) fn paths(root: &Path, deepest: usize) -> Result<Vec<PathBuf>, TreeError> {
    walk::paths(root, deepest)
}

/// Returns the sha256 of one file's bytes in the form of a tree hash.
pub fn digest(bytes: &[u8]) -> TreeHash {
    tree_hash(&Sha256::digest(bytes))
}

/// Why a tree could not be read, or must not be used. Paths are relative to the tree.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("cannot read `{}`", shown(path))]
    Io { path: PathBuf, source: io::Error },
    #[error("the link `{}` leaves the tree: it points to `{}`", shown(path), shown(target))]
    Link { path: PathBuf, target: PathBuf },
    #[error("`{}` is neither a file, a folder nor a link", shown(path))]
    Special { path: PathBuf },
    #[error("`{}` and `{}` are one name where case does not count", shown(path), shown(other))]
    Case { path: PathBuf, other: PathBuf },
    #[error("the name `{}` is not UTF-8", shown(path))]
    NotUtf8 { path: PathBuf },
    #[error("more than {limit} files, counted up to `{}`", shown(path))]
    TooMany { path: PathBuf, limit: usize },
    #[error("more than {limit} bytes, counted up to `{}`", shown(path))]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("more than {limit} bytes of names, counted up to `{}`", shown(path))]
    TooLong { path: PathBuf, limit: usize },
    #[error("more than {limit} folders in each other, down to `{}`", shown(path))]
    TooDeep { path: PathBuf, limit: usize },
    #[error("the link `{}` goes through more than {limit} folders", shown(path))]
    LongLink { path: PathBuf, limit: usize },
}

impl TreeError {
    /// Tells a tree that must not be used from one that could not be read.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }

    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    fn read(path: &Path, error: ReadError) -> Self {
        match error {
            ReadError::Io(source) => Self::io(path, source),
            _ => Self::Special { path: path.to_owned() },
        }
    }
}

/// Returns a path for a message: names in a fetched tree may hold terminal escapes.
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

fn tree_hash(digest: &[u8]) -> TreeHash {
    let text = format!("sha256:{}", crate::machine::store::hex(digest));
    text.parse().expect("a sha256 in hex is a tree hash")
}

#[cfg(test)]
mod tests;
