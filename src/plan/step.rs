//! What a plan says and does: lines for people, steps for the machine.

use std::path::PathBuf;

use crate::clients::LockFolder;
use crate::declared::generation::Tree;
use crate::model::{Thing, TreeHash};

/// One line of a plan: what it is about and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sign: Sign,
    pub subject: Subject,
    pub text: String,
    /// The thing is not ours.
    pub foreign: bool,
}

impl Line {
    /// Returns a line about a thing of ours.
    pub fn of(sign: Sign, thing: Thing, text: impl Into<String>) -> Self {
        Self { sign, subject: Subject::Thing(thing), text: text.into(), foreign: false }
    }

    /// Returns a line about a file.
    pub fn file(sign: Sign, path: PathBuf, text: impl Into<String>) -> Self {
        Self { sign, subject: Subject::File(path), text: text.into(), foreign: false }
    }
}

/// What a line is about, and what a step is taken for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Thing(Thing),
    /// A manifest, a lock or another file that is written for its own sake.
    File(PathBuf),
}

impl Subject {
    /// Returns the word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Thing(thing) => thing.kind(),
            Self::File(_) => "file",
        }
    }

    pub fn name(&self) -> String {
        match self {
            Self::Thing(thing) => thing.name().to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    pub fn thing(&self) -> Option<&Thing> {
        match self {
            Self::Thing(thing) => Some(thing),
            Self::File(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Add,
    Change,
    Remove,
    /// Left alone.
    Keep,
}

/// One action on the disk, and what it is taken for: each subject has a line in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub action: Action,
    pub subjects: Vec<Subject>,
}

impl Step {
    /// Returns a step that is taken for one thing.
    pub fn of(thing: &Thing, action: Action) -> Self {
        Self { action, subjects: vec![Subject::Thing(thing.clone())] }
    }
}

/// One action on the disk, with everything that it takes to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Swap a copy of a folder, or file, into place; it is made ready in `staging`, on the same disk.
    /// What it holds is told by its hash or its commit, where that is known.
    Place { from: PathBuf, to: PathBuf, what: Bytes, staging: PathBuf, content: Option<String> },
    /// Swap a copy of some files of a folder into place.
    Part { from: PathBuf, files: Vec<String>, to: PathBuf, hash: TreeHash, staging: PathBuf },
    /// Delete a folder of bytes that nothing names any more.
    Delete { path: PathBuf },
    /// Replace a file that still holds `before`.
    Write { to: Target, before: Option<Vec<u8>>, after: Vec<u8> },
    /// Make a symbolic link where nothing stands.
    Link { at: PathBuf, target: PathBuf },
    /// Remove a symbolic link.
    Unlink { at: PathBuf },
    /// Move a folder into the trash.
    Trash { path: PathBuf, trash: PathBuf },
    /// Move a folder back out of the trash; what stands in its place goes there.
    Restore { from: PathBuf, to: PathBuf, tree: Tree },
    /// Remove a file that still holds `before`.
    Erase { at: Target, before: Vec<u8> },
    /// Remove a folder that was made for what is gone, if nothing else is in it.
    Tidy { folder: PathBuf },
    /// Run the installer of a package.
    Run { package: String, command: Vec<String> },
}

/// A file that is to be written, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub path: PathBuf,
    /// The mode of a new file.
    pub mode: u32,
    /// The lock that the client holds around each write of it, and so do we.
    pub lock: Option<LockFolder>,
}

/// What is put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// A plugin: the folder without `.git`.
    Tree,
    /// A marketplace clone: the folder with `.git`.
    Clone,
    /// A catalog that the client keeps as a plain file.
    File,
    /// A folder that is about to be replaced, to where copies are kept.
    Backup,
}
