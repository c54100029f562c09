//! Decodes a JSON object, or says where the text is not one.

use std::path::Path;

use serde_json::{Map, Value};

use crate::model::{Diagnostic, Position};

/// Returns the object in a text.
///
/// # Errors
/// Invalid JSON, with its place; any other value.
pub fn object(file: &Path, text: &str) -> Result<Map<String, Value>, Box<Diagnostic>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Box::new(Diagnostic::whole(file, "is not a JSON object"))),
        Err(error) => {
            let at = place(text, error.line(), error.column());
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Err(Box::new(Diagnostic::at(file, text, at, format!("is not JSON: {message}"))))
        }
    }
}

/// Counts characters where `serde_json` counts bytes.
fn place(text: &str, line: usize, column: usize) -> Position {
    let before = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let bytes = column.saturating_sub(1).min(before.len());
    let characters = before.char_indices().take_while(|(at, _)| *at < bytes).count();
    Position { line: line.max(1), column: characters + 1 }
}
