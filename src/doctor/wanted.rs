//! What somebody asks for and what is not there: in the manifest, or by a switch in settings.

use std::collections::BTreeSet;

use super::evidence::in_manifest;
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::model::{
    Intent, Item, PluginId, Position, Record, Row, Scope, WantedPlugin, WantedServer, did_you_mean,
};
use crate::plan;

pub(super) const CHECKS: &[&Check] = &[&MISSING, &GHOST];

const MISSING: Check = Check {
    id: "intent.missing",
    severity: Severity::Error,
    title: "something wanted is not there",
    cause: "The manifest, or a switch in the client's settings, asks for a plugin or marketplace \
            that is not installed, or not in the asked-for state. A switch that came with a \
            dotfile repository to a new machine installs nothing, and the client says nothing.",
    fix: "`--fix` installs it; the switch is never taken away.",
    run: missing,
};

fn missing(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    if let Some(intent) = evidence.intent {
        symptoms.extend(marketplaces(evidence, intent));
        symptoms.extend(plugins(evidence, intent));
        symptoms.extend(servers(evidence, intent));
    }
    let switched_on = switched_on(evidence).into_iter();
    symptoms.extend(switched_on.filter(|symptom| symptom.fix.is_automatic()));
    symptoms
}

fn marketplaces(evidence: &Evidence, intent: &Intent) -> Vec<Symptom> {
    let missing = intent.marketplaces.iter().filter_map(|wanted| {
        let state = &evidence.observed.state;
        let missing = match state.marketplace(evidence.client, wanted.name.as_str()) {
            None => "is not registered with the client",
            Some(known)
                if !evidence.observed.present.contains(&known.install_location)
                    && super::moved::marketplace_target(evidence, evidence.client, known)
                        .is_none() =>
            {
                "is registered, but its files are gone"
            }
            Some(_) => return None,
        };
        let text = format!("marketplace `{}` {missing}", wanted.name);
        let diagnostic = in_manifest(intent, wanted.at, text);
        Some(Symptom::new(wanted.name.as_str(), diagnostic, Fix::Sync))
    });
    missing.collect()
}

fn plugins(evidence: &Evidence, intent: &Intent) -> Vec<Symptom> {
    let missing = intent.plugins.iter().filter_map(|wanted| {
        let text = plugin_fault(evidence, wanted)?;
        let diagnostic = in_manifest(intent, wanted.at, text);
        Some(Symptom::new(wanted.id.to_string(), diagnostic, Fix::Sync))
    });
    missing.collect()
}

fn plugin_fault(evidence: &Evidence, wanted: &WantedPlugin) -> Option<String> {
    let (id, scope) = (wanted.id.to_string(), wanted.scope);
    let Some(row) = evidence.record(&id, scope) else {
        return Some(format!("plugin `{id}` is not installed in scope {scope}"));
    };
    let record = row.record;
    let switch = evidence.observed.state.switch(row.client, &id, row.reach);
    if switch != Some(wanted.enabled) {
        let (is, should) = if wanted.enabled { ("not", "enabled") } else { ("not", "disabled") };
        return Some(format!("plugin `{id}` is {is} {should} in scope {scope}"));
    }
    let requirement = wanted.version.as_ref()?;
    let version = record.version.as_deref().unwrap_or("unknown");
    let met = semver::Version::parse(version).is_ok_and(|version| requirement.matches(&version));
    (!met).then(|| format!("plugin `{id}` is {version}, which does not meet `{requirement}`"))
}

fn servers(evidence: &Evidence, intent: &Intent) -> Vec<Symptom> {
    let missing = intent.servers.iter().filter_map(|wanted: &WantedServer| {
        let reach = evidence.roots.reach(wanted.scope);
        let fact = Item::Server { name: wanted.name.clone(), reach }.of(evidence.client);
        let what = match evidence.observed.state.get(&fact) {
            Some(Record::Server(current)) if plan::is_met(&wanted.record, current) => return None,
            Some(_) => "is not as the manifest has it",
            None => "is not there",
        };
        let text = format!("server `{}` {what} in scope {}", wanted.name, wanted.scope);
        let diagnostic = in_manifest(intent, wanted.at, text);
        Some(Symptom::new(&wanted.name, diagnostic, Fix::Sync))
    });
    missing.collect()
}

const GHOST: Check = Check {
    id: "enabled.ghost",
    severity: Severity::Warning,
    title: "a switch for a plugin that cannot be had",
    cause: "`enabledPlugins` switches on a plugin whose marketplace is known from nowhere, or \
            does not list it. The client shows such a switch nowhere.",
    fix: "by hand: declare the marketplace in the manifest, correct the name, or remove the key.",
    run: ghosts,
};

fn ghosts(evidence: &Evidence) -> Vec<Symptom> {
    switched_on(evidence).into_iter().filter(|symptom| !symptom.fix.is_automatic()).collect()
}

/// Returns what settings switch on although nothing is installed and the manifest is silent; the client
/// says nothing of it. What cannot be had either has no automatic fix.
fn switched_on(evidence: &Evidence) -> Vec<Symptom> {
    let state = &evidence.observed.state;
    let installed: BTreeSet<&str> = evidence.records().map(|row| row.name).collect();
    let bare = state.switches().filter(|row| {
        row.record && !installed.contains(row.name) && !evidence.wants(row.name, row.reach.scope())
    });
    let symptom = |row: Row<bool>| {
        let id = row.name;
        let text = format!("plugin `{id}` is enabled but not installed");
        let fix = install(evidence, id, row.reach.scope(), true);
        Symptom::new(id, evidence.at(row.fact, text), fix)
    };
    bare.map(symptom).collect()
}

/// An enabled plugin can be installed when its marketplace is known from somewhere.
pub(super) fn install(evidence: &Evidence, id: &str, scope: Scope, enabled: bool) -> Fix {
    let Ok(id) = id.parse::<PluginId>() else {
        return Fix::by_hand("its name is not one that a marketplace can have; remove the key");
    };
    let name = id.marketplace.to_string();
    let state = &evidence.observed.state;
    let known = state.marketplaces().any(|row| row.name == name)
        || state.declared().any(|row| row.name == name);
    if !known && crate::model::well_known_marketplace(&id.marketplace).is_none() {
        return Fix::by_hand(format!(
            "no source is known for marketplace `{name}`; declare it in the manifest, or remove the key"
        ));
    }
    if let Some(catalog) = evidence.disk.catalogs.get(&name)
        && catalog.entry(id.plugin.as_str()).is_none()
    {
        let names = catalog.entries.iter().map(|entry| entry.name.as_str());
        let near = did_you_mean(id.plugin.as_str(), names);
        let near = near.map(|near| format!("; did you mean `{near}@{name}`?")).unwrap_or_default();
        return Fix::by_hand(format!("marketplace `{name}` has no such plugin{near}"));
    }
    Fix::Install(Box::new(WantedPlugin {
        id,
        version: None,
        enabled,
        scope,
        pin: None,
        at: Position { line: 1, column: 1 },
    }))
}

/// A recorded plugin comes back from the manifest, or as settings have it.
pub(super) fn restore(evidence: &Evidence, id: &str, scope: Scope) -> Fix {
    if evidence.wants(id, scope) {
        return Fix::Sync;
    }
    // What is switched off comes back switched off.
    let reach = evidence.roots.reach(scope);
    let switch = evidence.observed.state.switch(evidence.client, id, &reach);
    install(evidence, id, scope, switch == Some(true))
}
