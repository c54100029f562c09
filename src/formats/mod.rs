//! Edits one key in a text and keeps every other byte.

pub mod json;
pub mod yaml;
