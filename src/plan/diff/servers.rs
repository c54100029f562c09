//! Servers: the manifest wins for the fields that it declares, everything else in an entry stays.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Diff, Held};
use crate::clients::claude::servers::{client_shape, same_server};
use crate::formats::json::same;
use crate::model::{
    About, Change, Fact, Item, Note, Record, Thing, WantedServer, redact_url, without_secret,
};
use crate::plan::{Inputs, Line, Sign};

/// Fields that say as a whole what a server is: the manifest wins for them even when it leaves them out.
const WHOLE: [&str; 4] = ["type", "command", "args", "url"];

/// Adds what makes every wanted server true.
pub(super) fn add(inputs: &Inputs, held: &Held, diff: &mut Diff) {
    for server in &inputs.intent.servers {
        let fact = fact(inputs, server);
        let thing = fact.item.thing();
        diff.wanted.insert(fact.clone());
        if held.contains(&thing) {
            continue;
        }
        let wanted = client_shape(&entry(server));
        if let Some(denial) = inputs.policy.forbids_entry(&server.name, &wanted) {
            diff.notes.push(Note::refused(About::Server(server.name.clone()), denial.to_string()));
            continue;
        }
        let applied = inputs.ledger.applied(inputs.roots, inputs.client, &thing);
        let current = match inputs.state.get(&fact) {
            Some(Record::Server(current)) => Some(current),
            _ => None,
        };
        let after = match current {
            Some(current) => merged(current, applied, &wanted),
            None => wanted.clone(),
        };
        if current.is_some_and(|current| same_server(current, &after)) {
            continue;
        }
        if current.is_none() {
            diff.claimed.insert(inputs.roots, inputs.client, &thing, &inputs.intent.manifest);
        }
        diff.lines.push(line(thing, server, current, applied, &after));
        diff.additions.push(Change {
            fact,
            before: current.cloned().map(Record::Server),
            after: Some(Record::Server(after)),
        });
    }
    if !inputs.intent.servers.is_empty() {
        diff.notes.extend(managed(inputs));
    }
}

/// Tells whether the administrator allows a server.
pub(super) fn is_allowed(inputs: &Inputs, server: &WantedServer) -> bool {
    inputs.policy.forbids_entry(&server.name, &client_shape(&entry(server))).is_none()
}

/// Remembers what was given to the servers that are ours. Called for the ledger after the last step:
/// a run that was killed before must not look as if it had been done and undone by hand.
pub(super) fn remember(inputs: &Inputs, held: &Held, diff: &mut Diff) {
    for server in &inputs.intent.servers {
        let thing = fact(inputs, server).item.thing();
        if held.contains(&thing) {
            continue;
        }
        let wanted = client_shape(&entry(server));
        if inputs.policy.forbids_entry(&server.name, &wanted).is_some() {
            continue;
        }
        let old = inputs.ledger.applied(inputs.roots, inputs.client, &thing);
        let current = match inputs.state.get(&fact(inputs, server)) {
            Some(Record::Server(current)) => current,
            _ => &Value::Null,
        };
        let value = with_literals(&wanted, old, current);
        if old != Some(&value) {
            diff.released.set_applied(inputs.roots, inputs.client, &thing, value);
        }
    }
}

/// Returns what must stay whatever the client's files say.
pub(super) fn wanted(inputs: &Inputs) -> BTreeSet<Thing> {
    inputs.intent.servers.iter().map(|server| fact(inputs, server).item.thing()).collect()
}

/// Says whether an entry has everything that the manifest declares; a literal meets a reference.
pub fn is_met(server: &WantedServer, current: &Value) -> bool {
    let wanted = client_shape(&entry(server));
    same_server(current, &wanted)
        || same_server(current, &merged(current, Some(&literals(&wanted)), &wanted))
}

/// Returns marks for literals wherever they could stand.
fn literals(wanted: &Value) -> Value {
    match wanted {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), literals(value))).collect())
        }
        _ => Value::Null,
    }
}

