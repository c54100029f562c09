//! Writes the files of a commit as its objects have them, and tells whether files are still those.
//!
//! Nothing is converted on the way: no line ends, no filters, no attributes.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::fs::{self, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::evidence::{Broken, DEEPEST, Listed, What};
use super::object::{Hasher, Id, Kind};
use super::objects::Objects;
use crate::machine::store::read::{Opened, open_plain};
use crate::machine::store::tree::{self, Sum};
use crate::model::TreeHash;

/// The bytes of all files together.
const MOST_BYTES: u64 = 4 << 30;
/// The longest path that a link can hold.
const MOST_LINK: u64 = 4096;

/// Writes files into an empty folder, and returns the hash of the tree that they are.
pub(in crate::machine) fn write(
    objects: &mut Objects,
    listed: &[Listed],
    root: &Path,
) -> Result<TreeHash, Broken> {
    let files = || listed.iter().filter(|listed| listed.what != What::Module);
    for file in files() {
        objects.ask(file.id);
    }
    let mut made = HashSet::new();
    let mut sum = Sum::default();
    let mut bytes = 0;
    for file in listed {
        folders(root, &file.path, &mut made)?;
        let failed = |source| Broken::Write { path: file.path.clone(), source };
        let at = root.join(&file.path);
        if file.what == What::Module {
            fs::create_dir(&at).map_err(failed)?;
            continue;
        }
        let length = objects.begin(file.id, Kind::Blob)?;
        bytes += length;
        if bytes > MOST_BYTES {
            return Err(Broken::TooMuch("4 GiB of files"));
        }
        if file.what == What::Link {
            link(objects, file, length, &at, &mut sum)?;
            continue;
        }
        let executable = file.what == What::Executable;
        let mut to = create(&at, executable).map_err(failed)?;
        // What the markers of the client hold is in the repository, but no content of a tree.
        let mut other = Sum::default();
        let sum = if tree::is_content(&file.path) { &mut sum } else { &mut other };
        let mut feed = sum.file(&file.path, executable, length);
        objects.rest(file.id, Kind::Blob, length, |part| {
            to.write_all(part).and_then(|()| feed.bytes(part)).map_err(failed)
        })?;
    }
    Ok(sum.finish())
}

fn link(
    objects: &mut Objects,
    file: &Listed,
    length: u64,
    at: &Path,
    sum: &mut Sum,
) -> Result<(), Broken> {
    if length > MOST_LINK {
        return Err(Broken::TooMuch("4096 bytes of a link"));
    }
    let mut target = Vec::new();
    objects.rest(file.id, Kind::Blob, length, |part| {
        target.extend_from_slice(part);
        Ok(())
    })?;
    let target = Path::new(std::ffi::OsStr::from_bytes(&target));
    if tree::is_content(&file.path) {
        sum.link(&file.path, target);
    }
    symlink(target, at).map_err(|source| Broken::Write { path: file.path.clone(), source })
}

/// Makes the folders that a file is in. Nothing stands there but what was made here, for no name of
/// a commit is there twice, so that no link is ever followed.
fn folders(root: &Path, file: &Path, made: &mut HashSet<PathBuf>) -> Result<(), Broken> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if made.contains(folder) {
        return Ok(());
    }
    folders(root, folder, made)?;
    match fs::create_dir(root.join(folder)) {
        Ok(()) => {
            made.insert(folder.to_owned());
            Ok(())
        }
        Err(source) => Err(Broken::Write { path: folder.to_owned(), source }),
    }
}

fn create(at: &Path, executable: bool) -> io::Result<File> {
    let mode = if executable { 0o777 } else { 0o666 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(at)
}

/// What stands where a commit has something else.
#[derive(Debug)]
pub(in crate::machine) enum Differs {
    Changed(PathBuf),
    Missing(PathBuf),
    /// The commit knows nothing of it.
    Extra(PathBuf),
    /// It cannot be told, and why not.
    Unread(PathBuf, String),
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| path.to_string_lossy().escape_debug().to_string();
        match self {
            Self::Changed(path) => write!(f, "`{}` is not what its commit says", shown(path)),
            Self::Missing(path) => write!(f, "`{}` is missing", shown(path)),
            Self::Extra(path) => write!(f, "its commit has no `{}`", shown(path)),
            Self::Unread(path, why) => write!(f, "`{}` cannot be read: {why}", shown(path)),
        }
    }
}

