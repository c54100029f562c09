//! JSON as clients keep it: read strictly, with the place of what is wrong; edited without touching other bytes.
//!
//! The edits work on spans of the text and not on a tree that is printed again, because a round trip
//! through values loses big numbers, duplicate keys, comments and the look of the file.

mod change;
mod comments;
mod edit;
mod read;
mod scan;
mod strict;

pub use change::{Difference, differences, set_text};
pub use comments::without_comments;
pub use edit::{EditError, Key, locate, remove, set};
pub use read::{Bom, get, lenient, parse, pick, text, value};
pub use strict::object;

pub use crate::model::same_json as same;

use serde_json::Value;

/// Returns a document in the shape of `JSON.stringify(value, null, 2)`.
pub fn new_document(value: &Value, final_newline: bool) -> String {
    let mut text = edit::lines(value);
    if final_newline {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
