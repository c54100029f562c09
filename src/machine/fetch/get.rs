//! How each kind of request is answered: from the cache, or from outside.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::machine::archive::{self, Top};
use crate::machine::git::redact;
use crate::machine::http;
use crate::machine::store::hex;
use crate::machine::store::tree::{self, Limits};
use crate::model::Commit;

use super::{Checkout, FetchError, FetchOptions, Request, Revision, cache, wellknown};

/// A catalog is a text that people maintain.
const MOST_CATALOG: u64 = 16 << 20;

/// What the client writes into a marketplace that it unpacked from an archive.
const SNAPSHOT_MARKER: &str = ".gcs-sha";

/// An archive holds one plugin.
const MOST_ARCHIVE: u64 = 256 << 20;

/// Returns what the cache has for a request that can mean only one thing.
pub(super) fn cached(
    request: &Request,
    options: &FetchOptions<'_>,
) -> Option<Result<Checkout, FetchError>> {
    let cache_dir = &options.cache_dir;
    match request {
        Request::Git { url, revision, subdir } => {
            let commit = exact(revision)?;
            let subdir = subdir.as_deref().and_then(narrow);
            let repository = cache::repository(cache_dir, url);
            let root = find(&repository, &commit, subdir)?;
            let found = fill(&root, options).and_then(|()| has_folder(request, &root, subdir));
            Some(found.map(|()| clone(root, commit)))
        }
        Request::Npm { package, version, registry } => {
            let version = version.as_deref()?;
            let root = cache::package(cache_dir, package, version, registry.as_deref())?;
            root.is_dir().then(|| Ok(packed(root, version.to_owned())))
        }
        Request::Archive { sha256, .. } => {
            let root = cache::archive(cache_dir, sha256)?;
            root.is_dir().then(|| Ok(plain(root)))
        }
        Request::Catalog { .. } | Request::WellKnown { .. } | Request::Snapshot { .. } => None,
    }
}

/// Returns the answer for one folder of a repository that was cloned as a whole.
pub(super) fn part(request: &Request, whole: &Checkout) -> Result<Checkout, FetchError> {
    let Request::Git { subdir, .. } = request else { return Ok(whole.clone()) };
    has_folder(request, &whole.root, subdir.as_deref().and_then(narrow))?;
    Ok(whole.clone())
}

/// Returns what the cache has for a request whose answer may have changed since.
pub(super) fn stale(request: &Request, cache_dir: &Path) -> Option<Checkout> {
    match request {
        Request::Catalog { url } => {
            let root = cache::catalog(cache_dir, url);
            root.join("marketplace.json").is_file().then(|| plain(root))
        }
        Request::WellKnown { url } => {
            let root = cache::well_known(cache_dir, url);
            root.is_dir().then(|| plain(root))
        }
        Request::Git { .. }
        | Request::Npm { .. }
        | Request::Archive { .. }
        | Request::Snapshot { .. } => None,
    }
}

/// Answers a request from outside and keeps the answer in the cache.
pub(super) fn get(request: &Request, options: &FetchOptions<'_>) -> Result<Checkout, FetchError> {
    match request {
        Request::Git { url, revision, subdir } => {
            let subdir = subdir.as_deref().and_then(narrow);
            git(request, url, revision, subdir, options)
        }
        Request::Npm { package, version, registry } => {
            npm(request, package, version.as_deref(), registry.as_deref(), options)
        }
        Request::Archive { url, sha256 } => archive(request, url, sha256, options),
        Request::Catalog { url } => catalog(url, options),
        Request::WellKnown { url } => wellknown::get(url, options),
        Request::Snapshot { repo, reference } => {
            snapshot(request, repo, reference.as_deref(), options)
        }
    }
}

