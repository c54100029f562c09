//! Entries with a source: which skills, at which commit, and which bytes have to be placed.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::Disk;
use super::{Pick, origin, some, split_package};
use crate::content::skill::Severity;
use crate::declared::lock::{Lock, LockedRefusal, LockedSkill};
use crate::model::{
    About, Commit, Level, Note, Request, Revision, SkillName, SkillRecord, SkillSource, Source,
    WantedSkill, did_you_mean, is_glob, matches, matches_any,
};
use crate::resolve::team::Names;
use crate::resolve::{
    DesiredSkill, Movement, Origin, Resolver, Shelved, SkillAt, SkillsAt, SkillsWanted, Stop,
    TipWanted, note, revision,
};

/// More skills than anybody wants all of.
const MOST: usize = 1000;

/// What a glob does not bring because the entry leaves it out.
#[derive(Default)]
struct LeftOut {
    /// Left out by the lock, and no longer by the manifest.
    back: Vec<String>,
    /// Whether there is something that is left out still.
    remains: bool,
}

const REFUSED: &str = "do not use it as it is: tell its author, or select others with `names`";

/// Stands for everything that a source has.
const ALL: &str = "*";

impl<'a> Resolver<'a> {
    /// Resolves an entry: what the lock answers from the lock, the rest from the source.
    pub(super) fn sourced(
        &mut self,
        want: &'a WantedSkill,
        source: &'a SkillSource,
    ) -> Result<Vec<Pick<'a>>, Stop> {
        let selectors = match want.names.as_slice() {
            [] => vec![ALL.to_owned()],
            names => names.to_vec(),
        };
        // What lies in a local folder is what is wanted, so there the lock only records.
        let moves = is_local(source);
        let (mut locked, mut open, mut tip) = (BTreeMap::new(), Vec::new(), None);
        for selector in selectors {
            let (mut entries, mut left_out) = (Vec::new(), LeftOut::default());
            if !moves {
                entries = self.answers(want, &selector);
                left_out = self.leave_out(want, &selector, &mut entries);
            }
            if tip.is_none() && entries.iter().any(|(name, _)| self.skill_moves(name)) {
                tip = self.skill_tip(want, source)?;
            }
            // What is to be accepted may be at the commit that the others have moved to already.
            let accepts = !self.question.accepted.is_empty();
            let is_newest = |entry: &LockedSkill| !accepts && tip.is_some() && entry.commit == tip;
            let (moving, staying): (Vec<_>, Vec<_>) = entries
                .into_iter()
                .partition(|(name, entry)| self.skill_moves(name) && !is_newest(entry));
            if let (Some(tip), Some(url)) = (&tip, repository(source)) {
                let old: BTreeSet<&Commit> =
                    moving.iter().filter_map(|(_, entry)| entry.commit.as_ref()).collect();
                for old in old {
                    self.compare(&url, old, tip);
                }
            }
            let newest = *self.question.movement == Movement::Newest;
            let nothing = moving.is_empty() && staying.is_empty();
            let unanswered = nothing && left_out.back.is_empty() && !left_out.remains;
            if unanswered || newest && (nothing || !moving.is_empty()) {
                open.push(selector);
                continue;
            }
            self.refuse_again(want, &selector);
            open.extend(left_out.back);
            open.extend(moving.into_iter().map(|(name, _)| name.to_string()));
            locked.extend(staying);
        }
        let mut picks = self.take_locked_skills(want, source, &locked)?;
        let taken: BTreeSet<SkillName> = picks.iter().map(|pick| pick.name.clone()).collect();
        if !open.is_empty() {
            let fresh = self.take_fresh(want, source, &open, tip.as_ref())?;
            picks.extend(fresh.into_iter().filter(|pick| !taken.contains(&pick.name)));
        }
        Ok(picks)
    }

    /// Takes what is left out of a glob from what the lock has for it, and remembers it.
    fn leave_out(
        &mut self,
        want: &WantedSkill,
        selector: &str,
        entries: &mut Vec<(SkillName, LockedSkill)>,
    ) -> LeftOut {
        let written = want.written.as_deref().unwrap_or_default();
        if !is_glob(selector) {
            return LeftOut::default();
        }
        let mut known = Vec::new();
        let before = self.question.lock.excluded.get(written).into_iter().flatten();
        let before = before.filter(|name| matches(selector, name.as_str())).cloned();
        let (names, back): (BTreeSet<SkillName>, BTreeSet<SkillName>) = entries
            .extract_if(.., |(name, _)| want.excludes(name.as_str()))
            .map(|(name, _)| name)
            .chain(before)
            .partition(|name| want.excludes(name.as_str()));
        let is_there = |name: &SkillName| {
            want.names.iter().any(|named| named == name.as_str())
                || entries.iter().any(|(there, _)| there == name)
        };
        let mut open = Vec::new();
        for name in back.into_iter().filter(|name| !is_there(name)) {
            // What the lock has for the name alone needs no look at the source.
            let own = self.answers(want, name.as_str()).pop();
            match own {
                Some((name, entry)) => {
                    let pattern = Some(selector.to_owned());
                    known.push((name, LockedSkill { pattern, ..entry }));
                }
                None => open.push(name.to_string()),
            }
        }
        entries.extend(known);
        let remains = !names.is_empty();
        self.remember_left_out(written, names);
        LeftOut { back: open, remains }
    }

    fn remember_left_out(&mut self, written: &str, names: BTreeSet<SkillName>) {
        if !names.is_empty() {
            self.out.lock.excluded.entry(written.to_owned()).or_default().extend(names);
        }
    }

    /// Returns what the lock, or else the inventory, says about one name or glob of an entry.
    fn answers(&self, want: &WantedSkill, selector: &str) -> Vec<(SkillName, LockedSkill)> {
        let written = want.written.as_deref().unwrap_or_default();
        let lock = &self.question.lock.skills;
        let same = |entry: &LockedSkill| entry.source == written && entry.pin == want.pin;
        if is_glob(selector) {
            let brought = |entry: &LockedSkill| entry.pattern.as_deref() == Some(selector);
            let found = lock.iter().filter(|(_, entry)| same(entry) && brought(entry));
            return found.map(|(name, entry)| (name.clone(), entry.clone())).collect();
        }
        let Ok(name) = selector.parse::<SkillName>() else { return Vec::new() };
        let entry = lock.get(&name).filter(|entry| same(entry)).cloned();
        let entry = entry.or_else(|| self.installed(want, &name));
        entry.map(|entry| (name, LockedSkill { pattern: None, ..entry })).into_iter().collect()
    }

    /// Returns what to lock when what we installed meets the entry: a sync never upgrades.
    fn installed(&self, want: &WantedSkill, name: &SkillName) -> Option<LockedSkill> {
        let record = self.record_of(name, want.scope)?;
        let Shelved::Folder { tree: Some(tree), is_clone: false, .. } =
            self.shelved(name, want.scope)?
        else {
            return None;
        };
        let package = matches!(want.source, Some(SkillSource::Npm { .. }));
        let pinned = if package { Ok(record.pin.clone()) } else { Err(record.pin.as_deref()) };
        let same_pin = pinned.as_ref().err().is_none_or(|pin| *pin == want.pin.as_deref());
        let meets = !self.skill_moves(name)
            && record.source == origin(want.source.as_ref())
            && same_pin
            && record.tree.as_ref().is_none_or(|recorded| recorded == tree);
        meets.then(|| LockedSkill {
            source: want.written.clone().unwrap_or_default(),
            pin: want.pin.clone(),
            pattern: None,
            commit: record.commit.clone(),
            package: pinned.unwrap_or_default(),
            tree: tree.clone(),
            powers: None,
        })
    }

    fn take_locked_skills(
        &mut self,
        want: &'a WantedSkill,
        source: &SkillSource,
        locked: &BTreeMap<SkillName, LockedSkill>,
    ) -> Result<Vec<Pick<'a>>, Stop> {
        let mut absent: BTreeMap<SkillsWanted, Vec<SkillName>> = BTreeMap::new();
        let (mut picks, mut later) = (Vec::new(), false);
        for (name, entry) in locked {
            let bytes = match self.disk(want, name, Some(&entry.tree)) {
                // A run that ended before the inventory leaves a folder of which only the source can
                // say where it is from.
                Ok(Disk::Same) => self.record_of(name, want.scope).is_none(),
                Ok(Disk::Absent | Disk::Ours) => true,
                Ok(Disk::Edited(record)) => {
                    picks.push(self.edited(want, name, entry.clone(), record));
                    continue;
                }
                Err(stop) => {
                    self.give_up_skill(want, name, stop);
                    continue;
                }
            };
            if bytes {
                let at = Some((entry.commit.as_ref(), entry.package.as_deref()));
                absent.entry(question(source, want, at)).or_default().push(name.clone());
            } else {
                match self.kept(want, name, entry) {
                    Ok(pick) => picks.push(pick),
                    Err(_) => later = true,
                }
            }
        }
        for (question, names) in absent {
            let select = names.iter().map(ToString::to_string).collect();
            let at = match self.answers.skills.ask(SkillsWanted { select, ..question }) {
                Ok(at) => at.clone(),
                Err(Stop::Later) => {
                    later = true;
                    continue;
                }
                Err(stop) => {
                    for name in &names {
                        self.give_up_skill(want, name, stop.clone());
                    }
                    continue;
                }
            };
            for name in names {
                match restored(want, &name, &locked[&name], &at) {
                    Ok((desired, entry)) => {
                        picks.push(Pick { want, name, desired, locked: Some(entry) });
                    }
                    Err(stop) => self.give_up_skill(want, &name, stop),
                }
            }
        }
        if later { Err(Stop::Later) } else { Ok(picks) }
    }

    /// Returns a skill whose bytes stay as they are.
    fn kept(
        &mut self,
        want: &'a WantedSkill,
        name: &SkillName,
        entry: &LockedSkill,
    ) -> Result<Pick<'a>, Stop> {
        let entry = self.with_powers(want, name, entry)?;
        let record = record(want, &entry, self.path_of(want, name));
        let (link, enabled) = (want.link, want.enabled);
        let desired = DesiredSkill { record, bytes: None, link, enabled, once: false };
        Ok(Pick { want, name: name.clone(), desired, locked: Some(entry) })
    }

    /// Takes what the source has now.
    fn take_fresh(
        &mut self,
        want: &'a WantedSkill,
        source: &SkillSource,
        selectors: &[String],
        tip: Option<&Commit>,
    ) -> Result<Vec<Pick<'a>>, Stop> {
        let everything = selectors.iter().any(|selector| selector == ALL);
        let select = if everything { Vec::new() } else { selectors.to_vec() };
        let question = question(source, want, tip.map(|tip| (Some(tip), None)));
        let at = self.answers.skills.ask(SkillsWanted { select, ..question })?.clone();
        if everything && at.skills.len() > MOST {
            return Err(Stop::refused(
                format!("has {} skills, more than {MOST}", at.skills.len()),
                "say with `names` which of them you want",
            ));
        }
        self.report_source(want, selectors, &at);
        self.left_out_of(want, selectors, &at);
        let mut picks = Vec::new();
        for skill in at.skills.iter().filter(|skill| !want.excludes(skill.name.as_str())) {
            let pattern = self.brought_by(want, selectors, &skill.name);
            match self.fresh(want, skill, &at, pattern.clone()) {
                Ok(pick) => picks.push(pick),
                Err(stop) => {
                    if let (Stop::Never(trouble), Some(glob)) = (&stop, &pattern)
                        && trouble.level == Level::Refused
                        // What nobody has accepted yet is no fault of the skill.
                        && safe(skill).is_err()
                    {
                        self.lock_refusal(want, glob, skill.name.as_str(), &trouble.text);
                    }
                    self.give_up_skill(want, &skill.name, stop);
                }
            }
        }
        self.absent_skills(want, selectors, &at);
        Ok(picks)
    }

    /// Returns the glob that a skill belongs to; none when it is named.
    fn brought_by(
        &self,
        want: &WantedSkill,
        selectors: &[String],
        name: &SkillName,
    ) -> Option<String> {
        let name = name.as_str();
        if want.names.iter().any(|named| named == name) {
            return None;
        }
        let glob = |selectors: &[String]| {
            selectors.iter().find(|selector| is_glob(selector) && matches(selector, name)).cloned()
        };
        if !selectors.iter().any(|selector| selector == name) {
            return glob(selectors);
        }
        // One that is asked for alone belongs to the glob that brought it, or would.
        let mut locked = self.question.lock.skills.iter();
        let before = locked.find(|(locked, _)| locked.as_str() == name);
        let all = || want.names.is_empty().then(|| ALL.to_owned());
        before
            .and_then(|(_, locked)| locked.pattern.clone())
            .or_else(all)
            .or_else(|| glob(&want.names))
    }

    /// Remembers what of a source is left out, and says when there is no such skill.
    fn left_out_of(&mut self, want: &WantedSkill, selectors: &[String], at: &SkillsAt) {
        let globs: Vec<&String> = selectors.iter().filter(|selector| is_glob(selector)).collect();
        if want.exclude.is_empty() || globs.is_empty() {
            return;
        }
        let is_out = |name: &&SkillName| {
            want.excludes(name.as_str()) && globs.iter().any(|glob| matches(glob, name.as_str()))
        };
        let names: BTreeSet<SkillName> = at.names.keys().filter(is_out).cloned().collect();
        let is_missing = |name: &&String| {
            !is_glob(name) && !at.names.keys().any(|there| there.as_str() == name.as_str())
        };
        for name in want.exclude.iter().filter(is_missing) {
            let text = format!("has no skill `{name}`, which `exclude` names");
            let near = did_you_mean(name, at.names.keys().map(SkillName::as_str));
            let note = Note::info(super::label(want), text);
            self.out.notes.push(match near {
                Some(near) => note.hint(format!("did you mean `{near}`?")),
                None => note,
            });
        }
        self.remember_left_out(want.written.as_deref().unwrap_or_default(), names);
    }

    fn fresh(
        &mut self,
        want: &'a WantedSkill,
        skill: &SkillAt,
        at: &SkillsAt,
        pattern: Option<String>,
    ) -> Result<Pick<'a>, Stop> {
        let name = &skill.name;
        let local = want.source.as_ref().is_some_and(is_local);
        let installed = if local { None } else { self.installed(want, name) };
        if let Some(entry) = installed {
            return self.kept(want, name, &LockedSkill { pattern, ..entry });
        }
        let hash = safe(skill)?;
        let from = want.source.as_ref().map(from);
        let powers = self.skill_powers(want, skill, pattern.as_deref(), from)?;
        let entry = LockedSkill {
            powers: Some(powers),
            source: want.written.clone().unwrap_or_default(),
            pin: want.pin.clone(),
            pattern,
            // The commit of a local folder may be that of the repository that holds the lock.
            commit: if local { None } else { at.commit.clone() },
            package: at.package.clone(),
            tree: hash.clone(),
        };
        let bytes = match self.disk(want, name, Some(hash))? {
            Disk::Same => None,
            Disk::Absent | Disk::Ours => Some(skill.part.clone()),
            Disk::Edited(record) => return Ok(self.edited(want, name, entry, record)),
        };
        if bytes.is_some() {
            self.report_findings(skill);
        }
        let record = record(want, &entry, Some(skill.folder.clone()));
        let desired =
            DesiredSkill { record, bytes, link: want.link, enabled: want.enabled, once: false };
        Ok(Pick { want, name: name.clone(), desired, locked: Some(entry) })
    }

    /// Keeps a skill that was edited here. That is only a failure when other bytes are wanted.
    fn edited(
        &mut self,
        want: &'a WantedSkill,
        name: &SkillName,
        entry: LockedSkill,
        record: &SkillRecord,
    ) -> Pick<'a> {
        let hint = format!("`zskills sync --discard-changes {name}` replaces it");
        let note = if record.tree.as_ref() == Some(&entry.tree) {
            Note::info(name, "was edited here and stays as it is")
        } else {
            Note::unmet(name, "was edited here, so the new version is not installed")
        };
        self.out.notes.push(note.hint(hint));
        let record = SkillRecord { installed_at: None, links: BTreeMap::new(), ..record.clone() };
        let desired = DesiredSkill {
            record,
            bytes: None,
            link: want.link,
            enabled: want.enabled,
            once: false,
        };
        Pick { want, name: name.clone(), desired, locked: Some(entry) }
    }

    /// Asks where a repository stands now; what was fetched from there before need not be fetched again.
    fn skill_tip(
        &mut self,
        want: &WantedSkill,
        source: &SkillSource,
    ) -> Result<Option<Commit>, Stop> {
        let SkillSource::Tree { source, .. } = source else { return Ok(None) };
        let Some(url) = source.git_url() else { return Ok(None) };
        let reference = want.pin.as_deref().or(source.reference());
        if let Some(Ok(commit)) = reference.map(str::parse) {
            return Ok(Some(commit));
        }
        let reference = reference.map(str::to_owned);
        self.answers.tips.ask(TipWanted { url, reference }).cloned().map(Some)
    }

    fn skill_moves(&self, name: &SkillName) -> bool {
        *self.question.movement == Movement::Newest
            || self.question.skills.moving.iter().any(|moving| moving == name.as_str())
    }

    fn give_up_skill(&mut self, want: &WantedSkill, name: &SkillName, stop: Stop) {
        let Stop::Never(trouble) = stop else { return };
        self.out.notes.push(note(name, &trouble));
        self.out.desired.kept_skills.insert((name.to_string(), want.scope));
        self.keep_in_lock(name);
    }

    /// Remembers what is not safe to use, unless an older and safe one of that name is locked.
    fn lock_refusal(&mut self, want: &WantedSkill, glob: &str, about: &str, why: &str) {
        if self.question.lock.skills.keys().any(|name| name.as_str() == about) {
            return;
        }
        let refusal = LockedRefusal {
            source: want.written.clone().unwrap_or_default(),
            pin: want.pin.clone(),
            pattern: glob.to_owned(),
            why: why.to_owned(),
        };
        self.out.lock.refused.insert(about.to_owned(), refusal);
    }

    /// Says again what a glob would bring if it were safe, without a look at the source.
    fn refuse_again(&mut self, want: &WantedSkill, selector: &str) {
        let written = want.written.as_deref().unwrap_or_default();
        for (about, refusal) in &self.question.lock.refused {
            if (refusal.source.as_str(), refusal.pattern.as_str()) == (written, selector)
                && refusal.pin == want.pin
                && !want.excludes(&last(about))
            {
                self.out
                    .notes
                    .push(Note::refused(About::Skill(about.clone()), &refusal.why).hint(REFUSED));
                self.out.lock.refused.insert(about.clone(), refusal.clone());
            }
        }
    }

    /// Passes on what was passed over, as far as it bears on what is wanted.
    fn report_source(&mut self, want: &WantedSkill, selectors: &[String], at: &SkillsAt) {
        let by_name = selectors.iter().all(|selector| !is_glob(selector));
        for found in &at.notes {
            let what = found.about.to_string();
            if want.excludes(&last(&what)) {
                continue;
            }
            let named = selectors.contains(&what);
            if named || !by_name {
                let about = match &want.written {
                    Some(written) if !named => {
                        format!("{}: {what}", crate::model::redact_url(written))
                    }
                    _ => what.clone(),
                };
                let base = last(&what);
                let glob = selectors.iter().find(|glob| is_glob(glob) && matches(glob, &base));
                if let Some(glob) = glob.filter(|_| found.level == Level::Refused) {
                    self.lock_refusal(want, glob, &about, &found.text);
                }
                let about = if named { About::Skill(about) } else { About::Source(about) };
                self.out.notes.push(Note { about, ..found.clone() });
            }
        }
    }

    fn report_findings(&mut self, skill: &SkillAt) {
        let warnings: Vec<_> =
            skill.findings.iter().filter(|f| f.severity == Severity::Warning).collect();
        let Some(first) = warnings.first() else { return };
        let more = match warnings.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let text = format!("`{}` {}{more}", first.path, first.message);
        let hint = "some clients may not take it; `zskills lint` says more";
        self.out.notes.push(Note::info(&skill.name, text).hint(hint));
    }

    /// Names what is wanted and not there, and what was there before.
    fn absent_skills(&mut self, want: &WantedSkill, selectors: &[String], at: &SkillsAt) {
        for selector in selectors {
            if !is_glob(selector) {
                if let Ok(name) = selector.parse::<SkillName>()
                    && !at.skills.iter().any(|skill| skill.name == name)
                    && !at.notes.iter().any(|note| note.about.to_string() == *selector)
                {
                    self.give_up_skill(want, &name, gone(want, &name, at));
                }
                continue;
            }
            if !at.skills.iter().any(|skill| matches(selector, skill.name.as_str())) {
                let text = match selector.as_str() {
                    ALL => "has no skills".to_owned(),
                    glob => format!("has no skill that matches `{glob}`"),
                };
                self.out.notes.push(Note::unmet(super::label(want), text));
                self.keep_what_was(want);
                continue;
            }
            self.report_dropped(want, selector, at);
        }
    }

    fn report_dropped(&mut self, want: &WantedSkill, selector: &str, at: &SkillsAt) {
        let from = origin(want.source.as_ref());
        let there: BTreeSet<&str> = at.names.keys().map(SkillName::as_str).collect();
        let dropped: Vec<(&str, &SkillRecord)> = self
            .recorded(want.scope)
            .filter(|(name, record)| record.source == from && matches(selector, name))
            .filter(|(name, _)| !there.contains(name))
            .filter(|(name, _)| !matches_any_claim(want, name))
            .collect();
        for (name, record) in dropped {
            let same = |skill: &&SkillAt| skill.hash.is_some() && skill.hash == record.tree;
            let renamed = at.skills.iter().find(same).map(|skill| skill.name.to_string());
            let near = renamed.or_else(|| did_you_mean(name, there.iter().copied()));
            let text = match near {
                Some(near) => format!("is no longer in `{from}`; it may be `{near}` now"),
                None => format!("is no longer in `{from}`"),
            };
            self.out.notes.push(Note::info(name, text));
        }
    }

    /// Returns the folder in the source that the inventory remembers.
    fn path_of(&self, want: &WantedSkill, name: &SkillName) -> Option<String> {
        self.record_of(name, want.scope)?.path.clone()
    }
}

