//! What can be fetched, as values: asking is not fetching.

use super::Commit;

/// Bytes that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// A repository; with `subdir`, no more of it than that folder needs.
    Git { url: String, revision: Revision, subdir: Option<String> },
    /// A package of an npm registry.
    Npm { package: String, version: Option<String>, registry: Option<String> },
    /// A zip or tar.gz file with the sha256 in hex that it must have.
    Archive { url: String, sha256: String },
    /// A `marketplace.json` behind http(s).
    Catalog { url: String },
    /// The skills that a host publishes below `/.well-known/`.
    WellKnown { url: String },
    /// The files of a GitHub repository as an archive, without its history; the commit that they are of
    /// is noted in the file `marker` among them.
    Snapshot { repo: String, reference: Option<String>, marker: String },
}

/// Which commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// The tip of the default branch.
    Head,
    /// A branch, a tag or 40 hex digits.
    Named(String),
    Commit(Commit),
}
