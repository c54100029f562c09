//! Where things are in the cache, and how they get there.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::machine::git::{digest, folder, name};
use crate::machine::store::place::exchange;
use crate::machine::{checkpoint, interrupt};
use crate::model::Commit;

use super::FetchError;

/// Returns where a commit of a repository is, or one folder of it.
pub(super) fn entry(cache_dir: &Path, url: &str, commit: &Commit, within: Option<&str>) -> PathBuf {
    repository(cache_dir, url).join(name(commit, within))
}

/// Returns where the commits of a repository are.
pub(super) fn repository(cache_dir: &Path, url: &str) -> PathBuf {
    cache_dir.join("repositories").join(folder(url))
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
    cache_dir.join("snapshots").join(folder(repo)).join(commit.as_str())
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
        .inspect(|made| interrupt::staged(made.path()))
        .map_err(|source| FetchError::Io { path: staging.clone(), source })
}

/// Moves a finished folder to its place, and what is there out of it: that was kept, and nothing is
/// known of it, while this was made a moment ago. Whatever is there stays until this is.
pub(super) fn place(built: &Path, to: &Path) -> Result<(), FetchError> {
    let io = |source| FetchError::Io { path: to.to_owned(), source };
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(io)?;
    }
    checkpoint::here();
    match fs::rename(built, to) {
        Err(error) if is_taken(&error) => {
            if exchange(built, to).is_err() {
                let mut aside = built.as_os_str().to_owned();
                aside.push(".old");
                fs::rename(to, aside).and_then(|()| fs::rename(built, to)).map_err(io)?;
            }
            Ok(())
        }
        result => result.map_err(io),
    }
}

/// Takes something out of the cache, at once or not at all.
pub(super) fn discard(cache_dir: &Path, what: &Path) -> Result<(), FetchError> {
    let stage = stage(cache_dir)?;
    fs::rename(what, stage.path().join("old"))
        .map_err(|source| FetchError::Io { path: what.to_owned(), source })
}

fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory)
}

/// Removes what runs that were killed have left in `staging/` more than a day ago, and what older
/// versions kept: clones, which had to be believed.
pub(super) fn sweep(cache_dir: &Path) {
    // What cannot be removed only takes space; the next run tries again.
    let _ = fs::remove_dir_all(cache_dir.join("git"));
    let Ok(entries) = fs::read_dir(cache_dir.join("staging")) else { return };
    for entry in entries.flatten() {
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
        if age.is_some_and(|age| age > Duration::from_secs(24 * 60 * 60)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
