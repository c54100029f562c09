//! The shapes that Claude Code 2.1.329 demands of the fields that entries and `plugin.json` share.
//!
//! One field of another shape makes it refuse the plugin, and only that plugin; in `plugin.json` it lets
//! pass what merely describes. Unknown fields are fine.

use serde_json::{Map, Value};

use super::dependency;

type Shape = (&'static [&'static str], fn(&Value) -> bool, &'static str);

const SHAPES: &[Shape] = &[
    (
        &["$schema", "version", "description", "displayName", "category", "license", "repository"],
        Value::is_string,
        "must be a string",
    ),
    (&["homepage"], is_url, "must be a web address"),
    (&["keywords", "tags"], is_text_list, "must be an array of strings"),
    (&["strict", "defaultEnabled"], Value::is_boolean, "must be true or false"),
    (&["author"], is_author, "must be an object with a `name`"),
    (&["dependencies"], is_dependency_list, "must be an array of plugin names"),
    (&["skills"], is_skills, "must be paths that start with `./`"),
    (&["outputStyles", "themes", "workflows"], is_paths, "must be paths that start with `./`"),
    (&["agents"], is_agents, "must be paths that start with `./` and end with `.md`"),
    (&["commands"], is_commands, "must be paths that start with `./`, or commands by name"),
    (&["hooks"], is_hooks, "must be hooks by event, or `./….json` paths"),
    (&["mcpServers"], is_mcp_servers, "must be servers by name, or `./….json` paths"),
    (&["lspServers"], is_lsp_servers, "must be servers by name, or `./….json` paths"),
    (&["userConfig"], is_user_config, "must be options by name, each with `type` and `title`"),
    (&["settings"], Value::is_object, "must be an object"),
    (&["channels"], Value::is_array, "must be an array"),
    (&["monitors"], is_monitors, "must be an array, or a `./….json` path"),
];

/// What only describes a plugin: in its own `plugin.json` the client ignores one of another shape.
const DESCRIPTIVE: &[&str] = &[
    "$schema",
    "author",
    "category",
    "description",
    "displayName",
    "homepage",
    "keywords",
    "license",
    "repository",
    "strict",
    "tags",
];

/// Returns what is wrong with the first field of a catalog entry that the client does not accept.
pub fn fault(raw: &Map<String, Value>) -> Option<String> {
    faults(raw).next().map(|(_, fault)| fault)
}

/// Returns the same for a `plugin.json`.
pub fn manifest_fault(raw: &Map<String, Value>) -> Option<String> {
    faults(raw).find(|(key, _)| !DESCRIPTIVE.contains(key)).map(|(_, fault)| fault)
}

/// Returns the fields that the client does not accept, each with what it has to be.
fn faults(raw: &Map<String, Value>) -> impl Iterator<Item = (&'static str, String)> {
    SHAPES.iter().flat_map(|(keys, accepts, demand)| {
        let wrong = keys.iter().filter(|key| raw.get(**key).is_some_and(|value| !accepts(value)));
        wrong.map(move |key| (*key, format!("`{key}` {demand}")))
    })
}

fn is_url(value: &Value) -> bool {
    value.as_str().and_then(|text| text.split_once(':')).is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty()
    })
}

fn is_text_list(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}

fn is_author(value: &Value) -> bool {
    let text = |key: &str| value.get(key).is_none_or(Value::is_string);
    value.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty())
        && text("email")
        && text("url")
}

fn is_dependency_list(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(dependency::readable))
}

fn is_skills(value: &Value) -> bool {
    one_or_many(value, |item| item == "." || is_path(item, &[""]))
}

fn is_paths(value: &Value) -> bool {
    one_or_many(value, |item| is_path(item, &[""]))
}

fn is_agents(value: &Value) -> bool {
    one_or_many(value, |item| is_path(item, &[".md"]))
}

fn is_commands(value: &Value) -> bool {
    match value {
        Value::Object(commands) => {
            commands.values().all(|command| match (command.get("source"), command.get("content")) {
                (Some(source), None) => is_path(source, &[""]),
                (None, Some(content)) => content.is_string(),
                _ => false,
            })
        }
        _ => is_paths(value),
    }
}

/// Event names are not checked: each release of the client adds some.
fn is_hooks(value: &Value) -> bool {
    let is_matcher = |matcher: &Value| {
        matcher.get("hooks").and_then(Value::as_array).is_some_and(|hooks| {
            hooks.iter().all(|hook| hook.get("type").is_some_and(Value::is_string))
        })
    };
    one_or_many(value, |item| match item {
        Value::Object(events) => events.values().all(|matchers| {
            matchers.as_array().is_some_and(|matchers| matchers.iter().all(is_matcher))
        }),
        _ => is_path(item, &[".json"]),
    })
}

fn is_mcp_servers(value: &Value) -> bool {
    const BUNDLES: [&str; 2] = [".mcpb", ".dxt"];
    one_or_many(value, |item| match item {
        Value::Object(servers) => servers.values().all(is_mcp_server),
        Value::String(text) if text.contains("://") => {
            BUNDLES.iter().any(|end| text.ends_with(end))
        }
        _ => is_path(item, &[".json", ".mcpb", ".dxt"]),
    })
}

fn is_mcp_server(server: &Value) -> bool {
    let text = |key: &str| server.get(key).and_then(Value::as_str);
    match text("type") {
        None | Some("stdio") => {
            text("command").is_some() && server.get("args").is_none_or(is_text_list)
        }
        Some("http" | "streamable-http" | "sse" | "ws") => text("url").is_some(),
        Some(_) => false,
    }
}

fn is_lsp_servers(value: &Value) -> bool {
    one_or_many(value, |item| match item {
        Value::Object(servers) => servers.values().all(|server| {
            server.get("command").is_some_and(Value::is_string)
                && server.get("extensionToLanguage").is_some_and(Value::is_object)
        }),
        _ => is_path(item, &[".json"]),
    })
}

fn is_user_config(value: &Value) -> bool {
    value.as_object().is_some_and(|options| {
        options.iter().all(|(key, option)| {
            !key.contains('-')
                && ["type", "title", "description"]
                    .iter()
                    .all(|part| option.get(part).is_some_and(Value::is_string))
        })
    })
}

fn is_monitors(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(Value::is_object))
        || is_path(value, &[".json"])
}

fn one_or_many(value: &Value, accepts: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(list) => list.iter().all(accepts),
        _ => accepts(value),
    }
}

fn is_path(value: &Value, endings: &[&str]) -> bool {
    value.as_str().is_some_and(|text| {
        text.starts_with("./") && endings.iter().any(|ending| text.ends_with(ending))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_merely_describes_a_plugin_is_a_fault_in_an_entry_alone() {
        for key in DESCRIPTIVE {
            let raw = json!({ *key: 5 });
            let raw = raw.as_object().expect("it is an object");
            assert!(fault(raw).is_some(), "{key}");
            assert_eq!(manifest_fault(raw), None, "{key}");
        }
        let raw = json!({ "keywords": 5, "skills": 5 });
        let fault = manifest_fault(raw.as_object().expect("it is an object"));
        assert_eq!(fault.as_deref(), Some("`skills` must be paths that start with `./`"));
    }
}
