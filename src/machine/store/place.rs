//! Puts a whole folder in place: staged beside it, then swapped by renames.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::disk;
use super::tree::{self, Copy};
use crate::machine::git::Kept;
use crate::machine::{checkpoint, interrupt};

/// The folder below a client's root in which trees are made ready; same disk, so that renames work.
pub fn staging(root: &Path) -> PathBuf {
    root.join(".zskills-staging")
}

/// Where something is put: made ready in `staging`, which is on the same disk; what made room is kept.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    pub to: &'a Path,
    pub staging: &'a Path,
    /// Where what stands there now is to wait; without it, it goes.
    pub kept: Option<&'a Path>,
}

/// Copies `from` and swaps the copy into place. A kill leaves the old tree, the new one, or none;
/// what was staged is removed by the next run.
pub fn tree(from: &Path, room: Room, what: Copy) -> io::Result<()> {
    let new = unused(room.staging, "new")?;
    tree::copy(from, &new, what)?;
    swap(&new, room)
}

/// Makes a clone for a client out of a checkout in our cache, and swaps it into `to`.
///
/// The files are moved: the cache keeps the objects, from which it can write them again, and they
/// need not be written twice for a marketplace that is installed for the first time.
pub fn clone(from: &Path, room: Room) -> Result<(), PlaceError> {
    let Some(kept) = from.parent().filter(|entry| Kept::is_at(entry)) else {
        // What was unpacked from an archive has nothing to make a clone from.
        return Ok(tree(from, room, Copy::All)?);
    };
    let kept = Kept::open(kept).map_err(io::Error::other)?;
    let new = unused(room.staging, "new")?;
    checkpoint::here();
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
    Ok(swap(&new, room)?)
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
pub fn part(from: &Path, files: &[String], room: Room) -> io::Result<()> {
    let new = unused(room.staging, "new")?;
    tree::copy_part(from, files, &new)?;
    swap(&new, room)
}

/// Writes one file as if it were a tree: for catalogs that the client keeps as a plain file.
pub fn file(bytes: &[u8], room: Room) -> io::Result<()> {
    let new = unused(room.staging, "new")?;
    fs::write(&new, bytes)?;
    swap(&new, room)
}

/// Moves what stands at a path to where it is kept; nothing there is fine.
pub fn away(path: &Path, kept: &Path) -> io::Result<()> {
    make_room(kept)?;
    checkpoint::here();
    match fs::rename(path, kept) {
        Err(error) if disk::is_absent(&error) && !disk::exists(path) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => over(path, kept),
        done => done,
    }
}

/// Brings back what was kept. What stands there now waits where `kept` says, and at no instant is nothing there.
pub fn back(from: &Path, to: &Path, kept: Option<&Path>) -> io::Result<()> {
    make_room(to)?;
    if !disk::exists(to) {
        checkpoint::here();
        return match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => over(from, to),
            done => done,
        };
    }
    checkpoint::here();
    if exchange(from, to).is_ok() {
        return match kept {
            Some(kept) => away(from, kept),
            None => disk::remove(from),
        };
    }
    match kept {
        Some(kept) => away(to, kept)?,
        None => disk::remove(to)?,
    }
    back(from, to, None)
}

/// Moves something to another disk.
fn over(from: &Path, to: &Path) -> io::Result<()> {
    if disk::is_dir(from) {
        tree::copy(from, to, Copy::All)?;
    } else {
        fs::copy(from, to)?;
    }
    disk::remove(from)
}

fn make_room(to: &Path) -> io::Result<()> {
    to.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Returns where the copies of skills are made ready: hidden, in the folder where they will be.
pub fn beside(to: &Path) -> PathBuf {
    staging(to.parent().unwrap_or(Path::new("/")))
}

/// Removes what a killed run left in a staging folder.
pub fn clean(staging: &Path) -> io::Result<()> {
    disk::remove(staging)
}

fn swap(new: &Path, room: Room) -> io::Result<()> {
    let Room { to, staging, kept } = room;
    make_room(to)?;
    if !disk::exists(to) {
        checkpoint::here();
        return fs::rename(new, to);
    }
    let Some(kept) = kept else {
        checkpoint::here();
        if exchange(new, to).is_ok() {
            return disk::remove(new);
        }
        let old = unused(staging, "old")?;
        checkpoint::here();
        fs::rename(to, &old)?;
        checkpoint::here();
        fs::rename(new, to)?;
        return disk::remove(&old);
    };
    make_room(kept)?;
    // The new tree goes where the old one will be, so that one exchange loses neither, kill or not.
    checkpoint::here();
    match fs::rename(new, kept) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            checkpoint::here();
            exchange(new, to)?;
            return over(new, kept);
        }
        moved => moved?,
    }
    checkpoint::here();
    if exchange(kept, to).is_ok() {
        return Ok(());
    }
    checkpoint::here();
    fs::rename(kept, new)?;
    checkpoint::here();
    fs::rename(to, kept)?;
    checkpoint::here();
    fs::rename(new, to)
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
    interrupt::staged(staging);
    fs::create_dir_all(staging)?;
    Ok(staging.join(format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed))))
}