fn git(
    request: &Request,
    url: &str,
    revision: &Revision,
    subdir: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    if let Some(found) = unmoved(url, revision, subdir, options) {
        return Ok(found);
    }
    let stage = cache::stage(&options.cache_dir)?;
    let built = stage.path().join("clone");
    let reference = match revision {
        Revision::Head => None,
        Revision::Named(name) => Some(name.as_str()),
        Revision::Commit(commit) => Some(commit.as_str()),
    };
    let commit = options.git.shallow_clone(url, reference, &built, subdir)?;
    has_folder(request, &built, subdir)?;
    let repository = cache::repository(&options.cache_dir, url);
    let root = repository.join(cache::clone_name(&commit, subdir));
    cache::place(&built, &root, |found| {
        tree::head(found).as_ref() == Some(&commit) && has_files(found)
    })?;
    Ok(clone(root, commit))
}

/// Asks a repository that was fetched before where it stands now, and returns what the cache has of
/// that. One small answer instead of a clone.
fn unmoved(
    url: &str,
    revision: &Revision,
    subdir: Option<&str>,
    options: &FetchOptions<'_>,
) -> Option<Checkout> {
    let repository = cache::repository(&options.cache_dir, url);
    let name = match revision {
        _ if !repository.is_dir() => return None,
        Revision::Head => "HEAD",
        Revision::Named(name) => name,
        Revision::Commit(_) => return None,
    };
    let commit = options.git.ls_remote(url, &[name]).ok()?.pop()??;
    let root = find(&repository, &commit, subdir)?;
    fill(&root, options).ok()?;
    let folder_is_there = subdir.is_none_or(|subdir| is_folder(&root, subdir));
    folder_is_there.then(|| clone(root, commit))
}

fn npm(
    request: &Request,
    package: &str,
    version: Option<&str>,
    registry: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let stage = cache::stage(&options.cache_dir)?;
    let (scratch, built) = (folder(stage.path(), "scratch")?, folder(stage.path(), "package")?);
    let found = options.npm.fetch(package, version, registry, &scratch, &built)?;
    check(request, &built)?;
    let root = cache::package(&options.cache_dir, package, &found.version, registry)
        .unwrap_or_else(|| unreachable!("npm.rs checks the package and the version"));
    cache::place(&built, &root, Path::is_dir)?;
    Ok(packed(root, found.version))
}

fn archive(
    request: &Request,
    url: &str,
    sha256: &str,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let bytes = http::get(url, limits(options, MOST_ARCHIVE))?;
    let found = hex(&Sha256::digest(&bytes));
    let place = cache::archive(&options.cache_dir, &found);
    let Some(root) = place.filter(|_| found.eq_ignore_ascii_case(sha256)) else {
        let (url, expected) = (redact(url), redact(sha256));
        return Err(FetchError::Digest { url, expected, found });
    };
    let stage = cache::stage(&options.cache_dir)?;
    let built = folder(stage.path(), "archive")?;
    archive::unpack(&bytes, &built, Top::Keep, Limits::DEFAULT)
        .map_err(|error| FetchError::Archive { url: redact(url), error })?;
    check(request, &built)?;
    cache::place(&built, &root, Path::is_dir)?;
    Ok(plain(root))
}

fn catalog(url: &str, options: &FetchOptions<'_>) -> Result<Checkout, FetchError> {
    let bytes = http::get(url, limits(options, MOST_CATALOG))?;
    let root = cache::catalog(&options.cache_dir, url);
    let io = |source| FetchError::Io { path: root.clone(), source };
    fs::create_dir_all(&root).map_err(io)?;
    let mut file = tempfile::NamedTempFile::new_in(&root).map_err(io)?;
    file.write_all(&bytes).map_err(io)?;
    file.persist(root.join("marketplace.json")).map_err(|error| io(error.error))?;
    Ok(plain(root))
}

