//! What an inventory of skills says of one skill.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Client, Commit, TreeHash};

/// One installed skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillRecord {
    pub source: SkillOrigin,
    /// RFC 3339.
    pub installed_at: Option<String>,
    pub commit: Option<Commit>,
    /// Of the files as installed: another hash on disk means that somebody edited them.
    pub tree: Option<TreeHash>,
    /// The skill's folder in its source.
    pub path: Option<String>,
    pub pin: Option<String>,
    /// How each client reaches it that looks into a folder of its own, as far as that is our doing.
    pub links: BTreeMap<Client, LinkKind>,
}

/// Where an installed skill came from, typed by its prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkillOrigin {
    /// `owner/repo`, an address or a path, as written.
    Git(String),
    /// `npm:<package>`.
    Npm(String),
    /// `local`: tracked, never refreshed.
    Local,
    /// `wellknown:<host>`.
    WellKnown(String),
}

/// How a skill reaches a client's own folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    Symlink,
    Copy,
}

impl fmt::Display for SkillOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(source) => f.write_str(source),
            Self::Npm(package) => write!(f, "npm:{package}"),
            Self::Local => f.write_str("local"),
            Self::WellKnown(host) => write!(f, "wellknown:{host}"),
        }
    }
}

impl FromStr for SkillOrigin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let source = match text.split_once(':') {
            Some(("npm", package)) => Self::Npm(package.to_owned()),
            Some(("wellknown", host)) => Self::WellKnown(host.to_owned()),
            _ if text == "local" => Self::Local,
            _ => Self::Git(text.to_owned()),
        };
        match &source {
            Self::Git(rest) | Self::Npm(rest) | Self::WellKnown(rest) if rest.is_empty() => Err(()),
            _ => Ok(source),
        }
    }
}

impl LinkKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Symlink => "symlink",
            Self::Copy => "copy",
        }
    }
}

impl FromStr for LinkKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Symlink, Self::Copy].into_iter().find(|link| link.as_str() == text).ok_or(())
    }
}
