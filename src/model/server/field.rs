//! The fields of a server, one by one: what differs, what was given to it, what goes.

use std::fmt;

use serde_json::{Map, Value};

use super::Transport;
use crate::model::{Text, canonical_json, same_json};

/// One thing that a server's entry says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Transport,
    Command,
    Args,
    Env(String),
    Url,
    Header(String),
    /// The path of keys to a value that is no table, or to an empty one.
    Extra(Vec<String>),
}

impl Field {
    /// The fields that say as a whole what a server is.
    pub const WHOLE: [Self; 4] = [Self::Transport, Self::Command, Self::Args, Self::Url];

    /// Returns the words for it, which are the keys that most clients use.
    pub fn path(&self) -> Vec<&str> {
        match self {
            Self::Transport => vec!["type"],
            Self::Command => vec!["command"],
            Self::Args => vec!["args"],
            Self::Env(name) => vec!["env", name],
            Self::Url => vec!["url"],
            Self::Header(name) => vec!["headers", name],
            Self::Extra(path) => path.iter().map(String::as_str).collect(),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path().join("."))
    }
}

/// What a field says.
#[derive(Debug, Clone, Copy)]
pub enum FieldValue<'a> {
    Transport(&'a Transport),
    Text(&'a Text),
    Texts(&'a [Text]),
    Json(&'a Value),
}

impl FieldValue<'_> {
    /// Returns the one text of all values that mean the same.
    pub fn canonical(&self) -> String {
        match self {
            Self::Transport(transport) => transport.to_string(),
            Self::Text(text) => text.to_string(),
            Self::Texts(texts) => {
                let texts: Vec<Value> = texts.iter().map(|text| text.to_string().into()).collect();
                canonical_json(&texts.into())
            }
            Self::Json(value) => canonical_json(value),
        }
    }

    /// Says whether another value may be this one with something put in for each variable.
    pub fn could_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(text), Self::Text(other)) => text.could_be(other),
            (Self::Texts(texts), Self::Texts(others)) => {
                let mut pairs = texts.iter().zip(*others);
                texts.len() == others.len() && pairs.all(|(text, other)| text.could_be(other))
            }
            _ => self == other,
        }
    }
}

impl PartialEq for FieldValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Transport(left), Self::Transport(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Texts(left), Self::Texts(right)) => left == right,
            (Self::Json(left), Self::Json(right)) => same_json(left, right),
            _ => false,
        }
    }
}

/// Returns the paths to everything in a map that is no table with something in it.
pub(super) fn leaves(map: &Map<String, Value>) -> Vec<Vec<String>> {
    map.iter()
        .flat_map(|(key, value)| match value {
            Value::Object(inner) if !inner.is_empty() => {
                leaves(inner).into_iter().map(|rest| [vec![key.clone()], rest].concat()).collect()
            }
            _ => vec![vec![key.clone()]],
        })
        .collect()
}

pub(super) fn at<'m>(map: &'m Map<String, Value>, path: &[String]) -> Option<&'m Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(map.get(first)?, |value, key| value.get(key))
}

/// Puts a value at a path and makes the tables on the way. An empty table adds nothing to one that
/// is there.
pub(super) fn set(map: &mut Map<String, Value>, path: &[String], value: &Value) {
    let Some((key, rest)) = path.split_first() else { return };
    let there = map.entry(key.as_str()).or_insert(Value::Null);
    if rest.is_empty() {
        if !(there.is_object() && value.as_object().is_some_and(Map::is_empty)) {
            *there = value.clone();
        }
        return;
    }
    if !there.is_object() {
        *there = Map::new().into();
    }
    if let Value::Object(inner) = there {
        set(inner, rest, value);
    }
}

/// Removes what is at a path, and the tables that have nothing left in them.
pub(super) fn remove(map: &mut Map<String, Value>, path: &[String]) {
    match path {
        [] => {}
        [key] => drop(map.shift_remove(key)),
        [key, rest @ ..] => {
            let Some(Value::Object(inner)) = map.get_mut(key) else { return };
            let before = inner.len();
            remove(inner, rest);
            if inner.is_empty() && before > 0 {
                map.shift_remove(key);
            }
        }
    }
}
