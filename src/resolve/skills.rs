//! Agent Skills: from the lock, from what we installed, or from the source.

mod disk;
mod pick;

pub use pick::{survey, survey_locked};

use std::collections::{BTreeMap, BTreeSet};

use super::{DesiredInstaller, DesiredSkill, Movement, Resolver, Shelved, Stop, note};
use crate::clients::agents;
use crate::declared::lock::LockedSkill;
use crate::model::{
    About, Note, Scope, SkillName, SkillOrigin, SkillRecord, SkillSource, TreeHash, WantedSkill,
    is_glob, matches, matches_any, redact_url,
};

/// One skill of one entry.
struct Pick<'a> {
    want: &'a WantedSkill,
    name: SkillName,
    desired: DesiredSkill,
    locked: Option<LockedSkill>,
}

/// Returns a source as the inventory names it.
pub fn origin(source: Option<&SkillSource>) -> SkillOrigin {
    match source {
        None => SkillOrigin::Local,
        Some(SkillSource::Tree { source, .. }) => {
            SkillOrigin::Git(source.clone().with_reference(None).redacted())
        }
        Some(SkillSource::WellKnown { url }) => SkillOrigin::WellKnown(host(url).to_owned()),
        Some(SkillSource::Npm { package }) => {
            let (name, _) = split_package(package);
            SkillOrigin::Npm(name.to_owned())
        }
    }
}

impl<'a> Resolver<'a> {
    /// Resolves every entry of the manifest, then sees that no two want the same folder.
    pub(super) fn skills(&mut self) {
        let mut picks = Vec::new();
        let intent = self.question.intent;
        for want in intent.agent_skills.iter().chain(self.question.skills.extra) {
            self.keep_named(want);
            if self.has_no_project(want) {
                continue;
            }
            let found = match &want.source {
                None => Ok(self.tracked(want)),
                Some(source) => {
                    self.allow_skills(source, want.pin.as_deref()).and_then(|()| match source {
                        SkillSource::Npm { package } if want.install_cmd.is_some() => {
                            Ok(self.brought(want, package))
                        }
                        source => self.sourced(want, source),
                    })
                }
            };
            match found {
                Ok(found) => picks.extend(found),
                Err(Stop::Later) => {}
                Err(Stop::Never(trouble)) => {
                    self.out.notes.push(note(label(want), &trouble));
                    self.keep_what_was(want);
                }
            }
        }
        self.settle_skills(picks);
        self.claimed_skills();
    }

    fn settle_skills(&mut self, picks: Vec<Pick<'a>>) {
        // Case does not tell folders apart everywhere.
        let mut folders: BTreeMap<(String, Scope), Vec<Pick>> = BTreeMap::new();
        for pick in picks {
            let key = (pick.name.as_str().to_ascii_lowercase(), pick.want.scope);
            folders.entry(key).or_default().push(pick);
        }
        let extra = self.question.skills.extra;
        for ((_, scope), mut picks) in folders {
            // What is wanted for once and in the manifest as well is the manifest's.
            let is_once = |pick: &Pick| extra.iter().any(|want| std::ptr::eq(want, pick.want));
            if picks.iter().any(|pick| !is_once(pick)) {
                picks.retain(|pick| !is_once(pick));
            }
            let mut first = picks.remove(0);
            if is_once(&first) {
                first.desired.once = true;
                first.locked = None;
            }
            if let Some(other) = picks.first() {
                self.two_want(&first, other);
                continue;
            }
            let key = (first.name.clone(), scope);
            if let Some(locked) = first.locked {
                if let Some(other) = self.out.lock.skills.get(&first.name)
                    && (&other.source, &other.tree) != (&locked.source, &locked.tree)
                {
                    let text = "is wanted from two sources, one for each scope; the lock holds one";
                    self.out.notes.push(Note::unmet(&first.name, text));
                    self.out.desired.kept_skills.insert((first.name.to_string(), scope));
                    continue;
                }
                self.out.lock.skills.insert(first.name, locked);
            }
            self.out.desired.skills.insert(key, first.desired);
        }
    }

