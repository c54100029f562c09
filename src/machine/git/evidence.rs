//! What proves which files a commit holds: the commit itself and its folders, each named by its
//! hash, so that nothing else has to be believed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::object::{Format, Id, Kind, Mode, Named, entries, time_of, tree_of};
use crate::model::Commit;

/// Some objects of a repository. An object is found by what it hashes to.
#[derive(Debug)]
pub(in crate::machine) struct Evidence {
    format: Format,
    objects: BTreeMap<Id, (Kind, Vec<u8>)>,
    bytes: u64,
}

/// A file of a commit, a link, or the place of another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::machine) struct Listed {
    pub path: PathBuf,
    pub what: What,
    pub id: Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::machine) enum What {
    File,
    Executable,
    Link,
    Module,
}

/// Why a commit's files cannot be had or must not be written.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("its object `{0}` is missing")]
    Missing(String),
    #[error("its object `{0}` is damaged")]
    Damaged(String),
    #[error("it holds `{0}`, which is no name for a file")]
    Name(String),
    #[error("it holds `{0}` twice")]
    Twice(String),
    #[error("it holds more than {0}")]
    TooMuch(&'static str),
    #[error("it has no folder `{0}`")]
    NoFolder(String),
    #[error("cannot write `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("its objects cannot be read: {0}")]
    Read(String),
}

impl Broken {
    /// Tells a commit that must not be used from one that could not be had.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Twice(_) | Self::TooMuch(_))
    }

    /// Tells whether what was kept is of no use, so that it is worth the while to fetch it again.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Damaged(_) | Self::Read(_))
    }
}

/// More files than any repository has that people install from.
const MOST_FILES: usize = 300_000;
/// The bytes of all paths together.
const MOST_NAMES: usize = 64 << 20;
/// The bytes of a commit and its folders.
const MOST_BYTES: u64 = 64 << 20;
pub(super) const DEEPEST: usize = 1000;

impl Evidence {
    pub fn new(format: Format) -> Self {
        Self { format, objects: BTreeMap::new(), bytes: 0 }
    }

    /// Adds an object, and returns what it is called.
    pub fn add(&mut self, kind: Kind, bytes: Vec<u8>) -> Result<Id, Broken> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST_BYTES {
            return Err(Broken::TooMuch("64 MiB of folders"));
        }
        let id = Id::hash(self.format, kind, &bytes);
        self.objects.insert(id, (kind, bytes));
        Ok(id)
    }

    pub fn get(&self, id: Id, kind: Kind) -> Option<&[u8]> {
        self.objects.get(&id).filter(|(is, _)| *is == kind).map(|(_, bytes)| bytes.as_slice())
    }

    /// Returns the folder that a commit is of.
    pub fn root(&self, commit: &Commit) -> Result<Id, Broken> {
        let id = Id::of(commit);
        let bytes = self.get(id, Kind::Commit).ok_or_else(|| Broken::Missing(id.to_string()))?;
        tree_of(bytes).ok_or_else(|| Broken::Damaged(id.to_string()))
    }

    /// Returns when a commit was made, in seconds since 1970.
    pub fn time(&self, commit: &Commit) -> Option<u64> {
        time_of(self.get(Id::of(commit), Kind::Commit)?)
    }

    /// Returns the files of a commit by path, or those of one folder of it.
    pub fn list(&self, commit: &Commit, within: Option<&str>) -> Result<Vec<Listed>, Broken> {
        let mut at = (PathBuf::new(), self.root(commit)?);
        for part in parts(within) {
            let name = part.as_bytes();
            let folder = self.folder(at.1)?.into_iter();
            let mut folder = folder.filter(|named| named.mode == Mode::Folder);
            let found = folder.find(|named| named.name == name);
            let none = || Broken::NoFolder(within.unwrap_or_default().to_owned());
            at = (at.0.join(part), found.ok_or_else(none)?.id);
        }
        let mut listing = Listing { evidence: self, files: Vec::new(), names: 0, folders: 0 };
        listing.folder(&at.0, at.1, 0)?;
        listing.files.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        Ok(listing.files)
    }

    /// Returns what is in a folder.
    pub fn folder(&self, id: Id) -> Result<Vec<Named<'_>>, Broken> {
        let bytes = self.get(id, Kind::Tree).ok_or_else(|| Broken::Missing(id.to_string()))?;
        entries(bytes, self.format).ok_or_else(|| Broken::Damaged(id.to_string()))
    }

    /// Returns the text from which the same evidence can be read.
    pub fn render(&self) -> Vec<u8> {
        let mut text = header(self.format).into_bytes();
        for (kind, bytes) in self.objects.values() {
            text.extend_from_slice(format!("{} {}\n", kind.name(), bytes.len()).as_bytes());
            text.extend_from_slice(bytes);
        }
        text
    }

    /// Reads evidence back; whatever else it says, each object is what it hashes to.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let format = [Format::Sha1, Format::Sha256].into_iter();
        let format =
            format.into_iter().find(|format| text.starts_with(header(*format).as_bytes()))?;
        let mut rest = &text[header(format).len()..];
        let mut evidence = Self::new(format);
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let (kind, length) = str::from_utf8(&rest[..end]).ok()?.split_once(' ')?;
            let kinds = [Kind::Commit, Kind::Tree, Kind::Blob].into_iter();
            let kind = kinds.into_iter().find(|one| one.name() == kind)?;
            rest = &rest[end + 1..];
            let bytes = rest.get(..length.parse().ok()?)?;
            evidence.add(kind, bytes.to_vec()).ok()?;
            rest = &rest[bytes.len()..];
        }
        Some(evidence)
    }
}

