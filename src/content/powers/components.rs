//! What is declared: hooks, servers, monitors, settings, and every key that is not known to be prose.

use serde_json::{Map, Value, json};

use super::declared::{Plugin, Written};
use super::{Found, Power, Tree, Unreadable, markdown, prose, servers};
use crate::content::catalog::dependency;
use crate::model::redact_url;

pub const HOOKS: &str = "hooks/hooks.json";
pub const MONITORS: &str = "monitors/monitors.json";
pub const SETTINGS: &str = "settings.json";

/// Keys that are read as what they declare, and not as a value.
const READ: [&str; 12] = [
    "agents",
    "commands",
    "dependencies",
    "experimental",
    "hooks",
    "lspServers",
    "mcpServers",
    "monitors",
    "outputStyles",
    "settings",
    "skills",
    "workflows",
];

/// Adds what the manifest, the entry and the files that they name declare.
pub fn powers(plugin: &Plugin<'_>, found: &mut Found) -> Result<(), Unreadable> {
    for (place, value) in values(plugin, HOOKS, "hooks")? {
        hooks(&place, &value, found);
    }
    servers::powers(plugin, found)?;
    for (place, value) in values(plugin, MONITORS, "monitors")? {
        monitors(&place, &value, found);
    }
    for (place, value) in values(plugin, SETTINGS, "settings")? {
        settings(&place, &value, found);
    }
    for (place, raw) in &plugin.declared {
        fields(place, raw, found);
    }
    named_commands(plugin, found);
    Ok(())
}

/// Returns the command lines of the hooks, each with its event; prompts and addresses are none.
pub fn hook_commands(
    tree: Tree<'_>,
    name: &str,
    entry: Option<&Map<String, Value>>,
) -> Result<Vec<(String, String)>, Unreadable> {
    let plugin = Plugin::read(tree, name, entry)?;
    let mut commands = Vec::new();
    for (_, value) in values(&plugin, HOOKS, "hooks")? {
        let events = unwrapped(&value, "hooks").as_object().into_iter().flatten();
        for (event, matchers) in events {
            let matchers = matchers.as_array().into_iter().flatten();
            let hooks = matchers.filter_map(|matcher| matcher.get("hooks")?.as_array()).flatten();
            let lines = hooks.filter_map(|hook| hook.get("command")?.as_str());
            commands.extend(lines.map(|line| (event.clone(), line.to_owned())));
        }
    }
    Ok(commands)
}

/// Returns the values a field stands for, each with its place: those in `file`, the client's own place,
/// then those written inline, and those in the files that the field names.
pub fn values(
    plugin: &Plugin<'_>,
    file: &str,
    key: &str,
) -> Result<Vec<(String, Value)>, Unreadable> {
    let mut values: Vec<(String, Value)> = Vec::new();
    let own = plugin.json(file)?;
    values.extend(own.map(|value| (file.to_owned(), value)));
    for (place, element) in plugin.written(key) {
        match element {
            Written::Path(path) if servers::is_bundle(&path) => {}
            Written::Path(path) => {
                let value = plugin.json(&path)?;
                values.extend(value.map(|value| (path, value)));
            }
            Written::Other(value) => values.push((place.to_owned(), value.clone())),
        }
    }
    Ok(values)
}

/// Adds the hooks; an object has its events at the top or under `hooks`.
fn hooks(place: &str, value: &Value, found: &mut Found) {
    others(place, value, "hooks", found);
    let Some(events) = unwrapped(value, "hooks").as_object() else {
        return found.value(field(place, "hooks"), value);
    };
    for (event, groups) in events {
        if groups.is_string() && event == "description" {
            continue;
        }
        let one = std::slice::from_ref(groups);
        for group in groups.as_array().map_or(one, Vec::as_slice) {
            let hooks = group.get("hooks").and_then(Value::as_array);
            let matcher = group.get("matcher").and_then(Value::as_str).filter(|m| !m.is_empty());
            let Some(hooks) = hooks else {
                found.value(hook(event, matcher, group), &json!([event, group]));
                continue;
            };
            let mut around = group.clone();
            around.as_object_mut().and_then(|around| around.shift_remove("hooks"));
            for one in hooks {
                found.value(hook(event, matcher, one), &json!([event, around, one]));
            }
        }
    }
}

fn hook(event: &str, matcher: Option<&str>, hook: &Value) -> Power {
    let action = ["command", "url", "prompt"].iter().find_map(|key| hook.get(key)?.as_str());
    let action = action.map_or_else(|| hook.to_string(), |action| with_arguments(action, hook));
    Power::Hook { event: event.to_owned(), matcher: matcher.map(str::to_owned), action }
}

fn monitors(place: &str, value: &Value, found: &mut Found) {
    others(place, value, "monitors", found);
    let value = unwrapped(value, "monitors");
    let one = std::slice::from_ref(value);
    for monitor in value.as_array().map_or(one, Vec::as_slice) {
        let command = monitor.get("command").and_then(Value::as_str);
        let command =
            command.map_or_else(|| monitor.to_string(), |line| with_arguments(line, monitor));
        found.value(Power::Monitor { command }, monitor);
    }
}

