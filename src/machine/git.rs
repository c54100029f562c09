//! git as a hardened subprocess: objects from a server, the refs of a remote, what a commit holds.
//!
//! Asks nothing, runs no hooks, ends in time. What the user configured for git counts where it
//! talks to a server (credential helpers, `insteadOf`, proxies, keys) and nowhere else: files are
//! written from objects, byte for byte, never by a checkout.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "git is a process that writes files"
)]

mod bare;
mod checkout;
mod dot_git;
mod error;
mod evidence;
mod index;
mod kept;
mod local;
mod login;
mod object;
mod objects;
mod protocol;
mod redact;
mod run;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::machine::store::read::{Most, read};
use crate::machine::store::tree;
use crate::model::{Commit, Revision};

pub use error::{GitError, GitFailure};
pub use evidence::Broken;
pub(crate) use redact::redact;

pub(in crate::machine) use checkout::{Differs, verify, write};
pub(in crate::machine) use evidence::{Listed, What};
pub(in crate::machine) use kept::{Kept, digest, folder, name};
pub(in crate::machine) use object::Id;
pub(in crate::machine) use objects::Objects;

/// The git on this machine.
#[derive(Debug)]
pub struct Git {
    program: OsString,
    timeout: Duration,
    most: u64,
    environment: Vec<(OsString, OsString)>,
    /// Addresses with logins.
    logins: Vec<String>,
    rules: OnceLock<protocol::Rules>,
}

/// What a server handed out: objects in a folder, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::machine) struct Fetched {
    pub commit: Commit,
    pub objects: PathBuf,
    /// What the commit was found under; nothing for a commit that was asked for by its id.
    pub branch: Option<String>,
    /// The refs that came along, as git packs them.
    pub refs: String,
    /// The commits whose parents were left behind.
    pub shallow: String,
    /// Where the server sent us instead.
    pub redirect: Option<String>,
}

impl Git {
    /// How long one git process may run unless the user says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(120);

    /// The most bytes that a server may send for one fetch, packed.
    const MOST: u64 = 1 << 30;

    pub fn new(timeout: Duration) -> Self {
        Self {
            program: "git".into(),
            timeout,
            most: Self::MOST,
            environment: Vec::new(),
            logins: Vec::new(),
            rules: OnceLock::new(),
        }
    }

