//! What differs between two texts of one document, value by value.

use super::edit::{self, EditError, Key};
use super::scan::{self, Node};
use super::{get, same};

/// One value that one document has and the other has not, or has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The names that lead to it.
    pub path: Vec<String>,
    /// The value as written; absent where there is none.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Returns the values that differ, as deep as both sides have objects. Where one side has nothing, `enters`
/// says whether to look into the object of the other. Absent when a text cannot be scanned.
pub fn differences(
    before: Option<&str>,
    after: Option<&str>,
    enters: &dyn Fn(&[String]) -> bool,
) -> Option<Vec<Difference>> {
    let before = before.map(Side::of).transpose().ok()?;
    let after = after.map(Side::of).transpose().ok()?;
    let mut found = Vec::new();
    let roots = [&before, &after].map(|side| side.as_ref().map(Side::root));
    compare(roots, &mut Vec::new(), enters, &mut found);
    Some(found)
}

/// Returns the text with a value, as written, at a path.
///
/// # Errors
/// As [`super::set`].
pub fn set_text(text: &str, path: &[Key], written: &str) -> Result<String, EditError> {
    let value = super::lenient(written).unwrap_or_default();
    if get(text, path).is_some_and(|now| same(&now, &value)) {
        return Ok(text.to_owned());
    }
    let text = edit::set(text, path, &value)?;
    let document = scan::document(&text)?;
    Ok(match edit::at(&text, &document.root, path) {
        Some(node) => format!("{}{written}{}", &text[..node.span.start], &text[node.span.end..]),
        None => text,
    })
}

/// A scanned text.
struct Side<'t> {
    text: &'t str,
    root: Node,
}

impl<'t> Side<'t> {
    fn of(text: &'t str) -> Result<Self, scan::ScanError> {
        Ok(Self { text, root: scan::document(text)?.root })
    }

    fn root(&self) -> Found<'_> {
        Found { text: self.text, node: &self.root }
    }
}

/// A value within its text.
#[derive(Clone, Copy)]
struct Found<'a> {
    text: &'a str,
    node: &'a Node,
}

impl<'a> Found<'a> {
    fn written(self) -> &'a str {
        &self.text[self.node.span.clone()]
    }

    fn is_object(self) -> bool {
        self.node.is_object(self.text)
    }

    fn names(self) -> impl Iterator<Item = String> + 'a {
        self.node.entries.iter().filter_map(move |entry| entry.name(self.text))
    }

    /// Returns the member of a name; of those with one name the last counts.
    fn member(self, name: &str) -> Option<Self> {
        let is_it = |entry: &&scan::Member| entry.name(self.text).as_deref() == Some(name);
        let entry = self.node.entries.iter().rfind(is_it)?;
        Some(Self { text: self.text, node: &entry.value })
    }
}

fn compare(
    sides: [Option<Found>; 2],
    path: &mut Vec<String>,
    enters: &dyn Fn(&[String]) -> bool,
    found: &mut Vec<Difference>,
) {
    let [before, after] = sides;
    let written = |side: Option<Found>| side.map(|side| side.written().to_owned());
    if before.map(Found::written) == after.map(Found::written) {
        return;
    }
    let present = || sides.into_iter().flatten();
    let is_entered = sides.iter().all(Option::is_some) || enters(path);
    if !present().all(Found::is_object) || !is_entered {
        let value = |side: Found| side.node.value(side.text);
        let is_same = matches!(
            (before.and_then(value), after.and_then(value)),
            (Some(before), Some(after)) if same(&before, &after)
        );
        if !is_same {
            let (before, after) = (written(before), written(after));
            found.push(Difference { path: path.clone(), before, after });
        }
        return;
    }
    let mut names: Vec<String> = present().flat_map(Found::names).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    for name in names {
        let members = sides.map(|side| side.and_then(|side| side.member(&name)));
        path.push(name);
        compare(members, path, enters, found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str, into: &[&str]) -> Vec<String> {
        let enters = |path: &[String]| into.contains(&path.join(".").as_str());
        let found = differences(Some(before), Some(after), &enters).unwrap();
        let side = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let line = |one: Difference| {
            format!("{}: {} {}", one.path.join("."), side(one.before), side(one.after))
        };
        found.into_iter().map(line).collect()
    }

    #[test]
    fn objects_are_looked_into_and_everything_else_is_one_value() {
        let check = |before: &str, after: &str, expected: &[&str]| {
            assert_eq!(shown(before, after, &["a"]), expected, "{before} {after}");
        };
        check(r#"{"x":1}"#, r#"{ "x" : 1.0 }"#, &[]);
        check(r#"{"x":{"y":1,"z":2}}"#, r#"{"x":{"y":1,"z":3}}"#, &["x.z: 2 3"]);
        check(r#"{"x":[1,2]}"#, r#"{"x":[1]}"#, &["x: [1,2] [1]"]);
        check("{}", r#"{"a":{"b":{"c":1}}}"#, &["a.b: - {\"c\":1}"]);
        check("{}", r#"{"b":{"c":1}}"#, &["b: - {\"c\":1}"]);
        check(r#"{"b":{"c":1}}"#, "{}", &["b: {\"c\":1} -"]);
        check(r#"{"b":{"c":1}}"#, r#"{"b":[]}"#, &["b: {\"c\":1} []"]);
    }

    #[test]
    fn a_text_that_cannot_be_scanned_has_no_differences_to_tell() {
        assert_eq!(differences(Some("{"), Some("{}"), &|_| true), None);
    }

    #[test]
    fn a_value_comes_back_as_it_was_written() {
        let check = |text: &str, written: &str, expected: &str| {
            assert_eq!(set_text(text, &[Key::Name("a")], written).unwrap(), expected);
        };
        check("{\"b\": 1}", "[1,2,  3.0]", "{\"b\": 1, \"a\": [1,2,  3.0]}");
        check("{\"a\": 2}", "12345678901234567890123", "{\"a\": 12345678901234567890123}");
        check("{\"a\": 1.10}", "1.1", "{\"a\": 1.10}");
    }
}