/// Returns the locked bytes of a skill from its source, which must still have them.
fn restored(
    want: &WantedSkill,
    name: &SkillName,
    entry: &LockedSkill,
    at: &SkillsAt,
) -> Result<(DesiredSkill, LockedSkill), Stop> {
    let Some(skill) = at.skills.iter().find(|skill| skill.name == *name) else {
        return Err(gone(want, name, at));
    };
    let hash = safe(skill)?;
    if *hash != entry.tree {
        return Err(Stop::refused(
            format!(
                "its bytes are not the ones in the lock: `{}` is locked, the source has `{hash}`",
                entry.tree
            ),
            format!("look at what changed, then `zskills upgrade {name}` accepts it"),
        ));
    }
    let record = record(want, entry, Some(skill.folder.clone()));
    let bytes = Some(skill.part.clone());
    let powers = entry.powers.clone().or_else(|| skill.powers.clone().ok());
    let entry = LockedSkill { powers, ..entry.clone() };
    let (link, enabled) = (want.link, want.enabled);
    Ok((DesiredSkill { record, bytes, link, enabled, once: false }, entry))
}

/// Returns how globs may spell where a skill comes from.
fn from(source: &SkillSource) -> Names {
    match source {
        SkillSource::Tree { source, .. } => Names::of(source),
        SkillSource::WellKnown { url } => Names::of(&Source::Url { url: url.clone() }),
        SkillSource::Npm { package } => Names::of_package(split_package(package).0),
    }
}