    /// Names another program than the `git` on PATH.
    #[must_use]
    pub fn with_program(self, program: impl Into<OsString>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// Adds variables to the environment of every git process that talks to a server.
    #[must_use]
    pub fn with_environment(mut self, more: &[(OsString, OsString)]) -> Self {
        self.environment.extend_from_slice(more);
        self
    }

    /// Has these addresses, which hold logins, count for the same ones without.
    #[must_use]
    pub fn with_logins(mut self, addresses: &[String]) -> Self {
        self.logins.extend_from_slice(addresses);
        self
    }

    /// Takes no more than this many packed bytes for one fetch.
    #[must_use]
    pub fn with_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Fetches the default branch, a branch, a tag or a full commit with a depth of one, into an
    /// empty folder that the caller keeps. No file is written but objects.
    ///
    /// `narrow` leaves the contents of files out, if the server can; [`Git::fetch_more`] gets them.
    pub(in crate::machine) fn fetch(
        &self,
        url: &str,
        revision: &Revision,
        narrow: bool,
        into: &Path,
    ) -> Result<Fetched, GitError> {
        let name = match revision {
            Revision::Commit(commit) => return self.fetch_commit(url, commit, narrow, into),
            Revision::Head => None,
            Revision::Named(name) => match name.parse() {
                Ok(commit) => return self.fetch_commit(url, &commit, narrow, into),
                Err(()) => Some(name),
            },
        };
        let clone = into.join("clone");
        let branch = name.map(|name| format!("--branch={name}"));
        let mut args = arguments(&["clone", "--no-checkout", "--no-progress", "--origin=origin"]);
        args.extend(arguments(&["--no-local", "--template=", "--depth=1", "--single-branch"]));
        args.extend(branch.as_deref().map(OsStr::new));
        args.extend(narrow.then_some(OsStr::new("--filter=blob:none")));
        args.extend([OsStr::new("--"), OsStr::new(url), clone.as_os_str()]);
        let dot_git = clone.join(".git");
        let packs = dot_git.join("objects/pack");
        let said = self.remote(url, &args, into, self.limit(Some(&packs)))?;
        let Some(commit) = tree::head(&clone) else {
            return Err(GitError::new(url, GitFailure::Empty, ""));
        };
        let head = text(&dot_git.join("HEAD"));
        Ok(Fetched {
            commit,
            objects: dot_git.join("objects"),
            branch: head.strip_prefix("ref: refs/heads/").map(|name| name.trim().to_owned()),
            refs: text(&dot_git.join("packed-refs")),
            shallow: text(&dot_git.join("shallow")),
            redirect: redirect(&said.stderr),
        })
    }

    /// A server that hands out only the tips of branches is asked for all of its history.
    fn fetch_commit(
        &self,
        url: &str,
        commit: &Commit,
        narrow: bool,
        into: &Path,
    ) -> Result<Fetched, GitError> {
        let bare = into.join("bare");
        let format = Id::of(commit).format();
        bare::create(&bare, format, "").map_err(|error| unwritten(url, &error))?;
        let packs = bare.join("objects/pack");
        let limit = self.limit(Some(&packs));
        let mut args = vec!["fetch", "--no-progress", "--no-tags", "--depth=1"];
        args.extend(narrow.then_some("--filter=blob:none"));
        args.extend(["--", url, commit.as_str()]);
        let said = match self.remote(url, &in_bare(&args), &bare, limit) {
            Err(error) if error.may_have_it_in_its_history() => {
                let all = ["fetch", "--no-progress", "--tags", "--", url];
                let heads = ["+refs/heads/*:refs/remotes/origin/*"];
                let said =
                    self.remote(url, &in_bare(&[&all[..], &heads].concat()), &bare, limit)?;
                let there = arguments(&["cat-file", "-e", commit.as_str()]);
                self.ours(url, &there, &bare, &bare.join("objects"))
                    .map_err(|_| GitError::new(url, GitFailure::NoSuchCommit, ""))?;
                said
            }
            result => result?,
        };
        Ok(Fetched {
            commit: commit.clone(),
            objects: bare.join("objects"),
            branch: None,
            refs: String::new(),
            shallow: text(&bare.join("shallow")),
            redirect: redirect(&said.stderr),
        })
    }

    /// Fetches the contents of files that a narrow fetch has left out.
    pub(in crate::machine) fn fetch_more(
        &self,
        url: &str,
        fetched: &Fetched,
        ids: &[Id],
    ) -> Result<(), GitError> {
        let repository = fetched.objects.parent().unwrap_or(Path::new("/"));
        let packs = fetched.objects.join("pack");
        let limit = self.limit(Some(&packs));
        // A command line holds half a million bytes without trouble, ids in hex have 40 or 64.
        for ids in ids.chunks(5000) {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let mut args = vec!["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--no-progress"];
            args.extend(["--no-tags", "--filter=blob:none", "--", url]);
            args.extend(ids.iter().map(String::as_str));
            let dot_git = repository.as_os_str();
            let args = [vec![OsStr::new("--git-dir"), dot_git], arguments(&args)].concat();
            self.remote(url, &args, repository, limit)?;
        }
        Ok(())
    }

    /// Asks a remote what branches, tags or `HEAD` are; annotated tags are followed to their
    /// commit, a branch wins over a tag, and what is not there is `None`. One process in all.
    pub fn ls_remote(&self, url: &str, names: &[&str]) -> Result<Vec<Option<Commit>>, GitError> {
        let patterns = names.iter().flat_map(|name| candidates(name)).collect::<Vec<_>>();
        let mut args = arguments(&["ls-remote", "--quiet", "--", url]);
        args.extend(patterns.iter().map(OsStr::new));
        let listed = self.remote(url, &args, Path::new("/"), self.limit(None))?.stdout;
        let find = |wanted: &String| {
            let mut lines = listed.lines().filter_map(|line| line.split_once('\t'));
            lines.find(|(_, name)| name == wanted).and_then(|(commit, _)| commit.parse().ok())
        };
        Ok(names.iter().map(|name| candidates(name).iter().find_map(find)).collect())
    }

    /// Tells whether a commit is still part of the history of a newer one; nothing when the part of
    /// the history that could be had does not say.
    ///
    /// Only commits are fetched, no folder and no file, into an empty folder that the caller keeps.
    pub fn is_ancestor(
        &self,
        url: &str,
        (old, new): (&Commit, &Commit),
        empty: &Path,
    ) -> Result<Option<bool>, GitError> {
        let (bare, apart) = (empty.join("bare"), empty.join("apart"));
        let format = Id::of(new).format();
        for folder in [&bare, &apart] {
            bare::create(folder, format, "").map_err(|error| unwritten(url, &error))?;
        }
        let packs = bare.join("objects/pack");
        let limit = self.limit(Some(&packs));
        let fetch = |how: &str| {
            let args = ["fetch", "--no-progress", "--no-tags", how, "--", url, new.as_str()];
            self.remote(url, &in_bare(&args), &bare, limit)
        };
        if fetch("--filter=tree:0").is_err() {
            fetch("--depth=200")?;
        }
        let shallow = bare.join("shallow");
        if shallow.exists() {
            let copied = fs::copy(&shallow, apart.join("shallow"));
            copied.map_err(|error| unwritten(url, &error))?;
        }
        // Elsewhere, so that git does not go and fetch what it is asked about.
        let ask = |args: &[&str]| self.ours(url, &arguments(args), &apart, &bare.join("objects"));
        if ask(&["rev-list", "--ignore-missing", "--no-walk", old.as_str(), "--"])?
            .trim()
            .is_empty()
        {
            return Ok((!shallow.exists()).then_some(false));
        }
        let ahead = ask(&["rev-list", "--count", &format!("{new}..{old}"), "--"])?;
        Ok(Some(ahead.trim() == "0"))
    }

    /// Returns when a fetch is given up, and where what it brings is counted.
    fn limit<'a>(&self, packs: Option<&'a Path>) -> (Option<Instant>, Option<&'a Path>) {
        (Instant::now().checked_add(self.timeout), packs)
    }
}

