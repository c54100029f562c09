//! MCP servers: where they stand, how they are written, and whether they could start. None is started.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{Evidence, Finding, Fix, Severity};
use crate::clients::claude::effective::{Effect, Holder, ServerEntry, texts};
use crate::clients::claude::servers::same_server;
use crate::formats::json::{self, Key};
use crate::model::{Client, Diagnostic, Item, Position, Record, secret_in, variables_in};
use crate::plan;

/// Shells take `$NAME` in their arguments for themselves.
const SHELLS: [&str; 5] = ["sh", "bash", "zsh", "fish", "dash"];

/// What the manifest wants and the client does not have.
pub(super) fn wanted_but_missing(evidence: &Evidence) -> Vec<Finding> {
    let Some(intent) = evidence.intent else { return Vec::new() };
    intent
        .servers
        .iter()
        .filter_map(|wanted| {
            let reach = evidence.roots.reach(wanted.scope);
            let fact = Item::Server { name: wanted.name.clone(), reach }.of(Client::Claude);
            let what = match evidence.observed.state.get(&fact) {
                Some(Record::Server(current)) if plan::is_met(wanted, current) => return None,
                Some(_) => "is not as the manifest has it",
                None => "is not there",
            };
            let text = format!("server `{}` {what} in scope {}", wanted.name, wanted.scope);
            let diagnostic = in_manifest(&intent.manifest, wanted.at, text);
            Some(finding("intent.missing", Severity::Error, &wanted.name, diagnostic, Fix::Sync))
        })
        .collect()
}

/// Commands that are nowhere.
pub(super) fn commands(evidence: &Evidence) -> Vec<Finding> {
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
        Some(finding("mcp.command-missing", Severity::Warning, &server.name, at, by_hand(fix)))
    })
}

/// Variables that are not set here and have no default.
pub(super) fn variables(evidence: &Evidence) -> Vec<Finding> {
    each(evidence, |server| {
        let unset: BTreeSet<String> = references(server)
            .into_iter()
            .filter(|variable| variable.foreign.is_none() && !variable.has_default)
            .map(|variable| variable.name)
            // The client sets these itself.
            .filter(|name| {
                !name.starts_with("CLAUDE_") && !evidence.environment.variables.contains(name)
            })
            .collect();
        if unset.is_empty() {
            return None;
        }
        let names: Vec<String> = unset.iter().map(|name| format!("`{name}`")).collect();
        let what = format!("server `{}`: {} not set here", server.name, are(&names));
        let fix = "export it where the client is started, or write `${NAME:-default}`";
        let at = at(evidence, server, &[], what);
        Some(finding("mcp.env-unset", Severity::Warning, &server.name, at, by_hand(fix)))
    })
}

/// References in the spelling of a shell or of another client, which reach the server as they are.
pub(super) fn foreign_syntax(evidence: &Evidence) -> Vec<Finding> {
    each(evidence, |server| {
        let foreign: BTreeSet<(String, String)> = references(server)
            .into_iter()
            .filter_map(|variable| Some((variable.foreign?, variable.name)))
            .collect();
        let (written, name) = foreign.first()?;
        let what = format!("server `{}`: Claude Code does not replace `{written}`", server.name);
        let at = at(evidence, server, &[], what);
        let fix = format!("write `${{{name}}}`");
        Some(finding("mcp.env-syntax", Severity::Warning, &server.name, at, by_hand(&fix)))
    })
}

/// A transport that is on its way out.
pub(super) fn deprecated(evidence: &Evidence) -> Vec<Finding> {
    each(evidence, |server| {
        (text(server, "type") == Some("sse")).then(|| {
            let what = format!("server `{}`: the transport `sse` is deprecated", server.name);
            let at = at(evidence, server, &["type"], what);
            let fix = "use `http` if the server has it";
            finding("mcp.sse-deprecated", Severity::Warning, &server.name, at, by_hand(fix))
        })
    })
}

/// Entries that name a program and an address.
pub(super) fn two_transports(evidence: &Evidence) -> Vec<Finding> {
    each(evidence, |server| {
        (text(server, "command").is_some() && text(server, "url").is_some()).then(|| {
            let what = format!("server `{}` has `url` together with `command`", server.name);
            let at = at(evidence, server, &["url"], what);
            let fix = "keep one of the two; other clients refuse the whole file";
            finding("mcp.url-and-command", Severity::Warning, &server.name, at, by_hand(fix))
        })
    })
}

