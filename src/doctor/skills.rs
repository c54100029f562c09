//! Agent Skills: wanted, recorded, linked and on disk.

use std::collections::BTreeSet;

use super::evidence::in_manifest;
use super::files::{in_an_editor, problems};
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::{self, agents};
use crate::declared::lock::LockedSkill;
use crate::model::{
    Diagnostic, LinkKind, Scope, SkillName, SkillOrigin, SkillRecord, WantedSkill, matches_any,
};
use crate::resolve::{AtClient, Shelf, Shelved, origin};

pub(super) const CHECKS: &[&Check] = &[
    &INVENTORY,
    &MISSING,
    &NO_BYTES,
    &FULL_REPO,
    &EDITED,
    &NOT_LINKED,
    &NOT_OFF,
    &DANGLING,
    &UNMANAGED,
];

pub(super) const INVENTORY: Check = Check {
    id: "skills.inventory",
    severity: Severity::Error,
    title: "an inventory of skills that cannot be read",
    cause: "`.zskills.json` says which skills were put there by whom. Taken for empty, it would \
            disown them all, so nothing is done to skills while it is broken.",
    fix: "by hand: correct it, or restore it from a backup.",
    run: broken_inventory,
};

fn broken_inventory(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &INVENTORY, |_| in_an_editor())
}

const MISSING: Check = Check {
    id: "skills.missing",
    severity: Severity::Error,
    title: "a skill in the manifest is not installed",
    cause: "The manifest wants a skill that is not installed, not recorded, or from another source.",
    fix: "`--fix` installs it.",
    run: missing,
};

/// What the manifest names, or the lock has for it, and what is not there.
fn missing(evidence: &Evidence) -> Vec<Symptom> {
    let Some(intent) = evidence.intent else { return Vec::new() };
    let mut symptoms = Vec::new();
    for want in &intent.agent_skills {
        let Some(shelf) = evidence.observed.shelves.get(&want.scope) else { continue };
        for name in wanted_names(evidence, want) {
            let there = matches!(shelf.skills.get(&name), Some(Shelved::Folder { .. }));
            let recorded = record(evidence, &name, want.scope);
            let text = match (there, recorded) {
                (false, _) => "is not installed",
                (true, None) => "is there, but not recorded as put there by zskills",
                (true, Some(record)) if record.source != origin(want.source.as_ref()) => {
                    "is there, but comes from another source"
                }
                _ => continue,
            };
            let diagnostic = in_manifest(intent, want.at, format!("skill `{name}` {text}"));
            symptoms.push(Symptom::new(name, diagnostic, Fix::Sync));
        }
    }
    symptoms
}

/// Returns what an entry of the manifest names, and what the lock has for its patterns.
fn wanted_names(evidence: &Evidence, want: &WantedSkill) -> BTreeSet<String> {
    let of_source =
        |(_, entry): &(&SkillName, &LockedSkill)| Some(&entry.source) == want.written.as_ref();
    let locked = evidence.lock.skills.iter().filter(of_source).map(|(name, _)| name.to_string());
    let literal = want.names.iter().filter(|name| name.parse::<SkillName>().is_ok()).cloned();
    locked.filter(|name| want.brings(name)).chain(literal).collect()
}

/// An entry of an inventory, with what lies where it should.
struct Recorded<'a> {
    name: &'a str,
    scope: Scope,
    record: &'a SkillRecord,
    shelf: &'a Shelf,
    /// Absent when nothing lies there.
    folder: Option<&'a Shelved>,
    /// The manifest asks for it.
    wanted: bool,
}

fn recorded<'a>(evidence: &Evidence<'a>) -> impl Iterator<Item = Recorded<'a>> {
    let Evidence { observed, .. } = *evidence;
    observed.state.skills().filter_map(|row| {
        let (name, scope, record) = (row.name, row.reach.scope(), row.record);
        let shelf = observed.shelves.get(&scope)?;
        let wanted = is_wanted(evidence, name, scope, record);
        Some(Recorded { name, scope, record, shelf, folder: shelf.skills.get(name), wanted })
    })
}

const NO_BYTES: Check = Check {
    id: "skills.no-bytes",
    severity: Severity::Warning,
    title: "a recorded skill without its folder",
    cause: "The inventory records a skill whose folder is gone.",
    fix: "`--fix` drops the entry; a skill of the manifest comes back.",
    run: without_bytes,
};

