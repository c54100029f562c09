//! `.claude-plugin/plugin.json`.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Dependency, dependency, json, shape};
use crate::model::Diagnostic;

/// A plugin as it describes itself. Its name need not be the name of its catalog entry, which is
/// the one that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginManifest {
    pub name: String,
    pub version: Option<String>,
    pub description: Option<String>,
    pub dependencies: Vec<Dependency>,
    pub default_enabled: Option<bool>,
    /// Why Claude Code refuses to install or load the plugin, if it does.
    pub fault: Option<String>,
    pub notes: Vec<String>,
    /// All fields as written.
    pub raw: Map<String, Value>,
}

/// Parses a `plugin.json`.
///
/// # Errors
/// Returns a diagnostic for invalid JSON, anything but an object, and a name that is missing, is
/// not a string or has spaces; `file` is only for the message.
pub fn parse_plugin(file: &Path, bytes: &[u8]) -> Result<PluginManifest, Diagnostic> {
    let raw = json::object(file, bytes)?;
    let fault = |message: &str| Err(Diagnostic::whole(file, message));
    let name = match raw.get("name") {
        None => return fault("`name` is missing"),
        Some(Value::String(name)) if name.is_empty() => return fault("`name` is empty"),
        Some(Value::String(name)) if name.contains(char::is_whitespace) => {
            return fault("`name` has spaces");
        }
        Some(Value::String(name)) => name.clone(),
        Some(_) => return fault("`name` is not a string"),
    };
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let (dependencies, mut notes) = dependency::list(raw.get("dependencies"));
    if raw.get("version").is_some_and(|version| !version.is_string()) {
        notes.push("`version` is not a string and does not count".to_owned());
    }
    Ok(PluginManifest {
        name,
        version: text("version"),
        description: text("description"),
        dependencies,
        default_enabled: raw.get("defaultEnabled").and_then(Value::as_bool),
        fault: shape::manifest_fault(&raw),
        notes,
        raw,
    })
}
