//! Generations on the disk: written before the first step of a plan, so that every run can be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apply::Slots;
use super::converge::Prepared;
use crate::clients;
use crate::declared::generation::{
    Became, FileChange, Generation, Kept, LedgerChange, Line, LinkChange, Part, Tree, TreeChange,
    VERSION, standing,
};
use crate::machine::env::{self, Env};
use crate::machine::store::client_lock;
use crate::machine::store::disk::{self, Most};
use crate::model::{Faults, HistoryRules, Roots, TRASH, Thing, redact_url};
use crate::plan::{self, Action, Bytes, Plan, Sign, Step, Subject};

/// A run that is about to change something.
#[derive(Debug)]
pub struct Begun {
    pub number: u32,
    /// Where what makes room is kept.
    pub slots: Slots,
}

/// Returns the generations that there are, the oldest first.
///
/// # Errors
/// A record cannot be read.
pub fn all(roots: &Roots) -> Result<Vec<Generation>> {
    numbers(roots).into_iter().map(|number| read(roots, number)).collect()
}

/// Returns the newest generation if its run did not come to its end.
pub fn cut_short(roots: &Roots) -> Option<Generation> {
    let number = *numbers(roots).last()?;
    let is_done = disk::exists(&folder(roots, number).join(DONE));
    if is_done { None } else { read(roots, number).ok() }
}

/// Sweeps up after a run that was cut short: what it made ready beside the files that it wrote, the locks
/// that it held, and each of its trees to where its record says, in its place or in the trash.
pub fn settle(cut: &Generation, roots: &Roots) -> Result<()> {
    let written = cut.parts.iter().flat_map(|part| &part.files).map(|file| file.path.clone());
    let written: BTreeSet<PathBuf> = written.chain([plan::ledger_path(roots)]).collect();
    for file in &written {
        let staged = disk::staged_beside(file);
        disk::remove(&staged).with_context(|| format!("cannot remove `{}`", staged.display()))?;
    }
    for file in clients::files(roots).into_iter().filter(|file| written.contains(&file.path)) {
        if let Some(lock) = file.lock
            && client_lock::is_taken(&file.path, lock)
        {
            // It may be the client's: it goes by the rules of both.
            client_lock::take(&file.path, lock)
                .with_context(|| format!("cannot lock `{}`", file.path.display()))?;
        }
    }
    for tree in cut.parts.iter().flat_map(|part| &part.trees) {
        let Some(Kept { slot, inode, .. }) = &tree.before else { continue };
        let is_at = |path: &Path| disk::inode(path) == Some(*inode);
        let fail = || format!("cannot settle `{}`", slot.display());
        if is_at(slot) {
            continue;
        }
        match &tree.from {
            Some(from) if is_at(from) => {
                crate::machine::store::place::away(from, slot).with_context(fail)?;
            }
            // What was to come waits where what makes room will be.
            _ if is_at(&tree.path) => disk::remove(slot).with_context(fail)?,
            _ => {}
        }
    }
    Ok(())
}

/// Writes down what a plan is about to change, and what it takes to go back. A run that planned before, or
/// that was cut short, is gone on with.
pub fn begin(
    prepared: &Prepared,
    undid: Option<u32>,
    env: &Env,
    going_on: Option<u32>,
) -> Result<Begun> {
    let roots = &env.roots;
    let known: Vec<Generation> =
        numbers(roots).into_iter().filter_map(|number| read(roots, number).ok()).collect();
    let number = going_on.unwrap_or_else(|| numbers(roots).last().map_or(1, |last| last + 1));
    let parts = known.iter().find(|one| one.number == number).map_or(0, |one| one.parts.len());
    let name = format!("{number}.{}", parts + 1);
    let mut recorder = Recorder { roots, known: &known, name: &name, part: Part::default() };
    recorder.record(&prepared.plan);
    let slots: Slots = recorder
        .part
        .trees
        .iter()
        .filter_map(|tree| Some((tree.path.clone(), tree.before.as_ref()?.slot.clone())))
        .collect();
    let part = Part {
        version: VERSION,
        // A saved plan has a time of its own.
        time: env::now(),
        command: env.command.clone(),
        manifest: prepared.declared.intent.manifest.clone(),
        undid,
        lines: prepared.plan.lines().iter().filter_map(line).collect(),
        ..recorder.part
    };
    let folder = folder(roots, number);
    let fail = || format!("cannot write down what is about to change in `{}`", folder.display());
    disk::private_folder(&folder).with_context(fail)?;
    let declared = &prepared.declared;
    let manifest = declared.file.as_deref().map(without_logins);
    let lock = declared.lock_file.clone();
    let beside = [("skills.toml", manifest), ("skills.lock", lock)].into_iter();
    for (name, bytes) in beside.filter_map(|(name, bytes)| Some((name, bytes?))) {
        if parts == 0 {
            put(&folder.join(name), &bytes).with_context(fail)?;
        }
    }
    put(&folder.join(format!("{}.json", parts + 1)), part.render().as_bytes())
        .with_context(fail)?;
    disk::sync_folder(&generations(roots));
    for folder in slots.values().filter_map(|slot| slot.parent()) {
        hide(roots, folder)?;
    }
    Ok(Begun { number, slots })
}

