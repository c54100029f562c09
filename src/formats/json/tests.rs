use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn names<'a>(path: &'a [&'a str]) -> Vec<Key<'a>> {
    path.iter().map(|name| Key::Name(name)).collect()
}

#[track_caller]
fn check_set(text: &str, path: &[&str], value: &Value, expected: &str) {
    assert_eq!(set(text, &names(path), value).unwrap(), expected);
}

#[track_caller]
fn check_remove(text: &str, path: &[&str], expected: &str) {
    assert_eq!(remove(text, &names(path)).unwrap(), expected);
}

#[test]
fn a_new_member_looks_like_its_neighbours() {
    check_set("{}", &["a"], &json!(1), "{\n  \"a\": 1\n}");
    check_set("{ }\n", &["a"], &json!(1), "{\n  \"a\": 1\n}\n");
    check_set("{\"a\":1}", &["b"], &json!([1, {"c": 2}]), "{\"a\":1,\"b\":[1,{\"c\":2}]}");
    check_set(
        "{ \"a\": 1 }",
        &["b"],
        &json!({"c": [1, 2]}),
        "{ \"a\": 1, \"b\": {\"c\": [1, 2]} }",
    );
    check_set("{\n\t\"a\": 1\n}", &["b"], &json!([]), "{\n\t\"a\": 1,\n\t\"b\": []\n}");
    check_set(
        "{\r\n    \"a\": {}\r\n}\r\n",
        &["a", "b"],
        &json!({"c": 1}),
        "{\r\n    \"a\": {\r\n        \"b\": {\r\n            \"c\": 1\r\n        }\r\n    }\r\n}\r\n",
    );
    check_set(
        "\u{feff}{\n  \"a\": 1 // one\n}",
        &["b"],
        &json!(2),
        "\u{feff}{\n  \"a\": 1, // one\n  \"b\": 2\n}",
    );
    check_set("{\n  \"a\": 1,\n}", &["b"], &json!(2), "{\n  \"a\": 1,\n  \"b\": 2,\n}");
    check_set("{ // none\n}", &["b"], &json!(2), "{ // none\n  \"b\": 2\n}");
    check_set("{ /* none */ }", &["b"], &json!(2), "{ /* none */\n  \"b\": 2\n }");
}

#[test]
fn missing_objects_on_the_way_are_made() {
    check_set(
        "{\n  \"a\": 1.10\n}",
        &["x", "y"],
        &json!(true),
        "{\n  \"a\": 1.10,\n  \"x\": {\n    \"y\": true\n  }\n}",
    );
}

#[test]
fn an_existing_value_changes_in_place() {
    check_set("{\"a\": 1, \"b\": 2}", &["a"], &json!("x"), "{\"a\": \"x\", \"b\": 2}");
    check_set(
        "{\n  \"a\": [\"x\"],\n  \"b\": 2\n}",
        &["a"],
        &json!(["x", "y"]),
        "{\n  \"a\": [\"x\", \"y\"],\n  \"b\": 2\n}",
    );
    check_set(
        "{\n  \"a\": [\n    1\n  ]\n}",
        &["a"],
        &json!([1, 2]),
        "{\n  \"a\": [\n    1,\n    2\n  ]\n}",
    );
}

#[test]
fn an_equal_value_is_left_as_it_is_spelled() {
    for (text, value) in [
        ("{\"a\":1.10}", json!(1.1)),
        ("{\"a\": {\"x\":1,\"y\":\"\\u0041\"}}", json!({"y": "A", "x": 1})),
        ("{\"a\": [1, /* two */ 2,]}", json!([1, 2])),
    ] {
        check_set(text, &["a"], &value, text);
    }
    let big = "{\"a\": 12345678901234567890124}";
    let other: Value = serde_json::from_str("12345678901234567890123").unwrap();
    check_set(big, &["a"], &other, "{\"a\": 12345678901234567890123}");
}

#[test]
fn the_last_of_two_members_with_one_name_counts() {
    check_set("{\"a\":1,\"a\":2}", &["a"], &json!(3), "{\"a\":1,\"a\":3}");
    check_remove("{\"a\":1,\"b\":0,\"a\":2}", &["a"], "{\"b\":0}");
    check_remove("{\"a\":{\"x\":1},\"a\":{\"x\":2}}", &["a", "x"], "{\"a\":{\"x\":1},\"a\":{}}");
}

#[test]
fn removing_keeps_comments_and_neighbours() {
    check_remove("{\n  \"a\": 1\n}\n", &["a"], "{}\n");
    check_remove("{ \"a\": 1 }", &["a"], "{}");
    check_remove("{\"a\": 1, \"b\": 2, \"c\": 3}", &["b"], "{\"a\": 1, \"c\": 3}");
    check_remove("{\"a\": 1, \"b\": 2}", &["a"], "{\"b\": 2}");
    check_remove("{\"a\": 1, \"b\": 2}", &["b"], "{\"a\": 1}");
    check_remove(
        "{\n  // A\n  \"a\": 1, // one\n  \"b\": 2 // two\n}",
        &["b"],
        "{\n  // A\n  \"a\": 1 // one\n   // two\n}",
    );
    check_remove("{ // c\n \"a\": 1, \"b\": 2}", &["a"], "{ // c\n \"b\": 2}");
    check_remove("{\"a\": 1, // c\n \"b\": 2 }", &["b"], "{\"a\": 1 // c\n  }");
    check_remove("{\"b\": 2}", &["x"], "{\"b\": 2}");
    check_remove("{\"b\": 2}", &["x", "y"], "{\"b\": 2}");
}

#[test]
fn array_elements_can_be_added_replaced_and_removed() {
    let text = "{\n  \"a\": [\n    {\n      \"x\": 1\n    }\n  ]\n}";
    let longer = set(text, &[Key::Name("a"), Key::Append], &json!({"x": 2})).unwrap();
    assert_eq!(
        longer,
        "{\n  \"a\": [\n    {\n      \"x\": 1\n    },\n    {\n      \"x\": 2\n    }\n  ]\n}"
    );
    assert_eq!(remove(&longer, &[Key::Name("a"), Key::Index(1)]).unwrap(), text);
    let changed = set(text, &[Key::Name("a"), Key::Index(0), Key::Name("x")], &json!(7)).unwrap();
    assert_eq!(changed, text.replace('1', "7"));
    assert!(set(text, &[Key::Name("a"), Key::Index(5)], &json!(1)).is_err());
}

#[test]
fn something_else_than_an_object_on_the_path_is_an_error() {
    let error = set("{\"a\": {\"b\": 5}}", &names(&["a", "b", "c"]), &json!(1)).unwrap_err();
    assert_eq!(error.to_string(), "`a.b` is not an object");
    assert_eq!(error.offset, 12);
    let error = set("[]", &names(&["a"]), &json!(1)).unwrap_err();
    assert_eq!(error.to_string(), "the document is not an object");
    assert!(set("{\"a\": ", &names(&["a"]), &json!(1)).is_err());
}

#[test]
fn half_an_emoji_in_a_foreign_string_is_no_obstacle() {
    check_set("{\"h\":\"\\ud83d\",\"a\":1}", &["a"], &json!(2), "{\"h\":\"\\ud83d\",\"a\":2}");
}

#[test]
fn a_new_document_has_the_shape_that_the_client_writes() {
    let value = json!({"a": [], "b": {}, "c": ["x"], "d": null});
    assert_eq!(
        new_document(&value, true),
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    \"x\"\n  ],\n  \"d\": null\n}\n"
    );
    assert_eq!(new_document(&json!({}), false), "{}");
}

#[test]
fn a_reading_error_names_the_place_and_the_likely_cause() {
    let check = |bytes: &[u8], expected: &str| {
        let shown = parse(Path::new("f"), bytes, Bom::Refused).unwrap_err().to_string();
        assert_eq!(shown.lines().next().unwrap(), expected);
    };
    check(b"", "f: is empty");
    check(b"{\n  \"a\": 1, // x\n}", "f:2:11: has a comment, which JSON does not allow");
    check(b"{\n  \"a\": 1,\n}", "f:2:9: has a comma before a closing bracket");
    check(b"{\n  \"a\": 1", "f:2:9: ends too early");
    check(b"\xef\xbb\xbf{}", "f:1:1: starts with a byte order mark");
    check(b"{\"a\": \"\xff\"}", "f:1:8: is not UTF-8");
    check(b"{\"a\" 1}", "f:1:6: expected `:`");
    assert_eq!(parse(Path::new("f"), b"\xef\xbb\xbf{}", Bom::Allowed).unwrap(), json!({}));
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just(""),
        2 => Just(" "),
        2 => Just("\n  "),
        1 => Just("\r\n\t"),
        1 => Just(" /* c */ "),
        1 => Just(" // c\n"),
    ]
}

