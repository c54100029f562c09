//! The frontmatter of a `SKILL.md`: read strictly, as any YAML reader does, and tolerantly, as the client does.

use serde_json::{Map, Value};

use crate::formats::yaml::{self, YamlFault};
use crate::model::Position;

/// What the lines between the two `---` say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frontmatter {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Both spellings: one text of words, or a list.
    pub allowed_tools: Vec<String>,
    /// Every other key, and `name` or `description` when their value is not a text.
    pub extra: Map<String, Value>,
}

/// One `SKILL.md`, read both ways.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub bom: bool,
    /// The strict verdict.
    pub strict: Result<Frontmatter, FrontmatterError>,
    /// The strict reading, or what can be made out line by line.
    pub best: Frontmatter,
}

/// Why the frontmatter is not portable. Positions count from the top of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontmatterError {
    #[error("is not UTF-8")]
    Encoding,
    #[error("has no frontmatter: the first line is not `---`")]
    Missing,
    #[error("has frontmatter that no `---` line ends")]
    Open,
    #[error("has frontmatter longer than 64 KiB")]
    Long,
    #[error("frontmatter {fault}")]
    Yaml { at: Position, fault: YamlFault },
}

impl FrontmatterError {
    /// Returns the place, where there is one.
    pub fn at(&self) -> Option<Position> {
        match self {
            Self::Yaml { at, .. } => Some(*at),
            Self::Open => Some(Position { line: 1, column: 1 }),
            Self::Encoding | Self::Missing | Self::Long => None,
        }
    }
}

/// Reads the bytes of a `SKILL.md`.
pub fn read(bytes: &[u8]) -> Reading {
    let bom = bytes.starts_with(BOM);
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let strict = match std::str::from_utf8(bytes) {
        Ok(text) => strict(text),
        Err(_) => Err(FrontmatterError::Encoding),
    };
    let best = strict.clone().unwrap_or_else(|_| tolerant(&text));
    Reading { bom, strict, best }
}

/// Cuts a file into its frontmatter, which starts on line 2, and its body.
///
/// # Errors
/// `Missing` and `Open`.
pub fn split(text: &str) -> Result<(&str, &str), FrontmatterError> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Err(FrontmatterError::Missing);
    }
    let mut end = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return Ok((&text[first.len()..end], &text[end + line.len()..]));
        }
        end += line.len();
    }
    Err(FrontmatterError::Open)
}

const BOM: &[u8] = b"\xEF\xBB\xBF";
const LONGEST: usize = 64 * 1024;

fn strict(text: &str) -> Result<Frontmatter, FrontmatterError> {
    let (yaml, _) = split(text)?;
    if yaml.len() > LONGEST {
        return Err(FrontmatterError::Long);
    }
    let map = yaml::mapping(yaml).map_err(|error| FrontmatterError::Yaml {
        at: Position { line: error.at.line + 1, ..error.at },
        fault: error.fault,
    })?;
    Ok(typed(map))
}

fn typed(mut map: Map<String, Value>) -> Frontmatter {
    let mut text = |key: &str| match map.get(key) {
        Some(Value::String(text)) => {
            let text = text.trim().to_owned();
            map.shift_remove(key);
            Some(text).filter(|text| !text.is_empty())
        }
        _ => None,
    };
    let (name, description) = (text("name"), text("description"));
    let allowed_tools = map.shift_remove("allowed-tools").map(words).unwrap_or_default();
    Frontmatter { name, description, allowed_tools, extra: map }
}

/// Splits at blanks and commas outside parentheses: `Bash(git add *) Read` is two tools.
fn words(value: Value) -> Vec<String> {
    let text = match value {
        Value::String(text) => text,
        Value::Array(items) => return items.into_iter().flat_map(words).collect(),
        _ => return Vec::new(),
    };
    let mut depth = 0_usize;
    let is_gap = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c.is_whitespace() || c == ',')
    };
    text.split(is_gap).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Finds `name` and `description` line by line, whatever the rest looks like.
