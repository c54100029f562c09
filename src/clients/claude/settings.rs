//! `settings.json` of a user or project, and `settings.local.json`: which plugins are on, and which
//! marketplaces are declared. The client ignores a file with one bad value as a whole, in silence.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{layout, source};
use crate::clients::document::{Document, Draft, Reading};
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind};
use crate::formats::json::{Bom, Key};
use crate::model::{Client, Diagnostic, Files, Item, Reach, Record, RegistrySource, Roots, Scope};

pub(super) const ENABLED: &str = "enabledPlugins";
pub(super) const DECLARED: &str = "extraKnownMarketplaces";

const READING: Reading = Reading {
    file: FileKind::Settings,
    bom: Bom::Allowed,
    effect: "Claude Code ignores the whole file without a word",
};

pub fn path(roots: &Roots, scope: Scope) -> PathBuf {
    match scope {
        Scope::User => layout::of(roots).dir.join("settings.json"),
        Scope::Project => roots.project.join(layout::FOLDER).join("settings.json"),
        Scope::Local => roots.project.join(layout::FOLDER).join("settings.local.json"),
    }
}

/// Returns the scopes that have a file of their own; in the home folder the project's is the user's.
pub fn scopes(roots: &Roots) -> impl Iterator<Item = Scope> {
    Scope::ALL
        .into_iter()
        .filter(|scope| *scope == Scope::User || path(roots, *scope) != path(roots, Scope::User))
}

pub fn decode(roots: &Roots, files: &Files, decoded: &mut Decoded) {
    for scope in scopes(roots) {
        let path = path(roots, scope);
        if let Some(page) = Document::read(&path, files, &READING, &mut decoded.problems) {
            decode_enabled(&page, &roots.reach(scope), decoded);
            decode_declared(&page, &roots.reach(scope), decoded);
            decoded.problems.extend(wrong_types(&page));
            decoded.problems.extend(ignored_servers(&page));
        }
    }
    for (path, _) in ignored_places(roots) {
        if let Some(page) = Document::read(&path, files, &READING, &mut Vec::new()) {
            decoded.problems.extend(ignored_servers(&page));
        }
    }
}

/// Returns the files that people put servers into although Claude Code 2.1.329 does not look there,
/// besides settings, and the scope that was meant.
pub fn ignored_places(roots: &Roots) -> Vec<(PathBuf, Option<Scope>)> {
    let mut places = vec![
        (roots.project.join(".claude.local/settings.json"), Some(Scope::Local)),
        (layout::of(roots).dir.join("mcp.json"), Some(Scope::User)),
        (layout::of(roots).dir.join(".mcp.json"), Some(Scope::User)),
        (layout::of(roots).managed.join("managed-settings.json"), None),
    ];
    // In the home folder the project's `.claude` is the user's.
    let below = roots.project.join(layout::FOLDER).join(".mcp.json");
    if places.iter().all(|(path, _)| *path != below) {
        places.push((below, Some(Scope::Project)));
    }
    // The client looks for `.mcp.json` in the project and upwards, so `~/.mcp.json` may be live there.
    let above = roots.home.join(".mcp.json");
    if !roots.cwd.starts_with(&roots.home) {
        places.push((above, Some(Scope::User)));
    }
    // A configuration folder may be the project itself.
    places.retain(|(path, _)| *path != roots.project.join(".mcp.json"));
    places
}

pub fn open(roots: &Roots, files: &Files, reach: &Reach) -> Result<Draft, Diagnostic> {
    let scope = reach.scope();
    let file = path(roots, scope);
    if !reach.holds_in(&roots.project) {
        return Err(Diagnostic::whole(&file, "is the file of another project than the change's"));
    }
    if !scopes(roots).any(|own| own == scope) {
        let message = format!("is the user's file; scope `{scope}` has none here");
        return Err(Diagnostic::whole(&file, message).hint("use scope `user`, or go to a project"));
    }
    Draft::open(file, files, json!({}), true)
}

pub fn encode_enabled(draft: &mut Draft, id: &str, after: Option<bool>) -> Result<(), Diagnostic> {
    let path = [Key::Name(ENABLED), Key::Name(id)];
    match after {
        Some(on) => draft.set(&path, &Value::Bool(on)),
        None => draft.remove(&path),
    }
}

pub fn encode_declared(
    draft: &mut Draft,
    name: &str,
    after: Option<&RegistrySource>,
) -> Result<(), Diagnostic> {
    let path = [Key::Name(DECLARED), Key::Name(name), Key::Name("source")];
    match after {
        Some(source) => source::encode(draft, &path, source),
        None => draft.remove(&path[..2]),
    }
}

fn decode_enabled(page: &Document, reach: &Reach, decoded: &mut Decoded) {
    let Some(plugins) = page.object(ENABLED, &READING, &mut decoded.problems) else { return };
    for (id, value) in plugins {
        if let Some(on) = value.as_bool() {
            let item = Item::Enabled { id: id.clone(), reach: reach.clone() };
            decoded.state.insert(item.of(Client::Claude), Record::Enabled(on));
        } else {
            let message = format!("`{id}` is not true or false; {}", READING.effect);
            let diagnostic = page.complaint(&[Key::Name(ENABLED), Key::Name(id)], message);
            decoded.problems.push(wrong_value(diagnostic));
        }
    }
}

fn decode_declared(page: &Document, reach: &Reach, decoded: &mut Decoded) {
    let Some(declared) = page.object(DECLARED, &READING, &mut decoded.problems) else { return };
    for (name, entry) in declared {
        if let Some(fault) = source::fault(entry.get("source")) {
            let words = source::describe(&fault);
            let message = format!("marketplace `{name}`: {words}; {}", READING.effect);
            let path = [Key::Name(DECLARED), Key::Name(name), Key::Name("source")];
            let diagnostic = page.complaint(&path, message);
            let kind = ProblemKind::Source(FileKind::Settings, fault);
            decoded.problems.push(FileProblem { diagnostic, kind });
        }
        if let Some(source) = entry.get("source") {
            let item = Item::Declared { name: name.clone(), reach: reach.clone() };
            let record = Record::Declared(source::decode(source));
            decoded.state.insert(item.of(Client::Claude), record);
        }
    }
}

/// Returns the complaint about servers where the client does not look for them.
fn ignored_servers(page: &Document) -> Option<FileProblem> {
    let servers = page.map.get("mcpServers")?.as_object()?;
    if servers.is_empty() {
        return None;
    }
    let message = "Claude Code does not read `mcpServers` in this file";
    let diagnostic = page.complaint(&[Key::Name("mcpServers")], message);
    Some(FileProblem { diagnostic, kind: ProblemKind::NotRead })
}

/// Returns the complaints about other keys whose type is known to cost the whole file (Claude Code 2.1.329).
fn wrong_types(page: &Document) -> Vec<FileProblem> {
    let wrong = |key: &str, right: fn(&Value) -> bool, kind: &str| {
        let _value = page.map.get(key).filter(|value| !right(value))?;
        let message = format!("`{key}` is not {kind}; {}", READING.effect);
        Some(wrong_value(page.complaint(&[Key::Name(key)], message)))
    };
    [
        wrong("permissions", Value::is_object, "an object"),
        wrong("model", Value::is_string, "a text"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn wrong_value(diagnostic: Diagnostic) -> FileProblem {
    FileProblem { diagnostic, kind: ProblemKind::Value(FileKind::Settings) }
}
