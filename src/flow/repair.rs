//! `doctor --fix`: repairs and a sync in one plan, and what that plan would be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;

use super::converge::{Ask, Mode, Prepared, Seen, prepare_from};
use super::host::{Host, Silent};
use super::inspect::{Look, Looks};
use super::observe::Snapshot;
use crate::clients::{self, FixedServers, ProblemKind};
use crate::doctor::{self, Finding, Fix};
use crate::machine::index;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::Fingerprints;
use crate::model::{
    Change, Client, Item, Note, OwnFile, Roots, Scope, WantedPlugin, without_login,
};
use crate::plan::{self, Adopted, Line, Plan, Repair, Sign};

/// Returns the questions to ask before a repair takes something away.
pub fn questions(looks: Looks, fingerprints: &mut Fingerprints) -> Result<Vec<String>> {
    Ok(doctor::questions(&looks.look(fingerprints)?.findings))
}

/// Returns what `--fix` would do, as far as that is known without fetching; nothing when it would do
/// nothing by itself.
pub fn preview(looks: Looks, look: &Look, fingerprints: &mut Fingerprints) -> Plan {
    if !look.findings.iter().any(|finding| finding.fix.is_automatic()) {
        return Plan::default();
    }
    let ask = Ask { offline: true, mode: Mode::Show, ..Ask::new(looks.declared) };
    let prepared =
        looks.look(fingerprints).and_then(|look| prepare(&ask, looks, &Silent, look, fingerprints));
    prepared.map(|prepared| prepared.plan).unwrap_or_default()
}

/// Makes the plan: copies of what is rewritten, the repairs, and the sync that follows from them.
pub fn prepare(
    ask: &Ask,
    looks: Looks,
    host: &dyn Host,
    look: Look,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let env = looks.env;
    let mut ask = ask.clone();
    let (indexes, notes) = kept_indexes(&env.roots, &look)?;
    ask.wishes.said.splice(0..0, notes.into_iter().chain(look.repaired.notes.iter().cloned()));
    ask.wishes.keep_copies = true;
    let mut repairs: Vec<Repair> = indexes.into_iter().map(of_ours).collect();
    repairs.extend(rewritten(&env.roots, &env.now, &look)?);
    // A rebuilt registry shows what it had hidden.
    let look = if repairs.is_empty() {
        look
    } else {
        let files = look.repaired.files;
        looks.look_at(files, fingerprints)?
    };
    ask.extra = installs(&look.findings);
    let Look { declared, mut snapshot, findings, .. } = look;
    if findings.iter().any(|finding| matches!(finding.fix, Fix::RewriteServers(_))) {
        repairs.extend(fixed_servers(&env.roots, &mut snapshot));
    }
    let seen = Seen { snapshot, repairs, adopted: Adopted::default() };
    prepare_from(&ask, env, host, declared, &seen, fingerprints)
}

fn of_ours(file: OwnFile) -> Repair {
    Repair { file, lines: Vec::new() }
}

/// Writes servers so that the client uses them; the rest of the plan goes by the fixed files.
fn fixed_servers(roots: &Roots, snapshot: &mut Snapshot) -> Vec<Repair> {
    let linked = snapshot.problems.iter().any(|problem| problem.kind == ProblemKind::Link);
    if linked {
        // The client would refuse to write there, and so do we.
        return Vec::new();
    }
    let mut fixed = FixedServers { files: snapshot.files.clone(), things: Vec::new() };
    for (_, servers) in clients::with_servers() {
        let FixedServers { files, things } = servers.fixed(roots, &fixed.files);
        fixed.files = files;
        fixed.things.extend(things);
    }
    let FixedServers { files, things } = fixed;
    let lines: Vec<Line> =
        things.into_iter().map(|(thing, text)| Line::of(Sign::Change, thing, text)).collect();
    let mut repairs: Vec<Repair> = files
        .iter()
        .filter_map(|(path, after)| {
            let (before, after) = (snapshot.files.get(path), after?);
            (before != Some(after)).then(|| Repair {
                file: OwnFile {
                    path: path.to_owned(),
                    before: before.map(<[u8]>::to_vec),
                    after: after.to_vec(),
                    what: "servers put right",
                },
                lines: lines.clone(),
            })
        })
        .collect();
    // What is moved arrives before it leaves.
    let places: Vec<PathBuf> = clients::with_servers()
        .flat_map(|(client, _)| Scope::ALL.map(|scope| server_file(roots, client, scope)))
        .collect();
    repairs.sort_by_key(|repair| !places.contains(&repair.file.path));
    let decoded = clients::decode(roots, &files);
    snapshot.files = files;
    snapshot.observed.state = decoded.state;
    snapshot.problems = decoded.problems;
    repairs
}

