//! Powers that nobody has accepted yet: what a plugin or skill brings beyond the lock is refused, in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::marketplaces::Market;
use super::plugins::Want;
use super::team::{Names, team_accepts_changes};
use super::{Movement, Resolver, SkillAt, Stop};
use crate::clients::{agents, plugin_layout};
use crate::content::catalog::{Entry, EntrySource};
use crate::content::powers::{self, Text, Tree, TreeFile, Unreadable};
use crate::declared::lock::{LockedPlugin, LockedSkill};
use crate::model::{Client, Digest, PluginId, Powers, SkillName, Source, WantedSkill};

/// The files of a plugin as far as they tell what it brings.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    pub files: Vec<TreeFile>,
    /// The texts by path, or why they cannot be read.
    pub texts: BTreeMap<String, Text>,
}

/// Something that was accepted before and brings other things now.
struct Changed<'a> {
    /// What it is called where it is accepted.
    name: &'a str,
    /// The same without its marketplace.
    short: &'a str,
    /// How globs may spell where it comes from.
    from: Option<Names>,
    was: &'a Powers,
    has: &'a Powers,
    /// What else there is to say against it.
    more: Option<String>,
}

impl Resolver<'_> {
    /// Returns what a plugin can run, start or use unasked, and refuses what the lock does not have.
    /// `root` is where the bytes lie.
    pub(super) fn powers(
        &mut self,
        want: &Want,
        market: &Market,
        found: &LockedPlugin,
        root: &Path,
    ) -> Result<Powers, Stop> {
        let id = &want.id;
        let locked = self.question.lock.plugins.get(id);
        let same = locked.filter(|locked| locked.tree == found.tree);
        let accepted = same.and_then(|locked| locked.powers.as_ref());
        // As long as a marketplace stays where it was locked, its entries do.
        if let Some(powers) = accepted.filter(|_| market.locked && !market.is_local()) {
            return Ok(powers.clone());
        }
        let entry = match self.catalog(&id.marketplace, market) {
            Ok(at) => at.catalog.entry(id.plugin.as_str()).cloned(),
            Err(Stop::Later) => return Err(Stop::Later),
            // What is installed already may have left its marketplace.
            Err(Stop::Never(_)) => None,
        };
        if let Some(powers) = accepted.filter(|powers| is_as_accepted(entry.as_ref(), powers)) {
            return Ok(powers.clone());
        }
        let installed = locked.map(|locked| self.install_path(id, &locked.version));
        let at = match &installed {
            Some(installed) if root.as_os_str().is_empty() => installed,
            _ => root,
        };
        let has = self.powers_of(id, entry.as_ref(), at)?;
        let Some(locked) = locked else { return Ok(has) };
        // zskills 0.9 locked no digests; they are those of the bytes that it locked.
        let of_older = match &installed {
            Some(installed) if locked.powers.is_none() && same.is_none() => {
                let trees = &self.question.observed.trees;
                let is_locked = trees.get(installed) == Some(&locked.tree);
                is_locked.then(|| self.powers_of(id, entry.as_ref(), installed)).transpose()?
            }
            _ => None,
        };
        let Some(was) = locked.powers.as_ref().or(of_older.as_ref()) else { return Ok(has) };
        let more = self.goes_down(want, market, locked, found);
        let (name, short, from) = (&id.to_string(), id.plugin.as_str(), Some(from(entry, market)));
        self.gate(&Changed { name, short, from, was, has: &has, more })?;
        Ok(has)
    }

    /// Returns what a skill can do, and refuses what the lock does not have.
    pub(super) fn skill_powers(
        &mut self,
        want: &WantedSkill,
        skill: &SkillAt,
        pattern: Option<&str>,
        from: Option<Names>,
    ) -> Result<Powers, Stop> {
        let has = skill.powers.clone().map_err(unreadable)?;
        let written = want.written.as_deref().unwrap_or_default();
        let lock = &self.question.lock.skills;
        let locked = lock.get(&skill.name).filter(|row| row.source == written);
        let nothing = Powers::new();
        let of_older = match locked {
            Some(row) if row.powers.is_none() && skill.hash.as_ref() != Some(&row.tree) => {
                self.powers_on_disk(want, &skill.name, row)?
            }
            _ => None,
        };
        let was = match locked {
            Some(row) if skill.hash.as_ref() == Some(&row.tree) => None,
            Some(row) => row.powers.as_ref().or(of_older.as_ref()),
            // What a glob brings later nobody has named.
            None => {
                let brought =
                    |row: &LockedSkill| row.source == written && row.pattern.as_deref() == pattern;
                let is_further = pattern.is_some() && lock.values().any(brought);
                is_further.then_some(&nothing)
            }
        };
        if let Some(was) = was {
            let name = skill.name.as_str();
            self.gate(&Changed { name, short: name, from, was, has: &has, more: None })?;
        }
        Ok(has)
    }

    /// Returns a row of the lock with its powers: zskills 0.9 wrote none, and what lies on the disk as
    /// it was locked has them.
    pub(super) fn with_powers(
        &mut self,
        want: &WantedSkill,
        name: &SkillName,
        entry: &LockedSkill,
    ) -> Result<LockedSkill, Stop> {
        if entry.powers.is_some() {
            return Ok(entry.clone());
        }
        let powers = match self.powers_on_disk(want, name, entry) {
            Err(Stop::Never(_)) => None,
            powers => powers?,
        };
        Ok(LockedSkill { powers, ..entry.clone() })
    }

    fn powers_on_disk(
        &mut self,
        want: &WantedSkill,
        name: &SkillName,
        entry: &LockedSkill,
    ) -> Result<Option<Powers>, Stop> {
        if self.tree_on_disk(name, want.scope) != Some(&entry.tree) {
            return Ok(None);
        }
        let folder = agents::skills(self.question.roots, want.scope).join(name.as_str());
        let contents = Arc::clone(self.answers.contents.ask(folder)?);
        let powers = contents.asked(|tree| powers::of_skill(tree, name.as_str()));
        powers
            .map(|brought| Some(brought.in_words()))
            .map_err(|error| unreadable(error.to_string()))
    }

    /// Returns what the plugin in a folder can do.
    fn powers_of(
        &mut self,
        id: &PluginId,
        entry: Option<&Entry>,
        root: &Path,
    ) -> Result<Powers, Stop> {
        let contents = Arc::clone(self.answers.contents.ask(root.to_owned())?);
        let entry = entry.map(|entry| &entry.raw);
        let brought = contents.asked(|tree| powers::of_plugin(tree, id.plugin.as_str(), entry));
        brought.map(|brought| brought.in_words()).map_err(|error| unreadable(error.to_string()))
    }

    /// Refuses what is new, or says something else than it did, unless a person or the policy accepts it.
    fn gate(&mut self, changed: &Changed<'_>) -> Result<(), Stop> {
        let Changed { name, was, has, more, .. } = changed;
        let intent = self.question.intent;
        let may_change =
            changed.from.as_ref().is_some_and(|from| team_accepts_changes(intent, from));
        let fine = |(power, digest): (&String, &Digest)| match was.get(power) {
            None => false,
            Some(old) => old == digest || (may_change && powers::is_contents(power)),
        };
        if more.is_none() && has.iter().all(fine) {
            return Ok(());
        }
        let shown = Digest::of_powers(has);
        if self.accepts(changed, &shown) {
            return Ok(());
        }
        let mut text = "it now brings what was not accepted:".to_owned();
        for line in difference(was, has).into_iter().chain(more.clone()) {
            write!(text, "\n  {line}").expect("strings take text");
        }
        let verb = match self.question.movement {
            Movement::Keep => "sync".to_owned(),
            Movement::Newest | Movement::Some { .. } => format!("upgrade {name}"),
        };
        let accept = format!("{name}={}", &shown.as_str()[..SHOWN]);
        let hint = format!("look at it, then `zskills {verb} --accept-capabilities {accept}`");
        let from = changed.from.as_ref().and_then(Names::shown).unwrap_or(name);
        let offers = self.out.offers.entry(from.to_owned()).or_default();
        offers.insert(accept, format!("{name}: {text}"));
        Err(Stop::refused(text, hint))
    }

    /// Tells whether a person accepts just this, or whatever a thing brings.
    fn accepts(&self, changed: &Changed<'_>, shown: &Digest) -> bool {
        self.question.accepted.iter().any(|accepted| {
            let (name, digest) = match accepted.split_once('=') {
                Some((name, digest)) => (name, Some(digest)),
                None => (accepted.as_str(), None),
            };
            let fits = |digest: &str| digest.len() >= SHOWN && shown.as_str().starts_with(digest);
            (name == changed.name || name == changed.short) && digest.is_none_or(fits)
        })
    }

    /// Returns that a version is older than the accepted one, although nobody asked for another.
    fn goes_down(
        &self,
        want: &Want,
        market: &Market,
        locked: &LockedPlugin,
        found: &LockedPlugin,
    ) -> Option<String> {
        let asked = locked.pin != want.pin
            || market.is_local()
            || !self.lock_has_same_source(&want.id.marketplace, market);
        let version = |text: &str| semver::Version::parse(text).ok();
        let (was, is) = (version(&locked.version)?, version(&found.version)?);
        (is < was && !asked).then(|| format!("- version {was}, which goes down to {is}"))
    }
}

