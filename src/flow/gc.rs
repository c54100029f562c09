//! What nothing names any more: in our cache, in the trash, in the history, and left behind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{generations, manifest, observe};
use crate::clients;
use crate::machine::env::Env;
use crate::machine::fetch::{self, Names};
use crate::machine::store::disk::{self, Most};
use crate::machine::store::place;
use crate::machine::store::run_lock::RunLock;
use crate::model::{HistoryRules, Roots};
use crate::plan;

/// Something that nothing names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waste {
    pub kind: Kind,
    pub path: PathBuf,
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A run that `[history]` does not keep, with its number.
    Run(u32),
    /// What was fetched and no lock has.
    Fetched,
    /// What made room for a run that is forgotten.
    Trash,
    /// What was only made ready.
    Leftover,
    /// A version of a plugin that no record of the client has.
    Version,
}

impl Kind {
    /// Returns the words for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Fetched => "fetched",
            Self::Trash => "trash",
            Self::Leftover => "leftover",
            Self::Version => "version",
        }
    }
}

/// Whether the clients' own caches are looked through too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Ours,
    ClientCache,
}

/// Returns what nothing names.
///
/// # Errors
/// A manifest, a lock or a record that may name something cannot be read.
pub fn look(reach: Reach, rules: HistoryRules, env: &Env) -> Result<Vec<Waste>> {
    let roots = &env.roots;
    let mut waste = runs(rules, roots);
    let gone: BTreeSet<u32> = waste.iter().filter_map(number).collect();
    let mut kept = generations::all(roots)?;
    kept.retain(|one| !gone.contains(&one.number));
    let wanted: BTreeSet<&Path> = generations::slots(&kept).collect();
    for (name, _) in disk::entries(&plan::trash_path(roots)) {
        let path = plan::trash_path(roots).join(name);
        if !wanted.contains(path.as_path()) {
            waste.push(found(Kind::Trash, path));
        }
    }
    let names = names(env, &gone)?;
    let fetched = fetch::unnamed(&roots.cache_dir, &names);
    waste.extend(fetched.into_iter().map(|path| found(Kind::Fetched, path)));
    waste.extend(leftovers(env).into_iter().map(|path| found(Kind::Leftover, path)));
    if reach == Reach::ClientCache {
        let state = observe::state(roots)?;
        let used: BTreeSet<&Path> =
            state.plugins().map(|row| row.record.install_path.as_path()).collect();
        let unused =
            observe::cached(roots).into_iter().filter(|path| !used.contains(path.as_path()));
        waste.extend(unused.map(|path| found(Kind::Version, path)));
    }
    waste.sort();
    Ok(waste)
}

/// Removes what nothing names. The run lock proves that nobody else is at it.
pub fn clear(waste: &[Waste], roots: &Roots, _lock: &RunLock) -> Result<()> {
    generations::forget(waste.iter().filter_map(number), roots)?;
    for one in waste.iter().filter(|one| number(one).is_none()) {
        disk::discard(&one.path)
            .with_context(|| format!("cannot remove `{}`", one.path.display()))?;
    }
    Ok(())
}

fn number(waste: &Waste) -> Option<u32> {
    match waste.kind {
        Kind::Run(number) => Some(number),
        Kind::Fetched | Kind::Trash | Kind::Leftover | Kind::Version => None,
    }
}

fn found(kind: Kind, path: PathBuf) -> Waste {
    Waste { kind, bytes: disk::size(&path), path }
}

/// Returns the runs that are not kept.
fn runs(rules: HistoryRules, roots: &Roots) -> Vec<Waste> {
    let run = |(number, bytes): (u32, u64)| Waste {
        kind: Kind::Run(number),
        path: generations::generations(roots).join(number.to_string()),
        bytes,
    };
    generations::beyond(rules, roots).into_iter().map(run).collect()
}

/// Returns every word of every manifest and lock that we know of: the user's, those on whose behalf
/// something is here, and those that the history keeps.
fn names(env: &Env, gone: &BTreeSet<u32>) -> Result<Names> {
    let roots = &env.roots;
    let mut manifests: BTreeSet<PathBuf> = manifest::owned(roots)?.ledger.manifests();
    manifests.insert(disk::follow_links(&env.manifest));
    let mut files: BTreeSet<PathBuf> = manifests
        .iter()
        .flat_map(|manifest| [manifest.clone(), plan::lock_path(manifest)])
        .collect();
    for one in generations::all(roots)?.iter().filter(|one| !gone.contains(&one.number)) {
        let folder = generations::generations(roots).join(one.number.to_string());
        files.extend(["skills.toml", "skills.lock"].map(|name| folder.join(name)));
    }
    let mut names = Names::default();
    for file in files {
        let bytes = disk::read(&file, Most::OWN).with_context(|| {
            format!("cannot read `{}`, which may name something", file.display())
        })?;
        names.add(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
    }
    Ok(names)
}

/// Returns what a run that was killed left behind.
fn leftovers(env: &Env) -> Vec<PathBuf> {
    let roots = &env.roots;
    let staging =
        clients::staged(roots).into_iter().map(|folder| place::staging(&disk::real(&folder)));
    let mut files: Vec<PathBuf> = clients::files(roots).into_iter().map(|file| file.path).collect();
    files.extend([env.manifest.clone(), plan::lock_path(&env.manifest), plan::ledger_path(roots)]);
    let beside = files.iter().map(|file| disk::staged_beside(file));
    let discarded = [plan::trash_path(roots), generations::generations(roots)]
        .into_iter()
        .flat_map(|folder| disk::discarded_in(&folder));
    staging.chain(beside).filter(|path| disk::exists(path)).chain(discarded).collect()
}