fn scalar() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&[
        "1",
        "1.10",
        "-0",
        "1e5",
        "12345678901234567890123",
        "true",
        "null",
        "\"\"",
        "\"a\\u0041\"",
        "\"// no\"",
        "\"\\ud83d\"",
        "[]",
        "{}",
    ])
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["a", "b", "c", "d e", "//", "é"])
}

fn list(entries: &[String], open: char, close: char, end: &str, trailing: bool) -> String {
    let comma = if trailing && !entries.is_empty() { "," } else { "" };
    format!("{open}{}{comma}{end}{close}", entries.join(","))
}

fn value_text() -> impl Strategy<Value = String> {
    scalar().prop_map(str::to_owned).prop_recursive(3, 24, 4, |inner| {
        let element = (blank(), inner.clone(), blank()).prop_map(|(a, v, b)| format!("{a}{v}{b}"));
        prop_oneof![
            object_text(inner),
            (prop::collection::vec(element, 0..4), blank(), any::<bool>())
                .prop_map(|(entries, end, trailing)| list(&entries, '[', ']', end, trailing)),
        ]
    })
}

fn object_text(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (blank(), name(), blank(), blank(), inner, blank())
        .prop_map(|(a, n, b, c, v, d)| format!("{a}{}{b}:{c}{v}{d}", json!(n)));
    (prop::collection::vec(member, 0..4), blank(), prop::bool::weighted(0.2))
        .prop_map(|(entries, end, trailing)| list(&entries, '{', '}', end, trailing))
}

