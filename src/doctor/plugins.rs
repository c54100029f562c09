//! Plugins: wanted, enabled, recorded, locked and on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Evidence, Finding, Fix, Severity};
use crate::clients;
use crate::model::{
    Change, Client, Diagnostic, Fact, InstallRecord, KnownMarketplace, PluginId, Position, Record,
    Roots, Row, Scope, Source, State, WantedPlugin, did_you_mean,
};

/// What the manifest wants and the client does not have.
pub(super) fn wanted_but_missing(evidence: &Evidence) -> Vec<Finding> {
    let Some(intent) = evidence.intent else { return Vec::new() };
    let marketplaces = intent.marketplaces.iter().filter_map(|wanted| {
        let state = &evidence.observed.state;
        let missing = match state.marketplace(Client::Claude, wanted.name.as_str()) {
            None => "is not registered with the client",
            Some(known)
                if !evidence.observed.present.contains(&known.install_location)
                    && marketplace_target(evidence, known).is_none() =>
            {
                "is registered, but its files are gone"
            }
            Some(_) => return None,
        };
        let text = format!("marketplace `{}` {missing}", wanted.name);
        Some(missing_finding(evidence, wanted.name.to_string(), wanted.at, text))
    });
    let plugins = intent.plugins.iter().filter_map(|wanted| {
        let text = plugin_fault(evidence, wanted)?;
        Some(missing_finding(evidence, wanted.id.to_string(), wanted.at, text))
    });
    marketplaces.chain(plugins).collect()
}

