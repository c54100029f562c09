//! Client files that the client itself would not read.

use super::{Facts, Finding, Fix, Severity};

/// Returns what the codec holds against the files.
pub(super) fn problems(facts: &Facts) -> Vec<Finding> {
    facts
        .problems
        .iter()
        .map(|problem| Finding {
            id: problem.id,
            severity: Severity::Error,
            about: problem
                .diagnostic
                .file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            diagnostic: problem.diagnostic.clone(),
            fix: fix(problem.id),
        })
        .collect()
}

fn fix(id: &str) -> Fix {
    match id {
        "registry.unknown-kind" => Fix::Repair("takes the entry out of the registry"),
        id if id.starts_with("registry.") || id.starts_with("inventory.") => {
            Fix::Repair("rebuilds it from the manifest, the lock and the disk")
        }
        _ => {
            Fix::ByHand("correct it in an editor; zskills never drops what you wrote there".into())
        }
    }
}
