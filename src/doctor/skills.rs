//! Agent Skills: wanted, recorded, linked and on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Evidence, Finding, Fix, Severity};
use crate::clients::{self, agents};
use crate::content::skill::LintFinding;
use crate::content::skill::budget::{DEFAULT, budget};
use crate::model::{Client, Diagnostic, LinkKind, Scope, SkillName, SkillOrigin, SkillRecord};
use crate::resolve::{AtClient, Shelf, Shelved, matches_any, origin};

/// One skill that the client can see.
#[derive(Debug, Clone)]
pub struct SeenSkill {
    pub name: String,
    /// `user`, `project` or the id of a plugin.
    pub from: String,
    pub path: PathBuf,
    pub description: String,
    /// Empty for those of plugins, which are the plugin's affair.
    pub findings: Vec<LintFinding>,
}

/// What the manifest names, or the lock has for it, and what is not there.
pub(super) fn missing(evidence: &Evidence) -> Vec<Finding> {
    let Some(intent) = evidence.intent else { return Vec::new() };
    let mut findings = Vec::new();
    for want in &intent.agent_skills {
        let of_source = |(_, entry): &(&SkillName, &crate::declared::lock::LockedSkill)| {
            Some(&entry.source) == want.written.as_ref()
        };
        let locked =
            evidence.lock.skills.iter().filter(of_source).map(|(name, _)| name.to_string());
        let literal = want.names.iter().filter(|name| name.parse::<SkillName>().is_ok()).cloned();
        let names: BTreeSet<String> =
            locked.filter(|name| matches_any(&want.names, name)).chain(literal).collect();
        for name in names {
            let Some(shelf) = evidence.observed.shelves.get(&want.scope) else { continue };
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
            let text = format!("skill `{name}` {text}");
            let mut diagnostic = Diagnostic::whole(&intent.manifest, text);
            diagnostic.at = Some(want.at);
            findings.push(Finding {
                id: "skills.missing",
                severity: Severity::Error,
                about: name,
                diagnostic,
                fix: Fix::Sync,
            });
        }
    }
    findings
}

/// Entries of an inventory whose folder is gone, was edited, is a clone, or is not linked.
pub(super) fn recorded(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in evidence.observed.state.skills() {
        let (name, scope, record) = (row.name, row.reach.scope(), row.record);
        let Some(shelf) = evidence.observed.shelves.get(&scope) else { continue };
        let wanted = is_wanted(evidence, name, scope, record);
        findings.extend(bytes(evidence, shelf, name, scope, record, wanted));
        findings.extend(link(shelf, name, record, wanted));
    }
    findings
}

fn bytes(
    evidence: &Evidence,
    shelf: &Shelf,
    name: &str,
    scope: Scope,
    record: &SkillRecord,
    wanted: bool,
) -> Option<Finding> {
    let place = shelf.folder.join(name);
    match shelf.skills.get(name) {
        // What the manifest wants is reported as missing.
        None if wanted => None,
        None => {
            let text = format!("skill `{name}` is recorded, but its folder is gone");
            let file =
                clients::place(evidence.roots, &agents::fact(evidence.roots, name, scope)).file;
            Some(finding("skills.no-bytes", Severity::Warning, name, &file, text, Fix::Sync))
        }
        Some(Shelved::Folder { is_clone: true, .. }) if record.source != SkillOrigin::Local => {
            let text = format!("skill `{name}` is a whole repository with its history");
            let fix = if wanted {
                Fix::Sync
            } else {
                Fix::ByHand("name it in skills.toml, then sync installs the skill alone".into())
            };
            Some(finding("skills.full-repo", Severity::Warning, name, &place, text, fix))
        }
        Some(Shelved::Folder { tree, .. }) if record.tree.is_some() && *tree != record.tree => {
            let text = format!("skill `{name}` was edited after it was installed");
            let by_hand = format!("`zskills sync --discard-changes {name}` replaces it");
            let fix = Fix::ByHand(by_hand);
            Some(finding("skills.edited", Severity::Warning, name, &place, text, fix))
        }
        Some(_) => None,
    }
}

fn link(shelf: &Shelf, name: &str, record: &SkillRecord, wanted: bool) -> Option<Finding> {
    let there = matches!(shelf.skills.get(name), Some(Shelved::Folder { .. }));
    if shelf.is_client || !there || record.link.is_none() {
        return None;
    }
    let text = match (shelf.at_client.get(name), record.link) {
        (None, _) => format!("skill `{name}` is not linked into Claude Code, which cannot see it"),
        (Some(AtClient::Elsewhere { .. }), Some(LinkKind::Symlink)) => {
            format!("skill `{name}` is linked to another place")
        }
        _ => return None,
    };
    let fix = if wanted {
        Fix::Sync
    } else {
        Fix::ByHand("name it in skills.toml, then sync links it".into())
    };
    let place = shelf.client.join(name);
    Some(finding("skills.not-linked", Severity::Error, name, &place, text, fix))
}

