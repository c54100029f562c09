//! What is kept of a fetched commit in a folder of our cache, and how it is believed: not at all.
//!
//! ```text
//! <name>-<digest of the address>/<commit>[-<digest of the folder>]/
//!     objects/    what the server sent; never changed, and never taken away
//!     evidence    the commit and its folders
//!     origin      where it is from; written last, so that an entry with it is a whole one
//!     tree/       the files; made anew from the objects when they are not what the commit says
//! ```
//! Each time an entry is used the commit must hash to its id, the folders to theirs, and every file
//! to what they say. Of the rest only what an address can be checked against is taken.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::checkout::{Verified, verify};
use super::dot_git::{self, Files};
use super::evidence::{Broken, Evidence, Listed};
use super::{Differs, Fetched};
use crate::machine::store::hex;
use crate::machine::store::read::{Most, read};
use crate::model::{Commit, TreeHash, without_login};

/// An entry whose commit and folders are proven; its files are not yet.
#[derive(Debug)]
pub(in crate::machine) struct Kept {
    root: PathBuf,
    pub commit: Commit,
    pub origin: Origin,
    evidence: Evidence,
}

/// Where a commit is from, and how it was called there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::machine) struct Origin {
    pub url: String,
    /// What a clone is on; without one on the commit alone.
    pub branch: Option<String>,
    /// As git packs them.
    pub refs: String,
    /// The commits whose parents are not there.
    pub shallow: String,
    /// Where the server sent us instead.
    pub redirect: Option<String>,
}

/// Returns the name of the folder in which the commits of a repository are kept.
pub(in crate::machine) fn folder(url: &str) -> String {
    let clean = without_login(url);
    let name = clean.trim_end_matches('/').trim_end_matches(".git");
    let name = name.rsplit(['/', ':']).next().unwrap_or_default();
    // The name only helps people; what follows it tells repositories apart.
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
    let name = name.chars().take(40).map(plain).collect::<String>();
    format!("{name}-{}", digest(&clean, 8))
}

/// Returns the name of an entry: its commit, and which folder of it when it is not all.
pub(in crate::machine) fn name(commit: &Commit, within: Option<&str>) -> String {
    match within {
        Some(within) => format!("{commit}-{}", digest(within, 4)),
        None => commit.to_string(),
    }
}

/// Returns the first bytes of a text's sha256 in hex.
pub(in crate::machine) fn digest(text: &str, bytes: usize) -> String {
    hex(&Sha256::digest(text)[..bytes])
}

impl Kept {
    /// Tells whether a folder is an entry; a part of one is none.
    pub fn is_at(root: &Path) -> bool {
        root.join("origin").is_file()
    }

    /// Reads what an entry says of itself, and takes of it what can be proven.
    pub fn open(root: &Path) -> Result<Self, Broken> {
        let damaged = |name: &str| Broken::Damaged(name.to_owned());
        let bytes = |name: &str| {
            read(&root.join(name), Most::EVIDENCE).ok().flatten().ok_or_else(|| damaged(name))
        };
        // Objects that lie elsewhere are nobody's that we know.
        if root.join("objects/info/alternates").symlink_metadata().is_ok() {
            return Err(damaged("objects/info/alternates"));
        }
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        let commit = name.split('-').next().unwrap_or_default().parse();
        let commit: Commit = commit.map_err(|()| damaged(&name))?;
        let origin: Origin =
            serde_json::from_slice(&bytes("origin")?).map_err(|_| damaged("origin"))?;
        let repository = root.parent().and_then(Path::file_name);
        if repository.is_none_or(|name| name != folder(&origin.url).as_str()) {
            return Err(damaged("origin"));
        }
        let evidence = Evidence::parse(&bytes("evidence")?).ok_or_else(|| damaged("evidence"))?;
        evidence.root(&commit)?;
        Ok(Self { root: root.to_owned(), commit, origin, evidence })
    }

    /// Writes an entry around what was fetched; the name of its folder is given to it afterwards.
    pub fn write(root: &Path, url: &str, fetched: &Fetched, evidence: &Evidence) -> io::Result<()> {
        fs::rename(&fetched.objects, root.join("objects"))?;
        fs::write(root.join("evidence"), evidence.render())?;
        let origin = Origin {
            url: without_login(url),
            branch: fetched.branch.clone(),
            refs: fetched.refs.clone(),
            shallow: fetched.shallow.clone(),
            redirect: fetched.redirect.clone(),
        };
        fs::write(root.join("origin"), serde_json::to_vec(&origin)?)
    }

    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    pub fn tree(&self) -> PathBuf {
        self.root.join("tree")
    }

    /// Returns the files of the commit, or those of one folder of it.
    pub fn list(&self, within: Option<&str>) -> Result<Vec<Listed>, Broken> {
        self.evidence.list(&self.commit, within)
    }

    /// Returns when the commit was made, in seconds since 1970.
    pub fn time(&self) -> Option<u64> {
        self.evidence.time(&self.commit)
    }

    /// Makes a clone for a client out of the files of this entry, which were moved or copied to a
    /// folder; tells what they are, or how they differ from the commit.
    pub fn make_clone(&self, files: &Path) -> io::Result<Result<TreeHash, Differs>> {
        let listed = self.list(None).map_err(io::Error::other)?;
        let Verified { hash, stats } = match verify(&listed, files, self.time()) {
            Ok(verified) => verified,
            Err(differs) => return Ok(Err(differs)),
        };
        let files_of = Files { listed: &listed, stats: &stats };
        dot_git::create(
            &files.join(".git"),
            &self.commit,
            &self.origin,
            &self.objects(),
            &files_of,
        )?;
        Ok(Ok(hash))
    }
}
