//! `settings.json` of a user or project, and `settings.local.json`: which plugins are on, and which
//! marketplaces are declared. The client ignores a file with one bad value as a whole, in silence.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::settings_schema::{self, Step};
use super::{layout, source};
use crate::clients::document::{Document, Draft, Reading};
use crate::clients::{Cost, Decoded, FileKind, FileProblem, ProblemKind};
use crate::formats::json::{Bom, Key};
use crate::model::{Client, Diagnostic, Files, Item, Reach, Record, RegistrySource, Roots, Scope};

pub(super) const ENABLED: &str = "enabledPlugins";
pub(super) const DECLARED: &str = "extraKnownMarketplaces";

/// What the client makes of a file with one value that it does not take.
const WHOLE: &str = "Claude Code 2.1.329 ignores the whole file without a word";
/// What the client makes of a value that costs nothing but itself.
const ALONE: &str = "Claude Code 2.1.329 ignores this value";

const READING: Reading = Reading { file: FileKind::Settings, bom: Bom::Allowed, effect: WHOLE };

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
            decoded.problems.extend(judge(&page));
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
    ];
    let managed = layout::of(roots).managed.iter();
    places.extend(managed.map(|place| (place.join("managed-settings.json"), None)));
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
    let plugins = page.map.get(ENABLED).and_then(Value::as_object);
    for (id, value) in plugins.into_iter().flatten() {
        if let Some(on) = value.as_bool() {
            let item = Item::Enabled { id: id.clone(), reach: reach.clone() };
            decoded.state.insert(item.of(Client::Claude), Record::Enabled(on));
        }
    }
}

fn decode_declared(page: &Document, reach: &Reach, decoded: &mut Decoded) {
    let declared = page.map.get(DECLARED).and_then(Value::as_object);
    for (name, entry) in declared.into_iter().flatten() {
        if let Some(source) = entry.get("source") {
            let item = Item::Declared { name: name.clone(), reach: reach.clone() };
            let record = Record::Declared(source::decode(source));
            decoded.state.insert(item.of(Client::Claude), record);
        }
    }
}

/// Returns what a settings file says, unless the client ignores it as a whole.
pub fn in_effect(file: &Path, files: &Files) -> Option<Map<String, Value>> {
    let mut problems = Vec::new();
    let page = Document::read(file, files, &READING, &mut problems)?;
    problems.extend(judge(&page));
    problems.iter().all(|problem| problem.kind.cost() == Cost::Entry).then_some(page.map)
}

/// Returns what the client holds against the values of a file.
fn judge(page: &Document) -> Vec<FileProblem> {
    let faults = settings_schema::faults(&page.map).into_iter().map(|fault| {
        let steps: Vec<&Step> = fault.path().collect();
        // Where the object that holds our keys is none, they cannot be written either.
        let is_ours = matches!(&steps[..], [Step::Key(key)] if key == ENABLED);
        let kind = if is_ours {
            ProblemKind::Shape(FileKind::Settings)
        } else {
            ProblemKind::Setting(fault.cost)
        };
        let keys: Vec<Key> = steps.iter().map(|step| key(step)).collect();
        let effect = if fault.cost == Cost::Entry { ALONE } else { WHOLE };
        let message =
            format!("`{}` {}; {effect}", fault.spelled().trim_start_matches('.'), fault.text);
        FileProblem { diagnostic: page.complaint(&keys, message), kind }
    });
    faults.chain(judge_declared(page)).collect()
}

/// Returns what the client holds against the marketplaces that a file declares: only a kind of source that
/// it does not know costs more than the entry.
fn judge_declared(page: &Document) -> Vec<FileProblem> {
    let mut problems = Vec::new();
    for key in [DECLARED, "additionalMarketplaces"] {
        let Some(value) = page.map.get(key) else { continue };
        let Some(declared) = value.as_object() else {
            let message = format!("`{key}` is not an object; {ALONE}");
            let diagnostic = page.complaint(&[Key::Name(key)], message);
            problems.push(FileProblem { diagnostic, kind: ProblemKind::Setting(Cost::Entry) });
            continue;
        };
        for (name, entry) in declared {
            let Some(fault) = source::fault(entry.get("source")) else { continue };
            let words = source::describe(&fault);
            let kind = ProblemKind::Source(FileKind::Settings, fault);
            let effect = if kind.cost() == Cost::Entry { ALONE } else { WHOLE };
            let path = [Key::Name(key), Key::Name(name), Key::Name("source")];
            let message = format!("marketplace `{name}`: {words}; {effect}");
            problems.push(FileProblem { diagnostic: page.complaint(&path, message), kind });
        }
    }
    problems
}

fn key(step: &Step) -> Key<'_> {
    match step {
        Step::Key(name) => Key::Name(name),
        Step::Element(index) => Key::Index(*index),
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
