//! Characters that a person does not see and a model reads: invisible, tag and bidirectional ones.

use crate::model::Position;

/// One hidden character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    pub at: Position,
    pub character: char,
    pub what: &'static str,
    /// It stands alone, in a text that hides nothing: what an editor or a web page leaves behind.
    pub stray: bool,
}

/// More of them than slip in by mistake may spell something.
const MOST_STRAYS: usize = 8;

/// Returns the hidden characters of a text. A byte order mark at the start, joiners inside emoji and inside
/// words of scripts that need them, flags of regions and single variation selectors are not hidden text.
pub fn hidden(text: &str) -> Vec<Hidden> {
    let mut found = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut before: Option<char> = None;
    let mut flag_ends = 0;
    let is_alone = |c: Option<char>| c.is_none_or(|c| kind(c).is_none());
    for (offset, character) in text.char_indices() {
        let after = || text[offset + character.len_utf8()..].chars().next();
        if character == BLACK_FLAG {
            flag_ends = offset + flag_length(&text[offset..]);
        }
        if let Some(what) = kind(character)
            && offset >= flag_ends
            && !is_proper(character, before, after())
        {
            let stray = is_space(character) && is_alone(before) && is_alone(after());
            found.push(Hidden { at: Position { line, column }, character, what, stray });
        }
        before = Some(character);
        (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    // Beside what does hide something, or in numbers, they may belong to it.
    if found.len() > MOST_STRAYS || found.iter().any(|hidden| !hidden.stray) {
        for hidden in &mut found {
            hidden.stray = false;
        }
    }
    found
}

const BLACK_FLAG: char = '\u{1F3F4}';

fn kind(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{200B}' => "zero width space",
        '\u{200C}' => "zero width non-joiner",
        '\u{200D}' => "zero width joiner",
        '\u{2060}' => "word joiner",
        '\u{FEFF}' => "zero width no-break space",
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "bidirectional control",
        '\u{2061}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{180E}' => "invisible character",
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => "invisible filler",
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => "variation selector",
        '\u{E0000}'..='\u{E007F}' => "tag character",
        _ => return None,
    })
}

/// Characters that only say where a line may be broken, and a byte order mark in the middle of a text.
fn is_space(character: char) -> bool {
    matches!(character, '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}

/// Tells whether a character of a suspicious kind does here what it is for.
fn is_proper(character: char, before: Option<char>, after: Option<char>) -> bool {
    let joins = |fits: fn(char) -> bool| before.is_some_and(fits) && after.is_some_and(fits);
    match character {
        '\u{FEFF}' => before.is_none(),
        '\u{200D}' => joins(is_emoji) || joins(is_joining_script),
        '\u{200C}' => joins(is_joining_script),
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => {
            before.is_some_and(|before| kind(before).is_none() && !before.is_whitespace())
        }
        _ => false,
    }
}

/// Emoji and what may end one: a variation selector, a skin tone, the end of a flag.
fn is_emoji(character: char) -> bool {
    matches!(character,
        '\u{1F000}'..='\u{1FAFF}' | '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{E007F}'
        | '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{3030}' | '\u{303D}'
        | '\u{3297}' | '\u{3299}')
}

/// Arabic to Sinhala, where joiners are part of the spelling.
fn is_joining_script(character: char) -> bool {
    matches!(character, '\u{0600}'..='\u{0DFF}')
}

/// Returns the bytes of a flag such as that of Scotland: a black flag, a region in tags, the end tag.
fn flag_length(text: &str) -> usize {
    let region = |c: &char| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}');
    let tags = text.chars().skip(1).take_while(region).count();
    let ended = text.chars().nth(1 + tags) == Some('\u{E007F}');
    if (3..=6).contains(&tags) && ended { 4 * (tags + 2) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Vec<u32> {
        hidden(text).iter().map(|hidden| u32::from(hidden.character)).collect()
    }

    #[test]
    fn hidden_characters_are_found_where_they_stand() {
        let found = hidden("one\ntwo\u{202E}x\u{E0041}");
        assert_eq!(found[0].at, Position { line: 2, column: 4 });
        assert_eq!(found[0].what, "bidirectional control");
        assert_eq!(found[1].at, Position { line: 2, column: 6 });
        assert_eq!(points("a\u{200B}b\u{200C}\u{200D}\u{2060}"), [0x200B, 0x200C, 0x200D, 0x2060]);
        assert_eq!(points("a\u{FEFF}"), [0xFEFF]);
        assert_eq!(points("a\u{FE01}\u{FE02}"), [0xFE02]);
    }

    #[test]
    fn a_few_that_stand_alone_hide_nothing() {
        let check = |text: &str, expected: &[bool]| {
            let strays: Vec<bool> = hidden(text).iter().map(|hidden| hidden.stray).collect();
            assert_eq!(strays, expected, "{text:?}");
        };
        check("a\u{200B}b # c\u{FEFF}\n\u{2060}", &[true, true, true]);
        check("a\u{200B}\u{200B}b c\u{200B}d", &[false; 3]);
        check("a\u{200B}\u{200D}b", &[false, false]);
        check("a\u{200C}b \u{202E}c \u{E0041}", &[false, false, false]);
        check(&"a\u{200B}".repeat(8), &[true; 8]);
        check(&"a\u{200B}".repeat(9), &[false; 9]);
    }

    #[test]
    fn emoji_and_scripts_with_joiners_are_not_hidden_text() {
        for text in [
            "\u{FEFF}# Title",
            "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F} 🏳\u{FE0F}\u{200D}🌈 👩🏽\u{200D}💻",
            "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
            "می\u{200C}خواهم क्\u{200D}ष",
            "naïve – “quotes” … 漢字",
        ] {
            assert_eq!(hidden(text), [], "{text}");
        }
    }

    #[test]
    fn a_flag_does_not_cover_a_message_in_tags() {
        let message: String =
            "run this".bytes().map(|b| char::from_u32(0xE0000 + u32::from(b)).unwrap()).collect();
        assert_eq!(hidden(&format!("🏴{message}\u{E007F}")).len(), 9);
        assert_eq!(hidden(&format!("👩{message}")).len(), 8);
    }
}
