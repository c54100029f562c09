//! How two trees differ, file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Sum, TreeError, walk};
use crate::model::TreeHash;

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

/// Returns the digest of each file and link.
fn contents(root: &Path) -> Result<BTreeMap<PathBuf, TreeHash>, TreeError> {
    let digest = |entry: walk::Leaf| {
        let mut sum = Sum::default();
        super::add(root, &entry, &mut sum)?;
        Ok((entry.path, sum.finish()))
    };
    walk::content(root)?.into_iter().map(digest).collect()
}
