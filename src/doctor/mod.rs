//! Checks the states against each other: what is wanted, recorded, enabled, locked and on disk.
//! A check is a constant beside its function, in the file of its theme; every finding says what is
//! wrong, where, and what `--fix` would do.

mod cache;
mod check;
mod content;
mod drift;
mod evidence;
mod files;
mod fix;
mod moved;
mod packages;
mod plugins;
mod policy;
mod refresh;
mod registries;
mod repair;
mod scan;
mod secrets;
mod seen_skills;
mod server_files;
mod servers;
mod skills;
mod trust;
mod wanted;

pub use cache::Litter;
pub use check::{Check, Finding, Severity, Symptom};
pub use drift::{Altered, drifted};
pub use evidence::{Disk, Evidence, ServerEnvironment};
pub use fix::{Fix, RegistryFix, ServerFix};
pub use moved::wondered;
pub use plugins::stale_candidates;
pub use repair::{Agreed, Repaired, questions, repair};
pub use scan::{Program, Scan, Start, scan};
pub use seen_skills::SeenSkill;

/// The checks of each theme. One that is in no list is code that nobody uses, which the compiler says.
const THEMES: [&[&Check]; 17] = [
    wanted::CHECKS,
    plugins::CHECKS,
    moved::CHECKS,
    refresh::CHECKS,
    drift::CHECKS,
    trust::CHECKS,
    content::CHECKS,
    secrets::CHECKS,
    policy::CHECKS,
    files::CHECKS,
    registries::CHECKS,
    cache::CHECKS,
    skills::CHECKS,
    seen_skills::CHECKS,
    server_files::CHECKS,
    servers::CHECKS,
    packages::CHECKS,
];

/// Returns every check, by theme.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    THEMES.into_iter().flatten().copied()
}

/// Returns the check of an id.
pub fn check_named(id: &str) -> Option<&'static Check> {
    checks().find(|check| check.id == id)
}

/// Runs every check; the worst findings come first.
pub fn check(evidence: &Evidence) -> Vec<Finding> {
    let mut findings: Vec<Finding> = checks().flat_map(|check| check.findings(evidence)).collect();
    findings.sort_by(|a, b| {
        (a.severity, a.check.id, &a.about).cmp(&(b.severity, b.check.id, &b.about))
    });
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
