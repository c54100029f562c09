//! A file of ours and the text that it is to have.

use std::path::PathBuf;

/// A manifest, a lock or another file that zskills alone writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    pub path: PathBuf,
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
    /// What it is, in words for people.
    pub what: &'static str,
}

impl OwnFile {
    /// Tells whether the file is as it is to be.
    pub fn is_written(&self) -> bool {
        self.before.as_deref() == Some(self.after.as_slice())
    }
}

/// The name of the folders in which what is put in place is made ready; whole runs of it are swept.
pub const STAGING: &str = ".zskills-staging";

/// The name of the folders in which what made room waits, where our own folder is on another disk.
pub const TRASH: &str = ".zskills-trash";
