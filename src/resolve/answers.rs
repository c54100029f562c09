//! What has to be found out before resolving can go on, and what was found out of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Contents, Stop};
use crate::content::catalog::{Catalog, PluginManifest};
use crate::content::skill::LintFinding;
use crate::model::{Commit, Note, Powers, Request, SkillName, TreeHash, Trouble};

/// A table for each kind of question, so that each has an answer of its own type.
#[derive(Debug, Default)]
pub struct Answers {
    /// The catalogs of marketplaces.
    pub catalogs: Table<Origin, CatalogAt>,
    /// The hashes and manifests of plugins' folders.
    pub trees: Table<TreeWanted, TreeAt>,
    /// Whether a clone is free of local edits and commits.
    pub clean: Table<PathBuf, bool>,
    /// When the commit was made that a clone has checked out; seconds since 1970, when it is known.
    pub dates: Table<PathBuf, Option<u64>>,
    /// The files of plugins' folders.
    pub contents: Table<PathBuf, Arc<Contents>>,
    pub tips: Table<TipWanted, Commit>,
    pub histories: Table<Move, History>,
    pub skills: Table<SkillsWanted, SkillsAt>,
}

impl Answers {
    /// Tells whether nothing is open, so that what was resolved is final.
    pub fn are_complete(&self) -> bool {
        let Self { catalogs, trees, clean, dates, contents, tips, histories, skills } = self;
        catalogs.is_complete()
            && trees.is_complete()
            && clean.is_complete()
            && dates.is_complete()
            && contents.is_complete()
            && tips.is_complete()
            && histories.is_complete()
            && skills.is_complete()
    }
}

/// Questions of one kind; those without an answer are open.
#[derive(Debug)]
pub struct Table<Q, A>(BTreeMap<Q, Option<Result<A, Trouble>>>);

impl<Q, A> Default for Table<Q, A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Q: Ord + Clone, A> Table<Q, A> {
    /// Returns what was found out, or notes that it has to be.
    pub(super) fn ask(&mut self, question: Q) -> Result<&A, Stop> {
        match self.0.entry(question).or_default() {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(trouble)) => Err(Stop::Never(trouble.clone())),
            None => Err(Stop::Later),
        }
    }

    pub fn open(&self) -> impl Iterator<Item = &Q> {
        self.0.iter().filter(|(_, answer)| answer.is_none()).map(|(question, _)| question)
    }

    fn is_complete(&self) -> bool {
        self.open().next().is_none()
    }

    /// Answers all that is open at once, in the order of the questions.
    pub fn answer_all(&mut self, find: impl FnOnce(&[Q]) -> Vec<Result<A, Trouble>>) {
        let open: Vec<Q> = self.open().cloned().collect();
        let found = find(&open);
        self.0.extend(open.into_iter().zip(found.into_iter().map(Some)));
    }

    /// Answers what is open one by one.
    pub fn answer_each(&mut self, mut find: impl FnMut(&Q) -> Result<A, Trouble>) {
        self.answer_all(|open| open.iter().map(&mut find).collect());
    }
}

/// Where bytes come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Fetched(Request),
    Local(PathBuf),
}

/// A question about a plugin's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeWanted {
    pub origin: Origin,
    pub folder: String,
}

/// Which commit a branch or tag of a repository is; without one, its default branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TipWanted {
    pub url: String,
    pub reference: Option<String>,
}

impl TipWanted {
    /// Returns what git calls it.
    pub fn name(&self) -> &str {
        self.reference.as_deref().unwrap_or("HEAD")
    }
}

/// Whether a repository that moved has only grown, or its history was written anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    pub url: String,
    pub old: Commit,
    pub new: Commit,
}

/// A question about the skills of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkillsWanted {
    pub origin: Origin,
    /// The folder to look in; empty for all of it.
    pub within: String,
    /// What a skill is called that does not name itself.
    pub called: String,
    /// Names and globs of the skills to hash and check; empty for all.
    pub select: Vec<String>,
}

/// What became of a commit that a repository once was at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    Continued,
    /// The commit is no longer part of it.
    Rewritten,
    /// It could not be found out, so nothing is claimed.
    Unknown,
}

/// The skills of a source.
#[derive(Debug, Clone)]
pub struct SkillsAt {
    pub commit: Option<Commit>,
    /// The version of an npm package.
    pub package: Option<String>,
    /// All there are, with their descriptions.
    pub names: BTreeMap<SkillName, Option<String>>,
    /// The selected ones.
    pub skills: Vec<SkillAt>,
    /// What was passed over, and why.
    pub notes: Vec<Note>,
    /// The name of the marketplace that the source is as well.
    pub marketplace: Option<String>,
    /// The MCP servers that its `.mcp.json` names.
    pub servers: Vec<String>,
}

/// One skill in a source, checked: nothing in it leaves it.
#[derive(Debug, Clone)]
pub struct SkillAt {
    pub name: SkillName,
    /// Relative to what was fetched; empty at the root.
    pub folder: String,
    pub part: Part,
    /// Absent when a finding forbids its use.
    pub hash: Option<TreeHash>,
    pub findings: Vec<LintFinding>,
    /// What it can run or may do, or what of it cannot be read.
    pub powers: Result<Powers, String>,
}

/// Some files of a folder: what an install takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub root: PathBuf,
    /// Relative to the root.
    pub files: Vec<String>,
}

/// A catalog and where its marketplace lies.
#[derive(Debug, Clone)]
pub struct CatalogAt {
    /// The marketplace's root folder; for a catalog behind a URL, the file.
    pub root: PathBuf,
    pub commit: Option<Commit>,
    pub digest: TreeHash,
    pub catalog: Catalog,
}

/// A plugin's folder, checked: nothing in it leaves it.
#[derive(Debug, Clone)]
pub struct TreeAt {
    pub root: PathBuf,
    pub commit: Option<Commit>,
    /// The version of an npm package.
    pub package: Option<String>,
    pub hash: TreeHash,
    pub manifest: Option<PluginManifest>,
}
