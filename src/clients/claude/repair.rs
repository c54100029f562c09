//! Registries that Claude Code 2.1.329 would reject as a whole, made readable again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{Claude, installed_plugins, known_marketplaces, source};
use crate::clients::{Decoded, PluginLayout as _, Salvage};
use crate::formats::json::{self, Key};
use crate::model::{Files, RegistrySource, Roots, Source, State};

/// Returns the new text of each registry that needs one. What can be understood stays; an entry that
/// the client cannot take goes, for it costs every other entry. What cannot be understood at all is
/// written anew from the settings and the disk.
pub fn repair(
    roots: &Roots,
    files: &Files,
    now: &str,
    salvage: &Salvage,
) -> Vec<(PathBuf, String)> {
    let mut settings = Decoded::default();
    super::settings::decode(roots, files, &mut settings);
    let anew = Anew { roots, state: &settings.state, now, salvage };
    [marketplaces(files, &anew), plugins(files, &anew)].into_iter().flatten().collect()
}

/// What a registry is written anew from.
struct Anew<'a> {
    roots: &'a Roots,
    state: &'a State,
    now: &'a str,
    salvage: &'a Salvage,
}

impl Anew<'_> {
    /// Returns an entry for each marketplace that is on disk and whose source is known.
    fn marketplaces(&self) -> Map<String, Value> {
        let mut entries = Map::new();
        let declared: BTreeMap<&str, &RegistrySource> =
            self.state.declared().map(|row| (row.name, row.record)).collect();
        let folder = |name: &str| json!(Claude.marketplace(self.roots, name));
        let mut add = |name: &str, source: &RegistrySource, place: Value| {
            let source = source::to_json(source);
            if source::fault(Some(&source)).is_none() {
                let entry = json!({
                    "source": source, "installLocation": place, "lastUpdated": self.now,
                });
                entries.insert(name.to_owned(), entry);
            }
        };
        for (name, found) in &self.salvage.clones {
            if let Some(source) = declared.get(name.as_str()).copied().or(found.as_ref()) {
                add(name, source, folder(name));
            }
        }
        for (name, source) in declared {
            if let Some(Source::Directory { path }) = source.source() {
                add(name, source, json!(path));
            }
        }
        entries
    }

    /// Returns the text of an inventory with every plugin that is switched on and in the cache.
    fn inventory(&self) -> String {
        let mut plugins: Map<String, Value> = Map::new();
        for switch in self.state.switches().filter(|switch| switch.record) {
            let Some(found) = self.salvage.versions.get(switch.name) else { continue };
            let record = installed_plugins::new_record(switch.reach, found);
            let records = plugins.entry(switch.name.to_owned()).or_insert_with(|| json!([]));
            if let Some(records) = records.as_array_mut() {
                records.push(record);
            }
        }
        json::new_document(&json!({ "version": 2, "plugins": plugins }), false)
    }
}

fn marketplaces(files: &Files, anew: &Anew) -> Option<(PathBuf, String)> {
    let (roots, now) = (anew.roots, anew.now);
    let path = known_marketplaces::path(roots);
    let text = files.get(&path).map(String::from_utf8_lossy)?;
    let Some(entries) = strict(&text) else {
        let kept = json::lenient(&text).and_then(|value| value.as_object().cloned());
        let kept = kept.unwrap_or_else(|| anew.marketplaces());
        return Some((path, json::new_document(&Value::Object(kept), false)));
    };
    let mut fixed = text.clone().into_owned();
    for (name, entry) in &entries {
        let key = [Key::Name(name)];
        let edited = if source::fault(entry.get("source")).is_some() {
            json::remove(&fixed, &key)
        } else {
            complete(&fixed, name, entry, roots, now)
        };
        fixed = edited.unwrap_or(fixed);
    }
    (fixed != text).then_some((path, fixed))
}

/// Adds the fields that the client requires of an entry.
fn complete(
    text: &str,
    name: &str,
    entry: &Value,
    roots: &Roots,
    now: &str,
) -> Result<String, json::EditError> {
    let mut text = text.to_owned();
    let path = entry.get("source").and_then(|source| source.get("path")).and_then(Value::as_str);
    let place = match path {
        Some(path) => json!(path),
        None => json!(Claude.marketplace(roots, name)),
    };
    for (field, value) in [("installLocation", place), ("lastUpdated", json!(now))] {
        if !entry.get(field).is_some_and(Value::is_string) {
            text = json::set(&text, &[Key::Name(name), Key::Name(field)], &value)?;
        }
    }
    if entry.get("autoUpdate").is_some_and(|auto| !auto.is_boolean()) {
        text = json::remove(&text, &[Key::Name(name), Key::Name("autoUpdate")])?;
    }
    Ok(text)
}

fn plugins(files: &Files, anew: &Anew) -> Option<(PathBuf, String)> {
    let path = installed_plugins::path(anew.roots);
    let text = files.get(&path).map(String::from_utf8_lossy)?;
    let known_version = |map: &Map<String, Value>| {
        map.get("version").is_none_or(|version| matches!(version.as_u64(), Some(1 | 2)))
    };
    let Some(map) = strict(&text).filter(known_version) else {
        return Some((path, anew.inventory()));
    };
    let Some(Value::Object(plugins)) = map.get("plugins") else {
        return map.contains_key("plugins").then(|| (path, anew.inventory()));
    };
    let mut fixed = text.clone().into_owned();
    for (id, entry) in plugins {
        let Some(records) = entry.as_array() else { continue };
        let good = |record: &Value| {
            record.get("scope").is_some_and(Value::is_string)
                && record.get("installPath").is_some_and(Value::is_string)
        };
        // From the end, so that the indices before stay right.
        for index in (0..records.len()).rev().filter(|index| !good(&records[*index])) {
            let key = [Key::Name("plugins"), Key::Name(id), Key::Index(index)];
            fixed = json::remove(&fixed, &key).unwrap_or(fixed);
        }
    }
    (fixed != text).then_some((path, fixed))
}

/// Returns the object of a text that the client can parse; it takes no comments and no BOM here.
fn strict(text: &str) -> Option<Map<String, Value>> {
    match json::value(text.as_bytes())? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
