//! Texts in which variables of the environment stand, as the entries of servers have them.

use std::fmt;

use super::variable::is_name;

/// A text with references to variables as values. Read from and printed in the spelling of the
/// manifest, `${NAME}` and `${NAME:-default}`; a client's codec spells it as that client does.
///
/// What reads as no reference is literal, so every text comes back as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Vec<Part>);

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Literal(String),
    Variable { name: String, default: Option<String> },
}

impl Text {
    /// Joins pieces into a text; literals that meet become one.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut text = Self::default();
        for part in parts {
            text.push(part);
        }
        text
    }

    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Says whether a text may be this one with something put in for each variable.
    pub fn could_be(&self, other: &Self) -> bool {
        let other = other.to_string();
        let mut rest = other.as_str();
        // How many variables stand before the next literal; each takes a character or more.
        let mut before = 0;
        for (index, part) in self.0.iter().enumerate() {
            let Part::Literal(literal) = part else {
                before += 1;
                continue;
            };
            let is_last = index + 1 == self.0.len();
            let Some(open) = without_first(rest, before) else { return false };
            let at = match (before, is_last) {
                (0, _) => open.starts_with(literal).then_some(0),
                (_, true) => open.ends_with(literal).then(|| open.len() - literal.len()),
                (_, false) => open.find(literal),
            };
            let Some(at) = at else { return false };
            rest = &open[at + literal.len()..];
            before = 0;
        }
        if before == 0 { rest.is_empty() } else { without_first(rest, before).is_some() }
    }

    fn push(&mut self, part: Part) {
        match (self.0.last_mut(), part) {
            (_, Part::Literal(literal)) if literal.is_empty() => {}
            (Some(Part::Literal(text)), Part::Literal(literal)) => text.push_str(&literal),
            (_, part) => self.0.push(part),
        }
    }
}

/// Returns what follows the first characters; nothing when there are fewer.
fn without_first(text: &str, count: usize) -> Option<&str> {
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.into_iter().nth(count).map(|at| &text[at..])
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut read = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, found) = rest.split_at(at);
            read.push(Part::Literal(before.to_owned()));
            let (part, used) = match reference(&found[2..]) {
                Some((part, used)) => (part, used + 2),
                None => (Part::Literal("${".to_owned()), 2),
            };
            read.push(part);
            rest = &found[used..];
        }
        read.push(Part::Literal(rest.to_owned()));
        read
    }
}

/// Reads what follows `${`, and says how much of it was used.
fn reference(inner: &str) -> Option<(Part, usize)> {
    let end = inner.find('}')?;
    let (name, default) = match inner[..end].split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (&inner[..end], None),
    };
    let part = Part::Variable { name: name.to_owned(), default };
    is_name(name).then_some((part, end + 1))
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(literal) => f.write_str(literal),
            Part::Variable { name, default: None } => write!(f, "${{{name}}}"),
            Part::Variable { name, default: Some(default) } => write!(f, "${{{name}:-{default}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.to_owned())
    }

    fn variable(name: &str, default: Option<&str>) -> Part {
        Part::Variable { name: name.to_owned(), default: default.map(str::to_owned) }
    }

    #[test]
    fn references_are_values_and_everything_else_is_literal() {
        let check = |text: &str, expected: &[Part]| {
            assert_eq!(Text::from(text).parts(), expected, "{text}");
        };
        check("", &[]);
        check("plain", &[literal("plain")]);
        check("Bearer ${T}", &[literal("Bearer "), variable("T", None)]);
        check("${A:-x}/${B:-}", &[variable("A", Some("x")), literal("/"), variable("B", Some(""))]);
        check("${A:-${B}}", &[variable("A", Some("${B")), literal("}")]);
        for text in ["$HOME", "${env:T}", "${input:k}", "${1}", "${}", "${A", "a${", "$${"] {
            check(text, &[literal(text)]);
        }
        check("${${A}", &[literal("${"), variable("A", None)]);
    }

    fn texts() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(&["${", "}", "A", ":-", "$", "é", "${T}", "${U:-d}", " "]);
        prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_text_is_printed_as_it_was_read(text in texts()) {
            let read = Text::from(text.as_str());
            prop_assert_eq!(read.to_string(), text);
            prop_assert_eq!(Text::new(read.parts().to_vec()), read);
        }

        #[test]
        fn a_text_could_be_what_its_variables_make_of_it(text in texts(), value in "[a-zé$]{1,4}") {
            let text = Text::from(text);
            let put_in = text.parts().iter().map(|part| match part {
                Part::Literal(literal) => literal.as_str(),
                Part::Variable { .. } => &value,
            });
            let put_in = Text::from(put_in.collect::<String>());
            prop_assert!(text.could_be(&put_in), "{} {}", text, put_in);
        }
    }

    #[test]
    fn what_could_not_come_of_a_text_is_told_apart() {
        let check = |text: &str, other: &str, expected: bool| {
            assert_eq!(Text::from(text).could_be(&other.into()), expected, "{text} {other}");
        };
        check("${T}", "abc", true);
        check("${T}", "", false);
        check("Bearer ${T}", "Bearer abc", true);
        check("Bearer ${T}", "Basic abc", false);
        check("https://h/?k=${T}&x=1", "https://h/?k=abc&x=1", true);
        check("https://h/?k=${T}&x=1", "https://h/?k=abc&x=2", false);
        check("https://h/?k=${T}&x=${U}", "https://h/?k=abc", false);
        check("${A}-${B}-c", "a--c", false);
        check("${A}${B}", "a", false);
        check("${A}${B}", "ab", true);
        check("x${A}x", "xx", false);
        check("x", "x", true);
        check("", "x", false);
        check("", "", true);
    }
}