fn arguments<'a>(args: &[&'a str]) -> Vec<&'a OsStr> {
    args.iter().copied().map(OsStr::new).collect()
}

/// Returns arguments for a repository without files that is the working folder.
fn in_bare<'a>(args: &[&'a str]) -> Vec<&'a OsStr> {
    [vec![OsStr::new("--git-dir=.")], arguments(args)].concat()
}

fn unwritten(url: &str, error: &std::io::Error) -> GitError {
    GitError::new(url, GitFailure::Other, &format!("cannot write to the cache: {error}"))
}

/// Reads a small file of git's; what is not there is empty.
fn text(path: &Path) -> String {
    let bytes = read(path, Most::GIT).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the address that a server sent git to, if it did.
fn redirect(said: &str) -> Option<String> {
    let line = said.lines().find_map(|line| line.strip_prefix("warning: redirecting to "))?;
    Some(redact(line.trim()))
}

/// Returns the full names that a short one may stand for, the preferred first.
fn candidates(name: &str) -> Vec<String> {
    if name == "HEAD" || name.starts_with("refs/") {
        return vec![format!("{name}^{{}}"), name.to_owned()];
    }
    vec![
        format!("refs/heads/{name}"),
        format!("refs/tags/{name}^{{}}"),
        format!("refs/tags/{name}"),
    ]
}

#[cfg(test)]
pub(crate) mod tests;
