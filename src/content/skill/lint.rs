//! Portability lint and content scan of one skill folder.

use super::frontmatter::{self, Frontmatter, FrontmatterError};
use super::links::{self, ReferenceKind};
use super::tree::{Kind, Listing, TreePath, base, parent, resolve};
use super::unicode;
use crate::formats::yaml::YamlFault;
use crate::model::{Position, position};

/// One thing found in a skill. The ids are stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    pub id: &'static str,
    pub severity: Severity,
    /// Relative to the skill's folder.
    pub path: String,
    pub at: Option<Position>,
    pub message: String,
    pub hint: Option<String>,
}

/// What a finding means for an install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Safety: refused.
    Error,
    /// Portability: some client or validator will not take it.
    Warning,
    /// For a person to look at: scripts and binaries.
    Info,
}

/// The largest file that is read, in bytes.
pub const SCANNED: u64 = 2 * 1024 * 1024;
/// The largest file that is installed, in bytes.
pub const LARGEST: u64 = 100 * 1024 * 1024;

/// Checks one skill: `folder` is the name it has or will have, `listing` holds what lies in it.
///
/// Findings come in the order of paths, those of the frontmatter first.
pub fn lint(
    folder: &str,
    listing: &Listing,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Vec<LintFinding> {
    let mut findings = skill_file(folder, listing, read);
    findings.extend(collisions(listing));
    for (path, entry) in listing.iter() {
        findings.extend(unusual_name(path));
        match &entry.kind {
            Kind::Dir => {}
            Kind::Special => findings.push(error("file.special", path, "is not a regular file")),
            Kind::Link { target } => findings.extend(link(path, target)),
            Kind::File | Kind::Executable => findings.extend(file(path, entry, read)),
        }
    }
    findings
}

const SKILL: &str = "SKILL.md";

/// Checks that there is a `SKILL.md` and what it says about itself.
fn skill_file(
    folder: &str,
    listing: &Listing,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Vec<LintFinding> {
    let Some(entry) = listing.get(SKILL) else { return vec![no_skill_file(listing)] };
    if !entry.is_file() {
        return vec![error("file.link", SKILL, "is not a regular file")];
    }
    if entry.size > SCANNED {
        return vec![error("file.large", SKILL, format!("has {} bytes", entry.size))];
    }
    let Some(bytes) = read(SKILL) else {
        return vec![warning("file.missing", SKILL, "cannot be read")];
    };
    let reading = frontmatter::read(&bytes);
    let mut findings = Vec::new();
    if reading.bom {
        let text = "starts with a byte order mark, which hides the frontmatter from some clients";
        findings.push(warning("bom", SKILL, text).hint("save it as UTF-8 without BOM"));
    }
    if let Err(problem) = &reading.strict {
        findings.push(unreadable(problem));
    }
    if !matches!(reading.strict, Err(FrontmatterError::Missing | FrontmatterError::Open)) {
        findings.extend(name(folder, &reading.best));
        findings.extend(description(&reading.best));
    }
    if let Ok(text) = std::str::from_utf8(&bytes) {
        findings.extend(outside_references(text));
    }
    findings
}

fn no_skill_file(listing: &Listing) -> LintFinding {
    let variant = listing.iter().find(|(path, _)| path.eq_ignore_ascii_case(SKILL));
    match variant {
        Some((path, _)) => warning("file.case", path, "is not called `SKILL.md`")
            .hint("rename it: clients look for exactly `SKILL.md`"),
        None => warning("file.missing", SKILL, "is missing"),
    }
}

fn unreadable(problem: &FrontmatterError) -> LintFinding {
    let (id, hint) = match problem {
        FrontmatterError::Missing => ("frontmatter.missing", "start the file with `---`"),
        FrontmatterError::Open => ("frontmatter.missing", "end the frontmatter with `---`"),
        FrontmatterError::Encoding => ("file.encoding", "save it as UTF-8"),
        FrontmatterError::Yaml { fault: YamlFault::Unquoted, .. } => {
            ("frontmatter.yaml", "put the value in quotes")
        }
        FrontmatterError::Yaml { .. } | FrontmatterError::Long => {
            ("frontmatter.yaml", "write it as plain `key: value` lines")
        }
    };
    LintFinding { at: problem.at(), ..warning(id, SKILL, problem.to_string()) }.hint(hint)
}

fn name(folder: &str, front: &Frontmatter) -> Vec<LintFinding> {
    let Some(name) = &front.name else {
        let (id, text) = if front.extra.contains_key("name") {
            ("name.charset", "has a `name` that is not a text")
        } else {
            ("name.missing", "has no `name`")
        };
        return vec![warning(id, SKILL, text)];
    };
    let mut findings = Vec::new();
    let shown = name.escape_debug();
    if !is_portable(name) {
        let text = format!("has the name `{shown}`");
        let hint = "use 1 to 64 lower-case letters, digits and single `-`";
        findings.push(warning("name.charset", SKILL, text).hint(hint));
    }
    if name != folder {
        let text = format!("has the name `{shown}` in the folder `{}`", folder.escape_debug());
        findings.push(warning("name.folder", SKILL, text).hint("make them the same"));
    }
    findings
}

/// Tells whether a name is one by the Agent Skills specification.
fn is_portable(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&name.len())
        && name.bytes().all(fits)
        && name.split('-').all(|part| !part.is_empty())
}

fn description(front: &Frontmatter) -> Option<LintFinding> {
    let Some(text) = &front.description else {
        return Some(match front.extra.get("description") {
            None | Some(serde_json::Value::Null | serde_json::Value::String(_)) => {
                warning("description.missing", SKILL, "has no `description`")
                    .hint("say what it does and when to use it: clients choose skills by it")
            }
            Some(_) => {
                warning("description.missing", SKILL, "has a `description` that is not a text")
            }
        });
    };
    let length = text.chars().count();
    let long =
        || warning("description.long", SKILL, format!("has a description of {length} characters"));
    (length > 1024).then(|| long().hint("keep it to 1,024"))
}

/// Finds Markdown links that work in the source only, since an install takes the folder alone.
/// Whoever has read so many of one kind has understood.
const MOST_ALIKE: usize = 50;

fn outside_references(text: &str) -> Vec<LintFinding> {
    let outside =
        |r: &links::Reference| r.kind == ReferenceKind::Link && resolve("", &r.path).is_none();
    let finding = |r: links::Reference| LintFinding {
        at: Some(position(text, r.range.start)),
        ..warning(
            "link.outside",
            SKILL,
            format!("refers to `{}`, outside the skill", r.path.escape_debug()),
        )
    };
    links::references(text).into_iter().filter(outside).take(MOST_ALIKE).map(finding).collect()
}

/// Finds paths that are one file where case does not count.
fn collisions(listing: &Listing) -> Vec<LintFinding> {
    let mut folded = std::collections::HashMap::new();
    let mut findings = Vec::new();
    for (path, _) in listing.iter() {
        if let Some(other) = folded.insert(path.to_lowercase(), path) {
            let text =
                format!("is the same as `{}` where case does not count", other.escape_debug());
            findings.push(error("file.collision", path, text));
        }
    }
    findings
}

fn unusual_name(path: &str) -> Option<LintFinding> {
    let hides = !unicode::hidden(path).is_empty();
    let shown: String = path.escape_default().collect();
    hides.then(|| error("unicode.hidden", &shown, "has a name with hidden characters"))
}

/// Checks a link inside the skill.
fn link(path: &str, target: &str) -> Option<LintFinding> {
    let shown = target.escape_debug();
    let leaves = resolve(parent(path), target).is_none();
    leaves.then(|| error("link.escape", path, format!("links to `{shown}`, outside the skill")))
}

fn file(path: &str, entry: &TreePath, read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Vec<LintFinding> {
    let size = entry.size;
    if size > LARGEST {
        let text = format!("has {size} bytes; the limit is {LARGEST}");
        return vec![error("file.large", path, text)];
    }
    if size > SCANNED {
        let text = format!("has {size} bytes, so its contents are not scanned");
        return vec![warning("file.large", path, text)];
    }
    let Some(bytes) = read(path) else { return Vec::new() };
    if is_binary(path, &bytes) {
        return vec![finding("file.binary", Severity::Info, path, "is a binary file")];
    }
    let mut findings = Vec::new();
    if is_script(path, entry, &bytes) {
        findings.push(finding("file.script", Severity::Info, path, "is a script"));
    }
    findings.extend(hidden_text(path, &String::from_utf8_lossy(&bytes)));
    findings
}

const SCRIPTS: [&str; 18] = [
    "bash", "bat", "cjs", "cmd", "fish", "js", "lua", "mjs", "php", "pl", "ps1", "py", "rb", "sh",
    "swift", "ts", "vbs", "zsh",
];
const TEXTS: [&str; 8] = ["json", "markdown", "md", "mdx", "toml", "txt", "yaml", "yml"];

/// A text extension makes a file text: a zero byte must not hide the rest of it from the scan.
fn is_binary(path: &str, bytes: &[u8]) -> bool {
    let is_text = extension(path).is_some_and(|e| TEXTS.contains(&e) || SCRIPTS.contains(&e));
    !is_text && bytes[..bytes.len().min(8192)].contains(&0)
}

fn is_script(path: &str, entry: &TreePath, bytes: &[u8]) -> bool {
    entry.kind == Kind::Executable
        || bytes.starts_with(b"#!")
        || extension(path).is_some_and(|e| SCRIPTS.contains(&e))
}

fn extension(path: &str) -> Option<&str> {
    base(path).rsplit_once('.').map(|(_, extension)| extension)
}

fn hidden_text(path: &str, text: &str) -> Vec<LintFinding> {
    const SHOWN: usize = 5;
    let (strays, hidden): (Vec<_>, Vec<_>) =
        unicode::hidden(text).into_iter().partition(|hidden| hidden.stray);
    let more = hidden.len().saturating_sub(SHOWN);
    let says = |hidden: &unicode::Hidden| {
        format!("has U+{:04X}, a {}", u32::from(hidden.character), hidden.what)
    };
    let mut findings: Vec<_> = hidden[..hidden.len() - more]
        .iter()
        .map(|hidden| LintFinding {
            at: Some(hidden.at),
            ..error("unicode.hidden", path, says(hidden))
        })
        .collect();
    findings.extend(strays.iter().map(|stray| LintFinding {
        at: Some(stray.at),
        ..warning("unicode.stray", path, says(stray)).hint("it hides nothing; take it out")
    }));
    if more > 0 {
        findings.push(error("unicode.hidden", path, format!("has {more} more hidden characters")));
    }
    findings
}

fn error(id: &'static str, path: &str, message: impl Into<String>) -> LintFinding {
    finding(id, Severity::Error, path, message)
}

fn warning(id: &'static str, path: &str, message: impl Into<String>) -> LintFinding {
    finding(id, Severity::Warning, path, message)
}

fn finding(
    id: &'static str,
    severity: Severity,
    path: &str,
    message: impl Into<String>,
) -> LintFinding {
    let message = message.into();
    LintFinding { id, severity, path: path.to_owned(), at: None, message, hint: None }
}

impl LintFinding {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests;
