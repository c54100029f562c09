//! Runs a plan's steps in order and decides nothing.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::observe::no_links;
use crate::clients;
use crate::machine::installer;
use crate::machine::interrupt;
use crate::machine::parallel;
use crate::machine::store::client_lock;
use crate::machine::store::disk::{self, Most, ReplaceError};
use crate::machine::store::place::{self, Room};
use crate::machine::store::run_lock::RunLock;
use crate::machine::store::tree::Copy;
use crate::model::Roots;
use crate::plan::{Action, Bytes, Plan, Step, Target};

/// Where what makes room at a path is kept.
pub type Slots = BTreeMap<PathBuf, PathBuf>;

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
pub fn apply(plan: &Plan, roots: &Roots, slots: &Slots, _lock: &RunLock) -> Result<Applied> {
    let applied = steps(plan, roots, slots);
    let is_staged = |step: &Step| matches!(step.action, Action::Place { .. } | Action::Part { .. });
    if plan.steps().iter().any(is_staged) {
        // Why a step failed matters more than what it left behind; the next run clears that up.
        let cleaned = clean(roots);
        return applied.and_then(|applied| cleaned.map(|()| applied));
    }
    applied
}

fn steps(plan: &Plan, roots: &Roots, slots: &Slots) -> Result<Applied> {
    let mut fresh: Vec<&Path> = Vec::new();
    for steps in plan.steps().chunk_by(|a, b| side_by_side(&a.action, &b.action)) {
        let _whole = interrupt::step();
        // A power cut must not leave a record of bytes that never came to the disk.
        if matches!(steps[0].action, Action::Write { .. }) && !fresh.is_empty() {
            disk::flush(&mem::take(&mut fresh));
        }
        fresh.extend(steps.iter().filter_map(|step| brought(&step.action)));
        for outcome in parallel::map(steps, |step| run(&step.action, roots, slots)) {
            match outcome? {
                Applied::All => {}
                stopped => return Ok(stopped),
            }
        }
    }
    Ok(Applied::All)
}

/// Returns where a step brings bytes.
fn brought(action: &Action) -> Option<&Path> {
    match action {
        Action::Place { to, .. } | Action::Part { to, .. } | Action::Restore { to, .. } => Some(to),
        Action::Delete { .. }
        | Action::Write { .. }
        | Action::Link { .. }
        | Action::Unlink { .. }
        | Action::Trash { .. }
        | Action::Erase { .. }
        | Action::Tidy { .. }
        | Action::Run { .. } => None,
    }
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

fn run(action: &Action, roots: &Roots, slots: &Slots) -> Result<Applied> {
    let kept = |path: &Path| slots.get(path).map(PathBuf::as_path);
    match action {
        Action::Place { from, to, what, staging, .. } => {
            let room = Room { to, staging, kept: kept(to) };
            put(from, room, *what)
                .with_context(|| format!("cannot put `{}` in place", to.display()))?;
        }
        Action::Part { from, files, to, staging, .. } => {
            place::part(from, files, Room { to, staging, kept: kept(to) })
                .with_context(|| format!("cannot put `{}` in place", to.display()))?;
        }
        Action::Delete { path } => match kept(path) {
            Some(kept) => place::away(path, kept),
            None => disk::remove(path),
        }
        .with_context(|| format!("cannot remove `{}`", path.display()))?,
        Action::Write { to, before, after } => {
            return replaced(to, || disk::replace(&to.path, before.as_deref(), after, to.mode));
        }
        Action::Erase { at, before } => return replaced(at, || disk::erase(&at.path, before)),
        Action::Link { at, target } => return link(at, target, roots),
        Action::Unlink { at } => disk::unlink(at)
            .with_context(|| format!("cannot remove the link `{}`", at.display()))?,
        Action::Trash { path, trash } => {
            let kept = kept(path).map_or_else(|| trash.join(name(path)), Path::to_owned);
            place::away(path, &kept)
                .with_context(|| format!("cannot move `{}` to the trash", path.display()))?;
        }
        Action::Restore { from, to, .. } => place::back(from, to, kept(to))
            .with_context(|| format!("cannot bring `{}` back", to.display()))?,
        Action::Tidy { folder } => disk::remove_empty(folder)
            .with_context(|| format!("cannot remove `{}`", folder.display()))?,
        Action::Run { package, command } => installer::run(package, command, roots)?,
    }
    Ok(Applied::All)
}

fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

/// Writes or removes a file as the client does.
fn replaced(to: &Target, replace: impl FnOnce() -> Result<(), ReplaceError>) -> Result<Applied> {
    // The client reads, changes and writes such a file as a whole, under a lock of its own.
    let _theirs = to
        .lock
        .map(|lock| client_lock::take(&to.path, lock))
        .transpose()
        .with_context(|| format!("cannot lock `{}`", to.path.display()))?;
    match replace() {
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

fn put(from: &Path, room: Room, what: Bytes) -> Result<()> {
    match what {
        Bytes::Tree | Bytes::Backup => place::tree(from, room, Copy::Content)?,
        Bytes::Clone => place::clone(from, room)?,
        Bytes::File => {
            let bytes = disk::read(from, Most::CATALOG)?
                .with_context(|| format!("`{}` is gone", from.display()))?;
            place::file(&bytes, room)?;
        }
    }
    Ok(())
}
