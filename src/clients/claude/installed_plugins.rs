//! `installed_plugins.json`: which plugin bytes are in use, for whom and where.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::layout;
use crate::clients::document::{Document, Draft, Reading, object};
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind};
use crate::formats::json::{Bom, Key};
use crate::model::{Client, Diagnostic, Files, InstallRecord, Item, Reach, Record, Roots, Scope};

/// The key of the records.
pub(super) const PLUGINS: &str = "plugins";

const READING: Reading = Reading {
    file: FileKind::Inventory,
    bom: Bom::Refused,
    effect: "Claude Code lists no plugin as installed",
};

pub fn path(roots: &Roots) -> PathBuf {
    layout::of(roots).plugins.join("installed_plugins.json")
}

pub fn decode(roots: &Roots, files: &Files, decoded: &mut Decoded) {
    let problems = &mut decoded.problems;
    let Some(page) = Document::read(&path(roots), files, &READING, problems) else { return };
    if let Some(version) = page.map.get("version")
        && !matches!(version.as_u64(), Some(1 | 2))
    {
        let message = format!("version {version} is not one that we know; {}", READING.effect);
        let diagnostic = page.complaint(&[Key::Name("version")], message);
        problems.push(FileProblem { diagnostic, kind: ProblemKind::Version });
        return;
    }
    let Some(plugins) = page.object(PLUGINS, &READING, problems) else { return };
    for (id, entry) in plugins {
        // Version 1 has one record without a scope instead of a list.
        let records = entry.as_array().map_or(std::slice::from_ref(entry), Vec::as_slice);
        for (index, value) in records.iter().enumerate() {
            let owner =
                if entry.is_array() { owner(value) } else { Some(Owner::Ours(Reach::USER)) };
            match (owner, record(value)) {
                (Some(Owner::Other), Some(_)) => {}
                (Some(Owner::Ours(reach)), Some(record)) => {
                    let item = Item::Plugin { id: id.clone(), reach };
                    decoded.state.insert(item.of(Client::Claude), Record::Plugin(record));
                }
                _ => {
                    let path = [Key::Name(PLUGINS), Key::Name(id), Key::Index(index)];
                    let message = format!(
                        "plugin `{id}` has a record without `scope` or `installPath`; {}",
                        READING.effect
                    );
                    let diagnostic = page.complaint(&path, message);
                    let kind = ProblemKind::Value(FileKind::Inventory);
                    problems.push(FileProblem { diagnostic, kind });
                }
            }
        }
    }
}

pub fn open(roots: &Roots, files: &Files) -> Result<Draft, Diagnostic> {
    Draft::open(path(roots), files, json!({"version": 2, "plugins": {}}), false)
}

/// Makes the record of one plugin, scope and project true.
pub fn encode(
    draft: &mut Draft,
    id: &str,
    reach: &Reach,
    after: Option<&InstallRecord>,
) -> Result<(), Diagnostic> {
    let owner = Owner::Ours(reach.clone());
    let (plugins, plugin) = (Key::Name(PLUGINS), Key::Name(id));
    // The whole document is never taken apart: a plan may have hundreds of records to write.
    let entry = draft.get(&[plugins, plugin]);
    if entry.and_then(|entry| current(&entry, &owner)).as_ref() == after {
        return Ok(());
    }
    upgrade(draft)?;
    let entry = draft.get(&[plugins, plugin]).unwrap_or_default();
    let records = entry.as_array().map_or(&[][..], Vec::as_slice);
    let mine: Vec<usize> = (0..records.len())
        .filter(|index| self::owner(&records[*index]).as_ref() == Some(&owner))
        .collect();
    let place = |index| [plugins, plugin, Key::Index(index)];
    match (after, mine.last()) {
        (Some(after), Some(index)) => draft.set_fields(&place(*index), &changed(after)),
        (Some(after), None) if records.is_empty() => {
            draft.set(&[plugins, plugin], &json!([written(reach, after, First::Yes)]))
        }
        (Some(after), None) => {
            draft.set(&[plugins, plugin, Key::Append], &written(reach, after, First::No))
        }
        (None, _) if mine.len() == records.len() => draft.remove(&[plugins, plugin]),
        (None, _) => mine.iter().rev().try_for_each(|index| draft.remove(&place(*index))),
    }
}