/// Returns the question about a source: at what is locked, or else at what is wanted.
fn question(
    source: &SkillSource,
    want: &WantedSkill,
    locked: Option<(Option<&Commit>, Option<&str>)>,
) -> SkillsWanted {
    let (origin, within, called) = match source {
        SkillSource::Tree { source, path } => {
            let within = path.clone().unwrap_or_default();
            let repository = place(source);
            let called = last(if within.is_empty() { &repository } else { &within });
            let origin = match (source, source.git_url()) {
                (Source::Directory { path }, _) => Origin::Local(path.clone()),
                (_, Some(url)) => {
                    let commit = locked.and_then(|(commit, _)| commit.cloned());
                    let reference = want.pin.as_deref().or(source.reference());
                    let revision = commit.map_or_else(|| revision(reference), Revision::Commit);
                    Origin::Fetched(Request::Git { url, revision, subdir: path.clone() })
                }
                (other, None) => Origin::Local(place(other).into()),
            };
            (origin, within, called)
        }
        SkillSource::WellKnown { url } => (
            Origin::Fetched(Request::WellKnown { url: url.clone() }),
            String::new(),
            "skill".to_owned(),
        ),
        SkillSource::Npm { package } => {
            let (name, version) = split_package(package);
            let exact = locked.and_then(|(_, package)| package).or(version);
            let request = Request::Npm {
                package: name.to_owned(),
                version: exact.map(str::to_owned),
                registry: None,
            };
            (Origin::Fetched(request), String::new(), last(name))
        }
    };
    SkillsWanted { origin, within, called, select: Vec::new() }
}