fn document_text() -> impl Strategy<Value = String> {
    (prop::sample::select(&["", "\u{feff}", "// top\n"]), object_text(value_text()), blank())
        .prop_map(|(start, object, end)| format!("{start}{object}{end}"))
}

/// The members of the root as they are written, without those of one name.
fn others<'t>(text: &'t str, root: &scan::Node, name: &str) -> Vec<&'t str> {
    let mut others = Vec::new();
    for entry in &root.entries {
        if entry.name(text).as_deref() != Some(name) {
            others.push(&text[entry.start()..entry.end()]);
        }
    }
    others
}

/// A part of a JSON string: characters of each length, each escape, whole and half pairs.
fn string_part() -> impl Strategy<Value = String> {
    let plain = prop::sample::select(&["a", "é", "€", "\u{10ffff}", "\u{7f}", "/", "u", "d8", " "]);
    let escape = prop::sample::select(&["\\\\", "\\\"", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]);
    let unit = prop_oneof![any::<u16>(), 0xd800..=0xdfff_u16];
    prop_oneof![
        plain.prop_map(str::to_owned),
        escape.prop_map(str::to_owned),
        (unit, any::<bool>()).prop_map(|(unit, upper)| {
            if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") }
        }),
    ]
}

/// Reads what is between the quotes one unit after the other, as the standard of JavaScript describes it.
fn utf16(inside: &str) -> Vec<u16> {
    let mut units = Vec::new();
    let mut rest: Vec<u16> = inside.encode_utf16().collect();
    rest.reverse();
    let digit = |unit: u16| char::from_u32(unit.into()).unwrap().to_digit(16).unwrap();
    while let Some(unit) = rest.pop() {
        if unit != u16::from(b'\\') {
            units.push(unit);
            continue;
        }
        units.push(match char::from_u32(rest.pop().unwrap().into()).unwrap() {
            'u' => {
                let number = (0..4).fold(0, |sum, _| sum * 16 + digit(rest.pop().unwrap()));
                u16::try_from(number).unwrap()
            }
            'b' => 8,
            't' => 9,
            'n' => 10,
            'f' => 12,
            'r' => 13,
            itself => u16::try_from(u32::from(itself)).unwrap(),
        });
    }
    units
}

