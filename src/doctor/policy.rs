//! What a policy forbids and is registered all the same.

use super::{Evidence, Finding, Fix, Severity};
use crate::clients::Place;
use crate::clients::claude::effective::{self, Effect};
use crate::formats::json::Key;
use crate::model::Diagnostic;
use crate::resolve::team_forbids;

/// Marketplaces that the administrator or the manifest does not allow, and policies beyond reading.
pub(super) fn denied(evidence: &Evidence) -> Vec<Finding> {
    let broken = evidence.policy.problems.iter().map(|problem| Finding {
        id: "policy.syntax",
        severity: Severity::Error,
        about: "policy".to_owned(),
        diagnostic: problem.clone(),
        fix: Fix::ByHand("the administrator has to correct it".into()),
    });
    let denied = evidence.observed.state.marketplaces().filter_map(|row| {
        let name = row.name;
        let source = row.record.source.source()?;
        let managed = evidence.policy.forbids(source, source.reference());
        let denial = managed.or_else(|| team_forbids(evidence.intent?, source))?;
        Some(Finding {
            id: "policy.deny",
            severity: Severity::Error,
            about: name.to_owned(),
            diagnostic: evidence.at(row.fact, format!("marketplace `{name}`: {denial}")),
            fix: Fix::ByHand("remove the marketplace, or ask whoever wrote the rule".into()),
        })
    });
    let servers = evidence.server_entries.iter().filter_map(|server| {
        let used = matches!(server.effect, Effect::Used | Effect::Pending(_));
        let denial = evidence.policy.forbids_entry(&server.name, &server.entry).filter(|_| used)?;
        let path: Vec<Key> = server.path.iter().map(|key| Key::Name(key)).collect();
        let text = format!("server `{}`: {denial}", server.name);
        let mut diagnostic = evidence.at_key(&server.file, &path, text);
        // An entry may hold a secret, so its line is not shown.
        let at = diagnostic.at;
        diagnostic = Diagnostic::whole(&server.file, diagnostic.message);
        diagnostic.at = at;
        Some(Finding {
            id: "policy.deny",
            severity: Severity::Error,
            about: server.name.clone(),
            diagnostic,
            fix: Fix::ByHand("remove the server, or ask whoever wrote the rule".into()),
        })
    });
    if !evidence.policy.problems.is_empty() {
        return broken.collect();
    }
    denied.chain(servers).collect()
}

/// Shared settings of the project that approve its servers for whoever clones it.
pub(super) fn approved_for_all(evidence: &Evidence) -> Vec<Finding> {
    let approving = effective::approved_for_all(evidence.roots, evidence.files);
    let finding = |(place, key): (Place, &'static str)| {
        let text = format!("`{key}` approves servers for whoever clones the project");
        Finding {
            id: "policy.project-approves",
            severity: Severity::Warning,
            about: key.to_owned(),
            diagnostic: evidence.at_key(&place.file, &place.path(), text),
            fix: Fix::ByHand("take it out; each person can approve servers in the client".into()),
        }
    };
    approving.into_iter().map(finding).collect()
}
