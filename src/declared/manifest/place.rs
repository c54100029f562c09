//! Where entries and their parts stand in a manifest, and what to cut for an edit.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use super::raw::{diagnostic, key_span};
use crate::model::Diagnostic;

/// An entry and its lines.
pub(super) struct Placed<'d> {
    pub table: &'d dyn TableLike,
    pub header: Range<usize>,
    /// From the line of the header
    pub start: usize,
    /// to behind the line end of the last value and the comments that go with it.
    pub end: usize,
}

/// Returns the entries of one kind; those written as one inline array cannot be edited.
pub(super) fn entries<'d>(
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
            Err(diagnostic(file, text, at, message).hint("only such entries can be edited"))
        }
    }
}

/// Returns what to replace by what in one entry.
pub(super) fn set_in(
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
            Err(diagnostic(file, text, at, message).hint("edit it by hand"))
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

/// Returns the bytes of one word of an array, with the comma that goes with it.
pub(super) fn word_in(text: &str, words: &toml_edit::Array, wanted: &str) -> Option<Range<usize>> {
    let spans: Vec<Range<usize>> = words.iter().map(|w| w.span().unwrap_or_default()).collect();
    let index = words.iter().position(|word| word.as_str() == Some(wanted))?;
    let own = spans[index].clone();
    if let Some(next) = spans.get(index + 1) {
        return Some(own.start..next.start);
    }
    let before = index.checked_sub(1).map(|i| spans[i].end);
    // A comment behind the last comma belongs to the word before it.
    if let Some(end) = before.filter(|end| !text[*end..own.start].contains('#')) {
        return Some(end..own.end);
    }
    let comma = text[own.end..].starts_with(',');
    Some(own.start..own.end + usize::from(comma))
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
pub(super) fn foreign_header(
    document: &Document<&str>,
    entry: &Placed<'_>,
) -> Option<Range<usize>> {
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
pub(super) fn with_blank_line(text: &str, entry: &Placed<'_>) -> Range<usize> {
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
