//! How each kind of request is answered: from the cache, or from outside.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::machine::archive::{self, Top};
use crate::machine::git::redact;
use crate::machine::http;
use crate::machine::npm::{NpmError, NpmFailure};
use crate::machine::store::read::{Most, read};
use crate::machine::store::tree::{self, Limits};
use crate::machine::store::{disk, hex};
use crate::model::{Commit, TreeHash};

use super::repository::{self, Asked, InCache};
use super::{Checkout, FetchError, FetchOptions, Kept, Request, Revision, cache, wellknown};

/// A catalog is a text that people maintain.
const MOST_CATALOG: u64 = 16 << 20;

/// An archive holds one plugin.
const MOST_ARCHIVE: u64 = 256 << 20;

/// Returns what the cache has for a request: what a hash proves, and without the network also what
/// may have changed since.
pub(super) fn kept(request: &Request, options: &FetchOptions<'_>) -> Result<Kept, FetchError> {
    let cache_dir = &options.cache_dir;
    match request {
        Request::Git { url, revision, subdir } => {
            let Some(commit) = exact(revision) else { return Ok(Kept::Nothing) };
            let within = subdir.as_deref().and_then(narrow);
            let asked = Asked { url, commit: &commit, within };
            Ok(match repository::find(asked, options)? {
                InCache::Whole(checkout) => Kept::Whole(checkout),
                InCache::Damaged(error) => Kept::Damaged(error.to_string()),
                InCache::Nothing => Kept::Nothing,
            })
        }
        Request::Archive { sha256, .. } => match cache::archive(cache_dir, sha256) {
            Some(root) => unpack_kept(request, &root, sha256, options),
            None => Ok(Kept::Nothing),
        },
        Request::Npm { package, version: Some(version), registry } if options.offline => {
            let root = cache::package(cache_dir, package, version, registry.as_deref());
            Ok(root.map_or(Kept::Nothing, |root| packed_kept(&root, version)))
        }
        Request::Catalog { url } if options.offline => {
            let root = cache::catalog(cache_dir, url);
            let there = root.join("marketplace.json").is_file();
            Ok(if there { Kept::Whole(Checkout::plain(root)) } else { Kept::Nothing })
        }
        Request::WellKnown { url } if options.offline => {
            let root = cache::well_known(cache_dir, url);
            Ok(if root.is_dir() { Kept::Whole(Checkout::plain(root)) } else { Kept::Nothing })
        }
        Request::Npm { .. }
        | Request::Catalog { .. }
        | Request::WellKnown { .. }
        | Request::Snapshot { .. } => Ok(Kept::Nothing),
    }
}

/// Unpacks an archive of the cache once more, if it is still the one.
fn unpack_kept(
    request: &Request,
    root: &Path,
    sha256: &str,
    options: &FetchOptions<'_>,
) -> Result<Kept, FetchError> {
    let packed = read(&root.join("packed"), Most::PACKAGE);
    match packed {
        Ok(Some(bytes)) if hex(&Sha256::digest(&bytes)).eq_ignore_ascii_case(sha256) => {
            unpacked(request, &bytes, root, options).map(Kept::Whole)
        }
        Ok(None) if !disk::exists(root) => Ok(Kept::Nothing),
        _ => {
            // What cannot be moved away is replaced by what is fetched.
            drop(cache::discard(&options.cache_dir, root));
            Ok(Kept::Damaged("its archive is not the one that was kept".to_owned()))
        }
    }
}

/// Returns a package that was kept, if it is whole. Only a lock can say more about it.
fn packed_kept(root: &Path, version: &str) -> Kept {
    let tree = root.join("tree");
    let stamp = read(&root.join("stamp"), Most::WORD).ok().flatten();
    let Some(stamp) = stamp.and_then(|stamp| String::from_utf8(stamp).ok()) else {
        return Kept::Nothing;
    };
    match tree::hash(&tree) {
        Ok(hash) if hash.as_str() == stamp.trim() => {
            Kept::Whole(Checkout { version: Some(version.to_owned()), ..Checkout::plain(tree) })
        }
        _ => Kept::Damaged("its files are not the ones that were kept".to_owned()),
    }
}

/// Returns the answer for one folder of a repository that was fetched as a whole.
pub(super) fn part(request: &Request, whole: &Checkout) -> Result<Checkout, FetchError> {
    let Request::Git { url, subdir, .. } = request else { return Ok(whole.clone()) };
    if let Some(within) = subdir.as_deref().and_then(narrow) {
        repository::has_folder(whole, url, within)?;
    }
    Ok(whole.clone())
}

