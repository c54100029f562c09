//! What was given to a server, field by field, without the values: they may be secrets.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::model::{Field, FieldValue, ServerRecord, Text, Transport};

/// What the fields of a server were last given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(BTreeMap<Field, Mark>);

/// What one field was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The digest of the value's canonical text.
    Digest(String),
    /// Nothing: where the manifest has a reference, the literal that was adopted still stands.
    Literal,
}

impl Mark {
    pub fn of(value: &FieldValue) -> Self {
        let digest = Sha256::digest(value.canonical());
        Self::Digest(digest.iter().fold(PREFIX.to_owned(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("strings take text");
            text
        }))
    }

    /// Says whether a field still says what it was given.
    pub fn is(&self, value: Option<FieldValue>) -> bool {
        value.is_some_and(|value| *self == Self::of(&value))
    }
}

impl Marks {
    pub fn of(record: &ServerRecord) -> Self {
        let mark = |field: Field| {
            let mark = Mark::of(&record.get(&field)?);
            Some((field, mark))
        };
        Self(record.fields().into_iter().filter_map(mark).collect())
    }

    pub fn get(&self, field: &Field) -> Option<&Mark> {
        self.0.get(field)
    }

    pub fn set(&mut self, field: Field, mark: Mark) {
        self.0.insert(field, mark);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Field, &Mark)> {
        self.0.iter()
    }
}

const PREFIX: &str = "sha256:";
/// How [`Mark::Literal`] is stored.
const LITERAL: &str = "literal";

/// The marks as the file has them; the ones of `env`, `headers` and `extra` by their keys.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoredMarks {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    transport: Option<StoredMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<StoredMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<StoredMark>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, StoredMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<StoredMark>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, StoredMark>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, StoredExtra>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct StoredMark(Mark);

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum StoredExtra {
    Leaf(StoredMark),
    Table(BTreeMap<String, StoredExtra>),
}

impl TryFrom<String> for StoredMark {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_digest = text
            .strip_prefix(PREFIX)
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match text.as_str() {
            LITERAL => Ok(Self(Mark::Literal)),
            _ if is_digest => Ok(Self(Mark::Digest(text))),
            // The text may be a secret.
            _ => Err("a mark is neither `literal` nor a sha256"),
        }
    }
}

impl From<StoredMark> for String {
    fn from(stored: StoredMark) -> Self {
        match stored.0 {
            Mark::Digest(digest) => digest,
            Mark::Literal => LITERAL.to_owned(),
        }
    }
}

impl From<&Marks> for StoredMarks {
    fn from(marks: &Marks) -> Self {
        let mut stored = Self::default();
        for (field, mark) in marks.iter() {
            let mark = StoredMark(mark.clone());
            match field {
                Field::Transport => stored.transport = Some(mark),
                Field::Command => stored.command = Some(mark),
                Field::Args => stored.args = Some(mark),
                Field::Url => stored.url = Some(mark),
                Field::Env(name) => drop(stored.env.insert(name.clone(), mark)),
                Field::Header(name) => drop(stored.headers.insert(name.clone(), mark)),
                Field::Extra(path) => put(&mut stored.extra, path, mark),
            }
        }
        stored
    }
}

fn put(extra: &mut BTreeMap<String, StoredExtra>, path: &[String], mark: StoredMark) {
    match path {
        [] => {}
        [key] => drop(extra.insert(key.clone(), StoredExtra::Leaf(mark))),
        [key, rest @ ..] => {
            let table = || StoredExtra::Table(BTreeMap::new());
            if let StoredExtra::Table(inner) = extra.entry(key.clone()).or_insert_with(table) {
                put(inner, rest, mark);
            }
        }
    }
}

impl From<StoredMarks> for Marks {
    fn from(stored: StoredMarks) -> Self {
        let whole = [
            (Field::Transport, stored.transport),
            (Field::Command, stored.command),
            (Field::Args, stored.args),
            (Field::Url, stored.url),
        ];
        let whole = whole.into_iter().filter_map(|(field, mark)| Some((field, mark?.0)));
        let mut marks = Self(whole.collect());
        for (name, mark) in stored.env {
            marks.set(Field::Env(name), mark.0);
        }
        for (name, mark) in stored.headers {
            marks.set(Field::Header(name), mark.0);
        }
        take(stored.extra, &[], &mut marks);
        marks
    }
}

fn take(extra: BTreeMap<String, StoredExtra>, above: &[String], marks: &mut Marks) {
    for (key, stored) in extra {
        let path = [above, &[key]].concat();
        match stored {
            StoredExtra::Leaf(mark) => marks.set(Field::Extra(path), mark.0),
            StoredExtra::Table(inner) => take(inner, &path, marks),
        }
    }
}

