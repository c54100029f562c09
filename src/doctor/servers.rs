//! MCP servers: how they are written, which of them the client uses, and whether they could start. None
//! is started.

use std::collections::BTreeSet;

use serde_json::Value;

use super::evidence::in_manifest;
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::claude::effective::texts;
use crate::clients::claude::servers::same_server;
use crate::clients::{Effect, Holder, ServerEntry, codec};
use crate::formats::json::Key;
use crate::model::{Diagnostic, Variable, secret_in, variables_in};
use crate::plan;

pub(super) const CHECKS: &[&Check] =
    &[&COMMAND, &UNSET, &SYNTAX, &DEPRECATED, &TWO, &SHADOWED, &SECRET, &PENDING];

/// Shells take `$NAME` in their arguments for themselves.
const SHELLS: [&str; 5] = ["sh", "bash", "zsh", "fish", "dash"];

const COMMAND: Check = Check {
    id: "mcp.command-missing",
    severity: Severity::Warning,
    title: "a server's program that is not there",
    cause: "The command of a server is neither a file nor on PATH, so the client cannot start it.",
    fix: "by hand: install the program, or give its full path.",
    run: commands,
};

fn commands(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        let command = text(server, "command")?;
        let key = (command.to_owned(), server.root.clone());
        if evidence.environment.commands.get(&key).copied().unwrap_or(true) {
            return None;
        }
        let what = format!("server `{}`: there is no program `{command}`", server.name);
        let at = at(evidence, server, &["command"], what);
        let fix =
            "install it, or give its full path; the client needs it on the PATH it is started with";
        Some(Symptom::new(&server.name, at, Fix::by_hand(fix)))
    })
}

const UNSET: Check = Check {
    id: "mcp.env-unset",
    severity: Severity::Warning,
    title: "a variable that is not set",
    cause: "A server refers to `${NAME}` without a default, and NAME is not set here; the server \
            gets the reference itself as text.",
    fix: "by hand: export it where the client is started, or write `${NAME:-default}`.",
    run: unset_variables,
};

fn unset_variables(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        let sets = |name: &str| codec(evidence.client).servers().is_some_and(|s| s.sets(name));
        let unset: BTreeSet<String> = references(server)
            .into_iter()
            .filter(|variable| variable.foreign.is_none() && !variable.has_default)
            .map(|variable| variable.name)
            .filter(|name| !sets(name) && !evidence.environment.variables.contains(name))
            .collect();
        if unset.is_empty() {
            return None;
        }
        let names: Vec<String> = unset.iter().map(|name| format!("`{name}`")).collect();
        let what = format!("server `{}`: {} not set here", server.name, are(&names));
        let fix = "export it where the client is started, or write `${NAME:-default}`";
        let at = at(evidence, server, &[], what);
        Some(Symptom::new(&server.name, at, Fix::by_hand(fix)))
    })
}

const SYNTAX: Check = Check {
    id: "mcp.env-syntax",
    severity: Severity::Warning,
    title: "a reference in the spelling of another program",
    cause: "The client replaces `${NAME}` only; `$NAME` or `${env:NAME}` reach the server as they are.",
    fix: "by hand: write `${NAME}`.",
    run: foreign_syntax,
};

fn foreign_syntax(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        let foreign: BTreeSet<(String, String)> = references(server)
            .into_iter()
            .filter_map(|variable| Some((variable.foreign?, variable.name)))
            .collect();
        let (written, name) = foreign.first()?;
        let what =
            format!("server `{}`: {} does not replace `{written}`", server.name, evidence.client);
        let at = at(evidence, server, &[], what);
        let fix = format!("write `${{{name}}}`");
        Some(Symptom::new(&server.name, at, Fix::by_hand(fix)))
    })
}

const DEPRECATED: Check = Check {
    id: "mcp.sse-deprecated",
    severity: Severity::Warning,
    title: "a transport on its way out",
    cause: "The server is reached over `sse`, which is deprecated and which servers switch off.",
    fix: "by hand: use `http` if the server has it.",
    run: deprecated,
};

