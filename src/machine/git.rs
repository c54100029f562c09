//! git as a hardened subprocess: shallow clones, single commits, the refs of a remote.
//!
//! Asks nothing, runs no hooks, ends in time. What the user configured for git otherwise
//! (credential helpers, `insteadOf`, proxies, keys) stays in force.

#![expect(clippy::disallowed_methods, reason = "git is a process that writes files")]

mod error;
mod redact;
mod run;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use crate::machine::store::tree;
use crate::model::{Commit, without_login};

pub use error::{GitError, GitFailure};
pub(crate) use redact::redact;

/// The git on this machine.
#[derive(Debug)]
pub struct Git {
    program: OsString,
    timeout: Duration,
    environment: Vec<(OsString, OsString)>,
}

impl Git {
    /// How long one git process may run unless the user says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(120);

    pub fn new(timeout: Duration) -> Self {
        Self { program: "git".into(), timeout, environment: Vec::new() }
    }

    /// Names another program than the `git` on PATH.
    #[must_use]
    pub fn with_program(self, program: impl Into<OsString>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// Adds variables to the environment of every git process.
    #[must_use]
    pub fn with_environment(mut self, more: &[(OsString, OsString)]) -> Self {
        self.environment.extend_from_slice(more);
        self
    }

    /// Clones the default branch, a branch, a tag or a full commit with a depth of one, and
    /// returns what it checked out.
    ///
    /// With `sparse`, only that folder and the files beside the folders above it are fetched and
    /// checked out, if the server can. The clone remembers no user name or password for http.
    pub fn shallow_clone(
        &self,
        url: &str,
        reference: Option<&str>,
        into: &Path,
        sparse: Option<&str>,
    ) -> Result<Commit, GitError> {
        if let Some(commit) = reference.and_then(|text| text.parse().ok()) {
            self.fetch_commit(url, &commit, into, sparse)?;
            return Ok(commit);
        }
        let branch = reference.map(|name| format!("--branch={name}"));
        let mut args =
            arguments(&["clone", "--quiet", "--origin=origin", "--no-local", "--template="]);
        args.extend(arguments(&["--depth=1", "--single-branch"]));
        args.extend(branch.as_deref().map(OsStr::new));
        if sparse.is_some() {
            args.extend(arguments(&["--filter=blob:none", "--sparse"]));
        }
        args.extend([OsStr::new("--"), OsStr::new(url), into.as_os_str()]);
        self.run(url, &args, parent(into))?;
        self.narrow(url, into, sparse)?;
        self.forget_userinfo(url, into)?;
        match tree::head(into) {
            Some(commit) => Ok(commit),
            None => self.head(url, into),
        }
    }

    /// Makes the files of a clone anew that has nothing but its `.git`.
    pub fn restore(&self, clone: &Path) -> Result<(), GitError> {
        let place = clone.to_string_lossy();
        self.process(&place, &arguments(&["reset", "--hard", "--quiet"]), clone).map(drop)
    }

    /// Makes a clone that has one commit checked out.
    ///
    /// A server that hands out only the tips of branches is asked for all of its history.
    pub fn fetch_commit(
        &self,
        url: &str,
        commit: &Commit,
        into: &Path,
        sparse: Option<&str>,
    ) -> Result<(), GitError> {
        let format = if commit.as_str().len() == 64 { "sha256" } else { "sha1" };
        let format = format!("--object-format={format}");
        let init = arguments(&["init", "--quiet", "--template=", &format, "--"]);
        self.run(url, &[init, vec![into.as_os_str()]].concat(), parent(into))?;
        self.run(url, &arguments(&["remote", "add", "origin", url]), into)?;
        self.fetch_into(url, commit, into, sparse.is_some())?;
        self.narrow(url, into, sparse)?;
        let checkout = ["checkout", "--quiet", "--detach", commit.as_str(), "--"];
        self.run(url, &arguments(&checkout), into)?;
        self.forget_userinfo(url, into)
    }

    /// Asks a remote what branches, tags or `HEAD` are; annotated tags are followed to their
    /// commit, a branch wins over a tag, and what is not there is `None`. One process in all.
    pub fn ls_remote(&self, url: &str, names: &[&str]) -> Result<Vec<Option<Commit>>, GitError> {
        let patterns = names.iter().flat_map(|name| candidates(name)).collect::<Vec<_>>();
        let mut args = arguments(&["ls-remote", "--quiet", "--", url]);
        args.extend(patterns.iter().map(OsStr::new));
        let listed = self.run(url, &args, Path::new("/"))?;
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
        let format = if new.as_str().len() == 64 { "sha256" } else { "sha1" };
        let format = format!("--object-format={format}");
        self.run(url, &arguments(&["init", "--quiet", &format]), empty)?;
        self.run(url, &arguments(&["remote", "add", "origin", url]), empty)?;
        let fetch = |how: &str| {
            let args = ["fetch", "--quiet", "--no-tags", how, "--", "origin", new.as_str()];
            self.run(url, &arguments(&args), empty)
        };
        if fetch("--filter=tree:0").is_err() {
            fetch("--depth=200")?;
        }
        // Without the remote, git does not go and fetch what it is asked about.
        self.run(url, &arguments(&["remote", "remove", "origin"]), empty)?;
        let there = ["rev-list", "--ignore-missing", "--no-walk", old.as_str(), "--"];
        if self.run(url, &arguments(&there), empty)?.trim().is_empty() {
            return Ok((!empty.join(".git/shallow").exists()).then_some(false));
        }
        let ahead = format!("{new}..{old}");
        let ahead = self.run(url, &arguments(&["rev-list", "--count", &ahead, "--"]), empty)?;
        Ok(Some(ahead.trim() == "0"))
    }

    /// Tells whether a clone has no edits and no files that git does not know.
    pub fn status_is_clean(&self, clone: &Path) -> Result<bool, GitError> {
        let status = ["--no-optional-locks", "status", "--porcelain", "--untracked-files=normal"];
        let place = clone.to_string_lossy();
        let changes = self.process(&place, &arguments(&status), clone)?;
        Ok(changes.is_empty())
    }

    /// Tells whether what a clone has checked out descends from a commit. Without that commit it does not.
    pub fn descends_from(&self, clone: &Path, commit: &Commit) -> bool {
        let args = ["merge-base", "--is-ancestor", commit.as_str(), "HEAD"];
        self.process(&clone.to_string_lossy(), &arguments(&args), clone).is_ok()
    }

    /// Returns when the checked-out commit was made, in seconds since 1970.
    pub fn commit_time(&self, clone: &Path) -> Option<u64> {
        let args = ["show", "--no-patch", "--format=%ct", "HEAD", "--"];
        let said = self.process(&clone.to_string_lossy(), &arguments(&args), clone).ok()?;
        said.trim().parse().ok()
    }

    fn fetch_into(
        &self,
        url: &str,
        commit: &Commit,
        into: &Path,
        sparse: bool,
    ) -> Result<(), GitError> {
        let mut args = vec!["fetch", "--quiet", "--no-tags", "--depth=1"];
        if sparse {
            args.push("--filter=blob:none");
        }
        let one = [&args[..], &["--", "origin", commit.as_str()]].concat();
        match self.run(url, &arguments(&one), into) {
            Err(error) if error.may_have_it_in_its_history() => {
                let all = ["fetch", "--quiet", "--tags", "--", "origin"];
                let heads = ["+refs/heads/*:refs/remotes/origin/*"];
                self.run(url, &arguments(&[&all[..], &heads].concat()), into).map(drop)
            }
            result => result.map(drop),
        }
    }

    fn narrow(&self, url: &str, into: &Path, sparse: Option<&str>) -> Result<(), GitError> {
        let Some(folder) = sparse else { return Ok(()) };
        self.run(url, &arguments(&["sparse-checkout", "set", "--cone", "--", folder]), into)?;
        Ok(())
    }

    fn forget_userinfo(&self, url: &str, into: &Path) -> Result<(), GitError> {
        let clean = without_login(url);
        if clean != url {
            self.run(url, &arguments(&["remote", "set-url", "origin", &clean]), into)?;
        }
        Ok(())
    }

    fn head(&self, url: &str, clone: &Path) -> Result<Commit, GitError> {
        let said = self.run(url, &arguments(&["rev-parse", "HEAD"]), clone)?;
        said.trim().parse().map_err(|()| GitError::new(url, GitFailure::Other, &said))
    }

    /// Runs git for a remote, once its address is known to be one that git may open.
    fn run(&self, url: &str, args: &[&OsStr], folder: &Path) -> Result<String, GitError> {
        if !may_be_fetched(url) {
            return Err(GitError::new(url, GitFailure::Address, ""));
        }
        self.process(url, args, folder)
    }
}

fn arguments<'a>(args: &[&'a str]) -> Vec<&'a OsStr> {
    args.iter().copied().map(OsStr::new).collect()
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
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

/// Tells whether an address is https, http, ssh, scp-like, a file URL or an absolute path.
/// Everything else could name a remote helper, which is a program, or an option.
fn may_be_fetched(url: &str) -> bool {
    if url.starts_with('-') || url.contains("::") || url.chars().any(char::is_control) {
        return false;
    }
    match url.split_once("://") {
        Some((scheme, rest)) => {
            matches!(scheme, "https" | "http" | "ssh" | "file") && !rest.starts_with('-')
        }
        None => url.starts_with('/') || is_scp_like(url),
    }
}

/// `user@host:path` or `host:path`.
fn is_scp_like(url: &str) -> bool {
    let Some((host, path)) = url.split_once(':') else { return false };
    let host = host.rsplit('@').next().unwrap_or(host);
    !host.is_empty() && !host.starts_with('-') && !host.contains('/') && !path.is_empty()
}

#[cfg(test)]
pub(crate) mod tests;