/// One name in several scopes with different bodies, or a plugin's server that another one hides.
pub(super) fn shadowed(evidence: &Evidence) -> Vec<Finding> {
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
        Some(finding("mcp.shadowed", severity, &server.name, at, by_hand(&fix)))
    })
}

/// Literal secrets in files that git tracks, and in the manifest. The secret is never a part of the finding.
pub(super) fn secrets(evidence: &Evidence) -> Vec<Finding> {
    let mut findings: Vec<Finding> = evidence
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
            let mut at = at(evidence, server, &keys, what);
            at = without_line(at);
            Some(finding("mcp.secret-literal", Severity::Error, &server.name, at, to_variable()))
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
        let at = in_manifest(&intent.manifest, wanted.at, what);
        Some(finding("mcp.secret-literal", severity, &wanted.name, at, to_variable()))
    }));
    findings
}

/// Packages that are fetched at each start in whatever version is newest.
pub(super) fn unpinned(evidence: &Evidence) -> Vec<Finding> {
    each(evidence, |server| {
        if matches!(server.holder, Holder::Plugin(_)) {
            return None;
        }
        let package = unpinned_package(&server.entry)?;
        let what = format!("server `{}`: `{package}` is not pinned to a version", server.name);
        let at = at(evidence, server, &["args"], what);
        let fix = "name an exact version or digest; whoever publishes the next one runs code here";
        Some(finding("mcp.unpinned", Severity::Warning, &server.name, at, by_hand(fix)))
    })
}

/// Servers of the project that wait for the user.
pub(super) fn pending(evidence: &Evidence) -> Vec<Finding> {
    let waits = |server: &&ServerEntry| matches!(server.effect, Effect::Pending(_));
    evidence
        .server_entries
        .iter()
        .filter(waits)
        .map(|server| {
            let what = format!("server `{}` of the project is {}", server.name, server.effect);
            let at = at(evidence, server, &[], what);
            let fix = "approve it in the client if you trust it; zskills does not do so for you";
            finding("mcp.pending", Severity::Info, &server.name, at, by_hand(fix))
        })
        .collect()
}

