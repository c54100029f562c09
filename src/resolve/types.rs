//! What resolving is asked, what it may need, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::catalog::{Catalog, PluginManifest};
use crate::fetch::Request;
use crate::lock::Lock;
use crate::model::{
    Commit, Intent, Level, MarketplaceName, Note, PluginId, Roots, Scope, Source, State, TreeHash,
    WantedPlugin,
};

/// Everything the answer depends on, but for what was found out on the way.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub roots: &'a Roots,
    pub intent: &'a Intent,
    /// Wanted for this once: neither locked nor ours afterwards.
    pub extra: &'a [WantedPlugin],
    pub lock: &'a Lock,
    pub observed: &'a Observed,
    pub movement: Movement,
}

/// Whether an entry without a lock settles for what the client already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// Keep what is installed when it meets the intent: `sync` never upgrades.
    Keep,
    /// Ask the sources for their newest.
    Newest,
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
    /// What stands where a marketplace belongs, be it what it may.
    pub present: BTreeSet<PathBuf>,
}

/// Where bytes come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Fetched(Request),
    Local(PathBuf),
}

/// Something that has to be found out before resolving can go on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The catalog of a marketplace.
    Catalog(Origin),
    /// The hash and manifest of a plugin's folder.
    Tree { origin: Origin, folder: String },
    /// Whether a clone is free of local edits and commits.
    Clean(PathBuf),
}

/// What was found out.
#[derive(Debug, Clone)]
pub enum Answer {
    Catalog(CatalogAt),
    Tree(TreeAt),
    Clean(bool),
}

/// A catalog and where its marketplace lies.
#[derive(Debug, Clone)]
pub struct CatalogAt {
    /// The marketplace's root folder; for a catalog behind a URL, the file.
    pub root: PathBuf,
    pub commit: Option<Commit>,
    pub digest: TreeHash,
    pub catalog: Catalog,
}

/// A plugin's folder, checked: nothing in it leaves it.
#[derive(Debug, Clone)]
pub struct TreeAt {
    pub root: PathBuf,
    pub commit: Option<Commit>,
    /// The version of an npm package.
    pub package: Option<String>,
    pub hash: TreeHash,
    pub manifest: Option<PluginManifest>,
}

/// Why something could not be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub level: Level,
    pub text: String,
    pub hint: Option<String>,
}

pub type Answers = BTreeMap<Need, Result<Answer, Trouble>>;

/// What should be.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    pub marketplaces: BTreeMap<MarketplaceName, DesiredMarketplace>,
    pub plugins: BTreeMap<(PluginId, Scope), DesiredPlugin>,
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
    /// What is there now is the locked version with other bytes: it was altered on disk.
    pub altered: bool,
}

/// The outcome of resolving.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    pub desired: Desired,
    pub lock: Lock,
    pub notes: Vec<Note>,
    /// Empty when the rest is final.
    pub needs: BTreeSet<Need>,
}