/// Returns the question about everything that the source of an entry has; nothing is hashed.
pub fn survey(want: &WantedSkill) -> Option<SkillsWanted> {
    want.source.as_ref().map(|source| hash_nothing(question(source, want, None)))
}

/// Returns the same question about what is locked; nothing for a source of which nothing is.
pub fn survey_locked(want: &WantedSkill, lock: &Lock) -> Option<SkillsWanted> {
    let source = want.source.as_ref()?;
    let entry = lock.skills.values().find(|entry| {
        Some(&entry.source) == want.written.as_ref() && (entry.commit.is_some() || is_local(source))
    })?;
    let locked = (entry.commit.as_ref(), entry.package.as_deref());
    Some(hash_nothing(question(source, want, Some(locked))))
}

fn hash_nothing(question: SkillsWanted) -> SkillsWanted {
    SkillsWanted { select: vec!["-".to_owned()], ..question }
}

fn matches_any_claim(want: &WantedSkill, name: &str) -> bool {
    !want.claims.is_empty() && matches_any(&want.claims, name)
}

/// Returns the hash of a skill unless a finding of safety forbids its use.
fn safe(skill: &SkillAt) -> Result<&crate::model::TreeHash, Stop> {
    let mut errors = skill.findings.iter().filter(|f| f.severity == Severity::Error);
    match (&skill.hash, errors.next()) {
        (Some(hash), None) => Ok(hash),
        (_, Some(first)) => {
            let place =
                first.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
            let more = match errors.count() {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            Err(Stop::refused(format!("`{}{place}` {}{more}", first.path, first.message), REFUSED))
        }
        (None, None) => Err(Stop::unmet("it could not be read")),
    }
}

fn gone(want: &WantedSkill, name: &SkillName, at: &SkillsAt) -> Stop {
    let names: BTreeSet<&str> = at.names.keys().map(SkillName::as_str).collect();
    let text = format!("is not in `{}`", origin(want.source.as_ref()));
    let hint = match did_you_mean(name.as_str(), names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it has no skills".to_owned(),
        None => format!("it has {}", some(&names)),
    };
    Stop::unmet_hint(text, hint)
}

fn record(want: &WantedSkill, entry: &LockedSkill, path: Option<String>) -> SkillRecord {
    SkillRecord {
        source: origin(want.source.as_ref()),
        installed_at: None,
        commit: entry.commit.clone(),
        tree: Some(entry.tree.clone()),
        path: path.filter(|path| !path.is_empty()),
        pin: entry.package.clone().or_else(|| want.pin.clone()),
        links: BTreeMap::new(),
    }
}

fn is_local(source: &SkillSource) -> bool {
    matches!(source, SkillSource::Tree { source: Source::Directory { .. }, .. })
}

/// Returns the address of the repository that a source is in.
fn repository(source: &SkillSource) -> Option<String> {
    match source {
        SkillSource::Tree { source, .. } => source.git_url(),
        SkillSource::WellKnown { .. } | SkillSource::Npm { .. } => None,
    }
}

fn place(source: &Source) -> String {
    source.clone().with_reference(None).to_string()
}

/// Returns the last part of a path or address, without `.git`.
fn last(text: &str) -> String {
    let name = text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    name.trim_end_matches(".git").to_owned()
}