fn fact(inputs: &Inputs, server: &WantedServer) -> Fact {
    let reach = inputs.roots.reach(server.scope);
    Item::Server { name: server.name.clone(), reach }.of(inputs.client)
}

/// Returns the entry that a manifest asks for, with only what it declares.
pub fn entry(server: &WantedServer) -> Value {
    let pairs = |pairs: &[(String, String)]| {
        Value::Object(pairs.iter().map(|(key, text)| (key.clone(), json!(text))).collect())
    };
    let mut entry = Map::new();
    entry.insert("type".into(), json!(server.transport.as_str()));
    if let Some(command) = &server.command {
        entry.insert("command".into(), json!(command));
    }
    if !server.args.is_empty() {
        entry.insert("args".into(), json!(server.args));
    }
    if !server.env.is_empty() {
        entry.insert("env".into(), pairs(&server.env));
    }
    if let Some(url) = &server.url {
        entry.insert("url".into(), json!(url));
    }
    if !server.headers.is_empty() {
        entry.insert("headers".into(), pairs(&server.headers));
    }
    entry.extend(server.extra.clone());
    Value::Object(entry)
}

/// Returns the current entry with everything that is declared, and without what we once put there
/// and nobody declares any more.
fn merged(current: &Value, applied: Option<&Value>, wanted: &Value) -> Value {
    let mut after = merge(current, applied, wanted);
    if let (Some(after), Some(wanted)) = (after.as_object_mut(), wanted.as_object()) {
        after.retain(|key, _| !WHOLE.contains(&key.as_str()) || wanted.contains_key(key));
    }
    after
}

fn merge(current: &Value, applied: Option<&Value>, wanted: &Value) -> Value {
    let (Value::Object(now), Value::Object(wanted)) = (current, wanted) else {
        // A literal that stood there when the server was adopted stays while it fits.
        let kept = applied == Some(&Value::Null) && fits(wanted, current);
        return if kept { current.clone() } else { wanted.clone() };
    };
    let mut after = now.clone();
    for (key, old) in applied.and_then(Value::as_object).into_iter().flatten() {
        if !wanted.contains_key(key) && now.get(key).is_some_and(|now| same(now, old)) {
            after.shift_remove(key);
        }
    }
    for (key, wanted) in wanted {
        let applied = applied.and_then(|applied| applied.get(key));
        let value = match now.get(key) {
            Some(now) => merge(now, applied, wanted),
            None => wanted.clone(),
        };
        after.insert(key.clone(), value);
    }
    Value::Object(after)
}

/// Returns the value to remember: as wanted, but null where an adopted literal still stands.
fn with_literals(wanted: &Value, old: Option<&Value>, current: &Value) -> Value {
    match (wanted, old) {
        (Value::Object(map), Some(old @ Value::Object(_))) => {
            let value = |(key, value): (&String, &Value)| {
                let current = current.get(key).unwrap_or(&Value::Null);
                (key.clone(), with_literals(value, old.get(key), current))
            };
            Value::Object(map.iter().map(value).collect())
        }
        (wanted, Some(Value::Null)) if fits(wanted, current) => Value::Null,
        _ => wanted.clone(),
    }
}

/// Says whether a value is what references such as `Bearer ${TOKEN}` could stand for.
fn fits(wanted: &Value, current: &Value) -> bool {
    match (wanted, current) {
        (Value::String(wanted), Value::String(current)) => {
            let Some((before, rest)) = wanted.split_once("${") else { return wanted == current };
            let Some((_, behind)) = rest.split_once('}') else { return false };
            // After the first reference the text may hold more of them.
            let end = behind.rsplit('}').next().unwrap_or(behind);
            current.len() > before.len() + end.len()
                && current.starts_with(before)
                && current.ends_with(end)
        }
        (Value::Array(wanted), Value::Array(current)) => {
            wanted.len() == current.len() && wanted.iter().zip(current).all(|(w, c)| fits(w, c))
        }
        _ => same(wanted, current),
    }
}

