//! What a run changed in one file, and the way back: byte for byte while nobody else wrote, value by
//! value after that.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::declared::stored;
use crate::formats::json::{self, Key};
use crate::model::{Thing, canonical_json};

/// One write of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    pub path: PathBuf,
    /// The digest of the whole file; absent while there is none.
    before: Option<String>,
    after: Option<String>,
    /// What makes the one text of the other again.
    back: Splice,
    /// The values that are others; absent for a file that is not JSON.
    pub values: Option<Vec<ValueChange>>,
    /// Objects that were made to hold them.
    made: Vec<Vec<String>>,
}

/// One value in a client's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueChange {
    pub path: Vec<String>,
    /// As it was written.
    pub before: Option<String>,
    /// The digest of its canonical text.
    pub after: Option<String>,
    #[serde(with = "stored::thing", default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<Thing>,
}

/// `new` bytes at an offset that were `old` ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Splice {
    at: usize,
    old: Bytes,
    new: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    /// What is not UTF-8.
    Raw(Vec<u8>),
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Raw(bytes.to_owned()),
        }
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Raw(bytes) => bytes,
        }
    }
}

/// What to do with a value that somebody changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Force {
    /// It stays.
    #[default]
    Keep,
    /// It becomes what it was before the run all the same.
    Overwrite,
}

/// A file as it is to be, and what of it is left because somebody changed it since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reverted {
    pub bytes: Option<Vec<u8>>,
    pub changed: Vec<Changed>,
}

/// What somebody changed since.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    Value {
        path: Vec<String>,
        thing: Option<Thing>,
    },
    /// The file as a whole.
    File,
}

impl FileChange {
    /// Describes a write. The places are the names that lead to each thing in the file.
    pub fn of(
        path: PathBuf,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
        places: &[(&[String], &Thing)],
    ) -> Self {
        let (values, made) = match values(before, after, places) {
            Some((values, made)) => (Some(values), made),
            None => (None, Vec::new()),
        };
        let back = match &values {
            Some(_) => splice(before.unwrap_or_default(), after.unwrap_or_default()),
            // Of a manifest or a lock the whole text counts.
            None => Splice {
                at: 0,
                old: Bytes::of(before.unwrap_or_default()),
                new: after.map_or(0, <[u8]>::len),
            },
        };
        let (before, after) = (before.map(digest), after.map(digest));
        Self { path, before, after, back, values, made }
    }

    /// Tells whether the file came into being.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Returns what it does, value by value and without any of them: the names that lead to each, and a
    /// digest of what is there and of what is to be. A file that is not JSON is one value.
    pub fn effects(&self) -> Vec<(String, String)> {
        let shown = |digest: Option<&String>| digest.map_or("nothing", String::as_str).to_owned();
        let Some(values) = &self.values else {
            let (before, after) = (shown(self.before.as_ref()), shown(self.after.as_ref()));
            return vec![(String::new(), format!("{before} to {after}"))];
        };
        let effect = |value: &ValueChange| {
            let before = value.before.as_deref().and_then(json::lenient);
            let before = before.as_ref().map(value_digest);
            let (before, after) = (shown(before.as_ref()), shown(value.after.as_ref()));
            (value.path.join("."), format!("{before} to {after}"))
        };
        values.iter().map(effect).collect()
    }

    /// Returns the text before, while the file holds what the run wrote.
    fn exactly(&self, now: &[u8]) -> Option<Vec<u8>> {
        self.before.as_ref()?;
        let Splice { at, old, new } = &self.back;
        let (start, rest) = now.split_at_checked(*at)?;
        Some([start, old.as_slice(), rest.get(*new..)?].concat())
    }

