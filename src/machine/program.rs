//! Which file of this machine a program is, found out once for each.
//!
//! A name is looked up in the folders of PATH, but never where somebody else decides what lies
//! there: not in a folder that depends on where we stand, not in a tree that was fetched, and not
//! in the repository that one works in.

#![expect(clippy::disallowed_methods, reason = "programs are started from here")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::env;
use super::store::disk;
use crate::model::Roots;

/// Where programs are looked for, and where they are not taken from.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    folders: Vec<PathBuf>,
    apart: Vec<PathBuf>,
}

/// Why there is no program of a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error("there is no `{0}` on PATH")]
    Nowhere(String),
    #[error("`{}` is not run: it lies in `{}`, where anybody may have put it", at.display(), within.display())]
    Apart { at: PathBuf, within: PathBuf },
}

impl Programs {
    /// Looks in the absolute folders among these, and takes nothing that lies in those apart.
    pub fn new(folders: Vec<PathBuf>, apart: Vec<PathBuf>) -> Self {
        // By name and in truth: links lead in from either side.
        let real = apart.iter().map(|folder| disk::real(folder)).collect::<Vec<_>>();
        let mut programs = Self { folders, apart: [apart, real].concat() };
        // A child looks there too, and stands elsewhere than we do.
        programs.folders.retain(|folder| folder.is_absolute());
        programs
    }

    /// Returns the file that a name, or an absolute path, stands for.
    pub fn find(&self, name: &OsStr) -> Result<PathBuf, Missing> {
        let mut missing = Missing::Nowhere(name.to_string_lossy().into_owned());
        let (here, named);
        let candidates: &[PathBuf] = if Path::new(name).is_absolute() {
            here = [PathBuf::from(name)];
            &here
        } else if Path::new(name).components().count() == 1 {
            named = self.folders.iter().map(|folder| folder.join(name)).collect::<Vec<_>>();
            &named
        } else {
            &[]
        };
        for at in candidates.iter().filter(|at| disk::is_executable(at)) {
            match self.apart(at) {
                None => return Ok(at.clone()),
                Some(within) => {
                    missing = Missing::Apart { at: at.clone(), within: within.to_owned() };
                }
            }
        }
        Err(missing)
    }

    /// Returns what a program finds its own programs by.
    pub fn path(&self) -> OsString {
        let folders = self.folders.iter().filter(|folder| self.apart(folder).is_none());
        // What came out of PATH goes back into it.
        std::env::join_paths(folders).unwrap_or_default()
    }

    /// Returns the folder from which nothing is taken that a path lies in, by name or in truth.
    fn apart(&self, path: &Path) -> Option<&Path> {
        let real = disk::real(path);
        let within = |apart: &&PathBuf| path.starts_with(apart) || real.starts_with(apart);
        self.apart.iter().find(within).map(PathBuf::as_path)
    }
}

static HERE: OnceLock<Programs> = OnceLock::new();

/// Settles where programs are taken from; the first time counts.
pub fn settle(roots: &Roots) {
    HERE.get_or_init(|| Programs::new(env::search_path(), apart(roots)));
}

/// Returns a command that runs a program, which finds its own programs as we do.
pub(in crate::machine) fn command(name: &OsStr) -> Result<Command, Missing> {
    static FOUND: Mutex<BTreeMap<OsString, PathBuf>> = Mutex::new(BTreeMap::new());
    let programs = HERE.get_or_init(|| Programs::new(env::search_path(), Vec::new()));
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if !found.contains_key(name) {
        found.insert(name.to_owned(), programs.find(name)?);
    }
    let mut command = Command::new(&found[name]);
    command.env("PATH", programs.path());
    Ok(command)
}

