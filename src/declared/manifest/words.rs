//! Splits a command into words as a shell does; nothing is expanded.

/// Why a text is not one plain command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WordsError {
    #[error("is empty")]
    Empty,
    #[error("has a `{0}` without its partner")]
    Quote(char),
    #[error("ends in a backslash")]
    Backslash,
    #[error("has `{0}`, but no shell runs it; quote it when it is part of an argument")]
    Shell(char),
}

/// Returns the words of a command; at least one.
pub(super) fn words(text: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => {
                word.get_or_insert_default().push(chars.next().ok_or(WordsError::Backslash)?);
            }
            '|' | '&' | ';' | '<' | '>' | '`' | '$' => return Err(WordsError::Shell(c)),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) { Err(WordsError::Empty) } else { Ok(words) }
}

/// Reads up to the closing quote.
fn quoted(
    quote: char,
    chars: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), WordsError> {
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next().ok_or(WordsError::Quote(quote))? {
                c @ ('"' | '\\' | '$' | '`') => word.push(c),
                c => word.extend(['\\', c]),
            },
            '$' | '`' if quote == '"' => return Err(WordsError::Shell(c)),
            c => word.push(c),
        }
    }
    Err(WordsError::Quote(quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text).unwrap(), expected);
        check("npx -y pkg install", &["npx", "-y", "pkg", "install"]);
        check("  a\tb  ", &["a", "b"]);
        check(r#"a 'b c' "d \"e\" \n" f\ g"#, &["a", "b c", "d \"e\" \\n", "f g"]);
        check(r#"a "" x'y'"z""#, &["a", "", "xyz"]);
        check("a '$HOME' '&&'", &["a", "$HOME", "&&"]);
    }

    #[test]
    fn what_only_a_shell_could_run_is_refused() {
        let check = |text: &str, expected: WordsError| assert_eq!(words(text), Err(expected));
        check("", WordsError::Empty);
        check("'' a", WordsError::Empty);
        check("a 'b", WordsError::Quote('\''));
        check("a \"b\\", WordsError::Quote('"'));
        check("a \\", WordsError::Backslash);
        check("a && b", WordsError::Shell('&'));
        check("a \"$HOME\"", WordsError::Shell('$'));
    }
}
