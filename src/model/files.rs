//! File contents as values, so that codecs need no file access.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The bytes of some files; a path that is known to be absent is kept as `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Files {
    /// Returns the bytes of a file, or nothing when it is absent or was never read.
    pub fn get(&self, path: &Path) -> Option<&[u8]> {
        self.0.get(path)?.as_deref()
    }

    pub fn set(&mut self, path: PathBuf, bytes: Option<Vec<u8>>) {
        self.0.insert(path, bytes);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Path, Option<&[u8]>)> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_deref()))
    }
}

impl FromIterator<(PathBuf, Option<Vec<u8>>)> for Files {
    fn from_iter<I: IntoIterator<Item = (PathBuf, Option<Vec<u8>>)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}
