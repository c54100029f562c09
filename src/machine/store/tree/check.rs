//! Refuses trees that could reach outside themselves or mean different things on two machines.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::links::Links;
use super::{TreeError, walk};

/// How much a tree may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub files: usize,
    pub bytes: u64,
}

impl Limits {
    pub const DEFAULT: Self = Self { files: 100_000, bytes: 1 << 30 };
}

/// What is in a tree that passed the check, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub entries: Vec<CheckedFile>,
}

/// One file or link. `path` uses `/` and is relative to the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckedFile {
    pub path: String,
    pub kind: Kind,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    File,
    Executable,
    Link { target: PathBuf },
}

/// Returns what a tree holds, or why it must not be used.
pub fn check(root: &Path, limits: Limits) -> Result<Listing, TreeError> {
    let mut entries = Vec::new();
    let mut bytes = 0;
    let mut names = walk::Names::default();
    let mut links = Links::default();
    walk::each_folder(root, |folder, found| {
        distinct(found.iter().map(|(path, _)| path))?;
        for (path, found) in found {
            names.take(path)?;
            let metadata = found.metadata().map_err(|e| TreeError::io(path, e))?;
            let kind = match metadata.file_type() {
                kind if kind.is_dir() => {
                    links.folder(folder, path);
                    continue;
                }
                kind if kind.is_symlink() => {
                    let target = fs::read_link(found.path()).map_err(|e| TreeError::io(path, e))?;
                    links.link(folder, path, &target)?;
                    Kind::Link { target }
                }
                kind if !kind.is_file() => return Err(TreeError::Special { path: path.clone() }),
                _ if metadata.mode() & 0o111 != 0 => Kind::Executable,
                _ => Kind::File,
            };
            bytes += metadata.len();
            if bytes > limits.bytes {
                return Err(TreeError::TooLarge { path: path.clone(), limit: limits.bytes });
            }
            if entries.len() == limits.files {
                return Err(TreeError::TooMany { path: path.clone(), limit: limits.files });
            }
            entries.push(CheckedFile { path: utf8(path)?.to_owned(), kind, bytes: metadata.len() });
        }
        Ok(())
    })?;
    links.stay_inside()?;
    entries.sort_unstable();
    Ok(Listing { entries })
}

fn utf8(path: &Path) -> Result<&str, TreeError> {
    path.to_str().ok_or_else(|| TreeError::NotUtf8 { path: path.to_owned() })
}

/// Checks that the names of one folder differ in more than case.
fn distinct<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<(), TreeError> {
    let mut seen = BTreeMap::new();
    for path in paths {
        if let Some(other) = seen.insert(utf8(path)?.to_lowercase(), path) {
            let (path, other) = if path < other { (other, path) } else { (path, other) };
            return Err(TreeError::Case { path: path.clone(), other: other.clone() });
        }
    }
    Ok(())
}
