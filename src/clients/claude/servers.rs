//! MCP server entries, which have one shape in each of the files that hold them.

use serde_json::{Map, Value, json};

use crate::clients::document::{Draft, complaint};
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind, ServerFault};
use crate::formats::json::Key;
use crate::model::{Client, Diagnostic, Item, Pairs, Reach, Record, ServerRecord, Text, Transport};

/// The keys of an entry, in the order in which the client writes them.
const TYPE: &str = "type";
const COMMAND: &str = "command";
const ARGS: &str = "args";
const ENV: &str = "env";
const URL: &str = "url";
const HEADERS: &str = "headers";

/// Returns the server that an entry means. What the client adds by default says nothing.
pub fn record(entry: &Map<String, Value>) -> ServerRecord {
    let mut extra = entry.clone();
    let mut text = |key| match extra.get(key) {
        Some(Value::String(text)) => {
            let text = Text::from(text.as_str());
            extra.shift_remove(key);
            Some(text)
        }
        _ => None,
    };
    let word = text(TYPE);
    let (command, url) = (text(COMMAND), text(URL));
    let transport = match word {
        Some(word) => Some(transport(&word.to_string())),
        None if entry.contains_key(TYPE) => None,
        None => entry.contains_key(COMMAND).then_some(Transport::Stdio),
    };
    ServerRecord {
        transport,
        command,
        args: take_args(&mut extra),
        env: take_pairs(&mut extra, ENV),
        url,
        headers: take_pairs(&mut extra, HEADERS),
        extra,
    }
}

