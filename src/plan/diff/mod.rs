//! What has to change, fact by fact, and whose each thing is.

mod lines;
mod remove;
mod servers;
mod skills;
mod want;

use std::collections::{BTreeMap, BTreeSet};

pub use servers::{entry as server_entry, is_met};

use super::{Bytes, Inputs, Line, Step};
use crate::declared::ledger::Ledger;
use crate::model::{Change, Client, Fact, Item, Note, Record, Source, Thing};
use crate::resolve::DesiredMarketplace;

/// The outcome: facts to add or change, facts to remove, bytes to place, and the ledger around them.
pub(super) struct Diff {
    pub additions: Vec<Change>,
    pub removals: Vec<Change>,
    pub places: Vec<Step>,
    /// Links to make once their skills are in place.
    pub links: Vec<Step>,
    /// Links to take away before their skills go.
    pub unlinks: Vec<Step>,
    /// Folders that go to the trash.
    pub trash: Vec<Step>,
    /// Commands that install by themselves.
    pub runs: Vec<Step>,
    pub lines: Vec<Line>,
    pub notes: Vec<Note>,
    /// The ledger before the first step: it already claims what is about to be put there.
    pub claimed: Ledger,
    /// The ledger after the last step.
    pub released: Ledger,
}

pub(super) fn diff(inputs: &Inputs) -> Diff {
    let mut diff = Diff {
        additions: Vec::new(),
        removals: Vec::new(),
        places: Vec::new(),
        links: Vec::new(),
        unlinks: Vec::new(),
        trash: Vec::new(),
        runs: Vec::new(),
        lines: Vec::new(),
        notes: Vec::new(),
        claimed: inputs.ledger.clone(),
        released: Ledger::default(),
    };
    let wanted = want::facts(inputs);
    add(inputs, &wanted, &mut diff);
    skills::add(inputs, &mut diff);
    servers::add(inputs, &mut diff);
    diff.released = diff.claimed.clone();
    servers::remember(inputs, &mut diff);
    remove::remove(inputs, &mut diff);
    skills::remove(inputs, &mut diff);
    diff
}

fn add(inputs: &Inputs, wanted: &BTreeMap<Fact, Record>, diff: &mut Diff) {
    let mut things: BTreeMap<Thing, Vec<Change>> = BTreeMap::new();
    for (fact, after) in wanted {
        let before = inputs.state.get(fact);
        if before != Some(after) {
            things.entry(fact.item.thing()).or_default().push(Change {
                fact: fact.clone(),
                before: before.cloned(),
                after: Some(after.clone()),
            });
        }
    }
    for (name, marketplace) in &inputs.desired.marketplaces {
        let thing = Thing::Marketplace { name: name.to_string() };
        let changes = things.remove(&thing).unwrap_or_default();
        diff.places.extend(marketplace_place(marketplace));
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
        let changes = things.remove(&thing).unwrap_or_default();
        if let Some(placement) = &plugin.bytes
            && placed.insert(&plugin.install_path)
        {
            diff.places.push(Step::Place {
                from: placement.from.clone(),
                to: plugin.install_path.clone(),
                what: Bytes::Tree,
            });
        }
        diff.lines.extend(lines::plugin(&thing, plugin, &changes));
        take(inputs, diff, &thing, changes, plugin.declared);
    }
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
    if declared && founding && inputs.save {
        diff.claimed.insert(inputs.roots, inputs.client, thing, &inputs.intent.manifest);
    }
    diff.additions.extend(changes);
}

fn marketplace_place(marketplace: &DesiredMarketplace) -> Option<Step> {
    let what = match marketplace.source {
        Source::GitHub { .. } | Source::Git { .. } => Bytes::Clone,
        Source::Url { .. } => Bytes::File,
        Source::Directory { .. } | Source::File { .. } => return None,
    };
    let from = marketplace.bytes.clone()?;
    Some(Step::Place { from, to: marketplace.location.clone(), what })
}
