//! Files with MCP servers that the client would not read, or not as they are meant.

use std::path::Path;

use super::files::{in_an_editor, problems};
use super::{Check, Evidence, Fix, ServerFix, Severity, Symptom};
use crate::clients::{Holder, ProblemKind, ServerFault};

pub(super) const CHECKS: &[&Check] = &[&SERVER_SYNTAX, &SERVER_SCHEMA, &FLAT, &ELSEWHERE, &LINK];

pub(super) const SERVER_SYNTAX: Check = Check {
    id: "mcp.syntax",
    severity: Severity::Error,
    title: "a file with MCP servers that is not JSON",
    cause: "The client reads no server from it.",
    fix: "by hand: correct it in an editor.",
    run: syntax,
};

fn syntax(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &SERVER_SYNTAX, |_| in_an_editor())
}

pub(super) const SERVER_SCHEMA: Check = Check {
    id: "mcp.schema",
    severity: Severity::Error,
    title: "an MCP server of a wrong shape",
    cause: "The client skips or refuses the entry.",
    fix: "`--fix` adds a `type` that the address tells; the rest is by hand.",
    run: schema,
};

fn schema(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &SERVER_SCHEMA, |problem| match problem.kind {
        ProblemKind::Server(ServerFault::Untyped) => Fix::RewriteServers(ServerFix::AddType),
        _ => in_an_editor(),
    })
}

pub(super) const FLAT: Check = Check {
    id: "mcp.flat",
    severity: Severity::Error,
    title: "servers at the top of a project's `.mcp.json`",
    cause: "The client wants them under `mcpServers`, and refuses the file.",
    fix: "`--fix` wraps them.",
    run: flat,
};

fn flat(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &FLAT, |problem| match problem.kind {
        ProblemKind::Unwrapped => Fix::RewriteServers(ServerFix::Wrap),
        _ => in_an_editor(),
    })
}

pub(super) const ELSEWHERE: Check = Check {
    id: "mcp.ignored-location",
    severity: Severity::Error,
    title: "servers where the client does not look",
    cause: "`mcpServers` stands in a file from which the client reads none, such as \
            `settings.json`.",
    fix: "`--fix` moves them to where the client looks, if their names are free there.",
    run: elsewhere,
};

fn elsewhere(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &ELSEWHERE, |problem| {
        if is_movable(evidence, &problem.diagnostic.file) {
            return Fix::RewriteServers(ServerFix::Move);
        }
        Fix::by_hand("the names are taken where the client looks; keep one entry of each by hand")
    })
}

/// Says whether a server of a file that the client does not read has a free name where it looks.
fn is_movable(evidence: &Evidence, file: &Path) -> bool {
    evidence.server_entries.iter().any(|server| {
        let Holder::Ignored(Some(scope)) = server.holder else { return false };
        let reach = evidence.roots.reach(scope);
        let mut servers = evidence.observed.state.servers();
        let taken = servers.any(|row| row.name == server.name && *row.reach == reach);
        server.file == file && !taken
    })
}

pub(super) const LINK: Check = Check {
    id: "mcp.symlink",
    severity: Severity::Warning,
    title: "a project's `.mcp.json` that is a link",
    cause: "The client reads it, but refuses to write through it.",
    fix: "by hand: replace the link by the file.",
    run: link,
};

fn link(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &LINK, |_| in_an_editor())
}