/// Returns the file that holds a client's servers of a scope.
fn server_file(roots: &Roots, client: Client, scope: Scope) -> PathBuf {
    let item = Item::Server { name: String::new(), reach: roots.reach(scope) };
    clients::place(roots, &item.of(client)).file
}

/// Takes over the remote indexes that stand in the client's registry, before they leave it.
fn kept_indexes(roots: &Roots, look: &Look) -> Result<(Option<OwnFile>, Vec<Note>)> {
    let layouts = clients::with_plugins();
    let found: BTreeMap<String, String> = layouts
        .filter_map(|(_, layout)| {
            let registry = look.snapshot.files.get(&layout.marketplace_registry(roots))?;
            Some(index::in_registry(&serde_json::from_slice(registry).ok()?))
        })
        .flatten()
        .collect();
    if found.is_empty() {
        return Ok((None, Vec::new()));
    }
    if !index::is_built_in() {
        let text = "is a remote index, which this build does not know; only the copy keeps it";
        return Ok((None, found.keys().map(|name| Note::info(name, text)).collect()));
    }
    let mut indexes = index::read(roots)?;
    let mut notes = Vec::new();
    for (name, url) in found {
        let known = index::recognize(&name).or_else(|| index::recognize(&url));
        let name = known.map_or(name, str::to_owned);
        notes.push(Note::info(&name, "moved this remote index into zskills' own list"));
        indexes.urls.entry(name).or_insert_with(|| without_login(&url));
    }
    Ok((Some(indexes.own_file()), notes))
}

/// Returns the files that the repairs write: first a copy of each, then each.
fn rewritten(roots: &Roots, now: &str, look: &Look) -> Result<Vec<Repair>> {
    let mut repairs = Vec::new();
    for (path, after) in look.repaired.files.iter() {
        let before = look.snapshot.files.get(path);
        let Some(after) = after.filter(|after| before != Some(after)) else { continue };
        if let Some(before) = before {
            let copy = plan::copy_of(roots, now, path);
            let (before, after) = (disk::read(&copy, Most::CLIENT)?, before.to_vec());
            repairs.push(of_ours(OwnFile { path: copy, before, after, what: "a copy" }));
        }
        let file = OwnFile {
            path: path.to_owned(),
            before: before.map(<[u8]>::to_vec),
            after: after.to_vec(),
            what: "repaired; a copy is kept",
        };
        let inside = |change: &&Change| clients::place(roots, &change.fact).file == *path;
        let lines = look.repaired.changes.iter().filter(inside).map(line).collect();
        repairs.push(Repair { file, lines });
    }
    Ok(repairs)
}

fn line(change: &Change) -> Line {
    let (sign, text) = match change.after {
        Some(_) => (Sign::Change, "record corrected"),
        None => (Sign::Remove, "record dropped"),
    };
    Line::of(sign, change.fact.item.thing(), text)
}

/// Returns what is to be installed although the manifest does not name it, each once.
fn installs(findings: &[Finding]) -> Vec<WantedPlugin> {
    let mut wanted: Vec<WantedPlugin> = Vec::new();
    for finding in findings {
        if let Fix::Install(plugin) = &finding.fix
            && !wanted.iter().any(|one| one.id == plugin.id && one.scope == plugin.scope)
        {
            wanted.push(WantedPlugin::clone(plugin));
        }
    }
    wanted
}
