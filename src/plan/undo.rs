//! The plan that takes runs back: what each touched becomes what it was, and what somebody changed
//! since stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{
    Action, Line, Own, Plan, Sign, Step, Subject, ledger_file, ledger_path, target, trash_path,
};
use crate::clients::{self, Place};
use crate::declared::generation::{
    Became, Changed, FileChange, Force, Kept, Part, TreeChange, net, revert,
};
use crate::declared::ledger::Ledger;
use crate::formats::json;
use crate::model::{Diagnostic, Files, Note, OwnFile, Roots, Thing};

/// What is to be taken back, and what stands there now.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    pub roots: &'a Roots,
    /// The plans that are taken back, the oldest first.
    pub parts: &'a [Part],
    /// The files that they wrote, as they are.
    pub files: &'a Files,
    /// The folders that they put somewhere or took away, where there is one now.
    pub trees: &'a BTreeMap<PathBuf, Stands>,
    pub links: &'a BTreeMap<PathBuf, Spot>,
    /// Folders that they made and that hold nothing any more.
    pub idle: &'a BTreeSet<PathBuf>,
    /// The places in the trash that hold something.
    pub slots: &'a BTreeSet<PathBuf>,
    pub ledger: &'a Ledger,
    pub ledger_file: Option<&'a [u8]>,
    pub force: Force,
    pub notes: &'a [Note],
}

/// A folder that stands somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// Its name among the trees that our records know.
    pub id: Option<String>,
    /// Its content is not what was put there.
    pub is_changed: bool,
}

/// What stands where a link was, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    Nothing,
    Link(PathBuf),
    Other,
}

impl Spot {
    fn is(&self, link: Option<&PathBuf>) -> bool {
        match (self, link) {
            (Self::Nothing, None) => true,
            (Self::Link(now), Some(link)) => now == link,
            _ => false,
        }
    }
}

/// Makes the plan.
///
/// # Errors
/// A ledger in a record cannot be read.
pub fn undo(past: Past) -> Result<Plan, Diagnostic> {
    let mut undo = Undo { past, kept: BTreeSet::new(), notes: past.notes.to_vec() };
    undo.find_kept();
    undo.plan()
}

struct Undo<'a> {
    past: Past<'a>,
    /// Things of which something was changed since: they stay as they are as a whole.
    kept: BTreeSet<Thing>,
    notes: Vec<Note>,
}

/// The steps in the order in which any prefix leaves a valid state.
#[derive(Default)]
struct Steps {
    unlinks: Vec<Step>,
    removals: Vec<Step>,
    restores: Vec<Step>,
    additions: Vec<Step>,
    links: Vec<Step>,
    trash: Vec<Step>,
}

impl<'a> Undo<'a> {
    /// Finds the things of which something is not as the run left it.
    fn find_kept(&mut self) {
        let mut notes: Vec<Note> = Vec::new();
        for (path, writes) in self.writes() {
            let (reverted, _) = self.reverted(&path, &writes);
            for changed in reverted {
                let text = "was changed since and stays as it is";
                match changed {
                    Changed::Value { thing: Some(thing), .. } => drop(self.kept.insert(thing)),
                    Changed::Value { path: keys, thing: None } => {
                        let text = format!("`{}` {text}", keys.join("."));
                        notes.push(Note::unmet(path.clone(), text));
                    }
                    Changed::File => notes.push(Note::unmet(path.clone(), text)),
                }
            }
        }
        for (tree, last) in ends(self.past.parts, |part| &part.trees, |tree| &tree.path) {
            let stands = self.past.trees.get(&tree.path);
            if self.is_in_the_way(tree, stands) {
                self.keep(last.thing.as_ref(), &tree.path, &mut notes);
            } else if let Some(kept) = self.missing(tree, stands) {
                let text =
                    "is no longer in the trash; `zskills sync` fetches what the manifest asks for";
                let note = Note::unmet(kept.slot.clone(), text);
                notes.push(note);
                self.kept.extend(tree.thing.clone());
            }
        }
        for (link, last) in ends(self.past.parts, |part| &part.links, |link| &link.path) {
            let now = self.past.links.get(&link.path).unwrap_or(&Spot::Nothing);
            // A run that was cut short may have left it at any of them.
            let mut links = self.past.parts.iter().flat_map(|part| &part.links);
            let known = links.any(|one| {
                one.path == link.path && (now.is(one.before.as_ref()) || now.is(one.after.as_ref()))
            });
            let forced = self.past.force == Force::Overwrite && *now != Spot::Other;
            if !known && !forced {
                self.keep(last.thing.as_ref(), &link.path, &mut notes);
            }
        }
        let hint = "`--force` takes it back all the same";
        let said = self.kept.iter().map(|thing| {
            Note::unmet(thing.name(), "was changed since and stays as it is").hint(hint)
        });
        self.notes.extend(said);
        self.notes.extend(notes.into_iter().map(|note| note.hint(hint)));
    }

