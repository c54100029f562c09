//! Changes single entries of a manifest; every other byte stays.
//!
//! Works by cutting and inserting at the places that the parser reports, so that comments, blanks and
//! line ends need no care.

#![expect(clippy::result_large_err, reason = "a diagnostic is made once, at the end of a run")]

use std::ops::Range;
use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use super::raw::{document, key_span};
use super::render::Block;
use crate::model::{Diagnostic, MarketplaceName, PluginId, Scope};

/// A `[[marketplaces]]` entry to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketplaceEntry {
    pub name: MarketplaceName,
    /// As it is to be written.
    pub source: Option<String>,
    pub pin: Option<String>,
    pub auto_update: Option<bool>,
}

/// A `[[skills]]` entry to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginEntry {
    pub id: PluginId,
    pub version: Option<semver::VersionReq>,
    pub enabled: bool,
    pub scope: Scope,
    pub pin: Option<String>,
}

/// Names entries that are there; without a scope, those of every scope.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    Marketplace(&'a MarketplaceName),
    Plugin(&'a PluginId, Option<Scope>),
}

/// Adds a marketplace behind the last one.
pub fn add_marketplace(
    file: &Path,
    text: &str,
    entry: &MarketplaceEntry,
) -> Result<String, Diagnostic> {
    let block = Block::new("marketplaces")
        .text("name", entry.name.as_str())
        .maybe("source", entry.source.as_ref())
        .maybe("pin", entry.pin.as_ref());
    let block = match entry.auto_update {
        Some(on) => block.value("auto_update", &on.to_string()),
        None => block,
    };
    add(file, text, Target::Marketplace(&entry.name), &block.finish())
}

/// Adds a plugin behind the last one.
pub fn add_plugin(file: &Path, text: &str, entry: &PluginEntry) -> Result<String, Diagnostic> {
    let block = Block::new("skills")
        .text("name", entry.id.plugin.as_str())
        .text("marketplace", entry.id.marketplace.as_str())
        .maybe("version", entry.version.as_ref().map(ToString::to_string));
    let block = if entry.enabled { block } else { block.value("enabled", "false") };
    let scope = (entry.scope != Scope::User).then_some(entry.scope.as_str());
    let block = block.maybe("scope", scope).maybe("pin", entry.pin.as_ref());
    add(file, text, Target::Plugin(&entry.id, Some(entry.scope)), &block.finish())
}

/// Removes all entries that `target` names; at least one must be there.
pub fn remove(file: &Path, text: &str, target: Target<'_>) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, target.kind())?;
    let mut found: Vec<&Placed<'_>> = entries.iter().filter(|e| target.names(e.table)).collect();
    if found.is_empty() {
        return Err(absent(file, target));
    }
    found.sort_by_key(|entry| entry.start);
    let mut text = text.to_owned();
    for entry in found.into_iter().rev() {
        if let Some(other) = foreign_header(&document, entry) {
            let message = "the tables of this entry are not together";
            return Err(Diagnostic::span(file, &text, other, message)
                .hint("another entry stands between them; remove the entry by hand"));
        }
        text.replace_range(with_blank_line(&text, entry), "");
    }
    Ok(text)
}

/// Sets one key of all entries that `target` names, or removes it.
pub fn set(
    file: &Path,
    text: &str,
    target: Target<'_>,
    key: &str,
    value: Option<&toml_edit::Value>,
) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, target.kind())?;
    let mut cuts = Vec::new();
    for entry in entries.iter().filter(|entry| target.names(entry.table)) {
        cuts.extend(set_in(file, text, entry, key, value)?);
    }
    if cuts.is_empty() && !entries.iter().any(|entry| target.names(entry.table)) {
        return Err(absent(file, target));
    }
    cuts.sort_by_key(|(range, _)| range.start);
    let mut text = text.to_owned();
    for (range, with) in cuts.into_iter().rev() {
        text.replace_range(range, &with);
    }
    Ok(text)
}

