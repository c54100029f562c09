//! Plugins: wanted, enabled, recorded, locked and on disk.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::source::from_client;
use crate::clients::claude::{installed_plugins, known_marketplaces, settings};
use crate::formats::json::{self, Key};
use crate::model::{
    Diagnostic, InstallRecord, Item, PluginId, Position, Record, Scope, Source, WantedPlugin,
};

/// What the manifest wants and the client does not have.
pub(super) fn wanted_but_missing(facts: &Facts) -> Vec<Finding> {
    let Some(intent) = facts.intent else { return Vec::new() };
    let marketplaces = intent.marketplaces.iter().filter_map(|wanted| {
        let item = Item::Marketplace { name: wanted.name.to_string() };
        let missing = match facts.observed.state.get(&item) {
            None => "is not registered with the client",
            Some(Record::Marketplace(known))
                if !facts.observed.present.contains(&known.install_location) =>
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

/// What settings switch on although nothing is installed; the client says nothing of it.
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
            if installed.contains(id.as_str()) || in_manifest(facts, id, *scope) {
                return None;
            }
            let file = settings::path(facts.roots, *scope);
            let path = [Key::Name("enabledPlugins"), Key::Name(id)];
            let text = format!("plugin `{id}` is enabled but not installed");
            Some(Finding {
                id: "intent.missing",
                severity: Severity::Error,
                about: id.clone(),
                diagnostic: at_key(facts, &file, &path, text),
                fix: install(facts, id, *scope, true),
            })
        })
        .collect()
}

fn in_manifest(facts: &Facts, id: &str, scope: Scope) -> bool {
    facts.intent.is_some_and(|intent| {
        intent.plugins.iter().any(|wanted| wanted.id.to_string() == id && wanted.scope == scope)
    })
}

/// An enabled plugin can be installed when its marketplace is known from somewhere.
fn install(facts: &Facts, id: &str, scope: Scope, enabled: bool) -> Fix {
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
                diagnostic: at_key(facts, &file, &path, text),
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
        if !facts.observed.trees.contains_key(&record.install_path) {
            let text = format!(
                "`{id}` is recorded, but its folder `{}` is not there",
                record.install_path.display()
            );
            add("inventory.no-bytes", text, restore(facts, id, *scope));
        }
    }
    findings
}

fn restore(facts: &Facts, id: &str, scope: Scope) -> Fix {
    if in_manifest(facts, id, scope) {
        return Fix::Sync;
    }
    // What is switched off comes back switched off.
    let switch = facts.observed.state.get(&Item::Enabled { id: id.to_owned(), scope });
    install(facts, id, scope, switch == Some(&Record::Enabled(true)))
}

/// Where disk and records are not what the lock says.
pub(super) fn drift_from_lock(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |about: String, file: &Path, path: &[Key], text: String| {
        findings.push(Finding {
            id: "lock.drift",
            severity: Severity::Error,
            about,
            diagnostic: at_key(facts, file, path, text),
            fix: Fix::Sync,
        });
    };
    for (name, locked) in &facts.lock.marketplaces {
        let item = Item::Marketplace { name: name.to_string() };
        let Some(Record::Marketplace(known)) = facts.observed.state.get(&item) else { continue };
        let head = facts.observed.heads.get(&known.install_location);
        if let (Some(commit), Some(head)) = (&locked.commit, head)
            && commit != head
        {
            let text = format!(
                "marketplace `{name}` stands at {}, the lock says {}",
                head.short(),
                commit.short()
            );
            let file = known_marketplaces::path(facts.roots);
            add(name.to_string(), &file, &[Key::Name(name.as_str())], text);
        }
    }
    let locked = facts.lock.plugins.iter();
    for (wanted, scope, locked) in locked.flat_map(|(id, l)| Scope::ALL.map(|s| (id, s, l))) {
        let id = wanted.to_string();
        let Some(record) = record_of(facts, &id, scope) else { continue };
        // Another hand may have another version in another scope.
        if !record.auto && !in_manifest(facts, &id, scope) {
            continue;
        }
        let Some(tree) = facts.observed.trees.get(&record.install_path) else { continue };
        // A local folder is read where it lies; the copy in the cache does not matter.
        if *tree != locked.tree && !comes_from_folder(facts, wanted) {
            let text = format!(
                "the bytes of `{id}` in `{}` are not the ones in skills.lock",
                record.install_path.display()
            );
            let file = installed_plugins::path(facts.roots);
            add(id.clone(), &file, &[Key::Name("plugins"), Key::Name(&id)], text);
        }
    }
    findings
}

fn comes_from_folder(facts: &Facts, id: &PluginId) -> bool {
    let item = Item::Marketplace { name: id.marketplace.to_string() };
    let Some(Record::Marketplace(known)) = facts.observed.state.get(&item) else { return false };
    let source = from_client(&known.source).map(|(source, _)| source);
    matches!(source, Some(Source::Directory { .. } | Source::File { .. }))
}

fn record_of<'a>(facts: &Facts<'a>, id: &str, scope: Scope) -> Option<&'a InstallRecord> {
    let project = (scope != Scope::User).then(|| facts.roots.project.clone());
    let item = Item::Plugin { id: id.to_owned(), scope, project };
    match facts.observed.state.get(&item) {
        Some(Record::Plugin(record)) => Some(record),
        _ => None,
    }
}

/// Versions in the cache that no record of any scope or project names.
pub(super) fn bytes_without_inventory(facts: &Facts) -> Vec<Finding> {
    let recorded: BTreeSet<&Path> = facts
        .observed
        .state
        .values()
        .filter_map(|record| match record {
            Record::Plugin(record) => Some(record.install_path.as_path()),
            _ => None,
        })
        .collect();
    facts
        .cached
        .iter()
        .filter(|path| !recorded.contains(path.as_path()))
        .map(|path| Finding {
            id: "bytes.no-inventory",
            severity: Severity::Info,
            about: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            diagnostic: Diagnostic::whole(path, "no record names this folder; it only takes space"),
            fix: Fix::ByHand("nothing has to be done; the client removes it in time".into()),
        })
        .collect()
}

/// Returns a complaint at a key of a client's file, or about the file when it is not to be found.
fn at_key(facts: &Facts, file: &Path, path: &[Key], text: String) -> Diagnostic {
    let content = facts.files.get(file).map(String::from_utf8_lossy);
    match &content {
        Some(content) => match json::locate(content, path) {
            Some(span) => Diagnostic::span(file, content, span, text),
            None => Diagnostic::whole(file, text),
        },
        None => Diagnostic::whole(file, text),
    }
}
