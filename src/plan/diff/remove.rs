//! What leaves: what is ours and has left the manifest, and with `--prune` what never was in it.

use std::collections::BTreeSet;

use super::unmet::Unmet;
use super::{Diff, Held, MANY};
use crate::clients;
use crate::model::{
    Change, Fact, InstallRecord, Note, PluginId, Reach, Record, Row, Scope, Thing,
    WELL_KNOWN_MARKETPLACES,
};
use crate::plan::blocked::Blocked;
use crate::plan::{Consent, Inputs, Line, Prune, Sign};

/// Takes away what is ours and has left the manifest; reports the rest, or with `--prune` removes it.
pub(super) fn remove(
    inputs: &Inputs,
    blocked: &Blocked,
    held: &Held,
    unmet: &Unmet,
    diff: &mut Diff,
) {
    let keep = kept(inputs);
    let ours = super::ours(inputs, inputs.client);
    let mut gone = BTreeSet::new();
    for thing in things_here(inputs) {
        if keep.contains(&thing) || held.contains(&thing) {
            continue;
        }
        let foreign = !ours.contains(&thing);
        let named = inputs.wishes.going.contains(&thing);
        let reached = inputs.wishes.prune == Prune::Unmanaged && prunable(inputs, &thing);
        if foreign && !named && !reached {
            report(inputs, diff, &thing);
            continue;
        }
        let wish = match &thing {
            Thing::Marketplace { .. } | Thing::Plugin { .. } => &unmet.plugin,
            Thing::Server { .. } => &unmet.server,
            Thing::Skill { .. } => &unmet.skill,
        };
        if let Some(wish) = wish.as_ref().filter(|_| !named) {
            let text = Unmet::stays(wish);
            diff.lines.push(Line { foreign, ..Line::of(Sign::Keep, thing, text) });
            continue;
        }
        if !foreign && !named && inputs.wishes.removals == Consent::Refused {
            diff.lines.push(Line::of(Sign::Keep, thing, MANY));
            diff.withheld += 1;
            continue;
        }
        if let Thing::Marketplace { name } = &thing
            && let Some(user) = still_used(inputs, name, &gone)
        {
            let text = format!("kept: `{user}` comes from it");
            let note = Note::info(name, text);
            diff.notes.push(if named { note.counts().hint("remove it there first") } else { note });
            continue;
        }
        let text = match (named, foreign) {
            (true, _) => "as asked",
            (false, true) => "not in the manifest",
            (false, false) if inputs.names_elsewhere(&thing) => "for other machines or projects",
            (false, false) => "no longer in the manifest",
        };
        let (text, foreign) = (text.to_owned(), foreign && !named);
        diff.lines.push(Line { foreign, ..Line::of(Sign::Remove, thing.clone(), text) });
        diff.removals.extend(removals(inputs, &thing));
        diff.released.remove(inputs.roots, inputs.client, &thing);
        gone.insert(thing);
    }
    diff.notes.extend(inputs.wishes.going.iter().filter_map(|thing| still_needed(inputs, thing)));
    // A claim on something that is neither wanted nor there has outlived its use.
    for thing in ours {
        let is_kept = keep.contains(&thing) || gone.contains(&thing);
        let is_hidden = blocked.hides(inputs, inputs.client, &thing);
        if !is_kept && !is_hidden && facts_of(inputs, &thing).is_empty() {
            diff.released.remove(inputs.roots, inputs.client, &thing);
        }
    }
}

/// Says why a plugin that was named is still there: another one depends on it.
fn still_needed(inputs: &Inputs, thing: &Thing) -> Option<Note> {
    let Thing::Plugin { id, reach } = thing else { return None };
    let id: PluginId = id.parse().ok()?;
    if !inputs.desired.plugins.contains_key(&(id.clone(), reach.scope())) {
        return None;
    }
    let user = inputs.lock.plugins.iter().find(|(_, locked)| locked.dependencies.contains(&id));
    let text = match user {
        Some((user, _)) => format!("stays: `{user}` depends on it"),
        None => "stays: another plugin depends on it".to_owned(),
    };
    Some(Note::unmet(&id, text).hint("remove what needs it first"))
}

/// Returns what must stay: everything in the manifest, met or not, and everything desired.
fn kept(inputs: &Inputs) -> BTreeSet<Thing> {
    let wanted = inputs.intent.plugins.iter().map(|p| (&p.id, p.scope));
    let reach = |scope| inputs.roots.reach(scope);
    let plugin = |id: &PluginId, scope| Thing::Plugin { id: id.to_string(), reach: reach(scope) };
    let marketplace = |name: &str| Thing::Marketplace { name: name.to_owned() };
    let mut keep: BTreeSet<Thing> = wanted.clone().map(|(id, scope)| plugin(id, scope)).collect();
    keep.extend(inputs.desired.plugins.keys().map(|(id, scope)| plugin(id, *scope)));
    keep.extend(needed_by_locked(inputs).into_iter().map(|(id, scope)| plugin(&id, scope)));
    keep.extend(inputs.desired.marketplaces.keys().map(|name| marketplace(name.as_str())));
    keep.extend(inputs.intent.marketplaces.iter().map(|m| marketplace(m.name.as_str())));
    keep.extend(wanted.map(|(id, _)| marketplace(id.marketplace.as_str())));
    let server = |name: &str, scope| Thing::Server { name: name.to_owned(), reach: reach(scope) };
    keep.extend(inputs.desired.servers.iter().map(|wanted| server(&wanted.name, wanted.scope)));
    keep.extend(inputs.desired.kept_servers.iter().map(|(name, scope)| server(name, *scope)));
    let skill = |name: &str, scope| Thing::Skill { name: name.to_owned(), reach: reach(scope) };
    keep.extend(inputs.desired.skills.keys().map(|(name, scope)| skill(name.as_str(), *scope)));
    keep.extend(inputs.desired.kept_skills.iter().map(|(name, scope)| skill(name, *scope)));
    keep
}

