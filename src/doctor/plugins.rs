//! Plugins: wanted, enabled, recorded, locked and on disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::source::from_client;
use crate::clients::claude::{installed_plugins, known_marketplaces, settings};
use crate::formats::json::Key;
use crate::model::{
    Change, Client, Diagnostic, InstallRecord, Item, KnownMarketplace, PluginId, Position, Record,
    Roots, Scope, Source, State, WantedPlugin, did_you_mean,
};

/// What the manifest wants and the client does not have.
pub(super) fn wanted_but_missing(facts: &Facts) -> Vec<Finding> {
    let Some(intent) = facts.intent else { return Vec::new() };
    let marketplaces = intent.marketplaces.iter().filter_map(|wanted| {
        let item = Item::Marketplace { name: wanted.name.to_string() };
        let missing = match facts.observed.state.get(&item) {
            None => "is not registered with the client",
            Some(Record::Marketplace(known))
                if !facts.observed.present.contains(&known.install_location)
                    && marketplace_target(facts, known).is_none() =>
            {
                "is registered, but its files are gone"
            }
            Some(_) => return None,
        };
        let text = format!("marketplace `{}` {missing}", wanted.name);
        Some(missing_finding(facts, wanted.name.to_string(), wanted.at, text))
    });
    let plugins = intent.plugins.iter().filter_map(|wanted| {
        let text = plugin_fault(facts, wanted)?;
        Some(missing_finding(facts, wanted.id.to_string(), wanted.at, text))
    });
    marketplaces.chain(plugins).collect()
}

fn missing_finding(facts: &Facts, about: String, at: Position, text: String) -> Finding {
    let file = facts.intent.map(|intent| intent.manifest.clone()).unwrap_or_default();
    let mut diagnostic = Diagnostic::whole(&file, text);
    diagnostic.at = Some(at);
    Finding { id: "intent.missing", severity: Severity::Error, about, diagnostic, fix: Fix::Sync }
}

