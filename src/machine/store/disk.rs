//! What stands where, and replacing one whole file so that it is never half written.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use super::read::open_folder;
pub use super::read::{Most, ReadError, read, read_below};
use crate::machine::checkpoint;

/// Why a file was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    #[error("`{0}` was changed by another program in the meantime")]
    Stale(PathBuf),
    #[error("`{0}` is read-only and stays as it is")]
    ReadOnly(PathBuf),
    #[error("`{0}` cannot be written")]
    Io(PathBuf, #[source] io::Error),
}

/// Replaces the bytes of a file if it still holds `before`.
///
/// Links are followed, so a link into a dotfile repository stays a link. The mode is kept; a new
/// file gets `new_mode`. The bytes are on disk before the name points at them.
pub fn replace(
    path: &Path,
    before: Option<&[u8]>,
    after: &[u8],
    new_mode: u32,
) -> Result<(), ReplaceError> {
    let target = follow_links(path);
    let fail = |error| ReplaceError::Io(path.to_owned(), error);
    if fs::metadata(&target).is_ok_and(|meta| meta.permissions().readonly()) {
        return Err(ReplaceError::ReadOnly(path.to_owned()));
    }
    let folder = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(fail)?;
    let staged = folder.join(staged_name(&target));
    let replaced = write_new(&staged, after, &target, new_mode).and_then(|()| {
        let same = read(&target, Most::CLIENT)?.as_deref() == before;
        checkpoint::here();
        if same { fs::rename(&staged, &target) } else { fs::remove_file(&staged) }?;
        checkpoint::here();
        Ok(same)
    });
    if replaced.is_err() {
        // Half a file is of no use to anybody, least of all on a full disk.
        drop(fs::remove_file(&staged));
    }
    if !replaced.map_err(fail)? {
        return Err(ReplaceError::Stale(path.to_owned()));
    }
    sync_folder(folder);
    Ok(())
}

/// Always the same name for the same file, so that the next run clears up after a killed one.
fn staged_name(target: &Path) -> String {
    format!(".zskills-{}.tmp", target.file_name().unwrap_or_default().to_string_lossy())
}

fn write_new(staged: &Path, bytes: &[u8], target: &Path, new_mode: u32) -> io::Result<()> {
    remove(staged)?;
    let mut file = create_private(staged)?;
    file.write_all(bytes)?;
    set_mode(&file, target, new_mode)?;
    file.sync_all()
}

/// Makes a file that nobody else can read, from its first byte on.
fn create_private(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(unix)]
fn set_mode(staged: &fs::File, target: &Path, new_mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(target).map_or(new_mode, |meta| meta.permissions().mode() & 0o7777);
    staged.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &fs::File, _: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Makes a rename outlive a power cut where the system can; elsewhere there is nothing to do.
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = open_folder(folder) {
        drop(folder.sync_all());
    }
}

/// Brings what was written at some places to the disk, with one flush for each file system.
#[cfg(target_os = "linux")]
pub fn flush(places: &[&Path]) {
    use std::os::unix::fs::MetadataExt as _;
    let mut done = std::collections::BTreeSet::new();
    for place in places {
        let folder = place.parent().unwrap_or(Path::new("/"));
        if fs::metadata(folder).is_ok_and(|meta| done.insert(meta.dev()))
            && let Ok(folder) = open_folder(folder)
        {
            // A disk that fails tells so again when it is read.
            let _ = rustix::fs::syncfs(folder);
        }
    }
}

/// Brings what was written at some places to the disk, as far as the system can.
#[cfg(not(target_os = "linux"))]
pub fn flush(places: &[&Path]) {
    for folder in places.iter().filter_map(|place| place.parent()) {
        sync_folder(folder);
    }
}

/// Returns the path behind a chain of links; the last link may point at nothing.
pub fn follow_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..40 {
        let Ok(next) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(next);
    }
    // The folders above may be links too; a temporary file must land on the target's own disk.
    match (path.parent().map(fs::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Tells whether a failure means that there is no such file.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Tells whether a path below a root is somewhere else in truth, because of a link on the way.
pub fn leads_out(root: &Path, path: &Path) -> bool {
    match (fs::canonicalize(root), fs::canonicalize(path)) {
        (Ok(root), Ok(path)) => !path.starts_with(root),
        // What does not exist leads nowhere.
        _ => false,
    }
}

/// Tells whether something stands at a path, be it a link to nothing.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Tells whether a path is a symbolic link, wherever it leads.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink())
}

/// Tells whether a path leads to a folder.
pub fn is_dir(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// What an entry of a folder is, no link followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    Folder,
    /// A symbolic link and its target as written.
    Link(PathBuf),
    Other,
}

/// Returns what is in a folder, by name; names that are not UTF-8 are passed over.
pub fn entries(path: &Path) -> Vec<(String, Stands)> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let entry = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let kind = entry.file_type().ok()?;
        let stands = if kind.is_symlink() {
            Stands::Link(fs::read_link(entry.path()).ok()?)
        } else if kind.is_dir() {
            Stands::Folder
        } else {
            Stands::Other
        };
        Some((name, stands))
    };
    entries.flatten().filter_map(entry).collect()
}

/// Returns a path with the links of the part that exists resolved.
pub fn real(path: &Path) -> PathBuf {
    for folder in path.ancestors() {
        if let Ok(real) = fs::canonicalize(folder) {
            return match path.strip_prefix(folder) {
                Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                _ => real,
            };
        }
    }
    path.to_owned()
}

