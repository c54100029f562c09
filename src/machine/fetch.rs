//! Sources in, checkouts in our cache out: in parallel, each once.
//!
//! A checkout is built in `staging/` and renamed into place, so that a folder which exists is
//! complete. What is pinned by a hash (a commit, the digest of an archive) is found again without
//! a network, once it has been proven to be what the hash says: being in the cache proves nothing.

#![expect(clippy::disallowed_methods, reason = "the cache is files")]

mod cache;
mod error;
mod get;
mod repository;
mod unnamed;
mod wellknown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::machine::git::{Git, redact};
use crate::machine::http::Plain;
use crate::machine::npm::Npm;
use crate::machine::parallel;
use crate::model::{Commit, Note, TreeHash};

pub use crate::model::{Request, Revision};
pub use error::FetchError;
pub use unnamed::{Names, unnamed};

/// A folder in our cache that is not to be changed.
///
/// Packages and archives were checked as a whole. A clone was not, for one stray link must not
/// spoil a whole marketplace: check the folder of it that is used with [`crate::machine::store::tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The files of a commit, the unpacked package or archive (with its top folder, if it has
    /// one), or the folder that holds `marketplace.json`.
    pub root: PathBuf,
    /// What a repository stands at.
    pub commit: Option<Commit>,
    /// The exact version of an npm package.
    pub version: Option<String>,
    /// What all files of a commit together hash to.
    pub tree: Option<TreeHash>,
    /// Other addresses that had a part in it: where a server sent us instead.
    pub also: Vec<String>,
    /// What was left out, and why.
    pub notes: Vec<Note>,
}

impl Checkout {
    /// A folder of which nothing more is known.
    pub fn plain(root: PathBuf) -> Self {
        let (also, notes) = (Vec::new(), Vec::new());
        Self { root, commit: None, version: None, tree: None, also, notes }
    }
}

/// Where things are kept, and what fetching may do.
#[derive(Debug)]
pub struct FetchOptions<'a> {
    pub cache_dir: PathBuf,
    pub offline: bool,
    pub git: Git,
    pub npm: Npm,
    /// How long one download may take.
    pub timeout: Duration,
    pub plain: Plain,
    /// Where GitHub's archives are.
    pub github: String,
    pub progress: &'a dyn Progress,
}

/// The address that an enterprise's own GitHub takes the place of.
pub const GITHUB: &str = "https://github.com";

impl<'a> FetchOptions<'a> {
    /// Returns the usual options: online, git and npm from PATH, two minutes for each thing.
    pub fn new(cache_dir: PathBuf, progress: &'a dyn Progress) -> Self {
        Self {
            cache_dir,
            offline: false,
            git: Git::new(Git::TIMEOUT),
            npm: Npm::new(Git::TIMEOUT),
            timeout: Git::TIMEOUT,
            plain: Plain::Loopback,
            github: GITHUB.to_owned(),
            progress,
        }
    }
}

/// Hears what is being fetched, from several threads. Nothing is said about what the cache has.
pub trait Progress: Sync + fmt::Debug {
    fn start(&self, what: &str);
    fn done(&self, what: &str);
}

/// Says nothing.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: &str) {}
    fn done(&self, _: &str) {}
}

/// Fetches everything that is not in the cache, up to eight repositories or files at once.
///
/// Requests for one address run one after the other, so that a later one can find in the cache
/// what an earlier one has brought.
pub fn fetch_all(
    requests: &BTreeSet<Request>,
    options: &FetchOptions<'_>,
) -> BTreeMap<Request, Result<Checkout, FetchError>> {
    let mut waiting: BTreeMap<&str, Vec<&Request>> = BTreeMap::new();
    for request in requests {
        waiting.entry(request.address()).or_default().push(request);
    }
    let waiting: Vec<Vec<&Request>> = waiting.into_values().collect();
    let fetched = parallel::map_waiting(&waiting, |requests| fetch_address(requests, options));
    fetched.into_iter().flatten().collect()
}

type Fetched = Vec<(Request, Result<Checkout, FetchError>)>;

/// Fetches what is wanted from one address. Several folders of one revision come with one clone of
/// the whole repository, so that they are of one commit and the server is asked once.
fn fetch_address(requests: &[&Request], options: &FetchOptions<'_>) -> Fetched {
    let mut fetched = Fetched::new();
    let mut folders: BTreeMap<&Revision, Vec<&Request>> = BTreeMap::new();
    for request in requests {
        match request {
            Request::Git { revision, .. } => match kept(request, options) {
                Ok(None) => folders.entry(revision).or_default().push(request),
                Ok(Some(checkout)) => fetched.push(((*request).clone(), Ok(checkout))),
                Err(error) => fetched.push(((*request).clone(), Err(error))),
            },
            _ => fetched.push(((*request).clone(), fetch(request, options))),
        }
    }
    for wanted in folders.into_values() {
        match wanted.as_slice() {
            [single] => fetched.push(((*single).clone(), fetch(single, options))),
            several => fetched.extend(fetch_whole(several, options)),
        }
    }
    fetched
}

