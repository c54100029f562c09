//! Unpacks zip and tar.gz archives that nobody has looked at.
//!
//! Only plain files and folders come out, always inside the target, with no more than the limits.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "unpacking writes files")]

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use crate::machine::store::tree::Limits;
use crate::model::Commit;

/// What becomes of the first folder in the paths of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    Keep,
    /// Every path loses its first component; files beside that folder are left out.
    Strip,
}

/// Unpacks an archive, zip or tar.gz by its first bytes, into a folder that exists.
pub fn unpack(bytes: &[u8], into: &Path, top: Top, limits: Limits) -> Result<(), ArchiveError> {
    if bytes.starts_with(b"PK") {
        unzip(bytes, into, top, limits)
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        untar_gz(bytes, into, top, limits)
    } else {
        Err(ArchiveError::Unknown)
    }
}

/// Unpacks a zip archive into a folder that exists.
pub fn unzip(bytes: &[u8], into: &Path, top: Top, limits: Limits) -> Result<(), ArchiveError> {
    let broken = |error: zip::result::ZipError| ArchiveError::Broken(error.to_string());
    let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).map_err(broken)?;
    let mut target = Target::new(into, top, limits, bytes.len());
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(broken)?;
        let path = inside(file.name_raw())?;
        let mode = file.unix_mode().unwrap_or(0o644);
        // The upper bits are the kind of file, where the packer wrote them at all.
        match mode & 0o170_000 {
            _ if file.is_dir() => {}
            0 | 0o100_000 => target.add(&path, mode, &mut file)?,
            _ => return Err(ArchiveError::Kind { path }),
        }
    }
    Ok(())
}

/// Unpacks a tar archive packed by gzip into a folder that exists.
pub fn untar_gz(bytes: &[u8], into: &Path, top: Top, limits: Limits) -> Result<(), ArchiveError> {
    let broken = |error: io::Error| ArchiveError::Broken(error.to_string());
    // Headers and padding count too: a long name is read into memory before it is looked at.
    let most = limits.bytes.saturating_mul(2).saturating_add(1 << 20);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes).take(most));
    let mut target = Target::new(into, top, limits, bytes.len());
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = inside(&entry.path_bytes())?;
        let mode = entry.header().mode().unwrap_or(0o644);
        match entry.header().entry_type() {
            tar::EntryType::Directory | tar::EntryType::XGlobalHeader => {}
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                target.add(&path, mode, &mut entry)?;
            }
            _ => return Err(ArchiveError::Kind { path }),
        }
    }
    Ok(())
}

/// Returns the commit that `git archive` wrote into the header of a tar.gz.
pub fn commit(bytes: &[u8]) -> Option<Commit> {
    const MOST: u64 = 4096;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut first = archive.entries().ok()?.next()?.ok()?;
    if first.header().entry_type() != tar::EntryType::XGlobalHeader {
        return None;
    }
    let mut text = String::new();
    first.by_ref().take(MOST).read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| line.split_once(" comment=")?.1.parse().ok())
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("neither a zip nor a tar.gz archive")]
    Unknown,
    #[error("the archive is damaged: {0}")]
    Broken(String),
    #[error("`{0}` in the archive is not a path inside a folder")]
    Path(String),
    #[error("`{}` in the archive is neither a file nor a folder", path.display())]
    Kind { path: PathBuf },
    #[error("`{}` is in the archive twice", path.display())]
    Twice { path: PathBuf },
    #[error("the archive holds more than {0} files")]
    TooMany(usize),
    #[error("the archive holds more than {0} bytes")]
    TooLarge(u64),
    #[error("cannot write `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl ArchiveError {
    /// Tells an archive that must not be used from one that is damaged or could not be written.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Unknown | Self::Broken(_) | Self::Io { .. })
    }
}

/// Up to this ratio of unpacked to packed bytes an archive may be what it claims to be; deflate
/// reaches about a thousand with zeros, text about ten.
const MOST_RATIO: u64 = 200;

/// Small archives may have any ratio.
const SMALL: u64 = 16 << 20;

/// Where files go, and how much may still come.
struct Target<'a> {
    into: &'a Path,
    top: Top,
    limits: Limits,
    files: usize,
    bytes: u64,
    folders: BTreeSet<PathBuf>,
}

impl<'a> Target<'a> {
    fn new(into: &'a Path, top: Top, limits: Limits, packed: usize) -> Self {
        let likely = (packed as u64).saturating_mul(MOST_RATIO).max(SMALL);
        let limits = Limits { bytes: limits.bytes.min(likely), ..limits };
        Self { into, top, limits, files: 0, bytes: 0, folders: BTreeSet::new() }
    }

    fn add(&mut self, path: &Path, mode: u32, from: &mut dyn Read) -> Result<(), ArchiveError> {
        let mut components = path.components();
        if self.top == Top::Strip {
            components.next();
        }
        let path = components.as_path();
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        self.files += 1;
        if self.files > self.limits.files {
            return Err(ArchiveError::TooMany(self.limits.files));
        }
        let left = self.limits.bytes - self.bytes;
        self.bytes += self.write(path, mode, &mut from.take(left + 1))?;
        if self.bytes > self.limits.bytes {
            return Err(ArchiveError::TooLarge(self.limits.bytes));
        }
        Ok(())
    }

    fn write(&mut self, path: &Path, mode: u32, from: &mut dyn Read) -> Result<u64, ArchiveError> {
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => ArchiveError::Twice { path: path.to_owned() },
            // What a decoder says about bad input, and what the system never says on a write.
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => ArchiveError::Broken(source.to_string()),
            _ => ArchiveError::Io { path: path.to_owned(), source },
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        if self.folders.insert(folder.to_owned()) {
            fs::create_dir_all(self.into.join(folder)).map_err(io)?;
        }
        let mode = if mode & 0o111 == 0 { 0o666 } else { 0o777 };
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(mode);
        let mut file = options.open(self.into.join(path)).map_err(io)?;
        io::copy(from, &mut file).map_err(io)
    }
}

/// Returns the path of an entry if it stays inside whatever it is joined to, on every system, and
/// does not plant a repository.
fn inside(name: &[u8]) -> Result<PathBuf, ArchiveError> {
    let refused = || ArchiveError::Path(String::from_utf8_lossy(name).escape_default().to_string());
    let text = str::from_utf8(name).map_err(|_| refused())?;
    if text.contains(['\\', ':']) || text.chars().any(char::is_control) {
        return Err(refused());
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => path.push(name),
            _ => return Err(refused()),
        }
    }
    Ok(path)
}

#[cfg(test)]
pub(crate) mod tests;
