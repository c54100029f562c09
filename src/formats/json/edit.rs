//! Sets and removes one member, and keeps every other byte.

use std::ops::Range;

use serde_json::{Map, Value};

use super::same;
use super::scan::{self, Member, Node, ScanError};

/// One step into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    Name(&'a str),
    Index(usize),
    /// One past the last element of an array.
    Append,
}

/// Why a text was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EditError {
    /// The byte complained about.
    pub offset: usize,
    pub message: String,
}

/// Returns the text with `value` at `path`. Missing objects on the way are made; an equal value is left alone.
///
/// # Errors
/// The text is not JSON (comments and trailing commas are fine), or something on the path is of another kind.
pub fn set(text: &str, path: &[Key], value: &Value) -> Result<String, EditError> {
    let document = scan::document(text)?;
    let page = Page::of(text, &document.root);
    let mut node = &document.root;
    let mut holder = None;
    for (depth, key) in path.iter().enumerate() {
        let Some(entry) = find(text, node, path, depth)? else {
            let value = wrap(&path[depth + 1..], value, node.span.start)?;
            return Ok(splice(text, page.insert(node, holder, *key, &value)));
        };
        (node, holder) = (&entry.value, Some(entry));
    }
    if node.value(text).is_some_and(|old| same(&old, value)) {
        return Ok(text.to_owned());
    }
    Ok(splice(text, vec![(node.span.clone(), page.replace(node, holder, value))]))
}

/// Returns the text without what is at `path`; of members with one name, all go.
///
/// # Errors
/// As [`set`]; a path that does not exist is no error.
pub fn remove(text: &str, path: &[Key]) -> Result<String, EditError> {
    let mut text = text.to_owned();
    loop {
        let document = scan::document(&text)?;
        let mut node = &document.root;
        let mut last = None;
        for depth in 0..path.len() {
            let Some(entry) = find(&text, node, path, depth)? else { return Ok(text) };
            last = Some((node, entry));
            node = &entry.value;
        }
        let Some((container, entry)) = last else { return Ok(text) };
        let shorter = splice(&text, cut(&text, container, entry));
        if !matches!(path.last(), Some(Key::Name(_))) {
            return Ok(shorter);
        }
        text = shorter;
    }
}

/// Returns the span of what is at `path`; of a member, with its name. Absent when there is nothing.
pub fn locate(text: &str, path: &[Key]) -> Option<Range<usize>> {
    let document = scan::shallow(text, path.len()).ok()?;
    let Some((key, above)) = path.split_last() else { return Some(document.root.span) };
    let holder = at(text, &document.root, above)?;
    let entry = find(text, holder, &[*key], 0).ok()??;
    Some(entry.start()..entry.end())
}

/// Returns the value at a path.
pub fn at<'n>(text: &str, root: &'n Node, path: &[Key]) -> Option<&'n Node> {
    (0..path.len())
        .try_fold(root, |node, depth| find(text, node, path, depth).ok()?.map(|entry| &entry.value))
}

/// Returns a value as `JSON.stringify(value, null, 2)` does.
pub fn lines(value: &Value) -> String {
    let page = Page { text: "", unit: "  ", newline: "\n" };
    page.write(value, &Layout::Lines { indent: "", colon: ": " })
}

/// Returns the entry that a step of the path means; the last of those with one name.
fn find<'n>(
    text: &str,
    node: &'n Node,
    path: &[Key],
    depth: usize,
) -> Result<Option<&'n Member>, EditError> {
    let wrong = |kind: &str| EditError {
        offset: node.span.start,
        message: format!("{} is not {kind}", place(&path[..depth])),
    };
    match path[depth] {
        Key::Name(name) => {
            if !node.is_object(text) {
                return Err(wrong("an object"));
            }
            Ok(node.entries.iter().rfind(|e| e.name(text).as_deref() == Some(name)))
        }
        Key::Index(_) | Key::Append if !node.is_array(text) => Err(wrong("an array")),
        Key::Append => Ok(None),
        Key::Index(index) if index > node.entries.len() => Err(EditError {
            offset: node.span.start,
            message: format!("{} has no element {index}", place(&path[..depth])),
        }),
        Key::Index(index) => Ok(node.entries.get(index)),
    }
}

fn place(path: &[Key]) -> String {
    if path.is_empty() {
        return "the document".to_owned();
    }
    let steps: Vec<String> = path
        .iter()
        .map(|key| match key {
            Key::Name(name) => (*name).to_owned(),
            Key::Index(index) => index.to_string(),
            Key::Append => "+".to_owned(),
        })
        .collect();
    format!("`{}`", steps.join("."))
}

