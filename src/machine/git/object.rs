//! git's objects: their ids, and what commits and folders say. No file and no process.

use std::fmt;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::machine::store::hex;
use crate::model::Commit;

/// The hash of an object: what names it, and what it must hash to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::machine) struct Id {
    bytes: [u8; 32],
    format: Format,
}

/// Which hash a repository names its objects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::machine) enum Format {
    Sha1,
    Sha256,
}

impl Format {
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl Id {
    /// Takes raw bytes, as many as the format has.
    pub fn new(raw: &[u8]) -> Option<Self> {
        let format = match raw.len() {
            20 => Format::Sha1,
            32 => Format::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { bytes, format })
    }

    pub fn parse(text: &[u8]) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let byte = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?);
        Self::new(&text.chunks(2).map(byte).collect::<Option<Vec<u8>>>()?)
    }

    pub fn of(commit: &Commit) -> Self {
        Self::parse(commit.as_str().as_bytes()).expect("a commit is an id in hex")
    }

    pub fn raw(&self) -> &[u8] {
        &self.bytes[..self.format.length()]
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the id that an object of these bytes has.
    pub fn hash(format: Format, kind: Kind, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(format, kind, bytes.len() as u64);
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.raw()))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum Kind {
    Commit,
    Tree,
    Blob,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }
}

/// The id of an object in the making.
pub(in crate::machine) enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub fn new(format: Format, kind: Kind, length: u64) -> Self {
        let mut hasher = match format {
            Format::Sha1 => Self::Sha1(Sha1::new()),
            Format::Sha256 => Self::Sha256(Sha256::new()),
        };
        hasher.update(format!("{} {length}\0", kind.name()).as_bytes());
        hasher
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    pub fn finish(self) -> Id {
        let id = match self {
            Self::Sha1(digest) => Id::new(&digest.finalize()),
            Self::Sha256(digest) => Id::new(&digest.finalize()),
        };
        id.expect("both hashes have the length of an id")
    }
}

/// Returns the folder that a commit is of.
pub(in crate::machine) fn tree_of(commit: &[u8]) -> Option<Id> {
    let line = commit.strip_prefix(b"tree ")?.split(|byte| *byte == b'\n').next()?;
    Id::parse(line)
}

/// Returns when a commit was made, in seconds since 1970.
pub(in crate::machine) fn time_of(commit: &[u8]) -> Option<u64> {
    let head = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let line = head.into_iter().find_map(|line| line.strip_prefix(b"committer "))?;
    let text = String::from_utf8_lossy(line);
    text.rsplit_once('>')?.1.split_whitespace().next()?.parse().ok()
}

/// One name in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) struct Named<'a> {
    pub mode: Mode,
    pub name: &'a [u8],
    pub id: Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum Mode {
    File,
    Executable,
    Link,
    Folder,
    /// A commit of another repository.
    Module,
}

/// Returns what is in a folder, or nothing for bytes that are no folder.
pub(in crate::machine) fn entries(tree: &[u8], format: Format) -> Option<Vec<Named<'_>>> {
    let mut rest = tree;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let mode = mode(&rest[..space])?;
        rest = &rest[space + 1..];
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (name, after) = (&rest[..end], &rest[end + 1..]);
        let id = Id::new(after.get(..format.length())?)?;
        rest = &after[format.length()..];
        entries.push(Named { mode, name, id });
    }
    Some(entries)
}

/// Old programs wrote other permissions than the two that count.
fn mode(digits: &[u8]) -> Option<Mode> {
    let mode = u32::from_str_radix(str::from_utf8(digits).ok()?, 8).ok()?;
    Some(match mode & 0o170_000 {
        0o040_000 => Mode::Folder,
        0o100_000 if mode & 0o100 != 0 => Mode::Executable,
        0o100_000 => Mode::File,
        0o120_000 => Mode::Link,
        0o160_000 => Mode::Module,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: &str = "257cc5642cb1a054f08cc83f2d943e56fd3ebe99";

    fn id(text: &str) -> Id {
        Id::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_object_has_the_id_that_git_gives_it() {
        assert_eq!(Id::hash(Format::Sha1, Kind::Blob, b"foo\n"), id(BLOB));
        let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        assert_eq!(Id::hash(Format::Sha1, Kind::Tree, b""), id(empty));
        let empty = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
        assert_eq!(Id::hash(Format::Sha256, Kind::Tree, b""), id(empty));
    }

    #[test]
    fn an_id_is_forty_or_sixty_four_digits() {
        for text in ["", "2", "257cc5", &BLOB[1..], &format!("{BLOB}0"), &"g".repeat(40)] {
            assert_eq!(Id::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(id(BLOB).to_string(), BLOB);
        assert_eq!(Id::of(&BLOB.parse().unwrap()), id(BLOB));
    }

    #[test]
    fn a_commit_says_its_folder_and_its_time() {
        let commit = format!(
            "tree {BLOB}\nparent {BLOB}\nauthor A <a@b> 5 +0100\n\
             committer C > <c@d> 1767323045 +0000\n\ncommitter x <y> 7 +0000\n"
        );
        assert_eq!(tree_of(commit.as_bytes()), Some(id(BLOB)));
        assert_eq!(time_of(commit.as_bytes()), Some(1_767_323_045));
        for broken in ["", "tree x\n", "parent x\ntree y\n", "\n\ncommitter x <y> 7 +0000\n"] {
            assert_eq!((tree_of(broken.as_bytes()), time_of(broken.as_bytes())), (None, None));
        }
    }

    #[test]
    fn a_folder_is_read_name_by_name_and_anything_else_is_none() {
        let raw = id(BLOB);
        let one = |mode: &str| [mode.as_bytes(), b" n\0", raw.raw()].concat();
        for (mode, expected) in [
            ("100644", Mode::File),
            ("100664", Mode::File),
            ("100755", Mode::Executable),
            ("120000", Mode::Link),
            ("40000", Mode::Folder),
            ("040000", Mode::Folder),
            ("160000", Mode::Module),
        ] {
            let (tree, expected) = (one(mode), Named { mode: expected, name: b"n", id: raw });
            assert_eq!(entries(&tree, Format::Sha1), Some(vec![expected]), "{mode}");
        }
        let fine = one("100644");
        for end in 1..fine.len() {
            assert_eq!(entries(&fine[..end], Format::Sha1), None, "{end}");
        }
        for mode in ["", "0", "10064x", "020000", "99999999999"] {
            assert_eq!(entries(&one(mode), Format::Sha1), None, "{mode}");
        }
    }
}