fn deprecated(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        (text(server, "type") == Some("sse")).then(|| {
            let what = format!("server `{}`: the transport `sse` is deprecated", server.name);
            let at = at(evidence, server, &["type"], what);
            let fix = "use `http` if the server has it";
            Symptom::new(&server.name, at, Fix::by_hand(fix))
        })
    })
}

const TWO: Check = Check {
    id: "mcp.url-and-command",
    severity: Severity::Warning,
    title: "a server with a program and an address",
    cause: "An entry has `url` together with `command`; other clients refuse the whole file for it.",
    fix: "by hand: keep one of the two.",
    run: two_transports,
};

fn two_transports(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        (text(server, "command").is_some() && text(server, "url").is_some()).then(|| {
            let what = format!("server `{}` has `url` together with `command`", server.name);
            let at = at(evidence, server, &["url"], what);
            let fix = "keep one of the two; other clients refuse the whole file";
            Symptom::new(&server.name, at, Fix::by_hand(fix))
        })
    })
}

const SHADOWED: Check = Check {
    id: "mcp.shadowed",
    severity: Severity::Warning,
    title: "a server that another one hides",
    cause: "One name stands in several scopes with different entries, or a plugin's server is the \
            same as another; the client uses one of them.",
    fix: "by hand: `zskills why` shows all places; remove or rename one.",
    run: shadowed,
};

/// One name in several scopes with different bodies, or a plugin's server that another one hides.
fn shadowed(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        let Effect::Shadowed(by) = &server.effect else { return None };
        let differs = |other: &&ServerEntry| {
            other.name == server.name
                && other.effect == Effect::Used
                && !same_server(&other.entry, &server.entry)
        };
        let plugin = matches!(server.holder, Holder::Plugin(_));
        if !plugin && !evidence.server_entries.iter().any(|other| differs(&other)) {
            return None;
        }
        let what = format!("server `{}` is shadowed by {by}", server.name);
        let severity = if plugin { Severity::Info } else { Severity::Warning };
        let fix = format!("`zskills why {}` shows all places; remove or rename one", server.name);
        let at = at(evidence, server, &[], what);
        Some(Symptom::new(&server.name, at, Fix::by_hand(fix)).severity(severity))
    })
}

const SECRET: Check = Check {
    id: "mcp.secret-literal",
    severity: Severity::Error,
    title: "a secret in a file that is shared",
    cause: "An entry of a server holds a literal token or password in a file that git tracks, or in \
            the manifest. doctor never prints it.",
    fix: "by hand: write `${NAME}`, export NAME where the client is started, and replace the secret: \
          it is in the history.",
    run: secrets,
};

/// The secret is never a part of the finding.
fn secrets(evidence: &Evidence) -> Vec<Symptom> {
    let mut findings: Vec<Symptom> = evidence
        .server_entries
        .iter()
        .filter(|server| evidence.environment.tracked.contains(&server.file))
        .filter_map(|server| {
            let path = secret_path(&server.entry)?;
            let what = format!(
                "server `{}`: a literal secret in `{}` of a file that git tracks",
                server.name,
                path.join(".")
            );
            let keys: Vec<&str> = path.iter().map(String::as_str).collect();
            let at = at(evidence, server, &keys, what);
            Some(Symptom::new(&server.name, at, to_variable()))
        })
        .collect();
    let Some(intent) = evidence.intent else { return findings };
    let tracked = evidence.environment.tracked.contains(&intent.manifest);
    let severity = if tracked { Severity::Error } else { Severity::Warning };
    findings.extend(intent.servers.iter().filter_map(|wanted| {
        let path = secret_path(&plan::server_entry(wanted))?;
        let what = format!(
            "server `{}`: a literal secret in `{}` of the manifest, which is made to be shared",
            wanted.name,
            path.join(".")
        );
        let at = in_manifest(intent, wanted.at, what);
        Some(Symptom::new(&wanted.name, at, to_variable()).severity(severity))
    }));
    findings
}

const PENDING: Check = Check {
    id: "mcp.pending",
    severity: Severity::Info,
    title: "a project's server that waits for you",
    cause: "The client starts servers of a project's `.mcp.json` only once a person approved them.",
    fix: "by hand: approve it in the client if you trust it; zskills does not do so for you.",
    run: pending,
};

