//! What a policy forbids and is registered all the same.

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::known_marketplaces;
use crate::clients::claude::source::from_client;
use crate::clients::claude::standing::Effect;
use crate::formats::json::Key;
use crate::model::{Diagnostic, Item, Record};

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
    let servers = facts.standings.iter().filter_map(|standing| {
        let used = matches!(standing.effect, Effect::Used | Effect::Pending(_));
        let denial =
            facts.policy.forbids_entry(&standing.name, &standing.entry).filter(|_| used)?;
        let path: Vec<Key> = standing.path.iter().map(|key| Key::Name(key)).collect();
        let text = format!("server `{}`: {denial}", standing.name);
        let mut diagnostic = facts.at_key(&standing.file, &path, text);
        // An entry may hold a secret, so its line is not shown.
        let at = diagnostic.at;
        diagnostic = Diagnostic::whole(&standing.file, diagnostic.message);
        diagnostic.at = at;
        Some(Finding {
            id: "policy.deny",
            severity: Severity::Error,
            about: standing.name.clone(),
            diagnostic,
            fix: Fix::ByHand("remove the server, or ask whoever wrote the rule".into()),
        })
    });
    if !facts.policy.problems.is_empty() {
        return broken.collect();
    }
    denied.chain(servers).collect()
}
