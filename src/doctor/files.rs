//! Client files that the client itself would not read.

use std::path::{Path, PathBuf};

use super::{Evidence, Finding, Fix, RegistryFix, ServerFix, Severity};
use crate::clients::claude::effective::Holder;
use crate::clients::{
    Cost, FileKind, FileProblem, ProblemKind, ServerFault, SourceFault, plugin_layout,
};
use crate::formats::json;
use crate::model::{Client, Diagnostic};

/// Returns what the codec holds against the files.
pub(super) fn problems(evidence: &Evidence) -> Vec<Finding> {
    evidence
        .problems
        .iter()
        .map(|problem| Finding {
            id: id(&problem.kind),
            severity: severity(&problem.kind),
            about: name(&problem.diagnostic.file),
            diagnostic: problem.diagnostic.clone(),
            fix: fix(evidence, problem),
        })
        .collect()
}

fn id(kind: &ProblemKind) -> &'static str {
    use FileKind::{Inventory, Registry, Servers, Settings, Skills};
    use ProblemKind::{
        Link, NoServers, NotRead, Server, Shape, Source, Syntax, Unwrapped, Value, Version,
    };
    match kind {
        Syntax(Settings) => "settings.syntax",
        Syntax(Registry) => "registry.syntax",
        Syntax(Inventory) => "inventory.syntax",
        Syntax(Servers) => "mcp.syntax",
        Source(Settings, SourceFault::UnknownKind(_) | SourceFault::RemoteIndex) => {
            "settings.unknown-kind"
        }
        Source(_, SourceFault::UnknownKind(_) | SourceFault::RemoteIndex) => {
            "registry.unknown-kind"
        }
        Shape(Settings) | Value(Settings) | Source(Settings, _) => "settings.schema",
        Shape(Registry) | Value(Registry) | Source(_, _) => "registry.schema",
        Shape(Inventory) | Value(Inventory) => "inventory.schema",
        Shape(Servers) | Value(Servers) | Server(_) => "mcp.schema",
        Version => "inventory.version",
        Unwrapped | NoServers => "mcp.flat",
        NotRead => "mcp.ignored-location",
        Link => "mcp.symlink",
        Syntax(Skills) | Shape(Skills) | Value(Skills) => "skills.inventory",
    }
}

fn severity(kind: &ProblemKind) -> Severity {
    match kind.cost() {
        Cost::File | Cost::Entry => Severity::Error,
        // The client reads it all the same.
        Cost::Writing => Severity::Warning,
    }
}

fn fix(evidence: &Evidence, problem: &FileProblem) -> Fix {
    let in_an_editor =
        || Fix::ByHand("correct it in an editor; zskills never drops what you wrote there".into());
    let file = &problem.diagnostic.file;
    match &problem.kind {
        ProblemKind::Unwrapped => Fix::RewriteServers(ServerFix::Wrap),
        ProblemKind::NotRead if movable(evidence, file) => Fix::RewriteServers(ServerFix::Move),
        ProblemKind::NotRead => Fix::ByHand(
            "the names are taken where the client looks; keep one entry of each by hand".into(),
        ),
        ProblemKind::Server(ServerFault::Untyped) => Fix::RewriteServers(ServerFix::AddType),
        ProblemKind::Source(FileKind::Registry, SourceFault::RemoteIndex)
            if cfg!(feature = "skills-sh") =>
        {
            Fix::RepairRegistry(RegistryFix::MoveIndex)
        }
        ProblemKind::Source(
            FileKind::Registry,
            SourceFault::UnknownKind(_) | SourceFault::RemoteIndex,
        ) => Fix::RepairRegistry(RegistryFix::DropEntry),
        ProblemKind::Syntax(FileKind::Settings) if is_commented(evidence, file) => {
            Fix::Strip(file.clone())
        }
        kind => match kind.file() {
            FileKind::Registry | FileKind::Inventory => Fix::RepairRegistry(RegistryFix::Rebuild),
            FileKind::Settings | FileKind::Servers | FileKind::Skills => in_an_editor(),
        },
    }
}

/// Says whether a server of a file that the client does not read has a free name where it looks.
fn movable(evidence: &Evidence, file: &Path) -> bool {
    evidence.server_entries.iter().any(|server| {
        let Holder::Ignored(Some(scope)) = server.holder else { return false };
        let reach = evidence.roots.reach(scope);
        let mut servers = evidence.observed.state.servers();
        let taken = servers.any(|row| row.name == server.name && *row.reach == reach);
        server.file == file && !taken
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
