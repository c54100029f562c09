//! What stands between a source and this machine: policies, and powers that nobody has accepted yet.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::marketplaces::Market;
use super::team::{team_forbids, team_forbids_any};
use super::{Resolver, Stop};
use crate::clients::plugin_layout;
use crate::content::catalog::{self, Tree};
use crate::declared::lock::LockedPlugin;
use crate::model::{
    Client, Denial, MarketplaceName, PluginId, Position, RulePlace, Source, WantedMarketplace,
};

/// The files of a plugin as far as they tell what it brings.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    pub files: Vec<catalog::TreeFile>,
    /// The texts, by path.
    pub texts: std::collections::BTreeMap<String, Vec<u8>>,
}

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
        let unpinned = || {
            let at = intent.policy.require_pin?;
            let pinned = pin.is_some() || source.reference().is_some();
            (source.git_url().is_some() && !pinned).then(|| Denial {
                text: "`require_pin` of `[policy]` asks for a `pin`".to_owned(),
                place: self.in_manifest(at),
            })
        };
        let denial = managed().or_else(|| team_forbids(intent, source)).or_else(unpinned);
        denial.map_or(Ok(()), |denial| Err(refused(&denial)))
    }

    /// Refuses the source of a plugin that lies elsewhere than its marketplace.
    pub(super) fn allow_address(&self, url: &str) -> Result<(), Stop> {
        let roots = self.question.roots;
        let Ok(source) = Source::parse(url, &roots.home, roots) else { return Ok(()) };
        match team_forbids(self.question.intent, &source) {
            Some(denial) => Err(refused(&denial)),
            None => Ok(()),
        }
    }

    /// Refuses an npm package, which globs call `npm:<package>`.
    pub(super) fn allow_package(&self, package: &str) -> Result<(), Stop> {
        let name = format!("npm:{package}");
        match team_forbids_any(self.question.intent, std::slice::from_ref(&name), &name) {
            Some(denial) => Err(refused(&denial)),
            None => Ok(()),
        }
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

    /// Returns what a plugin can run, start or use unasked, and refuses what the lock does not have.
    /// `root` is where the bytes lie.
    pub(super) fn capabilities(
        &mut self,
        id: &PluginId,
        market: &Market,
        found: &LockedPlugin,
        root: &Path,
    ) -> Result<BTreeSet<String>, Stop> {
        let locked = self.question.lock.plugins.get(id);
        if let Some(locked) = locked.filter(|locked| locked.tree == found.tree) {
            return Ok(locked.capabilities.clone());
        }
        let contents = Arc::clone(self.answers.contents.ask(root.to_owned())?);
        let entry = match self.catalog(&id.marketplace, market) {
            Ok(at) => at.catalog.entry(id.plugin.as_str()).cloned(),
            Err(Stop::Later) => return Err(Stop::Later),
            // What is installed already may have left its marketplace.
            Err(Stop::Never(_)) => None,
        };
        let has = powers(&contents, id, entry.as_ref());
        let Some(locked) = locked.filter(|_| !self.is_accepted(id)) else { return Ok(has) };
        if has.is_subset(&locked.capabilities) {
            return Ok(has);
        }
        let mut text = "it now brings what was not accepted:".to_owned();
        for new in has.difference(&locked.capabilities) {
            write!(text, "\n  + {new}").expect("strings take text");
        }
        for gone in locked.capabilities.difference(&has) {
            write!(text, "\n  - {gone}").expect("strings take text");
        }
        let hint = format!("look at it, then `--accept-capabilities {id}` takes it");
        Err(Stop::refused(text, hint))
    }

    fn is_accepted(&self, id: &PluginId) -> bool {
        let full = id.to_string();
        self.question.accepted.iter().any(|name| *name == full || name == id.plugin.as_str())
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

fn powers(contents: &Contents, id: &PluginId, entry: Option<&catalog::Entry>) -> BTreeSet<String> {
    let read = |path: &str| contents.texts.get(path).cloned();
    let manifest = read(plugin_layout(Client::TARGET).manifest_file())
        .and_then(|bytes| catalog::parse_plugin(Path::new("plugin.json"), &bytes).ok());
    let declared = manifest.iter().map(|manifest| &manifest.raw);
    let declared = declared.chain(entry.map(|entry| &entry.raw)).collect();
    let tree = Tree { files: &contents.files, read: &read };
    catalog::powers(&catalog::capabilities_of(tree, id.plugin.as_str(), declared))
}

fn refused(denial: &Denial) -> Stop {
    Stop::refused(denial.to_string(), "ask whoever wrote the rule, or use another source")
}