fn pending(evidence: &Evidence) -> Vec<Symptom> {
    let waits = |server: &&ServerEntry| matches!(server.effect, Effect::Pending(_));
    evidence
        .server_entries
        .iter()
        .filter(waits)
        .map(|server| {
            let what = format!("server `{}` of the project is {}", server.name, server.effect);
            let at = at(evidence, server, &[], what);
            let fix = "approve it in the client if you trust it; zskills does not do so for you";
            Symptom::new(&server.name, at, Fix::by_hand(fix))
        })
        .collect()
}

/// Runs a check over the entries that the client would use once nothing stands before them.
pub(super) fn each(
    evidence: &Evidence,
    check: impl Fn(&ServerEntry) -> Option<Symptom>,
) -> Vec<Symptom> {
    let counts = |server: &&ServerEntry| match server.effect {
        Effect::Used | Effect::Shadowed(_) | Effect::Pending(_) => true,
        Effect::Rejected
        | Effect::Disabled
        | Effect::Broken(_)
        | Effect::Ignored
        | Effect::RuledOut => false,
    };
    evidence.server_entries.iter().filter(counts).filter_map(check).collect()
}

fn to_variable() -> Fix {
    Fix::by_hand(
        "write `${NAME}` and export NAME where the client is started; then replace the secret, for it is in the history",
    )
}

fn are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}

fn text<'a>(server: &'a ServerEntry, key: &str) -> Option<&'a str> {
    server.entry.get(key)?.as_str()
}

/// Returns a complaint at a key of an entry, or at the entry, without its line: it may hold a secret.
pub(super) fn at(
    evidence: &Evidence,
    server: &ServerEntry,
    keys: &[&str],
    what: String,
) -> Diagnostic {
    let entry: Vec<Key> = server.path.iter().map(|key| Key::Name(key)).collect();
    let keys: Vec<Key> = keys.iter().map(|key| Key::Name(key)).collect();
    let key = evidence.near_key(&server.file, &[entry.as_slice(), &keys].concat(), what);
    if key.at.is_some() { key } else { evidence.near_key(&server.file, &entry, key.message) }
}

fn references(server: &ServerEntry) -> Vec<Variable> {
    let command = text(server, "command").unwrap_or_default();
    let shell = SHELLS.contains(&command.rsplit('/').next().unwrap_or_default());
    let args = server.entry.get("args").and_then(Value::as_array);
    let is_arg = |text: &str| args.is_some_and(|args| args.iter().any(|arg| arg == text));
    texts(&server.entry)
        .into_iter()
        .filter(|text| !(shell && is_arg(text)))
        .flat_map(variables_in)
        .collect()
}

/// Returns the keys that lead to the first literal secret of an entry.
fn secret_path(entry: &Value) -> Option<Vec<String>> {
    fn within(name: &str, value: &Value) -> Option<Vec<String>> {
        match value {
            Value::String(text) => secret_in(name, text).map(|_| Vec::new()),
            Value::Array(values) => {
                let mut flag = "";
                for value in values {
                    let text = value.as_str().unwrap_or_default();
                    if secret_in(flag, text).is_some() {
                        return Some(Vec::new());
                    }
                    let names = text.starts_with('-') && !text.contains('=');
                    flag = if names { text.trim_start_matches('-') } else { "" };
                }
                None
            }
            Value::Object(map) => map.iter().find_map(|(key, value)| {
                let mut path = within(key, value)?;
                path.insert(0, key.clone());
                Some(path)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }
    within("", entry)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_found_by_its_keys() {
        let check = |entry: Value, expected: Option<&[&str]>| {
            let path = secret_path(&entry);
            let path = path.as_ref().map(|p| p.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(path.as_deref(), expected, "{entry}");
        };
        check(json!({"env": {"API_KEY": "hunter22"}}), Some(&["env", "API_KEY"]));
        check(json!({"args": ["--token", "hunter22"]}), Some(&["args"]));
        check(json!({"env": {"API_KEY": "${API_KEY}"}}), None);
    }
}
