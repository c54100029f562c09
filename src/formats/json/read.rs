//! Strict reading, with the place and the likely cause of what is wrong.

use std::path::Path;

use serde_json::Value;

use super::edit::{self, Key};
use super::scan::{self, Node};
use crate::model::Diagnostic;

/// Whether a byte order mark at the start is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bom {
    Allowed,
    Refused,
}

/// Returns the value of a JSON file.
pub fn parse(file: &Path, bytes: &[u8], bom: Bom) -> Result<Value, Diagnostic> {
    let body = body(file, bytes, bom)?;
    // Not by serde_json: it refuses half a surrogate pair, and has a name of its own for numbers.
    let root = strict(scan::document(body)).map_err(|fault| explain(file, body, &fault))?;
    root.value(body).ok_or_else(|| Diagnostic::whole(file, "has a number that cannot be read"))
}

/// Returns the value of bytes that are JSON and nothing else, without a byte order mark.
pub fn value(bytes: &[u8]) -> Option<Value> {
    parse(Path::new(""), bytes, Bom::Refused).ok()
}

/// Returns the values at some paths of a JSON file, without building the rest; as strict as [`parse`].
pub fn pick(
    file: &Path,
    bytes: &[u8],
    bom: Bom,
    paths: &[&[Key]],
) -> Result<Vec<Option<Value>>, Diagnostic> {
    let body = body(file, bytes, bom)?;
    let root = strict(scan::shallow(body, 1)).map_err(|fault| explain(file, body, &fault))?;
    let value = |path: &&[Key]| lenient(descend(body, &root, path)?);
    Ok(paths.iter().map(value).collect())
}

/// Returns the value at a path of a text, as leniently as [`lenient`].
pub fn get(text: &str, path: &[Key]) -> Option<Value> {
    lenient(descend(text, &scan::shallow(text, 1).ok()?.root, path)?)
}

/// Returns the text of the value at a path, scanning one level at a time: the client's files grow to megabytes.
fn descend<'a>(text: &'a str, root: &Node, path: &[Key]) -> Option<&'a str> {
    let Some((key, below)) = path.split_first() else { return Some(&text[root.span.clone()]) };
    let part = &text[edit::at(text, root, &[*key])?.span.clone()];
    descend(part, &scan::shallow(part, 1).ok()?.root, below)
}

/// Returns the value of a text in which comments, trailing commas and a byte order mark are let through.
pub fn lenient(text: &str) -> Option<Value> {
    scan::document(text).ok()?.root.value(text)
}

/// Returns the text of a file that we may edit.
pub fn text<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Diagnostic::span(file, &valid, valid.len()..valid.len(), "is not UTF-8")
    })
}

/// Returns the text after the byte order mark, if there is anything.
fn body<'a>(file: &Path, bytes: &'a [u8], bom: Bom) -> Result<&'a str, Diagnostic> {
    let text = text(file, bytes)?;
    let body = match (text.strip_prefix('\u{feff}'), bom) {
        (Some(_), Bom::Refused) => {
            return Err(Diagnostic::span(file, text, 0..0, "starts with a byte order mark")
                .hint("save the file as UTF-8 without BOM"));
        }
        (Some(body), Bom::Allowed) => body,
        (None, _) => text,
    };
    if body.trim().is_empty() {
        return Err(Diagnostic::whole(file, "is empty").hint("an empty JSON file holds `{}`"));
    }
    Ok(body)
}

/// What keeps a text from being JSON, and where.
enum Fault {
    Comment(usize),
    TrailingComma(usize),
    Other(scan::ScanError),
}

/// Returns the root of a text without what only we let through.
fn strict(scanned: Result<scan::Document, scan::ScanError>) -> Result<Node, Fault> {
    match scanned {
        Ok(scan::Document { comment: Some(at), .. }) => Err(Fault::Comment(at)),
        Ok(scan::Document { trailing_comma: Some(at), .. }) => Err(Fault::TrailingComma(at)),
        Ok(scan::Document { root, comment: None, trailing_comma: None }) => Ok(root),
        Err(error) => Err(Fault::Other(error)),
    }
}

fn explain(file: &Path, text: &str, fault: &Fault) -> Diagnostic {
    let end = text.trim_end().len();
    match fault {
        Fault::Comment(at) => {
            Diagnostic::span(file, text, *at..at + 2, "has a comment, which JSON does not allow")
                .hint("take the comments out")
        }
        Fault::TrailingComma(at) => {
            Diagnostic::span(file, text, *at..at + 1, "has a comma before a closing bracket")
                .hint("take the last comma out")
        }
        Fault::Other(error) if error.offset >= end => {
            Diagnostic::span(file, text, end..end, "ends too early")
                .hint("the file is cut off; restore it from a backup")
        }
        Fault::Other(scan::ScanError { offset, expected }) => {
            Diagnostic::span(file, text, *offset..*offset, format!("expected {expected}"))
        }
    }
}