/// Downloads what GitHub packs of a branch; without one its default branch, however it is called.
fn snapshot(
    request: &Request,
    repo: &str,
    reference: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let names = reference.map_or(vec!["HEAD", "main", "master"], |name| vec![name]);
    let url = |name: &str| format!("{}/{repo}/archive/{name}.tar.gz", options.github);
    let mut answers = names.iter().map(|name| {
        let url = url(name);
        http::get(&url, limits(options, MOST_ARCHIVE)).map(|bytes| (url, bytes))
    });
    let absent = |answer: &Result<_, http::HttpError>| matches!(answer, Err(e) if e.is_absent());
    let last = names.len() - 1;
    let answer = answers.by_ref().enumerate().find(|(n, answer)| *n == last || !absent(answer));
    let (url, bytes) = answer.map(|(_, answer)| answer).expect("at least one name is asked for")?;
    let stage = cache::stage(&options.cache_dir)?;
    let built = folder(stage.path(), "snapshot")?;
    archive::unpack(&bytes, &built, Top::Strip, Limits::DEFAULT)
        .map_err(|error| FetchError::Archive { url: redact(&url), error })?;
    let commit =
        archive::commit(&bytes).ok_or_else(|| FetchError::Unsigned { url: redact(&url) })?;
    let marker = built.join(SNAPSHOT_MARKER);
    fs::write(&marker, commit.as_str())
        .map_err(|source| FetchError::Io { path: marker, source })?;
    check(request, &built)?;
    let root = cache::snapshot(&options.cache_dir, repo, &commit);
    cache::place(&built, &root, |found| found.join(SNAPSHOT_MARKER).is_file())?;
    Ok(clone(root, commit))
}

/// Returns the commit that a revision is, if it says so itself.
fn exact(revision: &Revision) -> Option<Commit> {
    match revision {
        Revision::Head => None,
        Revision::Named(name) => name.parse().ok(),
        Revision::Commit(commit) => Some(commit.clone()),
    }
}

/// Returns a folder as git names it; the root of a repository is no folder in it.
fn narrow(subdir: &str) -> Option<&str> {
    let subdir = subdir.trim_start_matches("./").trim_end_matches('/');
    (!subdir.is_empty() && subdir != ".").then_some(subdir)
}

/// Returns the clone of a commit: one of that folder alone, or a whole one.
fn find(repository: &Path, commit: &Commit, subdir: Option<&str>) -> Option<PathBuf> {
    let whole = repository.join(cache::clone_name(commit, None));
    let sparse = subdir.map(|subdir| repository.join(cache::clone_name(commit, Some(subdir))));
    let mut places = sparse.into_iter().chain([whole]);
    places.find(|root| tree::head(root).as_ref() == Some(commit))
}

/// Makes the files of a clone anew of which only the `.git` is left.
fn fill(root: &Path, options: &FetchOptions<'_>) -> Result<(), FetchError> {
    if has_files(root) { Ok(()) } else { Ok(options.git.restore(root)?) }
}

/// Tells whether a clone has more than its `.git`: placing one leaves only that in the cache.
fn has_files(root: &Path) -> bool {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() != ".git")
}

fn has_folder(request: &Request, root: &Path, subdir: Option<&str>) -> Result<(), FetchError> {
    let Some(subdir) = subdir.filter(|subdir| !is_folder(root, subdir)) else { return Ok(()) };
    Err(FetchError::NoFolder { what: request.to_string(), subdir: redact(subdir) })
}

/// Tells whether a path in a clone is a folder there, and not one that a link leads to.
fn is_folder(root: &Path, subdir: &str) -> bool {
    let mut at = root.to_owned();
    Path::new(subdir).components().all(|component| {
        at.push(component);
        let inside = matches!(component, std::path::Component::Normal(name) if name != ".git");
        inside && fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_dir())
    })
}

fn check(request: &Request, built: &Path) -> Result<(), FetchError> {
    let checked = tree::check(built, Limits::DEFAULT).map(drop);
    checked.map_err(|error| FetchError::Tree { what: request.to_string(), error })
}

pub(super) fn folder(stage: &Path, name: &str) -> Result<PathBuf, FetchError> {
    let path = stage.join(name);
    match fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(FetchError::Io { path, source }),
    }
}

pub(super) fn limits(options: &FetchOptions<'_>, bytes: u64) -> http::Limits {
    http::Limits { bytes, timeout: options.timeout, plain: options.plain }
}

fn clone(root: PathBuf, commit: Commit) -> Checkout {
    Checkout { root, commit: Some(commit), version: None, notes: Vec::new() }
}

fn packed(root: PathBuf, version: String) -> Checkout {
    Checkout { root, commit: None, version: Some(version), notes: Vec::new() }
}

pub(super) fn plain(root: PathBuf) -> Checkout {
    Checkout { root, commit: None, version: None, notes: Vec::new() }
}