fn header(format: Format) -> String {
    let format = match format {
        Format::Sha1 => "sha1",
        Format::Sha256 => "sha256",
    };
    format!("zskills evidence 1 {format}\n")
}

/// Returns the folders of a path; none for the whole.
pub(in crate::machine) fn parts(within: Option<&str>) -> impl Iterator<Item = &OsStr> {
    let path = Path::new(within.unwrap_or_default());
    path.components().filter(|part| *part != Component::CurDir).map(Component::as_os_str)
}

struct Listing<'a> {
    evidence: &'a Evidence,
    files: Vec<Listed>,
    names: usize,
    folders: usize,
}

impl Listing<'_> {
    fn folder(&mut self, path: &Path, id: Id, depth: usize) -> Result<(), Broken> {
        if depth > DEEPEST {
            return Err(Broken::TooMuch("1000 folders in each other"));
        }
        self.folders += 1;
        if self.folders > MOST_FILES {
            return Err(Broken::TooMuch("300000 folders"));
        }
        let mut seen = BTreeSet::new();
        for named in self.evidence.folder(id)? {
            let below = path.join(OsStr::from_bytes(named.name));
            let shown = || below.to_string_lossy().escape_debug().to_string();
            if !is_name(named.name) {
                return Err(Broken::Name(shown()));
            }
            if !seen.insert(named.name) {
                return Err(Broken::Twice(shown()));
            }
            let what = match named.mode {
                Mode::Folder => {
                    self.folder(&below, named.id, depth + 1)?;
                    continue;
                }
                Mode::File => What::File,
                Mode::Executable => What::Executable,
                Mode::Link => What::Link,
                Mode::Module => What::Module,
            };
            self.names += below.as_os_str().len();
            if self.files.len() == MOST_FILES {
                return Err(Broken::TooMuch("300000 files"));
            }
            if self.names > MOST_NAMES {
                return Err(Broken::TooMuch("64 MiB of names"));
            }
            self.files.push(Listed { path: below, what, id: named.id });
        }
        Ok(())
    }
}

