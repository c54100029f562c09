//! What a policy forbids and is registered all the same.

use serde_json::Value;

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::source::from_client;
use crate::clients::claude::standing::Effect;
use crate::clients::claude::{known_marketplaces, settings};
use crate::formats::json::{self, Bom, Key};
use crate::model::{Diagnostic, Item, Record, Scope};

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
        let team = || crate::clients::managed::team_forbids(facts.intent?, &source);
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

/// Shared settings of the project that approve its servers for whoever clones it.
pub(super) fn approved_for_all(facts: &Facts) -> Vec<Finding> {
    if !settings::scopes(facts.roots).any(|scope| scope == Scope::Project) {
        return Vec::new();
    }
    let file = settings::path(facts.roots, Scope::Project);
    let bytes = facts.files.get(&file);
    let Some(Ok(Value::Object(map))) = bytes.map(|bytes| json::parse(&file, bytes, Bom::Allowed))
    else {
        return Vec::new();
    };
    let approves = |key: &str| match map.get(key) {
        Some(Value::Bool(all)) => *all,
        Some(Value::Array(names)) => !names.is_empty(),
        _ => false,
    };
    ["enableAllProjectMcpServers", "enabledMcpjsonServers"]
        .into_iter()
        .filter(|key| approves(key))
        .map(|key| Finding {
            id: "policy.project-approves",
            severity: Severity::Warning,
            about: key.to_owned(),
            diagnostic: facts.at_key(
                &file,
                &[Key::Name(key)],
                format!("`{key}` approves servers for whoever clones the project"),
            ),
            fix: Fix::ByHand("take it out; each person can approve servers in the client".into()),
        })
        .collect()
}
