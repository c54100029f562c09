//! One small YAML mapping as JSON values, read strictly: what any conforming reader would accept.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};

use crate::model::Position;

/// Why a text is not the mapping that we want, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct YamlError {
    pub at: Position,
    pub fault: YamlFault,
}

/// What is wrong with it; the words go on after "it".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlFault {
    #[error("has `: ` inside a value that is not quoted")]
    Unquoted,
    #[error("{0}")]
    Other(String),
}

/// Returns the mapping in `text`; an empty text is an empty mapping.
///
/// # Errors
/// Invalid YAML, anything but one mapping, repeated keys, aliases, and nesting deeper than 32.
pub fn mapping(text: &str) -> Result<Map<String, Value>, YamlError> {
    // The parser lets these pass; other readers do not.
    if let Some(line) = text.lines().position(|l| l.starts_with('\t') && !l.trim().is_empty()) {
        return Err(error(Marker::new(0, line + 1, 0), "is indented with a tab"));
    }
    let mut events = Events(Parser::new_from_str(text));
    loop {
        match events.next()?.0 {
            Event::StreamEnd => return Ok(Map::new()),
            Event::DocumentStart(_) => break,
            _ => {}
        }
    }
    let (event, at) = events.next()?;
    let value = events.value(event, at, 0)?;
    loop {
        let (event, at) = events.next()?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(_) => return Err(error(at, "starts a second document")),
            _ => {}
        }
    }
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(error(at, "is not a list of `key: value` lines")),
    }
}

const DEPTH: usize = 32;

struct Events<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Marker), YamlError> {
        match self.0.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start)),
            Some(Err(scan)) => Err(fault(*scan.marker(), explain(scan.info()))),
            None => Ok((Event::StreamEnd, Marker::new(0, 1, 0))),
        }
    }

    /// Builds the value that starts with `event`.
    fn value(&mut self, event: Event<'a>, at: Marker, depth: usize) -> Result<Value, YamlError> {
        if depth > DEPTH {
            return Err(error(at, "is nested too deep"));
        }
        match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) => Ok(plain(&text)),
            Event::Scalar(text, ..) => Ok(Value::String(text.into_owned())),
            Event::SequenceStart(..) => self.sequence(depth),
            Event::MappingStart(..) => self.map(depth),
            Event::Alias(_) => Err(error(at, "uses an alias (`*name`)")),
            _ => Err(error(at, "ends before its value")),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, at) => items.push(self.value(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut map = Map::new();
        loop {
            let (key, at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Object(map)),
                (Event::Scalar(key, ..), at) => (key.into_owned(), at),
                (_, at) => return Err(error(at, "has a key that is not a text")),
            };
            let (first, start) = self.next()?;
            let value = self.value(first, start, depth + 1)?;
            if map.contains_key(&key) {
                return Err(error(at, format!("has the key `{key}` twice")));
            }
            map.insert(key, value);
        }
    }
}

/// Reads a plain scalar by the core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.trim_start_matches(['-', '+']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => serde_json::Number::from_f64(text.parse().ok()?).map(Value::Number),
    }
}

/// Tells the parser's most common complaint from the others.
fn explain(info: &str) -> YamlFault {
    if info.starts_with("mapping values are not allowed") {
        YamlFault::Unquoted
    } else {
        YamlFault::Other(info.to_owned())
    }
}

fn error(at: Marker, message: impl Into<String>) -> YamlError {
    fault(at, YamlFault::Other(message.into()))
}

fn fault(at: Marker, fault: YamlFault) -> YamlError {
    YamlError { at: Position { line: at.line().max(1), column: at.col() + 1 }, fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mappings_become_json_values() {
        let check =
            |text, expected: Value| assert_eq!(Value::Object(mapping(text).unwrap()), expected);
        check("", json!({}));
        check("# only a comment\n", json!({}));
        check("name: a\ndescription: b c\n", json!({"name": "a", "description": "b c"}));
        check("a: >-\n  one\n  two\n", json!({"a": "one two"}));
        check("a: |\n  one\n  two\n", json!({"a": "one\ntwo\n"}));
        check("a: [x, 'y', 3]\nb: {c: true}\n", json!({"a": ["x", "y", 3], "b": {"c": true}}));
        check("a: \"x: y\"\n", json!({"a": "x: y"}));
        check("a: 1.10\nb: ~\nc: -5\n", json!({"a": 1.1, "b": null, "c": -5}));
        check("a: x\r\nb: y\r\n", json!({"a": "x", "b": "y"}));
        check("a: b --- c\n", json!({"a": "b --- c"}));
        check("a: !!str 5\n", json!({"a": "5"}));
    }

    #[test]
    fn what_other_readers_refuse_is_refused_with_its_place() {
        let check = |text: &str, line, column, words: &str| {
            let error = mapping(text).unwrap_err();
            assert_eq!(error.at, Position { line, column }, "{text:?}: {error}");
            assert!(error.to_string().contains(words), "{text:?}: {error}");
        };
        check("name: a\ndescription: Use when: x\n", 2, 22, "`: `");
        check("a: 1\na: 2\n", 2, 1, "twice");
        check("just words\n", 1, 1, "key: value");
        check("a: &x 1\nb: *x\n", 2, 4, "alias");
        check("\tname: x\n", 1, 1, "tab");
        check("- a\n", 1, 1, "key: value");
        assert!(mapping("a: \"open\n").is_err());
        assert!(mapping("a: [\n").is_err());
        assert!(mapping(&format!("a: {}", "[".repeat(5000))).is_err());
        assert!(mapping(&"a:\n ".repeat(100)).is_err());
    }
}
