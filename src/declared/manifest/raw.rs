//! Walks a TOML text as written, and collects what is wrong with it by line and column.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Document, Item, Table, TableLike, Value};

use crate::model::{Diagnostic, Position, did_you_mean, position, redact_url};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Spanned<T> {
    pub value: T,
    pub at: Range<usize>,
}

/// One `[[table]]`, or one inline table of an array.
pub(crate) struct TableAt<'d> {
    pub table: &'d dyn TableLike,
    /// The header, or the whole inline table.
    pub at: Range<usize>,
}

/// One text that is being read.
pub(crate) struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    faults: Vec<(usize, Diagnostic)>,
}

/// Parses TOML; merge conflicts get a message of their own.
pub(crate) fn document<'a>(file: &Path, text: &'a str) -> Result<Document<&'a str>, Diagnostic> {
    Document::parse(text).map_err(|error| {
        if let Some(at) = conflict(text) {
            let marker = Diagnostic::span(file, text, at, "a merge left a conflict here");
            return marker.hint("keep one side of each conflict and delete the marker lines");
        }
        let at = error.span().unwrap_or_default();
        diagnostic(file, text, at, error.message())
    })
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, faults: Vec::new() }
    }

    /// Returns all faults in the order of the text.
    pub fn into_faults(mut self) -> Vec<Diagnostic> {
        self.faults.sort_by_key(|(at, _)| *at);
        self.faults.into_iter().map(|(_, fault)| fault).collect()
    }

    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn position(&self, at: &Range<usize>) -> Position {
        position(self.text, at.start)
    }

    pub fn fault(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.report(at, &message.into(), None);
    }

    pub fn fault_with_hint(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report(at, &message.into(), Some(hint.into()));
    }

    pub fn whole(&mut self, message: &str, hint: &str) {
        self.faults.push((0, Diagnostic::whole(self.file, message).hint(hint)));
    }

    /// Reports each key that is not among `known`.
    pub fn unknown_keys(&mut self, table: &dyn TableLike, known: &[&str]) {
        self.unknown_keys_but(table, known, |_| None);
    }

    /// The same, with a hint of its own for the words that people use for something known.
    pub fn unknown_keys_but(
        &mut self,
        table: &dyn TableLike,
        known: &[&str],
        meant: impl Fn(&str) -> Option<&'static str>,
    ) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(key)) {
            let hint = match (meant(key), did_you_mean(key, known.iter().copied())) {
                (Some(meant), _) => meant.to_owned(),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => format!("known are {}", listed(known)),
            };
            let message = format!("unknown key `{key}`");
            self.fault_with_hint(&key_span(table, key), message, hint);
        }
    }

    /// Returns the `[[key]]` entries of a document.
    pub fn entries<'d>(&mut self, root: &'d Table, key: &str) -> Vec<TableAt<'d>> {
        match root.get(key) {
            None => Vec::new(),
            Some(Item::ArrayOfTables(tables)) => tables
                .iter()
                .map(|table| TableAt { table, at: table.span().unwrap_or_default() })
                .collect(),
            Some(Item::Value(Value::Array(array))) => {
                array.iter().filter_map(|value| self.inline_entry(key, value)).collect()
            }
            Some(Item::None | Item::Table(_) | Item::Value(_)) => {
                let message = format!("`{key}` must be written as `[[{key}]]` entries");
                self.fault(&key_span(root, key), message);
                Vec::new()
            }
        }
    }

    fn inline_entry<'d>(&mut self, key: &str, value: &'d Value) -> Option<TableAt<'d>> {
        let at = value.span().unwrap_or_default();
        let table = value.as_inline_table().map(|table| table as &dyn TableLike);
        if table.is_none() {
            let found = value.type_name();
            self.fault(&at, format!("`{key}` must hold tables, not {} {found}", article(found)));
        }
        table.map(|table| TableAt { table, at })
    }

    /// Returns the string at `key`, if there is one.
    pub fn string<'d>(&mut self, table: &'d dyn TableLike, key: &str) -> Option<Spanned<&'d str>> {
        self.value(table, key, "string", Value::as_str)
    }

    /// Returns the string at `key` unless it is blank.
    pub fn filled<'d>(&mut self, table: &'d dyn TableLike, key: &str) -> Option<Spanned<&'d str>> {
        self.string(table, key).filter(|found| !found.value.trim().is_empty())
    }

    /// Returns the string at `key`, and complains when there is none.
    pub fn required<'d>(&mut self, entry: &TableAt<'d>, key: &str) -> Option<Spanned<&'d str>> {
        if !entry.table.contains_key(key) {
            self.fault(&entry.at, format!("`{key}` is missing"));
        }
        self.string(entry.table, key)
    }

    pub fn boolean(&mut self, table: &dyn TableLike, key: &str) -> Option<Spanned<bool>> {
        self.value(table, key, "boolean", Value::as_bool)
    }

    pub fn integer(&mut self, table: &dyn TableLike, key: &str) -> Option<Spanned<i64>> {
        self.value(table, key, "integer", Value::as_integer)
    }

    /// Returns the strings of the array at `key`; none when it is absent.
    pub fn strings<'d>(&mut self, table: &'d dyn TableLike, key: &str) -> Vec<Spanned<&'d str>> {
        let array = self.value(table, key, "array of strings", Value::as_array);
        let Some(Spanned { value: array, .. }) = array else {
            return Vec::new();
        };
        let mut strings = Vec::new();
        for value in array {
            let at = value.span().unwrap_or_default();
            match value.as_str() {
                Some(value) => strings.push(Spanned { value, at }),
                None => self.wrong_type(&at, key, "hold strings only", value.type_name()),
            }
        }
        strings
    }

    fn value<'d, T>(
        &mut self,
        table: &'d dyn TableLike,
        key: &str,
        wanted: &str,
        read: impl Fn(&'d Value) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let item = table.get(key).filter(|item| !item.is_none())?;
        let at = item.span().unwrap_or_else(|| key_span(table, key));
        let value = item.as_value().and_then(read);
        if value.is_none() {
            let wanted = format!("be {} {wanted}", article(wanted));
            self.wrong_type(&at, key, &wanted, item.type_name());
        }
        value.map(|value| Spanned { value, at })
    }

    fn wrong_type(&mut self, at: &Range<usize>, key: &str, wanted: &str, found: &str) {
        self.fault(at, format!("`{key}` must {wanted}, not {} {found}", article(found)));
    }

    fn report(&mut self, at: &Range<usize>, message: &str, hint: Option<String>) {
        let fault = diagnostic(self.file, self.text, at.clone(), message);
        let fault = match hint {
            Some(hint) => fault.hint(hint),
            None => fault,
        };
        self.faults.push((at.start, fault));
    }
}

