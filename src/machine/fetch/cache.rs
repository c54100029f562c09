//! Where things are in the cache, and how they get there.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::machine::store::hex;
use crate::model::Commit;

use super::FetchError;

/// Returns where the clones of a repository are.
pub(super) fn repository(cache_dir: &Path, url: &str) -> PathBuf {
    let name = url.trim_end_matches('/').trim_end_matches(".git");
    let name = name.rsplit(['/', ':']).next().unwrap_or_default();
    // The name only helps people; what follows it tells repositories apart.
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
    let name = name.chars().take(40).map(plain).collect::<String>();
    cache_dir.join("git").join(format!("{name}-{}", digest(url, 8)))
}

/// Returns the name of a clone in its repository's folder.
pub(super) fn clone_name(commit: &Commit, subdir: Option<&str>) -> String {
    match subdir {
        Some(subdir) => format!("{commit}-{}", digest(subdir, 4)),
        None => commit.to_string(),
    }
}

/// Returns where a version of a package is, or nothing for names that are no folders.
pub(super) fn package(
    cache_dir: &Path,
    package: &str,
    version: &str,
    registry: Option<&str>,
) -> Option<PathBuf> {
    let version = semver::Version::parse(version).ok()?.to_string();
    let leaf = match registry {
        Some(registry) => format!("{version}-{}", digest(registry, 4)),
        None => version,
    };
    let plain = Path::new(package).components().all(|c| matches!(c, Component::Normal(_)));
    (plain && !package.is_empty()).then(|| cache_dir.join("npm").join(package).join(leaf))
}

/// Returns where an unpacked archive is, or nothing if the digest is none.
pub(super) fn archive(cache_dir: &Path, sha256: &str) -> Option<PathBuf> {
    let hex = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| cache_dir.join("archive").join(sha256.to_ascii_lowercase()))
}

/// Returns where the files of a commit are that GitHub packed.
pub(super) fn snapshot(cache_dir: &Path, repo: &str, commit: &Commit) -> PathBuf {
    let repository = repository(cache_dir, repo);
    cache_dir
        .join("snapshots")
        .join(repository.file_name().unwrap_or_default())
        .join(commit.as_str())
}

/// Returns the folder of a catalog.
pub(super) fn catalog(cache_dir: &Path, url: &str) -> PathBuf {
    cache_dir.join("catalogs").join(digest(url, 32))
}

/// Returns the folder of what a host publishes.
pub(super) fn well_known(cache_dir: &Path, url: &str) -> PathBuf {
    cache_dir.join("well-known").join(digest(url, 16))
}

/// Makes a folder in which something can be built, on the same file system as its final place.
/// It is gone when the value is dropped.
pub(super) fn stage(cache_dir: &Path) -> Result<TempDir, FetchError> {
    let staging = cache_dir.join("staging");
    fs::create_dir_all(&staging)
        .and_then(|()| tempfile::Builder::new().prefix("").tempdir_in(&staging))
        .map_err(|source| FetchError::Io { path: staging.clone(), source })
}

/// Moves a finished folder to its place.
///
/// Whatever is there was either built at the same moment by another run, which is as good, or is
/// damaged (`is_good` says which): then it makes room.
pub(super) fn place(
    built: &Path,
    to: &Path,
    is_good: impl Fn(&Path) -> bool,
) -> Result<(), FetchError> {
    let io = |source| FetchError::Io { path: to.to_owned(), source };
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(io)?;
    }
    match fs::rename(built, to) {
        Err(error) if is_taken(&error) && is_good(to) => Ok(()),
        Err(error) if is_taken(&error) => {
            let mut aside = built.as_os_str().to_owned();
            aside.push(".damaged");
            fs::rename(to, aside).and_then(|()| fs::rename(built, to)).map_err(io)
        }
        result => result.map_err(io),
    }
}

fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory)
}

/// Removes what runs that were killed have left in `staging/` more than a day ago.
pub(super) fn sweep(cache_dir: &Path) {
    let Ok(entries) = fs::read_dir(cache_dir.join("staging")) else { return };
    for entry in entries.flatten() {
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
        if age.is_some_and(|age| age > Duration::from_secs(24 * 60 * 60)) {
            // What cannot be removed only takes space; the next run tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn digest(text: &str, bytes: usize) -> String {
    hex(&Sha256::digest(text)[..bytes])
}
