//! Where in a manifest the thing stands that a note is about.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Item, TableLike, Value};

use super::raw::{Reader, diagnostic, document};
use crate::model::{Diagnostic, Note, redact_url};

/// Returns the place of the entry that a note is about, at the key that its text speaks of.
pub fn locate(file: &Path, text: &str, note: &Note) -> Option<Diagnostic> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = document(file, text).ok()?;
    let root = document.as_table();
    let mut reader = Reader::new(file, text);
    let mut search = |kind: &str, find: fn(&dyn TableLike, &Note) -> Option<Range<usize>>| {
        let entries = reader.entries(root, kind);
        entries.iter().find_map(|entry| find(entry.table, note))
    };
    let at = search("skills", plugin)
        .or_else(|| search("marketplaces", marketplace))
        .or_else(|| search("skills", plugin_of))
        .or_else(|| search("agent_skills", skill))
        .or_else(|| search("mcps", server))?;
    let fault = diagnostic(file, text, at, note.text.clone());
    Some(match &note.hint {
        Some(hint) => fault.hint(hint),
        None => fault,
    })
}

fn text<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Item::as_str)
}

fn value(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    table.get(key)?.span()
}

/// Returns the value of the first key that the entry has and the note speaks of, by its name or by
/// its value; else of the last.
fn spoken_of(table: &dyn TableLike, note: &Note, keys: &[&str]) -> Option<Range<usize>> {
    let (last, others) = keys.split_last()?;
    let speaks_of = |key: &str| {
        let value = text(table, key).filter(|value| !value.is_empty());
        note.text.contains(key) || value.is_some_and(|value| note.text.contains(value))
    };
    let spoken = others.iter().filter(|key| speaks_of(key));
    spoken.chain([last]).find_map(|key| value(table, key))
}

fn plugin(table: &dyn TableLike, note: &Note) -> Option<Range<usize>> {
    let name = text(table, "name")?;
    let apart =
        text(table, "marketplace").is_some_and(|m| format!("{name}@{m}") == note.about.to_string());
    let is = apart || name == note.about.to_string();
    is.then(|| spoken_of(table, note, &["version", "pin", "scope", "name"])).flatten()
}

fn marketplace(table: &dyn TableLike, note: &Note) -> Option<Range<usize>> {
    let is = text(table, "name") == Some(note.about.to_string().as_str());
    let last = if table.contains_key("source") { "source" } else { "name" };
    is.then(|| spoken_of(table, note, &["pin", last])).flatten()
}

/// A marketplace that only the entry of a plugin names.
fn plugin_of(table: &dyn TableLike, note: &Note) -> Option<Range<usize>> {
    if text(table, "marketplace") == Some(note.about.to_string().as_str()) {
        return value(table, "marketplace");
    }
    let (_, marketplace) = text(table, "name")?.split_once('@')?;
    (marketplace == note.about.to_string()).then(|| value(table, "name")).flatten()
}

fn skill(table: &dyn TableLike, note: &Note) -> Option<Range<usize>> {
    let names = table.get("names").and_then(Item::as_array);
    let words = names.into_iter().flatten().filter_map(|word| Some((word.as_str()?, word.span()?)));
    let single = text(table, "name").and_then(|name| Some((name, value(table, "name")?)));
    let mut words: Vec<(&str, Range<usize>)> = words.chain(single).collect();
    if let Some((_, at)) = words.iter().find(|(name, _)| *name == note.about.to_string()) {
        return Some(at.clone());
    }
    let package = text(table, "npm").map(|package| format!("npm:{package}"));
    let source = text(table, "source").map(redact_url).or(package)?;
    if source != note.about.to_string() {
        return None;
    }
    words.retain(|(name, _)| note.text.contains(&format!("`{name}`")));
    let last = if table.contains_key("source") { "source" } else { "npm" };
    let word = words.into_iter().next().map(|(_, at)| at);
    word.or_else(|| spoken_of(table, note, &["pin", last]))
}

fn server(table: &dyn TableLike, note: &Note) -> Option<Range<usize>> {
    let name = table.get("name").and_then(Item::as_value).and_then(Value::as_str);
    (name == Some(note.about.to_string().as_str())).then(|| value(table, "name")).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"version = 1
[[marketplaces]]
name = "tools"
source = "acme/tools"
pin = "v1"

[[skills]]
name = "alpha@tools"
version = "^9"

[[skills]]
name = "beta"
marketplace = "gone"

[[agent_skills]]
source = "acme/kit"
names = ["pdf", "dcox"]

[[agent_skills]]
npm = "left-pad"

[[mcps]]
name = "clock"
command = "true"
"#;

    #[test]
    fn a_note_is_shown_at_the_value_that_it_speaks_of() {
        let check = |about: &str, text: &str, expected: Option<&str>| {
            let place = locate(Path::new("skills.toml"), TEXT, &Note::unmet(about, text));
            let shown = place.map(|place| place.to_string());
            let line = shown.as_deref().and_then(|shown| {
                let (first, _) = shown.split_once(": ")?;
                let line = first.trim_start_matches("skills.toml:").split(':').next()?;
                TEXT.lines().nth(line.parse::<usize>().ok()? - 1)
            });
            assert_eq!(line, expected, "{about}: {text}: {shown:?}");
        };
        check("alpha@tools", "is not listed", Some("name = \"alpha@tools\""));
        check("alpha@tools", "its version is 1", Some("version = \"^9\""));
        check("tools", "cannot be fetched", Some("source = \"acme/tools\""));
        check("tools", "its pin `v1` is gone", Some("pin = \"v1\""));
        check("gone", "is not known", Some("marketplace = \"gone\""));
        check("beta@gone", "is not known", Some("name = \"beta\""));
        check("acme/kit", "has no skill `dcox`", Some("names = [\"pdf\", \"dcox\"]"));
        check("acme/kit", "does not answer", Some("source = \"acme/kit\""));
        check("dcox", "was refused", Some("names = [\"pdf\", \"dcox\"]"));
        check("npm:left-pad", "is not there", Some("npm = \"left-pad\""));
        check("clock", "is forbidden", Some("name = \"clock\""));
        check("nobody", "is not there", None);
    }
}
