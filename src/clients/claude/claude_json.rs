//! `~/.claude.json`: the servers of the user, and the user's own servers in one project.
//!
//! The file also holds the client's history and grows to megabytes, so only the needed parts become values.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{layout, servers};
use crate::clients::document::Draft;
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind};
use crate::formats::json::{self, Bom, Key};
use crate::model::{Diagnostic, Files, Roots, Scope, ServerRecord};

const SERVERS: Key = Key::Name("mcpServers");
const PROJECTS: Key = Key::Name("projects");

pub(super) fn path(roots: &Roots) -> PathBuf {
    layout::of(roots).config.clone()
}

pub(super) fn decode(roots: &Roots, files: &Files, decoded: &mut Decoded) {
    let file = path(roots);
    let file = file.as_path();
    let Some(bytes) = files.get(file) else { return };
    let root = roots.project.to_string_lossy();
    let paths: [&[Key]; 2] = [&[SERVERS], &[PROJECTS, Key::Name(&root), SERVERS]];
    let text = str::from_utf8(bytes).unwrap_or_default();
    let values = json::pick(file, bytes, Bom::Allowed, &paths).unwrap_or_else(|mut diagnostic| {
        let values = paths.map(|path| json::get(text, path)).to_vec();
        diagnostic.message += "; Claude Code does not start with it";
        let kind = ProblemKind::Syntax(FileKind::Servers);
        decoded.problems.push(FileProblem { diagnostic, kind });
        values
    });
    if text.trim_start_matches('\u{feff}').trim_start().starts_with(['[', '"']) {
        let diagnostic = Diagnostic::span(file, text, 0..0, "is not a JSON object");
        let kind = ProblemKind::Shape(FileKind::Servers);
        decoded.problems.push(FileProblem { diagnostic, kind });
    }
    let reaches = [Scope::User, Scope::Local].map(|scope| roots.reach(scope));
    for ((path, value), reach) in paths.into_iter().zip(values).zip(&reaches) {
        if let Some(value) = value {
            servers::decode((file, text), path, &value, reach, decoded);
        }
    }
}

pub(super) fn open(roots: &Roots, files: &Files) -> Result<Draft, Diagnostic> {
    Draft::open(path(roots), files, json!({}), false)
}

/// Makes one entry true: the user's own, or the one of a project.
pub(super) fn encode(
    draft: &mut Draft,
    name: &str,
    project: Option<&Path>,
    before: Option<&ServerRecord>,
    after: Option<&ServerRecord>,
) -> Result<(), Diagnostic> {
    let Some(project) = project else {
        return servers::encode(draft, &[SERVERS, Key::Name(name)], before, after);
    };
    let project = project.to_string_lossy();
    let record = [PROJECTS, Key::Name(&project)];
    if let Some(after) = after
        && !draft.has(&record)
    {
        return draft.set(&record, &new_project(name, &servers::new_entry(after)));
    }
    servers::encode(draft, &[record[0], record[1], SERVERS, Key::Name(name)], before, after)
}

/// Returns the record that the client starts a project with.
fn new_project(name: &str, entry: &Value) -> Value {
    json!({
        "allowedTools": [],
        "mcpContextUris": [],
        "mcpServers": { name: entry },
        "enabledMcpjsonServers": [],
        "disabledMcpjsonServers": [],
        "hasTrustDialogAccepted": false,
        "hasClaudeMdExternalIncludesApproved": false,
        "hasClaudeMdExternalIncludesWarningShown": false,
    })
}
