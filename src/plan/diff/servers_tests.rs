use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::clients::claude::servers::record;
use crate::model::generated::{records, wanted};

fn read(entry: &Value) -> ServerRecord {
    record(entry.as_object().unwrap())
}

/// Returns what a server was given, with literals in these fields.
fn given(entry: &Value, literals: &[Field]) -> Marks {
    let mut marks = Marks::of(&read(entry));
    for field in literals {
        marks.set(field.clone(), Mark::Literal);
    }
    marks
}

/// Returns whether a field is one of those for which the manifest has the last word.
fn ours(field: &Field, wanted: &ServerRecord, applied: Option<&ServerRecord>) -> bool {
    let named = |record: &ServerRecord| {
        let below = |known: &Field| match (known, field) {
            // A value in the place of a table, or the other way round, makes room.
            (Field::Extra(known), Field::Extra(path)) => {
                known.starts_with(path) || path.starts_with(known)
            }
            _ => known == field,
        };
        record.fields().iter().any(below)
    };
    Field::WHOLE.contains(field) || named(wanted) || applied.is_some_and(named)
}

proptest! {
    #[test]
    fn once_merged_nothing_is_left_to_merge_and_nothing_foreign_is_lost(
        current in records(),
        applied in prop::option::of(wanted()),
        wanted in wanted(),
    ) {
        let marks = applied.as_ref().map(Marks::of);
        let after = merged(&current, marks.as_ref(), &wanted);
        let again = merged(&after, Some(&Marks::of(&wanted)), &wanted);
        prop_assert_eq!(&again, &after);
        for field in current.fields() {
            if !ours(&field, &wanted, applied.as_ref()) {
                prop_assert!(after.get(&field) == current.get(&field), "{} is lost", field);
            }
        }
        let is_empty = |field: &Field| {
            matches!(wanted.get(field), Some(FieldValue::Json(Value::Object(map))) if map.is_empty())
        };
        for field in wanted.fields().into_iter().filter(|field| !is_empty(field)) {
            prop_assert!(after.get(&field) == wanted.get(&field), "{} is not met", field);
        }
        prop_assert!(is_met(&wanted, &after));
        for field in Field::WHOLE {
            prop_assert!(after.get(&field) == wanted.get(&field), "{} is more than wanted", field);
        }
    }

    #[test]
    fn what_was_given_goes_unless_somebody_changed_it(current in records(), wanted in wanted()) {
        let after = merged(&current, Some(&Marks::of(&current)), &wanted);
        for field in current.fields() {
            if !ours(&field, &wanted, None) {
                prop_assert!(after.get(&field).is_none(), "{} stays", field);
            }
        }
    }

    #[test]
    fn what_is_remembered_changes_nothing_the_next_time(
        current in records(),
        old in prop::option::of(wanted()),
        wanted in wanted(),
    ) {
        let old = old.as_ref().map(|old| {
            let mut marks = Marks::of(old);
            old.fields().into_iter().for_each(|field| marks.set(field, Mark::Literal));
            marks
        });
        let after = merged(&current, old.as_ref(), &wanted);
        let remembered = marks(&wanted, old.as_ref(), Some(&current));
        prop_assert_eq!(&merged(&after, Some(&remembered), &wanted), &after);
        prop_assert_eq!(marks(&wanted, Some(&remembered), Some(&after)), remembered);
    }
}

