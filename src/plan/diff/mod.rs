//! What has to change, fact by fact, and whose each thing is.

mod lines;
mod purge;
mod remove;
mod servers;
mod skills;
mod unmet;
mod want;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use servers::is_met;

use super::blocked::Blocked;
use super::{Action, Bytes, Inputs, Line, Step, copy_of, staging};
use crate::declared::ledger::Ledger;
use crate::model::{Change, Client, Fact, Item, Note, Source, Thing};
use crate::resolve::{DesiredMarketplace, DesiredPlugin, Placement, Replaced};

/// The outcome: facts to add or change, facts to remove, bytes to place, and the ledger around them.
pub(super) struct Diff {
    /// Every fact that should be, whether it has to change or not.
    pub wanted: BTreeSet<Fact>,
    pub additions: Vec<Change>,
    pub removals: Vec<Change>,
    /// Copies of what is about to be replaced.
    pub backups: Vec<Step>,
    pub places: Vec<Step>,
    /// Links to make once their skills are in place.
    pub links: Vec<Step>,
    /// Links to take away before their skills go.
    pub unlinks: Vec<Step>,
    /// Folders that go to the trash.
    pub trash: Vec<Step>,
    /// Commands that install by themselves.
    pub runs: Vec<Step>,
    /// How many things stay because most would go, and nobody agreed to that.
    pub withheld: usize,
    /// Bytes that nothing names any more.
    pub deletes: Vec<Step>,
    pub lines: Vec<Line>,
    pub notes: Vec<Note>,
    /// The ledger before the first step: it already claims what is about to be put there.
    pub claimed: Ledger,
    /// The ledger after the last step.
    pub released: Ledger,
}

/// Things that are left as they are.
#[derive(Debug, Default)]
pub(super) struct Held<'a> {
    /// Those that wait for a file.
    pub waiting: BTreeMap<Thing, PathBuf>,
    /// Everything but these.
    pub only: Option<&'a BTreeSet<Thing>>,
}

impl Held<'_> {
    pub fn contains(&self, thing: &Thing) -> bool {
        self.waiting.contains_key(thing) || self.only.is_some_and(|only| !only.contains(thing))
    }
}

/// What stays because most would go, and nobody agreed to that.
const MANY: &str = "stays: most would go, which needs `--yes`";

pub(super) fn diff(inputs: &Inputs, blocked: &Blocked, held: &Held) -> Diff {
    let mut diff = Diff {
        wanted: BTreeSet::new(),
        additions: Vec::new(),
        removals: Vec::new(),
        backups: Vec::new(),
        places: Vec::new(),
        links: Vec::new(),
        unlinks: Vec::new(),
        trash: Vec::new(),
        runs: Vec::new(),
        withheld: 0,
        deletes: Vec::new(),
        lines: Vec::new(),
        notes: Vec::new(),
        claimed: inputs.ledger.clone(),
        released: Ledger::default(),
    };
    diff.additions.extend(inputs.adopted.changes.iter().cloned());
    plugins(inputs, held, &mut diff);
    skills::add(inputs, held, &mut diff);
    servers::add(inputs, held, &mut diff);
    diff.released = diff.claimed.clone();
    servers::remember(inputs, held, &mut diff);
    let unmet = unmet::unmet(inputs);
    remove::remove(inputs, blocked, held, &unmet, &mut diff);
    skills::remove(inputs, held, unmet.skill.as_deref(), &mut diff);
    purge::purge(inputs, &mut diff);
    diff
}

