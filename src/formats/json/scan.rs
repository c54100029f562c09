//! Finds where each value of a JSON text begins and ends. Comments and trailing commas are let through.

use std::ops::Range;

use serde_json::{Map, Value};

/// Nesting beyond this is refused; clients write less than ten.
const DEEPEST: usize = 500;

/// A scanned text.
#[derive(Debug)]
pub struct Document {
    pub root: Node,
    /// Where the first comment starts.
    pub comment: Option<usize>,
    /// Where the first comma before a closing bracket is.
    pub trailing_comma: Option<usize>,
}

/// A value; scalars have no entries.
#[derive(Debug, Clone)]
pub struct Node {
    pub span: Range<usize>,
    pub entries: Vec<Member>,
}

/// A member of an object, or an element of an array (no key).
#[derive(Debug, Clone)]
pub struct Member {
    /// The span of the quoted name.
    pub key: Option<Range<usize>>,
    pub value: Node,
    /// The comma after it.
    pub comma: Option<usize>,
}

/// Why a text cannot be scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanError {
    pub offset: usize,
    pub expected: &'static str,
}

/// One comment between tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub span: Range<usize>,
    /// Ends with its line.
    pub line: bool,
}

/// Scans a whole text.
pub fn document(text: &str) -> Result<Document, ScanError> {
    shallow(text, DEEPEST)
}

/// Scans a whole text but keeps only the entries of the outer levels.
pub fn shallow(text: &str, levels: usize) -> Result<Document, ScanError> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut scanner = Scanner::new(text, start, levels);
    scanner.skip()?;
    let root = scanner.value()?;
    scanner.skip()?;
    if scanner.at < text.len() {
        return scanner.fail("the end of the file");
    }
    Ok(Document { root, comment: scanner.comment, trailing_comma: scanner.trailing_comma })
}

/// Returns the comments that come next in a scanned text.
pub fn comments(text: &str, from: usize) -> Vec<Comment> {
    let mut scanner = Scanner::new(text, from, 0);
    let mut comments = Vec::new();
    loop {
        scanner.blanks();
        match scanner.one_comment() {
            Ok(Some(comment)) => comments.push(comment),
            Ok(None) | Err(_) => return comments,
        }
    }
}

impl Node {
    pub fn is_object(&self, text: &str) -> bool {
        text.as_bytes()[self.span.start] == b'{'
    }

    pub fn is_array(&self, text: &str) -> bool {
        text.as_bytes()[self.span.start] == b'['
    }

    /// Returns the value; of members with one name the last counts.
    pub fn value(&self, text: &str) -> Option<Value> {
        if self.is_object(text) {
            let mut map = Map::new();
            for entry in &self.entries {
                let mut name = entry.name(text)?;
                // Two names with half a surrogate pair look alike here and are two to JavaScript.
                while name.contains(char::REPLACEMENT_CHARACTER) && map.contains_key(&name) {
                    name.push(char::REPLACEMENT_CHARACTER);
                }
                map.insert(name, entry.value.value(text)?);
            }
            Some(Value::Object(map))
        } else if self.is_array(text) {
            self.entries.iter().map(|entry| entry.value.value(text)).collect()
        } else if text.as_bytes()[self.span.start] == b'"' {
            Some(Value::String(unquote(&text[self.span.clone()])))
        } else {
            serde_json::from_str(&text[self.span.clone()]).ok()
        }
    }
}

impl Member {
    pub fn start(&self) -> usize {
        self.key.as_ref().map_or(self.value.span.start, |key| key.start)
    }

    pub fn end(&self) -> usize {
        self.value.span.end
    }

    /// Returns the end of the entry with its comma.
    pub fn end_with_comma(&self) -> usize {
        self.comma.map_or(self.end(), |comma| comma + 1)
    }

    pub fn name(&self, text: &str) -> Option<String> {
        Some(unquote(&text[self.key.clone()?]))
    }
}

/// Returns what a scanned string says. Half a surrogate pair, which JavaScript writes and reads, becomes U+FFFD.
fn unquote(quoted: &str) -> String {
    let mut rest = &quoted[1..quoted.len() - 1];
    let mut said = String::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        said.push_str(&rest[..at]);
        let (escapes, tail) = rest[at..].split_at(escapes(&rest[at..]));
        said.extend(char::decode_utf16(units(escapes)).map(|unit| unit.unwrap_or('\u{fffd}')));
        rest = tail;
    }
    said.push_str(rest);
    said
}

