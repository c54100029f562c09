//! What a command asks of a plan beside the manifest: all of it is known before the plan is made.

use std::collections::{BTreeMap, BTreeSet};

use super::{Line, Named};
use crate::declared::ledger::Marks;
use crate::model::{Change, Client, Note, OwnFile, PluginId, Thing};

/// What a command asks for.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    pub prune: Prune,
    /// What is put there is a one-off: neither the manifest's nor ours afterwards.
    pub once: bool,
    /// Nothing but these is touched.
    pub only: Option<BTreeSet<Thing>>,
    /// Skills whose local edits are to be given up.
    pub discard: Vec<String>,
    /// What goes even if it is not ours, because somebody named it.
    pub going: BTreeSet<Thing>,
    /// Plugins whose bytes go from the client's cache at once.
    pub purge: BTreeSet<PluginId>,
    /// Whether a person agreed to the commands of installers that nobody agreed to before.
    pub consent: Consent,
    /// Whether a person agreed that most of what a manifest put there goes without being named.
    pub removals: Consent,
    /// The installers that this process has run, by package.
    pub ran: BTreeMap<String, Vec<String>>,
    /// A copy is kept of each folder that somebody altered and that is replaced.
    pub keep_copies: bool,
    /// What decides how the command ends; without it everything does.
    pub named: Option<Named>,
    /// What there is to say before the plan.
    pub said: Vec<Note>,
}

/// Which things that left the manifest, or were never in it, a sync takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prune {
    /// What zskills put there.
    #[default]
    Owned,
    /// That, and what it did not put into user scope.
    Unmanaged,
}

/// Whether a person agreed to something that is not done unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// Nobody was asked yet: the plan shows it, and is not to be applied while it has any.
    #[default]
    Unasked,
    Given,
    Refused,
    /// It needs the network, and there is to be none.
    Offline,
}

/// A file that is written before everything else, with the lines that say why.
#[derive(Debug, Clone)]
pub struct Repair {
    pub file: OwnFile,
    pub lines: Vec<Line>,
}

/// What is taken over as it stands: it becomes ours, and only our own files change for it.
#[derive(Debug, Clone, Default)]
pub struct Adopted {
    /// What becomes ours.
    pub claims: Vec<(Client, Thing)>,
    /// What the servers among them hold.
    pub applied: Vec<(Thing, Marks)>,
    /// Records of an inventory of ours.
    pub changes: Vec<Change>,
    pub lines: Vec<Line>,
}