fn settings(place: &str, value: &Value, found: &mut Found) {
    let Some(settings) = value.as_object() else {
        return found.value(field(place, "settings"), value);
    };
    for (key, value) in settings {
        found.value(Power::Setting { key: key.clone() }, value);
    }
}

/// Adds the keys beside the one that was looked for.
pub fn others(place: &str, value: &Value, key: &str, found: &mut Found) {
    let inner = value.get(key).is_some_and(|inner| inner.is_object() || inner.is_array());
    for (other, value) in value.as_object().into_iter().flatten() {
        if inner && other != key && other != "description" {
            found.value(field(place, other), value);
        }
    }
}

/// Adds the keys of a manifest or an entry that nothing is known of, and those of an unknown shape.
fn fields(place: &str, raw: &Map<String, Value>, found: &mut Found) {
    for (key, value) in raw {
        match key.as_str() {
            "dependencies" => dependencies(place, value, found),
            "source" if place == "its entry" => source(value, found),
            "experimental" if value.is_object() => {
                let inner = value.as_object().cloned().unwrap_or_default();
                fields(place, &inner, found);
            }
            // What of a tree the client is told to read is the entry's own power.
            "skills" | "agents" | "commands" | "outputStyles" | "workflows" | "hooks"
            | "mcpServers" | "lspServers" | "monitors" | "settings"
                if place == "its entry" && has_paths(value) =>
            {
                found.value(field(place, key), value);
            }
            // Paths are followed; what is written in their stead is kept.
            "skills" | "agents" | "outputStyles" | "workflows" if !are_paths(value) => {
                found.value(field(place, key), value);
            }
            key if prose::is_manifest(key) || (READ.contains(&key) && key != "experimental") => {}
            key => found.value(field(place, key), value),
        }
    }
}

fn has_paths(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(Value::is_string),
        one => one.is_string(),
    }
}

fn are_paths(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().all(Value::is_string),
        one => one.is_string(),
    }
}

fn dependencies(place: &str, value: &Value, found: &mut Found) {
    let elements = value.as_array();
    if !elements.is_some_and(|elements| elements.iter().all(dependency::readable)) {
        return found.value(field(place, "dependencies"), value);
    }
    let (needed, _) = dependency::list(Some(value));
    for dependency in needed {
        let marketplace = dependency.marketplace.map(|name| format!("@{name}"));
        let id = format!("{}{}", dependency.plugin, marketplace.unwrap_or_default());
        found.text(Power::Dependency { id: id.clone() }, &id);
    }
}

/// Adds the address that an entry names; which commit or version of it is the lock's affair.
fn source(value: &Value, found: &mut Found) {
    const MOVES: [&str; 5] = ["ref", "sha", "commit", "version", "sha256"];
    let Some(source) = value.as_object() else { return };
    let mut address = source.clone();
    address.retain(|key, _| !MOVES.contains(&key.as_str()));
    let shown = ["url", "repo", "package"].iter().find_map(|key| source.get(*key)?.as_str());
    let shown = shown.map_or_else(|| value.to_string(), redact_url);
    found.value(Power::Source { address: shown }, &Value::Object(address));
}

/// Adds the commands of the object form: `{name: {source}}` or `{name: {content}}`.
fn named_commands(plugin: &Plugin<'_>, found: &mut Found) {
    for (place, element) in plugin.written("commands") {
        let Written::Other(value) = element else { continue };
        let Some(commands) = value.as_object() else {
            found.value(field(place, "commands"), value);
            continue;
        };
        for (name, command) in commands {
            found.documents.insert(super::Document::Command { name: name.clone() });
            let content = command.get("content").and_then(Value::as_str);
            if let Some(content) = content {
                markdown::powers(&format!("command {name}"), content, found);
            }
            let mut rest = command.clone();
            if let Some(rest) = rest.as_object_mut() {
                rest.retain(|key, _| !matches!(key.as_str(), "source" | "content" | "description"));
                if rest.is_empty() {
                    continue;
                }
            }
            found.value(field(place, &format!("commands.{name}")), &rest);
        }
    }
}

pub fn field(place: &str, key: &str) -> Power {
    Power::Field { place: place.to_owned(), key: key.to_owned() }
}

/// Returns the value under `key` when that is an object or a list, else the value itself.
pub fn unwrapped<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).filter(|inner| inner.is_object() || inner.is_array()).unwrap_or(value)
}

/// Returns a command line for people: the command and its `args`, one space between them.
pub fn with_arguments(command: &str, holder: &Value) -> String {
    let arguments = holder.get("args").and_then(Value::as_array).into_iter().flatten();
    arguments.filter_map(Value::as_str).fold(command.to_owned(), |line, word| line + " " + word)
}
