//! What went wrong in git, told apart by what the user can do about it.

use std::fmt;
use std::time::Duration;

use super::redact;

/// A failed git process. Nothing in it holds a password or a token.
#[derive(Debug, thiserror::Error)]
#[error("git failed for `{url}`: {kind}{}", telling_lines(said))]
pub struct GitError {
    pub kind: GitFailure,
    /// The remote, or the folder for a local question.
    pub url: String,
    /// The last lines that git wrote.
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitFailure {
    NotInstalled,
    /// There is one where anybody may have put it.
    Apart,
    Timeout(Duration),
    /// The address is of a kind that git is not allowed to open.
    Address,
    Auth,
    NotFound,
    Network,
    Tls,
    NoSuchRef,
    NoSuchCommit,
    /// The repository has no commit yet.
    Empty,
    /// More than any repository needs that people work with.
    TooMuch,
    Other,
}

impl GitError {
    pub(super) fn new(url: &str, kind: GitFailure, said: &str) -> Self {
        let lines = said.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let lines = lines.collect::<Vec<_>>();
        let last = lines[lines.len().saturating_sub(8)..].join("\n");
        Self { kind, url: redact(url), said: redact(&last) }
    }

    /// Says what the user can do.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            GitFailure::NotInstalled => "install git, version 2.25 or newer, and put it on PATH",
            GitFailure::Apart => {
                "put a git on PATH that lies neither in the repository you work in nor in a fetched tree"
            }
            GitFailure::Timeout(_) => {
                "check the connection, or allow more time with `ZSKILLS_GIT_TIMEOUT_SECS`"
            }
            GitFailure::Address => {
                "use an address with https, ssh, `user@host:path` or file, or an absolute path"
            }
            GitFailure::Auth => {
                "the repository is private or does not exist; set up a git credential helper or \
                 an ssh key, so that `git ls-remote` on it works without a question"
            }
            GitFailure::NotFound => "the address may be revoked, expired or moved; check it",
            GitFailure::Network => "check the connection and the proxy settings, then try again",
            GitFailure::Tls => {
                "the certificate was not accepted; git's `http.sslCAInfo` names further authorities"
            }
            GitFailure::NoSuchRef => {
                "the branch or tag is gone or misspelt; look with `git ls-remote`"
            }
            GitFailure::NoSuchCommit => {
                "the history was rewritten or the commit was never pushed; choose another one"
            }
            GitFailure::Empty => "push a commit to it first, or choose another repository",
            GitFailure::TooMuch => {
                "use another source: this one cannot be meant to be installed from"
            }
            GitFailure::Other => "run the same git command by hand to see more",
        }
    }

    /// Tells an answer that leaves open whether the commit is in the history of a branch.
    pub(super) fn may_have_it_in_its_history(&self) -> bool {
        match self.kind {
            // `not our ref` comes from a server that has looked everywhere.
            GitFailure::NoSuchCommit => !self.said.contains("not our ref"),
            GitFailure::Other => true,
            _ => false,
        }
    }
}

/// Texts of git, its transports and its servers (under `LC_ALL=C`), the telling ones first.
const SIGNS: &[(GitFailure, &[&str])] = &[
    (GitFailure::NoSuchRef, &["Remote branch", "couldn't find remote ref"]),
    (
        GitFailure::NoSuchCommit,
        &[
            "not our ref",
            "unadvertised object",
            "reference is not a tree",
            "unable to read tree",
            "is not a commit",
            "did not send all necessary objects",
        ],
    ),
    (
        GitFailure::Auth,
        &[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "unable to get password",
            "Permission denied",
            "Host key verification failed",
            "Invalid username or",
            "returned error: 401",
            "returned error: 403",
        ],
    ),
    (GitFailure::Tls, &["certificate", "SSL", "TLS", "gnutls_handshake"]),
    (
        GitFailure::NotFound,
        &[
            "epository not found",
            "does not appear to be a git repository",
            "does not exist",
            "returned error: 404",
            "returned error: 410",
            "' not found",
        ],
    ),
    (
        GitFailure::Network,
        &[
            "Could not resolve",
            "Failed to connect",
            "Couldn't connect",
            "Connection refused",
            "Connection reset",
            "Connection closed",
            "timed out",
            "Network is unreachable",
            "No route to host",
            "early EOF",
            "hung up unexpectedly",
            "Empty reply",
            "unexpected disconnect",
            "returned error: 429",
            "returned error: 5",
        ],
    ),
];

impl GitFailure {
    pub(super) fn of(stderr: &str) -> Self {
        let says = |texts: &&[&str]| texts.iter().any(|text| stderr.contains(text));
        SIGNS.iter().find(|(_, texts)| says(texts)).map_or(Self::Other, |(kind, _)| *kind)
    }
}

impl fmt::Display for GitFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => f.write_str("there is no git on PATH"),
            Self::Apart => f.write_str("the only git on PATH is not one to run"),
            Self::Timeout(limit) => write!(f, "no answer within {} s", limit.as_secs_f32()),
            Self::Address => f.write_str("not an address that may be fetched"),
            Self::Auth => f.write_str("access denied"),
            Self::NotFound => f.write_str("no such repository"),
            Self::Network => f.write_str("the server cannot be reached"),
            Self::Tls => f.write_str("the connection is not trusted"),
            Self::NoSuchRef => f.write_str("no such branch or tag"),
            Self::NoSuchCommit => f.write_str("no such commit"),
            Self::Empty => f.write_str("there is no commit in it"),
            Self::TooMuch => f.write_str("it sent more than is taken from a source"),
            Self::Other => f.write_str("an unexpected error"),
        }
    }
}

/// Returns the lines that tell most: git's own complaints, or just the last line.
fn telling_lines(said: &str) -> String {
    let telling = |line: &&str| {
        ["fatal: ", "error: ", "remote: "].iter().any(|prefix| line.starts_with(prefix))
    };
    let mut lines: Vec<&str> = said.lines().filter(telling).take(3).collect();
    if lines.is_empty() {
        lines.extend(said.lines().last());
    }
    if lines.is_empty() { String::new() } else { format!(" ({})", lines.join("; ")) }
}
