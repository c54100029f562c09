//! What stands between a source and this machine: policies, and powers that nobody has accepted yet.

use std::path::Path;

use super::skills::split_package;
use super::team::{team_forbids, team_forbids_package};
use super::{Resolver, Stop};
use crate::model::{
    AddressFault, Denial, MarketplaceName, Position, RulePlace, SkillSource, Source,
    WantedMarketplace,
};

const DAY: u64 = 24 * 60 * 60;

impl Resolver<'_> {
    /// Refuses a source that a policy forbids, before anything is fetched from it.
    pub(super) fn allow(
        &self,
        source: &Source,
        wanted: Option<&WantedMarketplace>,
    ) -> Result<(), Stop> {
        let intent = self.question.intent;
        let pin = wanted.and_then(|wanted| wanted.pin.as_deref());
        let managed = || self.question.policy.forbids(source, pin);
        can_be_read(source)?;
        let pinned = source.git_url().is_none() || pin.is_some() || source.reference().is_some();
        let unpinned = || self.unpinned(pinned);
        let denial = managed().or_else(|| team_forbids(intent, source)).or_else(unpinned);
        denial.map_or(Ok(()), |denial| Err(refused(&denial)))
    }

    /// Refuses the source of a plugin that lies elsewhere than its marketplace.
    pub(super) fn allow_address(&self, url: &str) -> Result<(), Stop> {
        let source = Source::Git { url: url.to_owned(), reference: None };
        can_be_read(&source)?;
        let managed = self.question.policy.forbids_upstream(&source, None);
        let denial = managed.or_else(|| team_forbids(self.question.intent, &source));
        denial.map_or(Ok(()), |denial| Err(refused(&denial)))
    }

    /// Refuses the package of a plugin.
    pub(super) fn allow_package(&self, package: &str) -> Result<(), Stop> {
        let managed = self.question.policy.blocks_package(package);
        let denial = managed.or_else(|| team_forbids_package(self.question.intent, package));
        denial.map_or(Ok(()), |denial| Err(refused(&denial)))
    }

    /// Refuses where skills come from.
    pub(super) fn allow_skills(&self, source: &SkillSource, pin: Option<&str>) -> Result<(), Stop> {
        let address = |source: &Source| {
            can_be_read(source)?;
            let managed = self.question.policy.forbids(source, pin);
            Ok(managed.or_else(|| team_forbids(self.question.intent, source)))
        };
        let denial = match source {
            SkillSource::Tree { source, .. } => address(source)?,
            SkillSource::WellKnown { url } => address(&Source::Url { url: url.clone() })?,
            SkillSource::Npm { package } => {
                let (name, _) = split_package(package);
                let managed = self.question.policy.forbids_package(name);
                managed.or_else(|| team_forbids_package(self.question.intent, name))
            }
        };
        let pinned = || match source {
            SkillSource::Tree { source, .. } => {
                source.git_url().is_none() || source.reference().is_some()
            }
            SkillSource::Npm { package } => split_package(package).1.is_some(),
            SkillSource::WellKnown { .. } => false,
        };
        let denial = denial.or_else(|| self.unpinned(pin.is_some() || pinned()));
        denial.map_or(Ok(()), |denial| Err(refused(&denial)))
    }

    /// Says why what is held to no branch, tag, commit or version must not be taken.
    fn unpinned(&self, pinned: bool) -> Option<Denial> {
        let at = self.question.intent.policy.require_pin?;
        let text = "`require_pin` of `[policy]` asks for a `pin`".to_owned();
        (!pinned).then(|| Denial { text, place: self.in_manifest(at) })
    }

    /// Refuses a commit that is taken for the first time and younger than the manifest allows.
    pub(super) fn old_enough(&mut self, clone: &Path) -> Result<(), Stop> {
        let Some((days, at)) = self.question.intent.policy.min_age else { return Ok(()) };
        let made = *self.answers.dates.ask(clone.to_owned())?;
        let age = made.map(|made| self.question.now.saturating_sub(made));
        if age.is_some_and(|age| age >= u64::from(days) * DAY) {
            return Ok(());
        }
        let is = age
            .map_or_else(|| "of unknown age".to_owned(), |age| format!("{} days old", age / DAY));
        let text = format!("its commit is {is}, `min_age` of `[policy]` asks for {days}");
        Err(refused(&Denial { text, place: self.in_manifest(at) }))
    }

    fn in_manifest(&self, at: Position) -> RulePlace {
        RulePlace { file: self.question.intent.manifest.clone(), at: Some(at) }
    }

    /// Refuses a marketplace whose name the client was told to take from elsewhere since it was locked.
    /// What the manifest says itself needs no such check.
    pub(super) fn same_as_locked(
        &self,
        name: &MarketplaceName,
        source: &Source,
    ) -> Result<(), Stop> {
        let Some(locked) = self.question.lock.marketplaces.get(name) else { return Ok(()) };
        let base = self.question.intent.manifest.parent().unwrap_or(Path::new("/"));
        match Source::parse(&locked.source, base, self.question.roots) {
            Ok(was) if !was.same_place(source) => Err(Stop::refused(
                format!(
                    "the client takes it from `{}` now, it was locked from `{}`",
                    source.redacted(),
                    was.redacted()
                ),
                format!("write the source that you trust into a [[marketplaces]] entry `{name}`"),
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses an address that people and programs could read differently, whoever wrote it.
fn can_be_read(source: &Source) -> Result<(), Stop> {
    match source.address() {
        Some(Err(fault)) if !matches!(fault, AddressFault::Scheme) => Err(Stop::refused(
            format!("its address {fault}"),
            "whoever wrote it has to write it as it is usually written",
        )),
        _ => Ok(()),
    }
}

fn refused(denial: &Denial) -> Stop {
    Stop::refused(denial.to_string(), "ask whoever wrote the rule, or use another source")
}
