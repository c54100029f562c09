//! Client files that the client itself would not read.

use std::path::{Path, PathBuf};

use super::{Evidence, Finding, Fix, Severity};
use crate::clients::claude::effective::Holder;
use crate::clients::{FileProblem, plugin_layout};
use crate::formats::json;
use crate::model::{Client, Diagnostic};

/// Returns what the codec holds against the files.
pub(super) fn problems(evidence: &Evidence) -> Vec<Finding> {
    evidence
        .problems
        .iter()
        .map(|problem| Finding {
            id: problem.id,
            severity: severity(problem.id),
            about: name(&problem.diagnostic.file),
            diagnostic: problem.diagnostic.clone(),
            fix: fix(evidence, problem),
        })
        .collect()
}

fn severity(id: &str) -> Severity {
    match id {
        // The client reads it all the same.
        "mcp.symlink" => Severity::Warning,
        _ => Severity::Error,
    }
}

fn fix(evidence: &Evidence, problem: &FileProblem) -> Fix {
    match problem.id {
        "mcp.flat" if problem.unreadable => Fix::Mend("wraps the servers in `mcpServers`"),
        "mcp.ignored-location" if movable(evidence, problem) => {
            Fix::Mend("moves the servers to where the client looks")
        }
        "mcp.ignored-location" => Fix::ByHand(
            "the names are taken where the client looks; keep one entry of each by hand".into(),
        ),
        "mcp.schema" if problem.diagnostic.message.contains("no `type`") => {
            Fix::Mend("adds the `type` that the address tells")
        }
        "registry.unknown-kind" if is_index(problem) && cfg!(feature = "skills-sh") => {
            Fix::Repair("moves the index into zskills' own list")
        }
        "registry.unknown-kind" => Fix::Repair("takes the entry out of the registry"),
        id if id.starts_with("registry.") || id.starts_with("inventory.") => {
            Fix::Repair("rebuilds it from the manifest, the lock, the settings and the disk")
        }
        "settings.syntax" if is_commented(evidence, &problem.diagnostic.file) => {
            Fix::Strip(problem.diagnostic.file.clone())
        }
        _ => {
            Fix::ByHand("correct it in an editor; zskills never drops what you wrote there".into())
        }
    }
}

/// Says whether the kind is the one of remote indexes, which are ours to keep.
fn is_index(problem: &FileProblem) -> bool {
    problem.diagnostic.message.contains("remote-index")
}

/// Says whether a server of a file that the client does not read has a free name where it looks.
fn movable(evidence: &Evidence, problem: &FileProblem) -> bool {
    evidence.server_entries.iter().any(|server| {
        let Holder::Ignored(Some(scope)) = server.holder else { return false };
        let reach = evidence.roots.reach(scope);
        let mut servers = evidence.observed.state.servers();
        let taken = servers.any(|row| row.name == server.name && *row.reach == reach);
        server.file == problem.diagnostic.file && !taken
    })
}

/// Tells whether a file would be good JSON without its comments and last commas.
fn is_commented(evidence: &Evidence, file: &Path) -> bool {
    let text = evidence.files.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let stripped = text.and_then(json::without_comments);
    stripped.is_some_and(|text| json::parse(file, text.as_bytes(), json::Bom::Allowed).is_ok())
}

/// Client files that another program generates and that nobody can switch a plugin in.
pub(super) fn read_only(evidence: &Evidence) -> Vec<Finding> {
    let finding = |file: &PathBuf| Finding {
        id: "readonly.settings",
        severity: Severity::Warning,
        about: name(file),
        diagnostic: Diagnostic::whole(file, "is read-only, so nothing can be switched in it"),
        fix: Fix::ByHand(
            "let the program that generates it write the plugins, or make it writable".into(),
        ),
    };
    let layout = plugin_layout(Client::Claude);
    let switches = layout.switches(evidence.roots).into_iter().map(|(path, _)| path);
    let ours: Vec<_> = switches.chain(layout.registries(evidence.roots)).collect();
    evidence.disk.read_only.iter().filter(|file| ours.contains(file)).map(finding).collect()
}

/// Registries that somebody shares between machines although they hold paths of one.
pub(super) fn registries_under_control(evidence: &Evidence) -> Vec<Finding> {
    let finding = |file: &Path, text: &str| Finding {
        id: "symlink.broken-ledger",
        severity: Severity::Warning,
        about: name(file),
        diagnostic: Diagnostic::whole(file, text),
        fix: Fix::ByHand("keep skills.toml and skills.lock under version control instead".into()),
    };
    let registries = plugin_layout(Client::Claude).registries(evidence.roots);
    let links = evidence.disk.links.iter().map(|file| {
        finding(file, "is a link, which the client replaces by a file; what it led to goes stale")
    });
    let tracked = registries
        .iter()
        .filter(|file| {
            evidence.environment.tracked.contains(*file) && !evidence.disk.links.contains(*file)
        })
        .map(|file| finding(file, "is under version control, but holds paths of this machine"));
    links.chain(tracked).collect()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
