//! The difference between what should be and what is, as data: the lines people read, the steps the
//! machine takes with the bytes to write, and notes.

mod diff;
mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use diff::{is_met, server_entry};
pub use render::{json, note_json, text};

use crate::clients::{self, Codec, FileProblem, Layout as _, Policy, agents};
use crate::declared::ledger::Ledger;
use crate::model::{
    Change, Client, Diagnostic, Files, Intent, Item, Note, OwnFile, Roots, Scope, State, Thing,
    TreeHash,
};
use crate::resolve::{Desired, Shelf};

/// Everything a command is about to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub lines: Vec<Line>,
    pub changes: Vec<Change>,
    /// In order: any prefix of them leaves a valid state.
    pub steps: Vec<Step>,
    pub notes: Vec<Note>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Tells whether the plan takes away something that zskills did not put there.
    pub fn removes_foreign(&self) -> bool {
        self.lines.iter().any(|line| line.sign == Sign::Remove && line.foreign)
    }
}

/// One line of a plan: a thing and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sign: Sign,
    pub thing: Thing,
    pub text: String,
    /// The thing is not ours.
    pub foreign: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Add,
    Change,
    Remove,
    /// Left alone.
    Keep,
}

/// One action on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Swap a copy of a folder, or file, into place.
    Place { from: PathBuf, to: PathBuf, what: Bytes },
    /// Delete a folder of bytes that nothing names any more.
    Delete { path: PathBuf },
    /// Replace a file that still holds `before`.
    Write { path: PathBuf, before: Option<Vec<u8>>, after: Vec<u8> },
    /// Swap a copy of some files of a folder into place.
    Part { from: PathBuf, files: Vec<String>, to: PathBuf, hash: TreeHash },
    /// Make a symbolic link where nothing stands.
    Link { at: PathBuf, target: PathBuf },
    /// Remove a symbolic link.
    Unlink { at: PathBuf },
    /// Move a folder into the trash, under a name that says when.
    Trash { path: PathBuf, trash: PathBuf, at: String },
    /// Run the installer of a package; `accepted` when a person has agreed to this very command before.
    Run { package: String, command: Vec<String>, accepted: bool },
}

/// What a step puts in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// A plugin: the folder without `.git`.
    Tree,
    /// A marketplace clone: the folder with `.git`.
    Clone,
    /// A catalog that the client keeps as a plain file.
    File,
    /// A folder that is about to be replaced, to where copies are kept.
    Backup,
}

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub roots: &'a Roots,
    pub intent: &'a Intent,
    /// Whose plugins and servers these are.
    pub client: Client,
    pub desired: &'a Desired,
    pub state: &'a State,
    pub files: &'a Files,
    pub problems: &'a [FileProblem],
    pub codecs: &'a [&'a dyn Codec],
    /// The skills on disk.
    pub shelves: &'a BTreeMap<Scope, Shelf>,
    pub ledger: &'a Ledger,
    /// The ledger's file as it is.
    pub ledger_file: Option<&'a [u8]>,
    pub prune: Prune,
    /// Skills whose local edits are to be given up.
    pub discard: &'a [String],
    /// The installers that this process has run, by package.
    pub ran: &'a BTreeMap<String, Vec<String>>,
    /// What goes even if it is not ours, because somebody named it.
    pub going: &'a BTreeSet<Thing>,
    /// Whether what is put there is held to the manifest from now on.
    pub save: bool,
    /// What the administrator allows.
    pub policy: &'a Policy,
    /// RFC 3339 with milliseconds.
    pub now: &'a str,
    /// Our own files with the text each is to have: the lock.
    pub own: &'a [OwnFile],
}

/// Which things that left the manifest, or were never in it, a sync takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// What zskills put there.
    Owned,
    /// That, and what it did not put into user scope.
    Unmanaged,
}

