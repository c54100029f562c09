//! The skills that the client can see, wherever they come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients;
use crate::content::skill::budget::{DEFAULT, budget};
use crate::content::skill::{self, LintFinding};
use crate::model::{Diagnostic, Scope};

pub(super) const CHECKS: &[&Check] = &[&COLLISION, &BUDGET, &UNSAFE, &PORTABILITY];

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

const COLLISION: Check = Check {
    id: "skills.collision",
    severity: Severity::Info,
    title: "two skills of one name",
    cause: "The client sees several skills of the same name, of which it takes one.",
    fix: "by hand: remove or rename one.",
    run: collisions,
};

fn collisions(evidence: &Evidence) -> Vec<Symptom> {
    let mut by_name: BTreeMap<&str, Vec<&SeenSkill>> = BTreeMap::new();
    for skill in evidence.skills {
        by_name.entry(&skill.name).or_default().push(skill);
    }
    let several = by_name.into_iter().filter(|(_, skills)| skills.len() > 1);
    let symptom = |(name, skills): (&str, Vec<&SeenSkill>)| {
        let from: Vec<String> = skills.iter().map(|skill| format!("`{}`", skill.from)).collect();
        let text = format!("skill `{name}` is there more than once: from {}", from.join(", "));
        let fix = Fix::by_hand("keep one of them, or rename one");
        Symptom::new(name, Diagnostic::whole(&skills[0].path, text), fix)
    };
    several.map(symptom).collect()
}

const BUDGET: Check = Check {
    id: "skills.budget",
    severity: Severity::Warning,
    title: "more descriptions than the client shows",
    cause: "The descriptions of all skills together are longer than the client's listing; it \
            leaves some out without a word.",
    fix: "by hand: disable what you do not use; the longest are named.",
    run: over_budget,
};

/// Whether the names and descriptions fit into what the client lists to the model.
fn over_budget(evidence: &Evidence) -> Vec<Symptom> {
    let listed = evidence.skills.iter().map(|s| (s.name.as_str(), s.description.as_str()));
    let sum = budget(listed, DEFAULT);
    if !sum.is_over() {
        return Vec::new();
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
    let fix = Fix::by_hand("remove skills that are not used, or shorten descriptions");
    let place = clients::layout(evidence.client).skills(evidence.roots, Scope::User);
    vec![Symptom::new("skills", Diagnostic::whole(&place, text), fix)]
}

const UNSAFE: Check = Check {
    id: "skills.unsafe",
    severity: Severity::Error,
    title: "a skill with hidden text or links that leave it",
    cause: "The folder of a skill holds what a person would not see or expect.",
    fix: "by hand: `zskills lint` says more.",
    run: not_safe,
};

fn not_safe(evidence: &Evidence) -> Vec<Symptom> {
    linted(evidence, skill::Severity::Error)
}

const PORTABILITY: Check = Check {
    id: "skills.portability",
    severity: Severity::Info,
    title: "a skill that not every client can read",
    cause: "The skill breaks a rule that another client, or this one in another version, enforces.",
    fix: "by hand: `zskills lint` says more.",
    run: not_portable,
};

fn not_portable(evidence: &Evidence) -> Vec<Symptom> {
    linted(evidence, skill::Severity::Warning)
}

/// Returns what the lint has against the skills of which the worst is of this severity.
fn linted(evidence: &Evidence, severity: skill::Severity) -> Vec<Symptom> {
    let symptoms = evidence.skills.iter().filter_map(|skill| {
        let worst = skill.findings.iter().min_by_key(|found| found.severity)?;
        if worst.severity != severity {
            return None;
        }
        let text = format!("skill `{}`: it {}", skill.name, worst.message);
        let place = skill.path.join(&worst.path);
        let fix = Fix::by_hand(format!("`zskills lint {}` says more", skill.path.display()));
        Some(Symptom::new(&skill.name, Diagnostic::whole(&place, text).near(worst.at), fix))
    });
    symptoms.collect()
}
