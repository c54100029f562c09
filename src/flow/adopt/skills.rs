//! Skills that others installed, as manifest entries, with the source that their installer noted.

use std::collections::BTreeMap;

use super::{Adoption, adopted, left, portable, waits};
use crate::clients::agents;
use crate::content::skill::foreign::{self, Provenance};
use crate::content::skill::frontmatter;
use crate::declared::manifest::edit;
use crate::flow::converge::{self, Ask};
use crate::flow::draft;
use crate::flow::host::Host;
use crate::flow::manifest::Declared;
use crate::flow::observe::Snapshot;
use crate::machine::env::Env;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::Fingerprints;
use crate::model::{
    About, Change, Faults, Note, Record, Roots, Scope, SkillName, SkillOrigin, SkillRecord, Source,
    WantedSkill, matches_any,
};
use crate::resolve::{Movement, Resolution, Shelved};

/// One skill that the manifest does not ask for.
struct Undeclared {
    name: SkillName,
    scope: Scope,
    record: SkillRecord,
    reference: Option<String>,
}

/// Adds an entry for every source of skills that are there and not declared. What was adopted goes
/// into `snapshot` as if it had been recorded, so that resolving keeps it as it is.
pub(super) fn adopt(
    adoption: &mut Adoption,
    declared: &Declared,
    snapshot: &mut Snapshot,
    roots: &Roots,
    fingerprints: &mut Fingerprints,
) -> Result<Vec<Change>, Faults> {
    let file = &declared.intent.manifest;
    let mut changes = Vec::new();
    let mut entries: BTreeMap<(Scope, String, Option<String>), Vec<String>> = BTreeMap::new();
    for mut found in
        undeclared(declared, snapshot, roots, (&mut adoption.notes, &mut adoption.left_here))
    {
        let path = agents::skills(roots, found.scope).join(found.name.as_str());
        let tree = fingerprints.hash(&path).ok();
        if found.record.source != SkillOrigin::Local {
            found.record.tree.clone_from(&tree);
        }
        let source = written(&found.record.source, declared, roots);
        let thing = agents::fact(roots, found.name.as_str(), found.scope).item.thing();
        adoption.lines.push(adopted(thing, found.record.source.to_string()));
        let key = (found.scope, source, found.reference.clone());
        entries.entry(key).or_default().push(found.name.to_string());
        changes.push(record(&found, snapshot, roots));
        if let Some(shelf) = snapshot.observed.shelves.get_mut(&found.scope)
            && let Some(Shelved::Folder { tree: seen, .. }) =
                shelf.skills.get_mut(found.name.as_str())
        {
            *seen = tree;
        }
    }
    for ((scope, source, pin), names) in entries {
        if source == "local" {
            let entry = edit::SkillEntry { names, scope, ..Default::default() };
            adoption.text = edit::add_skill(file, &adoption.text, &entry)?;
            adoption.text =
                draft::bound(file, adoption.text.clone(), "agent_skills", scope, roots)?;
            continue;
        }
        let (source, npm) = match source.strip_prefix("npm:") {
            Some(package) => (None, Some(package.to_owned())),
            None => (Some(source), None),
        };
        let entry = edit::SkillEntry { source, npm, names, pin, scope, ..Default::default() };
        adoption.text = edit::add_skill(file, &adoption.text, &entry)?;
        adoption.text = draft::bound(file, adoption.text.clone(), "agent_skills", scope, roots)?;
    }
    Ok(changes)
}

/// Puts the record of an adopted skill into what is observed, and returns that as a change.
fn record(found: &Undeclared, snapshot: &mut Snapshot, roots: &Roots) -> Change {
    let fact = agents::fact(roots, found.name.as_str(), found.scope);
    let after = Record::Skill(found.record.clone());
    let before = snapshot.observed.state.get(&fact).cloned();
    snapshot.observed.state.insert(fact.clone(), after.clone());
    Change { fact, before, after: Some(after) }
}

/// Notes the commit of each adopted skill that is what its source has now.
pub(super) fn commits(
    changes: &mut [Change],
    newest: &Resolution,
    snapshot: &mut Snapshot,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for change in changes {
        let Some(Record::Skill(record)) = &mut change.after else { continue };
        let name = change.fact.item.thing().name().to_owned();
        let locked = name.parse().ok().and_then(|name: SkillName| newest.lock.skills.get(&name));
        match locked {
            Some(locked) if Some(&locked.tree) == record.tree.as_ref() => {
                record.commit.clone_from(&locked.commit);
                if locked.package.is_some() {
                    record.pin.clone_from(&locked.package);
                }
            }
            _ if record.source == SkillOrigin::Local || record.commit.is_some() => {}
            _ => {
                let text = "its bytes are not those that the source has now; they stay";
                let hint = format!("`zskills upgrade {name}` moves it to the newest");
                notes.push(Note::info(&name, text).hint(hint));
            }
        }
        snapshot.observed.state.insert(change.fact.clone(), Record::Skill(record.clone()));
    }
    notes
}