    /// Returns the text with the values of before.
    fn by_values(
        &self,
        now: Option<Vec<u8>>,
        force: Force,
        is_kept: &dyn Fn(Option<&Thing>) -> bool,
        changed: &mut Vec<Changed>,
    ) -> Option<Vec<u8>> {
        let text = now.as_deref().and_then(|bytes| str::from_utf8(bytes).ok()).map(str::to_owned);
        let (Some(values), Some(mut text)) = (&self.values, text) else {
            if force == Force::Overwrite && self.values.is_none() {
                return self.before.as_ref().map(|_| self.back.old.as_slice().to_owned());
            }
            changed.push(Changed::File);
            return now;
        };
        for value in values.iter().filter(|value| !is_kept(value.thing.as_ref())) {
            match value.back(&text, force) {
                Some(Ok(new)) => text = new,
                Some(Err(_)) | None => changed
                    .push(Changed::Value { path: value.path.clone(), thing: value.thing.clone() }),
            }
        }
        // What was made to hold the values goes when it holds nothing any more.
        for path in self.made.iter().rev() {
            let keys = keys(path);
            let is_empty = |value: Value| value.as_object().is_some_and(serde_json::Map::is_empty);
            if json::get(&text, &keys).is_some_and(is_empty)
                && let Ok(shorter) = json::remove(&text, &keys)
            {
                text = shorter;
            }
        }
        Some(text.into_bytes())
    }
}

impl ValueChange {
    /// Returns the text with the value of before; nothing when somebody changed it since.
    fn back(&self, text: &str, force: Force) -> Option<Result<String, json::EditError>> {
        let keys = keys(&self.path);
        let now = json::get(text, &keys).as_ref().map(value_digest);
        let old = self.before.as_deref();
        let was = old.and_then(json::lenient).as_ref().map(value_digest);
        if now == was {
            return Some(Ok(text.to_owned()));
        }
        (now == self.after || force == Force::Overwrite).then(|| match old {
            Some(written) => json::set_text(text, &keys, written),
            None => json::remove(text, &keys),
        })
    }
}

/// Takes back the writes of one file by one plan, which stand in their order.
pub fn revert(
    writes: &[&FileChange],
    now: Option<Vec<u8>>,
    force: Force,
    is_kept: &dyn Fn(Option<&Thing>) -> bool,
) -> Reverted {
    let is_at = now.as_deref().map(digest);
    let keeps_some = |write: &&FileChange| {
        let mut values = write.values.iter().flatten();
        values.any(|value| is_kept(value.thing.as_ref()))
    };
    if writes.iter().any(keeps_some) {
        return step_by_step(writes, now, force, is_kept);
    }
    if let Some(last) = writes.iter().rposition(|write| write.after == is_at) {
        let mut bytes = now;
        for write in writes[..=last].iter().rev() {
            bytes = match (&write.before, bytes) {
                (None, _) => None,
                (Some(_), bytes) => write.exactly(&bytes.unwrap_or_default()),
            };
        }
        return Reverted { bytes, changed: Vec::new() };
    }
    if writes.first().is_some_and(|write| write.before == is_at) {
        return Reverted { bytes: now, changed: Vec::new() };
    }
    step_by_step(writes, now, force, is_kept)
}

fn step_by_step(
    writes: &[&FileChange],
    mut now: Option<Vec<u8>>,
    force: Force,
    is_kept: &dyn Fn(Option<&Thing>) -> bool,
) -> Reverted {
    let mut changed = Vec::new();
    for write in writes.iter().rev() {
        now = write.by_values(now, force, is_kept, &mut changed);
    }
    changed.sort();
    changed.dedup();
    Reverted { bytes: now, changed }
}

