use proptest::prelude::*;
use serde_json::json;

use super::generated::records;
use super::*;

proptest! {
    #[test]
    fn a_record_is_the_sum_of_its_fields(record in records(), other in records()) {
        let mut sum = ServerRecord::default();
        for field in record.fields() {
            sum.copy(&field, &record);
        }
        prop_assert_eq!(&sum, &record);
        for field in record.fields() {
            sum.remove(&field);
            prop_assert!(sum.get(&field).is_none(), "{}", field);
        }
        prop_assert_eq!(sum, ServerRecord::default());

        let mut turned = record.clone();
        for field in record.differences(&other) {
            turned.remove(&field);
        }
        for field in other.fields() {
            turned.copy(&field, &other);
        }
        prop_assert_eq!(&turned, &other);
        prop_assert_eq!(record == other, other == record);
    }

    #[test]
    fn equal_values_have_one_canonical_text(record in records(), other in records()) {
        for field in record.fields() {
            let (Some(left), Some(right)) = (record.get(&field), other.get(&field)) else { continue };
            prop_assert_eq!(left == right, left.canonical() == right.canonical(), "{}", field);
        }
    }
}

#[test]
fn order_and_the_spelling_of_numbers_make_no_other_server() {
    let record = |env: &[(&str, &str)], extra| ServerRecord {
        command: Some("x".into()),
        env: env.iter().copied().collect(),
        extra: serde_json::from_str(extra).unwrap(),
        ..ServerRecord::default()
    };
    let one = record(&[("A", "1"), ("B", "2")], r#"{"a": 20, "b": {"c": 1.10}}"#);
    let other = record(&[("B", "2"), ("A", "1")], r#"{"b": {"c": 1.1}, "a": 20.0}"#);
    assert_eq!(one, other);
    let third = record(&[("A", "1"), ("C", "2")], r#"{"a": 20, "b": {"c": 2}}"#);
    let shown: Vec<String> = one.differences(&third).iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["env.B", "b.c", "env.C"]);
}

#[test]
fn what_stands_in_the_place_of_a_field_goes_when_the_field_is_given() {
    let mut record = ServerRecord {
        extra: serde_json::from_str(
            r#"{"args": "x", "env": {"A": 1, "B": 2}, "headers": 5, "note": {}}"#,
        )
        .unwrap(),
        ..ServerRecord::default()
    };
    let given = ServerRecord {
        args: vec!["y".into()],
        env: [("A", "1")].into_iter().collect(),
        headers: [("H", "v")].into_iter().collect(),
        ..ServerRecord::default()
    };
    for field in given.fields() {
        record.copy(&field, &given);
    }
    assert_eq!(json!(record.extra), json!({"env": {"B": 2}, "note": {}}));
    assert_eq!(ServerRecord { extra: Map::new(), ..record }, given);
}
