//! A complaint about a text file, with the place and the line shown.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::paint::one_line;

/// A place in a text file; both numbers count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// One thing wrong with one file. Prints as `file:line:column: message`, the line with a caret, and a hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    pub file: PathBuf,
    pub at: Option<Position>,
    pub message: String,
    pub hint: Option<String>,
    /// The line complained about and how many of its characters are meant.
    excerpt: Option<Box<Excerpt>>,
}

/// Boxed, so that a `Result` with a diagnostic stays small.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    line: String,
    width: usize,
}

impl Diagnostic {
    /// A complaint about the file as a whole. What it quotes was written by others, and stays on one line.
    pub fn whole(file: &Path, message: impl Into<String>) -> Self {
        let message = one_line(&message.into());
        Self { file: file.to_owned(), at: None, message, hint: None, excerpt: None }
    }

    /// A complaint about the bytes `range` of `text`.
    pub fn span(file: &Path, text: &str, range: Range<usize>, message: impl Into<String>) -> Self {
        let start = floor_boundary(text, range.start);
        let end = floor_boundary(text, range.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let width = text[start..end.min(line_end)].chars().count().max(1);
        Self {
            at: Some(position(text, start)),
            excerpt: Some(Box::new(Excerpt {
                line: text[line_start..line_end].trim_end_matches('\r').to_owned(),
                width,
            })),
            ..Self::whole(file, message)
        }
    }

    /// A complaint about the character at `at` of `text`.
    pub fn at(file: &Path, text: &str, at: Position, message: impl Into<String>) -> Self {
        let line = text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
        Self {
            at: Some(at),
            excerpt: Some(Box::new(Excerpt { line: line.to_owned(), width: 1 })),
            ..Self::whole(file, message)
        }
    }

    /// Gives it a place without showing the line.
    #[must_use]
    pub fn near(mut self, at: Option<Position>) -> Self {
        self.at = at;
        self
    }

    /// Returns where it is, the line and the hint, for somebody who has read the message already.
    #[must_use]
    pub fn without_message(&self) -> Self {
        Self { message: String::new(), ..self.clone() }
    }

    /// Returns it as text in which the line complained about is not wider than some columns.
    pub fn within(&self, columns: usize) -> String {
        let shown = Shown { fault: self, columns };
        shown.to_string()
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Everything wrong with the files that a command relies on.
#[derive(Debug, thiserror::Error)]
#[error("{} faults", .0.len())]
pub struct Faults(pub Vec<Diagnostic>);

impl From<Diagnostic> for Faults {
    fn from(fault: Diagnostic) -> Self {
        Self(vec![fault])
    }
}

impl From<Vec<Diagnostic>> for Faults {
    fn from(faults: Vec<Diagnostic>) -> Self {
        Self(faults)
    }
}

/// Returns the line and column of a byte offset.
pub fn position(text: &str, offset: usize) -> Position {
    let before = &text[..floor_boundary(text, offset)];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown { fault: self, columns: COLUMNS }.fmt(f)
    }
}

/// How wide a line is shown where nobody says how much room there is.
const COLUMNS: usize = 110;

/// A complaint and how much room there is for its line.
struct Shown<'a> {
    fault: &'a Diagnostic,
    columns: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { file, at, message, hint, excerpt } = self.fault;
        write!(f, "{}", file.display())?;
        if let Some(Position { line, column }) = at {
            write!(f, ":{line}:{column}")?;
        }
        if !message.is_empty() {
            write!(f, ": {message}")?;
        }
        if let (Some(excerpt), Some(at)) = (excerpt, at) {
            let gutter = at.line.to_string();
            // Beside the line stand its number, a rule, and three blanks.
            let cells = self.columns.saturating_sub(gutter.len() + 4).max(1);
            let (shown, column, width) = window(&excerpt.line, at.column, excerpt.width, cells);
            let blank = " ".repeat(gutter.len());
            write!(f, "\n {gutter} | {shown}\n {blank} | ")?;
            write!(f, "{}{}", " ".repeat(column - 1), "^".repeat(width))?;
        }
        if let Some(hint) = hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Cuts a long line around the column and makes every character one cell wide.
fn window(line: &str, column: usize, width: usize, cells: usize) -> (String, usize, usize) {
    let skip = if column > cells { column - cells / 2 - 1 } else { 0 };
    let shown: String =
        line.chars().skip(skip).take(cells).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let column = column - skip;
    (shown, column, width.min(cells.saturating_sub(column - 1)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_words_complained_about() {
        let text = "version = 1\n\tsorce = \"x\"\n";
        let shown = Diagnostic::span(Path::new("skills.toml"), text, 13..18, "unknown key `sorce`")
            .hint("did you mean `source`?")
            .to_string();
        assert_eq!(
            shown,
            "skills.toml:2:2: unknown key `sorce`\n 2 |  sorce = \"x\"\n   |  ^^^^^\nhint: did you mean `source`?"
        );
    }

    #[test]
    fn a_line_that_is_wider_than_the_terminal_is_cut_around_the_caret() {
        let text = format!("{} wrong {}", "a".repeat(80), "b".repeat(80));
        let fault = Diagnostic::span(Path::new("f"), &text, 81..86, "no");
        for columns in [20, 60, 200] {
            let shown = fault.within(columns);
            let lines: Vec<&str> = shown.lines().skip(1).collect();
            assert!(lines.iter().all(|line| line.len() <= columns), "{shown}");
            let caret = lines[1].find('^').unwrap();
            assert_eq!(&lines[0][caret..caret + 5], "wrong", "{shown}");
        }
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        assert_eq!(position("ab", 99), Position { line: 1, column: 3 });
        Diagnostic::span(Path::new("f"), "", 5..9, "x").to_string();
    }
}
