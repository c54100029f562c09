//! Runs a plan's steps in order and decides nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::model::Roots;
use crate::parallel;
use crate::plan::{Bytes, Plan, Step};
use crate::store::disk::{self, ReplaceError};
use crate::store::place;
use crate::store::run_lock::RunLock;
use crate::store::tree::Copy;

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
    // Neighbouring places do not depend on each other, so they are put in place side by side.
    let both_place =
        |a: &Step, b: &Step| matches!((a, b), (Step::Place { .. }, Step::Place { .. }));
    for steps in plan.steps.chunk_by(both_place) {
        for outcome in parallel::map(steps, |step| run(step, roots)) {
            if let Applied::Stale(path) = outcome? {
                return Ok(Applied::Stale(path));
            }
        }
    }
    if plan.steps.iter().any(|step| matches!(step, Step::Place { .. })) {
        clean(roots)?;
    }
    Ok(Applied::All)
}

fn run(step: &Step, roots: &Roots) -> Result<Applied> {
    match step {
        Step::Place { from, to, what } => put(from, to, *what, roots)
            .with_context(|| format!("cannot put `{}` in place", to.display()))?,
        Step::Write { path, before, after } => {
            match disk::replace(path, before.as_deref(), after, mode(path, roots)) {
                Ok(()) => {}
                Err(ReplaceError::Stale(path)) => return Ok(Applied::Stale(path)),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(Applied::All)
}

/// Removes what a killed run left behind.
pub fn clean(roots: &Roots) -> Result<()> {
    let staging = place::staging(&roots.claude_plugins);
    place::clean(&staging).with_context(|| format!("cannot remove `{}`", staging.display()))
}

fn put(from: &Path, to: &Path, what: Bytes, roots: &Roots) -> Result<()> {
    let staging = place::staging(&roots.claude_plugins);
    match what {
        Bytes::Tree => place::tree(from, to, Copy::Content, &staging)?,
        Bytes::Clone => place::tree(from, to, Copy::Clone, &staging)?,
        Bytes::File => {
            let bytes =
                disk::read(from)?.with_context(|| format!("`{}` is gone", from.display()))?;
            place::file(&bytes, to, &staging)?;
        }
    }
    Ok(())
}

/// Returns the mode of a new file: the client keeps `.claude.json` to the user alone.
fn mode(path: &Path, roots: &Roots) -> u32 {
    if path == roots.claude_json { 0o600 } else { 0o644 }
}
