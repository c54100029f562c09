//! What two JSON values have in common, however they are spelled.

use serde_json::{Number, Value};

/// Says whether two values mean the same: key order and the spelling of numbers do not count.
pub fn same_json(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number(left) == number(right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same_json(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, l)| right.get(key).is_some_and(|r| same_json(l, r)))
        }
        _ => left == right,
    }
}

/// Returns the one text of all values that mean the same.
pub fn canonical_json(value: &Value) -> String {
    let list = |texts: Vec<String>| texts.join(",");
    match value {
        Value::Number(value) => number(value),
        Value::Array(values) => format!("[{}]", list(values.iter().map(canonical_json).collect())),
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let member = |(key, value): (&String, &Value)| {
                format!("{}:{}", Value::from(key.as_str()), canonical_json(value))
            };
            format!("{{{}}}", list(members.into_iter().map(member).collect()))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
    }
}

/// Returns one text for all spellings of a number, in the range where doubles can tell.
fn number(number: &Number) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        // Adding zero makes one of the two zeros.
        Some(value) if value.abs() < EXACT => (value + 0.0).to_string(),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let numbers = ["1", "1.0", "1e0", "-0", "0", "1.10", "1.1", "12345678901234567890123"];
        let number = prop::sample::select(numbers.to_vec())
            .prop_map(|text| serde_json::from_str(text).unwrap());
        let leaf = prop_oneof![number, Just(Value::Null), Just(json!("1")), Just(json!(true))];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let members = prop::collection::hash_map("[ab\"]", inner.clone(), 0..3);
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Value::from),
                members.prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_mean_the_same_when_their_canonical_texts_are_one(l in values(), r in values()) {
            prop_assert_eq!(same_json(&l, &r), canonical_json(&l) == canonical_json(&r));
            let again: Value = serde_json::from_str(&canonical_json(&l)).unwrap();
            prop_assert!(same_json(&again, &l));
        }
    }

    #[test]
    fn order_and_spelling_do_not_count_and_everything_else_does() {
        let check = |left: &str, right: &str, expected: bool| {
            let read = |text| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(same_json(&read(left), &read(right)), expected, "{left} {right}");
        };
        check(r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1e0}"#, true);
        check("20", "20.0", true);
        check("1.10", "1.1", true);
        check("-0", "0", true);
        check("12345678901234567890123", "12345678901234567890124", false);
        check("1", "\"1\"", false);
        check("[1,2]", "[2,1]", false);
        check("{}", "[]", false);
    }
}
