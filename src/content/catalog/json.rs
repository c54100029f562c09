//! Reads a JSON object the way the client does, and says where it is not one.

use std::path::Path;

use serde_json::{Map, Value};

use crate::formats::json::{self, Bom};
use crate::model::Diagnostic;

/// Parses bytes as one JSON object. A byte order mark and bytes that are not UTF-8 are tolerated.
pub fn object(file: &Path, bytes: &[u8]) -> Result<Map<String, Value>, Diagnostic> {
    let text = String::from_utf8_lossy(bytes);
    let invalid = |mut fault: Diagnostic| {
        fault.message.insert_str(0, "invalid JSON: ");
        fault
    };
    match json::parse(file, text.as_bytes(), Bom::Allowed).map_err(invalid)? {
        Value::Object(object) => Ok(object),
        other => Err(Diagnostic::whole(file, format!("is not a JSON object but {}", kind(&other)))),
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