#[test]
fn a_name_that_serde_json_keeps_for_itself_is_a_name_like_any_other() {
    for text in
        [r#"{"$serde_json::private::Number":"5"}"#, r#"{"$serde_json::private::RawValue":[]}"#]
    {
        let read = parse(Path::new("f"), text.as_bytes(), Bom::Refused).unwrap();
        assert_eq!(read.as_object().map(serde_json::Map::len), Some(1), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_was_set_is_read_back_and_the_rest_keeps_its_bytes(
        text in document_text(), path in prop::collection::vec(name(), 1..3), fresh in any::<bool>(),
    ) {
        let value = if fresh { json!({"new": ["x", 1]}) } else { json!(1) };
        let before = scan::document(&text).unwrap();
        if let Ok(after) = set(&text, &names(&path), &value) {
            let scanned = scan::document(&after).unwrap();
            let found = edit::at(&after, &scanned.root, &names(&path)).unwrap();
            prop_assert_eq!(found.value(&after), Some(value.clone()));
            prop_assert_eq!(
                others(&text, &before.root, path[0]), others(&after, &scanned.root, path[0])
            );
            prop_assert_eq!(&set(&after, &names(&path), &value).unwrap(), &after);
        }
    }

    #[test]
    fn a_new_member_that_is_removed_again_leaves_the_bytes_as_they_were(text in document_text()) {
        let before = scan::document(&text).unwrap();
        let after = remove(&set(&text, &names(&["new"]), &json!([1])).unwrap(), &names(&["new"])).unwrap();
        let empty = before.root.entries.is_empty();
        if empty {
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeezed(&after), squeezed(&text));
        } else {
            prop_assert_eq!(after, text);
        }
    }

    #[test]
    fn a_removed_member_is_gone_and_the_rest_keeps_its_bytes(text in document_text(), name in name()) {
        let before = scan::document(&text).unwrap();
        let after = remove(&text, &[Key::Name(name)]).unwrap();
        let scanned = scan::document(&after).unwrap();
        prop_assert!(edit::at(&after, &scanned.root, &[Key::Name(name)]).is_none());
        prop_assert_eq!(others(&text, &before.root, name), others(&after, &scanned.root, name));
    }

    #[test]
    fn a_string_says_what_it_says_in_javascript(parts in prop::collection::vec(string_part(), 0..8)) {
        let quoted = format!("\"{}\"", parts.concat());
        let said = utf16(&quoted[1..quoted.len() - 1]);
        let expected = String::from_utf16_lossy(&said);
        prop_assert_eq!(value(quoted.as_bytes()), Some(json!(expected)), "{}", quoted);
        let object = format!("{{{quoted}: {quoted}}}");
        prop_assert_eq!(lenient(&object).unwrap(), json!({ expected.clone(): expected.clone() }));
        // Where there is no half pair, serde_json is of one mind with us.
        if let Ok(other) = serde_json::from_str::<String>(&quoted) {
            prop_assert_eq!(expected, other);
        }
    }

    #[test]
    fn what_serde_json_reads_we_read_and_nothing_more(
        text in "[\\{\\}\\[\\]\",:/* a\\\\tru0-9eE+.\n\u{7f}\u{1}\u{85}\u{feff}\u{2028}é-]{0,30}"
    ) {
        let ours = value(text.as_bytes());
        prop_assert_eq!(ours, serde_json::from_str::<Value>(&text).ok());
    }

    #[test]
    fn documents_are_read_as_serde_json_reads_them(text in document_text()) {
        if let Ok(other) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(value(text.as_bytes()), Some(other));
        }
    }

    #[test]
    fn no_text_makes_an_edit_panic(text in "[\\{\\}\\[\\]\",:/* a\\\\u0-9\n\r\t\u{feff}é-]{0,40}") {
        let _ = set(&text, &[Key::Name("a"), Key::Append], &json!(1));
        let _ = set(&text, &[Key::Append], &json!(1));
        let _ = remove(&text, &[Key::Name("a")]);
        let _ = parse(Path::new("f"), text.as_bytes(), Bom::Allowed);
    }
}

#[test]
fn picking_is_as_strict_as_parsing() {
    let path: &[&[Key]] = &[&[Key::Name("a"), Key::Name("b")], &[Key::Name("x")]];
    let shown = |error: crate::model::Diagnostic| error.to_string();
    let pick =
        |text: &str| pick(Path::new("f"), text.as_bytes(), Bom::Allowed, path).map_err(shown);
    assert_eq!(pick("{\"a\":{\"b\":[1]},\"h\":\"\\ud83d\"}").unwrap(), [Some(json!([1])), None]);
    for bad in ["", "{\"a\":{\"b\":1,}}", "{} // c", "{\"a\":"] {
        let parsed = parse(Path::new("f"), bad.as_bytes(), Bom::Allowed).map_err(shown);
        assert_eq!(pick(bad).unwrap_err(), parsed.unwrap_err());
    }
}