/// Adds what makes every wanted marketplace and plugin true.
fn plugins(inputs: &Inputs, held: &Held, diff: &mut Diff) {
    let mut things: BTreeMap<Thing, Vec<Change>> = BTreeMap::new();
    for (fact, after) in want::facts(inputs) {
        let before = inputs.state.get(&fact);
        let thing = fact.item.thing();
        diff.wanted.insert(fact.clone());
        if before != Some(&after) && !held.contains(&thing) {
            let before = before.cloned();
            things.entry(thing).or_default().push(Change { fact, before, after: Some(after) });
        }
    }
    for (name, marketplace) in &inputs.desired.marketplaces {
        let thing = Thing::Marketplace { name: name.to_string() };
        if held.contains(&thing) {
            continue;
        }
        let changes = things.remove(&thing).unwrap_or_default();
        diff.places.extend(marketplace_place(inputs, &thing, marketplace));
        let mut line = lines::marketplace(&thing, marketplace, &changes);
        if let Some(line) = &mut line {
            line.text += &lines::rewritten(inputs, marketplace.commit.as_ref(), None);
        }
        diff.lines.extend(line);
        take(inputs, diff, &thing, changes, marketplace.declared);
    }
    let mut placed = BTreeSet::new();
    for ((id, scope), plugin) in &inputs.desired.plugins {
        let thing = Thing::Plugin { id: id.to_string(), reach: inputs.roots.reach(*scope) };
        if held.contains(&thing) {
            continue;
        }
        let changes = things.remove(&thing).unwrap_or_default();
        if let Some(placement) = &plugin.bytes
            && placed.insert(&plugin.install_path)
        {
            diff.backups.extend(backup(inputs, &thing, plugin, placement));
            let to = plugin.install_path.clone();
            let action = Action::Place {
                from: placement.from.clone(),
                what: Bytes::Tree,
                staging: staging(inputs, &to),
                content: Some(placement.hash.to_string()),
                to,
            };
            diff.places.push(Step::of(&thing, action));
        }
        diff.lines.extend(lines::plugin(&thing, plugin, &changes));
        take(inputs, diff, &thing, changes, plugin.declared);
    }
}

/// Returns the step that keeps a copy of a folder that somebody altered, if copies are to be kept.
fn backup(
    inputs: &Inputs,
    thing: &Thing,
    plugin: &DesiredPlugin,
    placement: &Placement,
) -> Option<Step> {
    let altered = placement.replaces == Some(Replaced::Altered);
    (altered && inputs.wishes.keep_copies).then(|| {
        let to = copy_of(inputs.roots, inputs.now, &plugin.install_path);
        let action = Action::Place {
            from: plugin.install_path.clone(),
            what: Bytes::Backup,
            staging: staging(inputs, &to),
            content: None,
            to,
        };
        Step::of(thing, action)
    })
}

/// Returns what the manifest put into a client.
fn ours(inputs: &Inputs, client: Client) -> BTreeSet<Thing> {
    let ours = inputs.ledger.of_manifest(inputs.roots, &inputs.intent.manifest);
    let own = ours.into_iter().filter(|(owner, _)| *owner == client);
    own.map(|(_, thing)| thing).collect()
}

/// Adds the changes of a thing; it becomes ours when it is declared and its first fact comes from us.
fn take(inputs: &Inputs, diff: &mut Diff, thing: &Thing, changes: Vec<Change>, declared: bool) {
    let founding = changes.iter().any(|change| {
        change.before.is_none()
            && matches!(change.fact.item, Item::Marketplace { .. } | Item::Plugin { .. })
    });
    if declared && founding && !inputs.wishes.once {
        diff.claimed.insert(inputs.roots, inputs.client, thing, &inputs.intent.manifest);
    }
    diff.additions.extend(changes);
}

fn marketplace_place(
    inputs: &Inputs,
    thing: &Thing,
    marketplace: &DesiredMarketplace,
) -> Option<Step> {
    let what = match marketplace.source {
        Source::GitHub { .. } | Source::Git { .. } => Bytes::Clone,
        Source::Url { .. } => Bytes::File,
        Source::Directory { .. } | Source::File { .. } => return None,
    };
    let (from, to) = (marketplace.bytes.clone()?, marketplace.location.clone());
    let staging = staging(inputs, &to);
    let content = marketplace.commit.as_ref().filter(|_| what == Bytes::Clone);
    let content = content.map(ToString::to_string);
    Some(Step::of(thing, Action::Place { from, to, what, staging, content }))
}
