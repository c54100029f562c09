//! Checks the states against each other: what is wanted, recorded, enabled, locked and on disk.
//! One function a check; every finding says what is wrong, where, and what `--fix` would do.

mod cache;
mod content;
mod files;
mod plugins;
mod policy;
mod refresh;
mod registry;
mod repair;
mod scan;
mod secrets;
mod servers;
mod skills;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::clients::claude::effective::ServerEntry;
use crate::clients::{self, FileProblem, Policy};
use crate::content::catalog::Catalog;
use crate::declared::lock::Lock;
use crate::formats::json::{self, Key};
use crate::model::{
    Change, Diagnostic, Fact, Files, InstallRecord, Intent, Roots, Row, Scope, TreeHash,
    WantedPlugin,
};
use crate::resolve::Observed;

pub use cache::Litter;
pub use plugins::wondered;
pub use registry::{Check, check_named, checks};
pub use repair::{Agreed, Repaired, questions, repair};
pub use scan::{Scan, scan};
pub use skills::SeenSkill;
pub use trust::{Altered, drifted, stale_candidates};

/// What the checks look at. Nothing is fetched and no process is started.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub roots: &'a Roots,
    /// Absent when there is no manifest.
    pub intent: Option<&'a Intent>,
    pub lock: &'a Lock,
    pub files: &'a Files,
    pub problems: &'a [FileProblem],
    pub observed: &'a Observed,
    /// The folders in the client's plugin cache that hold a version.
    pub cached: &'a BTreeSet<PathBuf>,
    /// The `.git/config` of each marketplace clone.
    pub git_configs: &'a BTreeMap<PathBuf, String>,
    /// Every entry of a server, and what the client makes of it.
    pub server_entries: &'a [ServerEntry],
    pub environment: &'a ServerEnvironment,
    /// The skills that the client can see.
    pub skills: &'a [SeenSkill],
    pub disk: &'a Disk,
    pub policy: &'a Policy,
    /// RFC 3339.
    pub now: &'a str,
}

/// What was looked up on the disk for doctor alone.
#[derive(Debug, Default)]
pub struct Disk {
    /// Which of the paths that [`wondered`] names are there.
    pub there: BTreeSet<PathBuf>,
    /// Client files that are read-only, behind links too.
    pub read_only: BTreeSet<PathBuf>,
    /// Registries that are links.
    pub links: BTreeSet<PathBuf>,
    /// What is in the installed plugins' folders.
    pub scans: BTreeMap<PathBuf, Scan>,
    /// Programs on PATH, of those that hooks begin with.
    pub programs: BTreeSet<String>,
    /// The catalogs of marketplaces at hand.
    pub catalogs: BTreeMap<String, Catalog>,
    /// What the marketplaces now have for the plugins of [`stale_candidates`].
    pub offered: BTreeMap<String, TreeHash>,
    /// How folders differ from the locked bytes, where those are at hand.
    pub altered: BTreeMap<PathBuf, Altered>,
    /// Marketplaces whose pin is a tag of their clone.
    pub tags: BTreeSet<String>,
    /// Marketplaces whose clone does not descend from the locked commit.
    pub rewritten: BTreeSet<String>,
    pub litter: Vec<Litter>,
}

/// Evidence about this machine that the checks of servers rely on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerEnvironment {
    /// For each command as written, with the folder of its plugin: whether there is such a program.
    pub commands: BTreeMap<(String, Option<PathBuf>), bool>,
    /// The variables that are set, of those that servers refer to.
    pub variables: BTreeSet<String>,
    /// The files that hold servers and that git tracks.
    pub tracked: BTreeSet<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Info,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Stable; each has a section in the book.
    pub id: &'static str,
    pub severity: Severity,
    /// The plugin, marketplace or file.
    pub about: String,
    /// The place and the cause.
    pub diagnostic: Diagnostic,
    pub fix: Fix,
}

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

