//! The index of skills that a host publishes at `/.well-known/agent-skills/index.json`.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Url;
use serde_json::{Map, Value};

use super::tree;
use crate::formats::json;
use crate::model::{Diagnostic, Note, SkillName, TreeHash};

/// A checked index.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    pub entries: Vec<IndexEntry>,
    /// Entries that were passed over, by name.
    pub notes: Vec<Note>,
}

/// One published skill.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexEntry {
    pub name: SkillName,
    pub description: Option<String>,
    pub kind: IndexKind,
    /// Absolute: of the file, or of the folder (with a `/` at the end) for `Files`.
    pub url: String,
    /// Absent in the older form, which has none: the first download is trusted.
    pub digest: Option<Digest>,
}

/// What is behind the address of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexKind {
    /// One `SKILL.md`.
    SkillMd,
    /// An archive of a skill's folder.
    Archive,
    /// The older form: these files below the address.
    Files(Vec<String>),
}

/// `sha256:<64 hex>` over the bytes of one download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(TreeHash);

impl Digest {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Tells whether a download has this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        use sha2::{Digest as _, Sha256};
        let hex = self.as_str().trim_start_matches("sha256:").as_bytes();
        let own = hex.chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        own.eq(Sha256::digest(bytes).iter().map(|byte| Some(*byte)))
    }
}

/// Where to look on a host, best first.
pub const PATHS: [&str; 2] =
    ["/.well-known/agent-skills/index.json", "/.well-known/skills/index.json"];

const SCHEMA: &str = "https://schemas.agentskills.io/discovery/0.2.0/schema.json";

/// Reads the bytes that were found at the address `url`.
///
/// # Errors
/// Anything but an index, and an index of another `$schema`. In the older form, which has no digests, one
/// bad entry refuses the whole.
pub fn parse(url: &str, bytes: &[u8]) -> Result<Index, Box<Diagnostic>> {
    let file = Path::new(url);
    let fail = |message: String| Box::new(Diagnostic::whole(file, message));
    let base = Url::parse(url).map_err(|error| fail(format!("is not an address: {error}")))?;
    let text = std::str::from_utf8(bytes).map_err(|_| fail("is not UTF-8".to_owned()))?;
    let document = json::object(file, text)?;
    let Some(Value::Array(skills)) = document.get("skills") else {
        return Err(fail("has no list `skills`".to_owned()));
    };
    let read = match document.get("$schema") {
        None => legacy,
        Some(Value::String(schema)) if schema == SCHEMA => current,
        Some(other) => return Err(fail(format!("has the `$schema` {other}, which is not known"))),
    };
    let (mut index, mut names) =
        (Index { entries: Vec::new(), notes: Vec::new() }, BTreeSet::new());
    for (i, skill) in skills.iter().enumerate() {
        let entry = entry(skill, &base, read);
        match entry {
            Ok(entry) if names.insert(entry.name.as_str().to_ascii_lowercase()) => {
                index.entries.push(entry);
            }
            Ok(entry) => index
                .notes
                .push(Note::info(entry.name.as_str(), "is listed twice; the first is taken")),
            Err(why) if document.contains_key("$schema") => {
                index.notes.push(Note::refused(label(skill, i), why));
            }
            Err(why) => return Err(fail(format!("entry `{}` {why}", label(skill, i)))),
        }
    }
    Ok(index)
}

type Part = (IndexKind, Url, Option<Digest>);
type Read = fn(&Map<String, Value>, &SkillName, &Url) -> Result<Part, String>;

fn entry(skill: &Value, base: &Url, read: Read) -> Result<IndexEntry, String> {
    let skill = skill.as_object().ok_or("is not an object")?;
    let name = text(skill, "name").ok_or("has no `name`")?;
    let name: SkillName = name.parse().map_err(|error| format!("is not a name: it {error}"))?;
    let (kind, url, digest) = read(skill, &name, base)?;
    let description = text(skill, "description").map(str::to_owned);
    Ok(IndexEntry { name, description, kind, url: url.into(), digest })
}

/// Reads what an entry of version 0.2.0 adds.
fn current(skill: &Map<String, Value>, _: &SkillName, base: &Url) -> Result<Part, String> {
    let kind = match text(skill, "type") {
        Some("skill-md") => IndexKind::SkillMd,
        Some("archive") => IndexKind::Archive,
        Some(other) => {
            return Err(format!("has the type `{}`, which is not known", other.escape_debug()));
        }
        None => return Err("has no `type`".to_owned()),
    };
    let digest = text(skill, "digest").ok_or("has no `digest`")?;
    let digest =
        digest.parse().map_err(|()| "has a `digest` that is not `sha256:` and 64 hex digits")?;
    let url = text(skill, "url").ok_or("has no `url`")?;
    Ok((kind, joined(base, url)?, Some(Digest(digest))))
}