/// Makes the plan, or names every client file that stands in its way.
pub fn plan(inputs: Inputs) -> Result<Plan, Vec<Diagnostic>> {
    let blocked = blocking(&inputs);
    if !blocked.is_empty() {
        return Err(blocked);
    }
    let diff = diff::diff(&inputs);
    let linked = linked(&inputs, &diff.additions, &diff.removals);
    if !linked.is_empty() {
        return Err(linked);
    }
    let mut steps: Vec<Step> = inputs.own.iter().filter_map(own_step).collect();
    let mut files = inputs.files.clone();
    // Removals first, activation before inventory; then bytes, inventory, activation.
    let mut removals = writes(&inputs, &mut files, &diff.removals)?;
    removals.reverse();
    let additions = writes(&inputs, &mut files, &diff.additions)?;
    let mut ledger_file = inputs.ledger_file.map(<[u8]>::to_vec);
    if *inputs.ledger != diff.claimed {
        steps.push(ledger_step(&inputs, &mut ledger_file, &diff.claimed));
    }
    steps.extend(diff.unlinks);
    steps.extend(removals);
    steps.extend(diff.trash);
    // A clone is moved out of the cache, so what is copied from the same one comes before it.
    let is_clone = |step: &Step| matches!(step, Step::Place { what: Bytes::Clone, .. });
    let (clones, copies): (Vec<Step>, Vec<Step>) = diff.places.into_iter().partition(is_clone);
    steps.extend(copies);
    steps.extend(clones);
    steps.extend(additions);
    steps.extend(diff.links);
    steps.extend(diff.runs);
    if diff.claimed != diff.released {
        steps.push(ledger_step(&inputs, &mut ledger_file, &diff.released));
    }
    let changes = diff.removals.into_iter().chain(diff.additions).collect();
    Ok(Plan { lines: diff.lines, changes, steps, notes: diff.notes })
}

/// Returns the step that makes a file of ours what it is to be, if it is not so yet.
pub fn own_step(file: &OwnFile) -> Option<Step> {
    (!file.is_written()).then(|| Step::Write {
        path: file.path.clone(),
        before: file.before.clone(),
        after: file.after.clone(),
    })
}

/// Returns the problems in files that this sync relies on: the client could not read them, so
/// nothing that we write could take effect.
fn blocking(inputs: &Inputs) -> Vec<Diagnostic> {
    let owned = inputs.ledger.of_manifest(inputs.roots, &inputs.intent.manifest);
    let plugins = inputs.intent.plugins.iter().map(|plugin| plugin.scope);
    let scopes: BTreeSet<Scope> =
        plugins.chain(owned.iter().map(|(_, thing)| thing.scope())).chain([Scope::User]).collect();
    let unused: Vec<PathBuf> = clients::plugin_layout(inputs.client)
        .switches(inputs.roots)
        .into_iter()
        .filter(|(_, scope)| !scopes.contains(scope))
        .map(|(path, _)| path)
        .collect();
    inputs
        .problems
        .iter()
        .filter(|problem| match server_scopes(inputs, &problem.diagnostic.file) {
            _ if !problem.id.starts_with("mcp.") => true,
            Some(used) => used && stops_servers(problem),
            None => false,
        })
        .filter(|problem| !unused.contains(&problem.diagnostic.file))
        // An empty file holds nothing that a write could lose.
        .filter(|problem| {
            problem.id == agents::PROBLEM || !is_blank(inputs.files.get(&problem.diagnostic.file))
        })
        .map(|problem| problem.diagnostic.clone())
        .collect()
}

/// Says whether a problem with servers costs more than the one entry that it is about.
pub fn stops_servers(problem: &FileProblem) -> bool {
    problem.id == "mcp.syntax" || (problem.unreadable && problem.id != "mcp.symlink")
}

