//! What resolving is asked, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Part;
use crate::clients::Policy;
use crate::content::skill::foreign::Provenance;
use crate::declared::lock::Lock;
use crate::model::{
    Client, Commit, Intent, MarketplaceName, Note, PluginId, Roots, Scope, ServerRecord, SkillName,
    SkillRecord, Source, State, TreeHash, WantedPlugin, WantedSkill,
};

/// Everything the answer depends on, but for what was found out on the way.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub roots: &'a Roots,
    pub intent: &'a Intent,
    /// Whose plugins these are.
    pub client: Client,
    /// Wanted for this once: neither locked nor ours afterwards.
    pub extra: &'a [WantedPlugin],
    pub lock: &'a Lock,
    pub observed: &'a Observed,
    pub movement: &'a Movement,
    pub skills: SkillsAsked<'a>,
    /// What the administrator allows.
    pub policy: &'a Policy,
    /// Plugins whose new capabilities are accepted.
    pub accepted: &'a [String],
    /// Seconds since 1970.
    pub now: u64,
}

/// What is asked about skills beside the manifest.
#[derive(Clone, Copy, Default)]
pub struct SkillsAsked<'a> {
    /// Wanted for this once: neither locked nor ours.
    pub extra: &'a [WantedSkill],
    /// Those whose local edits are to be given up.
    pub discard: &'a [String],
    /// Those that move to the newest of their source.
    pub moving: &'a [String],
}

/// Which things move to the newest of their source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Movement {
    /// Keep what is locked or installed when it meets the intent: `sync` never upgrades.
    #[default]
    Keep,
    /// Ask every source for its newest. What is pinned never moves.
    Newest,
    /// The same for these alone.
    Some { marketplaces: BTreeSet<MarketplaceName>, plugins: BTreeSet<PluginId> },
}

impl Movement {
    pub fn moves_marketplace(&self, name: &MarketplaceName) -> bool {
        match self {
            Self::Keep => false,
            Self::Newest => true,
            Self::Some { marketplaces, .. } => marketplaces.contains(name),
        }
    }

    pub fn moves_plugin(&self, id: &PluginId) -> bool {
        match self {
            Self::Keep => false,
            Self::Newest => true,
            Self::Some { plugins, .. } => plugins.contains(id),
        }
    }
}

/// What the client's files say and what lies on disk.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub state: State,
    /// The hashes of the plugin folders that exist.
    pub trees: BTreeMap<PathBuf, TreeHash>,
    /// The commits that marketplace clones stand at.
    pub heads: BTreeMap<PathBuf, Commit>,
    /// The digests of catalogs that the client keeps as a plain file.
    pub catalogs: BTreeMap<PathBuf, TreeHash>,
    /// The marketplaces that the client unpacked from an archive: no `.git`, a `.gcs-sha` instead.
    pub unpacked: BTreeSet<PathBuf>,
    /// What stands where a marketplace belongs, be it what it may.
    pub present: BTreeSet<PathBuf>,
    pub shelves: BTreeMap<Scope, Shelf>,
    /// What other installers noted about the skills they put there.
    pub provenance: BTreeMap<(Scope, String), Provenance>,
    /// The administrator's file that rules out every other server, where there is one.
    pub only_servers: Option<PathBuf>,
}

/// The skills of one scope on disk, and what the clients' own folders hold for them.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// As configured; `real` has the links in it resolved.
    pub folder: PathBuf,
    pub real: PathBuf,
    pub skills: BTreeMap<String, Shelved>,
    pub clients: BTreeMap<Client, ClientShelf>,
}

/// The folder in which one client looks for the skills of a scope.
#[derive(Debug, Clone, Default)]
pub struct ClientShelf {
    /// As configured; `real` has the links in it resolved.
    pub folder: PathBuf,
    pub real: PathBuf,
    /// It is the folder of the skills themselves, so that there is nothing to link.
    pub is_shared: bool,
    /// Links can be made in it, as far as is known.
    pub links_work: bool,
    /// Empty when it is shared.
    pub skills: BTreeMap<String, AtClient>,
}

