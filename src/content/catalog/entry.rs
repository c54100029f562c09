//! One entry of `plugins` in a catalog.

use serde_json::{Map, Value};

use super::source::EntrySource;
use super::{Dependency, EntryNote, dependency, json, shape, source};
use crate::model::PluginName;

/// A plugin as its marketplace lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub name: PluginName,
    pub description: Option<String>,
    pub version: Option<String>,
    pub source: EntrySource,
    /// False when the entry, and not a `plugin.json`, names the components.
    pub strict: bool,
    pub dependencies: Vec<Dependency>,
    pub category: Option<String>,
    pub keywords: Vec<String>,
    /// All fields as written, component fields included.
    pub raw: Map<String, Value>,
}

/// Reads the entry at `index`; the texts are remarks about it.
///
/// # Errors
/// Returns a note when the entry has no usable name, so that nobody can ask for it.
pub fn parse(
    index: usize,
    value: &Value,
    plugin_root: Option<&str>,
) -> Result<(Entry, Vec<String>), EntryNote> {
    let Value::Object(raw) = value else {
        return Err(nameless(index, &format!("is {}, not an object", json::kind(value))));
    };
    let name = name(index, raw)?;
    let source = match shape::fault(raw) {
        Some(reason) => EntrySource::Unsupported { reason },
        None => source::parse(raw.get("source"), plugin_root)
            .unwrap_or_else(|reason| EntrySource::Unsupported { reason }),
    };
    let (dependencies, remarks) = dependency::list(raw.get("dependencies"));
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let keywords = raw.get("keywords").and_then(Value::as_array).into_iter().flatten();
    let entry = Entry {
        name,
        description: text("description"),
        version: text("version"),
        source,
        strict: raw.get("strict").and_then(Value::as_bool).unwrap_or(true),
        dependencies,
        category: text("category"),
        keywords: keywords.filter_map(Value::as_str).map(str::to_owned).collect(),
        raw: raw.clone(),
    };
    Ok((entry, remarks))
}

fn name(index: usize, raw: &Map<String, Value>) -> Result<PluginName, EntryNote> {
    let text = match raw.get("name") {
        Some(Value::String(text)) => text,
        Some(_) => return Err(nameless(index, "has a `name` that is not a string")),
        None => return Err(nameless(index, "has no `name`")),
    };
    text.parse().map_err(|why| EntryNote {
        name: Some(text.clone()),
        text: format!("the plugin name `{}` {why}", text.escape_debug()),
    })
}

fn nameless(index: usize, text: &str) -> EntryNote {
    EntryNote { name: None, text: format!("entry {} {text}", index + 1) }
}
