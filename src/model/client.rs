//! The programs whose files we read and write.

use std::fmt;
use std::path::PathBuf;

/// A program whose files we read and write. What it knows and where it keeps it stands in its codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// The folder of skills that clients share, `.agents/skills`.
    Agents,
    Claude,
}

impl Client {
    /// The client for which a manifest asks for plugins and servers: its entries name none.
    pub const TARGET: Self = Self::Claude;

    pub const ALL: [Self; 2] = [Self::Agents, Self::Claude];

    /// Returns the name that manifests, ledgers and documents use.
    pub fn id(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Claude => "claude-code",
        }
    }

    /// Returns the client with an id.
    pub fn with_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.id() == id)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agents => f.write_str("Agent Skills"),
            Self::Claude => f.write_str("Claude Code"),
        }
    }
}

/// Where a client keeps its files for the user. What lies below which of them its codec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHome {
    /// Its own folder.
    pub dir: PathBuf,
    /// Its main file.
    pub config: PathBuf,
    /// Where it keeps plugins.
    pub plugins: PathBuf,
    /// Where an administrator puts settings for it.
    pub managed: Vec<PathBuf>,
}