/// Returns the value inside the objects and arrays that the rest of a path asks for.
fn wrap(path: &[Key], value: &Value, offset: usize) -> Result<Value, EditError> {
    let mut value = value.clone();
    for key in path.iter().rev() {
        value = match key {
            Key::Name(name) => Value::Object(Map::from_iter([((*name).to_owned(), value)])),
            Key::Append | Key::Index(0) => Value::Array(vec![value]),
            Key::Index(index) => {
                let message = format!("a new array has no element {index}");
                return Err(EditError { offset, message });
            }
        };
    }
    Ok(value)
}

/// A text and the habits of its writer.
struct Page<'a> {
    text: &'a str,
    unit: &'a str,
    newline: &'static str,
}

/// How a value is laid out.
enum Layout<'a> {
    Inline { colon: &'a str, comma: &'a str },
    Lines { indent: &'a str, colon: &'a str },
}

type Splice = (Range<usize>, String);

impl<'a> Page<'a> {
    fn of(text: &'a str, root: &Node) -> Self {
        let unit = root
            .entries
            .first()
            .filter(|first| own_line(text, first.start()))
            .and_then(|first| {
                line_indent(text, first.start()).strip_prefix(line_indent(text, root.span.start))
            })
            .unwrap_or("  ");
        let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        Self { text, unit, newline: if crlf { "\r\n" } else { "\n" } }
    }

    /// Adds an entry at the end of a container.
    fn insert(&self, node: &Node, holder: Option<&Member>, key: Key, value: &Value) -> Vec<Splice> {
        let colon = self.colon(node.entries.last().or(holder));
        let Some(last) = node.entries.last() else {
            return self.insert_first(node, holder, key, value, colon);
        };
        let end = last.end_with_comma();
        let trailing = if last.comma.is_some() { "," } else { "" };
        let mut splices = Vec::new();
        if last.comma.is_none() {
            splices.push((last.end()..last.end(), ",".to_owned()));
        }
        if own_line(self.text, last.start()) {
            let indent = line_indent(self.text, last.start());
            let entry = self.entry(key, value, &Layout::Lines { indent, colon });
            let at = end_of_remarks(self.text, end);
            splices.push((at..at, format!("{}{indent}{entry}{trailing}", self.newline)));
        } else {
            let gap = self.gap(node, colon);
            let comma = format!(",{gap}");
            let entry = self.entry(key, value, &Layout::Inline { colon, comma: &comma });
            splices.push((end..end, format!("{gap}{entry}{trailing}")));
        }
        splices
    }

    /// Adds the first entry of a container.
    fn insert_first(
        &self,
        node: &Node,
        holder: Option<&Member>,
        key: Key,
        value: &Value,
        colon: &str,
    ) -> Vec<Splice> {
        let inside = node.span.start + 1..node.span.end - 1;
        let remarks = scan::comments(self.text, inside.start);
        if remarks.is_empty() && holder.is_some_and(|h| !own_line(self.text, h.start())) {
            let layout = Layout::Inline { colon, comma: comma_like(colon) };
            return vec![(inside, self.entry(key, value, &layout))];
        }
        let outer = line_indent(self.text, node.span.start);
        let indent = format!("{outer}{}", self.unit);
        let entry = self.entry(key, value, &Layout::Lines { indent: &indent, colon });
        let mut text = format!("{}{indent}{entry}", self.newline);
        let after = remarks.last().map_or(inside.start, |remark| remark.span.end);
        let replaced = if remarks.is_empty() { inside.clone() } else { after..after };
        if remarks.is_empty() || !self.text[after..inside.end].contains('\n') {
            text.push_str(self.newline);
            text.push_str(outer);
        }
        vec![(replaced, text)]
    }

    /// Returns the new text of a value that is already there.
    fn replace(&self, node: &Node, holder: Option<&Member>, value: &Value) -> String {
        let colon = self.colon(node.entries.last().filter(|e| e.key.is_some()).or(holder));
        let start = holder.map_or(node.span.start, Member::start);
        let flat = !node.entries.is_empty() && !self.text[node.span.clone()].contains('\n');
        if flat || (holder.is_some() && !own_line(self.text, start)) {
            self.write(value, &Layout::Inline { colon, comma: comma_like(colon) })
        } else {
            self.write(value, &Layout::Lines { indent: line_indent(self.text, start), colon })
        }
    }

    fn entry(&self, key: Key, value: &Value, layout: &Layout) -> String {
        let (Layout::Inline { colon, .. } | Layout::Lines { colon, .. }) = layout;
        let value = self.write(value, layout);
        match key {
            Key::Name(name) => format!("{}{colon}{value}", quote(name)),
            Key::Index(_) | Key::Append => value,
        }
    }