impl ServerFix {
    fn words(self) -> &'static str {
        match self {
            Self::Wrap => "wraps the servers in `mcpServers`",
            Self::Move => "moves the servers to where the client looks",
            Self::AddType => "adds the `type` that the address tells",
        }
    }
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

impl RegistryFix {
    fn words(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuilds it from the manifest, the lock, the settings and the disk",
            Self::DropEntry => "takes the entry out of the registry",
            Self::MoveIndex => "moves the index into zskills' own list",
        }
    }
}

impl Fix {
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

/// Runs every check; the worst findings come first.
pub fn check(evidence: &Evidence) -> Vec<Finding> {
    let checks: [fn(&Evidence) -> Vec<Finding>; 41] = [
        files::problems,
        files::read_only,
        files::registries_under_control,
        plugins::wanted_but_missing,
        plugins::enabled_but_not_installed,
        plugins::inventory_without_marketplace_or_bytes,
        servers::wanted_but_missing,
        servers::commands,
        servers::variables,
        servers::foreign_syntax,
        servers::deprecated,
        servers::two_transports,
        servers::shadowed,
        servers::secrets,
        servers::unpinned,
        servers::pending,
        skills::missing,
        skills::recorded,
        skills::dangling,
        skills::unrecorded,
        skills::collisions,
        skills::linted,
        secrets::in_addresses,
        plugins::paths_of_another_machine,
        plugins::projects_that_are_gone,
        plugins::forgotten_by_the_project,
        plugins::unmet_dependencies,
        trust::drift_from_lock,
        trust::changed_sources,
        trust::doubled_sources,
        refresh::overdue,
        trust::look_alikes,
        trust::more_capabilities,
        trust::stale_bytes,
        content::hidden_characters,
        content::unsafe_trees,
        content::missing_commands,
        policy::denied,
        policy::approved_for_all,
        cache::bytes_without_inventory,
        cache::litter,
    ];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| check(evidence)).collect();
    findings.extend(skills::listing_budget(evidence));
    debug_assert!(
        findings.iter().all(|finding| check_named(finding.id).is_some()),
        "every id is in the registry"
    );
    findings.sort_by(|a, b| (a.severity, a.id, &a.about).cmp(&(b.severity, b.id, &b.about)));
    findings.dedup();
    findings
}

impl Evidence<'_> {
    /// Returns a complaint at a key of a client's file, or about the file when it is not to be found.
    fn at_key(&self, file: &Path, path: &[Key], text: String) -> Diagnostic {
        let content = self.files.get(file).map(String::from_utf8_lossy);
        let span = content.as_ref().and_then(|content| json::locate(content, path));
        match (&content, span) {
            (Some(content), Some(span)) => Diagnostic::span(file, content, span, text),
            _ => Diagnostic::whole(file, text),
        }
    }

    /// Returns a complaint where a fact is spelled.
    fn at(&self, fact: &Fact, text: String) -> Diagnostic {
        let place = clients::place(self.roots, fact);
        self.at_key(&place.file, &place.path(), text)
    }

    /// The same at one field of it.
    fn at_field(&self, fact: &Fact, field: &str, text: String) -> Diagnostic {
        let place = clients::place(self.roots, fact);
        let path = [place.path(), vec![Key::Name(field)]].concat();
        self.at_key(&place.file, &path, text)
    }

    /// Returns the client's record of a plugin in a scope of the current project.
    fn record(&self, id: &str, scope: Scope) -> Option<Row<'_, &InstallRecord>> {
        let reach = self.roots.reach(scope);
        self.observed.state.plugins().find(|row| row.name == id && *row.reach == reach)
    }

    /// Returns the records that count here: the user's and the current project's.
    fn records(&self) -> impl Iterator<Item = Row<'_, &InstallRecord>> {
        self.observed.state.plugins_in(&self.roots.project)
    }

    /// Tells whether the manifest names a plugin in a scope.
    fn wants(&self, id: &str, scope: Scope) -> bool {
        self.intent.is_some_and(|intent| {
            intent.plugins.iter().any(|want| want.id.to_string() == id && want.scope == scope)
        })
    }
}