/// Says whether a server is wanted or owned in a scope that a file holds; nothing for other files.
fn server_scopes(inputs: &Inputs, file: &Path) -> Option<bool> {
    let holds = |scope: &Scope| {
        let item = Item::Server { name: String::new(), reach: inputs.roots.reach(*scope) };
        clients::place(inputs.roots, &item.of(inputs.client)).file == file
    };
    let held: Vec<Scope> = Scope::ALL.into_iter().filter(holds).collect();
    let owned = inputs.ledger.of_manifest(inputs.roots, &inputs.intent.manifest);
    let owned = owned
        .iter()
        .filter(|(_, thing)| matches!(thing, Thing::Server { .. }))
        .map(|(_, thing)| thing.scope());
    let wanted = inputs.intent.servers.iter().map(|server| server.scope);
    (!held.is_empty()).then(|| owned.chain(wanted).any(|scope| held.contains(&scope)))
}

/// Returns the complaint about a link that the client refuses to write through, if we would have to.
fn linked(inputs: &Inputs, additions: &[Change], removals: &[Change]) -> Vec<Diagnostic> {
    let written: BTreeSet<PathBuf> = additions
        .iter()
        .chain(removals)
        .map(|change| clients::place(inputs.roots, &change.fact).file)
        .collect();
    let links = inputs.problems.iter().filter(|problem| {
        problem.id == "mcp.symlink" && written.contains(&problem.diagnostic.file)
    });
    links.map(|problem| problem.diagnostic.clone()).collect()
}

fn is_blank(bytes: Option<&[u8]>) -> bool {
    bytes.is_none_or(|bytes| bytes.trim_ascii().is_empty())
}

/// Encodes changes and returns a step for each file whose text became another, in the codec's order.
fn writes(
    inputs: &Inputs,
    files: &mut Files,
    changes: &[Change],
) -> Result<Vec<Step>, Vec<Diagnostic>> {
    let before = files.clone();
    for codec in inputs.codecs {
        let own: Vec<Change> =
            changes.iter().filter(|change| change.fact.client == codec.client()).cloned().collect();
        codec.encode(inputs.roots, files, &own).map_err(|diagnostic| vec![diagnostic])?;
    }
    let step = |path: PathBuf| {
        let (old, new) = (before.get(&path), files.get(&path)?);
        (old != Some(new)).then(|| Step::Write {
            path: path.clone(),
            before: old.map(<[u8]>::to_vec),
            after: new.to_vec(),
        })
    };
    let files = inputs.codecs.iter().flat_map(|codec| codec.layout().files(inputs.roots));
    Ok(files.map(|file| file.path).filter_map(step).collect())
}

/// Returns the steps that write changes of skills into their inventories.
pub fn inventory_steps(
    roots: &Roots,
    files: &Files,
    changes: &[Change],
) -> Result<Vec<Step>, Diagnostic> {
    let mut edited = files.clone();
    agents::Agents.encode(roots, &mut edited, changes)?;
    let step = |path: PathBuf| {
        let (old, new) = (files.get(&path), edited.get(&path)?);
        (old != Some(new)).then(|| Step::Write {
            path: path.clone(),
            before: old.map(<[u8]>::to_vec),
            after: new.to_vec(),
        })
    };
    Ok(agents::Agents.files(roots).into_iter().map(|file| file.path).filter_map(step).collect())
}

/// Returns the step that writes the ledger over what `file` holds, and leaves the new text in `file`.
fn ledger_step(inputs: &Inputs, file: &mut Option<Vec<u8>>, ledger: &Ledger) -> Step {
    let after = ledger.render().into_bytes();
    let before = file.replace(after.clone());
    Step::Write { path: ledger_path(inputs.roots), before, after }
}

/// Returns where the ledger lies.
pub fn ledger_path(roots: &Roots) -> PathBuf {
    roots.state_dir.join("ledger.json")
}

/// Returns the lock that belongs to a manifest.
pub fn lock_path(manifest: &Path) -> PathBuf {
    manifest.with_extension("lock")
}

#[cfg(test)]
mod tests;