impl Target<'_> {
    /// Returns the name of the array of tables.
    fn kind(self) -> &'static str {
        match self {
            Self::Marketplace(_) => "marketplaces",
            Self::Plugin(..) => "skills",
        }
    }

    fn names(self, table: &dyn TableLike) -> bool {
        let text = |key: &str| table.get(key).and_then(Item::as_str);
        let name = text("name").unwrap_or_default();
        let scope = text("scope").unwrap_or(Scope::User.as_str());
        let in_scope = |wanted: Option<Scope>| wanted.is_none_or(|s| s.as_str() == scope);
        match self {
            Self::Marketplace(wanted) => name == wanted.as_str(),
            Self::Plugin(id, wanted) => {
                let apart = name == id.plugin.as_str()
                    && text("marketplace") == Some(id.marketplace.as_str());
                (apart || name == id.to_string()) && in_scope(wanted)
            }
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Marketplace(name) => format!("marketplace `{name}`"),
            Self::Plugin(id, None) => format!("plugin `{id}`"),
            Self::Plugin(id, Some(scope)) => format!("plugin `{id}` in {scope} scope"),
        }
    }
}

fn absent(file: &Path, target: Target<'_>) -> Diagnostic {
    Diagnostic::whole(file, format!("{} is not there", target.describe()))
}

/// An entry and its lines.
struct Placed<'d> {
    table: &'d dyn TableLike,
    header: Range<usize>,
    /// From the line of the header
    start: usize,
    /// to behind the line end of the last value and the comments that go with it.
    end: usize,
}

/// Returns the entries of one kind; those written as one inline array cannot be edited.
fn entries<'d>(
    file: &Path,
    text: &str,
    document: &'d Document<&str>,
    kind: &str,
) -> Result<Vec<Placed<'d>>, Diagnostic> {
    match document.get(kind) {
        None => Ok(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => Ok(tables
            .iter()
            .map(|table| {
                let header = table.span().unwrap_or_default();
                let last = last_byte(table, header.end);
                let start = line_start(text, header.start);
                Placed { table, header, start, end: with_comments(text, line_end(text, last)) }
            })
            .collect()),
        Some(_) => {
            let message = format!("`{kind}` is not written as `[[{kind}]]` entries");
            let at = key_span(document.as_table(), kind);
            Err(Diagnostic::span(file, text, at, message).hint("only such entries can be edited"))
        }
    }
}