fn line(
    thing: Thing,
    server: &WantedServer,
    current: Option<&Value>,
    applied: Option<&Value>,
    after: &Value,
) -> Line {
    let Some(current) = current else {
        return Line::of(Sign::Add, thing, target(server));
    };
    let fields = differences(current, after);
    let edited = applied.is_some_and(|applied| {
        let restored = merge(current, None, applied);
        let by_hand = differences(current, &restored);
        fields.iter().any(|field| by_hand.iter().any(|other| other.path == field.path))
    });
    let shown: Vec<String> = fields.iter().map(Field::show).collect();
    let how = if edited { "edited by hand, set back" } else { "changed" };
    let text = format!("{how}: {}", shown.join(", "));
    Line::of(Sign::Change, thing, text)
}

fn target(server: &WantedServer) -> String {
    let words = server.command.iter().chain(&server.args);
    let words: Vec<String> = words.map(|word| without_secret("", word)).collect();
    match &server.url {
        Some(url) => format!("{} {}", server.transport.as_str(), redact_url(url)),
        None => words.join(" "),
    }
}

/// One field that is to become another; values of variables and headers are never shown.
struct Field<'a> {
    path: String,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

impl Field<'_> {
    fn show(&self) -> String {
        let key = self.path.as_str();
        let hidden = !WHOLE.contains(&key);
        match (self.before, self.after) {
            (Some(before), Some(after)) if !hidden => {
                format!("{key} {} → {}", plain(before), plain(after))
            }
            (Some(_), Some(_)) => key.to_owned(),
            (None, _) => format!("+{key}"),
            (_, None) => format!("-{key}"),
        }
    }
}

fn plain(value: &Value) -> String {
    let text = |text: &str| without_secret("", &redact_url(text));
    match value {
        Value::String(value) => format!("`{}`", text(value)),
        Value::Array(values) => {
            let words: Vec<String> =
                values.iter().map(|v| v.as_str().map_or("…".to_owned(), text)).collect();
            format!("`{}`", words.join(" "))
        }
        _ => "…".to_owned(),
    }
}

/// Returns the fields in which two entries differ; those of `env` and `headers` by their names.
fn differences<'a>(before: &'a Value, after: &'a Value) -> Vec<Field<'a>> {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else { return Vec::new() };
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    let mut fields = Vec::new();
    for key in keys {
        let (before, after) = (old.get(key), new.get(key));
        match (before, after) {
            (Some(before), Some(after)) if same(before, after) => {}
            (Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) => {
                let inner = differences(before, after).into_iter();
                fields.extend(inner.map(|f| Field { path: format!("{key}.{}", f.path), ..f }));
            }
            _ => fields.push(Field { path: key.clone(), before, after }),
        }
    }
    fields
}

