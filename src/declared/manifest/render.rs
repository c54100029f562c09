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

/// Returns texts as a TOML array with one a line, so that a merge can take lines from both sides.
pub(crate) fn quoted_lines<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut lines = "[\n".to_owned();
    for text in texts {
        lines.extend(["  ", &quoted(text.as_ref()), ",\n"]);
    }
    lines + "]"
}

/// Returns a key, in quotes where it needs them.
pub(crate) fn key(text: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if !text.is_empty() && text.bytes().all(bare) { text.to_owned() } else { quoted(text) }
}

/// Returns pairs of key and TOML value as an inline table on one line.
pub(crate) fn inline_table(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{} = {value}", key(&name))).collect();
    format!("{{ {} }}", pairs.join(", "))
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

    /// Writes a value that is TOML already, unless it would be empty.
    #[must_use]
    pub fn filled(self, key: &str, empty: bool, value: impl FnOnce() -> String) -> Self {
        if empty { self } else { self.value(key, &value()) }
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