    fn keep(&mut self, thing: Option<&Thing>, path: &Path, notes: &mut Vec<Note>) {
        match thing {
            Some(thing) => drop(self.kept.insert(thing.clone())),
            None => {
                notes.push(Note::unmet(path.to_owned(), "was changed since and stays as it is"));
            }
        }
    }

    fn is_in_the_way(&self, tree: &TreeChange, stands: Option<&Stands>) -> bool {
        self.past.force == Force::Keep
            && stands.is_some_and(|stands| stands.is_changed)
            && !is_as_before(tree, stands)
    }

    /// Returns the tree that should come back and cannot.
    fn missing<'t>(&self, tree: &'t TreeChange, stands: Option<&Stands>) -> Option<&'t Kept> {
        let kept = tree.before.as_ref().filter(|_| !is_as_before(tree, stands))?;
        (!self.past.slots.contains(&kept.slot)).then_some(kept)
    }

    /// Returns the writes of each file but the ledger, plan by plan.
    fn writes(&self) -> BTreeMap<PathBuf, Vec<Vec<&'a FileChange>>> {
        let ledger = ledger_path(self.past.roots);
        let mut writes: BTreeMap<PathBuf, Vec<Vec<&FileChange>>> = BTreeMap::new();
        for part in self.past.parts {
            let mut own: BTreeMap<&Path, Vec<&FileChange>> = BTreeMap::new();
            for file in part.files.iter().filter(|file| file.path != ledger) {
                own.entry(&file.path).or_default().push(file);
            }
            for (path, files) in own {
                writes.entry(path.to_owned()).or_default().push(files);
            }
        }
        writes
    }

    /// Returns what is in the way in a file, and its bytes with everything else as it was.
    fn reverted(
        &self,
        path: &Path,
        writes: &[Vec<&FileChange>],
    ) -> (Vec<Changed>, Option<Vec<u8>>) {
        let is_client = clients::files(self.past.roots).iter().any(|file| file.path == path);
        let is_kept = |thing: Option<&Thing>| thing.is_some_and(|thing| self.kept.contains(thing));
        let mut bytes = self.past.files.get(path).map(<[u8]>::to_vec);
        let mut changed = Vec::new();
        for writes in writes.iter().rev() {
            // A whole file of a client holds what is not ours to overwrite.
            let has_values = writes.iter().all(|write| write.values.is_some());
            let force = if is_client && !has_values { Force::Keep } else { self.past.force };
            let reverted = revert(writes, bytes, force, &is_kept);
            bytes = reverted.bytes;
            changed.extend(reverted.changed);
        }
        (changed, bytes)
    }

    fn plan(mut self) -> Result<Plan, Diagnostic> {
        let roots = self.past.roots;
        let mut own = Own { roots, lines: self.lines(), steps: Vec::new() };
        let mut steps = Steps::default();
        let order: Vec<PathBuf> = clients::files(roots).into_iter().map(|file| file.path).collect();
        let mut files: Vec<_> = self.writes().into_iter().collect();
        files.sort_by_key(|(path, _)| order.iter().position(|known| known == path));
        for (path, writes) in files {
            let (_, after) = self.reverted(&path, &writes);
            let before = self.past.files.get(&path).map(<[u8]>::to_vec);
            if before == after {
                continue;
            }
            let is_client = writes.iter().flatten().any(|write| write.values.is_some());
            if is_client {
                self.client_file(&path, &writes, before, after, &mut steps);
            } else {
                own.make(&path, before, after);
            }
        }
        steps.removals.reverse();
        self.trees(&mut steps);
        self.links(&mut steps);
        let (claimed, released) = self.ledgers()?;
        let old = self.past.ledger_file.map(<[u8]>::to_vec);
        let texts = [claimed, released].map(|ledger| ledger.render().into_bytes());
        let [claimed, released] = texts;
        let is_claimed = self.past.ledger.render().into_bytes() != claimed;
        if is_claimed {
            own.write(&ledger_file(roots, old.clone(), claimed.clone()));
        }
        own.steps.extend(steps.unlinks);
        own.steps.extend(steps.removals);
        own.steps.extend(steps.restores);
        own.steps.extend(steps.additions);
        own.steps.extend(steps.links);
        own.steps.extend(steps.trash);
        if claimed != released {
            let before = if is_claimed { Some(claimed) } else { old };
            own.write(&ledger_file(roots, before, released));
        }
        let tidies = self.tidies(own.steps.is_empty());
        own.steps.extend(tidies);
        self.say_what_comes_again(&own);
        Ok(Plan {
            lines: own.lines,
            places: self.places(),
            steps: own.steps,
            notes: self.notes,
            ..Plan::default()
        })
    }

    /// Returns what becomes of each thing.
    fn lines(&self) -> Vec<Line> {
        let line = |line: &crate::declared::generation::Line| {
            let thing = line.thing.clone()?;
            if self.kept.contains(&thing) {
                return Some(Line::of(Sign::Keep, thing, "was changed since"));
            }
            Some(match line.became {
                Became::Added => Line::of(Sign::Remove, thing, "was not there before"),
                Became::Changed => Line::of(Sign::Change, thing, "as it was before"),
                Became::Removed => Line::of(Sign::Add, thing, "as it was before"),
            })
        };
        net(self.past.parts).iter().filter_map(line).collect()
    }

    /// Adds the steps that bring a client's file back: what goes before what comes.
    fn client_file(
        &self,
        path: &Path,
        writes: &[Vec<&FileChange>],
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
        steps: &mut Steps,
    ) {
        let to = target(self.past.roots, path.to_owned());
        let subjects = subjects(path, writes);
        let step = |action| Step { action, subjects: subjects.clone() };
        let Some(after) = after else {
            let before = before.unwrap_or_default();
            return steps.removals.push(step(Action::Erase { at: to, before }));
        };
        let Some(old) = before else {
            return steps.additions.push(step(Action::Write { to, before: None, after }));
        };
        let (fewer, comes) = without_what_goes(&old, &after);
        if !comes {
            return steps.removals.push(step(Action::Write { to, before: Some(old), after }));
        }
        if let Some(fewer) = fewer {
            let (to, before) = (to.clone(), Some(old));
            steps.removals.push(step(Action::Write { to, before, after: fewer.clone() }));
            let action = Action::Write {
                to: target(self.past.roots, path.to_owned()),
                before: Some(fewer),
                after,
            };
            return steps.additions.push(step(action));
        }
        steps.additions.push(step(Action::Write { to, before: Some(old), after }));
    }

    fn trees(&self, steps: &mut Steps) {
        for (tree, last) in ends(self.past.parts, |part| &part.trees, |tree| &tree.path) {
            let stands = self.past.trees.get(&tree.path);
            let subject = match tree.thing.as_ref().or(last.thing.as_ref()) {
                Some(thing) if self.kept.contains(thing) => continue,
                Some(thing) => Subject::Thing(thing.clone()),
                None => Subject::File(tree.path.clone()),
            };
            let stays = is_as_before(tree, stands)
                || self.is_in_the_way(tree, stands)
                || self.missing(tree, stands).is_some();
            if stays {
                continue;
            }
            let to = tree.path.clone();
            let (list, action) = match &tree.before {
                Some(Kept { tree, slot, .. }) => (
                    &mut steps.restores,
                    Action::Restore { from: slot.clone(), to, tree: tree.clone() },
                ),
                None => (
                    &mut steps.trash,
                    Action::Trash { path: to, trash: trash_path(self.past.roots) },
                ),
            };
            list.push(Step { action, subjects: vec![subject] });
        }
    }

    fn links(&self, steps: &mut Steps) {
        for (link, last) in ends(self.past.parts, |part| &part.links, |link| &link.path) {
            let now = self.past.links.get(&link.path).unwrap_or(&Spot::Nothing);
            let subject = match &last.thing {
                Some(thing) if self.kept.contains(thing) => continue,
                Some(thing) => Subject::Thing(thing.clone()),
                None => Subject::File(link.path.clone()),
            };
            if *now == Spot::Other || now.is(link.before.as_ref()) {
                continue;
            }
            let at = link.path.clone();
            let step = |action| Step { action, subjects: vec![subject.clone()] };
            if matches!(now, Spot::Link(_)) {
                steps.unlinks.push(step(Action::Unlink { at: at.clone() }));
            }
            if let Some(target) = link.before.clone() {
                steps.links.push(step(Action::Link { at, target }));
            }
        }
    }

    /// Returns the ledger while things come and go, and the one after that.
    fn ledgers(&self) -> Result<(Ledger, Ledger), Diagnostic> {
        let path = ledger_path(self.past.roots);
        let read = |text: &str| match text {
            "" => Ok(Ledger::default()),
            text => Ledger::parse(&path, text.as_bytes(), self.past.roots),
        };
        let is_kept = |thing: &Thing| self.kept.contains(thing);
        let mut ledger = self.past.ledger.clone();
        for change in self.past.parts.iter().rev().filter_map(|part| part.ledger.as_ref()) {
            ledger = ledger.undone(&read(&change.before)?, &read(&change.after)?, &is_kept);
        }
        Ok((ledger.clone().with_all_of(self.past.ledger), ledger))
    }

    /// Returns the steps that remove folders that were made on the way, the inner ones first. Where nothing
    /// else is to do they go when nothing is in them.
    fn tidies(&self, is_all: bool) -> Vec<Step> {
        let folders = self.past.parts.iter().flat_map(|part| &part.folders);
        let folders: BTreeSet<&PathBuf> =
            folders.filter(|folder| !is_all || self.past.idle.contains(*folder)).collect();
        let tidy = |folder: &&PathBuf| Step {
            action: Action::Tidy { folder: (*folder).clone() },
            subjects: Vec::new(),
        };
        folders.iter().rev().map(tidy).collect()
    }

    /// Says what a manifest that is not put back goes on asking for.
    fn say_what_comes_again(&mut self, own: &Own) {
        let Some(part) = self.past.parts.first() else { return };
        let is_it = |step: &Step| step.subjects.contains(&Subject::File(part.manifest.clone()));
        let again = |line: &&Line| matches!(line.sign, Sign::Add | Sign::Remove);
        let count = own.lines.iter().filter(|line| line.subject.thing().is_some()).filter(again);
        if own.steps.is_empty() || own.steps.iter().any(is_it) || count.count() == 0 {
            return;
        }
        let text =
            "was not written by what is taken back and stays: the next `sync` goes by it again";
        self.notes.push(Note::info(part.manifest.clone(), text));
    }

    /// Returns where the things of the records are spelled.
    fn places(&self) -> Vec<(Place, Thing)> {
        let mut places: Vec<(Place, Thing)> = Vec::new();
        for file in self.past.parts.iter().flat_map(|part| &part.files) {
            for value in file.values.iter().flatten() {
                let Some(thing) = value.thing.clone() else { continue };
                let place = Place { file: file.path.clone(), keys: value.path.clone() };
                places.push((place, thing));
            }
        }
        places
    }
}

