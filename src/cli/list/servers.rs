//! The MCP servers of a list: by scope, with what the client makes of each. Of variables and headers
//! only the names are shown.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::clients::claude::effective::{Effect, Holder, ServerEntry};
use crate::declared::ledger::Ledger;
use crate::machine::terminal::{Paint, plain};
use crate::model::{Client, Roots, Thing, redact_url, without_secret};

/// Returns the section of the list.
pub fn text(
    server_entries: &[ServerEntry],
    roots: &Roots,
    ledger: &Ledger,
    paths: bool,
    paint: Paint,
) -> String {
    let mut out = format!("{}\n", paint.bold("MCP servers"));
    if server_entries.is_empty() {
        out.push_str("  (none configured)\n");
    }
    let name = |server: &ServerEntry| match server.holder {
        Holder::Plugin(_) => format!("★ {}", plain(&server.name)),
        _ => plain(&server.name),
    };
    let width = server_entries.iter().map(|s| name(s).chars().count()).max().unwrap_or(0);
    for server in server_entries {
        let name = name(server);
        let pad = " ".repeat(width - name.chars().count());
        let owner = if owned(server, roots, ledger) { "zskills" } else { "unmanaged" };
        let owner = if matches!(server.holder, Holder::Scope(_)) { owner } else { "" };
        let scope = server.holder.to_string();
        let what = plain(&target(&server.entry));
        let line =
            format!("  {name}{pad}  {scope:<8} {} {what}", paint.dim(&format!("{owner:<9}")));
        out.push_str(line.trim_end());
        if server.effect != Effect::Used {
            write!(out, "  {}", paint.yellow(&format!("({})", plain(&server.effect.to_string()))))
                .expect("strings take text");
        }
        out.push('\n');
        if paths {
            writeln!(out, "      {}", plain(&server.file.display().to_string()))
                .expect("strings take text");
        }
    }
    out
}

/// Returns the rows of the JSON document.
pub fn json(server_entries: &[ServerEntry], roots: &Roots, ledger: &Ledger) -> Vec<Value> {
    server_entries
        .iter()
        .map(|server| {
            let scope = match &server.holder {
                Holder::Ignored(Some(scope)) => scope.to_string(),
                place => place.to_string(),
            };
            let source = match &server.holder {
                Holder::Plugin(plugin) => json!({ "kind": "from_plugin", "plugin": plugin }),
                Holder::Scope(_) | Holder::Managed | Holder::Ignored(_) => {
                    json!({ "kind": "manual" })
                }
            };
            json!({
                "name": server.name,
                "scope": scope,
                "transport": transport(&server.entry),
                "source": source,
                "source_file": server.file,
                "effective": server.effect == Effect::Used,
                "effect": server.effect.word(),
                "detail": server.effect.to_string(),
                "owner": if owned(server, roots, ledger) { "zskills" } else { "unmanaged" },
            })
        })
        .collect()
}

/// Returns how the client reaches a server: secrets and the values of variables left out.
pub fn transport(entry: &Value) -> Value {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let keys = |key: &str| names(entry, key);
    match (text("type"), text("command"), text("url")) {
        (Some("stdio") | None, Some(command), _) => json!({
            "kind": "stdio",
            "command": without_secret("", command),
            "args": args(entry),
            "env_keys": keys("env"),
            "env_refs": references(entry.get("env")),
        }),
        (kind, _, Some(url)) => json!({
            "kind": kind.unwrap_or("http"),
            "url": without_secret("", &redact_url(url)),
            "header_keys": keys("headers"),
            "header_refs": references(entry.get("headers")),
        }),
        (kind, _, None) => json!({ "kind": kind.unwrap_or("unknown") }),
    }
}

/// Returns the command line or the address, and the names of variables and headers.
pub fn target(entry: &Value) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let mut words = match (text("command"), text("url")) {
        (Some(command), _) => {
            let mut words = vec![without_secret("", command)];
            words.extend(args(entry));
            words
        }
        (None, Some(url)) => {
            vec![text("type").unwrap_or("http").to_owned(), without_secret("", &redact_url(url))]
        }
        (None, None) => Vec::new(),
    };
    for key in ["env", "headers"] {
        let names = names(entry, key);
        if !names.is_empty() {
            words.push(format!("[{key}: {}]", names.join(", ")));
        }
    }
    words.join(" ")
}

fn args(entry: &Value) -> Vec<String> {
    let args = entry.get("args").and_then(Value::as_array).into_iter().flatten();
    let args: Vec<&str> = args.filter_map(Value::as_str).collect();
    let flag = |index: usize| index.checked_sub(1).map(|at| args[at]);
    args.iter()
        .enumerate()
        .map(|(index, arg)| {
            let flag = flag(index).filter(|flag| flag.starts_with('-') && !flag.contains('='));
            without_secret(flag.unwrap_or_default().trim_start_matches('-'), &redact_url(arg))
        })
        .collect()
}

fn names(entry: &Value, key: &str) -> Vec<String> {
    let map = entry.get(key).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    map.cloned().collect()
}

/// Returns the names of the variables that a table of texts refers to.
fn references(table: Option<&Value>) -> Vec<String> {
    let texts = table.and_then(Value::as_object).into_iter().flat_map(Map::values);
    let mut names: Vec<String> = texts
        .filter_map(Value::as_str)
        .flat_map(|text| crate::model::variables_in(text).into_iter().map(|v| v.name))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn owned(server: &ServerEntry, roots: &Roots, ledger: &Ledger) -> bool {
    let Holder::Scope(scope) = server.holder else { return false };
    let thing = Thing::Server { name: server.name.clone(), reach: roots.reach(scope) };
    ledger.owns(roots, Client::Claude, &thing)
}