/// What stands where a skill belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shelved {
    /// The hash is known for skills of the inventory or the lock.
    Folder { tree: Option<TreeHash>, is_skill: bool, is_clone: bool },
    /// A link or a file, which somebody else put there.
    Other,
}

/// What a client's own folder holds under the name of a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtClient {
    /// A link that leads, or will lead, to the skill.
    Linked,
    /// A link to another place.
    Elsewhere {
        target: PathBuf,
        dangling: bool,
    },
    Folder {
        tree: Option<TreeHash>,
        is_skill: bool,
    },
    Other,
}

/// What should be.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    pub marketplaces: BTreeMap<MarketplaceName, DesiredMarketplace>,
    pub plugins: BTreeMap<(PluginId, Scope), DesiredPlugin>,
    pub skills: BTreeMap<(SkillName, Scope), DesiredSkill>,
    /// Skills that stay although nothing is known about how they should be.
    pub kept_skills: BTreeSet<(String, Scope)>,
    pub installers: Vec<DesiredInstaller>,
    /// In the order in which they are to be written.
    pub servers: Vec<DesiredServer>,
    /// Servers that stay although they may not be as the manifest has them.
    pub kept_servers: BTreeSet<(String, Scope)>,
    /// Each commit that is new, with one that it replaces although its history does not hold that.
    pub rewritten: BTreeSet<(Commit, Commit)>,
}

#[derive(Debug, Clone)]
pub struct DesiredSkill {
    /// What the inventory should say, but for the time and the links.
    pub record: SkillRecord,
    /// What to place, when what is there is not it.
    pub bytes: Option<Part>,
    /// Whether clients that look elsewhere get a link.
    pub link: bool,
    /// What is switched off gets none, and nothing else is to lead there.
    pub enabled: bool,
    /// Wanted for this once, so that it does not become ours.
    pub once: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DesiredServer {
    pub name: String,
    pub scope: Scope,
    pub record: ServerRecord,
}

/// A command that puts the skills of an npm package in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredInstaller {
    pub package: String,
    pub command: Vec<String>,
    pub scope: Scope,
    /// Something that it should have brought is not there.
    pub missing: Option<String>,
    /// Newer skills are asked for.
    pub refresh: bool,
}

#[derive(Debug, Clone)]
pub struct DesiredMarketplace {
    /// In the manifest, or used by what is.
    pub declared: bool,
    pub source: Source,
    pub pin: Option<String>,
    pub auto_update: Option<bool>,
    /// Where the client is told to look.
    pub location: PathBuf,
    pub commit: Option<Commit>,
    /// The checkout, or catalog file, to place at `location`, when what is there is not it.
    pub bytes: Option<PathBuf>,
    /// Its source was asked for what is newest, and answered.
    pub refreshed: bool,
}

#[derive(Debug, Clone)]
pub struct DesiredPlugin {
    /// In the manifest, or a dependency of what is.
    pub declared: bool,
    pub enabled: bool,
    pub auto: bool,
    pub version: String,
    pub commit: Option<Commit>,
    pub install_path: PathBuf,
    /// What to place at `install_path`, when what is there is not it.
    pub bytes: Option<Placement>,
}

/// A plugin's folder that is to be copied into place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub from: PathBuf,
    pub hash: TreeHash,
    /// What becomes of a folder of the same version, if there is one.
    pub replaces: Option<Replaced>,
}

/// What is wrong with a folder that makes room for another one of the same version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It had been recorded with other bytes: it was altered on disk.
    Altered,
    /// It is the locked one; the source has new content.
    Renewed,
}

/// The outcome of resolving.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    pub desired: Desired,
    pub lock: Lock,
    pub notes: Vec<Note>,
    /// Wanted plugins that their marketplace no longer lists, and what it calls them now.
    pub delisted: BTreeMap<PluginId, Option<String>>,
    /// What a person has to accept first: by where it comes from, what `--accept-capabilities` takes
    /// with what is new about it.
    pub offers: BTreeMap<String, BTreeMap<String, String>>,
}