/// Returns an entry as the client writes a new one: with `args` and `env` even when empty.
pub(super) fn new_entry(server: &ServerRecord) -> Value {
    let stdio = server.transport == Some(Transport::Stdio);
    let mut entry = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        entry.extend(value.map(|value| (key.to_owned(), value)));
    };
    put(TYPE, server.transport.as_ref().map(|transport| transport.as_str().into()));
    put(COMMAND, server.command.as_ref().map(|text| text.to_string().into()));
    put(ARGS, (stdio || !server.args.is_empty()).then(|| texts(&server.args)));
    put(ENV, (stdio || !server.env.is_empty()).then(|| table(&server.env)));
    put(URL, server.url.as_ref().map(|text| text.to_string().into()));
    put(HEADERS, (!server.headers.is_empty()).then(|| table(&server.headers)));
    for (key, value) in &server.extra {
        match (entry.get_mut(key), value) {
            (Some(Value::Object(table)), Value::Object(misfits)) => {
                for (key, value) in misfits {
                    table.entry(key.as_str()).or_insert_with(|| value.clone());
                }
            }
            (Some(_), _) => {}
            (None, value) => drop(entry.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(entry)
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
        let server = entry.as_object().map(record);
        let fault = server.as_ref().map_or(Some(ServerFault::NotAnObject), fault);
        if let Some(fault) = fault {
            let path = [path, &[Key::Name(name)]].concat();
            let message = format!("server `{name}` {fault}; Claude Code skips it");
            problem(&path, ProblemKind::Server(fault), message);
        }
        if let Some(server) = server {
            let item = Item::Server { name: name.clone(), reach: reach.clone() };
            decoded.state.insert(item.of(Client::Claude), Record::Server(server));
        }
    }
}

/// Makes one entry true, field by field: what neither `before` nor `after` mentions stays.
pub(super) fn encode(
    draft: &mut Draft,
    path: &[Key],
    before: Option<&ServerRecord>,
    after: Option<&ServerRecord>,
) -> Result<(), Diagnostic> {
    let Some(after) = after else { return draft.remove(path) };
    let Some(Value::Object(current)) = draft.get(path) else {
        return draft.set(path, &new_entry(after));
    };
    let there = record(&current);
    let (mut was, mut now) = (before.map(spelled).unwrap_or_default(), spelled(after));
    if there.transport == after.transport {
        // `streamable-http`, or no `type` beside a command, says the same.
        was.remove(TYPE);
        now.remove(TYPE);
    }
    if after.transport == Some(Transport::Stdio) {
        // A program that has nothing left of them has empty ones.
        for (key, empty) in [(ARGS, json!([])), (ENV, json!({}))] {
            if was.contains_key(key) {
                now.entry(key).or_insert(empty);
            }
        }
    } else if there.transport == Some(Transport::Stdio) {
        was.entry(ARGS).or_insert(json!([]));
    }
    edit(draft, path, Some(&was.into()), Some(&now.into()))
}

/// Makes one value true and keeps what neither `was` nor `now` mentions.
fn edit(
    draft: &mut Draft,
    path: &[Key],
    was: Option<&Value>,
    now: Option<&Value>,
) -> Result<(), Diagnostic> {
    let below = |key| [path, &[Key::Name(key)]].concat();
    let there = draft.get(path);
    let old = was.and_then(Value::as_object);
    match (there, now) {
        (None, None) => Ok(()),
        (Some(Value::Object(_)), Some(Value::Object(new))) => {
            for (key, was) in old.into_iter().flatten().filter(|(key, _)| !new.contains_key(*key)) {
                edit(draft, &below(key), Some(was), None)?;
            }
            for (key, now) in new {
                let was = old.and_then(|old| old.get(key));
                edit(draft, &below(key), was, Some(now))?;
            }
            Ok(())
        }
        (Some(Value::Object(_)), None) if old.is_some() => {
            for (key, was) in old.into_iter().flatten() {
                edit(draft, &below(key), Some(was), None)?;
            }
            match draft.get(path) {
                Some(Value::Object(left)) if left.is_empty() => draft.remove(path),
                _ => Ok(()),
            }
        }
        (Some(_), None) => draft.remove(path),
        (_, Some(now)) => draft.set(path, now),
    }
}

/// Says whether a value looks like the entry of a server.
pub(super) fn looks_like_server(value: &Value) -> bool {
    value.get("command").or_else(|| value.get("url")).is_some_and(Value::is_string)
}

/// Returns why Claude Code 2.1.329 skips a server.
pub(super) fn fault(server: &ServerRecord) -> Option<ServerFault> {
    let says_url = server.url.is_some() || server.extra.contains_key(URL);
    let (there, needed) = match &server.transport {
        Some(Transport::Other(other)) => return Some(ServerFault::UnknownType(other.clone())),
        Some(Transport::Http | Transport::Sse | Transport::Ws) => (server.url.is_some(), URL),
        None if says_url => return Some(ServerFault::Untyped),
        Some(Transport::Stdio) | None => (server.command.is_some(), COMMAND),
    };
    (!there).then_some(ServerFault::Missing(needed))
}

fn transport(word: &str) -> Transport {
    match word {
        "streamable-http" => Transport::Http,
        word => Transport::known(word).unwrap_or_else(|| Transport::Other(word.to_owned())),
    }
}

/// Takes `args` out of an entry, if they are a list of texts.
fn take_args(entry: &mut Map<String, Value>) -> Vec<Text> {
    let list = entry.get(ARGS).and_then(Value::as_array);
    let texts = |args: &Vec<Value>| args.iter().map(|arg| Some(arg.as_str()?.into())).collect();
    let args: Option<Vec<Text>> = list.and_then(texts);
    if args.is_some() {
        entry.shift_remove(ARGS);
    }
    args.unwrap_or_default()
}

/// Takes the texts of a table out of an entry, and leaves what in it is none.
fn take_pairs(entry: &mut Map<String, Value>, key: &str) -> Pairs {
    let Some(Value::Object(table)) = entry.get_mut(key) else { return Pairs::default() };
    let (pairs, misfits) =
        std::mem::take(table).into_iter().partition::<Vec<_>, _>(|(_, value)| value.is_string());
    *table = misfits.into_iter().collect();
    if table.is_empty() {
        entry.shift_remove(key);
    }
    pairs.iter().filter_map(|(name, text)| Some((name.as_str(), text.as_str()?))).collect()
}

/// Returns an entry without what the client adds by default.
fn spelled(server: &ServerRecord) -> Map<String, Value> {
    let Value::Object(mut entry) = new_entry(server) else { return Map::new() };
    entry.retain(|key, value| {
        let given = match key.as_str() {
            ARGS => server.args.is_empty(),
            ENV => server.env.is_empty(),
            _ => false,
        };
        let empty = *value == json!([]) || *value == json!({});
        !(given && empty)
    });
    entry
}

fn texts(texts: &[Text]) -> Value {
    texts.iter().map(ToString::to_string).collect()
}

fn table(pairs: &Pairs) -> Value {
    let pair = |(name, text): (&str, &Text)| (name.to_owned(), text.to_string().into());
    Value::Object(pairs.iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &Value) -> ServerRecord {
        record(entry.as_object().unwrap())
    }

    #[test]
    fn defaults_and_order_do_not_make_another_server() {
        let check = |left: Value, right: Value, expected: bool| {
            assert_eq!(read(&left) == read(&right), expected, "{left} {right}");
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
            assert_eq!(new_entry(&read(&entry)).to_string(), expected);
        };
        check(
            json!({"env": {"A": "1"}, "command": "x", "timeout": 5}),
            r#"{"type":"stdio","command":"x","args":[],"env":{"A":"1"},"timeout":5}"#,
        );
        check(json!({"url": "u", "type": "http"}), r#"{"type":"http","url":"u"}"#);
    }

    #[test]
    fn what_is_of_another_kind_than_its_key_is_kept_beside() {
        let entry = json!({
            "type": 5, "command": ["x"], "args": ["a", 1], "env": {"A": 1, "B": "2"},
            "url": null, "headers": "h", "note": 1
        });
        let server = read(&entry);
        assert_eq!(server.transport, None);
        assert_eq!(server.env, [("B", "2")].into_iter().collect());
        let misfits = json!({
            "type": 5, "command": ["x"], "args": ["a", 1], "env": {"A": 1},
            "url": null, "headers": "h", "note": 1
        });
        assert_eq!(json!(server.extra), misfits);
        let mut given = entry;
        given["env"] = json!({"B": "2", "A": 1});
        assert_eq!(new_entry(&server), given);
    }

    #[test]
    fn an_entry_that_the_client_skips_has_a_fault() {
        let check = |entry: Value, expected: Option<&str>| {
            let fault = fault(&read(&entry)).map(|fault| fault.to_string());
            assert_eq!(fault.as_deref(), expected, "{entry}");
        };
        check(json!({"command": "x"}), None);
        check(json!({"type": "streamable-http", "url": "u"}), None);
        check(json!({}), Some("has no `command`"));
        check(json!({"type": "stdio", "url": "u"}), Some("has no `command`"));
        check(json!({"type": "http", "command": "u"}), Some("has no `url`"));
        check(json!({"url": "u"}), Some("has a `url` but no `type`"));
        check(json!({"url": 5}), Some("has a `url` but no `type`"));
        check(json!({"command": 5}), Some("has no `command`"));
        check(json!({"type": "pigeon", "url": "u"}), Some("has the unknown type `pigeon`"));
    }
}
