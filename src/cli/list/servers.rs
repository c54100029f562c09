//! The MCP servers of a list: by scope, with what the client makes of each. Of variables and headers
//! only the names are shown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::clients::{Effect, Holder, ServerEntry};
use crate::declared::ledger::Ledger;
use crate::machine::terminal::{Paint, one_line};
use crate::model::{
    Pairs, Roots, ServerRecord, Text, Thing, Transport, shown_address, shown_words, variables_in,
    without_secret,
};

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
        Holder::Plugin(_) => format!("★ {}", one_line(&server.name)),
        _ => one_line(&server.name),
    };
    let width = server_entries.iter().map(|s| name(s).chars().count()).max().unwrap_or(0);
    for server in server_entries {
        let name = name(server);
        let pad = " ".repeat(width - name.chars().count());
        let owner = if owned(server, roots, ledger) { "zskills" } else { "unmanaged" };
        let owner = if matches!(server.holder, Holder::Scope(_)) { owner } else { "" };
        let scope = server.holder.to_string();
        let what = one_line(&target(&server.record));
        let line =
            format!("  {name}{pad}  {scope:<8} {} {what}", paint.dim(&format!("{owner:<9}")));
        out.push_str(line.trim_end());
        if server.effect != Effect::Used {
            write!(
                out,
                "  {}",
                paint.yellow(&format!("({})", one_line(&server.effect.to_string())))
            )
            .expect("strings take text");
        }
        out.push('\n');
        if paths {
            writeln!(out, "      {}", one_line(&server.file.display().to_string()))
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
                "transport": transport(&server.record),
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
pub fn transport(server: &ServerRecord) -> Value {
    let kind = server.transport.as_ref();
    match (kind, &server.command, &server.url) {
        (Some(Transport::Stdio) | None, Some(command), _) => json!({
            "kind": "stdio",
            "command": without_secret("", &command.to_string()),
            "args": args(server),
            "env_keys": names(&server.env),
            "env_refs": references(&server.env),
        }),
        (kind, _, Some(url)) => json!({
            "kind": kind.unwrap_or(&Transport::Http).as_str(),
            "url": shown_address(&url.to_string()),
            "header_keys": names(&server.headers),
            "header_refs": references(&server.headers),
        }),
        (kind, _, None) => json!({ "kind": kind.map_or("unknown", Transport::as_str) }),
    }
}

/// Returns the command line or the address, and the names of variables and headers.
pub fn target(server: &ServerRecord) -> String {
    let mut words = match (&server.command, &server.url) {
        (Some(command), _) => {
            let mut words = vec![without_secret("", &command.to_string())];
            words.extend(args(server));
            words
        }
        (None, Some(url)) => {
            let transport = server.transport.as_ref().unwrap_or(&Transport::Http);
            vec![transport.to_string(), shown_address(&url.to_string())]
        }
        (None, None) => Vec::new(),
    };
    for (key, pairs) in [("env", &server.env), ("headers", &server.headers)] {
        if !pairs.is_empty() {
            words.push(format!("[{key}: {}]", names(pairs).join(", ")));
        }
    }
    words.join(" ")
}

fn args(server: &ServerRecord) -> Vec<String> {
    shown_words(server.args.iter().map(Text::to_string))
}

fn names(pairs: &Pairs) -> Vec<&str> {
    pairs.names().collect()
}

/// Returns the names of the variables that a table of texts refers to.
fn references(pairs: &Pairs) -> Vec<String> {
    let texts = pairs.iter().map(|(_, text)| text.to_string());
    let names = texts.flat_map(|text| variables_in(&text).into_iter().map(|v| v.name));
    names.collect::<BTreeSet<String>>().into_iter().collect()
}

fn owned(server: &ServerEntry, roots: &Roots, ledger: &Ledger) -> bool {
    let Holder::Scope(scope) = server.holder else { return false };
    let thing = Thing::Server { name: server.name.clone(), reach: roots.reach(scope) };
    ledger.owns(roots, server.client, &thing)
}
