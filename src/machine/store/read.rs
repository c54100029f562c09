//! The one way in which files are opened and read: regular files only, never waiting for anybody,
//! never more than a limit that goes by what the file is.
//!
//! A cloned repository can put a pipe, a terminal or a link to `/dev/zero` where a text belongs.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::disk::is_absent;

/// The most bytes that a file may have, by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most(u64);

impl Most {
    /// One word or line: a commit, a branch.
    pub const WORD: Self = Self(64 << 10);
    /// What somebody wrote by hand: a plugin's manifest, its hooks and servers, a document.
    pub const TEXT: Self = Self(4 << 20);
    /// What lists what many people wrote.
    pub const CATALOG: Self = Self(16 << 20);
    /// What a client writes, with the history of all projects in it.
    pub const CLIENT: Self = Self(64 << 20);
    /// What we write: lock, ledger, memory of what was read.
    pub const OWN: Self = Self(64 << 20);
    /// What git writes beside its objects.
    pub const GIT: Self = Self(64 << 20);
    /// The folders of a commit.
    pub const EVIDENCE: Self = Self(96 << 20);
    /// A packed package.
    pub const PACKAGE: Self = Self(256 << 20);

    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Why a file was not read. The caller knows its path.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("it is {0}, not a regular file")]
    Special(&'static str),
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    #[error("a link on the way leads out of `{}`", .0.display())]
    Out(std::path::PathBuf),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ReadError {
    /// Tells a file that must not be used as it is from one that could not be read this time.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Io(_))
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error,
            refusal => Self::other(refusal),
        }
    }
}

/// Reads a file through links; a missing file, or a link to nothing, is `None`.
pub fn read(path: &Path, most: Most) -> Result<Option<Vec<u8>>, ReadError> {
    whole(open(path), most)
}

/// Reads a file below a folder. Links are followed as long as they stay in that folder.
pub fn read_below(root: &Path, path: &Path, most: Most) -> Result<Option<Vec<u8>>, ReadError> {
    whole(open_below(root, path), most)
}

/// Opens a regular file through links.
pub(in crate::machine) fn open(path: &Path) -> Result<Opened, ReadError> {
    opened(options(OFlags::empty()).open(path)?)
}

/// Opens a regular file; a link is an error.
pub(in crate::machine) fn open_plain(path: &Path) -> Result<Opened, ReadError> {
    opened(options(OFlags::NOFOLLOW).open(path)?)
}

/// Opens a folder, which can then be brought to the disk.
pub(super) fn open_folder(path: &Path) -> io::Result<File> {
    options(OFlags::DIRECTORY).open(path)
}

/// An open file that is a regular one, with what is known of it.
pub(in crate::machine) struct Opened {
    pub file: File,
    pub metadata: Metadata,
}

fn whole(
    opened: Result<Opened, ReadError>,
    Most(most): Most,
) -> Result<Option<Vec<u8>>, ReadError> {
    let Opened { file, metadata } = match opened {
        Ok(opened) => opened,
        Err(ReadError::Io(error)) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if metadata.len() > most {
        return Err(ReadError::TooLarge(most));
    }
    // A file can grow while it is read, and in `/proc` each says that it is empty.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(ReadError::TooLarge(most));
    }
    Ok(Some(bytes))
}

/// Options that open whatever it is without waiting for it or being tied to it.
fn options(more: OFlags) -> OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | more;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

fn opened(file: File) -> Result<Opened, ReadError> {
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(Opened { file, metadata });
    }
    Err(ReadError::Special(if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }))
}

