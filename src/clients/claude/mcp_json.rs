//! `.mcp.json` of a project: the servers that its repository shares, always inside `mcpServers`.

use std::path::PathBuf;

use serde_json::json;

use super::servers::{self, looks_like_server};
use crate::clients::document::{Document, Draft, Reading};
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind};
use crate::formats::json::{Bom, Key};
use crate::model::{Diagnostic, Files, Reach, Roots, Scope, ServerRecord};

const SERVERS: &str = "mcpServers";

const READING: Reading = Reading {
    file: FileKind::Servers,
    bom: Bom::Allowed,
    effect: "Claude Code takes no server from it",
};

pub fn path(roots: &Roots) -> PathBuf {
    roots.project.join(".mcp.json")
}

pub(super) fn decode(roots: &Roots, files: &Files, decoded: &mut Decoded) {
    let path = path(roots);
    let Some(page) = Document::read(&path, files, &READING, &mut decoded.problems) else { return };
    let Some(servers) = page.map.get(SERVERS) else {
        let message = format!("has no `{SERVERS}`; {}", READING.effect);
        let diagnostic =
            page.complaint(&[], message).hint("put the servers into `{\"mcpServers\": { … }}`");
        let flat = page.map.values().any(looks_like_server);
        let kind = if flat { ProblemKind::Unwrapped } else { ProblemKind::NoServers };
        decoded.problems.push(FileProblem { diagnostic, kind });
        return;
    };
    let reach = roots.reach(Scope::Project);
    servers::decode((&path, page.text), &[Key::Name(SERVERS)], servers, &reach, decoded);
}

pub(super) fn open(roots: &Roots, files: &Files, reach: &Reach) -> Result<Draft, Diagnostic> {
    let path = path(roots);
    if !reach.holds_in(&roots.project) {
        return Err(Diagnostic::whole(&path, "is the file of another project than the change's"));
    }
    let draft = Draft::open(path, files, json!({ SERVERS: {} }), false)?;
    let flat = draft
        .value()
        .as_object()
        .is_some_and(|map| !map.contains_key(SERVERS) && map.values().any(looks_like_server));
    if flat {
        return Err(draft.complaint(format!("has servers outside `{SERVERS}`")));
    }
    Ok(draft)
}

/// Makes one entry true.
pub(super) fn encode(
    draft: &mut Draft,
    name: &str,
    before: Option<&ServerRecord>,
    after: Option<&ServerRecord>,
) -> Result<(), Diagnostic> {
    servers::encode(draft, &[Key::Name(SERVERS), Key::Name(name)], before, after)
}