impl Own<'_> {
    /// Adds a file of ours that is to have another text, or none.
    fn make(&mut self, path: &Path, before: Option<Vec<u8>>, after: Option<Vec<u8>>) {
        let what = "as it was before";
        let Some(after) = after else {
            let subject = Subject::File(path.to_owned());
            self.lines.push(Line::file(Sign::Remove, path.to_owned(), "was not there before"));
            let at = target(self.roots, path.to_owned());
            let action = Action::Erase { at, before: before.unwrap_or_default() };
            return self.steps.push(Step { action, subjects: vec![subject] });
        };
        self.write(&OwnFile { path: path.to_owned(), before, after, what });
    }
}

/// Tells whether what stands somewhere is what stood there before the change.
fn is_as_before(tree: &TreeChange, stands: Option<&Stands>) -> bool {
    match (&tree.before, stands) {
        (None, None) => true,
        (Some(kept), Some(stands)) => stands.id.as_ref() == Some(&kept.tree.id),
        _ => false,
    }
}

/// Returns what a file is written for: the things in it, or itself.
fn subjects(path: &Path, writes: &[Vec<&FileChange>]) -> Vec<Subject> {
    let values = writes.iter().flatten().flat_map(|write| write.values.iter().flatten());
    let things = values.filter_map(|value| value.thing.clone()).map(Subject::Thing);
    let things: BTreeSet<Subject> = things.collect();
    if things.is_empty() {
        return vec![Subject::File(path.to_owned())];
    }
    things.into_iter().collect()
}

