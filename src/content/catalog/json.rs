//! Reads a JSON object the way the client does, and says where it is not one.

use std::path::Path;

use serde_json::{Map, Value};

use crate::model::Diagnostic;

/// Parses bytes as one JSON object. A byte order mark and bytes that are not UTF-8 are tolerated.
pub fn object(file: &Path, bytes: &[u8]) -> Result<Map<String, Value>, Diagnostic> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            Err(Diagnostic::whole(file, format!("is not a JSON object but {}", kind(&other))))
        }
        Err(error) => Err(syntax(file, text, &error)),
    }
}

/// Names the kind of a value for a message.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn syntax(file: &Path, text: &str, error: &serde_json::Error) -> Diagnostic {
    let line_start = text.split_inclusive('\n').take(error.line() - 1).map(str::len).sum::<usize>();
    // Column 0 is the line break before the line.
    let at = (line_start + error.column()).saturating_sub(1);
    let full = error.to_string();
    let what = full.rsplit_once(" at line ").map_or(full.as_str(), |(what, _)| what);
    Diagnostic::span(file, text, at..at + 1, format!("invalid JSON: {what}"))
}