fn plugin_fault(facts: &Facts, wanted: &WantedPlugin) -> Option<String> {
    let (id, scope) = (wanted.id.to_string(), wanted.scope);
    let project = (scope != Scope::User).then(|| facts.roots.project.clone());
    let recorded = Item::Plugin { id: id.clone(), scope, project };
    let Some(Record::Plugin(record)) = facts.observed.state.get(&recorded) else {
        return Some(format!("plugin `{id}` is not installed in scope {scope}"));
    };
    let switch = facts.observed.state.get(&Item::Enabled { id: id.clone(), scope });
    if switch != Some(&Record::Enabled(wanted.enabled)) {
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
pub(super) fn enabled_but_not_installed(facts: &Facts) -> Vec<Finding> {
    let state = &facts.observed.state;
    let installed: BTreeSet<&str> = state
        .keys()
        .filter_map(|item| match item {
            Item::Plugin { id, project, .. }
                if project.as_ref().is_none_or(|project| *project == facts.roots.project) =>
            {
                Some(id.as_str())
            }
            _ => None,
        })
        .collect();
    state
        .iter()
        .filter_map(|(item, record)| {
            let (Item::Enabled { id, scope }, Record::Enabled(true)) = (item, record) else {
                return None;
            };
            if installed.contains(id.as_str()) || facts.wants(id, *scope) {
                return None;
            }
            let file = settings::path(facts.roots, *scope);
            let path = [Key::Name("enabledPlugins"), Key::Name(id)];
            let text = format!("plugin `{id}` is enabled but not installed");
            let fix = install(facts, id, *scope, true);
            let (check, severity) = match fix {
                Fix::ByHand(_) => ("enabled.ghost", Severity::Warning),
                _ => ("intent.missing", Severity::Error),
            };
            Some(Finding {
                id: check,
                severity,
                about: id.clone(),
                diagnostic: facts.at_key(&file, &path, text),
                fix,
            })
        })
        .collect()
}

/// An enabled plugin can be installed when its marketplace is known from somewhere.
pub(super) fn install(facts: &Facts, id: &str, scope: Scope, enabled: bool) -> Fix {
    let Ok(id) = id.parse::<PluginId>() else {
        return Fix::ByHand(
            "its name is not one that a marketplace can have; remove the key".into(),
        );
    };
    let name = id.marketplace.to_string();
    let known = facts.observed.state.keys().any(|item| match item {
        Item::Marketplace { name: other } | Item::Declared { name: other, .. } => *other == name,
        _ => false,
    });
    if !known && crate::model::well_known_marketplace(&id.marketplace).is_none() {
        return Fix::ByHand(format!(
            "no source is known for marketplace `{name}`; declare it in the manifest, or remove the key"
        ));
    }
    if let Some(catalog) = facts.disk.catalogs.get(&name)
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
pub(super) fn inventory_without_marketplace_or_bytes(facts: &Facts) -> Vec<Finding> {
    let file = installed_plugins::path(facts.roots);
    let mut findings = Vec::new();
    for (item, record) in &facts.observed.state {
        let (Item::Plugin { id, scope, project }, Record::Plugin(record)) = (item, record) else {
            continue;
        };
        if project.as_ref().is_some_and(|project| *project != facts.roots.project) {
            continue;
        }
        let path = [Key::Name("plugins"), Key::Name(id)];
        let mut add = |id_of_check, text: String, fix| {
            findings.push(Finding {
                id: id_of_check,
                severity: Severity::Error,
                about: id.clone(),
                diagnostic: facts.at_key(&file, &path, text),
                fix,
            });
        };
        let marketplace = id.rsplit_once('@').map_or("", |(_, name)| name);
        let name = marketplace.to_owned();
        if !facts.observed.state.contains_key(&Item::Marketplace { name }) {
            let text =
                format!("`{id}` is installed, but marketplace `{marketplace}` is not registered");
            add("inventory.no-marketplace", text, restore(facts, id, *scope));
        }
        let gone = !facts.observed.trees.contains_key(&record.install_path)
            && !facts.disk.there.contains(&record.install_path);
        if gone && target(facts, &record.install_path).is_none() {
            let text = format!(
                "`{id}` is recorded, but its folder `{}` is not there",
                record.install_path.display()
            );
            add("inventory.no-bytes", text, restore(facts, id, *scope));
        }
    }
    findings
}

pub(super) fn restore(facts: &Facts, id: &str, scope: Scope) -> Fix {
    if facts.wants(id, scope) {
        return Fix::Sync;
    }
    // What is switched off comes back switched off.
    let switch = facts.observed.state.get(&Item::Enabled { id: id.to_owned(), scope });
    install(facts, id, scope, switch == Some(&Record::Enabled(true)))
}

/// Records whose path is another machine's, while the same folder is below this home.
pub(super) fn paths_of_another_machine(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (item, record) in &facts.observed.state {
        let (about, file, path, place, after) = match (item, record) {
            (Item::Plugin { id, .. }, Record::Plugin(record)) => {
                let Some(to) = target(facts, &record.install_path) else { continue };
                let after = InstallRecord { install_path: to, ..record.clone() };
                let path = vec![Key::Name("plugins"), Key::Name(id)];
                let file = installed_plugins::path(facts.roots);
                (id, file, path, &record.install_path, Record::Plugin(after))
            }
            (Item::Marketplace { name }, Record::Marketplace(known)) => {
                let Some(to) = marketplace_target(facts, known) else { continue };
                let after = KnownMarketplace { install_location: to, ..known.clone() };
                let path = vec![Key::Name(name), Key::Name("installLocation")];
                let file = known_marketplaces::path(facts.roots);
                (name, file, path, &known.install_location, Record::Marketplace(after))
            }
            _ => continue,
        };
        let text = format!("`{about}` points to `{}`, which is not here", place.display());
        findings.push(Finding {
            id: "path.foreign",
            severity: Severity::Error,
            about: about.clone(),
            diagnostic: facts.at_key(&file, &path, text),
            fix: Fix::Correct(vec![Change {
                client: Client::Claude,
                item: item.clone(),
                before: Some(record.clone()),
                after: Some(after),
            }]),
        });
    }
    findings
}

/// Returns where the folder of a missing path is on this machine, if it is.
fn target(facts: &Facts, path: &Path) -> Option<PathBuf> {
    let there = &facts.disk.there;
    let to = here(facts.roots, path)?;
    (!there.contains(path) && there.contains(&to)).then_some(to)
}

fn marketplace_target(facts: &Facts, known: &KnownMarketplace) -> Option<PathBuf> {
    let there = &facts.disk.there;
    if there.contains(&known.install_location) {
        return None;
    }
    let own = own_folder(known).filter(|path| there.contains(path));
    own.or_else(|| target(facts, &known.install_location))
}

/// Returns the folder that a local marketplace is.
fn own_folder(known: &KnownMarketplace) -> Option<PathBuf> {
    match from_client(&known.source)?.0 {
        Source::Directory { path } => Some(path),
        _ => None,
    }
}

/// Returns the folders that records will name once their paths are corrected.
pub(super) fn re_rooted(facts: &Facts) -> impl Iterator<Item = PathBuf> {
    facts.observed.state.values().filter_map(|record| match record {
        Record::Plugin(record) => target(facts, &record.install_path),
        _ => None,
    })
}

/// Returns the path that has the same place in this client's plugin folder; either slash counts, for a
/// record may come from another system.
fn here(roots: &Roots, path: &Path) -> Option<PathBuf> {
    let text = path.to_str()?.replace('\\', "/");
    let found = ["cache", "marketplaces"].iter().filter_map(|folder| {
        let at = text.rfind(&format!("/plugins/{folder}/"))?;
        Some(&text[at + "/plugins/".len()..])
    });
    let rest = found.min_by_key(|rest| rest.len())?;
    let plain = rest.split('/').all(|name| !name.is_empty() && name != "." && name != "..");
    plain.then(|| roots.claude_plugins.join(rest))
}

/// Returns the paths of which the checks ask whether something is there.
pub fn wondered(roots: &Roots, state: &State) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    for (item, record) in state {
        match record {
            Record::Plugin(record) => {
                paths.extend(here(roots, &record.install_path));
                paths.insert(record.install_path.clone());
            }
            Record::Marketplace(known) => {
                paths.extend(here(roots, &known.install_location));
                paths.extend(own_folder(known));
                paths.insert(known.install_location.clone());
            }
            _ => {}
        }
        if let Item::Plugin { project: Some(project), .. } = item {
            paths.extend(project.parent().map(Path::to_owned));
            paths.insert(project.clone());
        }
    }
    paths
}

/// Records for projects whose folder is gone.
pub(super) fn projects_that_are_gone(facts: &Facts) -> Vec<Finding> {
    let file = installed_plugins::path(facts.roots);
    let mut findings = Vec::new();
    for (item, record) in &facts.observed.state {
        let Item::Plugin { id, scope, project: Some(project) } = item else { continue };
        if facts.disk.there.contains(project) {
            continue;
        }
        let text = format!(
            "`{id}` is recorded in {scope} scope for `{}`, which is gone",
            project.display()
        );
        // A folder of which even the parent is gone may lie on a disk that is not mounted.
        let mounted = project.parent().is_some_and(|parent| facts.disk.there.contains(parent));
        let fix = if mounted {
            drop_record(item, record)
        } else {
            Fix::ByHand("nothing is done, for the disk may not be mounted".into())
        };
        findings.push(Finding {
            id: "project.dangling",
            severity: Severity::Info,
            about: id.clone(),
            diagnostic: facts.at_key(&file, &[Key::Name("plugins"), Key::Name(id)], text),
            fix,
        });
    }
    findings
}

/// Records for this project of what no settings name any more.
pub(super) fn forgotten_by_the_project(facts: &Facts) -> Vec<Finding> {
    let state = &facts.observed.state;
    // What a file that cannot be read switches on is not known.
    let unreadable = settings::scopes(facts.roots)
        .map(|scope| settings::path(facts.roots, scope))
        .any(|path| facts.problems.iter().any(|problem| problem.diagnostic.file == path));
    if unreadable {
        return Vec::new();
    }
    let file = installed_plugins::path(facts.roots);
    let named = |id: &str| {
        Scope::ALL.into_iter().any(|scope| {
            let switch = Item::Enabled { id: id.to_owned(), scope };
            state.contains_key(&switch) || facts.wants(id, scope)
        })
    };
    facts
        .records()
        .filter(|(_, id, scope, record)| *scope != Scope::User && !record.auto && !named(id))
        .map(|(item, id, scope, record)| {
            let text = format!("`{id}` is recorded in {scope} scope here, but no settings name it");
            Finding {
                id: "project.dangling",
                severity: Severity::Warning,
                about: id.to_owned(),
                diagnostic: facts.at_key(&file, &[Key::Name("plugins"), Key::Name(id)], text),
                fix: drop_record(item, &Record::Plugin(record.clone())),
            }
        })
        .collect()
}

fn drop_record(item: &Item, record: &Record) -> Fix {
    Fix::Drop(vec![Change {
        client: Client::Claude,
        item: item.clone(),
        before: Some(record.clone()),
        after: None,
    }])
}

/// Plugins that need another which is not installed in their scope; the client does not load them.
pub(super) fn unmet_dependencies(facts: &Facts) -> Vec<Finding> {
    let file = installed_plugins::path(facts.roots);
    let mut findings = Vec::new();
    for (id, scope, _, scan) in super::content::scans(facts) {
        let marketplace = id.rsplit_once('@').map_or("", |(_, marketplace)| marketplace);
        for needed in &scan.dependencies {
            let here = || format!("{needed}@{marketplace}");
            let needed = if needed.contains('@') { needed.clone() } else { here() };
            if facts.record(&needed, scope).is_some()
                || facts.record(&needed, Scope::User).is_some()
            {
                continue;
            }
            let text = format!("`{id}` needs `{needed}`, which is not installed");
            findings.push(Finding {
                id: "dependency.missing",
                severity: Severity::Error,
                about: needed.clone(),
                diagnostic: facts.at_key(&file, &[Key::Name("plugins"), Key::Name(id)], text),
                // The lock knows what a plugin of the manifest needs.
                fix: if facts.wants(id, scope) {
                    Fix::Sync
                } else {
                    install(facts, &needed, scope, true)
                },
            });
        }
    }
    findings
}