    fn two_want(&mut self, first: &Pick, other: &Pick) {
        let text = format!(
            "is wanted by two entries: line {} (`{}`) and line {} (`{}`)",
            first.want.at.line,
            origin(first.want.source.as_ref()),
            other.want.at.line,
            origin(other.want.source.as_ref()),
        );
        let hint = "say in `names` which of the two is to bring it";
        self.out.notes.push(Note::unmet(&first.name, text).hint(hint));
        for pick in [first, other] {
            self.keep_in_lock(&pick.name);
            let key = (pick.name.to_string(), pick.want.scope);
            self.out.desired.kept_skills.insert(key);
        }
    }

    /// A name in the manifest is never a removal, whatever becomes of it.
    fn keep_named(&mut self, want: &WantedSkill) {
        for name in want.names.iter().filter(|name| !is_glob(name)) {
            self.out.desired.kept_skills.insert((name.clone(), want.scope));
        }
    }

    /// Keeps everything that an entry had brought, since nobody knows what it would bring now.
    fn keep_what_was(&mut self, want: &WantedSkill) {
        let from = origin(want.source.as_ref());
        for (name, record) in self.recorded(want.scope) {
            if record.source == from {
                self.out.desired.kept_skills.insert((name.to_string(), want.scope));
            }
        }
        let written = want.written.as_deref().unwrap_or_default();
        let lock = &self.question.lock.skills;
        let entries = lock.iter().filter(|(_, entry)| entry.source == written);
        let names: Vec<SkillName> = entries.map(|(name, _)| name.clone()).collect();
        for name in &names {
            self.keep_in_lock(name);
        }
        let refused = &self.question.lock.refused;
        let refused = refused.iter().filter(|(_, refusal)| refusal.source == written);
        let refused = refused.map(|(name, refusal)| (name.clone(), refusal.clone()));
        self.out.lock.refused.extend(refused);
        self.out.lock.keep_excluded(self.question.lock, want);
    }

    fn keep_in_lock(&mut self, name: &SkillName) {
        if let Some(entry) = self.question.lock.skills.get(name) {
            self.out.lock.skills.entry(name.clone()).or_insert_with(|| entry.clone());
        }
    }

    fn has_no_project(&mut self, want: &WantedSkill) -> bool {
        let none =
            !self.question.observed.shelves.contains_key(&want.scope) && want.scope != Scope::User;
        if none {
            let text = "is wanted in project scope, but this folder is the home and no project";
            self.out.notes.push(Note::unmet(label(want), text));
        }
        none
    }

