//! Runs a plan's steps in order and decides nothing.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::observe::no_links;
use crate::clients;
use crate::machine::installer;
use crate::machine::parallel;
use crate::machine::store::client_lock;
use crate::machine::store::disk::{self, Most, ReplaceError};
use crate::machine::store::place;
use crate::machine::store::run_lock::RunLock;
use crate::machine::store::tree::Copy;
use crate::model::Roots;
use crate::plan::{Action, Bytes, Plan, Step, Target};

/// How far a plan got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Every step was done.
    All,
    /// Another program changed a file since the plan was made; the steps before it are done and valid.
    Stale(PathBuf),
    /// Links cannot be made in a folder, which is noted; the next plan goes by that.
    NoLinks,
}

/// Runs the steps of a plan. The run lock proves that no other zskills does the same.
///
/// # Errors
/// The first step that fails; those before it are done and leave a valid state.
pub fn apply(plan: &Plan, roots: &Roots, _lock: &RunLock) -> Result<Applied> {
    let applied = steps(plan, roots);
    let is_staged = |step: &Step| matches!(step.action, Action::Place { .. } | Action::Part { .. });
    if plan.steps().iter().any(is_staged) {
        // Why a step failed matters more than what it left behind; the next run clears that up.
        let cleaned = clean(roots);
        return applied.and_then(|applied| cleaned.map(|()| applied));
    }
    applied
}

fn steps(plan: &Plan, roots: &Roots) -> Result<Applied> {
    for steps in plan.steps().chunk_by(|a, b| side_by_side(&a.action, &b.action)) {
        for outcome in parallel::map(steps, |step| run(&step.action, roots)) {
            match outcome? {
                Applied::All => {}
                stopped => return Ok(stopped),
            }
        }
    }
    Ok(Applied::All)
}

/// Neighbouring places do not depend on each other, so they are put in place side by side. A clone is
/// moved out of the cache from which its neighbours may still be copied, and a backup is made before
/// what it is a copy of makes room.
fn side_by_side(a: &Action, b: &Action) -> bool {
    let alone = |what: &Bytes| matches!(what, Bytes::Clone | Bytes::Backup);
    match (a, b) {
        (Action::Place { what: a, .. }, Action::Place { what: b, .. }) => {
            a == b || (!alone(a) && !alone(b))
        }
        (Action::Part { .. }, Action::Part { .. }) => true,
        _ => false,
    }
}

fn run(action: &Action, roots: &Roots) -> Result<Applied> {
    match action {
        Action::Place { from, to, what, staging } => put(from, to, *what, staging)
            .with_context(|| format!("cannot put `{}` in place", to.display()))?,
        Action::Part { from, files, to, staging, .. } => place::part(from, files, to, staging)
            .with_context(|| format!("cannot put `{}` in place", to.display()))?,
        Action::Delete { path } => {
            disk::remove(path).with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
        Action::Write { to, before, after } => return write(to, before.as_deref(), after),
        Action::Link { at, target } => return link(at, target, roots),
        Action::Unlink { at } => disk::unlink(at)
            .with_context(|| format!("cannot remove the link `{}`", at.display()))?,
        Action::Trash { path, trash, at } => place::to_trash(path, trash, at)
            .with_context(|| format!("cannot move `{}` to the trash", path.display()))?,
        Action::Run { package, command } => installer::run(package, command, roots)?,
    }
    Ok(Applied::All)
}

fn write(to: &Target, before: Option<&[u8]>, after: &[u8]) -> Result<Applied> {
    // The client reads, changes and writes such a file as a whole, under a lock of its own.
    let _theirs = to
        .lock
        .map(|lock| client_lock::take(&to.path, lock))
        .transpose()
        .with_context(|| format!("cannot lock `{}`", to.path.display()))?;
    match disk::replace(&to.path, before, after, to.mode) {
        Ok(()) => Ok(Applied::All),
        Err(ReplaceError::Stale(path)) => Ok(Applied::Stale(path)),
        Err(error) => Err(error.into()),
    }
}

/// Removes what a killed run left behind.
pub fn clean(roots: &Roots) -> Result<()> {
    for folder in clients::staged(roots) {
        let staging = place::staging(&disk::real(&folder));
        place::clean(&staging).with_context(|| format!("cannot remove `{}`", staging.display()))?;
    }
    Ok(())
}

/// Makes a link, or finds that the disk has none and notes that.
fn link(at: &Path, target: &Path, roots: &Roots) -> Result<Applied> {
    match disk::symlink(target, at) {
        Ok(()) => Ok(Applied::All),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
            ) =>
        {
            let folder = at.parent().unwrap_or(at);
            disk::replace(&no_links(roots, folder), None, b"", 0o644)?;
            Ok(Applied::NoLinks)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot make the link `{}`", at.display()))
        }
    }
}

fn put(from: &Path, to: &Path, what: Bytes, staging: &Path) -> Result<()> {
    match what {
        Bytes::Tree | Bytes::Backup => place::tree(from, to, Copy::Content, staging)?,
        Bytes::Clone => place::clone(from, to, staging)?,
        Bytes::File => {
            let bytes = disk::read(from, Most::CATALOG)?
                .with_context(|| format!("`{}` is gone", from.display()))?;
            place::file(&bytes, to, staging)?;
        }
    }
    Ok(())
}
