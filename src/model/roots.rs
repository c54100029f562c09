//! Every folder and file that we act on, worked out once from the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Client, ClientHome, Machine, Reach, Scope};

/// Which project an entry of project or local scope means that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binding {
    /// The one that the manifest lies in.
    #[default]
    Own,
    /// The manifest is the user's own, and its entries are to hold in this project.
    Here,
    /// The manifest is the user's own, and its entries wait until somebody names a project.
    Waits,
}

/// Absolute paths; nothing below them needs to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    pub home: PathBuf,
    /// The home without links.
    pub real_home: PathBuf,
    /// Where each client keeps its files.
    pub clients: BTreeMap<Client, ClientHome>,
    /// `~/.config/zskills`.
    pub config_dir: PathBuf,
    /// `~/.cache/zskills`.
    pub cache_dir: PathBuf,
    /// `~/.local/state/zskills`.
    pub state_dir: PathBuf,
    pub cwd: PathBuf,
    /// The project that is acted on: the one that the manifest lies in, or for the user's own manifest
    /// the git root of `cwd`, else `cwd`.
    pub project: PathBuf,
    pub binding: Binding,
    pub machine: Machine,
}

impl Roots {
    /// Returns where a client keeps its files.
    ///
    /// # Panics
    /// The roots were made without that client, which only a test could do.
    pub fn of(&self, client: Client) -> &ClientHome {
        self.clients.get(&client).expect("roots are made with every client")
    }

    /// Returns the folder for a path that starts with `~`, else the path below `base`.
    pub fn resolve(&self, text: &str, base: &Path) -> PathBuf {
        match text.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => self.home.join(rest.trim_start_matches('/')),
            _ => base.join(text),
        }
    }

    /// Tells whether a path, by whichever way through the home, is the project that is acted on.
    pub fn is_project(&self, path: &Path) -> bool {
        let below_home = |home: &Path| path.strip_prefix(home).ok().map(Path::to_owned);
        *path == self.project
            || below_home(&self.home).is_some_and(|rest| self.real_home.join(rest) == self.project)
    }

    /// Returns what a scope means for somebody who works in this project.
    pub fn reach(&self, scope: Scope) -> Reach {
        Reach::of(scope, &self.project)
    }
}
