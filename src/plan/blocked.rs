//! Files that cannot be edited, or that the client would ignore: what is written into them waits,
//! and nothing else does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Diff, Inputs};
use crate::clients::{self, Cost, FileKind, FileProblem};
use crate::model::{Client, Diagnostic, Fact, Item, Note, Thing};

/// The files that stand in the way, with what is wrong with each.
pub(super) struct Blocked {
    files: BTreeMap<PathBuf, Fault>,
    /// Those that can be written, but that the client makes nothing of.
    idle: BTreeMap<PathBuf, Diagnostic>,
}

struct Fault {
    diagnostic: Diagnostic,
    /// The client does not go by what it holds either, so even what needs no change is not met.
    ignored: bool,
}

impl Blocked {
    /// Returns the files whose problems are known before anything is written.
    pub fn of(inputs: &Inputs) -> Self {
        let stops = |problem: &&FileProblem| {
            // An empty file holds nothing that a write could lose; but an inventory of skills did.
            let file = &problem.diagnostic.file;
            let full = || !is_blank(inputs.files.get(file));
            let kind = &problem.kind;
            matches!(kind.cost(), Cost::File | Cost::Writing)
                && (kind.file() == FileKind::Skills || full())
        };
        let mut files = BTreeMap::new();
        for problem in inputs.problems.iter().filter(stops) {
            let diagnostic = problem.diagnostic.clone();
            let ignored = problem.kind.cost() == Cost::File;
            let fault = Fault { diagnostic, ignored };
            files.entry(problem.diagnostic.file.clone()).or_insert(fault);
        }
        let mut idle = BTreeMap::new();
        for problem in inputs.problems.iter().filter(|p| p.kind.cost() == Cost::Effect) {
            let diagnostic = problem.diagnostic.clone();
            idle.entry(diagnostic.file.clone()).or_insert(diagnostic);
        }
        Self { files, idle }
    }

    /// Adds a file that cannot be edited.
    pub fn add(&mut self, fault: Diagnostic) {
        let file = fault.file.clone();
        self.files.entry(file).or_insert(Fault { diagnostic: fault, ignored: false });
    }

    /// Returns the file that a fact is written into, if it is blocked.
    fn file<'b>(&'b self, inputs: &Inputs, fact: &Fact) -> Option<(&'b PathBuf, &'b Fault)> {
        self.files.get_key_value(&clients::place(inputs.roots, fact).file)
    }

    /// Tells whether a file that would tell of a thing cannot be relied on, so that nothing follows from
    /// its absence.
    pub fn hides(&self, inputs: &Inputs, client: Client, thing: &Thing) -> bool {
        let item = match thing.clone() {
            Thing::Marketplace { name } => Item::Marketplace { name },
            Thing::Plugin { id, reach } => Item::Plugin { id, reach },
            Thing::Server { name, reach } => Item::Server { name, reach },
            Thing::Skill { name, reach } => Item::Skill { name, reach },
        };
        self.file(inputs, &item.of(client)).is_some()
    }

    /// Returns the things that have to wait, each with the file that it waits for: those with a fact in
    /// a blocked file, and the plugins of a marketplace that waits.
    pub fn things(&self, inputs: &Inputs, diff: &Diff) -> BTreeMap<Thing, PathBuf> {
        let mut held: BTreeMap<Thing, PathBuf> = BTreeMap::new();
        if self.files.is_empty() {
            return held;
        }
        let changed =
            diff.additions.iter().chain(&diff.removals).map(|change| (&change.fact, true));
        let wanted = diff.wanted.iter().map(|fact| (fact, false));
        for (fact, changes) in changed.chain(wanted) {
            let is_asked =
                inputs.wishes.only.as_ref().is_none_or(|only| only.contains(&fact.item.thing()));
            if let Some((file, fault)) = self.file(inputs, fact)
                && is_asked
                && (changes || fault.ignored)
            {
                held.entry(fact.item.thing()).or_insert_with(|| file.clone());
            }
        }
        let plugins = diff.wanted.iter().filter_map(|fact| match &fact.item {
            Item::Plugin { id, .. } => Some((fact.item.thing(), id.rsplit_once('@')?.1)),
            _ => None,
        });
        for (plugin, marketplace) in plugins.collect::<Vec<_>>() {
            let marketplace = Thing::Marketplace { name: marketplace.to_owned() };
            if let Some(file) = held.get(&marketplace).cloned() {
                held.entry(plugin).or_insert(file);
            }
        }
        held
    }

    /// Returns a note about each file that something waits for, and about each that the client ignores
    /// although a plugin is switched on there.
    pub fn notes(
        &self,
        inputs: &Inputs,
        held: &BTreeMap<Thing, PathBuf>,
        wanted: &BTreeSet<Fact>,
    ) -> Vec<Note> {
        let note = |fault: &Diagnostic, names: &BTreeSet<&str>, cost: &str| {
            let note = Note::broken(fault.clone(), format!("{} {cost}", listed(names)));
            let counts = inputs.wishes.named.as_ref().is_none_or(|named| named.has_any(names));
            if counts { note } else { note.mentioned() }
        };
        let mut waiting = Names::new();
        for (thing, file) in held {
            waiting.entry(file).or_default().insert(thing.name());
        }
        let wanted: Vec<(PathBuf, Thing)> = wanted
            .iter()
            .filter(|fact| matches!(fact.item, Item::Enabled { .. }))
            .map(|fact| (clients::place(inputs.roots, fact).file, fact.item.thing()))
            .filter(|(file, _)| self.idle.contains_key(file) && !self.files.contains_key(file))
            .collect();
        let mut ignored = Names::new();
        for (file, thing) in &wanted {
            ignored.entry(file).or_default().insert(thing.name());
        }
        let waiting = waiting.into_iter().filter_map(|(file, names)| {
            Some(note(&self.files.get(file)?.diagnostic, &names, "waits for it"))
        });
        let ignored = ignored
            .into_iter()
            .filter_map(|(file, names)| Some(note(self.idle.get(file)?, &names, "has no effect")));
        waiting.chain(ignored).collect()
    }
}

/// Names by the file in which they are wanted.
type Names<'a> = BTreeMap<&'a PathBuf, BTreeSet<&'a str>>;

/// Returns some names for people.
fn listed(names: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn is_blank(bytes: Option<&[u8]>) -> bool {
    bytes.is_none_or(|bytes| bytes.trim_ascii().is_empty())
}
