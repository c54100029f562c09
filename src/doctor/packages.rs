//! Packages that servers are started from, and whether they are pinned.

use super::servers::{at, each};
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::Holder;
use crate::model::{ServerRecord, Text, redact_url};

pub(super) const CHECKS: &[&Check] = &[&UNPINNED];

const UNPINNED: Check = Check {
    id: "mcp.unpinned",
    severity: Severity::Warning,
    title: "a package in whatever version is newest",
    cause: "A server is started from a package without an exact version; whoever publishes the next \
            one runs code here.",
    fix: "by hand: name an exact version or digest.",
    run: unpinned,
};

/// Packages that are fetched at each start in whatever version is newest.
fn unpinned(evidence: &Evidence) -> Vec<Symptom> {
    each(evidence, |server| {
        if matches!(server.holder, Holder::Plugin(_)) {
            return None;
        }
        let package = unpinned_package(&server.record)?;
        let what = format!("server `{}`: `{package}` is not pinned to a version", server.name);
        let at = at(evidence, server, &["args"], what);
        let fix = "name an exact version or digest; whoever publishes the next one runs code here";
        Some(Symptom::new(&server.name, at, Fix::by_hand(fix)))
    })
}

/// Returns the package or image that a runner fetches without an exact version.
fn unpinned_package(server: &ServerRecord) -> Option<String> {
    let command = server.command.as_ref()?.to_string();
    let args: Vec<String> = server.args.iter().map(Text::to_string).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runner = command.rsplit('/').next().unwrap_or(&command);
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
    (!exact && !local).then(|| redact_url(package))
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
    use super::*;

    #[test]
    fn runners_are_pinned_by_an_exact_version_or_digest() {
        let check = |command: &str, args: &[&str], expected: Option<&str>| {
            let server = ServerRecord {
                command: Some(command.into()),
                args: args.iter().map(|arg| Text::from(*arg)).collect(),
                ..ServerRecord::default()
            };
            assert_eq!(unpinned_package(&server).as_deref(), expected, "{command} {args:?}");
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
}
