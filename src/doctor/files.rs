//! Client files that the client itself would not read.

use super::{Facts, Finding, Fix, Severity};
use crate::clients::FileProblem;
use crate::clients::claude::standing::Place;
use crate::model::Item;

/// Returns what the codec holds against the files.
pub(super) fn problems(facts: &Facts) -> Vec<Finding> {
    facts
        .problems
        .iter()
        .map(|problem| Finding {
            id: problem.id,
            severity: severity(problem.id),
            about: problem
                .diagnostic
                .file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            diagnostic: problem.diagnostic.clone(),
            fix: fix(facts, problem),
        })
        .collect()
}

fn severity(id: &str) -> Severity {
    match id {
        // The client reads it all the same.
        "mcp.symlink" => Severity::Warning,
        _ => Severity::Error,
    }
}

fn fix(facts: &Facts, problem: &FileProblem) -> Fix {
    match problem.id {
        "mcp.flat" if problem.unreadable => Fix::Mend("wraps the servers in `mcpServers`"),
        "mcp.ignored-location" if movable(facts, problem) => {
            Fix::Mend("moves the servers to where the client looks")
        }
        "mcp.ignored-location" => Fix::ByHand(
            "the names are taken where the client looks; keep one entry of each by hand".into(),
        ),
        "mcp.schema" if problem.diagnostic.message.contains("no `type`") => {
            Fix::Mend("adds the `type` that the address tells")
        }
        "registry.unknown-kind" => Fix::Repair("takes the entry out of the registry"),
        id if id.starts_with("registry.") || id.starts_with("inventory.") => {
            Fix::Repair("rebuilds it from the manifest, the lock and the disk")
        }
        _ => {
            Fix::ByHand("correct it in an editor; zskills never drops what you wrote there".into())
        }
    }
}

/// Says whether a server of a file that the client does not read has a free name where it looks.
fn movable(facts: &Facts, problem: &FileProblem) -> bool {
    facts.standings.iter().any(|standing| {
        let Place::Ignored(Some(scope)) = standing.place else { return false };
        let taken = facts.observed.state.keys().any(|item| {
            matches!(item, Item::Server { name, scope: at, .. }
                if *name == standing.name && *at == scope)
        });
        standing.file == problem.diagnostic.file && !taken
    })
}
