//! What Claude Code 2.1.329 lists as errors of a plugin that it loads: a declared path that is not there,
//! hooks that it cannot read.

use serde_json::{Map, Value};

use super::settings_schema;
use crate::clients::{Cost, PluginFiles};
use crate::formats::json;

/// The fields that name folders or files.
const PATHS: [&str; 6] = ["skills", "commands", "agents", "outputStyles", "workflows", "themes"];

/// Where a plugin has its hooks without saying so.
const HOOKS: &str = "hooks/hooks.json";

/// Returns what the client would list as errors, from the plugin's own files.
pub(super) fn faults(files: &PluginFiles) -> Vec<String> {
    let empty = Map::new();
    let manifest = files.manifest.unwrap_or(&empty);
    let mut faults = Vec::new();
    for key in PATHS {
        faults.extend(written(manifest, key).into_iter().filter_map(|path| lost(files, key, path)));
    }
    faults.extend(hooks(files, manifest));
    faults
}

/// Returns the paths in a field: a text, several, or commands by name each with its own.
fn written<'a>(manifest: &'a Map<String, Value>, key: &str) -> Vec<&'a str> {
    match manifest.get(key) {
        Some(Value::String(path)) => vec![path],
        Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).collect(),
        Some(Value::Object(named)) => {
            named.values().filter_map(|command| command.get("source")?.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

/// Says why a declared path leads to nothing.
fn lost(files: &PluginFiles, key: &str, written: &str) -> Option<String> {
    let Some(path) = normal(written) else {
        return Some(format!("`{key}` names `{written}`, which lies outside the plugin"));
    };
    let is_folder = path.is_empty() || files.has_folder(&path);
    if !is_folder && !files.has_file(&path) {
        return Some(format!("`{key}` names `{written}`, which is not there"));
    }
    (key == "skills" && !is_folder)
        .then(|| format!("`skills` names `{written}`, a file; a folder with skills belongs there"))
}

fn hooks(files: &PluginFiles, manifest: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    if let Some(bytes) = (files.read)(HOOKS) {
        faults.extend(hooks_of(HOOKS, &bytes));
    }
    for written in written(manifest, "hooks") {
        let Some(path) = normal(written) else {
            faults.push(format!("`hooks` names `{written}`, which lies outside the plugin"));
            continue;
        };
        if seen.contains(&path) {
            faults.push(format!("`hooks` names `{written}` twice"));
            continue;
        }
        if path != HOOKS {
            match (files.read)(&path) {
                Some(bytes) => faults.extend(hooks_of(&path, &bytes)),
                None => faults.push(format!("`hooks` names `{written}`, which is not there")),
            }
        }
        seen.push(path);
    }
    faults
}

/// Returns what is wrong with a file of hooks.
fn hooks_of(path: &str, bytes: &[u8]) -> Vec<String> {
    let fault = |text: String| vec![format!("`{path}` {text}")];
    let map = match json::parse(path.as_ref(), bytes, json::Bom::Refused) {
        Ok(Value::Object(map)) => map,
        Ok(_) => return fault("is not an object".to_owned()),
        Err(diagnostic) => return fault(format!("is not JSON: {}", diagnostic.message)),
    };
    if map.get("description").is_some_and(|text| !text.is_string()) {
        return fault("has a `description` that is not a text".to_owned());
    }
    if !map.get("modules").is_none_or(Value::is_array) {
        return fault("has `modules` that are not a list".to_owned());
    }
    let has_modules =
        map.get("modules").and_then(Value::as_array).is_some_and(|modules| !modules.is_empty());
    let Some(hooks) = map.get("hooks") else {
        if has_modules {
            return Vec::new();
        }
        return fault("has no `hooks`; events do not stand at the top".to_owned());
    };
    // An event that may refuse something, and that nobody reads there.
    if let Some(event) = settings_schema::GUARDS.iter().find(|event| map.contains_key(**event)) {
        return fault(format!("has `{event}` at the top, outside `hooks`"));
    }
    if !hooks.is_object() {
        return fault("has `hooks` that are not an object".to_owned());
    }
    settings_schema::hook_faults(hooks)
        .into_iter()
        .filter(|fault| fault.cost == Cost::Effect)
        .map(|fault| format!("`{path}`: `hooks{}` {}", fault.spelled(), fault.text))
        .collect()
}

/// Returns a path without `.`, `..` and empty parts; `None` when it leads out.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