/// Links that lead nowhere.
pub(super) fn dangling(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (scope, shelf) in &evidence.observed.shelves {
        for (name, what) in &shelf.at_client {
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
            let fix = Fix::ByHand("delete the link".into());
            let place = shelf.client.join(name);
            findings.push(finding(
                "skills.dangling-link",
                Severity::Warning,
                name,
                &place,
                text,
                fix,
            ));
        }
    }
    findings
}

/// Folders that no inventory knows.
pub(super) fn unrecorded(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (scope, shelf) in &evidence.observed.shelves {
        for (name, what) in &shelf.skills {
            let is_skill = matches!(what, Shelved::Folder { is_skill: true, .. });
            let noted = evidence.observed.provenance.get(&(*scope, name.clone()));
            if !is_skill || record(evidence, name, *scope).is_some() {
                continue;
            }
            let by = match noted {
                Some(noted) => format!("another installer brought it from `{}`", noted.source),
                None => "nobody says where it came from".to_owned(),
            };
            let text = format!("skill `{name}` is not managed: {by}");
            let fix = Fix::ByHand("`zskills sync --adopt` writes it into skills.toml".into());
            let place = shelf.folder.join(name);
            findings.push(finding("skills.unmanaged", Severity::Info, name, &place, text, fix));
        }
    }
    findings
}

/// Names that more than one place has.
pub(super) fn collisions(evidence: &Evidence) -> Vec<Finding> {
    let mut by_name: BTreeMap<&str, Vec<&SeenSkill>> = BTreeMap::new();
    for skill in evidence.skills {
        by_name.entry(&skill.name).or_default().push(skill);
    }
    by_name
        .into_iter()
        .filter(|(_, skills)| skills.len() > 1)
        .map(|(name, skills)| {
            let from: Vec<String> =
                skills.iter().map(|skill| format!("`{}`", skill.from)).collect();
            let text = format!("skill `{name}` is there more than once: from {}", from.join(", "));
            let fix = Fix::ByHand("keep one of them, or rename one".into());
            finding("skills.collision", Severity::Info, name, &skills[0].path, text, fix)
        })
        .collect()
}

/// Whether the names and descriptions fit into what the client lists to the model.
pub(super) fn listing_budget(evidence: &Evidence) -> Option<Finding> {
    let listed = evidence.skills.iter().map(|s| (s.name.as_str(), s.description.as_str()));
    let sum = budget(listed, DEFAULT);
    if !sum.is_over() {
        return None;
    }
    let longest: Vec<String> =
        sum.skills.iter().take(3).map(|(name, length)| format!("`{name}` ({length})")).collect();
    let text = format!(
        "the names and descriptions of {} skills have {} characters; the client lists {}, and \
         leaves out or shortens the rest. The longest: {}",
        sum.skills.len(),
        sum.used,
        sum.limit,
        longest.join(", ")
    );
    let fix = Fix::ByHand("remove skills that are not used, or shorten descriptions".into());
    let place = clients::layout(Client::Claude).skills(evidence.roots, Scope::User);
    Some(finding("skills.budget", Severity::Warning, "skills", &place, text, fix))
}

/// What the lint has against the skills that are installed.
pub(super) fn linted(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for skill in evidence.skills {
        let worst = skill.findings.iter().min_by_key(|found| found.severity);
        let Some(worst) = worst else { continue };
        let (id, severity) = match worst.severity {
            crate::content::skill::Severity::Error => ("skills.unsafe", Severity::Error),
            crate::content::skill::Severity::Warning => ("skills.portability", Severity::Info),
            crate::content::skill::Severity::Info => continue,
        };
        let text = format!("skill `{}`: it {}", skill.name, worst.message);
        let fix = Fix::ByHand(format!("`zskills lint {}` says more", skill.path.display()));
        let mut found =
            finding(id, severity, &skill.name, &skill.path.join(&worst.path), text, fix);
        found.diagnostic.at = worst.at;
        findings.push(found);
    }
    findings
}

/// Tells whether the manifest asks for a skill of the inventory.
fn is_wanted(evidence: &Evidence, name: &str, scope: Scope, record: &SkillRecord) -> bool {
    evidence.intent.is_some_and(|intent| {
        intent.agent_skills.iter().any(|want| {
            let claimed = !want.claims.is_empty() && matches_any(&want.claims, name);
            want.scope == scope
                && (claimed || matches_any(&want.names, name))
                && origin(want.source.as_ref()) == record.source
        })
    })
}

fn record<'a>(evidence: &Evidence<'a>, name: &str, scope: Scope) -> Option<&'a SkillRecord> {
    let name: SkillName = name.parse().ok()?;
    agents::record(&evidence.observed.state, evidence.roots, &name, scope)
}

fn finding(
    id: &'static str,
    severity: Severity,
    about: &str,
    place: &Path,
    text: String,
    fix: Fix,
) -> Finding {
    let diagnostic = Diagnostic::whole(place, text);
    Finding { id, severity, about: about.to_owned(), diagnostic, fix }
}