    /// The skills of an entry without a source: they are only kept track of.
    fn tracked(&mut self, want: &'a WantedSkill) -> Vec<Pick<'a>> {
        let folders = self.folders(want.scope);
        for name in want.names.iter().filter(|name| !is_glob(name)) {
            if !folders.iter().any(|folder| folder.as_str() == name) {
                let place = agents::skills(self.question.roots, want.scope).join(name);
                let text = format!("has no source, and `{}` is not there", place.display());
                let hint = "put the skill there, or name a source";
                self.out.notes.push(Note::unmet(About::Skill(name.clone()), text).hint(hint));
            }
        }
        let names = folders.into_iter().filter(|name| want.brings(name.as_str()));
        let free = |name: &SkillName| {
            let literal = want.names.iter().any(|wanted| wanted == name.as_str());
            literal
                || self.record_of(name, want.scope).is_none_or(|r| r.source == SkillOrigin::Local)
        };
        names
            .filter(free)
            .map(|name| Pick { desired: tag(want), locked: None, want, name })
            .collect()
    }

    /// The skills that the installer of a package has put in place, as far as they are there.
    fn brought(&mut self, want: &'a WantedSkill, package: &str) -> Vec<Pick<'a>> {
        let folders = self.folders(want.scope);
        let patterns: Vec<&String> = want.names.iter().chain(&want.claims).collect();
        let missing = patterns
            .iter()
            .find(|pattern| !folders.iter().any(|name| matches(pattern, name.as_str())));
        self.out.desired.installers.push(DesiredInstaller {
            package: package.to_owned(),
            command: want.install_cmd.clone().unwrap_or_default(),
            scope: want.scope,
            missing: missing.map(|pattern| (*pattern).clone()),
            refresh: *self.question.movement == Movement::Newest,
        });
        let from = origin(want.source.as_ref());
        let is_theirs = |name: &SkillName| {
            let named = patterns.iter().any(|pattern| matches(pattern, name.as_str()));
            let named = named && !want.excludes(name.as_str());
            named && self.record_of(name, want.scope).is_none_or(|record| record.source == from)
        };
        let names: Vec<SkillName> = folders.into_iter().filter(is_theirs).collect();
        names
            .into_iter()
            .map(|name| Pick { desired: tag(want), locked: None, want, name })
            .collect()
    }

    /// Tags folders that an entry claims beside what it brings itself, unless they are somebody's.
    fn claimed_skills(&mut self) {
        for want in &self.question.intent.agent_skills {
            if want.claims.is_empty() || want.install_cmd.is_some() {
                continue;
            }
            let from = origin(want.source.as_ref());
            for name in self.folders(want.scope) {
                let key = (name, want.scope);
                let name = key.0.as_str();
                let claimed = matches_any(&want.claims, name) && !want.excludes(name);
                let record = self.record_of(&key.0, want.scope);
                let free = record.is_none_or(|record| record.source == from);
                if claimed && free && !self.out.desired.skills.contains_key(&key) {
                    self.out.desired.skills.insert(key, tag(want));
                }
            }
        }
    }

    /// Returns the folders with a skill in them.
    fn folders(&self, scope: Scope) -> Vec<SkillName> {
        let shelves = &self.question.observed.shelves;
        let skills = shelves.get(&scope).into_iter().flat_map(|shelf| &shelf.skills);
        skills
            .filter(|(_, what)| matches!(what, Shelved::Folder { is_skill: true, .. }))
            .filter_map(|(name, _)| name.parse().ok())
            .collect()
    }

    /// Returns what stands where a skill belongs.
    fn shelved(&self, name: &SkillName, scope: Scope) -> Option<&'a Shelved> {
        self.question.observed.shelves.get(&scope)?.skills.get(name.as_str())
    }

    /// Returns the hash of what stands where a skill belongs.
    pub(super) fn tree_on_disk(&self, name: &SkillName, scope: Scope) -> Option<&'a TreeHash> {
        match self.shelved(name, scope)? {
            Shelved::Folder { tree, .. } => tree.as_ref(),
            Shelved::Other => None,
        }
    }

    fn record_of(&self, name: &SkillName, scope: Scope) -> Option<&'a SkillRecord> {
        agents::record(&self.question.observed.state, self.question.roots, name, scope)
    }

    /// Returns what the inventory of a scope holds.
    fn recorded(&self, scope: Scope) -> impl Iterator<Item = (&'a str, &'a SkillRecord)> + use<'a> {
        let rows = self.question.observed.state.skills();
        rows.filter(move |row| row.reach.scope() == scope).map(|row| (row.name, row.record))
    }

    fn discards(&self, name: &SkillName) -> bool {
        self.question.skills.discard.iter().any(|discard| discard == name.as_str())
    }
}

/// Returns what the inventory says of a folder whose bytes are not ours to place.
fn tag(want: &WantedSkill) -> DesiredSkill {
    let record = SkillRecord {
        source: origin(want.source.as_ref()),
        installed_at: None,
        commit: None,
        tree: None,
        path: None,
        pin: None,
        links: BTreeMap::new(),
    };
    DesiredSkill { record, bytes: None, link: want.link, enabled: want.enabled, once: false }
}

/// Returns what an entry is called in a note.
fn label(want: &WantedSkill) -> About {
    match (&want.written, want.names.as_slice()) {
        (Some(written), _) => About::Source(redact_url(written)),
        (None, names) => About::Skill(names.join(", ")),
    }
}

fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host).trim_end_matches('/')
}

/// Splits `name@version`; the name of a package may begin with `@`.
pub(super) fn split_package(package: &str) -> (&str, Option<&str>) {
    let start = usize::from(package.starts_with('@'));
    match package[start..].find('@') {
        Some(at) => (&package[..start + at], Some(&package[start + at + 1..])),
        None => (package, None),
    }
}

/// Returns the names of what is there for a hint; a few of them.
fn some(names: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

#[cfg(test)]
mod tests;