/// What the manifest wants is reported as missing.
fn without_bytes(evidence: &Evidence) -> Vec<Symptom> {
    let gone = recorded(evidence).filter(|skill| skill.folder.is_none() && !skill.wanted);
    let symptom = |skill: Recorded| {
        let name = skill.name;
        let text = format!("skill `{name}` is recorded, but its folder is gone");
        let fact = agents::fact(evidence.roots, name, skill.scope);
        let file = clients::place(evidence.roots, &fact).file;
        Symptom::new(name, Diagnostic::whole(&file, text), Fix::Sync)
    };
    gone.map(symptom).collect()
}

const FULL_REPO: Check = Check {
    id: "skills.full-repo",
    severity: Severity::Warning,
    title: "a whole repository as one skill",
    cause: "A whole repository was cloned where a skill belongs.",
    fix: "`--fix` installs the skill alone; the clone goes to the trash.",
    run: whole_repositories,
};

fn whole_repositories(evidence: &Evidence) -> Vec<Symptom> {
    let clones = recorded(evidence).filter(is_whole_repository);
    let symptom = |skill: Recorded| {
        let name = skill.name;
        let text = format!("skill `{name}` is a whole repository with its history");
        let fix = if skill.wanted {
            Fix::Sync
        } else {
            Fix::by_hand("name it in skills.toml, then sync installs the skill alone")
        };
        Symptom::new(name, Diagnostic::whole(&skill.shelf.folder.join(name), text), fix)
    };
    clones.map(symptom).collect()
}

fn is_whole_repository(skill: &Recorded) -> bool {
    matches!(skill.folder, Some(Shelved::Folder { is_clone: true, .. }))
        && skill.record.source != SkillOrigin::Local
}

const EDITED: Check = Check {
    id: "skills.edited",
    severity: Severity::Warning,
    title: "a skill that was edited here",
    cause: "The bytes of a skill are not the recorded ones; sync leaves it alone.",
    fix: "by hand: keep the edits elsewhere, then `zskills sync --discard-changes` replaces it.",
    run: edited,
};

fn edited(evidence: &Evidence) -> Vec<Symptom> {
    let edited = recorded(evidence).filter(|skill| {
        let Some(Shelved::Folder { tree, .. }) = skill.folder else { return false };
        skill.record.tree.is_some() && *tree != skill.record.tree && !is_whole_repository(skill)
    });
    let symptom = |skill: Recorded| {
        let name = skill.name;
        let text = format!("skill `{name}` was edited after it was installed");
        let fix = Fix::by_hand(format!("`zskills sync --discard-changes {name}` replaces it"));
        Symptom::new(name, Diagnostic::whole(&skill.shelf.folder.join(name), text), fix)
    };
    edited.map(symptom).collect()
}

const NOT_LINKED: Check = Check {
    id: "skills.not-linked",
    severity: Severity::Error,
    title: "a skill that the client does not see",
    cause: "The client looks into its own folder only, and nothing there leads to the skill.",
    fix: "`--fix` makes the link; what another hand put there is left alone.",
    run: not_linked,
};

fn not_linked(evidence: &Evidence) -> Vec<Symptom> {
    let folders =
        recorded(evidence).filter(|skill| matches!(skill.folder, Some(Shelved::Folder { .. })));
    let links = folders.flat_map(|skill| {
        let clients = skill.shelf.clients.iter().filter(|(_, at)| !at.is_shared);
        clients.filter_map(move |(client, at)| {
            let Recorded { name, record, wanted, .. } = skill;
            let text = match (at.skills.get(name), record.links.get(client)?) {
                (None, _) => {
                    format!("skill `{name}` is not linked into {client}, which cannot see it")
                }
                (Some(AtClient::Elsewhere { .. }), LinkKind::Symlink) => {
                    format!("skill `{name}` is linked to another place")
                }
                _ => return None,
            };
            let fix = if wanted {
                Fix::Sync
            } else {
                Fix::by_hand("name it in skills.toml, then sync links it")
            };
            Some(Symptom::new(name, Diagnostic::whole(&at.folder.join(name), text), fix))
        })
    });
    links.collect()
}