/// Returns where a key stands.
pub(crate) fn key_span(table: &dyn TableLike, key: &str) -> Range<usize> {
    table.key(key).and_then(toml_edit::Key::span).unwrap_or_default()
}

/// Returns words as `` `a`, `b` ``.
pub(crate) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the indefinite article for a type name.
pub(crate) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'i']) { "an" } else { "a" }
}

/// Makes a complaint; a line that may hold a secret is named, not shown.
pub(crate) fn diagnostic(
    file: &Path,
    text: &str,
    at: Range<usize>,
    message: impl Into<String>,
) -> Diagnostic {
    let line = line_of(text, at.start);
    if in_secrets(text, at.start) || redact_url(line) != line {
        let mut quiet = Diagnostic::whole(file, message);
        quiet.at = Some(position(text, at.start));
        return quiet;
    }
    Diagnostic::span(file, text, at, message)
}

fn line_of(text: &str, offset: usize) -> &str {
    text.get(..offset)
        .map(|before| before.rfind('\n').map_or(0, |i| i + 1))
        .and_then(|start| text[start..].lines().next())
        .unwrap_or_default()
}

/// Tells whether the line at `offset` may hold a secret: any line of a server but its plain keys.
fn in_secrets(text: &str, offset: usize) -> bool {
    let starts_part = |line: &&str| line.starts_with('[') || line.starts_with("mcps");
    let line = line_of(text, offset).trim_start();
    if line.starts_with('[') {
        return false;
    }
    let key = line.split(['=', '.']).next().unwrap_or_default().trim();
    let before = text.get(..offset).unwrap_or_default();
    let part = before.lines().rev().map(str::trim_start).find(starts_part).unwrap_or_default();
    (key == "mcps" || part.trim_start_matches(['[', ' ']).starts_with("mcps"))
        && !["name", "scope", "transport", "command"].contains(&key)
}

/// Returns where the first merge conflict marker stands.
fn conflict(text: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if ["<<<<<<<", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) {
            return Some(start..start + line.trim_end().len());
        }
        start += line.len();
    }
    None
}
