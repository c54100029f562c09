//! Plugins: from the lock, from what the client has, or from the source; and what they depend on.

mod origins;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::marketplaces::{Market, written};
use super::{
    DesiredPlugin, Origin, Placement, Replaced, Resolver, Stop, TipWanted, TreeAt, TreeWanted, note,
};
use origins::origin;

use crate::content::catalog::{self, Dependency, Entry, EntrySource, PluginManifest};
use crate::declared::lock::LockedPlugin;
use crate::model::{
    Commit, InstallRecord, MarketplaceName, PluginId, Request, Revision, Row, Scope, Trouble,
    WantedPlugin, did_you_mean,
};

/// A plugin that is to be there, because of the manifest or of another plugin.
#[expect(clippy::struct_excessive_bools, reason = "each says another thing of a wish")]
pub(super) struct Want {
    pub(super) id: PluginId,
    scope: Scope,
    enabled: bool,
    auto: bool,
    /// It is there for a plugin that moves.
    moves: bool,
    version: Option<semver::VersionReq>,
    pub(super) pin: Option<String>,
    /// In the manifest, or a dependency of what is.
    declared: bool,
    /// How many plugins that each need the next stand before it.
    depth: usize,
}

/// More plugins in a row than anybody has that each need the next.
const DEEPEST: usize = 64;

impl Want {
    fn new(plugin: &WantedPlugin, declared: bool) -> Self {
        Self {
            id: plugin.id.clone(),
            scope: plugin.scope,
            enabled: plugin.enabled,
            auto: false,
            moves: false,
            version: plugin.version.clone(),
            pin: plugin.pin.clone(),
            declared,
            depth: 0,
        }
    }
}

