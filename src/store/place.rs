//! Puts a whole folder in place: staged beside it, then swapped by renames.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk;
use super::tree::{self, Copy};

/// The folder below a client's root in which trees are made ready; same disk, so that renames work.
pub fn staging(root: &Path) -> PathBuf {
    root.join(".zskills-staging")
}

/// Copies `from` and swaps the copy into `to`. A kill leaves the old tree, the new one, or none;
/// what was staged is removed by the next run.
pub fn tree(from: &Path, to: &Path, what: Copy, staging: &Path) -> io::Result<()> {
    let work = unused(staging)?;
    let (new, old) = (work.join("new"), work.join("old"));
    tree::copy(from, &new, what)?;
    swap(&new, to, &old)?;
    fs::remove_dir_all(&work)
}

/// Writes one file as if it were a tree: for catalogs that the client keeps as a plain file.
pub fn file(bytes: &[u8], to: &Path, staging: &Path) -> io::Result<()> {
    let work = unused(staging)?;
    let (new, old) = (work.join("new"), work.join("old"));
    fs::write(&new, bytes)?;
    swap(&new, to, &old)?;
    fs::remove_dir_all(&work)
}

/// Moves `path` into the trash folder under a name that says when.
pub fn to_trash(path: &Path, trash: &Path, now: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    fs::create_dir_all(trash)?;
    let mut target = trash.join(format!("{}-{name}", now.replace(':', "")));
    for n in 2.. {
        if !disk::exists(&target) {
            break;
        }
        target = trash.join(format!("{}-{n}-{name}", now.replace(':', "")));
    }
    match fs::rename(path, &target) {
        // The trash may lie on another disk.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            tree::copy(path, &target, Copy::Clone)?;
            disk::remove(path)
        }
        done => done,
    }
}

/// Removes what a killed run left in a staging folder.
pub fn clean(staging: &Path) -> io::Result<()> {
    disk::remove(staging)
}

fn swap(new: &Path, to: &Path, old: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if disk::exists(to) {
        fs::rename(to, old)?;
    }
    fs::rename(new, to)
}

fn unused(staging: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(staging)?;
    Ok(tempfile::Builder::new().prefix("tree-").tempdir_in(staging)?.keep())
}
