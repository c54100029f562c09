//! What the user wants, checked.

use std::path::PathBuf;

use super::{MarketplaceName, PluginId, Position, Scope, Source};

/// A checked `skills.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The manifest's own path, links resolved.
    pub manifest: PathBuf,
    pub marketplaces: Vec<WantedMarketplace>,
    pub plugins: Vec<WantedPlugin>,
}

/// One `[[marketplaces]]` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedMarketplace {
    pub name: MarketplaceName,
    /// Absent when the client's registry, or our list of well-known names, has to say.
    pub source: Option<Source>,
    /// The source as written, for the lock: relative paths stay relative.
    pub written: Option<String>,
    /// A tag, branch or full commit.
    pub pin: Option<String>,
    pub auto_update: Option<bool>,
    pub at: Position,
}

/// One `[[skills]]` entry: a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPlugin {
    pub id: PluginId,
    pub version: Option<semver::VersionReq>,
    pub enabled: bool,
    pub scope: Scope,
    /// A tag, branch or full commit of the plugin's own source.
    pub pin: Option<String>,
    pub at: Position,
}

/// Marketplaces that may go without `source`, and their GitHub repositories.
pub const WELL_KNOWN_MARKETPLACES: [(&str, &str); 3] = [
    ("anthropic-agent-skills", "anthropics/skills"),
    ("claude-code-plugins", "anthropics/claude-code"),
    ("claude-plugins-official", "anthropics/claude-plugins-official"),
];

/// Returns the source of a marketplace that everybody knows by name.
pub fn well_known_marketplace(name: &MarketplaceName) -> Option<Source> {
    let (_, repo) = WELL_KNOWN_MARKETPLACES.iter().find(|(known, _)| *known == name.as_str())?;
    Some(Source::GitHub { repo: (*repo).to_owned(), reference: None })
}
