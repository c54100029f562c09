//! The difference between what should be and what is, as data: the lines people read, the steps the
//! machine takes with the bytes to write, and notes. A plan is made once and never edited.

mod blocked;
mod diff;
mod named;
mod render;
mod step;
mod undo;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

pub use diff::is_met;
pub use named::Named;
pub use render::{json, note_json, text};
pub use step::{Action, Bytes, Line, Sign, Step, Subject, Target};
pub use undo::{Past, Spot, Stands, undo};
pub use wishes::{Adopted, Consent, Prune, Repair, Wishes};

use crate::clients::{self, Codec, FileProblem, Place, agents};
use crate::declared::ledger::Ledger;
use crate::declared::lock::Lock;
use crate::model::{
    About, Change, Client, Diagnostic, Files, Intent, Note, OwnFile, Roots, STAGING, Scope,
    SkillName, State, Thing, WantedSkill,
};
use crate::resolve::{self, Desired, Shelf};
use blocked::Blocked;
use diff::{Diff, Held};

/// Everything a command is about to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    lines: Vec<Line>,
    changes: Vec<Change>,
    places: Vec<(Place, Thing)>,
    steps: Vec<Step>,
    notes: Vec<Note>,
    removes_most: bool,
}

impl Plan {
    /// Returns what changes, and what stays although it might be expected to change.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the facts that become others.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns where the things that change are spelled.
    pub fn places(&self) -> &[(Place, Thing)] {
        &self.places
    }

    /// Returns what is to be done, in order: any prefix of it leaves a valid state.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns what there is to say, such as why something is not done.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the first step that no line explains. There never is one: each plan that is made with
    /// debug assertions, as in every test, is asked.
    fn unexplained(&self) -> Option<&Step> {
        let is_told = |subject: &Subject| self.lines.iter().any(|line| line.subject == *subject);
        let is_explained =
            |step: &Step| !step.subjects.is_empty() && step.subjects.iter().all(is_told);
        self.steps.iter().find(|step| !is_explained(step))
    }

    /// Tells whether the plan takes away something that zskills did not put there.
    pub fn removes_foreign(&self) -> bool {
        self.lines.iter().any(|line| line.sign == Sign::Remove && line.foreign)
    }

    /// Tells whether more than half of what the manifest put there goes without being named.
    pub fn removes_most(&self) -> bool {
        self.removes_most
    }

    /// Returns the installers that the plan runs, by package.
    pub fn installers(&self) -> BTreeMap<String, Vec<String>> {
        let run = |step: &Step| match &step.action {
            Action::Run { package, command } => Some((package.clone(), command.clone())),
            _ => None,
        };
        self.steps.iter().filter_map(run).collect()
    }
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
    /// The folders in the client's plugin cache that hold a version.
    pub cached: &'a BTreeSet<PathBuf>,
    pub ledger: &'a Ledger,
    /// The ledger's file as it is.
    pub ledger_file: Option<&'a [u8]>,
    /// The lock as it is to be.
    pub lock: &'a Lock,
    /// What resolving had to say.
    pub resolved: &'a [Note],
    /// Our own files with the text each is to have: the manifest, the lock.
    pub own: &'a [OwnFile],
    /// What is written before everything else.
    pub repairs: &'a [Repair],
    pub adopted: &'a Adopted,
    pub wishes: &'a Wishes,
    /// RFC 3339 with milliseconds.
    pub now: &'a str,
}

impl Inputs<'_> {
    /// Tells whether the manifest names a thing for another machine.
    fn names_elsewhere(&self, thing: &Thing) -> bool {
        let name = thing.name().parse::<SkillName>().ok();
        let record = name.and_then(|n| agents::record(self.state, self.roots, &n, thing.scope()));
        let comes_from = |wanted: &WantedSkill| {
            record.is_some_and(|record| record.source == resolve::origin(wanted.source.as_ref()))
        };
        self.intent.elsewhere.names(thing, comes_from)
    }
}

/// Makes the plan. A file that cannot be edited costs what is written into it, and no more.
pub fn plan(inputs: Inputs) -> Plan {
    let ledger = with_adopted(&inputs);
    let mut blocked = Blocked::of(&inputs);
    loop {
        match attempt(&inputs, &ledger, &blocked) {
            Ok(plan) => {
                let unexplained = plan.unexplained();
                debug_assert!(unexplained.is_none(), "no line tells of {unexplained:?}");
                return plan;
            }
            // A codec may find only now that a file cannot be edited.
            Err(fault) => blocked.add(fault),
        }
    }
}