/// Returns the folders in which others put files: trees that were fetched, and the repository that
/// one works in, unless it is the one that holds the home and so is the user's own.
fn apart(roots: &Roots) -> Vec<PathBuf> {
    let fetched = roots
        .clients
        .values()
        .flat_map(|client| [client.plugins.clone(), client.dir.join("skills")]);
    let repository = disk::real(&roots.project);
    let home = dirs::home_dir().map(|home| disk::real(&home));
    let is_own = home.is_none_or(|home| home.starts_with(&repository));
    let working = (disk::exists(&repository.join(".git")) && !is_own).then_some(repository);
    let apart = fetched.chain([roots.cache_dir.clone()]).chain(working);
    apart.filter(|folder| folder.is_absolute()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    /// Programs of the name `tool` in some folders, and links to them.
    fn machine() -> TempDir {
        let machine = TempDir::new().unwrap();
        for folder in ["bin", "repo/bin", "cache/p/bin", "none", "text", "linked"] {
            fs::create_dir_all(machine.path().join(folder)).unwrap();
        }
        for folder in ["bin", "repo/bin", "cache/p/bin", "text"] {
            let tool = machine.path().join(folder).join("tool");
            fs::write(&tool, "").unwrap();
            let mode = if folder == "text" { 0o644 } else { 0o755 };
            fs::set_permissions(&tool, fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink(machine.path().join("repo/bin/tool"), machine.path().join("linked/tool")).unwrap();
        symlink(machine.path().join("repo"), machine.path().join("alias")).unwrap();
        machine
    }

    #[test]
    fn a_program_is_the_first_that_nobody_else_could_have_put_there() {
        let machine = machine();
        let at = |path: &str| machine.path().join(path);
        let check = |folders: &[&str], expected: Result<&str, Option<&str>>| {
            let folders = folders.iter().map(|folder| match *folder {
                "" | "." | "bin:relative" | "../bin" => PathBuf::from(folder),
                folder => at(folder),
            });
            let programs = Programs::new(folders.collect(), vec![at("alias"), at("cache")]);
            match (programs.find(OsStr::new("tool")), expected) {
                (Ok(found), Ok(folder)) => assert_eq!(found, at(folder).join("tool")),
                (Err(Missing::Nowhere(name)), Err(None)) => assert_eq!(name, "tool"),
                (Err(Missing::Apart { at: found, .. }), Err(Some(folder))) => {
                    assert_eq!(found, at(folder).join("tool"));
                }
                (found, expected) => panic!("{found:?} and not {expected:?}"),
            }
        };
        check(&["bin"], Ok("bin"));
        check(&["", ".", "../bin", "none", "text", "bin"], Ok("bin"));
        check(&["repo/bin", "cache/p/bin", "linked", "alias/bin", "bin"], Ok("bin"));
        check(&[], Err(None));
        check(&["", ".", "none", "text"], Err(None));
        check(&["none/../bin"], Ok("none/../bin"));
        check(&["bin/../repo/bin"], Err(Some("bin/../repo/bin")));
        check(&["none", "linked"], Err(Some("linked")));
        check(&["alias/bin"], Err(Some("alias/bin")));
        check(&["cache/p/bin"], Err(Some("cache/p/bin")));
    }

    #[test]
    fn a_path_is_a_program_only_when_it_is_whole() {
        let machine = machine();
        let programs = Programs::new(vec![machine.path().to_owned()], Vec::new());
        let tool = machine.path().join("bin/tool");
        assert_eq!(programs.find(tool.as_os_str()).unwrap(), tool);
        for name in ["bin/tool", "./bin/tool", "../tool", "", "."] {
            assert!(matches!(programs.find(OsStr::new(name)), Err(Missing::Nowhere(_))), "{name}");
        }
        let apart = Programs::new(Vec::new(), vec![machine.path().to_owned()]);
        assert!(matches!(apart.find(tool.as_os_str()), Err(Missing::Apart { .. })));
    }

    #[test]
    fn a_child_looks_in_the_same_folders() {
        let machine = machine();
        let at = |path: &str| machine.path().join(path);
        let folders = vec![PathBuf::new(), ".".into(), at("repo/bin"), at("bin"), at("alias/bin")];
        let programs = Programs::new(folders, vec![at("repo")]);
        assert_eq!(programs.path(), at("bin").into_os_string());
    }
}
