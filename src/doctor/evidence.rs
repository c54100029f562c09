//! What the checks look at. It is all gathered before: nothing is fetched here and no process is started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Altered, Litter, Scan, SeenSkill};
use crate::clients::{self, Field, FileProblem, PluginLayout, Policy, ServerEntry};
use crate::content::catalog::Catalog;
use crate::declared::lock::Lock;
use crate::formats::json::{self, Key};
use crate::model::{
    Client, Diagnostic, Fact, Files, InstallRecord, Intent, Position, Roots, Row, Scope, TreeHash,
    position,
};
use crate::resolve::Observed;

/// What the checks look at.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub roots: &'a Roots,
    /// Whose plugins and servers the manifest is about.
    pub client: Client,
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
    /// Which of the paths that [`wondered`](super::wondered) names are there.
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
    /// What the marketplaces now have for the plugins of [`stale_candidates`](super::stale_candidates).
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

impl Evidence<'_> {
    /// Returns a complaint at a key of a client's file, or about the file when it is not to be found.
    pub(super) fn at_key(&self, file: &Path, path: &[Key], text: String) -> Diagnostic {
        let content = self.files.get(file).map(String::from_utf8_lossy);
        let span = content.as_ref().and_then(|content| json::locate(content, path));
        match (&content, span) {
            (Some(content), Some(span)) => Diagnostic::span(file, content, span, text),
            _ => Diagnostic::whole(file, text),
        }
    }

    /// The same without the line, which may hold a secret.
    pub(super) fn near_key(&self, file: &Path, path: &[Key], text: String) -> Diagnostic {
        let content = self.files.get(file).map(String::from_utf8_lossy);
        let at = content.and_then(|content| {
            json::locate(&content, path).map(|span| position(&content, span.start))
        });
        Diagnostic::whole(file, text).near(at)
    }

    /// Returns a complaint where a fact is spelled.
    pub(super) fn at(&self, fact: &Fact, text: String) -> Diagnostic {
        let place = clients::place(self.roots, fact);
        self.at_key(&place.file, &place.path(), text)
    }

    /// The same at one field of it, where the client has one.
    pub(super) fn at_field(&self, fact: &Fact, field: Field, text: String) -> Diagnostic {
        let place = clients::place(self.roots, fact);
        let key = clients::layout(fact.client).key(&fact.item, field);
        let path = [place.path(), key.map(Key::Name).into_iter().collect()].concat();
        self.at_key(&place.file, &path, text)
    }

    pub(super) fn plugin_layout(&self) -> &'static dyn PluginLayout {
        clients::plugin_layout(self.client)
    }

    /// Returns the client's record of a plugin in a scope of the current project.
    pub(super) fn record(&self, id: &str, scope: Scope) -> Option<Row<'_, &InstallRecord>> {
        let reach = self.roots.reach(scope);
        self.observed.state.plugins().find(|row| row.name == id && *row.reach == reach)
    }

    /// Returns the records that count here: the user's and the current project's.
    pub(super) fn records(&self) -> impl Iterator<Item = Row<'_, &InstallRecord>> {
        self.observed.state.plugins_in(&self.roots.project)
    }

    /// Returns what is in the folder of each plugin that is recorded here.
    pub(super) fn scans(&self) -> impl Iterator<Item = (Row<'_, &InstallRecord>, &Scan)> {
        self.records().filter_map(|row| Some((row, self.disk.scans.get(&row.record.install_path)?)))
    }

    /// Tells whether the manifest names a plugin in a scope.
    pub(super) fn wants(&self, id: &str, scope: Scope) -> bool {
        self.intent.is_some_and(|intent| {
            intent.plugins.iter().any(|want| want.id.to_string() == id && want.scope == scope)
        })
    }
}

/// Returns a complaint about an entry of the manifest.
pub(super) fn in_manifest(intent: &Intent, at: Position, text: String) -> Diagnostic {
    Diagnostic::whole(&intent.manifest, text).near(Some(at))
}
