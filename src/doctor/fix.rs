//! What `--fix` does about a finding.

use std::path::PathBuf;

use crate::model::{Change, WantedPlugin};

/// What `--fix` does about a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// The manifest has it, so a sync brings it.
    Sync,
    /// Install what the client's settings ask for although the manifest does not name it.
    Install(Box<WantedPlugin>),
    /// Write servers so that the client uses them.
    RewriteServers(ServerFix),
    /// Write a registry that the client takes, after a copy of the file was put aside.
    RepairRegistry(RegistryFix),
    /// Make these facts true; nothing is lost by it.
    Correct(Vec<Change>),
    /// Take these facts out, once a person has agreed.
    Drop(Vec<Change>),
    /// Take the comments out of a file, once a person has agreed.
    Strip(PathBuf),
    /// Nothing; a person has to decide, and this is what to do.
    ByHand(String),
}

/// How servers are written so that the client uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFix {
    /// Under the key that is for them.
    Wrap,
    /// In the file where the client looks.
    Move,
    /// With the transport that the address tells.
    AddType,
}

/// How a registry is written so that the client takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryFix {
    /// From what the manifest, the lock, the settings and the disk tell.
    Rebuild,
    /// Without the entry that the client does not take.
    DropEntry,
    /// Without a remote index, which goes into our own list.
    MoveIndex,
}

impl Fix {
    /// Returns what a person has to do.
    pub fn by_hand(what: impl Into<String>) -> Self {
        Self::ByHand(what.into())
    }

    /// Returns what it does, in words that go on from "fix:".
    pub fn describe(&self) -> String {
        match self {
            Self::Sync => "`--fix` puts it right from the manifest and the lock".to_owned(),
            Self::Install(_) => "`--fix` installs it".to_owned(),
            Self::RewriteServers(fix) => format!("`--fix` {}", fix.words()),
            Self::RepairRegistry(fix) => {
                format!("`--fix` {}, and keeps a copy of the file", fix.words())
            }
            Self::Correct(_) => "`--fix` corrects the record".to_owned(),
            Self::Drop(_) => "`--fix` asks, and drops the record".to_owned(),
            Self::Strip(_) => {
                "`--fix` asks, takes the comments out, and keeps a copy of the file".to_owned()
            }
            Self::ByHand(what) => what.clone(),
        }
    }

    pub fn is_automatic(&self) -> bool {
        !matches!(self, Self::ByHand(_))
    }
}

impl ServerFix {
    fn words(self) -> &'static str {
        match self {
            Self::Wrap => "wraps the servers as the client wants them",
            Self::Move => "moves the servers to where the client looks",
            Self::AddType => "adds the `type` that the address tells",
        }
    }
}

impl RegistryFix {
    fn words(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuilds it from the manifest, the lock, the settings and the disk",
            Self::DropEntry => "takes the entry out of the registry",
            Self::MoveIndex => "moves the index into zskills' own list",
        }
    }
}