fn add(file: &Path, text: &str, target: Target<'_>, block: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, target.kind())?;
    if let Some(entry) = entries.iter().find(|entry| target.names(entry.table)) {
        let message = format!("{} is already there", target.describe());
        return Err(Diagnostic::span(file, text, entry.header.clone(), message));
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let at = entries.iter().map(|entry| entry.end).max().unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    let mut added = before.to_owned();
    let blank = before.trim_start_matches('\u{feff}').trim().is_empty();
    if !blank && !before.ends_with('\n') {
        added.push_str(newline);
    }
    if document.is_empty() {
        added.push_str("version = 1");
        added.push_str(newline);
    }
    if !added.ends_with(&newline.repeat(2)) {
        added.push_str(newline);
    }
    added.push_str(&block.replace('\n', newline));
    if !after.is_empty() && !after.starts_with(['\n', '\r']) {
        added.push_str(newline);
    }
    Ok(added + after)
}

/// Returns what to replace by what in one entry.
fn set_in(
    file: &Path,
    text: &str,
    entry: &Placed<'_>,
    key: &str,
    value: Option<&toml_edit::Value>,
) -> Result<Option<(Range<usize>, String)>, Diagnostic> {
    let shown = value.map(|value| value.clone().decorated("", "").to_string());
    match (entry.table.get(key), shown) {
        (None, None) => Ok(None),
        (None, Some(shown)) => Ok(Some(new_line(text, entry, key, &shown))),
        (Some(Item::Value(old)), Some(shown)) => Ok(Some((old.span().unwrap_or_default(), shown))),
        (Some(Item::Value(old)), None) => {
            let start = line_start(text, key_span(entry.table, key).start);
            let end = old.span().map_or(start, |old| line_end(text, old.end));
            Ok(Some((start..end, String::new())))
        }
        (Some(_), _) => {
            let message = format!("`{key}` is a table of its own");
            let at = key_span(entry.table, key);
            Err(Diagnostic::span(file, text, at, message).hint("edit it by hand"))
        }
    }
}

/// Returns the new line behind the last plain key of an entry.
fn new_line(text: &str, entry: &Placed<'_>, key: &str, value: &str) -> (Range<usize>, String) {
    let plain =
        |item: &Item| item.is_value() || item.as_table_like().is_some_and(TableLike::is_dotted);
    let last = entry
        .table
        .iter()
        .filter(|(_, item)| plain(item))
        .map(|(key, item)| item_end(item, key_span(entry.table, key).end))
        .fold(entry.header.end, usize::max);
    let at = line_end(text, last);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let missing = if text[..at].ends_with('\n') { "" } else { newline };
    let line_start = line_start(text, last);
    let indent: String =
        text[line_start..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    (at..at, format!("{missing}{indent}{key} = {value}{newline}"))
}

fn last_byte(table: &dyn TableLike, start: usize) -> usize {
    table.iter().map(|(key, item)| item_end(item, key_span(table, key).end)).fold(start, usize::max)
}

fn item_end(item: &Item, start: usize) -> usize {
    let end = item.span().map_or(start, |span| span.end);
    match item {
        Item::Table(table) => last_byte(table, end),
        Item::ArrayOfTables(tables) => {
            tables.iter().map(|table| last_byte(table, end)).fold(end, usize::max)
        }
        Item::None | Item::Value(_) => end,
    }
}

/// Returns the header of something else that stands between the lines of this entry.
fn foreign_header(document: &Document<&str>, entry: &Placed<'_>) -> Option<Range<usize>> {
    let own = headers(entry.table);
    headers(document.as_table())
        .into_iter()
        .filter(|header| header.start > entry.header.start && header.start < entry.end)
        .find(|header| !own.contains(header))
}

/// Returns where the headers below a table stand.
fn headers(table: &dyn TableLike) -> Vec<Range<usize>> {
    let tables = table.iter().flat_map(|(_, item)| match item {
        Item::ArrayOfTables(tables) => tables.iter().collect::<Vec<_>>(),
        Item::Table(table) => vec![table],
        Item::None | Item::Value(_) => Vec::new(),
    });
    tables
        .flat_map(|table| {
            let header = table.span().filter(|_| !table.is_dotted() && !table.is_implicit());
            header.into_iter().chain(headers(table))
        })
        .collect()
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |i| i + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |i| offset + i + 1)
}

/// Moves `end` behind the comment lines below it, unless they stand right above something else.
fn with_comments(text: &str, end: usize) -> usize {
    let comments: usize = text[end..]
        .split_inclusive('\n')
        .take_while(|line| line.trim_start().starts_with('#'))
        .map(str::len)
        .sum();
    let next = text[end + comments..].lines().next().unwrap_or_default();
    if next.trim().is_empty() { end + comments } else { end }
}

/// Returns the lines of an entry with the blank line that parted it from the next or the last one.
fn with_blank_line(text: &str, entry: &Placed<'_>) -> Range<usize> {
    let blank_after = text[entry.end..].split_inclusive('\n').next();
    if let Some(blank) = blank_after.filter(|line| line.trim().is_empty()) {
        return entry.start..entry.end + blank.len();
    }
    let before = &text[..entry.start];
    let blank_before = before.split_inclusive('\n').next_back().filter(|l| l.trim().is_empty());
    match blank_before {
        Some(blank) if entry.end == text.len() => entry.start - blank.len()..entry.end,
        _ => entry.start..entry.end,
    }
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