/// Returns the ledger with what is taken over as it stands.
fn with_adopted(inputs: &Inputs) -> Ledger {
    let mut ledger = inputs.ledger.clone();
    for (client, thing) in &inputs.adopted.claims {
        ledger.insert(inputs.roots, *client, thing, &inputs.intent.manifest);
    }
    for (thing, marks) in &inputs.adopted.applied {
        ledger.set_applied(inputs.roots, inputs.client, thing, marks.clone());
    }
    ledger
}

fn attempt(inputs: &Inputs, ledger: &Ledger, blocked: &Blocked) -> Result<Plan, Diagnostic> {
    let diff = |held: &Held| diff::diff(&Inputs { ledger, ..*inputs }, blocked, held);
    let only = inputs.wishes.only.as_ref();
    let free = diff(&Held { waiting: BTreeMap::new(), only });
    let held = Held { waiting: blocked.things(inputs, &free), only };
    let diff = if held.waiting.is_empty() { free } else { diff(&held) };
    let mut files = inputs.files.clone();
    // Removals first, activation before inventory; then bytes, inventory, activation.
    let mut removals = writes(inputs, &mut files, &diff.removals)?;
    removals.reverse();
    let additions = writes(inputs, &mut files, &diff.additions)?;
    let mut own = Own { roots: inputs.roots, lines: Vec::new(), steps: Vec::new() };
    for repair in inputs.repairs {
        own.repair(repair);
    }
    for file in inputs.own {
        own.write(file);
    }
    own.lines.extend(inputs.adopted.lines.iter().cloned());
    own.lines.extend(diff.lines);
    let claimed = diff.claimed.render().into_bytes();
    let released = diff.released.render().into_bytes();
    let old = inputs.ledger_file.map(<[u8]>::to_vec);
    let is_claimed = *inputs.ledger != diff.claimed;
    if is_claimed {
        own.write(&ledger_file(inputs.roots, old.clone(), claimed.clone()));
    }
    own.steps.extend(diff.backups);
    own.steps.extend(diff.unlinks);
    own.steps.extend(removals);
    own.steps.extend(diff.trash);
    // A clone is moved out of the cache, so what is copied from the same one comes before it.
    let is_clone = |step: &Step| matches!(step.action, Action::Place { what: Bytes::Clone, .. });
    let (clones, copies): (Vec<Step>, Vec<Step>) = diff.places.into_iter().partition(is_clone);
    own.steps.extend(copies);
    own.steps.extend(clones);
    own.steps.extend(additions);
    own.steps.extend(diff.links);
    own.steps.extend(diff.runs);
    own.steps.extend(diff.deletes);
    if diff.claimed != diff.released {
        let before = if is_claimed { Some(claimed) } else { old };
        own.write(&ledger_file(inputs.roots, before, released));
    }
    let removes_most = removes_most(inputs, &own.lines);
    let mut notes = [inputs.resolved, &diff.notes, &inputs.wishes.said].concat();
    notes.extend(withheld(inputs, diff.withheld));
    notes.extend(blocked.notes(inputs, &held.waiting, &diff.wanted));
    if let Some(named) = &inputs.wishes.named {
        named.set_apart(&mut notes);
    }
    let changes: Vec<Change> = diff.removals.into_iter().chain(diff.additions).collect();
    let place =
        |change: &Change| (clients::place(inputs.roots, &change.fact), change.fact.item.thing());
    let places = changes.iter().map(place).collect();
    Ok(Plan { lines: own.lines, changes, places, steps: own.steps, notes, removes_most })
}

/// Tells whether more than half of what the manifest put there goes, more than two things, without
/// their being named, in the command or for other machines: then the manifest may be the wrong one, or half of one.
fn removes_most(inputs: &Inputs, lines: &[Line]) -> bool {
    let is_named =
        |thing: &Thing| inputs.wishes.going.contains(thing) || inputs.names_elsewhere(thing);
    let is_unnamed = |line: &&Line| {
        line.sign == Sign::Remove
            && !line.foreign
            && line.subject.thing().is_some_and(|thing| !is_named(thing))
    };
    let gone = lines.iter().filter(is_unnamed).count();
    let ours = inputs.ledger.of_manifest(inputs.roots, &inputs.intent.manifest).len();
    gone > 2 && gone * 2 > ours
}

/// Returns the note about removals that nobody agreed to.
fn withheld(inputs: &Inputs, count: usize) -> Option<Note> {
    (count > 0).then(|| {
        let about = About::File(inputs.intent.manifest.clone());
        let text = format!("{count} things that it no longer names stay, for that is most of them");
        Note::unmet(about, text).hint("`--yes` removes them; `--file` names another manifest")
    })
}

/// The lines and steps of a plan in the making, and how files of ours are added to them.
struct Own<'a> {
    roots: &'a Roots,
    lines: Vec<Line>,
    steps: Vec<Step>,
}