/// Returns the first and the last change of each path.
fn ends<'p, T>(
    parts: &'p [Part],
    of: impl Fn(&'p Part) -> &'p Vec<T>,
    path: impl Fn(&'p T) -> &'p PathBuf,
) -> Vec<(&'p T, &'p T)> {
    let mut ends: BTreeMap<&PathBuf, (&T, &T)> = BTreeMap::new();
    for change in parts.iter().flat_map(of) {
        ends.entry(path(change)).and_modify(|(_, last)| *last = change).or_insert((change, change));
    }
    ends.into_values().collect()
}

/// Returns the old text without the values that the new one has not, if there are any, and whether the new
/// one has some that the old one has not.
fn without_what_goes(old: &[u8], new: &[u8]) -> (Option<Vec<u8>>, bool) {
    let (Ok(old), Ok(new)) = (str::from_utf8(old), str::from_utf8(new)) else {
        return (None, true);
    };
    let Some(differences) = json::differences(Some(old), Some(new), &|_| false) else {
        return (None, true);
    };
    let comes = differences.iter().any(|one| one.after.is_some());
    let mut text = old.to_owned();
    for gone in differences.iter().filter(|one| one.after.is_none()) {
        let keys: Vec<json::Key> = gone.path.iter().map(|name| json::Key::Name(name)).collect();
        if let Ok(shorter) = json::remove(&text, &keys) {
            text = shorter;
        }
    }
    ((text != old).then(|| text.into_bytes()), comes)
}