/// Returns the values that differ, and the objects that were made for them; nothing for what is not JSON.
fn values(
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    places: &[(&[String], &Thing)],
) -> Option<(Vec<ValueChange>, Vec<Vec<String>>)> {
    let text = |bytes: Option<&[u8]>| match bytes {
        None => Some(None),
        Some(bytes) if bytes.trim_ascii().is_empty() => Some(None),
        Some(bytes) => str::from_utf8(bytes).ok().map(|text| Some(text.to_owned())),
    };
    let (old, new) = (text(before)?, text(after)?);
    let leads_to_one = |path: &[String]| {
        places.iter().any(|(place, _)| place.len() > path.len() && place.starts_with(path))
    };
    let found = json::differences(old.as_deref(), new.as_deref(), &leads_to_one)?;
    let thing = |path: &[String]| {
        let place = places.iter().filter(|(place, _)| path.starts_with(place));
        place.max_by_key(|(place, _)| place.len()).map(|(_, thing)| (*thing).clone())
    };
    let mut made: Vec<Vec<String>> = Vec::new();
    let mut values = Vec::new();
    for one in found {
        let thing = thing(&one.path);
        // What a client writes into a new file of its own accord stays when others use the file too.
        if old.is_none() && thing.is_none() {
            continue;
        }
        for end in 1..one.path.len() {
            let above = one.path[..end].to_vec();
            let was_there =
                old.as_deref().is_some_and(|old| json::locate(old, &keys(&above)).is_some());
            if !was_there && !made.contains(&above) {
                made.push(above);
            }
        }
        let after = one.after.as_deref().and_then(json::lenient).as_ref().map(value_digest);
        values.push(ValueChange { path: one.path, before: one.before, after, thing });
    }
    Some((values, made))
}

fn keys(path: &[String]) -> Vec<Key<'_>> {
    path.iter().map(|name| Key::Name(name)).collect()
}

/// Returns what is between the common start and the common end of two texts.
fn splice(before: &[u8], after: &[u8]) -> Splice {
    let common = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let start = boundary(before, common);
    let rest = before.len().min(after.len()) - start;
    let ends = before.iter().rev().zip(after.iter().rev());
    let mut end = ends.take(rest).take_while(|(a, b)| a == b).count();
    // Whole characters, so that the old bytes are a text.
    while end > 0 && !starts_character(before[before.len() - end]) {
        end -= 1;
    }
    let old = Bytes::of(&before[start..before.len() - end]);
    Splice { at: start, old, new: after.len() - end - start }
}

/// Returns the start of the character that an offset is in.
fn boundary(text: &[u8], mut at: usize) -> usize {
    while at > 0 && text.get(at).is_some_and(|byte| !starts_character(*byte)) {
        at -= 1;
    }
    at
}

fn starts_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn value_digest(value: &Value) -> String {
    digest(canonical_json(value).as_bytes())
}