/// Returns how globs may spell where the bytes of a plugin come from.
fn from(entry: Option<Entry>, market: &Market) -> Names {
    let reference = None;
    Names::of(&match entry.map(|entry| entry.source) {
        Some(EntrySource::Npm { package, .. }) => return Names::of_package(&package),
        Some(EntrySource::Git { url, .. } | EntrySource::Subdir { url, .. }) => {
            Source::Git { url, reference }
        }
        Some(EntrySource::Archive { url, .. }) => Source::Url { url },
        Some(EntrySource::GitHub { repo, .. }) => Source::GitHub { repo, reference },
        Some(EntrySource::Folder { .. } | EntrySource::Unsupported { .. }) | None => {
            market.source.clone()
        }
    })
}

/// As many digits of a digest as a person is asked to copy.
const SHOWN: usize = 12;

impl Contents {
    fn asked<T>(
        &self,
        ask: impl FnOnce(Tree<'_>) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        let is_there = |path: &str| self.files.iter().any(|file| file.path == path);
        let read = |path: &str| match self.texts.get(path) {
            Some(text) => text.clone(),
            None if is_there(path) => Err("it is neither Markdown nor JSON".to_owned()),
            None => Ok(None),
        };
        let manifest = plugin_layout(Client::TARGET).manifest_file(&is_there);
        ask(Tree { manifest, files: &self.files, read: &read })
    }
}

/// Tells whether an entry by itself says nothing that was not accepted.
fn is_as_accepted(entry: Option<&Entry>, accepted: &Powers) -> bool {
    let Some(entry) = entry else { return true };
    powers::of_entry(&entry.raw).is_ok_and(|brought| {
        brought.in_words().iter().all(|(power, digest)| accepted.get(power) == Some(digest))
    })
}

/// Returns what became of some powers, one a line: `+` new, `~` other contents, `-` gone.
fn difference(old: &Powers, new: &Powers) -> Vec<String> {
    let mut lines = Vec::new();
    for (power, digest) in new {
        match old.get(power) {
            None => lines.push(format!("+ {power}")),
            Some(was) if was != digest => lines.push(format!("~ {power}")),
            Some(_) => {}
        }
    }
    lines.extend(
        old.keys().filter(|power| !new.contains_key(*power)).map(|gone| format!("- {gone}")),
    );
    lines
}

fn unreadable(why: String) -> Stop {
    Stop::refused(why, "tell its author: what nobody can read is never used")
}