fn tolerant(text: &str) -> Frontmatter {
    let Ok((yaml, _)) = split(text) else { return Frontmatter::default() };
    if yaml.len() > LONGEST {
        return Frontmatter::default();
    }
    Frontmatter {
        name: loose(yaml, "name:"),
        description: loose(yaml, "description:"),
        ..Frontmatter::default()
    }
}

/// Returns the value of the first line that starts with `key`, with the indented lines below it.
fn loose(yaml: &str, key: &str) -> Option<String> {
    let mut lines = yaml.lines().skip_while(|line| !line.starts_with(key));
    let first = lines.next()?[key.len()..].trim();
    let first = if first.starts_with(['>', '|']) && first.len() <= 3 { "" } else { first };
    let rest = lines.take_while(|line| line.starts_with([' ', '\t'])).map(str::trim);
    let joined: Vec<&str> = std::iter::once(first).chain(rest).filter(|l| !l.is_empty()).collect();
    let joined = joined.join(" ");
    let bare = ['"', '\''].into_iter().find_map(|q| joined.strip_prefix(q)?.strip_suffix(q));
    Some(bare.unwrap_or(&joined).to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strictly(text: &str) -> Frontmatter {
        read(text.as_bytes()).strict.unwrap()
    }

    #[test]
    fn known_keys_are_typed_and_the_others_kept() {
        let front = strictly(
            "---\nname: pdf\ndescription: >-\n  Reads\n  PDFs\nlicense: MIT\nversion: 2\n\
             allowed-tools: Bash(git add *), Read\n---\n# PDF\n",
        );
        assert_eq!(front.name.as_deref(), Some("pdf"));
        assert_eq!(front.description.as_deref(), Some("Reads PDFs"));
        assert_eq!(front.allowed_tools, ["Bash(git add *)", "Read"]);
        assert_eq!(front.extra.keys().collect::<Vec<_>>(), ["license", "version"]);
    }

    #[test]
    fn a_list_of_tools_reads_like_a_text_of_tools() {
        for tools in ["Bash, Read", "Bash Read", "[Bash, Read]", "\n  - Bash\n  - Read"] {
            let front = strictly(&format!("---\nname: a\nallowed-tools: {tools}\n---\n"));
            assert_eq!(front.allowed_tools, ["Bash", "Read"], "{tools:?}");
        }
    }

    #[test]
    fn an_unquoted_colon_is_an_error_with_its_place_and_the_skill_still_has_its_name() {
        let reading = read(b"---\nname: loose\ndescription: Use when: asked\n---\n");
        let error = reading.strict.unwrap_err();
        assert_eq!(error.at(), Some(Position { line: 3, column: 22 }));
        assert_eq!(reading.best.name.as_deref(), Some("loose"));
        assert_eq!(reading.best.description.as_deref(), Some("Use when: asked"));
    }

    #[test]
    fn the_tolerant_reading_joins_folded_lines_and_drops_quotes() {
        let reading = read(b"---\nbad: a: b\nname: \"x\"\ndescription: >-\n  one\n  two\n---\n");
        assert_eq!(reading.best.name.as_deref(), Some("x"));
        assert_eq!(reading.best.description.as_deref(), Some("one two"));
    }

    #[test]
    fn missing_and_open_frontmatter_are_told_apart() {
        let check = |bytes: &[u8], expected| {
            assert_eq!(read(bytes).strict.unwrap_err(), expected, "{bytes:?}");
        };
        check(b"", FrontmatterError::Missing);
        check(b"# Title\n---\n", FrontmatterError::Missing);
        check(b"\n---\nname: a\n---\n", FrontmatterError::Missing);
        check(b"---\nname: a\n", FrontmatterError::Open);
        check(b"---\nname: \xff\n---\n", FrontmatterError::Encoding);
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_do_not_hide_the_frontmatter() {
        let reading = read(b"\xEF\xBB\xBF---\r\nname: a\r\n---\r\nbody\r\n");
        assert!(reading.bom);
        assert_eq!(reading.strict.unwrap().name.as_deref(), Some("a"));
    }

    #[test]
    fn a_name_that_is_not_a_text_stays_among_the_other_keys() {
        let front = strictly("---\nname: 5\ndescription: [a]\n---\n");
        assert_eq!(front.name, None);
        assert_eq!(front.extra.len(), 2);
    }
}