/// Returns the digest of some bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("strings take text");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONE: &dyn Fn(Option<&Thing>) -> bool = &|_| false;

    fn server(name: &str) -> Thing {
        Thing::Server { name: name.to_owned(), reach: crate::model::Reach::USER }
    }

    /// Writes `after` over `before`, lets somebody else make `now` of it, and takes the write back.
    fn taken_back(before: Option<&str>, after: &str, now: &str, force: Force) -> Reverted {
        let place = ["mcpServers".to_owned(), "s".to_owned()];
        let thing = server("s");
        let write = FileChange::of(
            "f".into(),
            before.map(str::as_bytes),
            Some(after.as_bytes()),
            &[(&place, &thing)],
        );
        revert(&[&write], Some(now.into()), force, NONE)
    }

    #[track_caller]
    fn check(before: Option<&str>, after: &str, now: &str, expected: Option<&str>) {
        let reverted = taken_back(before, after, now, Force::Keep);
        let text = reverted.bytes.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(text.as_deref(), expected);
        assert_eq!(reverted.changed, []);
    }

    const WITH: &str = r#"{"a": 1, "mcpServers": {"s": {"command": "x"}}}"#;

    #[test]
    fn a_file_that_nobody_else_wrote_becomes_what_it_was() {
        check(Some("{\"a\": 1 }\n"), WITH, WITH, Some("{\"a\": 1 }\n"));
        check(None, WITH, WITH, None);
        check(Some(""), WITH, WITH, Some(""));
    }

    #[test]
    fn what_others_wrote_into_it_stays() {
        let now = r#"{"a": 2, "mcpServers": {"s": {"command": "x"}}, "b": 3}"#;
        check(Some("{\"a\": 1}"), WITH, now, Some(r#"{"a": 2, "b": 3}"#));
        let theirs = r#"{"a": 1, "mcpServers": {"s": {"command": "x"}, "t": {}}}"#;
        check(Some("{\"a\": 1}"), WITH, theirs, Some(r#"{"a": 1, "mcpServers": {"t": {}}}"#));
        check(None, WITH, theirs, Some(r#"{"a": 1, "mcpServers": {"t": {}}}"#));
    }

    #[test]
    fn a_value_that_somebody_changed_since_is_named_and_kept() {
        let now = r#"{"a": 1, "mcpServers": {"s": {"command": "mine"}}}"#;
        let path = vec!["mcpServers".to_owned(), "s".to_owned()];
        let kept = taken_back(Some("{\"a\": 1}"), WITH, now, Force::Keep);
        assert_eq!(kept.changed, [Changed::Value { path, thing: Some(server("s")) }]);
        assert_eq!(kept.bytes.as_deref(), Some(now.as_bytes()));
        let forced = taken_back(Some("{\"a\": 1}"), WITH, now, Force::Overwrite);
        assert_eq!(forced.bytes.as_deref(), Some(&b"{\"a\": 1}"[..]));
        assert_eq!(forced.changed, []);
    }

    #[test]
    fn a_run_that_was_cut_short_between_two_writes_goes_back_from_there() {
        let texts = [r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, r#"{"b": 2}"#];
        let write = |before: &str, after: &str| {
            FileChange::of("f".into(), Some(before.as_bytes()), Some(after.as_bytes()), &[])
        };
        let writes = [write(texts[0], texts[1]), write(texts[1], texts[2])];
        for now in texts {
            let back = revert(&writes.each_ref(), Some(now.into()), Force::Keep, NONE);
            assert_eq!(back.bytes.as_deref(), Some(texts[0].as_bytes()), "{now}");
        }
    }

    #[test]
    fn a_manifest_that_was_edited_since_stays_unless_forced() {
        let write = FileChange::of("f".into(), Some(b"a = 1\n"), Some(b"a = 2\n"), &[]);
        let back = |now: &str, force| revert(&[&write], Some(now.into()), force, NONE);
        assert_eq!(back("a = 2\n", Force::Keep).bytes.as_deref(), Some(&b"a = 1\n"[..]));
        assert_eq!(back("a = 3\n", Force::Keep).changed, [Changed::File]);
        assert_eq!(back("a = 3\n", Force::Overwrite).bytes.as_deref(), Some(&b"a = 1\n"[..]));
    }

    #[test]
    fn things_that_are_kept_stay_and_the_others_go_back() {
        let places = [vec!["s".to_owned()], vec!["t".to_owned()]];
        let things = [server("s"), server("t")];
        let places: Vec<(&[String], &Thing)> =
            places.iter().map(Vec::as_slice).zip(&things).collect();
        let after = r#"{"s": 1, "t": 2}"#;
        let write = FileChange::of("f".into(), Some(b"{}"), Some(after.as_bytes()), &places);
        let kept = |thing: Option<&Thing>| thing == Some(&things[0]);
        let back = revert(&[&write], Some(after.into()), Force::Keep, &kept);
        assert_eq!(back.bytes.as_deref(), Some(&b"{\"s\": 1}"[..]));
    }

    proptest! {
        #[test]
        fn any_two_texts_go_back_byte_for_byte(before in "[aä\n]{0,9}", after in "[aä\n]{0,9}") {
            let write = FileChange::of("f".into(), Some(before.as_bytes()), Some(after.as_bytes()), &[]);
            let back = revert(&[&write], Some(after.into_bytes()), Force::Keep, NONE);
            prop_assert_eq!(back.bytes, Some(before.into_bytes()));
            let stored = serde_json::to_string(&write).unwrap();
            prop_assert_eq!(serde_json::from_str::<FileChange>(&stored).unwrap(), write);
        }

        #[test]
        fn what_lies_between_two_texts_is_a_text(before in "[aä€]{0,9}", after in "[aä€]{0,9}") {
            let between = splice(before.as_bytes(), after.as_bytes());
            prop_assert!(matches!(between.old, Bytes::Text(_)));
        }
    }
}
