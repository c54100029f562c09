//! What only takes space in the client's plugin folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Evidence, Finding, Fix, Severity};
use crate::model::Diagnostic;

/// Something that an interrupted install or a repair of the client left behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Litter {
    pub path: PathBuf,
    pub bytes: u64,
}

/// Versions in the cache that no record of any scope or project names.
pub(super) fn bytes_without_inventory(evidence: &Evidence) -> Vec<Finding> {
    let state = &evidence.observed.state;
    let recorded: BTreeSet<&Path> =
        state.plugins().map(|row| row.record.install_path.as_path()).collect();
    // A folder that a record will name again once its path is corrected is no rest.
    let wanted: BTreeSet<PathBuf> = super::plugins::re_rooted(evidence).collect();
    evidence
        .cached
        .iter()
        .filter(|path| !recorded.contains(path.as_path()) && !wanted.contains(*path))
        .map(|path| Finding {
            id: "bytes.no-inventory",
            severity: Severity::Info,
            about: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            diagnostic: Diagnostic::whole(path, "no record names this folder; it only takes space"),
            fix: Fix::ByHand("nothing has to be done; the client removes it in time".into()),
        })
        .collect()
}

/// Temporary clones and copies of unreadable registries.
pub(super) fn litter(evidence: &Evidence) -> Vec<Finding> {
    evidence
        .disk
        .litter
        .iter()
        .map(|litter| {
            let text = format!("was left behind and takes {}", size(litter.bytes));
            Finding {
                id: "cache.garbage",
                severity: Severity::Info,
                about: litter.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                diagnostic: Diagnostic::whole(&litter.path, text),
                fix: Fix::ByHand("nothing has to be done; it only takes space".into()),
            }
        })
        .collect()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
