//! Hooks, monitors, skills, agents and commands: where the client looks for them.

use serde_json::{Map, Value};

use super::{Capability, Tree, markdown};
use crate::content::catalog::source::normal;

/// A plugin's tree and what its manifest and its entry declare.
pub struct Plugin<'a> {
    pub tree: Tree<'a>,
    pub name: &'a str,
    pub declared: Vec<&'a Map<String, Value>>,
}

impl Plugin<'_> {
    /// Returns the JSON objects and lists a field stands for: those in `file`, the client's own
    /// place, then those written inline, and those in the files that the field names.
    pub fn values(&self, file: &str, key: &str) -> Vec<Value> {
        let mut values: Vec<Value> = self.json(file).into_iter().collect();
        for value in self.written(key) {
            match value {
                Value::String(path) => {
                    values.extend(normal(path).and_then(|path| self.json(&path)));
                }
                other => values.push(other.clone()),
            }
        }
        values
    }

    /// Returns the elements of a field, which is one thing or an array of things.
    pub fn written(&self, key: &str) -> Vec<&Value> {
        let fields = self.declared.iter().filter_map(|raw| raw.get(key));
        fields
            .flat_map(|field| match field {
                Value::Array(elements) => elements.iter().collect(),
                one => vec![one],
            })
            .collect()
    }

    fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(&(self.tree.read)(path)?).ok()
    }

    fn text(&self, path: &str) -> String {
        let bytes = (self.tree.read)(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the folders and files a field names, the client's own folder first.
    fn roots(&self, folder: &str, key: &str) -> Vec<String> {
        let paths = self.written(key).into_iter().filter_map(Value::as_str).filter_map(normal);
        std::iter::once(folder.to_owned()).chain(paths).collect()
    }
}

/// Returns the hooks; an object has its events at the top or under `hooks`.
pub fn hooks(plugin: &Plugin<'_>) -> Vec<Capability> {
    let values = plugin.values("hooks/hooks.json", "hooks");
    let events = values.iter().filter_map(|value| unwrapped(value, "hooks").as_object()).flatten();
    events
        .flat_map(|(event, matchers)| {
            let matchers = matchers.as_array().into_iter().flatten();
            matchers.flat_map(move |matcher| actions(event, matcher))
        })
        .collect()
}

/// Returns the command lines of the hooks; prompts and addresses are none.
pub fn hook_commands(plugin: &Plugin<'_>) -> Vec<(String, String)> {
    let mut commands = Vec::new();
    for value in plugin.values("hooks/hooks.json", "hooks") {
        let events = unwrapped(&value, "hooks").as_object().into_iter().flatten();
        for (event, matchers) in events {
            let matchers = matchers.as_array().into_iter().flatten();
            let hooks = matchers.filter_map(|matcher| matcher.get("hooks")?.as_array()).flatten();
            let lines = hooks.filter_map(|hook| hook.get("command")?.as_str());
            commands.extend(lines.map(|line| (event.clone(), line.to_owned())));
        }
    }
    commands
}

fn actions<'a>(event: &'a str, matcher: &'a Value) -> impl Iterator<Item = Capability> + 'a {
    let hooks = matcher.get("hooks").and_then(Value::as_array).into_iter().flatten();
    let only = matcher.get("matcher").and_then(Value::as_str).filter(|only| !only.is_empty());
    hooks.map(move |hook| Capability::Hook {
        event: event.to_owned(),
        matcher: only.map(str::to_owned),
        action: ["command", "url", "prompt"]
            .iter()
            .find_map(|key| hook.get(key)?.as_str())
            .map_or_else(|| hook.to_string(), |action| with_arguments(action, hook)),
    })
}

/// Returns the background commands, which are objects with a `command`.
pub fn monitors(plugin: &Plugin<'_>) -> Vec<Capability> {
    let mut values = plugin.values("monitors/monitors.json", "monitors");
    values.extend(
        plugin.written("experimental").into_iter().filter_map(|e| e.get("monitors").cloned()),
    );
    let mut commands = Vec::new();
    for value in &values {
        let one = std::slice::from_ref(value);
        for monitor in unwrapped(value, "monitors").as_array().map_or(one, Vec::as_slice) {
            let command = monitor.get("command").and_then(Value::as_str);
            commands.extend(
                command.map(|c| Capability::Monitor { command: with_arguments(c, monitor) }),
            );
        }
    }
    commands
}

/// Returns the skills, agents and commands, and what their Markdown asks for.
pub fn documents(plugin: &Plugin<'_>) -> Vec<Capability> {
    let mut found = Vec::new();
    for (name, path) in skills(plugin) {
        found.push(Capability::Skill { name });
        found.extend(markdown::wishes(&path, &plugin.text(&path)));
    }
    for (name, path) in markdown_files(plugin, "agents", "agents") {
        found.push(Capability::Agent { name });
        found.extend(markdown::wishes(&path, &plugin.text(&path)));
    }
    for (name, path) in markdown_files(plugin, "commands", "commands") {
        found.push(Capability::Command { name });
        found.extend(markdown::wishes(&path, &plugin.text(&path)));
    }
    found.extend(named_commands(plugin));
    found
}

/// Returns name and path of each `SKILL.md`: the plugin's root, a skills folder's children, and
/// what the field names, as a skill or as a folder of skills.
fn skills(plugin: &Plugin<'_>) -> Vec<(String, String)> {
    let roots = plugin.roots("skills", "skills");
    let files = plugin.tree.files.iter().filter_map(|file| {
        let folder = match file.path.as_str() {
            "SKILL.md" => "",
            path => path.strip_suffix("/SKILL.md")?,
        };
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        let named = |root: &String| root == folder || (!folder.is_empty() && root == parent);
        (folder.is_empty() || roots.iter().any(named)).then(|| (folder, file.path.clone()))
    });
    let name =
        |folder: &str| folder.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    files.map(|(folder, path)| (name(folder).unwrap_or(plugin.name.to_owned()), path)).collect()
}

/// Returns name and path of each Markdown file in a folder or named by a field.
fn markdown_files(plugin: &Plugin<'_>, folder: &str, key: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for root in plugin.roots(folder, key) {
        for file in plugin.tree.files {
            let Some(stem) = file.path.strip_suffix(".md") else { continue };
            if file.path == root {
                let name = stem.rsplit('/').next().unwrap_or(stem);
                found.push((name.to_owned(), file.path.clone()));
            } else if let Some(name) = stem.strip_prefix(&format!("{root}/")) {
                found.push((name.replace('/', ":"), file.path.clone()));
            }
        }
    }
    found
}

/// Returns the commands of the object form: `{name: {source}}` or `{name: {content}}`.
fn named_commands(plugin: &Plugin<'_>) -> Vec<Capability> {
    let mut found = Vec::new();
    for (name, command) in
        plugin.written("commands").into_iter().filter_map(Value::as_object).flatten()
    {
        found.push(Capability::Command { name: name.clone() });
        let path = command.get("source").and_then(Value::as_str).and_then(normal);
        let content = command.get("content").and_then(Value::as_str);
        match (path, content) {
            (Some(path), _) => found.extend(markdown::wishes(&path, &plugin.text(&path))),
            (None, Some(content)) => {
                found.extend(markdown::wishes(&format!("command {name}"), content));
            }
            (None, None) => {}
        }
    }
    found
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