/// Notes that a run came to its end, and forgets the oldest beyond what is to be kept.
pub fn finish(begun: &Begun, rules: HistoryRules, roots: &Roots) -> Result<()> {
    close(begun.number, roots)?;
    forget(beyond(rules, roots).into_iter().map(|(number, _)| number), roots)
}

/// Returns the oldest runs beyond what is to be kept, with the bytes that each takes.
pub fn beyond(rules: HistoryRules, roots: &Roots) -> Vec<(u32, u64)> {
    let mut past = rows(roots);
    let mut bytes = 0;
    let fits = |(nth, (_, size)): &(usize, (u32, u64))| {
        bytes += *size;
        // What was done last can always be taken back.
        *nth == 0 || (*nth < rules.keep as usize && bytes <= rules.max_bytes)
    };
    let kept = past.iter().rev().copied().enumerate().take_while(fits).count();
    past.truncate(past.len() - kept);
    past
}

/// Notes that a run is over, with the bytes that it takes to go back.
pub fn close(number: u32, roots: &Roots) -> Result<()> {
    let folder = folder(roots, number);
    let kept = read(roots, number).map(|one| one.kept().map(|kept| disk::size(&kept.slot)).sum());
    let bytes: u64 = disk::size(&folder) + kept.unwrap_or(0);
    put(&folder.join(DONE), format!("{bytes}\n").as_bytes())
        .with_context(|| format!("cannot write `{}`", folder.join(DONE).display()))
}

