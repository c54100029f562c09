//! How two trees differ, file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{TreeError, walk};

/// Which paths of a tree are not as in another, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    pub modified: Vec<String>,
    pub extra: Vec<String>,
    pub missing: Vec<String>,
}

/// Returns how the content of `tree` differs from that of `pristine`.
pub fn compare(pristine: &Path, tree: &Path) -> Result<Difference, TreeError> {
    let (before, mut after) = (contents(pristine)?, contents(tree)?);
    let name = |path: &Path| path.display().to_string();
    let mut difference = Difference::default();
    for (path, was) in &before {
        match after.remove(path) {
            None => difference.missing.push(name(path)),
            Some(is) if is != *was => difference.modified.push(name(path)),
            Some(_) => {}
        }
    }
    difference.extra = after.keys().map(|path| name(path)).collect();
    Ok(difference)
}

fn contents(root: &Path) -> Result<BTreeMap<PathBuf, (u8, Vec<u8>)>, TreeError> {
    let entries = walk::content(root)?;
    let read = |entry: walk::Found| {
        let mut bytes = Vec::new();
        let kind =
            super::read(root, &entry, &mut bytes).map_err(|e| TreeError::io(&entry.path, e))?;
        Ok((entry.path, (kind, bytes)))
    };
    entries.into_iter().map(read).collect()
}