/// Returns the record that counts for an owner.
fn current(entry: &Value, owner: &Owner) -> Option<InstallRecord> {
    match entry.as_array() {
        Some(records) => records
            .iter()
            .rfind(|value| self::owner(value).as_ref() == Some(owner))
            .and_then(record),
        None if *owner == Owner::Ours(Reach::USER) => record(entry),
        None => None,
    }
}

/// Whom a record belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owner {
    Ours(Reach),
    /// A scope that is not ours to manage, such as `managed`, or a project that is not named.
    Other,
}

/// Whether a record opens the list of its plugin; the client then writes its keys in another order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Yes,
    No,
}

fn owner(value: &Value) -> Option<Owner> {
    let scope = value.get("scope")?.as_str()?.parse();
    let project = value.get("projectPath").and_then(Value::as_str).map(Path::new);
    Some(match (scope, project) {
        (Ok(Scope::User), _) => Owner::Ours(Reach::USER),
        (Ok(scope), Some(project)) => Owner::Ours(Reach::of(scope, project)),
        (Ok(Scope::Project | Scope::Local), None) | (Err(()), _) => Owner::Other,
    })
}

fn record(value: &Value) -> Option<InstallRecord> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(InstallRecord {
        install_path: text("installPath")?.into(),
        version: text("version"),
        installed_at: text("installedAt"),
        last_updated: text("lastUpdated"),
        commit: text("gitCommitSha"),
        auto: value.get("auto").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// Returns a new record that opens the list of its plugin.
pub fn new_record(reach: &Reach, record: &InstallRecord) -> Value {
    written(reach, record, First::Yes)
}

/// Returns a new record, keys in the client's order.
fn written(reach: &Reach, after: &InstallRecord, first: First) -> Value {
    let project = reach.project().map(|path| json!(path));
    let (early, late) = if first == First::Yes { (project, None) } else { (None, project) };
    object(&[
        ("scope", Some(json!(reach.scope().as_str()))),
        ("projectPath", early),
        ("installPath", Some(json!(after.install_path))),
        ("version", after.version.clone().map(Value::from)),
        ("installedAt", after.installed_at.clone().map(Value::from)),
        ("lastUpdated", after.last_updated.clone().map(Value::from)),
        ("gitCommitSha", after.commit.clone().map(Value::from)),
        ("auto", after.auto.then_some(Value::Bool(true))),
        ("projectPath", late),
    ])
}

/// Returns the fields that an update may change; the first date of installation stays unless a new one is given.
fn changed(after: &InstallRecord) -> Vec<(&'static str, Option<Value>)> {
    let mut fields = vec![
        ("installPath", Some(json!(after.install_path))),
        ("version", after.version.clone().map(Value::from)),
    ];
    if let Some(date) = &after.installed_at {
        fields.push(("installedAt", Some(json!(date))));
    }
    fields.extend([
        ("lastUpdated", after.last_updated.clone().map(Value::from)),
        ("gitCommitSha", after.commit.clone().map(Value::from)),
        ("auto", after.auto.then_some(Value::Bool(true))),
    ]);
    fields
}

/// Turns a version 1 document into version 2, where each plugin has a list of records with a scope.
fn upgrade(draft: &mut Draft) -> Result<(), Diagnostic> {
    match draft.get(&[Key::Name("version")]).as_ref().map(Value::as_u64) {
        Some(Some(2)) => return Ok(()),
        None | Some(Some(1)) => {}
        Some(_) => return Err(draft.complaint("is of a version that we do not know")),
    }
    let plugins = draft.get(&[Key::Name(PLUGINS)]);
    draft.set(&[Key::Name("version")], &json!(2))?;
    for (id, entry) in plugins.as_ref().and_then(Value::as_object).into_iter().flatten() {
        if let Some(fields) = entry.as_object() {
            let mut record = serde_json::Map::from_iter([("scope".to_owned(), json!("user"))]);
            record.extend(fields.clone());
            draft.set(&[Key::Name(PLUGINS), Key::Name(id)], &json!([record]))?;
        }
    }
    Ok(())
}