/// Returns the warning that the administrator's servers are the only ones.
fn managed(inputs: &Inputs) -> Option<Note> {
    let path = crate::clients::claude::managed_servers_path(inputs.roots);
    inputs.files.get(&path)?;
    let text =
        "exists and takes exclusive control: Claude Code uses none of the manifest's servers";
    Some(Note::info(About::File(path), text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Value> {
        let text = prop::sample::select(vec!["a", "b", "${A}"]);
        let table = prop::collection::btree_map("[xyz]", text.clone(), 0..3);
        let key = prop::sample::select(vec!["note", "cwd", "timeout"]);
        (text, table, prop::collection::btree_map(key, 0..3_u8, 0..3)).prop_map(
            |(command, env, more)| {
                let mut entry = json!({ "command": command, "env": env });
                for (key, value) in more {
                    entry[key] = json!(value);
                }
                entry
            },
        )
    }

    proptest! {
        #[test]
        fn once_merged_nothing_is_left_to_merge_and_nothing_foreign_is_lost(
            current in entries(),
            applied in prop::option::of(entries()),
            wanted in entries(),
        ) {
            let wanted = client_shape(&wanted);
            let after = merged(&current, applied.as_ref(), &wanted);
            prop_assert!(same(&merged(&after, Some(&wanted), &wanted), &after));
            let ours = |key: &str| {
                wanted.get(key).is_some() || applied.as_ref().is_some_and(|a| a.get(key).is_some())
            };
            for (key, value) in current.as_object().unwrap() {
                if !ours(key) {
                    prop_assert_eq!(after.get(key), Some(value));
                }
            }
            for (key, value) in wanted["env"].as_object().unwrap() {
                prop_assert_eq!(after["env"].get(key), Some(value));
            }
        }
    }

    #[test]
    fn the_manifest_wins_for_what_it_declares_and_the_rest_stays() {
        let check = |current: Value, applied: Option<Value>, wanted: Value, expected: Value| {
            let after = merged(&current, applied.as_ref(), &client_shape(&wanted));
            assert!(same(&after, &expected), "{after}");
        };
        let wanted = json!({"command": "x", "env": {"A": "1"}});
        check(
            json!({"type": "stdio", "command": "y", "cwd": "/", "env": {"MINE": "2"}}),
            None,
            wanted.clone(),
            json!({"type": "stdio", "command": "x", "args": [], "cwd": "/", "env": {"MINE": "2", "A": "1"}}),
        );
        check(
            json!({"command": "x", "args": ["more"]}),
            None,
            json!({"command": "x"}),
            json!({"type": "stdio", "command": "x", "args": [], "env": {}}),
        );
        // What we put there and nobody wants any more goes, unless it was changed by hand since.
        check(
            json!({"type": "stdio", "command": "x", "args": [], "env": {"A": "1", "B": "2", "C": "9"}}),
            Some(json!({"command": "x", "env": {"A": "1", "B": "2", "C": "3"}})),
            wanted.clone(),
            json!({"type": "stdio", "command": "x", "args": [], "env": {"A": "1", "C": "9"}}),
        );
        check(
            json!({"type": "stdio", "command": "x", "args": [], "env": {}}),
            None,
            json!({"type": "http", "url": "https://h"}),
            json!({"type": "http", "url": "https://h", "env": {}}),
        );
    }

    #[test]
    fn an_adopted_literal_stays_while_it_fits() {
        let check = |wanted: &str, current: &str, expected: bool| {
            assert_eq!(fits(&json!(wanted), &json!(current)), expected, "{wanted} {current}");
        };
        check("${T}", "abc", true);
        check("Bearer ${T}", "Bearer abc", true);
        check("Bearer ${T}", "Basic abc", false);
        check("https://h/?k=${T}&x=1", "https://h/?k=abc&x=1", true);
        check("https://h/?k=${T}&x=1", "https://h/?k=abc&x=2", false);
        check("x", "x", true);
        check("", "x", false);
        let (wanted, current) = (json!({"env": {"T": "${T}"}}), json!({"env": {"T": "abc"}}));
        let applied = json!({"env": {"T": null}});
        assert_eq!(merge(&current, Some(&applied), &wanted), current);
        assert_eq!(with_literals(&wanted, Some(&applied), &current), applied);
        assert_eq!(merge(&current, Some(&wanted), &wanted), wanted, "a literal put in by hand");
    }

    #[test]
    fn values_of_variables_and_secrets_are_never_shown() {
        let before = json!({"command": "x", "args": ["--token=hunter22"], "env": {"K": "old"}});
        let after =
            json!({"command": "y", "args": ["--token=${T}"], "env": {"K": "new"}, "url": 1});
        let shown: Vec<String> = differences(&before, &after).iter().map(Field::show).collect();
        assert_eq!(
            shown.join("; "),
            "command `x` → `y`; args `--token=…` → `--token=${T}`; env.K; +url"
        );
    }
}