/// Returns the length of the escapes that a text starts with.
fn escapes(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'\\') {
        at += if bytes.get(at + 1) == Some(&b'u') { 6 } else { 2 };
    }
    at
}

/// Returns the UTF-16 units that escapes stand for; two of them may be one character.
fn units(escapes: &str) -> impl Iterator<Item = u16> {
    let mut rest = escapes;
    std::iter::from_fn(move || {
        let kind = *rest.as_bytes().get(1)?;
        let length = if kind == b'u' { 6 } else { 2 };
        let unit = match kind {
            b'u' => u16::from_str_radix(rest.get(2..6)?, 16).ok()?,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => u16::from(b'\n'),
            b'r' => u16::from(b'\r'),
            b't' => u16::from(b'\t'),
            itself => u16::from(itself),
        };
        rest = rest.get(length..)?;
        Some(unit)
    })
}

/// Returns how many bytes of a string come before one that matters; by blocks, which the compiler can vectorize.
fn plain_length(bytes: &[u8]) -> usize {
    const BLOCK: usize = 16;
    let matters = |byte: &u8| matches!(*byte, b'"' | b'\\' | 0..0x20);
    let plain = |block: &&[u8]| !block.iter().fold(false, |found, byte| found | matters(byte));
    let whole = bytes.chunks_exact(BLOCK).take_while(plain).count() * BLOCK;
    let rest = &bytes[whole..];
    whole + rest.iter().position(matters).unwrap_or(rest.len())
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// How many levels keep their entries.
    levels: usize,
    comment: Option<usize>,
    trailing_comma: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, at: usize, levels: usize) -> Self {
        Self { text: text.as_bytes(), at, depth: 0, levels, comment: None, trailing_comma: None }
    }

    fn value(&mut self) -> Result<Node, ScanError> {
        let start = self.at;
        let mut entries = Vec::new();
        match self.peek() {
            Some(b'{') => self.container(b'}', &mut entries)?,
            Some(b'[') => self.container(b']', &mut entries)?,
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return self.fail("a value"),
        }
        Ok(Node { span: start..self.at, entries })
    }

    fn container(&mut self, close: u8, entries: &mut Vec<Member>) -> Result<(), ScanError> {
        if self.depth == DEEPEST {
            return self.fail("fewer levels of nesting");
        }
        self.depth += 1;
        self.at += 1;
        self.skip()?;
        while self.peek() != Some(close) {
            let key = if close == b'}' { Some(self.key()?) } else { None };
            let value = self.value()?;
            self.skip()?;
            let comma = self.take(b',').then(|| self.at - 1);
            self.skip()?;
            if self.depth <= self.levels {
                entries.push(Member { key, value, comma });
            }
            if self.peek() == Some(close) {
                self.trailing_comma = self.trailing_comma.or(comma);
            } else if comma.is_none() {
                return self.fail(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" });
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn key(&mut self) -> Result<Range<usize>, ScanError> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return self.fail("a name in double quotes");
        }
        self.string()?;
        let key = start..self.at;
        self.skip()?;
        if !self.take(b':') {
            return self.fail("`:`");
        }
        self.skip()?;
        Ok(key)
    }

    fn string(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        loop {
            self.at += plain_length(&self.text[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) | None => return self.fail("the closing `\"`"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        match self.peek() {
            Some(b'u') => {
                let hex = self.text.get(self.at + 1..self.at + 5);
                if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                    return self.fail("four hex digits");
                }
                self.at += 5;
                Ok(())
            }
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            _ => self.fail("an escape that JSON knows"),
        }
    }

    fn number(&mut self) -> Result<(), ScanError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return self.fail("a digit");
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), ScanError> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return self.fail("a value");
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes past white space and comments.
    fn skip(&mut self) -> Result<(), ScanError> {
        loop {
            self.blanks();
            if self.peek() != Some(b'/') {
                return Ok(());
            }
            let Some(comment) = self.one_comment()? else { return Ok(()) };
            self.comment = self.comment.or(Some(comment.span.start));
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn one_comment(&mut self) -> Result<Option<Comment>, ScanError> {
        let rest = &self.text[self.at..];
        let line = rest.starts_with(b"//");
        let length = if line {
            rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            match rest[2..].windows(2).position(|pair| pair == b"*/") {
                Some(inside) => inside + 4,
                None => return self.fail("the closing `*/`"),
            }
        } else {
            return Ok(None);
        };
        let start = self.at;
        self.at += length;
        Ok(Some(Comment { span: start..self.at, line }))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, ScanError> {
        Err(ScanError { offset: self.at, expected })
    }
}
