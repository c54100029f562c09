//! Taking runs back: reads what they touched and makes the plan that makes it what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::converge::Prepared;
use super::generations;
use super::manifest::{self, Declared};
use crate::declared::generation::{Force, Generation, Part, Tree};
use crate::machine::env::Env;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::{self, Fingerprints};
use crate::model::{Faults, Files, Note, Roots};
use crate::plan::{self, Past, Spot, Stands};
use crate::resolve::Resolution;

/// The runs that are taken back, as they were counted when the command began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    pub first: u32,
    pub last: u32,
}

impl Runs {
    pub fn count(self) -> u32 {
        self.last - self.first + 1
    }
}

/// Returns the newest run, or everything from one on.
///
/// # Errors
/// There is no such run.
pub fn runs(from: Option<u32>, roots: &Roots) -> Result<Runs> {
    let known = generations::all(roots)?;
    let Some(last) = known.last().map(|one| one.number) else {
        bail!("there is nothing to take back: no run has changed anything yet");
    };
    let first = from.unwrap_or(last);
    if !known.iter().any(|one| one.number == first) {
        let (oldest, shown) = (known[0].number, "`zskills history` lists what there is");
        bail!("there is no run {first}; kept are {oldest} to {last}\nhint: {shown}");
    }
    Ok(Runs { first, last })
}

/// Makes the plan that takes some runs back.
pub fn prepare(
    runs: Runs,
    force: Force,
    env: &Env,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let roots = &env.roots;
    let known = generations::all(roots)?;
    let is_meant = |one: &&Generation| (runs.first..=runs.last).contains(&one.number);
    let meant: Vec<&Generation> = known.iter().filter(is_meant).collect();
    let parts: Vec<Part> = meant.iter().flat_map(|one| one.parts.clone()).collect();
    let manifest = parts.last().map_or_else(|| env.manifest.clone(), |part| part.manifest.clone());
    let owned = manifest::owned(roots)?;
    let notes: Vec<Note> = parts
        .iter()
        .flat_map(|part| &part.installers)
        .map(|package| Note::info(package, "what its installer did stays: that is not known"))
        .collect();
    let plan = plan::undo(Past {
        roots,
        parts: &parts,
        files: &files(&parts)?,
        trees: &trees(&known, &parts, fingerprints),
        links: &links(&parts),
        idle: &idle(&parts),
        slots: &slots(&parts),
        ledger: &owned.ledger,
        ledger_file: owned.file.as_deref(),
        force,
        notes: &notes,
    })
    .map_err(Faults::from)?;
    let declared = Declared::nothing(manifest);
    Ok(Prepared { declared, resolution: Resolution::default(), plan, refused_by_lock: false })
}

fn files(parts: &[Part]) -> Result<Files> {
    let paths: BTreeSet<&PathBuf> =
        parts.iter().flat_map(|part| &part.files).map(|file| &file.path).collect();
    let read = |path: &PathBuf| {
        let bytes = disk::read(path, Most::CLIENT)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path.clone(), bytes))
    };
    paths.into_iter().map(read).collect()
}

fn trees(
    known: &[Generation],
    parts: &[Part],
    fingerprints: &mut Fingerprints,
) -> BTreeMap<PathBuf, Stands> {
    let paths = parts.iter().flat_map(|part| &part.trees).map(|tree| tree.path.as_path());
    let mut is_changed = |path: &Path, tree: Option<&Tree>| {
        let Some(content) = tree.and_then(|tree| tree.content.as_deref()) else { return false };
        let now = if content.starts_with("sha256:") {
            fingerprints.hash(path).ok().map(|hash| hash.to_string())
        } else {
            tree::head(path).map(|head| head.to_string())
        };
        now.as_deref() != Some(content)
    };
    generations::stands(known, paths.collect())
        .into_iter()
        .map(|(path, tree)| {
            let is_changed = is_changed(&path, tree.as_ref());
            (path, Stands { id: tree.map(|tree| tree.id), is_changed })
        })
        .collect()
}

fn links(parts: &[Part]) -> BTreeMap<PathBuf, Spot> {
    let spot = |path: &PathBuf| match disk::link_target(path) {
        Some(target) => Spot::Link(target),
        None if disk::exists(path) => Spot::Other,
        None => Spot::Nothing,
    };
    let paths = parts.iter().flat_map(|part| &part.links).map(|link| &link.path);
    paths.map(|path| (path.clone(), spot(path))).collect()
}

/// Returns the folders that were made and hold nothing but each other.
fn idle(parts: &[Part]) -> BTreeSet<PathBuf> {
    let made: BTreeSet<&PathBuf> = parts.iter().flat_map(|part| &part.folders).collect();
    let mut idle = BTreeSet::new();
    for folder in made.into_iter().rev().filter(|folder| disk::is_dir(folder)) {
        let entries = disk::entries(folder);
        if entries.iter().all(|(name, _)| idle.contains(&folder.join(name))) {
            idle.insert(folder.clone());
        }
    }
    idle
}

/// Returns the places in the trash that hold something.
fn slots(parts: &[Part]) -> BTreeSet<PathBuf> {
    let kept = parts.iter().flat_map(|part| &part.trees).filter_map(|tree| tree.before.as_ref());
    kept.map(|kept| kept.slot.clone()).filter(|slot| disk::exists(slot)).collect()
}