/// Tells whether a name is one file in its folder, and not a repository in disguise.
fn is_name(name: &[u8]) -> bool {
    let special = name.is_empty() || name == b"." || name == b"..";
    !special && !name.contains(&b'/') && !name.eq_ignore_ascii_case(b".git")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A folder of these names, in their order.
    fn tree(named: &[(&str, &str, Id)]) -> Vec<u8> {
        let line = |(mode, name, id): &(&str, &str, Id)| {
            [format!("{mode} {name}\0").as_bytes(), id.raw()].concat()
        };
        named.iter().flat_map(line).collect()
    }

    fn commit(tree: Id) -> Vec<u8> {
        format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 2 +0000\n\nx\n")
            .into_bytes()
    }

    fn named(commit: Id) -> Commit {
        commit.to_string().parse().unwrap()
    }

    fn blob(text: &str) -> Id {
        Id::hash(Format::Sha1, Kind::Blob, text.as_bytes())
    }

    /// The evidence of a commit with a root of these names, which may be folders of `below`.
    fn proof(root: &[(&str, &str, Id)], below: &[Vec<u8>]) -> (Evidence, Commit) {
        let mut evidence = Evidence::new(Format::Sha1);
        for tree in below {
            evidence.add(Kind::Tree, tree.clone()).unwrap();
        }
        let root = evidence.add(Kind::Tree, tree(root)).unwrap();
        let commit = evidence.add(Kind::Commit, commit(root)).unwrap();
        (evidence, named(commit))
    }

    fn paths(listed: &[Listed]) -> Vec<&str> {
        listed.iter().map(|listed| listed.path.to_str().unwrap()).collect()
    }

    #[test]
    fn the_files_of_a_commit_come_by_path_and_a_folder_alone_where_it_is_asked_for() {
        let below = tree(&[("100755", "run", blob("r")), ("120000", "x", blob("l"))]);
        let folder = Id::hash(Format::Sha1, Kind::Tree, &below);
        let root =
            [("100644", "a.b", blob("1")), ("40000", "a", folder), ("160000", "m", blob("m"))];
        let (evidence, commit) = proof(&root, &[below]);
        let all = evidence.list(&commit, None).unwrap();
        assert_eq!(paths(&all), ["a.b", "a/run", "a/x", "m"]);
        let kinds: Vec<What> = all.iter().map(|listed| listed.what).collect();
        assert_eq!(kinds, [What::File, What::Executable, What::Link, What::Module]);
        for within in ["a", "./a", "a/."] {
            assert_eq!(paths(&evidence.list(&commit, Some(within)).unwrap()), ["a/run", "a/x"]);
        }
        for within in ["b", "a.b", "a/run", "m", "..", "a/../a"] {
            let error = evidence.list(&commit, Some(within)).unwrap_err();
            assert!(matches!(error, Broken::NoFolder(_)), "{within}: {error:?}");
        }
        assert_eq!(evidence.time(&commit), Some(2));
    }

    #[test]
    fn names_that_are_not_one_file_in_their_folder_are_refused() {
        let refused = |names: &[&str]| {
            let named: Vec<_> = names.iter().map(|name| ("100644", *name, blob("x"))).collect();
            let (evidence, commit) = proof(&named, &[]);
            let error = evidence.list(&commit, None).unwrap_err();
            assert!(error.is_refusal(), "{error:?}");
            error
        };
        for name in ["", ".", "..", "a/b", "/", ".git", ".GIT"] {
            assert!(matches!(refused(&[name]), Broken::Name(_)), "{name}");
        }
        assert!(matches!(refused(&["a", "b", "a"]), Broken::Twice(_)));
    }

    #[test]
    fn few_objects_cannot_stand_for_more_files_than_there_may_be() {
        let check = |leaf: &[(&str, &str, Id)], folders: (usize, usize), expected: &str| {
            let (levels, width) = folders;
            let mut evidence = Evidence::new(Format::Sha1);
            let mut id = evidence.add(Kind::Tree, tree(leaf)).unwrap();
            let names: Vec<String> = (0..width).map(|n| n.to_string()).collect();
            for _ in 0..levels {
                let same: Vec<_> = names.iter().map(|n| ("40000", n.as_str(), id)).collect();
                id = evidence.add(Kind::Tree, tree(&same)).unwrap();
            }
            let commit = named(evidence.add(Kind::Commit, commit(id)).unwrap());
            let Err(Broken::TooMuch(what)) = evidence.list(&commit, None) else {
                panic!("{expected}")
            };
            assert_eq!(what, expected);
        };
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(|name| ("100644", name.as_str(), blob("x"))).collect();
        check(&many, (10, 10), "300000 files");
        check(&[], (10, 10), "300000 folders");
        check(&[("100644", "f", blob("x"))], (1001, 1), "1000 folders in each other");
    }

    #[test]
    fn evidence_is_read_back_and_a_changed_byte_proves_nothing() {
        let below = tree(&[("100644", "x", blob("x"))]);
        let folder = Id::hash(Format::Sha1, Kind::Tree, &below);
        let (evidence, commit) = proof(&[("40000", "a", folder)], &[below]);
        let text = evidence.render();
        let again = Evidence::parse(&text).unwrap();
        assert_eq!(again.list(&commit, None).unwrap(), evidence.list(&commit, None).unwrap());
        let header = text.iter().position(|byte| *byte == b'\n').unwrap();
        for at in header + 1..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            let proven = Evidence::parse(&changed).map(|evidence| evidence.list(&commit, None));
            assert!(!matches!(proven, Some(Ok(_))), "{at}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_evidence_panic(text in any::<Vec<u8>>()) {
            let text = [header(Format::Sha1).as_bytes(), &text].concat();
            drop(Evidence::parse(&text));
        }

        #[test]
        fn no_folder_makes_a_listing_panic(bytes in any::<Vec<u8>>()) {
            let mut evidence = Evidence::new(Format::Sha1);
            let root = evidence.add(Kind::Tree, bytes).unwrap();
            let commit = named(evidence.add(Kind::Commit, commit(root)).unwrap());
            drop(evidence.list(&commit, None));
        }
    }
}
