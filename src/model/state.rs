//! What a client's files say, as a flat map of facts; and the difference between two such maps.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::{Client, Scope, SkillRecord};

/// The name of one fact in a client's files. Names are as found: a client may hold what we would refuse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A registered marketplace (`known_marketplaces.json`).
    Marketplace { name: String },
    /// A marketplace that settings declare (`extraKnownMarketplaces`).
    Declared { name: String, scope: Scope },
    /// An inventory record (`installed_plugins.json`); `project` is absent in user scope.
    Plugin { id: String, scope: Scope, project: Option<PathBuf> },
    /// The switch in settings (`enabledPlugins`).
    Enabled { id: String, scope: Scope },
    /// An MCP server; `project` is absent in user scope.
    Server { name: String, scope: Scope, project: Option<PathBuf> },
    /// An entry of a skills inventory (`.zskills.json`); `project` is absent in user scope.
    Skill { name: String, scope: Scope, project: Option<PathBuf> },
}

impl Item {
    /// Returns what a person would call the thing that this fact is a part of.
    pub fn thing(&self) -> Thing {
        match self {
            Self::Marketplace { name } | Self::Declared { name, .. } => {
                Thing::Marketplace { name: name.clone() }
            }
            Self::Plugin { id, scope, .. } | Self::Enabled { id, scope } => {
                Thing::Plugin { id: id.clone(), scope: *scope }
            }
            Self::Server { name, scope, .. } => Thing::Server { name: name.clone(), scope: *scope },
            Self::Skill { name, scope, .. } => Thing::Skill { name: name.clone(), scope: *scope },
        }
    }
}

/// What a person names when they say "add" or "remove": one thing may be several facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    Marketplace { name: String },
    Plugin { id: String, scope: Scope },
    Server { name: String, scope: Scope },
    Skill { name: String, scope: Scope },
}

impl Thing {
    /// Returns the word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Marketplace { .. } => "marketplace",
            Self::Plugin { .. } => "plugin",
            Self::Server { .. } => "mcp server",
            Self::Skill { .. } => "agent skill",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Marketplace { name } | Self::Server { name, .. } | Self::Skill { name, .. } => {
                name
            }
            Self::Plugin { id, .. } => id,
        }
    }

    /// Returns where it holds; a marketplace is the user's, whatever its plugins are.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Marketplace { .. } => Scope::User,
            Self::Plugin { scope, .. } | Self::Server { scope, .. } | Self::Skill { scope, .. } => {
                *scope
            }
        }
    }
}

/// The value of one fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Marketplace(KnownMarketplace),
    Declared(Value),
    Plugin(InstallRecord),
    Enabled(bool),
    /// The entry as the client holds it, such as `{"type":"stdio","command":"x"}`.
    Server(Value),
    Skill(SkillRecord),
}

/// An entry of `known_marketplaces.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMarketplace {
    /// The client's own source object, such as `{"source":"github","repo":"o/r"}`.
    pub source: Value,
    pub install_location: PathBuf,
    /// RFC 3339 with milliseconds.
    pub last_updated: String,
    pub auto_update: Option<bool>,
}

/// An entry of `installed_plugins.json`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstallRecord {
    pub install_path: PathBuf,
    pub version: Option<String>,
    pub installed_at: Option<String>,
    pub last_updated: Option<String>,
    pub commit: Option<String>,
    /// Installed only because another plugin depends on it.
    pub auto: bool,
}

/// Everything that a client's files say about the things we manage.
pub type State = BTreeMap<Item, Record>;

/// One fact that is to become another; `None` is absence.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub client: Client,
    pub item: Item,
    pub before: Option<Record>,
    pub after: Option<Record>,
}
