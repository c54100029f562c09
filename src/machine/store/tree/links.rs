//! Where the links of a tree lead, found out in one pass over their text.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::{TreeError, walk};

/// The folders and links of a tree, each under the number of the folder that it is in.
#[derive(Default)]
pub(super) struct Links {
    /// The number of each folder; the root is 0 and not in here.
    folders: HashMap<(usize, OsString), usize>,
    /// What the folder of each number is in; the root is left out.
    parents: Vec<usize>,
    names: HashSet<(usize, OsString)>,
    all: Vec<Link>,
    /// The folder that is being looked through.
    at: (PathBuf, usize),
}

struct Link {
    path: PathBuf,
    target: PathBuf,
    folder: usize,
}

/// A way out of the deepest folder and into another one has at most this many parts.
const MOST_PARTS: usize = 2 * walk::DEEPEST;

impl Links {
    /// Takes in a folder. Parents come before what is in them.
    pub fn folder(&mut self, parent: &Path, path: &Path) {
        let parent = self.number(parent);
        let number = self.parents.len() + 1;
        self.parents.push(parent);
        self.folders.insert((parent, name(path)), number);
    }

    /// Takes in a link.
    ///
    /// # Errors
    /// Its target has more parts than a way through the tree can have.
    pub fn link(&mut self, parent: &Path, path: &Path, target: &Path) -> Result<(), TreeError> {
        if target.components().count() > MOST_PARTS {
            return Err(TreeError::LongLink { path: path.to_owned(), limit: MOST_PARTS });
        }
        let folder = self.number(parent);
        self.names.insert((folder, name(path)));
        self.all.push(Link { path: path.to_owned(), target: target.to_owned(), folder });
        Ok(())
    }

    /// Checks that every link ends inside the tree. A link may point to another link, which is
    /// checked itself, but not through one: `..` behind a link is not what its text says.
    pub fn stay_inside(&self) -> Result<(), TreeError> {
        let out = |link: &&Link| !self.lands_inside(link);
        // The first by name, so that each run says the same.
        match self.all.iter().filter(out).min_by_key(|link| &link.path) {
            None => Ok(()),
            Some(Link { path, target, .. }) => {
                Err(TreeError::Link { path: path.clone(), target: target.clone() })
            }
        }
    }

    fn lands_inside(&self, link: &Link) -> bool {
        let mut at = link.folder;
        // What is not there, or is no folder: the names below the last folder that is one.
        let mut beyond: Vec<&OsStr> = Vec::new();
        for component in link.target.components() {
            // A link has no number, so that a way through one goes on beyond what is there.
            if let [name] = beyond[..]
                && self.names.contains(&(at, name.to_owned()))
            {
                return false;
            }
            match component {
                Component::CurDir => {}
                Component::Normal(name) if beyond.is_empty() => {
                    match self.folders.get(&(at, name.to_owned())) {
                        Some(number) => at = *number,
                        None => beyond.push(name),
                    }
                }
                Component::Normal(name) => beyond.push(name),
                Component::ParentDir if beyond.pop().is_some() => {}
                Component::ParentDir if at > 0 => at = self.parents[at - 1],
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
            }
        }
        // The markers at the top are no content, and none of them is among the folders.
        !(at == 0 && beyond.first().is_some_and(|first| walk::is_marker(first)))
    }

    /// Returns the number of a folder that was taken in, mostly that of the last one asked for.
    fn number(&mut self, folder: &Path) -> usize {
        if self.at.0 != folder {
            let mut number = 0;
            for part in folder {
                number = self.folders[&(number, part.to_owned())];
            }
            self.at = (folder.to_owned(), number);
        }
        self.at.1
    }
}

fn name(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}
