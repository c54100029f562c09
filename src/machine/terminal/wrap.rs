//! Lines no wider than the terminal: broken between words, never within one.

use console::{measure_text_width, strip_ansi_codes};

/// Breaks lines that are wider than some columns. What continues a line stands below its last cell, where
/// it is a row of a table; a sentence goes on where it began, anything else a little to the right.
pub fn wrap(text: &str, columns: usize) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if measure_text_width(line.trim_end_matches('\n')) <= columns {
            out.push_str(line);
        } else {
            wrap_line(line, columns, &mut out);
        }
    }
    out
}

fn wrap_line(line: &str, columns: usize, out: &mut String) {
    let indent = indent(line, columns);
    let (mut used, mut rest, mut is_first) = (0, line, true);
    while !rest.is_empty() {
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[gap..].find(' ').map_or(rest.len(), |end| gap + end);
        let word = &rest[gap..end];
        let width = measure_text_width(word.trim_end_matches('\n'));
        if !is_first && !word.is_empty() && used + gap + width > columns {
            // A long address would rather stand further to the left than be broken by the terminal.
            used = indent.min(columns.saturating_sub(width));
            out.push('\n');
            out.push_str(&" ".repeat(used));
            out.push_str(word);
        } else {
            out.push_str(&rest[..end]);
            used += gap;
        }
        used += width;
        is_first = false;
        rest = &rest[end..];
    }
}

/// Returns where the rest of a line begins.
fn indent(line: &str, columns: usize) -> usize {
    let plain = strip_ansi_codes(line);
    let start = plain.len() - plain.trim_start_matches(' ').len();
    if start == 0 && plain.starts_with(char::is_uppercase) {
        return 0;
    }
    let cell = plain[start..].rfind("  ").map(|at| measure_text_width(&plain[..start + at + 2]));
    cell.filter(|cell| *cell <= columns * 2 / 3).unwrap_or((start + 2).min(columns / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_hang_below_their_last_cell() {
        let check = |text: &str, expected: &str| {
            assert_eq!(wrap(text, 20), expected, "{text:?}");
        };
        check("as it is  \n\n", "as it is  \n\n");
        check("exactly twenty wide.\n", "exactly twenty wide.\n");
        check("note: words that go on and on\n", "note: words that go\n  on and on\n");
        check("Words that go on and on\n", "Words that go on and\non\n");
        check("  a  b  one two three four\n", "  a  b  one two\n        three four\n");
        check("  a very long name  user  x\n", "  a very long name\n    user  x\n");
        check("see https://example.com/a/b/c/d\n", "see\nhttps://example.com/a/b/c/d\n");
        check("see https://e.com/abc.\n", "see\n  https://e.com/abc.\n");
        check("really do it? [yes/no] ", "really do it?\n  [yes/no] ");
        check(
            "\u{1b}[1mbold words\u{1b}[0m of twenty!\n",
            "\u{1b}[1mbold words\u{1b}[0m of\n  twenty!\n",
        );
        check("äöü äöü äöü äöü äöü x\n", "äöü äöü äöü äöü äöü\n  x\n");
        check("世界世界世界 世界世界\n", "世界世界世界\n  世界世界\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_a_word_is() {
        let text =
            "  + plugin      alpha@tools  user     1.0.0, enabled, brings hooks and servers\n";
        for columns in 12..120 {
            let wrapped = wrap(text, columns);
            assert!(wrapped.lines().all(|line| measure_text_width(line) <= columns), "{wrapped}");
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words(&wrapped), words(text));
        }
    }
}