const NOT_OFF: Check = Check {
    id: "skills.not-off",
    severity: Severity::Error,
    title: "a skill that is switched off and that the client sees",
    cause: "The manifest says `enabled = false`, and the client's own folder leads to the skill or holds a copy.",
    fix: "`--fix` takes the link away; what another hand put there is left alone.",
    run: not_off,
};

fn not_off(evidence: &Evidence) -> Vec<Symptom> {
    let Some(intent) = evidence.intent else { return Vec::new() };
    let mut symptoms = Vec::new();
    for want in intent.agent_skills.iter().filter(|want| !want.enabled) {
        let Some(shelf) = evidence.observed.shelves.get(&want.scope) else { continue };
        for name in wanted_names(evidence, want) {
            for at in shelf.clients.values() {
                let fix = match at.skills.get(&name) {
                    Some(AtClient::Linked) => Fix::Sync,
                    Some(AtClient::Folder { .. } | AtClient::Elsewhere { dangling: false, .. }) => {
                        Fix::by_hand("move it away")
                    }
                    Some(AtClient::Elsewhere { .. } | AtClient::Other) | None => continue,
                };
                let text = format!("skill `{name}` is switched off, and the client sees it");
                let diagnostic = Diagnostic::whole(&at.folder.join(&name), text);
                symptoms.push(Symptom::new(name.clone(), diagnostic, fix));
            }
        }
    }
    symptoms
}

const DANGLING: Check = Check {
    id: "skills.dangling-link",
    severity: Severity::Warning,
    title: "a link to a skill that is gone",
    cause: "A link in the client's folder leads to nothing.",
    fix: "by hand: delete it.",
    run: dangling,
};

fn dangling(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (scope, shelf) in &evidence.observed.shelves {
        let of_clients = shelf.clients.values();
        for (at, name, what) in
            of_clients.flat_map(|at| at.skills.iter().map(move |(name, what)| (at, name, what)))
        {
            let gone = match what {
                AtClient::Linked => !shelf.skills.contains_key(name),
                AtClient::Elsewhere { dangling, .. } => *dangling,
                AtClient::Folder { .. } | AtClient::Other => false,
            };
            let record = record(evidence, name, *scope);
            if !gone || record.is_some_and(|record| is_wanted(evidence, name, *scope, record)) {
                continue;
            }
            let text = format!("the link of skill `{name}` leads nowhere");
            let diagnostic = Diagnostic::whole(&at.folder.join(name), text);
            symptoms.push(Symptom::new(name, diagnostic, Fix::by_hand("delete the link")));
        }
    }
    symptoms
}

const UNMANAGED: Check = Check {
    id: "skills.unmanaged",
    severity: Severity::Info,
    title: "a skill that nobody manages",
    cause: "A folder holds a skill that neither the inventory nor a plugin knows.",
    fix: "by hand: `zskills sync --adopt` takes it into the manifest, if its source is known.",
    run: unmanaged,
};

fn unmanaged(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (scope, shelf) in &evidence.observed.shelves {
        for (name, what) in &shelf.skills {
            let is_skill = matches!(what, Shelved::Folder { is_skill: true, .. });
            if !is_skill || record(evidence, name, *scope).is_some() {
                continue;
            }
            let by = match evidence.observed.provenance.get(&(*scope, name.clone())) {
                Some(noted) => format!("another installer brought it from `{}`", noted.source),
                None => "nobody says where it came from".to_owned(),
            };
            let text = format!("skill `{name}` is not managed: {by}");
            let fix = Fix::by_hand("`zskills sync --adopt` writes it into skills.toml");
            let diagnostic = Diagnostic::whole(&shelf.folder.join(name), text);
            symptoms.push(Symptom::new(name, diagnostic, fix));
        }
    }
    symptoms
}

/// Tells whether the manifest asks for a skill of the inventory.
fn is_wanted(evidence: &Evidence, name: &str, scope: Scope, record: &SkillRecord) -> bool {
    evidence.intent.is_some_and(|intent| {
        intent.agent_skills.iter().any(|want| {
            let claimed = !want.claims.is_empty() && matches_any(&want.claims, name);
            want.scope == scope
                && (claimed || want.brings(name))
                && origin(want.source.as_ref()) == record.source
        })
    })
}

fn record<'a>(evidence: &Evidence<'a>, name: &str, scope: Scope) -> Option<&'a SkillRecord> {
    let name: SkillName = name.parse().ok()?;
    agents::record(&evidence.observed.state, evidence.roots, &name, scope)
}
