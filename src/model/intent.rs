//! What the user wants, checked.

use std::path::PathBuf;

use super::{
    MarketplaceName, PluginId, Position, Scope, ServerRecord, Source, Thing, is_glob, matches,
    matches_any,
};

/// A checked `skills.toml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intent {
    /// The manifest's own path, links resolved.
    pub manifest: PathBuf,
    pub marketplaces: Vec<WantedMarketplace>,
    pub plugins: Vec<WantedPlugin>,
    pub agent_skills: Vec<WantedSkill>,
    pub servers: Vec<WantedServer>,
    /// Servers that are switched off: they stay in the manifest and in no client.
    pub servers_off: Vec<WantedServer>,
    /// Entries for other machines and projects: nothing of them is wanted here, and the lock keeps what it has of them.
    pub elsewhere: Elsewhere,
    pub policy: TeamPolicy,
    pub history: HistoryRules,
}

/// The entries whose `when` does not fit this machine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Elsewhere {
    pub marketplaces: Vec<WantedMarketplace>,
    pub plugins: Vec<WantedPlugin>,
    pub agent_skills: Vec<WantedSkill>,
    pub servers: Vec<WantedServer>,
    /// Those among them that are for this machine, and for another project than this one.
    pub waiting: Vec<Waiting>,
}

/// An entry that waits for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What people call the entry: its name, or its source.
    pub name: String,
    /// The project that it is bound to; none when nobody named one yet.
    pub project: Option<PathBuf>,
}

impl Elsewhere {
    /// Tells whether an entry for another machine names a thing. What all of a source or a glob brings
    /// has to come from there.
    pub fn names(&self, thing: &Thing, comes_from: impl Fn(&WantedSkill) -> bool) -> bool {
        let name = thing.name();
        match thing {
            Thing::Marketplace { .. } => {
                self.marketplaces.iter().any(|wanted| wanted.name.as_str() == name)
                    || self.plugins.iter().any(|wanted| wanted.id.marketplace.as_str() == name)
            }
            Thing::Plugin { .. } => self.plugins.iter().any(|wanted| wanted.id.to_string() == name),
            Thing::Server { .. } => self.servers.iter().any(|wanted| wanted.name == name),
            Thing::Skill { .. } => self
                .agent_skills
                .iter()
                .any(|wanted| wanted.names(name) || (wanted.brings(name) && comes_from(wanted))),
        }
    }
}

/// The `[policy]` table: what a team lets its manifests take in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamPolicy {
    /// Empty when any source will do.
    pub allow: Vec<SourceRule>,
    pub deny: Vec<SourceRule>,
    /// Where it is asked that every marketplace that git fetches has a `pin`.
    pub require_pin: Option<Position>,
    /// How many days a commit must be old before it is taken for the first time, and where that stands.
    pub min_age: Option<(u32, Position)>,
    /// Sources of which known scripts may change without a question.
    pub accept_changes: Vec<SourceRule>,
}

/// The `[history]` table: how much of the past is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRules {
    /// How many runs can be taken back.
    pub keep: u32,
    /// How many bytes that may take.
    pub max_bytes: u64,
}

impl Default for HistoryRules {
    fn default() -> Self {
        Self { keep: 20, max_bytes: 1 << 30 }
    }
}

/// A glob over sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRule {
    pub glob: String,
    pub at: Position,
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

/// One `[[agent_skills]]` entry: one skill or many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSkill {
    /// Absent for a skill that is only kept track of.
    pub source: Option<SkillSource>,
    /// The source as written, for the lock.
    pub written: Option<String>,
    /// Names and globs; empty for all that the source has.
    pub names: Vec<String>,
    /// Names and globs of what is left out of that.
    pub exclude: Vec<String>,
    /// A tag, branch or full commit.
    pub pin: Option<String>,
    /// The words of the command that puts the skills of an npm package in place.
    pub install_cmd: Option<Vec<String>>,
    /// Globs of further skill names that come with this entry.
    pub claims: Vec<String>,
    pub scope: Scope,
    /// Whether clients that look elsewhere get a link.
    pub link: bool,
    /// What is switched off stays installed, and no client that looks elsewhere sees it.
    pub enabled: bool,
    pub at: Position,
}

impl WantedSkill {
    /// Tells whether a skill of its source is wanted.
    pub fn brings(&self, name: &str) -> bool {
        matches_any(&self.names, name) && !self.excludes(name)
    }

    /// Tells whether a skill of its source is left out. What is named is not.
    pub fn excludes(&self, name: &str) -> bool {
        !self.names(name) && self.exclude.iter().any(|pattern| matches(pattern, name))
    }

    /// Tells whether a skill is wanted with all of the source or by a glob, not by its name alone.
    pub fn sweeps_in(&self, name: &str) -> bool {
        let by_glob = |pattern: &String| is_glob(pattern) && matches(pattern, name);
        (self.names.is_empty() || self.names.iter().any(by_glob))
            && !self.exclude.iter().any(|pattern| matches(pattern, name))
    }

    fn names(&self, name: &str) -> bool {
        self.names.iter().any(|wanted| wanted == name)
    }
}

/// Where skills come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkillSource {
    /// A repository or local folder, and the folder in it to look in, with `/` between names.
    Tree { source: Source, path: Option<String> },
    /// A host that lists its skills below `/.well-known/`.
    WellKnown { url: String },
    /// A package, with or without `@version`.
    Npm { package: String },
}

/// One `[[mcps]]` entry.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedServer {
    pub name: String,
    /// What the entry asks for; how the server is reached is always known.
    pub record: ServerRecord,
    pub scope: Scope,
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
