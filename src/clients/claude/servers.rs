//! MCP server entries, which have one shape in each of the files that hold them.

use serde_json::{Map, Value, json};

use crate::clients::document::{Draft, complaint};
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind, ServerFault};
use crate::formats::json::{self, Key};
use crate::model::{Client, Diagnostic, Item, Reach, Record};

/// Says whether two entries start the same server: what the client adds by default does not count.
pub fn same_server(left: &Value, right: &Value) -> bool {
    json::same(&essence(left), &essence(right))
}

/// Returns an entry as the client writes a new one: `type` first, and `args` and `env` even when empty.
pub fn client_shape(entry: &Value) -> Value {
    let Some(fields) = entry.as_object() else { return entry.clone() };
    let stdio = kind(fields) == Some("stdio");
    let mut shaped = Map::new();
    if let Some(kind) = kind(fields) {
        shaped.insert("type".into(), json!(kind));
    }
    if stdio {
        for (key, default) in
            [("command", None), ("args", Some(json!([]))), ("env", Some(json!({})))]
        {
            if let Some(value) = fields.get(key).cloned().or(default) {
                shaped.insert(key.into(), value);
            }
        }
    }
    for (key, value) in fields {
        shaped.entry(key.as_str()).or_insert_with(|| value.clone());
    }
    Value::Object(shaped)
}

/// Adds the entries of one object of servers to the state, and what the client holds against them.
pub(super) fn decode(
    (file, text): (&std::path::Path, &str),
    path: &[Key],
    servers: &Value,
    reach: &Reach,
    decoded: &mut Decoded,
) {
    let mut problem = |path: &[Key], kind, message: String| {
        let diagnostic = complaint(file, text, path, message);
        decoded.problems.push(FileProblem { diagnostic, kind });
    };
    let Some(servers) = servers.as_object() else {
        let kind = ProblemKind::Shape(FileKind::Servers);
        return problem(path, kind, "`mcpServers` is not an object".into());
    };
    for (name, entry) in servers {
        if let Some(fault) = fault(entry) {
            let path = [path, &[Key::Name(name)]].concat();
            let message = format!("server `{name}` {fault}; Claude Code skips it");
            problem(&path, ProblemKind::Server(fault), message);
        }
        if entry.is_object() {
            let item = Item::Server { name: name.clone(), reach: reach.clone() };
            decoded.state.insert(item.of(Client::Claude), Record::Server(entry.clone()));
        }
    }
}

/// Makes one entry true, field by field: what neither `before` nor `after` mentions stays.
pub(super) fn encode(
    draft: &mut Draft,
    path: &[Key],
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), Diagnostic> {
    let Some(after) = after else { return draft.remove(path) };
    match (draft.get(path), after) {
        (Some(Value::Object(current)), Value::Object(after)) => {
            let before = before.and_then(Value::as_object);
            let gone = before.into_iter().flatten().map(|(key, _)| key);
            for key in gone.filter(|key| current.contains_key(*key) && !after.contains_key(*key)) {
                draft.remove(&[path, &[Key::Name(key)]].concat())?;
            }
            for (key, value) in after {
                let before = before.and_then(|before| before.get(key));
                encode(draft, &[path, &[Key::Name(key)]].concat(), before, Some(value))?;
            }
            Ok(())
        }
        _ => draft.set(path, after),
    }
}

/// Says whether a value looks like the entry of a server.
pub(super) fn looks_like_server(value: &Value) -> bool {
    value.get("command").or_else(|| value.get("url")).is_some_and(Value::is_string)
}

/// Returns the transport, in the client's word for it.
fn kind(fields: &Map<String, Value>) -> Option<&str> {
    match fields.get("type") {
        Some(Value::String(kind)) if kind == "streamable-http" => Some("http"),
        Some(kind) => kind.as_str(),
        None => fields.contains_key("command").then_some("stdio"),
    }
}

/// Returns why Claude Code 2.1.329 skips an entry.
pub(super) fn fault(entry: &Value) -> Option<ServerFault> {
    let Some(fields) = entry.as_object() else { return Some(ServerFault::NotAnObject) };
    let needed = match kind(fields) {
        Some("stdio") => "command",
        Some("http" | "sse" | "ws") => "url",
        Some(other) => return Some(ServerFault::UnknownType(other.to_owned())),
        None if fields.contains_key("url") => return Some(ServerFault::Untyped),
        None => "command",
    };
    (!fields.get(needed).is_some_and(Value::is_string)).then_some(ServerFault::Missing(needed))
}

/// Returns an entry without what the client takes for granted.
fn essence(entry: &Value) -> Value {
    let Some(fields) = entry.as_object() else { return entry.clone() };
    let mut essence = fields.clone();
    let empty = |value: &Value| {
        value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
    };
    essence
        .retain(|key, value| !(matches!(key.as_str(), "args" | "env" | "headers") && empty(value)));
    if let Some(kind) = kind(fields) {
        essence.insert("type".into(), json!(kind));
    }
    Value::Object(essence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_order_do_not_make_another_server() {
        let check = |left: Value, right: Value, expected: bool| {
            assert_eq!(same_server(&left, &right), expected, "{left} {right}");
        };
        let written = json!({"type": "stdio", "command": "x", "args": [], "env": {}});
        check(json!({"command": "x"}), written.clone(), true);
        check(json!({"command": "x", "args": ["y"]}), written.clone(), false);
        check(json!({"env": {}, "type": "stdio", "args": [], "command": "x"}), written, true);
        check(
            json!({"type": "streamable-http", "url": "u"}),
            json!({"type": "http", "url": "u", "headers": {}}),
            true,
        );
        check(json!({"type": "sse", "url": "u"}), json!({"type": "http", "url": "u"}), false);
        check(json!({"url": "u"}), json!({"type": "http", "url": "u"}), false);
    }

    #[test]
    fn a_new_entry_has_the_shape_that_the_client_writes() {
        let check = |entry: Value, expected: &str| {
            assert_eq!(client_shape(&entry).to_string(), expected);
        };
        check(
            json!({"env": {"A": "1"}, "command": "x", "timeout": 5}),
            r#"{"type":"stdio","command":"x","args":[],"env":{"A":"1"},"timeout":5}"#,
        );
        check(json!({"url": "u", "type": "http"}), r#"{"type":"http","url":"u"}"#);
    }
}
