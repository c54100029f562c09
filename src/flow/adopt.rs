//! `zskills sync --adopt`: writes what is installed but not declared into the manifest and the lock.

mod servers;
mod skills;

use std::collections::BTreeSet;

use anyhow::Result;

use super::converge::{Ask, Prepared, Seen, prepare_from};
use super::draft;
use super::host::Host;
use super::manifest::Declared;
use super::observe;
use crate::clients::{Cost, FileProblem};
use crate::declared::ledger::Marks;
use crate::declared::manifest::{self, edit};
use crate::machine::env::Env;
use crate::machine::store::tree::Fingerprints;
use crate::model::{
    About, Binding, Client, Faults, InstallRecord, MarketplaceName, Note, PluginId, Roots, Row,
    Scope, ServerRecord, Source, State, Thing, WantedServer,
};
use crate::plan::{Adopted, Line, Sign};

/// Makes a plan that takes over what is there, and leaves everything else as it is.
pub fn prepare(
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let declared = (ask.declared)()?;
    let mut snapshot = observe::observe(&env.roots, &declared.lock, fingerprints)?;
    let in_the_way = |problem: &&FileProblem| problem.kind.cost() == Cost::File;
    let faults: Vec<_> =
        snapshot.problems.iter().filter(in_the_way).map(|p| p.diagnostic.clone()).collect();
    if !faults.is_empty() {
        return Err(Faults::from(faults).into());
    }
    let mut adoption = adopt(&declared, &snapshot.observed.state, &env.roots)?;
    adopt_servers(&mut adoption, &declared, &snapshot.observed.state, &env.roots);
    let mut changes =
        skills::adopt(&mut adoption, &declared, &mut snapshot, &env.roots, fingerprints)?;
    let Adoption { text, lines, mut notes, left_here, applied } = adoption;
    if left_here > 0 {
        let about = About::File(env.roots.project.clone());
        let text = format!("{left_here} things of this project are left");
        let hint =
            "`zskills sync --adopt --here` takes them into the manifest, bound to the project";
        notes.push(Note::info(about, text).hint(hint));
    }
    let declared = declared.with_text(text, &env.roots)?;
    let newest = skills::newest(&changes, ask, env, host, &declared, &snapshot, fingerprints);
    notes.extend(skills::commits(&mut changes, &newest, &mut snapshot));
    let claims = lines
        .iter()
        .filter_map(|line| line.subject.thing())
        .filter(|thing| is_ours_to_keep(thing, &snapshot.observed.state))
        .map(|thing| (owner(thing), thing.clone()))
        .collect();
    let mut ask = ask.clone();
    ask.wishes.only = Some(lines.iter().filter_map(|line| line.subject.thing()).cloned().collect());
    let adopted = Adopted { claims, applied, changes, lines };
    ask.wishes.said.splice(0..0, notes);
    let seen = Seen { snapshot, repairs: Vec::new(), adopted };
    prepare_from(&ask, env, host, declared, &seen, fingerprints)
}

/// A marketplace that settings do not declare stays somebody else's: as ours it would be declared.
fn is_ours_to_keep(thing: &Thing, state: &State) -> bool {
    let Thing::Marketplace { name } = thing else { return true };
    state.declared().any(|row| row.name == name)
}

/// Returns the client whose files hold a thing.
fn owner(thing: &Thing) -> Client {
    match thing {
        Thing::Skill { .. } => Client::Agents,
        Thing::Marketplace { .. } | Thing::Plugin { .. } | Thing::Server { .. } => Client::TARGET,
    }
}

struct Adoption {
    text: String,
    lines: Vec<Line>,
    notes: Vec<Note>,
    /// How many things of this project the user's own manifest leaves alone.
    left_here: usize,
    /// What the servers hold, for the ledger.
    applied: Vec<(Thing, Marks)>,
}

/// Adds an entry for every plugin that is enabled and not declared, and for its marketplace.
fn adopt(declared: &Declared, state: &State, roots: &Roots) -> Result<Adoption, Faults> {
    let file = &declared.intent.manifest;
    let mut adoption = Adoption {
        text: declared.text.clone().unwrap_or_default(),
        lines: Vec::new(),
        notes: Vec::new(),
        left_here: 0,
        applied: Vec::new(),
    };
    let mut marketplaces: BTreeSet<MarketplaceName> =
        declared.intent.marketplaces.iter().map(|wanted| wanted.name.clone()).collect();
    let elsewhere = &declared.intent.elsewhere;
    let mut left_here = 0;
    for (id, scope) in unmanaged(declared, state, roots) {
        if waits(scope, roots) {
            left_here += 1;
            continue;
        }
        let Ok(id) = id.parse::<PluginId>() else {
            adoption.notes.push(Note::unmet(id, "is not a name that a manifest can hold"));
            continue;
        };
        if elsewhere.plugins.iter().any(|wanted| wanted.id == id && wanted.scope == scope) {
            adoption.notes.push(left(id.to_string()));
            continue;
        }
        if !marketplaces.contains(&id.marketplace)
            && elsewhere.marketplaces.iter().any(|wanted| wanted.name == id.marketplace)
        {
            let text = format!("its marketplace `{}` is named for another machine", id.marketplace);
            let hint = "take `when` out of the marketplace's entry, then adopt again";
            adoption.notes.push(Note::unmet(id.to_string(), text).hint(hint));
            continue;
        }
        let name = &id.marketplace;
        if !marketplaces.contains(name) {
            match marketplace_entry(name, state, declared, roots) {
                Ok(entry) => {
                    adoption.text = edit::add_marketplace(file, &adoption.text, &entry)?;
                    let thing = Thing::Marketplace { name: name.to_string() };
                    adoption.lines.push(adopted(thing, entry.source.unwrap_or_default()));
                    marketplaces.insert(name.clone());
                }
                Err(why) => {
                    adoption.notes.push(Note::unmet(id.to_string(), why));
                    continue;
                }
            }
        }
        let entry =
            edit::PluginEntry { id: id.clone(), version: None, enabled: true, scope, pin: None };
        adoption.text = edit::add_plugin(file, &adoption.text, &entry)?;
        adoption.text = draft::bound(file, adoption.text, "skills", scope, roots)?;
        let thing = Thing::Plugin { id: id.to_string(), reach: roots.reach(scope) };
        adoption.lines.push(adopted(thing, "adopted into the manifest".to_owned()));
    }
    adoption.left_here += left_here;
    Ok(adoption)
}

