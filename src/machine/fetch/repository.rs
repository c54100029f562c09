//! Commits of repositories: fetched once, kept, and proven each time they are used.

use std::fs;
use std::path::Path;

use super::{Checkout, FetchError, FetchOptions, cache};
use crate::machine::git::{self, Broken, Fetched, Id, Kept, Listed, Objects, What};
use crate::model::{Commit, Revision, TreeHash};

/// What was asked for: a repository, a commit of it, and the one folder that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub url: &'a str,
    pub commit: &'a Commit,
    pub within: Option<&'a str>,
}

/// What the cache has.
#[derive(Debug)]
pub(super) enum InCache {
    Whole(Checkout),
    /// Nothing that can be used, and why what was there cannot.
    Damaged(Broken),
    Nothing,
}

impl Asked<'_> {
    fn broken(&self, error: Broken) -> FetchError {
        let what = format!("{} at {}", git::redact(self.url), self.commit.short());
        match (error, self.within) {
            (Broken::NoFolder(_), Some(within)) => {
                FetchError::NoFolder { what, subdir: git::redact(within) }
            }
            (error, _) => FetchError::Broken { what, error },
        }
    }
}

/// Returns what the cache has of a commit: of its folder alone, or of all of it. What is there and
/// is not what the commit says is made anew, or thrown away.
pub(super) fn find(asked: Asked<'_>, options: &FetchOptions<'_>) -> Result<InCache, FetchError> {
    let mut found = InCache::Nothing;
    // The folder alone first: it is smaller.
    for within in asked.within.map(Some).into_iter().chain([None]) {
        let root = cache::entry(&options.cache_dir, asked.url, asked.commit, within);
        if !Kept::is_at(&root) {
            continue;
        }
        match open(&root, asked, within, options) {
            Ok(checkout) => return Ok(InCache::Whole(checkout)),
            Err(FetchError::Broken { error, .. }) if error.is_damage() => {
                found = InCache::Damaged(error);
                // What cannot be moved away is replaced by what is fetched.
                drop(cache::discard(&options.cache_dir, &root));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Opens an entry of the cache, with files that are those of the commit.
fn open(
    root: &Path,
    asked: Asked<'_>,
    within: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let broken = |error| asked.broken(error);
    let kept = Kept::open(root).map_err(broken)?;
    kept.list(asked.within).map_err(broken)?;
    let listed = kept.list(within).map_err(broken)?;
    let hash = match git::verify(&listed, &kept.tree(), None) {
        Ok(verified) => verified.hash,
        Err(_) => write_anew(&kept, &listed, asked, options)?,
    };
    Ok(checkout(&kept, hash))
}

/// Writes the files of an entry once more, from its objects.
fn write_anew(
    kept: &Kept,
    listed: &[Listed],
    asked: Asked<'_>,
    options: &FetchOptions<'_>,
) -> Result<TreeHash, FetchError> {
    let stage = cache::stage(&options.cache_dir)?;
    let anew = stage.path().join("tree");
    fs::create_dir(&anew).map_err(|source| FetchError::Io { path: anew.clone(), source })?;
    let scratch = stage.path().join("scratch");
    let id = Id::of(&kept.commit);
    let objects = Objects::open(&options.git, &kept.objects(), id, &scratch);
    let hash = objects.and_then(|mut objects| git::write(&mut objects, listed, &anew));
    let hash = hash.map_err(|error| asked.broken(error))?;
    cache::place(&anew, &kept.tree())?;
    Ok(hash)
}

/// Fetches a repository and keeps it, whatever the cache has.
pub(super) fn fetch(
    url: &str,
    revision: &Revision,
    within: Option<&str>,
    options: &FetchOptions<'_>,
) -> Result<Checkout, FetchError> {
    let stage = cache::stage(&options.cache_dir)?;
    let (built, scratch) = (stage.path().join("entry"), stage.path().join("scratch"));
    let tree = built.join("tree");
    let io = |source| FetchError::Io { path: built.clone(), source };
    let fetched = options.git.fetch(url, revision, within.is_some(), stage.path())?;
    let asked = Asked { url, commit: &fetched.commit, within };
    let broken = |error| asked.broken(error);
    let id = Id::of(&fetched.commit);
    let mut objects =
        Objects::open(&options.git, &fetched.objects, id, &scratch).map_err(broken)?;
    let evidence = objects.evidence(&fetched.commit, within).map_err(broken)?;
    let listed = evidence.list(&fetched.commit, within).map_err(broken)?;
    if is_narrow(&fetched) {
        options.git.fetch_more(url, &fetched, &contents(&listed))?;
    }
    fs::create_dir_all(&tree).map_err(io)?;
    let hash = git::write(&mut objects, &listed, &tree).map_err(broken)?;
    drop(objects);
    Kept::write(&built, url, &fetched, &evidence).map_err(io)?;
    let root = cache::entry(&options.cache_dir, url, &fetched.commit, within);
    cache::place(&built, &root)?;
    Ok(checkout(&Kept::open(&root).map_err(broken)?, hash))
}

/// Returns the contents that files have, each once.
fn contents(listed: &[Listed]) -> Vec<Id> {
    let files = listed.iter().filter(|listed| listed.what != What::Module);
    let mut ids: Vec<Id> = files.map(|file| file.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Tells whether the server left contents out; not every server can.
fn is_narrow(fetched: &Fetched) -> bool {
    let packs = fs::read_dir(fetched.objects.join("pack")).into_iter().flatten().flatten();
    packs.into_iter().any(|file| file.path().extension().is_some_and(|end| end == "promisor"))
}

/// Checks that a checkout of a whole commit has a folder.
pub(super) fn has_folder(checkout: &Checkout, url: &str, within: &str) -> Result<(), FetchError> {
    let (Some(commit), Some(root)) = (&checkout.commit, checkout.root.parent()) else {
        return Ok(());
    };
    let asked = Asked { url, commit, within: Some(within) };
    let listed = Kept::open(root).and_then(|kept| kept.list(asked.within));
    listed.map(drop).map_err(|error| asked.broken(error))
}

fn checkout(kept: &Kept, hash: TreeHash) -> Checkout {
    Checkout {
        commit: Some(kept.commit.clone()),
        tree: Some(hash),
        also: kept.origin.redirect.iter().cloned().collect(),
        ..Checkout::plain(kept.tree())
    }
}
