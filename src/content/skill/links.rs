//! The files that a Markdown text refers to: links, images, reference definitions, and paths in inline code.

use std::ops::Range;

/// One reference to a file: the path as a reader of the text would open it, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub path: String,
    /// Bytes in the text.
    pub range: Range<usize>,
    pub kind: ReferenceKind,
}

/// How a text refers to a file. A word in inline code may be a path or anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    Link,
    Code,
}

/// Returns the relative references of a text, in order; fenced code blocks are passed over.
pub fn references(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => {
                links(line, start, &mut found);
                definitions(line, start, &mut found);
                code(line, start, &mut found);
            }
        }
        start += line.len();
    }
    found
}

/// Finds `](target)` and `](<target> "title")`.
fn links(line: &str, start: usize, found: &mut Vec<Reference>) {
    let mut at = 0;
    // Each part is looked at once, however many open brackets wait for the same end.
    while let Some(open) = line[at..].find("](").map(|open| at + open + 2) {
        let Some(end) = line[open..].find(')').map(|end| open + end) else { return };
        let from = line[open..end].rfind("](").map_or(open, |last| open + last + 2);
        target(line, from..end, start, found);
        at = end;
    }
}

/// Finds `[label]: target`.
fn definitions(line: &str, start: usize, found: &mut Vec<Reference>) {
    if line.trim_start().starts_with('[')
        && let Some(at) = line.find("]: ")
    {
        target(line, at + 3..line.len(), start, found);
    }
}

fn target(line: &str, range: Range<usize>, start: usize, found: &mut Vec<Reference>) {
    let whole = &line[range.clone()];
    let text = whole.trim();
    let text = match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((inner, _)) => inner,
        None => text.split_whitespace().next().unwrap_or_default(),
    };
    if let Some(path) = relative(text) {
        let range = start + range.start..start + range.end;
        found.push(Reference { path, range, kind: ReferenceKind::Link });
    }
}

/// Finds the words of inline code.
fn code(line: &str, start: usize, found: &mut Vec<Reference>) {
    let mut at = 0;
    for (i, piece) in line.split('`').enumerate() {
        if i % 2 == 1 {
            for word in piece.split_whitespace() {
                let word = word.trim_matches(['"', '\'', ',', ';', '(', ')']);
                if let Some(path) = relative(word) {
                    let range = start + at..start + at + piece.len();
                    found.push(Reference { path, range, kind: ReferenceKind::Code });
                }
            }
        }
        at += piece.len() + 1;
    }
}

/// Returns the path of a reference without query and fragment, unless it is an address or absolute.
fn relative(target: &str) -> Option<String> {
    let path = target.split(['#', '?']).next()?;
    let is_address = path.contains(':') || path.starts_with(['/', '~', '$', '<', '{']);
    if path.is_empty() || is_address { None } else { Some(path.replace("%20", " ")) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]

    use super::*;

    #[test]
    fn a_megabyte_of_brackets_is_looked_through_once() {
        let start = std::time::Instant::now();
        assert_eq!(references(&("](".repeat(500_000) + "x)")).len(), 1);
        assert_eq!(references(&"[a](../b)".repeat(100_000)).len(), 100_000);
        assert!(start.elapsed() < std::time::Duration::from_secs(120));
    }

    #[test]
    fn references_are_found_as_people_write_them() {
        let check = |text, expected: &[&str]| {
            let found: Vec<String> = references(text).into_iter().map(|r| r.path).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("see [forms](FORMS.md) and ![x](img/a.png \"A\")", &["FORMS.md", "img/a.png"]);
        check("[a](<my file.md>) [b](my%20file.md#part)", &["my file.md", "my file.md"]);
        check("[id]: docs/x.md", &["docs/x.md"]);
        check("run `python tools/run.py --fast` now", &["python", "tools/run.py", "--fast"]);
        check("[a](https://x.y/z) [b](#top) [c](/etc/passwd) [d](mailto:x)", &[]);
        check("[up](../other/x.md)", &["../other/x.md"]);
        check("```\n[a](b.md)\n```\n[c](d.md)", &["d.md"]);
        check("[open](", &[]);
        check("[a]([b](c.md) [d](e.md)", &["c.md", "e.md"]);
    }
}