/// Files that are those of a commit.
pub(in crate::machine) struct Verified {
    pub hash: TreeHash,
    /// What the disk says about each, in the order of the listing; nothing for other repositories.
    pub stats: Vec<Option<Metadata>>,
}

/// Reads every file below a folder once, and tells whether they are those of a commit, all of
/// them and no others.
///
/// With a time, in seconds since 1970, every file gets it as that of its last change.
pub(in crate::machine) fn verify(
    listed: &[Listed],
    root: &Path,
    time: Option<u64>,
) -> Result<Verified, Differs> {
    let time = time.and_then(|time| UNIX_EPOCH.checked_add(Duration::from_secs(time)));
    no_others(listed, root)?;
    let mut sum = Sum::default();
    let mut stats = Vec::with_capacity(listed.len());
    for file in listed {
        let differs = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Differs::Missing(file.path.clone())
            }
            _ => Differs::Unread(file.path.clone(), error.to_string()),
        };
        let mut other = Sum::default();
        let sum = if tree::is_content(&file.path) { &mut sum } else { &mut other };
        let found = match file.what {
            What::Module => None,
            What::Link => Some(same_link(file, root, sum).map_err(differs)?),
            What::File | What::Executable => {
                Some(same_file(file, root, time, sum).map_err(differs)?)
            }
        };
        let is_same = found.as_ref().is_none_or(|found| found.1);
        if !is_same {
            return Err(Differs::Changed(file.path.clone()));
        }
        stats.push(found.map(|found| found.0));
    }
    Ok(Verified { hash: sum.finish(), stats })
}

fn same_link(file: &Listed, root: &Path, sum: &mut Sum) -> io::Result<(Metadata, bool)> {
    let at = root.join(&file.path);
    let metadata = fs::symlink_metadata(&at)?;
    if !metadata.is_symlink() {
        return Ok((metadata, false));
    }
    let target = fs::read_link(at)?;
    sum.link(&file.path, &target);
    let id = Id::hash(file.id.format(), Kind::Blob, target.as_os_str().as_bytes());
    Ok((metadata, id == file.id))
}

fn same_file(
    file: &Listed,
    root: &Path,
    time: Option<SystemTime>,
    sum: &mut Sum,
) -> io::Result<(Metadata, bool)> {
    let Opened { file: mut from, mut metadata } = open_plain(&root.join(&file.path))?;
    if let Some(time) = time {
        // git reads a file again that is not older than its index, and converts it as configured.
        from.set_times(FileTimes::new().set_modified(time))?;
        metadata = from.metadata()?;
    }
    let executable = metadata.mode() & 0o111 != 0;
    let mut hasher = Hasher::new(file.id.format(), Kind::Blob, metadata.len());
    let mut feed = sum.file(&file.path, executable, metadata.len());
    let mut buffer = [0; 16 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&buffer[..length]);
                feed.bytes(&buffer[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    feed.end()?;
    let same = executable == (file.what == What::Executable) && hasher.finish() == file.id;
    Ok((metadata, same))
}

/// Checks that nothing stands below a folder that a commit does not know.
fn no_others(listed: &[Listed], root: &Path) -> Result<(), Differs> {
    let known: BTreeSet<&Path> = listed.iter().map(|listed| listed.path.as_path()).collect();
    let unread = |error: tree::TreeError| Differs::Unread(PathBuf::new(), error.to_string());
    let found = tree::paths(root, DEEPEST).map_err(unread)?;
    match found.into_iter().find(|path| !known.contains(path.as_path())) {
        Some(path) => Err(Differs::Extra(path)),
        None => Ok(()),
    }
}
