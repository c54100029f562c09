//! Checks the states against each other: what is wanted, recorded, enabled, locked and on disk.
//! One function a check; every finding says what is wrong, where, and what `--fix` would do.

mod files;
mod plugins;
mod secrets;
mod servers;
mod skills;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use skills::SeenSkill;

use crate::clients::FileProblem;
use crate::clients::claude::standing::Standing;
use crate::lock::Lock;
use crate::model::{Diagnostic, Files, Intent, Roots, WantedPlugin};
use crate::resolve::Observed;

/// What the checks look at. Nothing is fetched and no process is started.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
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
    pub standings: &'a [Standing],
    pub around: &'a Around,
    /// The skills that the client can see.
    pub skills: &'a [SeenSkill],
}

/// Facts about this machine that the checks of servers rely on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Around {
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
    /// Write servers so that the client uses them, with the words for it.
    Mend(&'static str),
    /// Rewrite the file, after a copy of it was put aside.
    Repair(&'static str),
    /// Nothing; a person has to decide, and this is what to do.
    ByHand(String),
}

impl Fix {
    /// Returns what it does, in words that go on from "fix:".
    pub fn describe(&self) -> String {
        match self {
            Self::Sync => "`--fix` puts it right from the manifest and the lock".to_owned(),
            Self::Install(_) => "`--fix` installs it".to_owned(),
            Self::Mend(what) => format!("`--fix` {what}"),
            Self::Repair(what) => format!("`--fix` {what}, and keeps a copy of the file"),
            Self::ByHand(what) => what.clone(),
        }
    }

    pub fn is_automatic(&self) -> bool {
        !matches!(self, Self::ByHand(_))
    }
}

/// Runs every check; the worst findings come first.
pub fn check(facts: &Facts) -> Vec<Finding> {
    let checks: [fn(&Facts) -> Vec<Finding>; 23] = [
        files::problems,
        plugins::wanted_but_missing,
        plugins::enabled_but_not_installed,
        plugins::inventory_without_marketplace_or_bytes,
        plugins::drift_from_lock,
        plugins::bytes_without_inventory,
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
    ];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| check(facts)).collect();
    findings.extend(skills::listing_budget(facts));
    findings.sort_by(|a, b| (a.severity, a.id, &a.about).cmp(&(b.severity, b.id, &b.about)));
    findings.dedup();
    findings
}
