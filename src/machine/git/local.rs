//! Questions about a clone that somebody else made: its own settings, filters, hooks and helpers
//! are never run, for anybody may have written them there.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::object::{Id, Kind, time_of};
use super::objects::Objects;
use super::{Git, GitError, GitFailure, arguments, bare};
use crate::machine::interrupt;
use crate::machine::store::tree;
use crate::model::Commit;

/// A repository of ours that has its objects in a clone.
struct Beside {
    folder: TempDir,
    objects: PathBuf,
    head: Commit,
}

impl Beside {
    /// Nothing for what has no objects of its own: a worktree of another repository, or no clone.
    fn of(clone: &Path) -> io::Result<Option<Self>> {
        let objects = clone.join(".git/objects");
        let Some(head) = tree::head(clone).filter(|_| objects.is_dir()) else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("zskills-").tempdir()?;
        interrupt::staged(folder.path());
        bare::create(folder.path(), Id::of(&head).format(), "")?;
        std::fs::write(folder.path().join("HEAD"), format!("{head}\n"))?;
        Ok(Some(Self { folder, objects, head }))
    }
}

impl Git {
    /// Tells whether a clone has no edits and no files that git does not know. What is no clone has
    /// none.
    pub fn status_is_clean(&self, clone: &Path) -> Result<bool, GitError> {
        let about = clone.to_string_lossy();
        let failed =
            |error: io::Error| GitError::new(&about, GitFailure::Other, &error.to_string());
        let Some(beside) = Beside::of(clone).map_err(failed)? else {
            // A worktree belongs to a repository elsewhere, and to whoever made it.
            return Ok(!clone.join(".git").is_file());
        };
        let status = ["--no-optional-locks", "status", "--porcelain", "--untracked-files=normal"];
        // The user's settings say how files are converted when git writes and compares them.
        let changes = self.users_answer(
            &about,
            &arguments(&status),
            clone,
            &[
                ("GIT_DIR", beside.folder.path()),
                ("GIT_WORK_TREE", clone),
                ("GIT_INDEX_FILE", &clone.join(".git/index")),
                ("GIT_OBJECT_DIRECTORY", &beside.objects),
            ],
        )?;
        Ok(changes.is_empty())
    }

    /// Tells whether what a clone has checked out descends from a commit. Without that commit it does not.
    pub fn descends_from(&self, clone: &Path, commit: &Commit) -> bool {
        let Ok(Some(beside)) = Beside::of(clone) else { return false };
        let about = clone.to_string_lossy();
        let args = ["merge-base", "--is-ancestor", commit.as_str(), beside.head.as_str()];
        self.ours(&about, &arguments(&args), beside.folder.path(), &beside.objects).is_ok()
    }

    /// Returns when the checked-out commit was made, in seconds since 1970.
    pub fn commit_time(&self, clone: &Path) -> Option<u64> {
        let beside = Beside::of(clone).ok()??;
        let id = Id::of(&beside.head);
        let scratch = beside.folder.path();
        let mut objects = Objects::open(self, &beside.objects, id, scratch).ok()?;
        objects.ask(id);
        time_of(&objects.whole(id, Kind::Commit, 1 << 20).ok()?)
    }
}
