//! Where a marketplace comes from, as people write it.

use std::path::PathBuf;

/// The origin of a marketplace. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `owner/repo[@ref]`, or a GitHub web address.
    GitHub { repo: String, reference: Option<String> },
    /// Any other address git can fetch from: https, http, ssh, scp-like, file.
    Git { url: String, reference: Option<String> },
    /// A local folder with `.claude-plugin/marketplace.json`, read in place.
    Directory { path: PathBuf },
    /// A local `marketplace.json`.
    File { path: PathBuf },
    /// A catalog JSON behind http(s).
    Url { url: String },
}