/// Answers a request from outside and keeps the answer in the cache.
pub(super) fn get(request: &Request, options: &FetchOptions<'_>) -> Result<Checkout, FetchError> {
    match request {
        Request::Git { url, revision, subdir } => {
            git(url, revision, subdir.as_deref().and_then(narrow), options)
        }
        Request::Npm { package, version, registry } => {
            npm(request, package, version.as_deref(), registry.as_deref(), options)
        }
        Request::Archive { url, sha256 } => archive(request, url, sha256, options),
        Request::Catalog { url } => catalog(url, options),
        Request::WellKnown { url } => wellknown::get(url, options),
        Request::Snapshot { repo, reference, marker } => {
            snapshot(request, (repo, reference.as_deref()), marker, options)
        }
    }
}

fn git(
    url: &str,
    revision: &Revision,
    within: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    match unmoved(url, revision, within, options) {
        Some(found) => Ok(found),
        None => repository::fetch(url, revision, within, options),
    }
}

/// Asks a repository that was fetched before where it stands now, and returns what the cache has of
/// that. One small answer instead of a clone.
fn unmoved(
    url: &str,
    revision: &Revision,
    within: Option<&str>,
    options: &FetchOptions<'_>,
) -> Option<Checkout> {
    let name = match revision {
        _ if !cache::repository(&options.cache_dir, url).is_dir() => return None,
        Revision::Head => "HEAD",
        Revision::Named(name) => name,
        Revision::Commit(_) => return None,
    };
    let commit = options.git.ls_remote(url, &[name]).ok()?.pop()??;
    match repository::find(Asked { url, commit: &commit, within }, options) {
        Ok(InCache::Whole(checkout)) => Some(checkout),
        _ => None,
    }
}

fn npm(
    request: &Request,
    package: &str,
    version: Option<&str>,
    registry: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let stage = cache::stage(&options.cache_dir)?;
    let (scratch, built) = (folder(stage.path(), "scratch")?, folder(stage.path(), "entry")?);
    let tree = folder(&built, "tree")?;
    let found = options.npm.fetch(package, version, registry, &scratch, &tree)?;
    check(request, &tree)?;
    let hash = hash(request, &tree)?;
    let stamp = built.join("stamp");
    fs::write(&stamp, hash.as_str()).map_err(|source| FetchError::Io { path: stamp, source })?;
    let root = cache::package(&options.cache_dir, package, &found.version, registry)
        .ok_or_else(|| NpmError::new(package, NpmFailure::Name, ""))?;
    cache::place(&built, &root)?;
    Ok(Checkout { version: Some(found.version), ..Checkout::plain(root.join("tree")) })
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
    unpacked(request, &bytes, &root, options)
}

/// Unpacks an archive that has the right digest, and keeps it beside what came out of it.
fn unpacked(
    request: &Request,
    bytes: &[u8],
    root: &Path,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let stage = cache::stage(&options.cache_dir)?;
    let built = folder(stage.path(), "entry")?;
    let (packed, tree) = (built.join("packed"), folder(&built, "tree")?);
    fs::write(&packed, bytes).map_err(|source| FetchError::Io { path: packed, source })?;
    archive::unpack(bytes, &tree, Top::Keep, Limits::DEFAULT)
        .map_err(|error| FetchError::Archive { url: request.to_string(), error })?;
    check(request, &tree)?;
    cache::place(&built, root)?;
    Ok(Checkout::plain(root.join("tree")))
}

fn catalog(url: &str, options: &FetchOptions<'_>) -> Result<Checkout, FetchError> {
    let bytes = http::get(url, limits(options, MOST_CATALOG))?;
    let root = cache::catalog(&options.cache_dir, url);
    let io = |source| FetchError::Io { path: root.clone(), source };
    fs::create_dir_all(&root).map_err(io)?;
    let mut file = tempfile::NamedTempFile::new_in(&root).map_err(io)?;
    file.write_all(&bytes).map_err(io)?;
    file.persist(root.join("marketplace.json")).map_err(|error| io(error.error))?;
    Ok(Checkout::plain(root))
}

/// Downloads what GitHub packs of a branch; without one its default branch, however it is called.
fn snapshot(
    request: &Request,
    (repo, reference): (&str, Option<&str>),
    marker: &str,
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
    let marker = built.join(marker);
    fs::write(&marker, commit.as_str())
        .map_err(|source| FetchError::Io { path: marker, source })?;
    check(request, &built)?;
    let root = cache::snapshot(&options.cache_dir, repo, &commit);
    let hash = hash(request, &built)?;
    cache::place(&built, &root)?;
    Ok(Checkout { commit: Some(commit), tree: Some(hash), ..Checkout::plain(root) })
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

fn check(request: &Request, built: &Path) -> Result<(), FetchError> {
    let checked = tree::check(built, Limits::DEFAULT).map(drop);
    checked.map_err(|error| FetchError::Tree { what: request.to_string(), error })
}

fn hash(request: &Request, built: &Path) -> Result<TreeHash, FetchError> {
    tree::hash(built).map_err(|error| FetchError::Tree { what: request.to_string(), error })
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