fn missing_finding(evidence: &Evidence, about: String, at: Position, text: String) -> Finding {
    let file = evidence.intent.map(|intent| intent.manifest.clone()).unwrap_or_default();
    let mut diagnostic = Diagnostic::whole(&file, text);
    diagnostic.at = Some(at);
    Finding { id: "intent.missing", severity: Severity::Error, about, diagnostic, fix: Fix::Sync }
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

/// What settings switch on although nothing is installed; the client says nothing of it. What cannot be
/// had either is a ghost.
pub(super) fn enabled_but_not_installed(evidence: &Evidence) -> Vec<Finding> {
    let state = &evidence.observed.state;
    let installed: BTreeSet<&str> = evidence.records().map(|row| row.name).collect();
    let ghosts = state.switches().filter(|row| {
        row.record && !installed.contains(row.name) && !evidence.wants(row.name, row.reach.scope())
    });
    let finding = |row: Row<bool>| {
        let id = row.name;
        let text = format!("plugin `{id}` is enabled but not installed");
        let fix = install(evidence, id, row.reach.scope(), true);
        let (check, severity) = match fix {
            Fix::ByHand(_) => ("enabled.ghost", Severity::Warning),
            _ => ("intent.missing", Severity::Error),
        };
        let diagnostic = evidence.at(row.fact, text);
        Finding { id: check, severity, about: id.to_owned(), diagnostic, fix }
    };
    ghosts.map(finding).collect()
}

/// An enabled plugin can be installed when its marketplace is known from somewhere.
pub(super) fn install(evidence: &Evidence, id: &str, scope: Scope, enabled: bool) -> Fix {
    let Ok(id) = id.parse::<PluginId>() else {
        return Fix::ByHand(
            "its name is not one that a marketplace can have; remove the key".into(),
        );
    };
    let name = id.marketplace.to_string();
    let state = &evidence.observed.state;
    let known = state.marketplaces().any(|row| row.name == name)
        || state.declared().any(|row| row.name == name);
    if !known && crate::model::well_known_marketplace(&id.marketplace).is_none() {
        return Fix::ByHand(format!(
            "no source is known for marketplace `{name}`; declare it in the manifest, or remove the key"
        ));
    }
    if let Some(catalog) = evidence.disk.catalogs.get(&name)
        && catalog.entry(id.plugin.as_str()).is_none()
    {
        let names = catalog.entries.iter().map(|entry| entry.name.as_str());
        let near = did_you_mean(id.plugin.as_str(), names);
        let near = near.map(|near| format!("; did you mean `{near}@{name}`?")).unwrap_or_default();
        return Fix::ByHand(format!("marketplace `{name}` has no such plugin{near}"));
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

/// Records that name a marketplace or a folder which is not there.
pub(super) fn inventory_without_marketplace_or_bytes(evidence: &Evidence) -> Vec<Finding> {
    let state = &evidence.observed.state;
    let mut findings = Vec::new();
    for row in evidence.records() {
        let (id, scope, record) = (row.name, row.reach.scope(), row.record);
        let mut add = |id_of_check, text: String, fix| {
            findings.push(Finding {
                id: id_of_check,
                severity: Severity::Error,
                about: id.to_owned(),
                diagnostic: evidence.at(row.fact, text),
                fix,
            });
        };
        let marketplace = id.rsplit_once('@').map_or("", |(_, name)| name);
        if state.marketplace(row.client, marketplace).is_none() {
            let text =
                format!("`{id}` is installed, but marketplace `{marketplace}` is not registered");
            add("inventory.no-marketplace", text, restore(evidence, id, scope));
        }
        let gone = !evidence.observed.trees.contains_key(&record.install_path)
            && !evidence.disk.there.contains(&record.install_path);
        if gone && target(evidence, &record.install_path).is_none() {
            let text = format!(
                "`{id}` is recorded, but its folder `{}` is not there",
                record.install_path.display()
            );
            add("inventory.no-bytes", text, restore(evidence, id, scope));
        }
    }
    findings
}

pub(super) fn restore(evidence: &Evidence, id: &str, scope: Scope) -> Fix {
    if evidence.wants(id, scope) {
        return Fix::Sync;
    }
    // What is switched off comes back switched off.
    let reach = evidence.roots.reach(scope);
    let switch = evidence.observed.state.switch(Client::Claude, id, &reach);
    install(evidence, id, scope, switch == Some(true))
}

/// Records whose path is another machine's, while the same folder is below this home.
pub(super) fn paths_of_another_machine(evidence: &Evidence) -> Vec<Finding> {
    let state = &evidence.observed.state;
    let plugins = state.plugins().filter_map(|row| {
        let (fact, old) = (row.fact, row.record);
        let to = target(evidence, &old.install_path)?;
        let text = points_away(row.name, &old.install_path);
        let after = InstallRecord { install_path: to, ..old.clone() };
        let records = (Record::Plugin(old.clone()), Record::Plugin(after));
        Some(re_root(row.name, fact, evidence.at(fact, text), records))
    });
    let marketplaces = state.marketplaces().filter_map(|row| {
        let (fact, old) = (row.fact, row.record);
        let to = marketplace_target(evidence, old)?;
        let text = points_away(row.name, &old.install_location);
        let after = KnownMarketplace { install_location: to, ..old.clone() };
        let records = (Record::Marketplace(old.clone()), Record::Marketplace(after));
        Some(re_root(row.name, fact, evidence.at_field(fact, "installLocation", text), records))
    });
    marketplaces.chain(plugins).collect()
}

fn points_away(name: &str, to: &Path) -> String {
    format!("`{name}` points to `{}`, which is not here", to.display())
}

fn re_root(
    about: &str,
    fact: &Fact,
    diagnostic: Diagnostic,
    (before, after): (Record, Record),
) -> Finding {
    let change = Change { fact: fact.clone(), before: Some(before), after: Some(after) };
    Finding {
        id: "path.foreign",
        severity: Severity::Error,
        about: about.to_owned(),
        diagnostic,
        fix: Fix::Correct(vec![change]),
    }
}

/// Returns where the folder of a missing path is on this machine, if it is.
fn target(evidence: &Evidence, path: &Path) -> Option<PathBuf> {
    let there = &evidence.disk.there;
    let to = here(evidence.roots, path)?;
    (!there.contains(path) && there.contains(&to)).then_some(to)
}

fn marketplace_target(evidence: &Evidence, known: &KnownMarketplace) -> Option<PathBuf> {
    let there = &evidence.disk.there;
    if there.contains(&known.install_location) {
        return None;
    }
    let own = own_folder(known).filter(|path| there.contains(path));
    own.or_else(|| target(evidence, &known.install_location))
}

/// Returns the folder that a local marketplace is.
fn own_folder(known: &KnownMarketplace) -> Option<PathBuf> {
    match known.source.source()? {
        Source::Directory { path } => Some(path.clone()),
        _ => None,
    }
}

/// Returns the folders that records will name once their paths are corrected.
pub(super) fn re_rooted(evidence: &Evidence) -> impl Iterator<Item = PathBuf> {
    evidence.observed.state.plugins().filter_map(|row| target(evidence, &row.record.install_path))
}

/// Returns the path that has the same place in this client's plugin folder.
fn here(roots: &Roots, path: &Path) -> Option<PathBuf> {
    clients::plugin_layout(Client::Claude).re_rooted(roots, path)
}

/// Returns the paths of which the checks ask whether something is there.
pub fn wondered(roots: &Roots, state: &State) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    for row in state.plugins() {
        paths.extend(here(roots, &row.record.install_path));
        paths.insert(row.record.install_path.clone());
        if let Some(project) = row.reach.project() {
            paths.extend(project.parent().map(Path::to_owned));
            paths.insert(project.to_owned());
        }
    }
    for row in state.marketplaces() {
        paths.extend(here(roots, &row.record.install_location));
        paths.extend(own_folder(row.record));
        paths.insert(row.record.install_location.clone());
    }
    paths
}

/// Records for projects whose folder is gone.
pub(super) fn projects_that_are_gone(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in evidence.observed.state.plugins() {
        let (id, scope) = (row.name, row.reach.scope());
        let Some(project) = row.reach.project() else { continue };
        if evidence.disk.there.contains(project) {
            continue;
        }
        let text = format!(
            "`{id}` is recorded in {scope} scope for `{}`, which is gone",
            project.display()
        );
        // A folder of which even the parent is gone may lie on a disk that is not mounted.
        let mounted = project.parent().is_some_and(|parent| evidence.disk.there.contains(parent));
        let fix = if mounted {
            drop_record(row.fact, row.record)
        } else {
            Fix::ByHand("nothing is done, for the disk may not be mounted".into())
        };
        findings.push(Finding {
            id: "project.dangling",
            severity: Severity::Info,
            about: id.to_owned(),
            diagnostic: evidence.at(row.fact, text),
            fix,
        });
    }
    findings
}

/// Records for this project of what no settings name any more.
pub(super) fn forgotten_by_the_project(evidence: &Evidence) -> Vec<Finding> {
    let state = &evidence.observed.state;
    // What a file that cannot be read switches on is not known.
    let unreadable = clients::plugin_layout(Client::Claude)
        .switches(evidence.roots)
        .iter()
        .any(|(path, _)| evidence.problems.iter().any(|problem| problem.diagnostic.file == *path));
    if unreadable {
        return Vec::new();
    }
    let named = |id: &str| {
        state.switches().any(|row| row.name == id && row.reach.holds_in(&evidence.roots.project))
            || Scope::ALL.into_iter().any(|scope| evidence.wants(id, scope))
    };
    let forgotten = evidence
        .records()
        .filter(|row| row.reach.scope() != Scope::User && !row.record.auto && !named(row.name));
    let finding = |row: Row<&InstallRecord>| {
        let (id, reach) = (row.name, row.reach);
        let text = format!("`{id}` is recorded in {reach} scope here, but no settings name it");
        Finding {
            id: "project.dangling",
            severity: Severity::Warning,
            about: id.to_owned(),
            diagnostic: evidence.at(row.fact, text),
            fix: drop_record(row.fact, row.record),
        }
    };
    forgotten.map(finding).collect()
}

fn drop_record(fact: &Fact, record: &InstallRecord) -> Fix {
    let before = Some(Record::Plugin(record.clone()));
    Fix::Drop(vec![Change { fact: fact.clone(), before, after: None }])
}

/// Plugins that need another which is not installed in their scope; the client does not load them.
pub(super) fn unmet_dependencies(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, scan) in super::content::scans(evidence) {
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
            findings.push(Finding {
                id: "dependency.missing",
                severity: Severity::Error,
                about: needed.clone(),
                diagnostic: evidence.at(row.fact, text),
                // The lock knows what a plugin of the manifest needs.
                fix: if evidence.wants(id, scope) {
                    Fix::Sync
                } else {
                    install(evidence, &needed, scope, true)
                },
            });
        }
    }
    findings
}
