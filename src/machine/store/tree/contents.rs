//! The files of a tree with a digest of each, to tell what the tree can do.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Kind, Limits, TreeError, check};
use crate::content::powers::{FileKind, TreeFile};
use crate::machine::store::read::{Opened, open_plain};
use crate::model::Digest;

/// Returns the files and links of a tree that passes the check, and how many bytes they have.
pub fn contents(root: &Path, limits: Limits) -> Result<(Vec<TreeFile>, u64), TreeError> {
    let listing = check(root, limits)?;
    let mut files = Vec::with_capacity(listing.entries.len());
    let mut total = 0;
    for entry in listing.entries {
        total += entry.bytes;
        let path = Path::new(&entry.path);
        let (kind, digest) = match entry.kind {
            Kind::Link { target } => {
                let target = target.to_string_lossy().into_owned();
                let digest = Digest::of(target.as_bytes());
                (FileKind::Link(target), digest)
            }
            Kind::File => (FileKind::File, digest_of_file(root, path)?),
            Kind::Executable => (FileKind::Executable, digest_of_file(root, path)?),
        };
        files.push(TreeFile { path: entry.path, kind, digest });
    }
    Ok((files, total))
}

/// Returns the digest of a file's bytes, whatever its size with the same little memory.
pub fn digest_of_file(root: &Path, path: &Path) -> Result<Digest, TreeError> {
    let opened = open_plain(&root.join(path)).map_err(|e| TreeError::read(path, e))?;
    let Opened { mut file, .. } = opened;
    let mut sum = Sum(Sha256::new());
    io::copy(&mut file, &mut sum).map_err(|e| TreeError::io(path, e))?;
    Ok(Digest::from_sum(&sum.0.finalize()))
}

struct Sum(Sha256);

impl io::Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