#[cfg(target_os = "linux")]
fn open_below(root: &Path, path: &Path) -> Result<Opened, ReadError> {
    use rustix::fs::{CWD, Mode, ResolveFlags, openat, openat2};
    use rustix::io::Errno;
    let folder =
        openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(io::Error::from)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match openat2(&folder, path, flags, Mode::empty(), inside) {
        Ok(file) => opened(File::from(file)),
        Err(Errno::XDEV) => Err(ReadError::Out(root.to_owned())),
        // An old kernel, or a sandbox that does not know the call.
        Err(Errno::NOSYS | Errno::PERM) => open_after_look(root, path),
        Err(error) => Err(io::Error::from(error).into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_below(root: &Path, path: &Path) -> Result<Opened, ReadError> {
    open_after_look(root, path)
}

fn open_after_look(root: &Path, path: &Path) -> Result<Opened, ReadError> {
    let full = std::fs::canonicalize(root.join(path))?;
    if !full.starts_with(std::fs::canonicalize(root)?) {
        return Err(ReadError::Out(root.to_owned()));
    }
    open(&full)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use tempfile::TempDir;

    use super::*;

    /// A folder with everything in it that must not be read.
    fn traps() -> TempDir {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("folder")).unwrap();
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        drop(std::os::unix::net::UnixListener::bind(path("socket")).unwrap());
        for (name, target) in [
            ("zero", "/dev/zero"),
            ("terminal", "/dev/tty"),
            ("null", "/dev/null"),
            ("to-pipe", "pipe"),
            ("loop", "loop"),
        ] {
            symlink(target, path(name)).unwrap();
        }
        fs::write(path("text"), "hello").unwrap();
        File::create(path("huge")).unwrap().set_len(1 << 40).unwrap();
        symlink("text", path("to-text")).unwrap();
        symlink("nothing", path("to-nothing")).unwrap();
        folder
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = traps();
        let start = Instant::now();
        for name in ["folder", "pipe", "to-pipe", "zero", "null"] {
            let error = read(&folder.path().join(name), Most::TEXT).unwrap_err();
            assert!(matches!(error, ReadError::Special(_)), "{name}: {error:?}");
            let error = read_below(folder.path(), Path::new(name), Most::TEXT).unwrap_err();
            assert!(error.is_refusal(), "{name}: {error:?}");
        }
        // A socket cannot be opened, and without a terminal neither can that; both are errors.
        for name in ["socket", "terminal", "loop"] {
            assert!(read(&folder.path().join(name), Most::TEXT).is_err(), "{name}");
        }
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn more_than_the_limit_is_refused_before_it_is_read() {
        let folder = traps();
        let path = |name: &str| folder.path().join(name);
        let check = |name: &str, most: u64, expected: Option<u64>| {
            let found = read(&path(name), Most(most));
            match (expected, found) {
                (None, found) => assert_eq!(found.unwrap().unwrap(), b"hello"),
                (Some(limit), Err(ReadError::TooLarge(most))) => assert_eq!(most, limit),
                (Some(_), found) => panic!("{name}: {found:?}"),
            }
        };
        check("text", 5, None);
        check("text", 4, Some(4));
        check("huge", 4 << 20, Some(4 << 20));
        // It says that it has no bytes.
        assert!(matches!(read(Path::new("/proc/self/maps"), Most(9)), Err(ReadError::TooLarge(9))));
    }

    #[test]
    fn absence_is_nothing_and_every_other_failure_is_an_error() {
        let folder = traps();
        for name in ["gone", "gone/deeper", "text/below", "to-nothing"] {
            assert!(read(&folder.path().join(name), Most::TEXT).unwrap().is_none(), "{name}");
            let below = read_below(folder.path(), Path::new(name), Most::TEXT);
            assert!(below.unwrap().is_none(), "{name}");
        }
        let long = "x".repeat(300);
        assert!(matches!(read(&folder.path().join(long), Most::TEXT), Err(ReadError::Io(_))));
    }

    #[test]
    fn a_link_is_followed_below_a_folder_only_while_it_stays_there() {
        let folder = traps();
        let inside = folder.path().join("folder");
        fs::write(inside.join("text"), "inside").unwrap();
        for (name, target) in [
            ("out", "../text"),
            ("far", "/etc/hostname"),
            ("magic", "/proc/self/exe"),
            ("self", "."),
            ("near", "self/text"),
        ] {
            symlink(target, inside.join(name)).unwrap();
        }
        let below = |path: &str| read_below(&inside, Path::new(path), Most::TEXT);
        assert_eq!(below("near").unwrap().unwrap(), b"inside");
        for path in ["out", "far", "magic", "../text", "self/../../text"] {
            assert!(matches!(below(path), Err(ReadError::Out(_))), "{path}: {:?}", below(path));
        }
        let looked = |path: &str| open_after_look(&inside, Path::new(path));
        assert!(looked("near").is_ok());
        for path in ["out", "far", "../text"] {
            assert!(matches!(looked(path), Err(ReadError::Out(_))), "{path}");
        }
    }

    #[test]
    fn a_plain_file_is_not_behind_a_link() {
        let folder = traps();
        assert!(open_plain(&folder.path().join("text")).is_ok());
        assert!(matches!(open_plain(&folder.path().join("to-text")), Err(ReadError::Io(_))));
    }
}
