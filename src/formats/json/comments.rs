//! Takes out of a text what JSON does not allow and people like to write.

/// Returns a text without its comments and its commas before a closing bracket; every other byte stays.
/// Lines that held nothing but a comment go. Nothing when a comment or a string does not end.
pub fn without_comments(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut comma: Option<usize> = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest)?,
            '/' if rest.starts_with("//") => {
                rest = comment(&mut out, rest, rest.find('\n').unwrap_or(rest.len()));
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = comment(&mut out, rest, rest.find("*/")? + 2);
                continue;
            }
            '}' | ']' => {
                if let Some(at) = comma.take() {
                    out.remove(at);
                }
                1
            }
            first => first.len_utf8(),
        };
        match first {
            ',' => comma = Some(out.len()),
            first if first.is_whitespace() => {}
            _ => comma = None,
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Some(out)
}

/// Drops a comment of some length, with its line if that is all there is on it, and returns what follows.
fn comment<'a>(out: &mut String, rest: &'a str, length: usize) -> &'a str {
    let after = &rest[length..];
    let blanks = out.len() - out.trim_end_matches([' ', '\t']).len();
    let alone = out[..out.len() - blanks].chars().next_back().is_none_or(|c| c == '\n');
    let line_end = after.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n');
    match line_end {
        Some(next) if alone => {
            out.truncate(out.len() - blanks);
            next
        }
        Some(_) => {
            out.truncate(out.len() - blanks);
            after
        }
        None => after,
    }
}

/// Returns the length of the string that a text begins with.
fn string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_and_last_commas_go() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(without_comments(text).as_deref(), expected, "{text}");
        };
        check("{\n  // mine\n  \"a\": 1 // one\n}\n", Some("{\n  \"a\": 1\n}\n"));
        check("{\"a\": /* b */ [1, 2, ], }", Some("{\"a\":  [1, 2 ] }"));
        check("{\"u\": \"https://x, }\\\" // y\"}", Some("{\"u\": \"https://x, }\\\" // y\"}"));
        check("{\"a\": 1, // last\n}", Some("{\"a\": 1\n}"));
        check("{\"a\": 12345678901234567890.10}", Some("{\"a\": 12345678901234567890.10}"));
        check("{ /* never ends", None);
        check("{\"a", None);
    }
}
