//! Runs a plan's steps in order and decides nothing.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::clients::{self, ClientFile};
use crate::flow::observe::no_links;
use crate::machine::installer;
use crate::machine::parallel;
use crate::machine::store::client_lock;
use crate::machine::store::disk::{self, ReplaceError};
use crate::machine::store::place;
use crate::machine::store::run_lock::RunLock;
use crate::machine::store::tree::Copy;
use crate::model::Roots;
use crate::plan::{Bytes, Plan, Step};

/// How far a plan got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Every step was done.
    All,
    /// Another program changed a file since the plan was made; the steps before it are done and valid.
    Stale(PathBuf),
}

/// Runs the steps of a plan. The run lock proves that no other zskills does the same.
///
/// # Errors
/// The first step that fails; those before it are done and leave a valid state.
pub fn apply(plan: &Plan, roots: &Roots, _lock: &RunLock) -> Result<Applied> {
    let applied = steps(plan, roots);
    if plan.steps.iter().any(|step| matches!(step, Step::Place { .. } | Step::Part { .. })) {
        // Why a step failed matters more than what it left behind; the next run clears that up.
        let cleaned = clean(roots);
        return applied.and_then(|applied| cleaned.map(|()| applied));
    }
    applied
}

fn steps(plan: &Plan, roots: &Roots) -> Result<Applied> {
    // Neighbouring places do not depend on each other, so they are put in place side by side.
    // A clone is moved out of the cache from which its neighbours may still be copied, and a backup
    // is made before what it is a copy of makes room.
    let alone = |what: &Bytes| matches!(what, Bytes::Clone | Bytes::Backup);
    let side_by_side = |a: &Step, b: &Step| match (a, b) {
        (Step::Place { what: a, .. }, Step::Place { what: b, .. }) => {
            a == b || (!alone(a) && !alone(b))
        }
        (Step::Part { .. }, Step::Part { .. }) => true,
        _ => false,
    };
    for steps in plan.steps.chunk_by(side_by_side) {
        for outcome in parallel::map(steps, |step| run(step, roots)) {
            if let Applied::Stale(path) = outcome? {
                return Ok(Applied::Stale(path));
            }
        }
    }
    Ok(Applied::All)
}

fn run(step: &Step, roots: &Roots) -> Result<Applied> {
    match step {
        Step::Place { from, to, what } => put(from, to, *what, roots)
            .with_context(|| format!("cannot put `{}` in place", to.display()))?,
        Step::Delete { path } => {
            disk::remove(path).with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
        Step::Write { path, before, after } => {
            // The client reads, changes and writes this file as a whole, under a lock of its own.
            let file = clients::files(roots).into_iter().find(|file| file.path == *path);
            let _theirs = file
                .as_ref()
                .is_some_and(|file| file.locked)
                .then(|| client_lock::take(path))
                .transpose()
                .with_context(|| format!("cannot lock `{}`", path.display()))?;
            match disk::replace(path, before.as_deref(), after, mode(path, file.as_ref(), roots)) {
                Ok(()) => {}
                Err(ReplaceError::Stale(path)) => return Ok(Applied::Stale(path)),
                Err(error) => return Err(error.into()),
            }
        }
        Step::Part { from, files, to, .. } => {
            place::part(from, files, to, &place::beside(to))
                .with_context(|| format!("cannot put `{}` in place", to.display()))?;
        }
        Step::Link { at, target } => {
            if !link(at, target, roots)? {
                return Ok(Applied::Stale(at.clone()));
            }
        }
        Step::Unlink { at } => disk::unlink(at)
            .with_context(|| format!("cannot remove the link `{}`", at.display()))?,
        Step::Trash { path, trash, at } => place::to_trash(path, trash, at)
            .with_context(|| format!("cannot move `{}` to the trash", path.display()))?,
        Step::Run { package, command, .. } => installer::run(package, command, roots)?,
    }
    Ok(Applied::All)
}

/// Removes what a killed run left behind.
pub fn clean(roots: &Roots) -> Result<()> {
    let skills = clients::CODECS.into_iter().flat_map(|codec| {
        let layout = codec.layout();
        layout.skill_scopes(roots).into_iter().map(|scope| disk::real(&layout.skills(roots, scope)))
    });
    let plugins = clients::CODECS.into_iter().filter_map(|codec| codec.layout().plugins());
    for folder in skills.chain(plugins.map(|layout| layout.folder(roots))) {
        let staging = place::staging(&folder);
        place::clean(&staging).with_context(|| format!("cannot remove `{}`", staging.display()))?;
    }
    Ok(())
}

/// Makes a link; when the disk has none, notes that for the next plan and says no.
fn link(at: &Path, target: &Path, roots: &Roots) -> Result<bool> {
    match disk::symlink(target, at) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
            ) =>
        {
            let folder = at.parent().unwrap_or(at);
            disk::replace(&no_links(roots, folder), None, b"", 0o644)?;
            Ok(false)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot make the link `{}`", at.display()))
        }
    }
}

fn put(from: &Path, to: &Path, what: Bytes, roots: &Roots) -> Result<()> {
    let plugins = clients::CODECS.into_iter().filter_map(|codec| codec.layout().plugins());
    let own = plugins.map(|layout| layout.folder(roots)).find(|folder| to.starts_with(folder));
    let staging = own.map_or_else(|| place::beside(to), |folder| place::staging(&folder));
    match what {
        Bytes::Tree | Bytes::Backup => place::tree(from, to, Copy::Content, &staging)?,
        Bytes::Clone => place::clone(from, to, &staging)?,
        Bytes::File => {
            let bytes =
                disk::read(from)?.with_context(|| format!("`{}` is gone", from.display()))?;
            place::file(&bytes, to, &staging)?;
        }
    }
    Ok(())
}

/// Returns the mode of a new file: the client keeps `.claude.json` to the user alone, and the ledger
/// holds values that were put there.
fn mode(path: &Path, file: Option<&ClientFile>, roots: &Roots) -> u32 {
    match file {
        Some(file) => file.mode,
        None if path.starts_with(&roots.state_dir) => 0o600,
        None => 0o644,
    }
}
