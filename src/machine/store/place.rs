//! Puts a whole folder in place: staged beside it, then swapped by renames.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::disk;
use super::tree::{self, Copy};
use crate::machine::git::Kept;

/// The folder below a client's root in which trees are made ready; same disk, so that renames work.
pub fn staging(root: &Path) -> PathBuf {
    root.join(".zskills-staging")
}

/// Copies `from` and swaps the copy into `to`. A kill leaves the old tree, the new one, or none;
/// what was staged is removed by the next run.
pub fn tree(from: &Path, to: &Path, what: Copy, staging: &Path) -> io::Result<()> {
    let new = unused(staging, "new")?;
    tree::copy(from, &new, what)?;
    swap(&new, to, staging)
}

/// Makes a clone for a client out of a checkout in our cache, and swaps it into `to`.
///
/// The files are moved: the cache keeps the objects, from which it can write them again, and they
/// need not be written twice for a marketplace that is installed for the first time.
pub fn clone(from: &Path, to: &Path, staging: &Path) -> Result<(), PlaceError> {
    let Some(kept) = from.parent().filter(|entry| Kept::is_at(entry)) else {
        // What was unpacked from an archive has nothing to make a clone from.
        return Ok(tree(from, to, Copy::All, staging)?);
    };
    let kept = Kept::open(kept).map_err(io::Error::other)?;
    let new = unused(staging, "new")?;
    match fs::rename(from, &new) {
        // The cache may lie on another disk.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            tree::copy(from, &new, Copy::All)?;
        }
        moved => moved?,
    }
    if let Err(differs) = kept.make_clone(&new)? {
        return Err(PlaceError::Changed(differs.to_string()));
    }
    Ok(swap(&new, to, staging)?)
}

/// Why a folder was not put in place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("it was changed in the cache in the meantime: {0}")]
    Changed(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Copies some files of `from` and swaps the copy into `to`.
pub fn part(from: &Path, files: &[String], to: &Path, staging: &Path) -> io::Result<()> {
    let new = unused(staging, "new")?;
    tree::copy_part(from, files, &new)?;
    swap(&new, to, staging)
}

/// Writes one file as if it were a tree: for catalogs that the client keeps as a plain file.
pub fn file(bytes: &[u8], to: &Path, staging: &Path) -> io::Result<()> {
    let new = unused(staging, "new")?;
    fs::write(&new, bytes)?;
    swap(&new, to, staging)
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
            tree::copy(path, &target, Copy::All)?;
            disk::remove(path)
        }
        done => done,
    }
}

/// Returns where the copies of skills are made ready: hidden, in the folder where they will be.
pub fn beside(to: &Path) -> PathBuf {
    staging(to.parent().unwrap_or(Path::new("/")))
}

/// Removes what a killed run left in a staging folder.
pub fn clean(staging: &Path) -> io::Result<()> {
    disk::remove(staging)
}

fn swap(new: &Path, to: &Path, staging: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if !disk::exists(to) {
        return fs::rename(new, to);
    }
    if exchange(new, to).is_ok() {
        return disk::remove(new);
    }
    let old = unused(staging, "old")?;
    fs::rename(to, &old)?;
    fs::rename(new, to)?;
    disk::remove(&old)
}

/// Swaps two paths at once, so that at no instant nothing is there; not every file system can.
#[cfg(target_os = "linux")]
pub(in crate::machine) fn exchange(new: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, new, CWD, to, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
pub(in crate::machine) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns a path in the staging folder that nothing stands at; the whole folder is ours.
fn unused(staging: &Path, what: &str) -> io::Result<PathBuf> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    fs::create_dir_all(staging)?;
    Ok(staging.join(format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed))))
}
