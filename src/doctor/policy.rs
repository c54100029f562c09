//! What a policy forbids and is there all the same.

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::{CODECS, Effect, Place};
use crate::formats::json::Key;
use crate::resolve::team_forbids;

pub(super) const CHECKS: &[&Check] = &[&DENIED, &SYNTAX, &PROJECT_APPROVES];

const DENIED: Check = Check {
    id: "policy.deny",
    severity: Severity::Error,
    title: "something that a policy forbids",
    cause: "A registered marketplace or a server is not allowed by the administrator's settings \
            (`strictKnownMarketplaces`, `blockedMarketplaces`, `allowedMcpServers`, \
            `deniedMcpServers`) or by `[policy]` in the manifest. The client drops such a server \
            without a word.",
    fix: "by hand: remove it, or ask whoever wrote the rule. Sync fetches nothing from it.",
    run: denied,
};

fn denied(evidence: &Evidence) -> Vec<Symptom> {
    // A policy that cannot be read forbids everything; that is one finding and not a hundred.
    if !evidence.policy.problems.is_empty() {
        return Vec::new();
    }
    let marketplaces = evidence.observed.state.marketplaces().filter_map(|row| {
        let name = row.name;
        let source = row.record.source.source()?;
        let managed = evidence.policy.forbids(source, source.reference());
        let denial = managed.or_else(|| team_forbids(evidence.intent?, source))?;
        let text = format!("marketplace `{name}`: {denial}");
        let fix = Fix::by_hand("remove the marketplace, or ask whoever wrote the rule");
        Some(Symptom::new(name, evidence.at(row.fact, text), fix))
    });
    let servers = evidence.server_entries.iter().filter_map(|server| {
        let used = matches!(server.effect, Effect::Used | Effect::Pending(_));
        let denial =
            evidence.policy.forbids_entry(&server.name, &server.record).filter(|_| used)?;
        let path: Vec<Key> = server.path.iter().map(|key| Key::Name(key)).collect();
        let text = format!("server `{}`: {denial}", server.name);
        let diagnostic = evidence.near_key(&server.file, &path, text);
        let fix = Fix::by_hand("remove the server, or ask whoever wrote the rule");
        Some(Symptom::new(&server.name, diagnostic, fix))
    });
    marketplaces.chain(servers).collect()
}

const SYNTAX: Check = Check {
    id: "policy.syntax",
    severity: Severity::Error,
    title: "a policy that cannot be read",
    cause: "A file of the administrator's settings is not JSON or has a rule of a wrong shape. \
            zskills then takes everything for forbidden.",
    fix: "by hand: the administrator has to correct it.",
    run: unreadable,
};

fn unreadable(evidence: &Evidence) -> Vec<Symptom> {
    let problems = evidence.policy.problems.iter().cloned();
    let fix = || Fix::by_hand("the administrator has to correct it");
    problems.map(|problem| Symptom::new("policy", problem, fix())).collect()
}

const PROJECT_APPROVES: Check = Check {
    id: "policy.project-approves",
    severity: Severity::Warning,
    title: "a project that approves servers for everybody",
    cause: "The project's `.claude/settings.json`, which is shared, has \
            `enableAllProjectMcpServers` or names servers in `enabledMcpjsonServers`. Whoever \
            clones the project and trusts it starts those servers without having seen them.",
    fix: "by hand: take the key out; each person can approve servers in the client, or in \
          `.claude/settings.local.json`.",
    run: approved_for_all,
};

fn approved_for_all(evidence: &Evidence) -> Vec<Symptom> {
    let servers = CODECS.iter().filter_map(|codec| codec.servers());
    let approving = servers.flat_map(|of| of.approved_for_all(evidence.roots, evidence.files));
    let symptom = |place: Place| {
        let key = place.keys.last().map_or("", String::as_str);
        let text = format!("`{key}` approves servers for whoever clones the project");
        let fix = Fix::by_hand("take it out; each person can approve servers in the client");
        Symptom::new(key, evidence.at_key(&place.file, &place.path(), text), fix)
    };
    approving.map(symptom).collect()
}
