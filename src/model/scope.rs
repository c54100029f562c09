//! Where a setting holds, and which client holds it.

use std::fmt;
use std::str::FromStr;

/// The reach of a plugin, skill or server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Scope {
    /// Everywhere for this user.
    #[default]
    User,
    /// In one project, shared through its repository.
    Project,
    /// In one project, for this user alone.
    Local,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::User, Self::Project, Self::Local];

    /// Returns the word that manifests and clients use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad`, so that columns line up.
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// A program whose files we read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    Claude,
    /// The folder of skills that clients share, `.agents/skills`.
    Agents,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claude => f.write_str("Claude Code"),
            Self::Agents => f.write_str("Agent Skills"),
        }
    }
}
