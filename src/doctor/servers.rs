//! MCP servers: how they are written, which of them the client uses, and whether they could start. None
//! is started.

use std::collections::BTreeSet;

use serde_json::Value;

use super::evidence::in_manifest;
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::{Effect, Holder, ServerEntry, codec};
use crate::formats::json::Key;
use crate::model::{
    Diagnostic, Field, FieldValue, ServerRecord, Text, Transport, Variable, secret_in, unclosed_in,
    variables_in,
};

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
        let command = server.record.command.as_ref()?.to_string();
        let key = (command.clone(), server.root.clone());
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
    title: "a reference that the client takes literally",
    cause: "The client replaces `${NAME}` only; `$NAME`, `${env:NAME}` or a `${NAME` that nothing closes \
            reach the server as they are.",
    fix: "by hand: write `${NAME}`.",
    run: foreign_syntax,
};

fn foreign_syntax(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        let foreign = references(server)
            .into_iter()
            .filter_map(|variable| Some((variable.foreign?, format!("${{{}}}", variable.name))));
        let texts: Vec<String> = server.record.texts().map(Text::to_string).collect();
        let unclosed = texts.iter().filter_map(|text| unclosed_in(text));
        let unclosed = unclosed.map(|word| (word.to_owned(), format!("{word}}}")));
        let foreign: BTreeSet<(String, String)> = foreign.chain(unclosed).collect();
        let (written, meant) = foreign.first()?;
        let what =
            format!("server `{}`: {} does not replace `{written}`", server.name, evidence.client);
        let at = at(evidence, server, &[], what);
        let fix = format!("write `{meant}`");
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
        (server.record.transport == Some(Transport::Sse)).then(|| {
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
        (server.record.command.is_some() && server.record.url.is_some()).then(|| {
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
                && other.record != server.record
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
            let path = secret_path(&server.record)?;
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
        let path = secret_path(&wanted.record)?;
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
        Effect::Rejected(_)
        | Effect::Disabled
        | Effect::Broken(_)
        | Effect::Ignored(_)
        | Effect::RuledOut(_) => false,
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
    let command = server.record.command.as_ref().map(Text::to_string).unwrap_or_default();
    let shell = SHELLS.contains(&command.rsplit('/').next().unwrap_or_default());
    let texts = server.record.texts();
    texts
        .filter(|text| !(shell && server.record.args.contains(text)))
        .flat_map(|text| variables_in(&text.to_string()))
        .collect()
}

/// Returns the keys that lead to the first literal secret of a server.
fn secret_path(server: &ServerRecord) -> Option<Vec<String>> {
    let holds = |field: &Field| {
        let path = field.path();
        let name = path.last().copied().unwrap_or_default();
        match server.get(field) {
            Some(FieldValue::Text(text)) => secret_in(name, &text.to_string()).is_some(),
            Some(FieldValue::Texts(texts)) => one_is_secret(texts.iter().map(Text::to_string)),
            Some(FieldValue::Json(Value::String(text))) => secret_in(name, text).is_some(),
            Some(FieldValue::Json(Value::Array(values))) => {
                one_is_secret(values.iter().map(|v| v.as_str().unwrap_or_default().to_owned()))
            }
            Some(FieldValue::Json(_) | FieldValue::Transport(_)) | None => false,
        }
    };
    let field = server.fields().into_iter().find(holds)?;
    Some(field.path().into_iter().map(str::to_owned).collect())
}

/// Says whether one of some words is a secret; a flag names the word behind it.
fn one_is_secret(words: impl Iterator<Item = String>) -> bool {
    let mut flag = String::new();
    for word in words {
        if secret_in(&flag, &word).is_some() {
            return true;
        }
        let names = word.starts_with('-') && !word.contains('=');
        flag = if names { word.trim_start_matches('-').to_owned() } else { String::new() };
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Client;

    #[test]
    fn a_secret_is_found_by_its_keys() {
        let check = |entry: Value, expected: Option<&[&str]>| {
            let codec = codec(Client::Claude).servers().unwrap();
            let path = secret_path(&codec.record(entry.as_object().unwrap()));
            let path = path.as_ref().map(|p| p.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(path.as_deref(), expected, "{entry}");
        };
        check(json!({"env": {"API_KEY": "hunter22"}}), Some(&["env", "API_KEY"]));
        check(json!({"args": ["--token", "hunter22"]}), Some(&["args"]));
        check(json!({"oauth": {"clientSecret": "hunter22"}}), Some(&["oauth", "clientSecret"]));
        check(json!({"x": {"y": ["--token", "hunter22"]}}), Some(&["x", "y"]));
        check(json!({"env": {"API_KEY": "${API_KEY}"}}), None);
    }
}
