//! `known_marketplaces.json`: the marketplaces that the client has on disk. One bad entry makes it reject the file.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::layout;
use super::source;
use crate::clients::document::{Document, Draft, Reading, object};
use crate::clients::{Decoded, FileKind, FileProblem, ProblemKind};
use crate::formats::json::{Bom, Key};
use crate::model::{Client, Diagnostic, Files, Item, KnownMarketplace, Record, Roots};

const READING: Reading = Reading {
    file: FileKind::Registry,
    bom: Bom::Refused,
    effect: "Claude Code rejects the whole marketplace registry",
};

pub fn path(roots: &Roots) -> PathBuf {
    layout::of(roots).plugins.join("known_marketplaces.json")
}

pub fn decode(roots: &Roots, files: &Files, decoded: &mut Decoded) {
    let Some(page) = Document::read(&path(roots), files, &READING, &mut decoded.problems) else {
        return;
    };
    for (name, entry) in &page.map {
        decoded.problems.extend(problem(&page, name, entry));
        if let Some(record) = record(entry) {
            let item = Item::Marketplace { name: name.clone() };
            decoded.state.insert(item.of(Client::Claude), Record::Marketplace(record));
        }
    }
}

pub fn open(roots: &Roots, files: &Files) -> Result<Draft, Diagnostic> {
    Draft::open(path(roots), files, json!({}), false)
}

/// Makes one entry true.
pub fn encode(
    draft: &mut Draft,
    name: &str,
    after: Option<&KnownMarketplace>,
) -> Result<(), Diagnostic> {
    let path = [Key::Name(name)];
    let Some(after) = after else { return draft.remove(&path) };
    let fields = [
        ("installLocation", Some(json!(after.install_location))),
        ("lastUpdated", Some(json!(after.last_updated))),
        ("autoUpdate", after.auto_update.map(Value::from)),
    ];
    if draft.get(&path).is_some_and(|entry| entry.is_object()) {
        source::encode(draft, &[path[0], Key::Name("source")], &after.source)?;
        return draft.set_fields(&path, &fields);
    }
    let source = ("source", Some(source::to_json(&after.source)));
    let [location, updated, auto] = fields;
    draft.set(&path, &object(&[source, location, updated, auto]))
}

fn record(entry: &Value) -> Option<KnownMarketplace> {
    Some(KnownMarketplace {
        source: source::decode(entry.get("source")?),
        install_location: entry.get("installLocation")?.as_str()?.into(),
        last_updated: entry.get("lastUpdated").and_then(Value::as_str).unwrap_or_default().into(),
        auto_update: entry.get("autoUpdate").and_then(Value::as_bool),
    })
}

fn problem(page: &Document, name: &str, entry: &Value) -> Option<FileProblem> {
    let string = |key: &str| entry.get(key).is_some_and(Value::is_string);
    let value = ProblemKind::Value(FileKind::Registry);
    let (kind, field, fault) = match source::fault(entry.get("source")) {
        Some(fault) => {
            let words = source::describe(&fault);
            (ProblemKind::Source(FileKind::Registry, fault), "source", words)
        }
        None if !string("installLocation") => {
            (value, "installLocation", "the entry has no `installLocation`".to_owned())
        }
        None if !string("lastUpdated") => {
            (value, "lastUpdated", "the entry has no `lastUpdated`".to_owned())
        }
        None if entry.get("autoUpdate").is_some_and(|auto| !auto.is_boolean()) => {
            (value, "autoUpdate", "`autoUpdate` is not true or false".to_owned())
        }
        None => return None,
    };
    let diagnostic = page.complaint(
        &[Key::Name(name), Key::Name(field)],
        format!("marketplace `{name}`: {fault}; {}", READING.effect),
    );
    Some(FileProblem { diagnostic, kind })
}
