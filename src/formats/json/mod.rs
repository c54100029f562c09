//! JSON as clients keep it: read strictly, with the place of what is wrong; edited without touching other bytes.
//!
//! The edits work on spans of the text and not on a tree that is printed again, because a round trip
//! through values loses big numbers, duplicate keys, comments and the look of the file.

mod comments;
mod edit;
mod read;
mod scan;
mod strict;

pub use comments::without_comments;
pub use edit::{EditError, Key, locate, remove, set};
pub use read::{Bom, get, lenient, parse, pick, text};
pub use strict::object;

use serde_json::Value;

/// Returns a document in the shape of `JSON.stringify(value, null, 2)`.
pub fn new_document(value: &Value, final_newline: bool) -> String {
    let mut text = edit::lines(value);
    if final_newline {
        text.push('\n');
    }
    text
}

/// Says whether two values mean the same: key order and the spelling of numbers do not count.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || close(left.as_f64(), right.as_f64())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, l)| right.get(key).is_some_and(|r| same(l, r)))
        }
        _ => left == right,
    }
}

/// Says whether two numbers are one, in the range where doubles can tell.
#[expect(clippy::float_cmp, reason = "two spellings of one number give one double")]
fn close(left: Option<f64>, right: Option<f64>) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    matches!((left, right), (Some(l), Some(r)) if l == r && l.abs() < EXACT)
}

#[cfg(test)]
mod tests;
