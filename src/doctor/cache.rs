//! What only takes space in the client's plugin folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::model::{Diagnostic, shown_size};

pub(super) const CHECKS: &[&Check] = &[&UNRECORDED, &GARBAGE];

/// Something that an interrupted install or a repair of the client left behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Litter {
    pub path: PathBuf,
    pub bytes: u64,
}

const UNRECORDED: Check = Check {
    id: "bytes.no-inventory",
    severity: Severity::Info,
    title: "a cached version that no record names",
    cause: "It is what is left of a removed plugin or of an older version, and only takes space.",
    fix: "nothing has to be done: the client removes it in time.",
    run: unrecorded,
};

/// Versions in the cache that no record of any scope or project names.
fn unrecorded(evidence: &Evidence) -> Vec<Symptom> {
    let state = &evidence.observed.state;
    let recorded: BTreeSet<&Path> =
        state.plugins().map(|row| row.record.install_path.as_path()).collect();
    // A folder that a record will name again once its path is corrected is no rest.
    let wanted: BTreeSet<PathBuf> = super::moved::re_rooted(evidence).collect();
    let rest = evidence
        .cached
        .iter()
        .filter(|path| !recorded.contains(path.as_path()) && !wanted.contains(*path));
    let symptom = |path: &PathBuf| {
        let text = "no record names this folder; it only takes space";
        let fix = Fix::by_hand("nothing has to be done; the client removes it in time");
        Symptom::new(name(path), Diagnostic::whole(path, text), fix)
    };
    rest.map(symptom).collect()
}

const GARBAGE: Check = Check {
    id: "cache.garbage",
    severity: Severity::Info,
    title: "what interrupted installs left behind",
    cause: "Temporary clones and copies of unreadable registries stay in the client's plugin \
            folder; no command of the client removes them.",
    fix: "nothing has to be done: they only take space. doctor deletes nothing.",
    run: garbage,
};

fn garbage(evidence: &Evidence) -> Vec<Symptom> {
    let symptom = |litter: &Litter| {
        let text = format!("was left behind and takes {}", shown_size(litter.bytes));
        let fix = Fix::by_hand("nothing has to be done; it only takes space");
        Symptom::new(name(&litter.path), Diagnostic::whole(&litter.path, text), fix)
    };
    evidence.disk.litter.iter().map(symptom).collect()
}

/// Returns the last part of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