/// Runs a check over the entries that the client would use once nothing stands before them.
fn each(evidence: &Evidence, check: impl Fn(&ServerEntry) -> Option<Finding>) -> Vec<Finding> {
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

fn finding(
    id: &'static str,
    severity: Severity,
    about: &str,
    diagnostic: Diagnostic,
    fix: Fix,
) -> Finding {
    Finding { id, severity, about: about.to_owned(), diagnostic, fix }
}

fn by_hand(fix: &str) -> Fix {
    Fix::ByHand(fix.to_owned())
}

fn to_variable() -> Fix {
    by_hand(
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
fn at(evidence: &Evidence, server: &ServerEntry, keys: &[&str], what: String) -> Diagnostic {
    let content = evidence.files.get(&server.file).and_then(|bytes| str::from_utf8(bytes).ok());
    let mut path: Vec<Key> = server.path.iter().map(|key| Key::Name(key)).collect();
    path.extend(keys.iter().map(|key| Key::Name(key)));
    let span = content.and_then(|content| {
        let entry = || json::locate(content, &path[..server.path.len()]);
        json::locate(content, &path).or_else(entry)
    });
    match (content, span) {
        (Some(content), Some(span)) => {
            without_line(Diagnostic::span(&server.file, content, span, what))
        }
        _ => Diagnostic::whole(&server.file, what),
    }
}

/// Keeps the place of a complaint and drops the line of the file that it would show.
fn without_line(diagnostic: Diagnostic) -> Diagnostic {
    let mut bare = Diagnostic::whole(&diagnostic.file, diagnostic.message);
    bare.at = diagnostic.at;
    bare
}

fn in_manifest(file: &Path, at: Position, text: String) -> Diagnostic {
    let mut diagnostic = Diagnostic::whole(file, text);
    diagnostic.at = Some(at);
    diagnostic
}

fn references(server: &ServerEntry) -> Vec<crate::model::Variable> {
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

/// Returns the package or image that a runner fetches without an exact version.
fn unpinned_package(entry: &Value) -> Option<String> {
    let command = entry.get("command")?.as_str()?;
    let args: Vec<&str> = entry.get("args")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let runner = command.rsplit('/').next().unwrap_or(command);
    let runner = runner.strip_suffix(".cmd").or(runner.strip_suffix(".exe")).unwrap_or(runner);
    let (package, exact) = match runner {
        "npx" | "bunx" | "pnpx" => {
            let package = package(&args, &["-p", "--package", "-c", "--call"])?;
            let version = package.get(1..).and_then(|rest| rest.split_once('@')).map(|(_, v)| v);
            (package, version.is_some_and(|version| semver::Version::parse(version).is_ok()))
        }
        "uvx" | "pipx" => {
            let args = args.strip_prefix(&["run"]).unwrap_or(&args);
            let from = args.iter().position(|arg| *arg == "--from" || *arg == "--spec");
            let named = from.and_then(|at| args.get(at + 1)).copied();
            let package =
                named.or_else(|| package(args, &["--with", "-p", "--python", "--index-url"]))?;
            let exact = package.contains("==")
                || package.split_once('@').is_some_and(|(_, version)| {
                    version.starts_with(|c: char| c.is_ascii_digit()) || is_commit(version)
                });
            (package, exact)
        }
        "docker" | "podman" => {
            let run = args.iter().position(|arg| *arg == "run")?;
            let image = package(&args[run + 1..], &DOCKER_FLAGS)?;
            let tag =
                image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, t)| t);
            let exact = image.contains("@sha256:")
                || tag.is_some_and(|tag| {
                    tag != "latest" && tag.contains(|c: char| c.is_ascii_digit())
                });
            (image, exact)
        }
        _ => return None,
    };
    let local = package.starts_with(['.', '/', '~']) || package.contains("${");
    (!exact && !local).then(|| crate::model::redact_url(package))
}

/// The flags of `docker run` that take the word behind them.
const DOCKER_FLAGS: [&str; 21] = [
    "-e",
    "--env",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--net",
    "--mount",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--env-file",
    "--entrypoint",
    "-l",
    "--label",
    "--platform",
    "-m",
    "--memory",
];

/// Returns the first word that is neither a flag nor the value of one.
fn package<'a>(args: &[&'a str], with_value: &[&str]) -> Option<&'a str> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        // Of a runner's own flags, the one that names the package decides.
        if matches!(*arg, "-p" | "--package") && with_value.contains(&"--package") {
            return args.next().copied();
        }
        if let Some(package) = arg.strip_prefix("--package=") {
            return Some(package);
        }
        if with_value.contains(arg) {
            args.next();
        } else if !arg.starts_with('-') {
            return Some(arg);
        }
    }
    None
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn runners_are_pinned_by_an_exact_version_or_digest() {
        let check = |command: &str, args: &[&str], expected: Option<&str>| {
            let entry = json!({"command": command, "args": args});
            assert_eq!(unpinned_package(&entry).as_deref(), expected, "{command} {args:?}");
        };
        check("npx", &["-y", "@scope/server"], Some("@scope/server"));
        check("npx", &["-y", "@scope/server@1.2.3", "/srv"], None);
        check("npx", &["server@latest"], Some("server@latest"));
        check("npx", &["server@^1"], Some("server@^1"));
        check("npx", &["-p", "pkg", "bin"], Some("pkg"));
        check("/usr/bin/npx", &["./local"], None);
        check("bunx", &["server@1.0.0"], None);
        check("uvx", &["mcp-server"], Some("mcp-server"));
        check("uvx", &["mcp-server==1.2"], None);
        check("uvx", &["mcp-server@1.2"], None);
        check("uvx", &["--from", "git+https://u:p@h/r", "x"], Some("git+https://h/r"));
        check("pipx", &["run", "x==1"], None);
        check("docker", &["run", "-i", "--rm", "-e", "TOKEN", "img"], Some("img"));
        check("docker", &["run", "-i", "reg:5000/img"], Some("reg:5000/img"));
        check("docker", &["run", "img:v1.2"], None);
        check("docker", &["run", "img@sha256:00"], None);
        check("node", &["server.js"], None);
    }

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
