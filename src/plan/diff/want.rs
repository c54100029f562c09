//! What should be, as the facts that the client's files should hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Fact, InstallRecord, Item, KnownMarketplace, Reach, Record, RegistrySource, Scope, Source,
    Thing,
};
use crate::plan::Inputs;
use crate::resolve::{DesiredMarketplace, DesiredPlugin};

/// Returns the facts that the client's files should hold.
pub(super) fn facts(inputs: &Inputs) -> BTreeMap<Fact, Record> {
    let client = inputs.client;
    let mut facts = BTreeMap::new();
    for (name, marketplace) in &inputs.desired.marketplaces {
        let name = name.to_string();
        let source = registry_source(inputs, &name, marketplace);
        if !is_foreign(inputs, &name) || is_declared(inputs, &name) {
            let declared = Record::Declared(source.clone());
            let declare = |reach| Item::Declared { name: name.clone(), reach }.of(client);
            let everywhere = inputs.state.get(&declare(Reach::USER)) == Some(&declared);
            for scope in declaring_scopes(inputs, &name, marketplace) {
                let fact = declare(inputs.roots.reach(scope));
                // What the user's own settings declare holds in every project.
                if !everywhere || inputs.state.has(&fact) {
                    facts.insert(fact, declared.clone());
                }
            }
        }
        let known = known(inputs, &name, marketplace, source);
        facts.insert(Item::Marketplace { name }.of(client), Record::Marketplace(known));
    }
    for ((id, scope), plugin) in &inputs.desired.plugins {
        let (id, reach) = (id.to_string(), inputs.roots.reach(*scope));
        let record = install_record(inputs, &id, &reach, plugin);
        let installed = Item::Plugin { id: id.clone(), reach: reach.clone() };
        facts.insert(installed.of(client), Record::Plugin(record));
        facts.insert(Item::Enabled { id, reach }.of(client), Record::Enabled(plugin.enabled));
    }
    facts
}

/// Returns the source for the client's registry; one that means the same place and revision is kept
/// as it is, for `owner/repo` and its web address are spelled differently.
fn registry_source(
    inputs: &Inputs,
    name: &str,
    marketplace: &DesiredMarketplace,
) -> RegistrySource {
    let reference = marketplace.pin.as_deref().or(marketplace.source.reference());
    let source = marketplace.source.clone().with_reference(reference.map(str::to_owned));
    match inputs.state.marketplace(inputs.client, name) {
        Some(old) if old.source.means(&source) => old.source.clone(),
        // A login is used for the fetch and stored nowhere.
        _ => RegistrySource::Known(source.without_login()),
    }
}

/// Tells whether somebody else registered a marketplace. What works without being declared in
/// settings need not be touched.
fn is_foreign(inputs: &Inputs, name: &str) -> bool {
    let thing = Thing::Marketplace { name: name.to_owned() };
    inputs.state.marketplace(inputs.client, name).is_some()
        && !inputs.ledger.owns(inputs.roots, inputs.client, &thing)
}

fn is_declared(inputs: &Inputs, name: &str) -> bool {
    inputs.state.declared().any(|row| row.client == inputs.client && row.name == name)
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
    source: RegistrySource,
) -> KnownMarketplace {
    let old = inputs.state.marketplace(inputs.client, name);
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

fn install_record(
    inputs: &Inputs,
    id: &str,
    reach: &Reach,
    plugin: &DesiredPlugin,
) -> InstallRecord {
    let mut record = InstallRecord {
        install_path: plugin.install_path.clone(),
        version: Some(plugin.version.clone()),
        installed_at: Some(inputs.now.to_owned()),
        last_updated: Some(inputs.now.to_owned()),
        commit: plugin.commit.as_ref().map(ToString::to_string),
        auto: plugin.auto,
    };
    if let Some(old) = inputs.state.plugin(inputs.client, id, reach) {
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