/// Returns the marks of an entry that a ledger of version 1 holds: the values as they were given, and
/// null where an adopted literal stands.
pub(super) fn of_version_1(entry: &Map<String, Value>) -> Marks {
    let mut record = ServerRecord::default();
    let mut literals = Vec::new();
    for (key, value) in entry {
        match (key.as_str(), value) {
            ("type", Value::String(word)) => {
                let other = || Transport::Other(word.clone());
                record.transport = Some(Transport::known(word).unwrap_or_else(other));
            }
            ("command", Value::String(text)) => record.command = Some(text.as_str().into()),
            ("url", Value::String(text)) => record.url = Some(text.as_str().into()),
            ("args", Value::Array(args)) => {
                record.args = args.iter().filter_map(Value::as_str).map(Text::from).collect();
            }
            ("command", Value::Null) => literals.push(Field::Command),
            ("url", Value::Null) => literals.push(Field::Url),
            ("args", Value::Null) => literals.push(Field::Args),
            ("env" | "headers", Value::Object(pairs)) => {
                let (table, field): (_, fn(String) -> Field) = match key.as_str() {
                    "env" => (&mut record.env, Field::Env),
                    _ => (&mut record.headers, Field::Header),
                };
                for (name, value) in pairs {
                    match value.as_str() {
                        Some(text) => table.set(name, text.into()),
                        None => literals.push(field(name.clone())),
                    }
                }
            }
            _ => drop(record.extra.insert(key.clone(), value.clone())),
        }
    }
    let is_null = |field: &Field| matches!(record.get(field), Some(FieldValue::Json(value)) if value.is_null());
    literals.extend(record.fields().into_iter().filter(is_null));
    let mut marks = Marks::of(&record);
    for field in literals {
        marks.set(field, Mark::Literal);
    }
    marks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::generated::records;

    proptest! {
        #[test]
        fn marks_come_back_as_they_were_stored(record in records(), literal in any::<prop::sample::Index>()) {
            let mut marks = Marks::of(&record);
            let fields = record.fields();
            if !fields.is_empty() {
                marks.set(literal.get(&fields).clone(), Mark::Literal);
            }
            let text = serde_json::to_string(&StoredMarks::from(&marks)).unwrap();
            let stored: StoredMarks = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(Marks::from(stored), marks);
        }

        #[test]
        fn a_mark_tells_whether_a_value_is_another(record in records(), other in records()) {
            let marks = Marks::of(&record);
            for (field, mark) in marks.iter() {
                prop_assert!(mark.is(record.get(field)));
                prop_assert_eq!(mark.is(other.get(field)), record.get(field) == other.get(field));
            }
        }
    }

    #[test]
    fn an_entry_of_version_1_has_the_marks_of_what_it_was_given() {
        let check = |entry: Value, record: ServerRecord, literals: &[Field]| {
            let mut expected = Marks::of(&record);
            for field in literals {
                expected.set(field.clone(), Mark::Literal);
            }
            assert_eq!(of_version_1(entry.as_object().unwrap()), expected, "{entry}");
        };
        let entry = json!({"type": "stdio", "command": "x", "args": [], "env": {},
            "timeout": 5, "oauth": {"clientId": "me", "more": {}}});
        let record = ServerRecord {
            transport: Some(Transport::Stdio),
            command: Some("x".into()),
            extra: json!({"timeout": 5.0, "oauth": {"clientId": "me", "more": {}}})
                .as_object()
                .unwrap()
                .clone(),
            ..ServerRecord::default()
        };
        check(entry, record, &[]);
        let entry = json!({"type": "stdio", "command": "x", "args": null,
            "env": {"A": "1", "TOKEN": null}});
        let record = ServerRecord {
            transport: Some(Transport::Stdio),
            command: Some("x".into()),
            env: [("A", "1")].into_iter().collect(),
            ..ServerRecord::default()
        };
        check(entry, record, &[Field::Args, Field::Env("TOKEN".into())]);
        let entry = json!({"type": "http", "url": null, "headers": {"H": null, "I": "${T}"}});
        let record = ServerRecord {
            transport: Some(Transport::Http),
            headers: [("I", "${T}")].into_iter().collect(),
            ..ServerRecord::default()
        };
        check(entry, record, &[Field::Url, Field::Header("H".into())]);
    }

    #[test]
    fn what_is_no_mark_is_refused_and_not_repeated() {
        for stored in [json!({"command": "hunter2"}), json!({"env": {"A": "sha256:hunter2"}})] {
            let error = serde_json::from_value::<StoredMarks>(stored).err().unwrap().to_string();
            assert!(error.contains("mark") && !error.contains("hunter2"), "{error}");
        }
    }
}