/// Returns a path without `.` and `..`, going by its text alone.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

/// Makes a symbolic link where nothing stands.
pub fn symlink(target: &Path, at: &Path) -> io::Result<()> {
    if let Some(folder) = at.parent() {
        fs::create_dir_all(folder)?;
    }
    checkpoint::here();
    std::os::unix::fs::symlink(target, at)
}

/// Removes a symbolic link; anything else stays.
pub fn unlink(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => {
            checkpoint::here();
            fs::remove_file(path)
        }
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a file if it still holds `before`.
pub fn erase(path: &Path, before: &[u8]) -> Result<(), ReplaceError> {
    let fail = |error| ReplaceError::Io(path.to_owned(), error);
    if is_read_only(path) {
        return Err(ReplaceError::ReadOnly(path.to_owned()));
    }
    let target = follow_links(path);
    match read(&target, Most::CLIENT).map_err(|error| fail(error.into()))? {
        None => return Ok(()),
        Some(now) if now != before => return Err(ReplaceError::Stale(path.to_owned())),
        Some(_) => {
            checkpoint::here();
            fs::remove_file(&target).map_err(fail)?;
        }
    }
    sync_folder(target.parent().unwrap_or(Path::new("/")));
    Ok(())
}

/// Removes something that counts as long as it is there: it loses its name first, so that no part of it is
/// ever taken for the whole.
pub fn discard(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!("{DISCARDED}{name}"));
    remove(&aside)?;
    checkpoint::here();
    match fs::rename(path, &aside) {
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            checkpoint::here();
            remove(&aside)
        }
    }
}

/// How the name of something begins that is being removed.
const DISCARDED: &str = ".zskills-gone-";

/// Returns what is in a folder of which a killed run removed a part.
pub fn discarded_in(folder: &Path) -> Vec<PathBuf> {
    let names = entries(folder).into_iter().map(|(name, _)| name);
    names.filter(|name| name.starts_with(DISCARDED)).map(|name| folder.join(name)).collect()
}

/// Returns where the new text of a file is made ready.
pub fn staged_beside(file: &Path) -> PathBuf {
    let target = follow_links(file);
    target.parent().unwrap_or(Path::new("/")).join(staged_name(&target))
}

/// Removes a folder if it is empty.
pub fn remove_empty(folder: &Path) -> io::Result<()> {
    checkpoint::here();
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty || is_absent(&error) => {
            Ok(())
        }
        done => done,
    }
}

/// Makes a folder, and those above it, that is for its owner alone; one that is there becomes so.
pub fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
    let own = mode & 0o7700;
    if mode == own { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(own)) }
}

/// Returns the number that what stands at a path has on its file system; no rename changes it.
pub fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::symlink_metadata(path).ok().map(|meta| meta.ino())
}

/// Returns when what stands at a path was last changed.
pub fn changed(path: &Path) -> Option<std::time::SystemTime> {
    fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Tells whether two paths lie on one file system, going by the folders that exist.
pub fn share_a_disk(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| {
        path.ancestors().find_map(|folder| fs::metadata(folder).ok()).map(|meta| meta.dev())
    };
    device(a) == device(b)
}

/// Returns where a symbolic link leads, as written.
pub fn link_target(path: &Path) -> Option<PathBuf> {
    fs::read_link(path).ok()
}

/// Tells whether a path leads to something that may not be written.
pub fn is_read_only(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.permissions().readonly())
}

/// Returns the bytes in a folder and all below it, or of a file.
pub fn size(path: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}

/// Tells whether a path leads to a file that may be run.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && may_run(&meta))
}

#[cfg(unix)]
fn may_run(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn may_run(_: &fs::Metadata) -> bool {
    true
}

/// Returns the folders in a folder; none when it cannot be read.
pub fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Removes a folder or file; nothing there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_stays_a_link_and_its_target_keeps_the_mode() {
        let dir = tempfile::tempdir().unwrap();
        let (link, target) = (dir.path().join("link"), dir.path().join("dotfiles/settings.json"));
        fs::create_dir(dir.path().join("dotfiles")).unwrap();
        fs::write(&target, "a").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("dotfiles/settings.json", &link).unwrap();

        replace(&link, Some(b"a"), b"b", 0o644).unwrap();

        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"b");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_link_to_nothing_gets_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("later/file", &link).unwrap();
        replace(&link, None, b"x", 0o644).unwrap();
        assert_eq!(fs::read(dir.path().join("later/file")).unwrap(), b"x");
    }

    #[test]
    fn a_file_that_changed_since_it_was_read_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        fs::write(&file, "theirs").unwrap();
        assert!(matches!(
            replace(&file, Some(b"old"), b"ours", 0o644),
            Err(ReplaceError::Stale(_))
        ));
        assert_eq!(fs::read(&file).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_read_only_file_is_left_alone_even_for_root() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        fs::write(&file, "a").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(replace(&file, Some(b"a"), b"b", 0o644), Err(ReplaceError::ReadOnly(_))));
    }

    #[test]
    fn what_is_being_written_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = create_private(&dir.path().join("staged")).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let folder = dir.path().join("state");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        private_folder(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_new_file_gets_the_mode_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a/b/f");
        replace(&file, None, b"b", 0o600).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
