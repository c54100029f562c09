//! What should be, as the facts that the client's files should hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::clients::claude::source::{from_client, to_client};
use crate::model::{InstallRecord, Item, KnownMarketplace, Record, Scope, Source, Thing};
use crate::plan::Inputs;
use crate::resolve::{DesiredMarketplace, DesiredPlugin};

/// Returns the facts that the client's files should hold.
pub(super) fn facts(inputs: &Inputs) -> BTreeMap<Item, Record> {
    let mut facts = BTreeMap::new();
    for (name, marketplace) in &inputs.desired.marketplaces {
        let name = name.to_string();
        let source = client_source(inputs, &name, marketplace);
        if !is_foreign(inputs, &name) || is_declared(inputs, &name) {
            let declared = Record::Declared(source.clone());
            let by_user = Item::Declared { name: name.clone(), scope: Scope::User };
            let everywhere = inputs.state.get(&by_user) == Some(&declared);
            for scope in declaring_scopes(inputs, &name, marketplace) {
                let item = Item::Declared { name: name.clone(), scope };
                // What the user's own settings declare holds in every project.
                if !everywhere || inputs.state.contains_key(&item) {
                    facts.insert(item, declared.clone());
                }
            }
        }
        let known = known(inputs, &name, marketplace, source);
        facts.insert(Item::Marketplace { name }, Record::Marketplace(known));
    }
    for ((id, scope), plugin) in &inputs.desired.plugins {
        let project = (*scope != Scope::User).then(|| inputs.roots.project.clone());
        let item = Item::Plugin { id: id.to_string(), scope: *scope, project };
        let record = install_record(inputs, &item, plugin);
        facts.insert(item, Record::Plugin(record));
        let item = Item::Enabled { id: id.to_string(), scope: *scope };
        facts.insert(item, Record::Enabled(plugin.enabled));
    }
    facts
}

/// Returns the client's source object; one that means the same place and revision is kept as it is,
/// for `owner/repo` and its web address are spelled differently.
fn client_source(inputs: &Inputs, name: &str, marketplace: &DesiredMarketplace) -> Value {
    let pin = marketplace.pin.as_deref();
    let reference = pin.or(marketplace.source.reference());
    if let Some(Record::Marketplace(old)) =
        inputs.state.get(&Item::Marketplace { name: name.to_owned() })
        && let Some((source, old_reference)) = from_client(&old.source)
        && source.same_place(&marketplace.source)
        && old_reference.as_deref() == reference
    {
        return old.source.clone();
    }
    to_client(&marketplace.source, pin)
}

/// Tells whether somebody else registered a marketplace. What works without being declared in
/// settings need not be touched.
fn is_foreign(inputs: &Inputs, name: &str) -> bool {
    let thing = Thing::Marketplace { name: name.to_owned() };
    let item = Item::Marketplace { name: name.to_owned() };
    inputs.state.contains_key(&item) && !inputs.ledger.owns(inputs.roots, &thing)
}

fn is_declared(inputs: &Inputs, name: &str) -> bool {
    inputs.state.keys().any(|item| matches!(item, Item::Declared { name: n, .. } if n == name))
}

/// Returns the scopes whose settings name a marketplace: those of its plugins. A project's settings
/// are shared through its repository, so they never name a folder of this machine.
fn declaring_scopes(
    inputs: &Inputs,
    name: &str,
    marketplace: &DesiredMarketplace,
) -> BTreeSet<Scope> {
    let local = matches!(marketplace.source, Source::Directory { .. } | Source::File { .. });
    let used = inputs.desired.plugins.keys().filter(|(id, _)| id.marketplace.as_str() == name);
    let mut scopes: BTreeSet<Scope> = used
        .map(|(_, scope)| *scope)
        .map(|scope| if local && scope == Scope::Project { Scope::User } else { scope })
        .collect();
    if scopes.is_empty() {
        scopes.insert(Scope::User);
    }
    scopes
}

/// Returns the registry entry, keeping what the client wrote where it is not ours to say.
fn known(
    inputs: &Inputs,
    name: &str,
    marketplace: &DesiredMarketplace,
    source: Value,
) -> KnownMarketplace {
    let old = match inputs.state.get(&Item::Marketplace { name: name.to_owned() }) {
        Some(Record::Marketplace(old)) => Some(old),
        _ => None,
    };
    // The day is enough, so that a second refresh writes nothing.
    let day = |time: &str| time.get(..10).map(str::to_owned);
    let dated =
        marketplace.refreshed && old.is_some_and(|old| day(&old.last_updated) != day(inputs.now));
    KnownMarketplace {
        source,
        install_location: marketplace.location.clone(),
        last_updated: match old {
            Some(old) if marketplace.bytes.is_none() && !dated => old.last_updated.clone(),
            _ => inputs.now.to_owned(),
        },
        auto_update: marketplace.auto_update.or_else(|| old.and_then(|old| old.auto_update)),
    }
}

fn install_record(inputs: &Inputs, item: &Item, plugin: &DesiredPlugin) -> InstallRecord {
    let mut record = InstallRecord {
        install_path: plugin.install_path.clone(),
        version: Some(plugin.version.clone()),
        installed_at: Some(inputs.now.to_owned()),
        last_updated: Some(inputs.now.to_owned()),
        commit: plugin.commit.as_ref().map(ToString::to_string),
        auto: plugin.auto,
    };
    if let Some(Record::Plugin(old)) = inputs.state.get(item) {
        record.installed_at.clone_from(&old.installed_at);
        // Once somebody asked for it by name it is no longer there for another plugin's sake alone.
        record.auto = plugin.auto && old.auto;
        let moved = record.install_path != old.install_path
            || record.version != old.version
            || record.commit != old.commit;
        if !moved {
            record.last_updated.clone_from(&old.last_updated);
        }
    }
    record
}