impl Resolver<'_> {
    /// Resolves every plugin of the manifest and what it depends on.
    pub(super) fn plugins(&mut self) {
        let declared = self.question.intent.plugins.iter().map(|plugin| Want::new(plugin, true));
        self.closure(declared.collect());
        let extra = self.question.extra.iter().map(|plugin| Want::new(plugin, false));
        self.closure(extra.collect());
    }

    fn closure(&mut self, mut queue: VecDeque<Want>) {
        // Each once: what the manifest asks for and cannot have is not had as a dependency either.
        let mut seen = BTreeSet::new();
        while let Some(want) = queue.pop_front() {
            let key = (want.id.clone(), want.scope);
            if self.out.desired.plugins.contains_key(&key) || !seen.insert(key) {
                continue;
            }
            match self.plugin(&want) {
                Ok(dependencies) => {
                    let moves = want.moves || self.question.movement.moves_plugin(&want.id);
                    let needed = dependencies.into_iter();
                    queue.extend(needed.map(|id| self.dependency(&want, id, moves)));
                }
                Err(stop) => self.give_up(&want, stop),
            }
        }
    }

    /// The client installs and enables what an installed plugin depends on, in the same scope. What
    /// the manifest says of it in another scope holds here too: both share one lock entry.
    fn dependency(&self, of: &Want, id: PluginId, moves: bool) -> Want {
        let named = self.question.intent.plugins.iter().find(|plugin| plugin.id == id);
        Want {
            scope: of.scope,
            enabled: true,
            auto: true,
            moves,
            version: named.and_then(|plugin| plugin.version.clone()),
            pin: named.and_then(|plugin| plugin.pin.clone()),
            declared: of.declared,
            depth: of.depth + 1,
            id,
        }
    }

    /// Resolves one plugin into what should be and returns what it depends on.
    fn plugin(&mut self, want: &Want) -> Result<Vec<PluginId>, Stop> {
        if want.depth > DEEPEST {
            return Err(Stop::refused(
                format!("stands behind {DEEPEST} plugins that each need the next"),
                "ask the author of the first whether that is meant",
            ));
        }
        let name = &want.id.marketplace;
        let market = self.market(name).map_err(|stop| match stop {
            Stop::Later => Stop::Later,
            Stop::Never(trouble) => Stop::Never(Trouble {
                text: format!("its marketplace `{name}` is not available"),
                hint: None,
                ..trouble
            }),
        })?;
        self.settle_market(name, want.declared);
        let found = match self.locked_plugin(want, &market) {
            Some(locked) => self.take_locked(want, &market, locked)?,
            None => match self.take_installed(want, &market)? {
                Some(found) => found,
                None => self.take_newest(want, &market)?,
            },
        };
        check_version(want, &found.version)?;
        let mut locked = found.locked;
        if want.declared {
            let powers = self.powers(want, &market, &locked, &found.root);
            if let Err(Stop::Never(_)) = powers {
                self.held.insert(name.clone());
            }
            locked.powers = Some(powers?);
        }
        let install_path = self.install_path(&want.id, &found.version);
        let desired = DesiredPlugin {
            declared: want.declared,
            enabled: want.enabled,
            auto: want.auto,
            version: found.version,
            commit: found.commit,
            bytes: found.bytes.map(|from| Placement {
                hash: locked.tree.clone(),
                replaces: self.replaces(&want.id, &install_path),
                from,
            }),
            install_path,
        };
        let dependencies = locked.dependencies.clone();
        if want.declared {
            self.out.lock.plugins.insert(want.id.clone(), locked);
        }
        self.out.desired.plugins.insert((want.id.clone(), want.scope), desired);
        Ok(dependencies)
    }

    /// Returns the lock entry when it still answers the manifest's question.
    fn locked_plugin(&self, want: &Want, market: &Market) -> Option<LockedPlugin> {
        let entry = self.question.lock.plugins.get(&want.id)?;
        // What is pinned never moves; what is a dependency moves with what it is for.
        let moves =
            want.pin.is_none() && (want.moves || self.question.movement.moves_plugin(&want.id));
        let answers = !moves
            && ((want.auto && want.pin.is_none()) || entry.pin == want.pin)
            && check_version(want, &entry.version).is_ok()
            && self.lock_has_same_source(&want.id.marketplace, market);
        answers.then(|| entry.clone())
    }

    pub(super) fn lock_has_same_source(&self, name: &MarketplaceName, market: &Market) -> bool {
        let wanted = self.question.intent.marketplaces.iter().find(|w| w.name == *name);
        let pin = wanted.and_then(|w| w.pin.as_ref());
        self.question.lock.marketplaces.get(name).is_some_and(|entry| {
            entry.source == written(&market.source, wanted) && entry.pin.as_ref() == pin
        })
    }

    fn take_locked(
        &mut self,
        want: &Want,
        market: &Market,
        locked: LockedPlugin,
    ) -> Result<Obtainable, Stop> {
        // What lies in a local folder is what runs, so there the lock only records.
        if market.is_local() && self.lies_in_place(want, market)? {
            return self.take_newest(want, market);
        }
        let path = self.install_path(&want.id, &locked.version);
        if self.question.observed.trees.get(&path) == Some(&locked.tree) {
            return Ok(Obtainable::locked(locked, None));
        }
        let entry = self.entry(want, market)?;
        let (origin, folder) = origin(want, market, &entry, Some(&locked))?;
        self.allow_origin(&origin)?;
        let at = self.tree(origin, &folder)?;
        if at.hash != locked.tree {
            return Err(Stop::refused(
                format!(
                    "its bytes are not the ones in the lock: `{}` is locked, the source has `{}`",
                    locked.tree, at.hash
                ),
                format!("look at what changed, then `zskills upgrade {}` accepts it", want.id),
            ));
        }
        Ok(Obtainable::locked(locked, Some(at.root)))
    }

    /// Takes what the client has installed, when there is no lock and it meets the intent.
    fn take_installed(&mut self, want: &Want, market: &Market) -> Result<Option<Obtainable>, Stop> {
        let head = self.question.observed.heads.get(&market.location);
        let keep = !self.question.movement.moves_plugin(&want.id)
            && !market.is_local()
            // A marketplace that moves takes its plugins along.
            && market.commit.as_ref() == head;
        if !keep {
            return Ok(None);
        }
        let Some(record) = self.record(want) else { return Ok(None) };
        let Some(version) = record.version.clone() else { return Ok(None) };
        let path = self.install_path(&want.id, &version);
        let commit = record.commit.as_deref().and_then(|text| text.parse::<Commit>().ok());
        let pinned =
            want.pin.as_deref().is_none_or(|pin| commit.as_ref().map(Commit::as_str) == Some(pin));
        if record.install_path != path || !pinned || check_version(want, &version).is_err() {
            return Ok(None);
        }
        let Some(tree) = self.question.observed.trees.get(&path).cloned() else { return Ok(None) };
        let at = self.tree(Origin::Local(path.clone()), "")?;
        let dependencies = dependencies(&want.id, at.manifest.as_ref(), &[]);
        let locked = LockedPlugin {
            version,
            commit,
            tree,
            pin: want.pin.clone(),
            package: None,
            dependencies,
            powers: None,
        };
        Ok(Some(Obtainable { root: path, ..Obtainable::locked(locked, None) }))
    }

    fn take_newest(&mut self, want: &Want, market: &Market) -> Result<Obtainable, Stop> {
        let entry = self.entry(want, market)?;
        let (origin, folder) = origin(want, market, &entry, None)?;
        self.allow_origin(&origin)?;
        let origin = self.at_tip(want, origin)?;
        let at = self.tree(origin, &folder)?;
        self.check_age(want, &entry, &at)?;
        if let Some(fault) = at.manifest.as_ref().and_then(|manifest| manifest.fault.clone()) {
            return Err(Stop::unmet(format!("the client refuses its `plugin.json`: {fault}")));
        }
        let in_place = market.is_local() && matches!(entry.source, EntrySource::Folder { .. });
        let commit = match entry.source {
            EntrySource::Folder { .. } if want.pin.is_none() => market.commit.clone(),
            _ => at.commit.clone(),
        };
        let version = |commit| catalog::version(at.manifest.as_ref(), &entry, commit);
        let recorded = version(commit.as_ref());
        let path = self.install_path(&want.id, &recorded);
        let there = self.question.observed.trees.get(&path) == Some(&at.hash);
        // A local folder's commit is that of the repository around it, which may be the one that
        // holds the lock: locking it would change the lock with every commit of the lock.
        let locked_commit = if in_place { None } else { commit.clone() };
        let locked = LockedPlugin {
            version: version(locked_commit.as_ref()),
            commit: locked_commit,
            tree: at.hash.clone(),
            pin: want.pin.clone(),
            package: at.package.clone(),
            dependencies: dependencies(&want.id, at.manifest.as_ref(), &entry.dependencies),
            powers: None,
        };
        // The client reads a local folder where it lies; of the copy only the being there counts.
        let there = there || (in_place && self.question.observed.trees.contains_key(&path));
        let bytes = (!there).then(|| at.root.clone());
        Ok(Obtainable { locked, version: recorded, commit, bytes, root: at.root })
    }

    /// Holds a plugin with a repository of its own to the age that the manifest asks of commits.
    fn check_age(&mut self, want: &Want, entry: &Entry, at: &TreeAt) -> Result<(), Stop> {
        let locked = self.question.lock.plugins.get(&want.id).and_then(|l| l.commit.as_ref());
        let own = !matches!(entry.source, EntrySource::Folder { .. }) || want.pin.is_some();
        if own && at.commit.is_some() && at.commit.as_ref() != locked {
            self.old_enough(&at.root)?;
        }
        Ok(())
    }

    fn allow_origin(&self, origin: &Origin) -> Result<(), Stop> {
        match origin {
            Origin::Fetched(Request::Git { url, .. } | Request::Archive { url, .. }) => {
                self.allow_address(url)
            }
            Origin::Fetched(Request::Npm { package, .. }) => self.allow_package(package),
            Origin::Fetched(_) | Origin::Local(_) => Ok(()),
        }
    }

    /// Asks for the commit of a branch or tag first, where a plugin moves: mostly it has not.
    fn at_tip(&mut self, want: &Want, origin: Origin) -> Result<Origin, Stop> {
        let moves = want.moves || self.question.movement.moves_plugin(&want.id);
        let (url, reference, subdir) = match origin {
            Origin::Fetched(Request::Git { url, revision: Revision::Head, subdir }) if moves => {
                (url, None, subdir)
            }
            Origin::Fetched(Request::Git { url, revision: Revision::Named(name), subdir })
                if moves && name.parse::<Commit>().is_err() =>
            {
                (url, Some(name), subdir)
            }
            origin => return Ok(origin),
        };
        let tip = self.answers.tips.ask(TipWanted { url: url.clone(), reference })?;
        let revision = Revision::Commit(tip.clone());
        Ok(Origin::Fetched(Request::Git { url, revision, subdir }))
    }

    /// Tells whether the client reads a plugin where its marketplace's folder lies.
    fn lies_in_place(&mut self, want: &Want, market: &Market) -> Result<bool, Stop> {
        Ok(matches!(self.entry(want, market)?.source, EntrySource::Folder { .. }))
    }

    fn entry(&mut self, want: &Want, market: &Market) -> Result<Entry, Stop> {
        let catalog = self.catalog(&want.id.marketplace, market)?.catalog;
        let plugin = want.id.plugin.as_str();
        if let Some(entry) = catalog.entries.iter().find(|e| e.name.as_str() == plugin) {
            return Ok(entry.clone());
        }
        self.out.delisted.insert(want.id.clone(), catalog.renames.get(plugin).cloned());
        if let Some(new) = catalog.renames.get(plugin) {
            return Err(Stop::unmet_hint(
                format!("marketplace `{}` renamed it to `{new}`", catalog.name),
                format!("write name = \"{new}\" in the manifest"),
            ));
        }
        if let Some(note) = catalog.notes.iter().find(|n| n.name.as_deref() == Some(plugin)) {
            self.out.delisted.remove(&want.id);
            return Err(Stop::unmet(format!(
                "its entry in the catalog is unusable: {}",
                note.text
            )));
        }
        let text = format!("marketplace `{}` has no plugin `{plugin}`", catalog.name);
        let names = catalog.entries.iter().map(|e| e.name.as_str());
        Err(match did_you_mean(plugin, names) {
            Some(near) => Stop::unmet_hint(text, format!("did you mean `{near}`?")),
            None => Stop::unmet(text),
        })
    }

    fn tree(&mut self, origin: Origin, folder: &str) -> Result<TreeAt, Stop> {
        self.answers.trees.ask(TreeWanted { origin, folder: folder.to_owned() }).cloned()
    }

    pub(super) fn install_path(&self, id: &PluginId, version: &str) -> PathBuf {
        self.plugin_layout().version(self.question.roots, id, version)
    }

    /// Returns the client's record of a plugin: that of the wanted scope, else any other's.
    fn record(&self, want: &Want) -> Option<&InstallRecord> {
        let id = want.id.to_string();
        let records = self.records().filter(|row| row.name == id);
        records.min_by_key(|row| row.reach.scope() != want.scope).map(|row| row.record)
    }

    /// Returns the client's records of plugins.
    fn records(&self) -> impl Iterator<Item = Row<'_, &InstallRecord>> {
        let client = self.question.client;
        self.question.observed.state.plugins().filter(move |row| row.client == client)
    }

    /// Returns what becomes of the folder that is about to be replaced.
    fn replaces(&self, id: &PluginId, path: &Path) -> Option<Replaced> {
        if self.is_as_locked(id, path) {
            return Some(Replaced::Renewed);
        }
        self.was_altered(id, path).then_some(Replaced::Altered)
    }

    /// Tells whether the folder that is about to be replaced once held what the lock says.
    fn was_altered(&self, id: &PluginId, path: &Path) -> bool {
        let name = id.to_string();
        let mut records = self.records().filter(|row| row.name == name);
        let folder = |version: &str| self.plugin_layout().version_name(version);
        records.any(|row| row.record.install_path == path)
            && self.question.observed.trees.contains_key(path)
            && (self.question.lock.plugins.get(id))
                .is_some_and(|locked| path.ends_with(folder(&locked.version)))
    }

    fn is_as_locked(&self, id: &PluginId, path: &Path) -> bool {
        let locked = self.question.lock.plugins.get(id);
        locked.is_some_and(|locked| self.question.observed.trees.get(path) == Some(&locked.tree))
    }

    /// Notes why a plugin cannot be had, and keeps what the lock says of it and of all that it needs.
    fn give_up(&mut self, want: &Want, stop: Stop) {
        if let Stop::Never(trouble) = stop {
            self.out.notes.push(note(&want.id, &trouble));
        }
        let mut queue = vec![want.id.clone()];
        while let Some(id) = queue.pop() {
            let Some(entry) = self.question.lock.plugins.get(&id) else { continue };
            if self.out.lock.plugins.contains_key(&id) {
                continue;
            }
            queue.extend(entry.dependencies.iter().cloned());
            self.keep_locked_market(&id.marketplace);
            self.out.lock.plugins.insert(id, entry.clone());
        }
    }
}