/// Removes the records of some runs, and what waits in the trash for nobody else.
pub fn forget(numbers: impl Iterator<Item = u32>, roots: &Roots) -> Result<()> {
    let gone: BTreeSet<u32> = numbers.collect();
    if gone.is_empty() {
        return Ok(());
    }
    let (old, kept): (Vec<Generation>, Vec<Generation>) = self::numbers(roots)
        .into_iter()
        .filter_map(|number| read(roots, number).ok())
        .partition(|one| gone.contains(&one.number));
    let needed: BTreeSet<&Path> = slots(&kept).collect();
    for slot in slots(&old).filter(|slot| !needed.contains(slot)) {
        disk::discard(slot).with_context(|| format!("cannot remove `{}`", slot.display()))?;
    }
    for number in gone {
        let folder = folder(roots, number);
        disk::discard(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    Ok(())
}

/// Returns every place in the trash that some generations may want something from.
pub fn slots(generations: &[Generation]) -> impl Iterator<Item = &Path> {
    let trees = generations.iter().flat_map(|one| &one.parts).flat_map(|part| &part.trees);
    trees.flat_map(|tree| {
        let kept = tree.before.as_ref().map(|kept| kept.slot.as_path());
        kept.into_iter().chain(tree.from.as_deref())
    })
}

/// Returns the folder that holds all of them.
pub fn generations(roots: &Roots) -> PathBuf {
    roots.state_dir.join("generations")
}

/// The file that says that a run came to its end.
const DONE: &str = "done";

fn folder(roots: &Roots, number: u32) -> PathBuf {
    generations(roots).join(number.to_string())
}

/// Returns the numbers of the generations, in their order.
fn numbers(roots: &Roots) -> Vec<u32> {
    let names = disk::entries(&generations(roots)).into_iter().map(|(name, _)| name);
    let mut numbers: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// Returns the number of each generation with its bytes as they were noted, without reading more.
fn rows(roots: &Roots) -> Vec<(u32, u64)> {
    let size = |number: u32| noted(&folder(roots, number)).unwrap_or(0);
    numbers(roots).into_iter().map(|number| (number, size(number))).collect()
}

fn noted(folder: &Path) -> Option<u64> {
    let bytes = disk::read(&folder.join(DONE), Most::WORD).ok()??;
    String::from_utf8(bytes).ok()?.trim().parse().ok()
}

fn read(roots: &Roots, number: u32) -> Result<Generation> {
    let folder = folder(roots, number);
    let mut parts = Vec::new();
    loop {
        let file = folder.join(format!("{}.json", parts.len() + 1));
        let bytes = disk::read(&file, Most::OWN)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        let Some(bytes) = bytes else { break };
        parts.push(Part::parse(&file, &bytes).map_err(Faults::from)?);
    }
    let size = noted(&folder);
    Ok(Generation { number, parts, is_done: size.is_some(), size: size.unwrap_or(0) })
}

fn put(file: &Path, bytes: &[u8]) -> Result<()> {
    let before = disk::read(file, Most::OWN)?;
    Ok(disk::replace(file, before.as_deref(), bytes, 0o600)?)
}

/// Makes a folder for what is kept; in a repository nothing of it is seen.
fn hide(roots: &Roots, folder: &Path) -> Result<()> {
    let fail = || format!("cannot make `{}`", folder.display());
    disk::private_folder(folder).with_context(fail)?;
    let ignore = folder.join(".gitignore");
    if !folder.starts_with(&roots.state_dir) && !disk::exists(&ignore) {
        put(&ignore, b"*\n").with_context(fail)?;
    }
    Ok(())
}

/// Returns a manifest as it may be kept: a login in an address is stored nowhere else.
fn without_logins(manifest: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(manifest);
    let words: Vec<String> = text.split('"').map(redact_url).collect();
    words.join("\"").into_bytes()
}

fn line(line: &plan::Line) -> Option<Line> {
    let became = match line.sign {
        Sign::Add => Became::Added,
        Sign::Change => Became::Changed,
        Sign::Remove => Became::Removed,
        Sign::Keep => return None,
    };
    let (thing, file) = match &line.subject {
        Subject::Thing(thing) => (Some(thing.clone()), None),
        Subject::File(path) => (None, Some(path.clone())),
    };
    Some(Line { became, thing, file, text: line.text.clone() })
}

/// Works out a record from the steps of a plan and what stands where they will act.
struct Recorder<'a> {
    roots: &'a Roots,
    known: &'a [Generation],
    /// What the trees of this plan are called after.
    name: &'a str,
    part: Part,
}

impl Recorder<'_> {
    fn record(&mut self, plan: &Plan) {
        for step in plan.steps() {
            let thing = step.subjects.iter().find_map(|subject| subject.thing());
            self.step(step, thing, plan);
        }
        let made: BTreeSet<PathBuf> =
            plan.steps().iter().flat_map(|step| self.made(step)).collect();
        self.part.folders = made.into_iter().collect();
        self.part.installers = plan.installers().into_keys().collect();
    }

    fn step(&mut self, step: &Step, thing: Option<&Thing>, plan: &Plan) {
        match &step.action {
            Action::Write { to, before, after } => {
                self.file(&to.path, before.as_deref(), Some(after), plan);
            }
            Action::Erase { at, before } => self.file(&at.path, Some(before), None, plan),
            Action::Place { to, what, content, .. } if *what != Bytes::Backup => {
                let after = self.tree(to, content.clone());
                self.tree_change(to, Some(after), None, thing);
            }
            Action::Part { to, hash, .. } => {
                let after = self.tree(to, Some(hash.to_string()));
                self.tree_change(to, Some(after), None, thing);
            }
            Action::Restore { from, to, tree } => {
                self.tree_change(to, Some(tree.clone()), Some(from.clone()), thing);
            }
            Action::Delete { path } | Action::Trash { path, .. } => {
                self.tree_change(path, None, None, thing);
            }
            Action::Link { at, target } => self.link(at, Some(target.clone()), thing),
            Action::Unlink { at } => self.link(at, None, thing),
            Action::Place { .. } | Action::Tidy { .. } | Action::Run { .. } => {}
        }
    }

    fn file(&mut self, path: &Path, before: Option<&[u8]>, after: Option<&[u8]>, plan: &Plan) {
        if *path == plan::ledger_path(self.roots) {
            let text = |bytes: Option<&[u8]>| {
                String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
            };
            let ledger = &mut self.part.ledger;
            let ledger = ledger
                .get_or_insert_with(|| LedgerChange { before: text(before), after: String::new() });
            ledger.after = text(after);
        } else if !self.is_ours(path) {
            let own = plan.places().iter().filter(|(place, _)| place.file == path);
            let places: Vec<(&[String], &Thing)> =
                own.map(|(place, thing)| (place.keys.as_slice(), thing)).collect();
            self.part.files.push(FileChange::of(path.to_owned(), before, after, &places));
        }
    }

    /// Tells whether a path lies where only we keep things.
    fn is_ours(&self, path: &Path) -> bool {
        path.starts_with(&self.roots.state_dir) || path.starts_with(&self.roots.cache_dir)
    }

    /// Returns a name for a tree that is about to stand somewhere.
    fn tree(&self, path: &Path, content: Option<String>) -> Tree {
        Tree { id: self.id(path, "new"), content }
    }

    /// Returns a name that no other tree has.
    fn id(&self, path: &Path, word: &str) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{}.{}-{word}-{name}", self.name, self.part.trees.len() + 1)
    }

    fn tree_change(
        &mut self,
        path: &Path,
        after: Option<Tree>,
        from: Option<PathBuf>,
        thing: Option<&Thing>,
    ) {
        if self.is_ours(path) {
            return;
        }
        let is_seen = self.part.trees.iter().any(|tree| tree.path == path);
        let inode = if is_seen { None } else { disk::inode(path) };
        let before = inode.map(|inode| {
            let parts = self.known.iter().flat_map(|one| &one.parts);
            let known = standing(parts, path, Some(inode)).cloned();
            let known = known.filter(|tree| !disk::exists(&self.slot(path, tree)));
            let tree = known.unwrap_or_else(|| Tree { id: self.id(path, "old"), content: None });
            Kept { slot: self.slot(path, &tree), tree, inode }
        });
        if before.is_some() || after.is_some() {
            let (path, thing) = (path.to_owned(), thing.cloned());
            self.part.trees.push(TreeChange { path, before, after, from, thing });
        }
    }

    /// Returns where a tree waits, on its own file system.
    fn slot(&self, path: &Path, tree: &Tree) -> PathBuf {
        let ours = plan::trash_path(self.roots);
        if disk::share_a_disk(&ours, path) {
            return ours.join(&tree.id);
        }
        let real = disk::real(path);
        let roots = clients::staged(self.roots).into_iter().map(|folder| disk::real(&folder));
        let beside = || real.parent().unwrap_or(Path::new("/")).to_owned();
        let root = roots.filter(|root| real.starts_with(root)).max().unwrap_or_else(beside);
        root.join(TRASH).join(&tree.id)
    }

    fn link(&mut self, at: &Path, after: Option<PathBuf>, thing: Option<&Thing>) {
        match self.part.links.iter_mut().find(|link| link.path == at) {
            Some(link) => link.after = after,
            None => self.part.links.push(LinkChange {
                path: at.to_owned(),
                before: disk::link_target(at),
                after,
                thing: thing.cloned(),
            }),
        }
    }

    /// Returns the folders that a step makes on the way.
    fn made(&self, step: &Step) -> Vec<PathBuf> {
        let path = match &step.action {
            Action::Place { to, .. } | Action::Part { to, .. } | Action::Restore { to, .. } => to,
            Action::Write { to, .. } => &to.path,
            Action::Link { at, .. } => at,
            Action::Delete { .. }
            | Action::Unlink { .. }
            | Action::Trash { .. }
            | Action::Erase { .. }
            | Action::Tidy { .. }
            | Action::Run { .. } => return Vec::new(),
        };
        if self.is_ours(path) {
            return Vec::new();
        }
        let above = path.ancestors().skip(1).take_while(|folder| !disk::exists(folder));
        above.map(Path::to_owned).collect()
    }
}

/// Returns the names of trees by where they stand, for what is about to be taken back.
pub fn stands(known: &[Generation], paths: BTreeSet<&Path>) -> BTreeMap<PathBuf, Option<Tree>> {
    let stands = |path: &Path| {
        let inode = disk::inode(path)?;
        let parts = known.iter().flat_map(|one| &one.parts);
        Some((path.to_owned(), standing(parts, path, Some(inode)).cloned()))
    };
    paths.into_iter().filter_map(stands).collect()
}