/// Reads what an entry of the older form adds.
fn legacy(skill: &Map<String, Value>, name: &SkillName, base: &Url) -> Result<Part, String> {
    let files = skill.get("files").and_then(Value::as_array).ok_or("has no list `files`")?;
    let files: Vec<String> = files.iter().map(file).collect::<Result<_, _>>()?;
    if !files.iter().any(|file| file == "SKILL.md") {
        return Err("lists no `SKILL.md`".to_owned());
    }
    Ok((IndexKind::Files(files), joined(base, &format!("{name}/"))?, None))
}

fn file(value: &Value) -> Result<String, String> {
    let path = value.as_str().ok_or("lists a file that is not a text")?;
    let is_plain = tree::resolve("", path).as_deref() == Some(path) && !climbs(path);
    let is_plain = is_plain && !path.is_empty() && !path.contains(|c: char| c.is_control());
    if is_plain {
        Ok(path.to_owned())
    } else {
        Err(format!("lists the file `{}`, which is not a plain relative path", path.escape_debug()))
    }
}

/// Joins an address to that of the index; never from https to anything else.
fn joined(base: &Url, url: &str) -> Result<Url, String> {
    let shown = url.escape_debug();
    if climbs(url) {
        return Err(format!("has the address `{shown}` with `..`"));
    }
    let url = base.join(url).map_err(|error| format!("has the address `{shown}`: {error}"))?;
    let is_safe = matches!((base.scheme(), url.scheme()), (_, "https") | ("http", "http"));
    if is_safe && url.username().is_empty() && url.password().is_none() {
        Ok(url)
    } else {
        Err(format!("has the address `{shown}`, which is not a plain https address"))
    }
}

/// Tells whether a part of the path is `..`, however it is written.
fn climbs(path: &str) -> bool {
    let plain =
        path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    plain.split(['/', '\\']).any(|part| part == "..")
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str()
}

fn label(skill: &Value, index: usize) -> String {
    let name = skill.get("name").and_then(Value::as_str);
    name.map_or_else(|| format!("skills[{index}]"), |name| name.escape_debug().to_string())
}

impl std::str::FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://h.example/.well-known/agent-skills/index.json";
    const OLD: &str = "https://h.example/.well-known/skills/index.json";

    fn new(entry: &str) -> Index {
        let text = format!(r#"{{"$schema":"{SCHEMA}","skills":[{entry}]}}"#);
        parse(URL, text.as_bytes()).unwrap()
    }

    fn with_url(url: &str) -> String {
        let digest = "a".repeat(64);
        format!(
            r#"{{"name":"a","description":"d","type":"skill-md","url":"{url}","digest":"sha256:{digest}"}}"#
        )
    }

    #[test]
    fn addresses_are_joined_to_that_of_the_index() {
        let check =
            |url: &str, expected: &str| assert_eq!(new(&with_url(url)).entries[0].url, expected);
        check("a/SKILL.md", "https://h.example/.well-known/agent-skills/a/SKILL.md");
        check("/x/SKILL.md", "https://h.example/x/SKILL.md");
        check("https://cdn.example/a.zip", "https://cdn.example/a.zip");
    }

    #[test]
    fn bad_entries_are_refused_by_name() {
        let good = with_url("a/SKILL.md");
        for bad in [
            with_url("../a/SKILL.md"),
            with_url("%2e%2E/a"),
            with_url("http://h.example/a"),
            with_url("file:///etc/passwd"),
            with_url("https://user:secret@h.example/a"),
            good.replace("sha256:", "md5:"),
            good.replace("sha256:a", "sha256:"),
            good.replace("skill-md", "magic"),
            good.replace("\"a\"", "\"../a\""),
            "7".to_owned(),
        ] {
            let index = new(&bad);
            assert_eq!((index.entries.len(), index.notes.len()), (0, 1), "{bad}");
        }
        assert_eq!(new(&format!("{good},{good}")).entries.len(), 1);
    }

    #[test]
    fn the_older_form_lists_files_and_one_bad_entry_refuses_it() {
        let read = |files: &str| {
            parse(OLD, format!(r#"{{"skills":[{{"name":"a","files":{files}}}]}}"#).as_bytes())
        };
        let index = read(r#"["SKILL.md","references/x.md"]"#).unwrap();
        assert_eq!(index.entries[0].url, "https://h.example/.well-known/skills/a/");
        let files = vec!["SKILL.md".to_owned(), "references/x.md".to_owned()];
        assert_eq!(index.entries[0].kind, IndexKind::Files(files));
        for bad in ["../x", "/etc/passwd", "a/../b", "a\\\\b", "", "%2e%2e/x", "./x", "a\\n"] {
            assert!(read(&format!(r#"["SKILL.md","{bad}"]"#)).is_err(), "{bad}");
        }
        assert!(read(r#"["x.md"]"#).is_err());
    }

    #[test]
    fn anything_else_is_not_an_index() {
        for text in
            ["", "[]", "{}", r#"{"skills":{}}"#, r#"{"$schema":"https://x","skills":[]}"#, "\u{0}"]
        {
            assert!(parse(URL, text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse("nonsense", b"{\"skills\":[]}").is_err());
    }

    #[test]
    fn a_digest_knows_its_bytes() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest: Digest = empty.parse().unwrap();
        assert!(digest.matches(b"") && !digest.matches(b"x"));
    }
}
