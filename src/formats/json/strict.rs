//! Decodes a JSON object, or says where the text is not one.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Bom, parse};
use crate::model::Diagnostic;

/// Returns the object in a text.
///
/// # Errors
/// Invalid JSON, with its place; any other value.
pub fn object(file: &Path, text: &str) -> Result<Map<String, Value>, Box<Diagnostic>> {
    match parse(file, text.as_bytes(), Bom::Refused).map_err(Box::new)? {
        Value::Object(map) => Ok(map),
        _ => Err(Box::new(Diagnostic::whole(file, "is not a JSON object"))),
    }
}
