//! Generations: what a run was about to change, and what it takes to go back.
//!
//! Of a client's file only the values that a run touched are kept, as they were written; of what it
//! put there a digest says later whether it is still that. Trees are not in a record: they wait in a
//! trash on their own file system, under a name that the record knows.

mod file;
mod saved;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use saved::Saved;

pub use file::{Changed, FileChange, Force, Reverted, ValueChange, revert};

use super::stored;
use crate::model::{Diagnostic, Thing};

/// One plan that was applied, or was about to be. A run that had to plan again, or that went on where
/// another was cut short, has more than one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub version: u32,
    /// RFC 3339 with milliseconds.
    pub time: String,
    /// The command line, without secrets.
    pub command: String,
    pub manifest: PathBuf,
    /// Everything from this generation on was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undid: Option<u32>,
    pub lines: Vec<Line>,
    pub files: Vec<FileChange>,
    pub trees: Vec<TreeChange>,
    pub links: Vec<LinkChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerChange>,
    /// Folders that were not there, the outer ones first.
    pub folders: Vec<PathBuf>,
    /// Packages whose installers ran: what those did is not known.
    pub installers: Vec<String>,
}

/// What became of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub became: Became,
    #[serde(with = "stored::thing", default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<Thing>,
    /// A file that was written for its own sake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Added,
    Changed,
    Removed,
}

/// A folder, or a catalog that is a plain file, that was put somewhere, replaced or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeChange {
    pub path: PathBuf,
    /// What made room, and waits in the trash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Kept>,
    /// What came instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Tree>,
    /// Where that came from, if it was in the trash itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    #[serde(with = "stored::thing", default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<Thing>,
}

/// A tree that made room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    #[serde(flatten)]
    pub tree: Tree,
    /// Where it waits.
    pub slot: PathBuf,
    /// The number of the folder on its file system: no rename changes it, so that after a kill one can
    /// tell what stands where.
    pub inode: u64,
}

/// One tree, wherever it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    pub id: String,
    /// What it hashes to, or the commit of a clone, where that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// A symbolic link that was made, replaced or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkChange {
    pub path: PathBuf,
    pub before: Option<PathBuf>,
    pub after: Option<PathBuf>,
    #[serde(with = "stored::thing", default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<Thing>,
}

/// The ledger around a run, as text; it holds digests and no values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerChange {
    pub before: String,
    pub after: String,
}

/// A generation as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    pub number: u32,
    pub parts: Vec<Part>,
    /// Its run came to its end.
    pub is_done: bool,
    /// The bytes of its record.
    pub size: u64,
}

/// The version that is written.
pub const VERSION: u32 = 1;

impl Part {
    /// Reads a record.
    pub fn parse(file: &Path, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let broken = |error: serde_json::Error| {
            // What is wrong may repeat a value that is nobody's to see.
            let text = format!("the record of a run cannot be read, in line {}", error.line());
            Diagnostic::whole(file, text)
                .hint("delete its folder: then that run cannot be taken back")
        };
        let part: Self = serde_json::from_slice(bytes).map_err(broken)?;
        if part.version > VERSION {
            let text = format!("the record is of version {}, of a newer zskills", part.version);
            return Err(Diagnostic::whole(file, text).hint("update zskills"));
        }
        Ok(part)
    }

    /// Returns the text of its file.
    ///
    /// # Panics
    /// A path is not UTF-8, which no root is.
    pub fn render(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("texts, numbers and UTF-8 paths serialise");
        text.push('\n');
        text
    }
}

impl Generation {
    /// Returns when it began.
    pub fn time(&self) -> &str {
        self.parts.first().map_or("", |part| &part.time)
    }

    /// Returns the command lines that made it, each once.
    pub fn commands(&self) -> Vec<&str> {
        let mut commands: Vec<&str> = self.parts.iter().map(|part| part.command.as_str()).collect();
        commands.dedup();
        commands
    }

    pub fn undid(&self) -> Option<u32> {
        self.parts.iter().find_map(|part| part.undid)
    }

    /// Returns what waits in the trash because of it.
    pub fn kept(&self) -> impl Iterator<Item = &Kept> {
        self.parts.iter().flat_map(|part| &part.trees).filter_map(|tree| tree.before.as_ref())
    }
}

/// Returns what became of each thing and file in some generations together, in the order of their first change.
pub fn net<'g>(parts: impl IntoIterator<Item = &'g Part>) -> Vec<Line> {
    let mut lines: Vec<(bool, Line)> = Vec::new();
    for line in parts.into_iter().flat_map(|part| &part.lines) {
        let is_it = |(_, other): &&mut (bool, Line)| {
            (&other.thing, &other.file) == (&line.thing, &line.file)
        };
        match lines.iter_mut().find(is_it) {
            Some((_, known)) => *known = line.clone(),
            None => lines.push((line.became != Became::Added, line.clone())),
        }
    }
    let became = |(was, line): (bool, Line)| {
        let became = match (was, line.became != Became::Removed) {
            (true, true) => Became::Changed,
            (false, true) => Became::Added,
            (true, false) => Became::Removed,
            (false, false) => return None,
        };
        Some(Line { became, ..line })
    };
    lines.into_iter().filter_map(became).collect()
}

/// Returns the digest of a file's bytes, or that there is none.
pub fn digest_of(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "nothing".to_owned(), file::digest)
}

/// Returns the tree that stands at a path, as far as the newest record that names it knows.
pub fn standing<'g>(
    parts: impl DoubleEndedIterator<Item = &'g Part>,
    path: &Path,
    inode: Option<u64>,
) -> Option<&'g Tree> {
    let mut changes = parts.rev().flat_map(|part| part.trees.iter().rev());
    let change = changes.find(|change| change.path == path)?;
    match &change.before {
        // The run was cut short before it got there.
        Some(kept) if Some(kept.inode) == inode => Some(&kept.tree),
        _ => change.after.as_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(became: Became, name: &str) -> Line {
        let thing = Some(Thing::Marketplace { name: name.to_owned() });
        Line { became, thing, file: None, text: String::new() }
    }

    #[test]
    fn what_came_and_went_again_is_no_change() {
        use Became::{Added, Changed, Removed};
        let check = |steps: &[Became], expected: Option<Became>| {
            let parts = steps
                .iter()
                .map(|became| Part { lines: vec![line(*became, "tools")], ..Part::default() });
            let parts: Vec<Part> = parts.collect();
            let net: Vec<Became> = net(&parts).iter().map(|line| line.became).collect();
            assert_eq!(net, Vec::from_iter(expected), "{steps:?}");
        };
        check(&[Added], Some(Added));
        check(&[Added, Changed], Some(Added));
        check(&[Added, Removed], None);
        check(&[Removed, Added], Some(Changed));
        check(&[Changed, Removed], Some(Removed));
    }

    #[test]
    fn a_record_comes_back_and_one_of_a_newer_version_is_an_error() {
        let part = Part {
            version: VERSION,
            lines: vec![line(Became::Added, "tools")],
            trees: vec![TreeChange {
                path: "/p".into(),
                before: Some(Kept {
                    tree: Tree { id: "1.1".into(), content: None },
                    slot: "/t/1.1".into(),
                    inode: 7,
                }),
                after: None,
                from: None,
                thing: None,
            }],
            ..Part::default()
        };
        let read = |text: &str| Part::parse(Path::new("f"), text.as_bytes());
        assert_eq!(read(&part.render()).unwrap(), part);
        let newer = part.render().replace("\"version\": 1", "\"version\": 2");
        assert!(read(&newer).unwrap_err().message.contains("newer"));
        let error = read("{\"version\": \"hunter2\"}").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