    fn write(&self, value: &Value, layout: &Layout) -> String {
        let (entries, open, close): (Vec<(Key, &Value)>, _, _) = match value {
            Value::Object(map) => {
                (map.iter().map(|(name, value)| (Key::Name(name), value)).collect(), '{', '}')
            }
            Value::Array(list) => {
                (list.iter().map(|value| (Key::Append, value)).collect(), '[', ']')
            }
            scalar => return scalar.to_string(),
        };
        if entries.is_empty() {
            return format!("{open}{close}");
        }
        let write = |layout: &Layout, between: &str| {
            let texts: Vec<String> =
                entries.iter().map(|(key, value)| self.entry(*key, value, layout)).collect();
            texts.join(between)
        };
        match layout {
            Layout::Inline { comma, .. } => format!("{open}{}{close}", write(layout, comma)),
            Layout::Lines { indent, colon } => {
                let inner = format!("{indent}{}", self.unit);
                let start = format!("{}{inner}", self.newline);
                let entries = write(&Layout::Lines { indent: &inner, colon }, &format!(",{start}"));
                format!("{open}{start}{entries}{}{indent}{close}", self.newline)
            }
        }
    }

    /// Returns the colon with the blanks around it, as a neighbour has it.
    fn colon(&self, neighbour: Option<&Member>) -> &'a str {
        let written = neighbour
            .and_then(|entry| Some(&self.text[entry.key.as_ref()?.end..entry.value.span.start]));
        match written {
            Some(colon) if colon.trim_matches(' ') == ":" => colon,
            _ => ": ",
        }
    }

    /// Returns the blanks between a comma and the next entry of a container on one line.
    fn gap(&self, node: &Node, colon: &str) -> &'a str {
        let written = match node.entries.as_slice() {
            [.., before, last] => before.comma.map(|at| &self.text[at + 1..last.start()]),
            _ => None,
        };
        match written {
            Some(gap) if gap.trim_matches(' ').is_empty() => gap,
            _ if colon.ends_with(' ') => " ",
            _ => "",
        }
    }
}

fn comma_like(colon: &str) -> &'static str {
    if colon.ends_with(' ') { ", " } else { "," }
}

fn quote(name: &str) -> String {
    Value::from(name).to_string()
}

/// Returns what goes when an entry goes: itself, one comma, and the line if it had one of its own.
fn cut(text: &str, container: &Node, entry: &Member) -> Vec<Splice> {
    let index = container.entries.iter().position(|e| e.start() == entry.start()).unwrap_or(0);
    let before = index.checked_sub(1).map(|i| &container.entries[i]);
    let previous = before.map_or(container.span.start + 1, Member::end_with_comma);
    let inside = container.span.start + 1..container.span.end - 1;
    let end = entry.end_with_comma();
    if before.is_none()
        && container.entries.len() == 1
        && text[inside.start..entry.start()].trim().is_empty()
        && text[entry.end()..inside.end].trim_matches([' ', '\t', '\r', '\n', ',']).is_empty()
    {
        return vec![(inside, String::new())];
    }
    if let Some(next) = container.entries.get(index + 1)
        && !own_line(text, next.start())
        && text[end..next.start()].trim().is_empty()
    {
        return vec![(entry.start()..next.start(), String::new())];
    }
    let mut splices = Vec::new();
    if let (Some(before), None) = (before, entry.comma)
        && let Some(comma) = before.comma
    {
        splices.push((comma..comma + 1, String::new()));
    }
    splices.push((blank_start(text, previous, entry.start(), end)..end, String::new()));
    splices
}

/// Returns where the white space before an entry begins, or the entry where a line comment needs its line end.
fn blank_start(text: &str, previous: usize, start: usize, end: usize) -> usize {
    let remark = scan::comments(text, previous).into_iter().rfind(|c| c.span.end <= start);
    let rest = text[end..].trim_start_matches([' ', '\t']);
    match remark {
        Some(remark) if remark.line && !rest.starts_with(['\n', '\r']) => start,
        Some(remark) => remark.span.end,
        None => previous,
    }
}

/// Returns the end of the comments that follow on the same line.
fn end_of_remarks(text: &str, from: usize) -> usize {
    let mut end = from;
    for remark in scan::comments(text, from) {
        if text[end..remark.span.start].contains(['\n', '\r']) {
            break;
        }
        end = remark.span.end;
    }
    end
}

/// Says whether only white space stands before an offset on its line.
fn own_line(text: &str, offset: usize) -> bool {
    let start = text[..offset].rfind('\n').map(|at| at + 1);
    start.is_some_and(|start| text[start..offset].chars().all(|c| matches!(c, ' ' | '\t')))
}

/// Returns the white space at the start of the line of an offset.
fn line_indent(text: &str, offset: usize) -> &str {
    let line = &text[text[..offset].rfind('\n').map_or(0, |at| at + 1)..];
    &line[..line.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(line.len())]
}

/// Replaces parts of a text; the parts are in order and apart.
fn splice(text: &str, splices: Vec<Splice>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in splices {
        result.push_str(&text[at..range.start]);
        result.push_str(&new);
        at = range.end;
    }
    result.push_str(&text[at..]);
    result
}

impl From<ScanError> for EditError {
    fn from(error: ScanError) -> Self {
        Self { offset: error.offset, message: format!("expected {}", error.expected) }
    }
}
