//! Plugins that are recorded, and what they need to work: a marketplace, a folder, other plugins, programs.

use super::wanted::{install, restore};
use super::{Check, Evidence, Fix, Severity, Start, Symptom};
use crate::declared::lock::Lock;
use crate::model::{InstallRecord, KnownMarketplace, PluginId, Reach, Scope, State};

pub(super) const CHECKS: &[&Check] =
    &[&NO_MARKETPLACE, &NO_BYTES, &LOADING, &DEPENDENCY, &COMMAND, &STALE];

const NO_MARKETPLACE: Check = Check {
    id: "inventory.no-marketplace",
    severity: Severity::Error,
    title: "an installed plugin without its marketplace",
    cause: "A plugin is installed, but its marketplace is not registered; the client lists the \
            plugin with an error and does not load it.",
    fix: "`--fix` registers the marketplace again, if its source is known.",
    run: without_marketplace,
};

fn without_marketplace(evidence: &Evidence) -> Vec<Symptom> {
    let symptoms = evidence.records().filter_map(|row| {
        let id = row.name;
        let marketplace = id.rsplit_once('@').map_or("", |(_, name)| name);
        if evidence.observed.state.marketplace(row.client, marketplace).is_some() {
            return None;
        }
        let text =
            format!("`{id}` is installed, but marketplace `{marketplace}` is not registered");
        let fix = restore(evidence, id, row.reach.scope());
        Some(Symptom::new(id, evidence.at(row.fact, text), fix))
    });
    symptoms.collect()
}

const NO_BYTES: Check = Check {
    id: "inventory.no-bytes",
    severity: Severity::Error,
    title: "a recorded plugin without its folder",
    cause: "`installed_plugins.json` records a plugin whose folder is gone.",
    fix: "`--fix` brings the locked bytes back.",
    run: without_bytes,
};

fn without_bytes(evidence: &Evidence) -> Vec<Symptom> {
    let symptoms = evidence.records().filter_map(|row| {
        let (id, folder) = (row.name, &row.record.install_path);
        let there = evidence.observed.trees.contains_key(folder)
            || evidence.disk.there.contains(folder)
            || super::moved::target(evidence, row.client, folder).is_some();
        if there {
            return None;
        }
        let text =
            format!("`{id}` is recorded, but its folder `{}` is not there", folder.display());
        let fix = restore(evidence, id, row.reach.scope());
        Some(Symptom::new(id, evidence.at(row.fact, text), fix))
    });
    symptoms.collect()
}

const LOADING: Check = Check {
    id: "plugin.load-error",
    severity: Severity::Warning,
    title: "a plugin that the client loads with an error",
    cause: "Its manifest declares a path that is not there, its hooks cannot be read, or the client \
            refuses the manifest. The client lists that as an error of the plugin and goes without \
            the part, or without the plugin.",
    fix: "by hand: tell its author, and update it when it is corrected; or disable it.",
    run: loaded_with_errors,
};

fn loaded_with_errors(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (row, scan) in evidence.scans() {
        for fault in &scan.load_faults {
            let text = format!("`{}` loads with an error: {fault}", row.name);
            let fix = Fix::by_hand("tell its author, or disable it");
            symptoms.push(Symptom::new(row.name, evidence.at(row.fact, text), fix));
        }
    }
    symptoms
}

const DEPENDENCY: Check = Check {
    id: "dependency.missing",
    severity: Severity::Error,
    title: "a plugin needs another that is not installed",
    cause: "The plugin's manifest names a dependency that is not there in its scope; the client \
            then does not load the plugin at all.",
    fix: "`--fix` installs it, if the source of its marketplace is known.",
    run: unmet_dependencies,
};

fn unmet_dependencies(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (row, scan) in evidence.scans() {
        let (id, scope) = (row.name, row.reach.scope());
        let marketplace = id.rsplit_once('@').map_or("", |(_, marketplace)| marketplace);
        for needed in &scan.dependencies {
            let here = || format!("{needed}@{marketplace}");
            let needed = if needed.contains('@') { needed.clone() } else { here() };
            if evidence.record(&needed, scope).is_some()
                || evidence.record(&needed, Scope::User).is_some()
            {
                continue;
            }
            let text = format!("`{id}` needs `{needed}`, which is not installed");
            // The lock knows what a plugin of the manifest needs.
            let fix = if evidence.wants(id, scope) {
                Fix::Sync
            } else {
                install(evidence, &needed, scope, true)
            };
            symptoms.push(Symptom::new(needed, evidence.at(row.fact, text), fix));
        }
    }
    symptoms
}

const COMMAND: Check = Check {
    id: "command.missing",
    severity: Severity::Warning,
    title: "a hook runs a program that is not there",
    cause: "A hook's command begins with a program that is neither on PATH nor in the plugin. \
            The client runs it at every such event, and it fails each time.",
    fix: "by hand: install the program, or disable the plugin.",
    run: missing_commands,
};

/// Nothing is started to find out.
fn missing_commands(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (row, scan) in evidence.scans() {
        let id = row.name;
        for program in &scan.programs {
            let (name, place) = match &program.start {
                Start::OnPath(name) if !evidence.disk.programs.contains(name) => {
                    (name.clone(), "on PATH")
                }
                Start::InPlugin { path, there: false } => (format!("./{path}"), "in the plugin"),
                Start::OnPath(_) | Start::InPlugin { there: true, .. } => continue,
            };
            let event = &program.event;
            let text = format!("a {event} hook of `{id}` runs `{name}`, which is not {place}");
            let fix = Fix::by_hand(format!("install `{name}`, or disable `{id}`"));
            symptoms.push(Symptom::new(id, evidence.at(row.fact, text), fix));
        }
    }
    symptoms
}

const STALE: Check = Check {
    id: "stale.same-version",
    severity: Severity::Warning,
    title: "old bytes under a version that did not change",
    cause: "The marketplace has other bytes for this plugin under the very version that is \
            installed. The client compares versions only, and so never updates it.",
    fix: "by hand: `zskills sync --adopt` takes it into the manifest and `zskills upgrade` moves \
          it, for zskills compares bytes; or uninstall it and install it again.",
    run: stale,
};

fn stale(evidence: &Evidence) -> Vec<Symptom> {
    let symptoms = evidence.records().filter_map(|row| {
        let (id, record) = (row.name, row.record);
        let offered = evidence.disk.offered.get(id)?;
        let tree = evidence.observed.trees.get(&record.install_path)?;
        if tree == offered {
            return None;
        }
        let version = record.version.as_deref().unwrap_or("unknown");
        let text =
            format!("`{id}` {version} is installed with other bytes than its marketplace has");
        let fix = Fix::by_hand(format!("uninstall and install `{id}`, or adopt it and upgrade"));
        Some(Symptom::new(id, evidence.at(row.fact, text), fix))
    });
    symptoms.collect()
}

/// Returns the plugins that no lock holds, so that only their marketplace can say whether they are stale.
pub fn stale_candidates<'a>(
    state: &'a State,
    lock: &'a Lock,
) -> impl Iterator<Item = (PluginId, &'a InstallRecord, &'a KnownMarketplace)> {
    let unlocked = state.plugins().filter(|row| *row.reach == Reach::USER);
    unlocked.filter_map(|row| {
        let id: PluginId = row.name.parse().ok().filter(|id| !lock.plugins.contains_key(id))?;
        let known = state.marketplace(row.client, id.marketplace.as_str())?;
        known.source.source()?.git_url()?;
        Some((id, row.record, known))
    })
}