/// Returns what the plugins of the manifest need by the lock, whether they can be had now or not.
fn needed_by_locked(inputs: &Inputs) -> BTreeSet<(PluginId, Scope)> {
    let mut needed = BTreeSet::new();
    let wanted = inputs.intent.plugins.iter().map(|want| (want.id.clone(), want.scope));
    let mut queue: Vec<(PluginId, Scope)> = wanted.collect();
    while let Some((id, scope)) = queue.pop() {
        for dependency in inputs.lock.plugins.get(&id).iter().flat_map(|row| &row.dependencies) {
            let one = (dependency.clone(), scope);
            if needed.insert(one.clone()) {
                queue.push(one);
            }
        }
    }
    needed
}

/// Returns what the client's files hold for this user and the current project: plugins before
/// marketplaces, so that a marketplace goes only after its plugins.
fn things_here(inputs: &Inputs) -> Vec<Thing> {
    let here: BTreeSet<Thing> = inputs
        .state
        .iter()
        // Skills are folders as well, and go by rules of their own.
        .filter(|(fact, _)| fact.client == inputs.client)
        .map(|(fact, _)| fact.item.thing())
        .filter(|thing| thing.reach().holds_in(&inputs.roots.project))
        .collect();
    let (marketplaces, plugins): (Vec<_>, Vec<_>) =
        here.into_iter().partition(|thing| matches!(thing, Thing::Marketplace { .. }));
    plugins.into_iter().chain(marketplaces).collect()
}

/// `--prune` reaches what a user could have installed, in user scope; the client makes the rest itself.
fn prunable(inputs: &Inputs, thing: &Thing) -> bool {
    // What another manifest put there is that manifest's to remove.
    if inputs.ledger.owns(inputs.roots, inputs.client, thing) {
        return false;
    }
    match thing {
        Thing::Plugin { id, reach } => {
            *reach == Reach::USER && !clients::plugin_layout(inputs.client).makes_itself(id)
        }
        Thing::Skill { .. } => false,
        Thing::Server { reach, .. } => *reach == Reach::USER,
        Thing::Marketplace { name } => {
            // A project's settings are shared with others, and the client would register it again.
            let by_project = inputs
                .state
                .declared()
                .any(|row| row.name == name && row.reach.scope() != Scope::User);
            !WELL_KNOWN_MARKETPLACES.iter().any(|(known, _)| known == name) && !by_project
        }
    }
}

fn report(inputs: &Inputs, diff: &mut Diff, thing: &Thing) {
    let on = match thing {
        Thing::Plugin { id, reach } => inputs.state.switch(inputs.client, id, reach) == Some(true),
        Thing::Server { reach, .. } => *reach == Reach::USER,
        // Skills are reported with what lies in their folders.
        Thing::Marketplace { .. } | Thing::Skill { .. } => false,
    };
    if inputs.ledger.owns(inputs.roots, inputs.client, thing) || !on {
        return;
    }
    let text = "not in the manifest, left alone".to_owned();
    diff.lines.push(Line { foreign: true, ..Line::of(Sign::Keep, thing.clone(), text) });
}

/// Returns a plugin that comes from a marketplace and stays, in any scope or project.
fn still_used(inputs: &Inputs, marketplace: &str, gone: &BTreeSet<Thing>) -> Option<String> {
    let comes_from = |id: &str| id.rsplit_once('@').is_some_and(|(_, from)| from == marketplace);
    let stays = |row: &Row<&InstallRecord>| {
        let elsewhere = !row.reach.holds_in(&inputs.roots.project);
        comes_from(row.name) && (elsewhere || !gone.contains(&row.fact.item.thing()))
    };
    inputs.state.plugins().find(stays).map(|row| match row.reach.project() {
        Some(project) => format!("{}` in `{}", row.name, project.display()),
        None => row.name.to_owned(),
    })
}

fn removals(inputs: &Inputs, thing: &Thing) -> Vec<Change> {
    let removal = |(fact, record): (&Fact, &Record)| Change {
        fact: fact.clone(),
        before: Some(record.clone()),
        after: None,
    };
    facts_of(inputs, thing).into_iter().map(removal).collect()
}

fn facts_of<'a>(inputs: &Inputs<'a>, thing: &Thing) -> Vec<(&'a Fact, &'a Record)> {
    let own =
        |(fact, _): &(&Fact, &Record)| fact.client == inputs.client && fact.item.thing() == *thing;
    inputs.state.iter().filter(own).collect()
}
