//! What a policy forbids and is registered all the same.

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::known_marketplaces;
use crate::clients::claude::source::from_client;
use crate::formats::json::Key;
use crate::model::{Item, Record};

/// Marketplaces that the administrator or the manifest does not allow, and policies beyond reading.
pub(super) fn denied(facts: &Facts) -> Vec<Finding> {
    let broken = facts.policy.problems.iter().map(|problem| Finding {
        id: "policy.syntax",
        severity: Severity::Error,
        about: "policy".to_owned(),
        diagnostic: problem.clone(),
        fix: Fix::ByHand("the administrator has to correct it".into()),
    });
    let file = known_marketplaces::path(facts.roots);
    let denied = facts.observed.state.iter().filter_map(|(item, record)| {
        let (Item::Marketplace { name }, Record::Marketplace(known)) = (item, record) else {
            return None;
        };
        let (source, reference) = from_client(&known.source)?;
        let managed = facts.policy.forbids(&source, reference.as_deref());
        let team = || crate::policy::team_forbids(facts.intent?, &source);
        let denial = managed.or_else(team)?;
        Some(Finding {
            id: "policy.deny",
            severity: Severity::Error,
            about: name.clone(),
            diagnostic: facts.at_key(
                &file,
                &[Key::Name(name)],
                format!("marketplace `{name}`: {denial}"),
            ),
            fix: Fix::ByHand("remove the marketplace, or ask whoever wrote the rule".into()),
        })
    });
    let denied: Vec<Finding> =
        if facts.policy.problems.is_empty() { denied.collect() } else { Vec::new() };
    broken.chain(denied).collect()
}