/// Tells whether the user's own manifest leaves a scope to the projects.
fn waits(scope: Scope, roots: &Roots) -> bool {
    scope != Scope::User && roots.binding == Binding::Waits
}

/// Returns a client's entry as one of a manifest; the text says why there can be none.
pub fn server(of: (&str, Scope), entry: &ServerRecord) -> Result<servers::AdoptedServer, String> {
    servers::adopt(of, entry, &mut servers::Variables::new())
}

/// Adds an entry for every server of this user and project that is not declared.
fn adopt_servers(adoption: &mut Adoption, declared: &Declared, state: &State, roots: &Roots) {
    let file = &declared.intent.manifest;
    let mut variables = servers::Variables::new();
    for row in state.servers() {
        let (name, scope) = (row.name, row.reach.scope());
        let known = |wanted: &WantedServer| wanted.name == name && wanted.scope == scope;
        let intent = &declared.intent;
        if intent.servers.iter().chain(&intent.servers_off).any(known) {
            continue;
        }
        if intent.elsewhere.servers.iter().any(known) {
            adoption.notes.push(left(name));
            continue;
        }
        if waits(scope, roots) {
            adoption.left_here += usize::from(row.reach.holds_in(&roots.project));
            continue;
        }
        let added = servers::adopt((name, scope), row.record, &mut variables).and_then(|server| {
            let text = edit::add_server(file, &adoption.text, &server.wanted)
                .and_then(|text| draft::bound(file, text, "mcps", scope, roots));
            let text = text.map_err(|fault| fault.message)?;
            // A name or an address may be fit for the client and not for a manifest.
            manifest::parse(file, &text, roots).map_err(|faults| {
                faults.first().map(|fault| fault.message.clone()).unwrap_or_default()
            })?;
            Ok((server, text))
        });
        let (server, text) = match added {
            Ok(added) => added,
            Err(why) => {
                let note = Note::unmet(name, format!("cannot be written into a manifest: {why}"));
                adoption.notes.push(note);
                continue;
            }
        };
        adoption.text = text;
        adoption.lines.push(adopted(row.fact.item.thing(), "adopted into the manifest".to_owned()));
        adoption.applied.push((row.fact.item.thing(), server.applied));
        if !server.exports.is_empty() {
            let text = format!(
                "export {}: the manifest names them instead of its secrets",
                server.exports.join(", ")
            );
            let hint = format!(
                "{} keeps the values that it has; other machines need the variables",
                row.client
            );
            adoption.notes.push(Note::info(name, text).hint(hint));
        }
    }
}

/// Returns the note about what the manifest names, and not for this machine.
fn left(name: impl Into<About>) -> Note {
    Note::info(name, "left: named for another machine or project")
        .hint("widen `when` or `project` in its entry to have it here as well")
}

fn adopted(thing: Thing, text: String) -> Line {
    Line::of(Sign::Add, thing, text)
}

/// Returns the plugins that are enabled and installed here, and that the manifest does not name.
fn unmanaged(declared: &Declared, state: &State, roots: &Roots) -> Vec<(String, Scope)> {
    let known = |row: &Row<&InstallRecord>| {
        let mut wanted = declared.intent.plugins.iter();
        wanted.any(|wanted| wanted.id.to_string() == row.name && wanted.scope == row.reach.scope())
    };
    let is_on = |row: &Row<_>| state.switch(row.client, row.name, row.reach) == Some(true);
    state
        .plugins_in(&roots.project)
        // What is there for another plugin's sake comes back with that plugin.
        .filter(|row| is_on(row) && !known(row) && !row.record.auto)
        .map(|row| (row.name.to_owned(), row.reach.scope()))
        .collect()
}

/// Returns the manifest entry of a marketplace as the client's registry has it.
pub fn marketplace_entry(
    name: &MarketplaceName,
    state: &State,
    declared: &Declared,
    roots: &Roots,
) -> Result<edit::MarketplaceEntry, String> {
    let Some(known) = state.marketplace(Client::TARGET, name.as_str()) else {
        return Err(format!("its marketplace `{name}` is not registered with the client"));
    };
    let Some(source) = known.source.source() else {
        return Err(format!("a manifest cannot say the source of its marketplace `{name}`"));
    };
    Ok(edit::MarketplaceEntry {
        name: name.clone(),
        source: Some(portable(&source.clone().with_reference(None), declared, roots)),
        pin: source.reference().map(str::to_owned),
        auto_update: known.auto_update,
    })
}

/// Spells a source without this machine's paths where it can: relative to the manifest, or to the home.
pub fn portable(source: &Source, declared: &Declared, roots: &Roots) -> String {
    let (Source::Directory { path } | Source::File { path }) = source else {
        return source.to_string();
    };
    let folder = declared.intent.manifest.parent();
    if let Some(rest) = folder.and_then(|folder| path.strip_prefix(folder).ok()) {
        return format!("./{}", rest.display());
    }
    match path.strip_prefix(&roots.home) {
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}