#[test]
fn the_manifest_wins_for_what_it_declares_and_the_rest_stays() {
    let check = |current: Value, applied: Option<Value>, wanted: Value, expected: Value| {
        let applied = applied.map(|applied| given(&applied, &[]));
        let after = merged(&read(&current), applied.as_ref(), &read(&wanted));
        assert_eq!(after, read(&expected));
    };
    let wanted = json!({"command": "x", "env": {"A": "1"}});
    check(
        json!({"command": "y", "cwd": "/", "env": {"MINE": "2"}}),
        None,
        wanted.clone(),
        json!({"command": "x", "cwd": "/", "env": {"MINE": "2", "A": "1"}}),
    );
    check(
        json!({"command": "x", "args": ["more"]}),
        None,
        json!({"command": "x"}),
        json!({"command": "x"}),
    );
    // What we put there and nobody wants any more goes, unless it was changed by hand since.
    check(
        json!({"command": "x", "env": {"A": "1", "B": "2", "C": "9"}}),
        Some(json!({"command": "x", "env": {"A": "1", "B": "2", "C": "3"}})),
        wanted.clone(),
        json!({"command": "x", "env": {"A": "1", "C": "9"}}),
    );
    check(
        json!({"type": "http", "url": "u", "headers": {"H": "1", "MINE": "2"}, "oauth": {"a": 1, "b": 2}}),
        Some(json!({"type": "http", "url": "u", "headers": {"H": "1"}, "oauth": {"a": 1}})),
        json!({"type": "http", "url": "u"}),
        json!({"type": "http", "url": "u", "headers": {"MINE": "2"}, "oauth": {"b": 2}}),
    );
    check(
        json!({"type": "stdio", "command": "x", "env": {"MINE": "1"}}),
        None,
        json!({"type": "http", "url": "https://h"}),
        json!({"type": "http", "url": "https://h", "env": {"MINE": "1"}}),
    );
    check(
        json!({"type": 5, "command": ["x"], "args": "y", "env": {"A": 1, "B": 2}}),
        None,
        wanted,
        json!({"command": "x", "env": {"A": "1", "B": 2}}),
    );
    check(
        json!({"command": "x", "timeout": 5, "oauth": {"a": 1}}),
        None,
        json!({"command": "x", "timeout": 5.0, "oauth": {}}),
        json!({"command": "x", "timeout": 5, "oauth": {"a": 1}}),
    );
}

#[test]
fn an_adopted_literal_stays_while_it_fits() {
    let token = Field::Env("T".into());
    let wanted = json!({"command": "x", "env": {"T": "Bearer ${T}"}});
    let adopted = given(&wanted, std::slice::from_ref(&token));
    let check = |literal: &str, applied: &Marks, stays: bool| {
        let current = read(&json!({"command": "x", "env": {"T": literal}}));
        let after = merged(&current, Some(applied), &read(&wanted));
        let expected = if stays { &current } else { &read(&wanted) };
        assert_eq!(&after, expected, "{literal}");
        let remembered = marks(&read(&wanted), Some(applied), Some(&current));
        assert_eq!(remembered.get(&token) == Some(&Mark::Literal), stays, "{literal}");
    };
    check("Bearer abc", &adopted, true);
    check("Basic abc", &adopted, false);
    check("Bearer abc", &given(&wanted, &[]), false);
    let current = read(&json!({"command": "x", "env": {"T": "abc"}}));
    let unwanted = read(&json!({"command": "x"}));
    assert_eq!(merged(&current, Some(&adopted), &unwanted), current, "it was never ours");
}

#[test]
fn a_line_says_what_was_edited_by_hand() {
    let check = |current: Value, applied: Option<Marks>, wanted: Value, expected: &str| {
        let (current, wanted) = (read(&current), read(&wanted));
        let after = merged(&current, applied.as_ref(), &wanted);
        let thing = Thing::Server { name: "s".into(), reach: crate::model::Reach::USER };
        let line = line(thing, &wanted, Some(&current), applied.as_ref(), &after);
        assert_eq!(line.text, expected);
    };
    let one = json!({"command": "x", "env": {"A": "1"}});
    let two = json!({"command": "x", "env": {"A": "2"}});
    check(one.clone(), None, two.clone(), "changed: env.A");
    check(one.clone(), Some(given(&one, &[])), two.clone(), "changed: env.A");
    check(two.clone(), Some(given(&one, &[])), one.clone(), "edited by hand, set back: env.A");
    let none = json!({"command": "x"});
    check(none.clone(), Some(given(&one, &[])), one.clone(), "edited by hand, set back: +env.A");
    check(one.clone(), Some(given(&one, &[])), none.clone(), "changed: -env.A");
    let more = json!({"command": "x", "args": ["more"]});
    check(more.clone(), Some(given(&none, &[])), none.clone(), "edited by hand, set back: -args");
    check(more, None, none, "changed: -args");
}

#[test]
fn values_of_variables_and_secrets_are_never_shown() {
    let before =
        read(&json!({"command": "x", "args": ["--token=hunter22"], "env": {"K": "old"}, "o": "a"}));
    let after = read(&json!({
        "type": "http", "command": "y", "args": ["--token=${T}"], "env": {"K": "new"},
        "url": "u", "o": "b"
    }));
    let fields = before.differences(&after);
    let shown: Vec<String> =
        fields.iter().map(|field| show(field, before.get(field), after.get(field))).collect();
    assert_eq!(
        shown.join("; "),
        "type `stdio` → `http`; command `x` → `y`; args `--token=…` → `--token=${T}`; env.K; o; +url"
    );
}
