//! Why something could not be fetched.

use std::io;
use std::path::PathBuf;

use crate::machine::archive::ArchiveError;
use crate::machine::git::{Broken, GitError};
use crate::machine::http::HttpError;
use crate::machine::npm::NpmError;
use crate::machine::store::tree::TreeError;

/// A failed request. Nothing in it holds a password or a token.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Npm(#[from] NpmError),
    #[error("cannot unpack `{url}`: {error}")]
    Archive { url: String, error: ArchiveError },
    #[error("`{url}` has the sha256 `{found}`, not `{expected}`")]
    Digest { url: String, expected: String, found: String },
    #[error("`{what}` must not be used: {error}")]
    Tree { what: String, error: TreeError },
    #[error("`{what}` has no folder `{subdir}`")]
    NoFolder { what: String, subdir: String },
    #[error("`{url}` publishes no skills that can be read: {why}")]
    Index { url: String, why: String },
    #[error("the archive `{url}` does not say which commit it is")]
    Unsigned { url: String },
    #[error("`{what}` cannot be used: {error}")]
    Broken { what: String, error: Broken },
    #[error("`{0}` is not in the cache, and the network is not to be used")]
    Offline(String),
    #[error("what the cache has of `{what}` is damaged ({why}), and the network is not to be used")]
    Damaged { what: String, why: String },
    #[error("cannot write to the cache at `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl FetchError {
    /// Tells bytes that must not be used from bytes that could not be had.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Digest { .. } => true,
            Self::Archive { error, .. } => error.is_refusal(),
            Self::Tree { error, .. } => error.is_refusal(),
            Self::Npm(error) => error.is_refusal(),
            Self::Broken { error, .. } => error.is_refusal(),
            Self::Git(_)
            | Self::Http(_)
            | Self::NoFolder { .. }
            | Self::Index { .. }
            | Self::Unsigned { .. }
            | Self::Offline(_)
            | Self::Damaged { .. }
            | Self::Io { .. } => false,
        }
    }

    /// Says what the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Git(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Npm(error) => error.hint(),
            Self::Archive { .. } | Self::Tree { .. } => "tell the author; do not use it as it is",
            Self::Digest { .. } => {
                "the file was replaced, or the marketplace is wrong; do not use it until its author explains"
            }
            Self::Index { .. } => "ask whoever runs that host",
            Self::Unsigned { .. } => "use the repository itself as the source",
            Self::NoFolder { .. } => "check the path in the marketplace",
            Self::Broken { error, .. } if error.is_refusal() => {
                "tell the author; do not use it as it is"
            }
            Self::Broken { .. } => "run the command again; if it stays so, tell the author",
            Self::Offline(_) | Self::Damaged { .. } => {
                "run the command again with the network, without `--offline`"
            }
            Self::Io { .. } => "check the space and the permissions of the cache folder",
        }
    }
}
