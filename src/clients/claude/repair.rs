//! Registries that Claude Code 2.1.329 would reject as a whole, made readable again.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{installed_plugins, known_marketplaces, source};
use crate::formats::json::{self, Key};
use crate::model::{Files, Roots};

/// Returns the new text of each registry that needs one. What can be understood stays; an entry that
/// the client cannot take goes, for it costs every other entry.
pub fn repair(roots: &Roots, files: &Files, now: &str) -> Vec<(PathBuf, String)> {
    [marketplaces(roots, files, now), plugins(roots, files)].into_iter().flatten().collect()
}

fn marketplaces(roots: &Roots, files: &Files, now: &str) -> Option<(PathBuf, String)> {
    let path = known_marketplaces::path(roots);
    let text = files.get(&path).map(String::from_utf8_lossy)?;
    let Some(entries) = strict(&text) else {
        let kept = json::lenient(&text).and_then(|value| value.as_object().cloned());
        return Some((path, json::new_document(&Value::Object(kept.unwrap_or_default()), false)));
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
        None => json!(roots.claude_plugins.join("marketplaces").join(name)),
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

fn plugins(roots: &Roots, files: &Files) -> Option<(PathBuf, String)> {
    let path = installed_plugins::path(roots);
    let text = files.get(&path).map(String::from_utf8_lossy)?;
    let blank = || json::new_document(&json!({"version": 2, "plugins": {}}), false);
    let known_version = |map: &Map<String, Value>| {
        map.get("version").is_none_or(|version| matches!(version.as_u64(), Some(1 | 2)))
    };
    let Some(map) = strict(&text).filter(known_version) else { return Some((path, blank())) };
    let Some(Value::Object(plugins)) = map.get("plugins") else {
        return map.contains_key("plugins").then(|| (path, blank()));
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
    serde_json::from_str(text).ok()
}