/// A plugin that can be had: what to lock, what to record, and the folder to place if need be.
struct Obtainable {
    locked: LockedPlugin,
    version: String,
    commit: Option<Commit>,
    bytes: Option<PathBuf>,
    /// Where its bytes can be read; of what is as locked nobody asks.
    root: PathBuf,
}

impl Obtainable {
    fn locked(locked: LockedPlugin, bytes: Option<PathBuf>) -> Self {
        let root = bytes.clone().unwrap_or_default();
        Self { version: locked.version.clone(), commit: locked.commit.clone(), locked, bytes, root }
    }
}

fn check_version(want: &Want, version: &str) -> Result<(), Stop> {
    let Some(requirement) = &want.version else { return Ok(()) };
    match semver::Version::parse(version) {
        Ok(version) if requirement.matches(&version) => Ok(()),
        Ok(_) => Err(Stop::unmet_hint(
            format!("version {version} does not meet `{requirement}`"),
            "change `version` or `pin` in the manifest, or `zskills upgrade` it",
        )),
        Err(_) => Err(Stop::unmet(format!(
            "its version `{version}` is not a semantic version, so it cannot meet `{requirement}`"
        ))),
    }
}

/// Returns what a plugin depends on; a bare name means its own marketplace.
fn dependencies(
    of: &PluginId,
    manifest: Option<&PluginManifest>,
    entry: &[Dependency],
) -> Vec<PluginId> {
    let own = manifest.map_or(&[][..], |m| &m.dependencies);
    let ids: BTreeSet<PluginId> = own
        .iter()
        .chain(entry)
        .map(|dependency| PluginId {
            plugin: dependency.plugin.clone(),
            marketplace: dependency.marketplace.clone().unwrap_or_else(|| of.marketplace.clone()),
        })
        .collect();
    ids.into_iter().collect()
}