impl Own<'_> {
    /// Adds a file that is to have another text, with a line that says so.
    fn write(&mut self, file: &OwnFile) {
        if file.is_written() {
            return;
        }
        let subject = Subject::File(file.path.clone());
        if !self.lines.iter().any(|line| line.subject == subject) {
            let sign = if file.before.is_none() { Sign::Add } else { Sign::Change };
            self.lines.push(Line::file(sign, file.path.clone(), file.what));
        }
        self.steps.push(self.step(file, vec![subject]));
    }

    /// Adds a file that is repaired for the things that its lines name.
    fn repair(&mut self, repair: &Repair) {
        if repair.lines.is_empty() {
            return self.write(&repair.file);
        }
        let subjects = repair.lines.iter().map(|line| line.subject.clone()).collect();
        self.lines.extend(
            repair
                .lines
                .iter()
                .filter(|line| !self.lines.contains(line))
                .cloned()
                .collect::<Vec<_>>(),
        );
        if !repair.file.is_written() {
            self.steps.push(self.step(&repair.file, subjects));
        }
    }

    fn step(&self, file: &OwnFile, subjects: Vec<Subject>) -> Step {
        let action = Action::Write {
            to: target(self.roots, file.path.clone()),
            before: file.before.clone(),
            after: file.after.clone(),
        };
        Step { action, subjects }
    }
}

/// Returns how a file is written: one of a client as its layout says, one of our state for its owner alone.
fn target(roots: &Roots, path: PathBuf) -> Target {
    let file = clients::files(roots).into_iter().find(|file| file.path == path);
    let (mode, lock) = match file {
        Some(file) => (file.mode, file.lock),
        None if path.starts_with(&roots.state_dir) => (0o600, None),
        None => (0o644, None),
    };
    Target { path, mode, lock }
}

/// Encodes changes and returns a step for each file whose text became another, in the codec's order.
fn writes(inputs: &Inputs, files: &mut Files, changes: &[Change]) -> Result<Vec<Step>, Diagnostic> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let before = files.clone();
    let mut steps = Vec::new();
    for codec in inputs.codecs {
        let own: Vec<Change> =
            changes.iter().filter(|change| change.fact.client == codec.client()).cloned().collect();
        if own.is_empty() {
            continue;
        }
        codec.encode(inputs.roots, files, &own)?;
        for file in codec.layout().files(inputs.roots) {
            let (old, Some(new)) = (before.get(&file.path), files.get(&file.path)) else {
                continue;
            };
            if old == Some(new) {
                continue;
            }
            let inside =
                |change: &&Change| clients::place(inputs.roots, &change.fact).file == file.path;
            let subjects: BTreeSet<Subject> = own
                .iter()
                .filter(inside)
                .map(|change| Subject::Thing(change.fact.item.thing()))
                .collect();
            let action = Action::Write {
                before: old.map(<[u8]>::to_vec),
                after: new.to_vec(),
                to: Target { path: file.path, mode: file.mode, lock: file.lock },
            };
            steps.push(Step { action, subjects: subjects.into_iter().collect() });
        }
    }
    Ok(steps)
}

/// Returns the ledger's file as it is to be.
fn ledger_file(roots: &Roots, before: Option<Vec<u8>>, after: Vec<u8>) -> OwnFile {
    OwnFile { path: ledger_path(roots), before, after, what: "what zskills put there" }
}

/// Returns where the ledger lies.
pub fn ledger_path(roots: &Roots) -> PathBuf {
    roots.state_dir.join("ledger.json")
}

/// Returns where what made room waits, so that it can be brought back.
pub fn trash_path(roots: &Roots) -> PathBuf {
    roots.state_dir.join("trash")
}

/// Returns the lock that belongs to a manifest.
pub fn lock_path(manifest: &Path) -> PathBuf {
    manifest.with_extension("lock")
}

/// Returns where what is put at a path is made ready: on its disk, in a folder that is swept.
fn staging(inputs: &Inputs, to: &Path) -> PathBuf {
    let plugins = inputs.codecs.iter().filter_map(|codec| codec.layout().plugins());
    let folder = plugins.map(|layout| layout.folder(inputs.roots)).find(|own| to.starts_with(own));
    let parent = || to.parent().unwrap_or(Path::new("/")).to_owned();
    folder.unwrap_or_else(parent).join(STAGING)
}

/// Returns where a copy of a file or folder is kept: below one folder a run, under its path from home.
pub fn copy_of(roots: &Roots, now: &str, path: &Path) -> PathBuf {
    let rest = path.strip_prefix(&roots.home).unwrap_or(path);
    let rest: PathBuf =
        rest.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    roots.state_dir.join("backups").join(now.replace(':', "")).join(rest)
}

#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod skill_tests;
#[cfg(test)]
mod tests;
