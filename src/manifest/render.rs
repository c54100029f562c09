//! Writes TOML blocks: one key a line, every text on one line.

use std::fmt::Write as _;

/// Returns a text as a TOML basic string on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns texts as a TOML array on one line.
pub(crate) fn quoted_list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// One `[[kind]]` block in the making.
pub(crate) struct Block(String);

impl Block {
    pub fn new(kind: &str) -> Self {
        Self(format!("[[{kind}]]\n"))
    }

    #[must_use]
    pub fn text(self, key: &str, value: &str) -> Self {
        self.value(key, &quoted(value))
    }

    /// Writes the key when there is a value.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(key, value.as_ref()),
            None => self,
        }
    }

    /// Writes a value that is TOML already.
    #[must_use]
    pub fn value(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.0, "{key} = {value}");
        self
    }

    pub fn finish(self) -> String {
        self.0
    }
}