fn fetch_whole(requests: &[&Request], options: &FetchOptions<'_>) -> Fetched {
    let Request::Git { url, revision, .. } = requests[0] else { return Fetched::new() };
    let whole = Request::Git { url: url.clone(), revision: revision.clone(), subdir: None };
    let first = fetch(&whole, options);
    let part = |request: &Request| match &first {
        Ok(checkout) => get::part(request, checkout),
        // Each gets the error of its own attempt; an error is not a value to share.
        Err(_) => fetch(request, options),
    };
    let mut fetched: Fetched =
        requests.iter().filter(|r| ***r != whole).map(|r| ((*r).clone(), part(r))).collect();
    if requests.contains(&&whole) {
        fetched.push((whole, first));
    }
    fetched
}

/// What branches and tags of a repository are now, by name; what is not there is left out.
pub type Tips = Result<BTreeMap<String, Commit>, FetchError>;

/// Asks every repository for the tips of some of its branches and tags: one process each.
pub fn tips<'u>(
    asked: &BTreeMap<&'u str, Vec<&str>>,
    options: &FetchOptions<'_>,
) -> BTreeMap<&'u str, Tips> {
    let asked: Vec<(&&str, &Vec<&str>)> = asked.iter().collect();
    let tips = |(url, names): &(&&'u str, &Vec<&str>)| (**url, tips_of(url, names, options));
    parallel::map_on(ASKED_AT_ONCE, &asked, tips).into_iter().collect()
}

fn tips_of(url: &str, names: &[&str], options: &FetchOptions<'_>) -> Tips {
    if options.offline {
        return Err(FetchError::Offline(redact(url)));
    }
    let what = redact(url);
    options.progress.start(&what);
    let found = options.git.ls_remote(url, names);
    options.progress.done(&what);
    let pairs = names.iter().zip(found?);
    Ok(pairs.filter_map(|(name, commit)| Some(((*name).to_owned(), commit?))).collect())
}

/// Tells whether a commit is still part of the history of a newer one; nothing when that cannot be
/// found out.
pub fn is_ancestor(
    url: &str,
    commits: (&Commit, &Commit),
    options: &FetchOptions<'_>,
) -> Option<bool> {
    if options.offline {
        return None;
    }
    let stage = cache::stage(&options.cache_dir).ok()?;
    let what = redact(url);
    options.progress.start(&what);
    let found = options.git.is_ancestor(url, commits, stage.path());
    options.progress.done(&what);
    found.ok().flatten()
}

/// A question for tips is small: the wait for the answer is all there is to it.
const ASKED_AT_ONCE: usize = 32;

/// Fetches one thing, or finds it in the cache.
pub fn fetch(request: &Request, options: &FetchOptions<'_>) -> Result<Checkout, FetchError> {
    if let Some(checkout) = kept(request, options)? {
        return Ok(checkout);
    }
    let what = request.to_string();
    cache::sweep(&options.cache_dir);
    options.progress.start(&what);
    let result = get::get(request, options);
    options.progress.done(&what);
    result
}

/// Returns what the cache has; without the network that is all there is.
fn kept(request: &Request, options: &FetchOptions<'_>) -> Result<Option<Checkout>, FetchError> {
    match get::kept(request, options)? {
        Kept::Whole(checkout) => Ok(Some(checkout)),
        Kept::Damaged(why) if options.offline => {
            Err(FetchError::Damaged { what: request.to_string(), why })
        }
        Kept::Nothing if options.offline => Err(FetchError::Offline(request.to_string())),
        Kept::Damaged(_) | Kept::Nothing => Ok(None),
    }
}

/// What the cache has for a request.
#[derive(Debug)]
enum Kept {
    Whole(Checkout),
    /// Nothing that can be used, and why what was there cannot.
    Damaged(String),
    Nothing,
}

/// Returns when the commit of a checkout was made, or of another clone, in seconds since 1970.
pub fn commit_time(root: &Path, git: &Git) -> Option<u64> {
    let kept = root.parent().and_then(|entry| crate::machine::git::Kept::open(entry).ok());
    match kept.filter(|kept| kept.tree() == root) {
        Some(kept) => kept.time(),
        None => git.commit_time(root),
    }
}

impl Request {
    /// What must not be asked twice at the same time.
    fn address(&self) -> &str {
        match self {
            Self::Git { url, .. }
            | Self::Archive { url, .. }
            | Self::Catalog { url }
            | Self::WellKnown { url } => url,
            Self::Npm { package, .. } => package,
            Self::Snapshot { repo, .. } => repo,
        }
    }
}

/// For people: the address without credentials, and what of it.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(self.address()))?;
        match self {
            Self::Git { revision: Revision::Named(name), .. } => write!(f, " at {}", redact(name)),
            Self::Git { revision: Revision::Commit(commit), .. } => {
                write!(f, " at {}", commit.short())
            }
            Self::Npm { version: Some(version), .. } => write!(f, "@{}", redact(version)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod tests;