/// Resolves the adopted skills alone, at the newest of their sources.
pub(super) fn newest(
    changes: &[Change],
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    declared: &Declared,
    snapshot: &Snapshot,
    fingerprints: &mut Fingerprints,
) -> Resolution {
    let names: Vec<String> =
        changes.iter().map(|change| change.fact.item.thing().name().to_owned()).collect();
    let wanted = |want: &&WantedSkill| {
        names.iter().any(|name| want.names.contains(name)) && want.source.is_some()
    };
    let agent_skills: Vec<WantedSkill> =
        declared.intent.agent_skills.iter().filter(wanted).cloned().collect();
    if agent_skills.is_empty() {
        return Resolution::default();
    }
    let mut alone = declared.clone();
    alone.intent.agent_skills = agent_skills;
    alone.intent.plugins.clear();
    alone.intent.marketplaces.clear();
    alone.intent.servers.clear();
    let ask = Ask { movement: Movement::Newest, offline: ask.offline, ..Ask::new(ask.declared) };
    converge::resolve(&ask, env, host, &alone, snapshot, fingerprints)
}

/// Returns the skills that are there and that no entry brings.
fn undeclared(
    declared: &Declared,
    snapshot: &Snapshot,
    roots: &Roots,
    (left_out, left_here): (&mut Vec<Note>, &mut usize),
) -> Vec<Undeclared> {
    let mut found = Vec::new();
    for (scope, shelf) in &snapshot.observed.shelves {
        for (name, what) in &shelf.skills {
            let Shelved::Folder { is_skill: true, .. } = what else { continue };
            let Ok(parsed) = name.parse::<SkillName>() else { continue };
            let old = agents::record(&snapshot.observed.state, roots, &parsed, *scope);
            let intent = &declared.intent;
            if is_declared(&intent.agent_skills, name, *scope, old) {
                continue;
            }
            if waits(*scope, roots) {
                *left_here += 1;
                continue;
            }
            if is_declared(&intent.elsewhere.agent_skills, name, *scope, old) {
                left_out.push(left(About::Skill(name.clone())));
                continue;
            }
            let noted = snapshot.observed.provenance.get(&(*scope, name.clone())).cloned();
            let noted = noted.or_else(|| from_frontmatter(&parsed, &shelf.folder.join(name)));
            found.push(match (old, noted) {
                (Some(old), _) => Undeclared {
                    name: parsed,
                    scope: *scope,
                    record: old.clone(),
                    reference: old.pin.clone(),
                },
                (None, noted) => from_note(parsed, *scope, noted),
            });
        }
    }
    found
}

fn is_declared(
    entries: &[WantedSkill],
    name: &str,
    scope: Scope,
    record: Option<&SkillRecord>,
) -> bool {
    entries.iter().filter(|want| want.scope == scope).any(|want| {
        let literal = want.names.iter().any(|wanted| wanted == name);
        let from = crate::resolve::origin(want.source.as_ref());
        let brought = record.is_some_and(|record| record.source == from)
            && (matches_any(&want.names, name) || matches_any(&want.claims, name));
        literal || brought
    })
}

fn from_frontmatter(name: &SkillName, folder: &std::path::Path) -> Option<Provenance> {
    let bytes = disk::read(&folder.join("SKILL.md"), Most::TEXT).ok()??;
    foreign::gh_skill(name, &frontmatter::read(&bytes).best)
}

fn from_note(name: SkillName, scope: Scope, noted: Option<Provenance>) -> Undeclared {
    let empty = SkillRecord {
        source: SkillOrigin::Local,
        installed_at: None,
        commit: None,
        tree: None,
        path: None,
        pin: None,
        links: BTreeMap::new(),
    };
    let Some(noted) = noted else {
        return Undeclared { name, scope, record: empty, reference: None };
    };
    let record = SkillRecord {
        source: noted.source.parse().unwrap_or(SkillOrigin::Local),
        commit: noted.commit.and_then(|commit| commit.parse().ok()),
        path: noted.path,
        pin: noted.reference.clone(),
        ..empty
    };
    Undeclared { name, scope, record, reference: noted.reference }
}

/// Returns a source as a manifest writes it.
fn written(source: &SkillOrigin, declared: &Declared, roots: &Roots) -> String {
    match source {
        SkillOrigin::Local => "local".to_owned(),
        SkillOrigin::Npm(package) => format!("npm:{package}"),
        SkillOrigin::WellKnown(host) => format!("https://{host}"),
        SkillOrigin::Git(text) if text.starts_with('/') => {
            let path = std::path::PathBuf::from(text);
            portable(&Source::Directory { path }, declared, roots)
        }
        SkillOrigin::Git(text) => text.clone(),
    }
}
