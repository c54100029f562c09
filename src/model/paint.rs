//! Text for a terminal: colour, which never carries meaning alone, and nothing that moves the cursor.

/// Whether a stream takes colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Colour,
}

impl Paint {
    pub fn red(self, text: &str) -> String {
        self.wrap("31;1", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// Removes what could rewrite a terminal or a reader's picture of a line, but keeps line breaks and tabs.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| is_seen(*c) || matches!(c, '\n' | '\t')).collect()
}

/// Returns a text that somebody else wrote as one line.
pub fn one_line(text: &str) -> String {
    let blank = |c: char| {
        matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let inert = |c: char| if blank(c) { Some(' ') } else { is_seen(c).then_some(c) };
    text.chars().filter_map(inert).collect()
}

/// Tells a character that stands where it is written from one that commands, turns or hides.
pub fn is_seen(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc"), "a[2Jb\nc");
        assert_eq!(plain("a\u{202e}b\u{200b}c\u{e0041}d\u{feff}é"), "abcdé");
        assert_eq!(one_line("a\n+  b\u{2028}\u{1b}[1mc\u{e0041}"), "a +  b [1mc");
    }
}
