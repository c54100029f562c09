//! Marketplaces: which source, which commit, what has to be placed.

use std::path::PathBuf;

use super::{
    CatalogAt, DesiredMarketplace, Movement, Origin, Resolver, Stop, TipWanted, note, revision,
};
use crate::declared::lock::LockedMarketplace;
use crate::model::{
    Commit, KnownMarketplace, MarketplaceName, Note, Request, Revision, Source, TreeHash, Trouble,
    WantedMarketplace, did_you_mean, well_known_marketplace, without_login,
};

/// A marketplace whose commit is known.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub(super) source: Source,
    /// The tag, branch or commit that the source is held to.
    pub(super) reference: Option<String>,
    pub(super) location: PathBuf,
    pub(super) commit: Option<Commit>,
    /// The commit, or digest, comes from a lock entry for this very source.
    pub(super) locked: bool,
    /// Where to read the catalog.
    pub(super) catalog: Origin,
}

impl Market {
    /// A full commit cannot move.
    fn reference_is_no_commit(&self) -> bool {
        self.reference.as_deref().is_none_or(|reference| reference.parse::<Commit>().is_err())
    }

    /// The client reads a local folder where it lies; its bytes move whenever the user edits them.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.source, Source::Directory { .. } | Source::File { .. })
    }
}

impl Resolver<'_> {
    /// Resolves every marketplace of the manifest, used or not.
    pub(super) fn marketplaces(&mut self) {
        for wanted in &self.question.intent.marketplaces {
            if self.market(&wanted.name).is_ok() {
                self.settle_market(&wanted.name, true);
            }
        }
    }

    /// Resolves what is to move and stands in no manifest: it is only refreshed.
    pub(super) fn other_marketplaces(&mut self) {
        let Movement::Some { marketplaces, .. } = self.question.movement else { return };
        for name in marketplaces {
            if self.market(name).is_ok() {
                self.settle_market(name, false);
            }
        }
    }

    pub(super) fn market(&mut self, name: &MarketplaceName) -> Result<Market, Stop> {
        if let Some(known) = self.markets.get(name) {
            return known.clone();
        }
        let market = self.find_market(name);
        if let Err(Stop::Never(trouble)) = &market
            && self.noted.insert(name.clone())
        {
            self.out.notes.push(note(name, trouble));
            self.keep_locked_market(name);
        }
        self.markets.insert(name.clone(), market.clone());
        market
    }

    fn find_market(&mut self, name: &MarketplaceName) -> Result<Market, Stop> {
        let (source, wanted) = self.source(name)?;
        if wanted.is_none_or(|wanted| wanted.source.is_none()) {
            self.same_as_locked(name, &source)?;
        }
        self.allow(&source, wanted)?;
        self.allow_name(name, &source)?;
        let pin = wanted.and_then(|w| w.pin.clone());
        let reference = pin.clone().or_else(|| source.reference().map(str::to_owned));
        let written = written(&source, wanted);
        let entry = self.question.lock.marketplaces.get(name);
        let entry = entry.filter(|e| e.source == written && e.pin == pin);
        let location = self.location(name, &source);
        let mut market = Market {
            catalog: Origin::Local(location.clone()),
            locked: entry.is_some(),
            commit: None,
            source,
            reference,
            location,
        };
        match market.source.git_url() {
            Some(url) => self.find_commit(name, url, entry, &mut market)?,
            None => self.find_catalog_file(name, entry, &mut market)?,
        }
        // The name is checked wherever the catalog has to be read anyway.
        if market.is_local() {
            market.commit = self.catalog(name, &market)?.commit;
        } else if !market.locked {
            let at = self.catalog(name, &market)?;
            if at.commit.is_some() {
                self.old_enough(&at.root)?;
            }
        }
        Ok(market)
    }

    /// Refuses a name that the client keeps for somebody else. One that is registered already it goes by.
    fn allow_name(&self, name: &MarketplaceName, source: &Source) -> Result<(), Stop> {
        let layout = self.plugin_layout();
        let owner = match layout.uses_itself(name.as_str()) {
            Some(purpose) => Some(purpose),
            None if self.registered(name).is_some() => None,
            None => layout.kept_for(name.as_str(), Some(source)),
        };
        match owner {
            Some(owner) => Err(Stop::refused(
                format!("the client keeps the name `{name}` for {owner}"),
                "it would not accept the marketplace; its author has to choose another name",
            )),
            None => Ok(()),
        }
    }

    fn source<'a>(
        &'a self,
        name: &MarketplaceName,
    ) -> Result<(Source, Option<&'a WantedMarketplace>), Stop> {
        let wanted = self.question.intent.marketplaces.iter().find(|w| w.name == *name);
        if let Some(source) = wanted.and_then(|w| w.source.clone()) {
            return Ok((source, wanted));
        }
        if let Some(source) = self.registered(name).and_then(|known| known.source.source()) {
            return Ok((source.clone(), wanted));
        }
        if let Some(source) = well_known_marketplace(name) {
            return Ok((source, wanted));
        }
        let names = self.question.intent.marketplaces.iter().map(|w| w.name.as_str());
        let hint = match did_you_mean(name.as_str(), names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "add [[marketplaces]] with name = \"{name}\" and a source to `{}`",
                self.question.intent.manifest.display()
            ),
        };
        Err(Stop::unmet_hint(format!("no source is known for marketplace `{name}`"), hint))
    }

    fn location(&self, name: &MarketplaceName, source: &Source) -> PathBuf {
        match source {
            Source::Directory { path } => path.clone(),
            Source::File { path } => self.plugin_layout().described_by(path),
            Source::GitHub { .. } | Source::Git { .. } | Source::Url { .. } => {
                self.plugin_layout().marketplace(self.question.roots, name.as_str())
            }
        }
    }

    /// The lock decides the commit; without one, the client's own clone of the same source; else the source.
    fn find_commit(
        &mut self,
        name: &MarketplaceName,
        url: String,
        entry: Option<&LockedMarketplace>,
        market: &mut Market,
    ) -> Result<(), Stop> {
        let head = self.question.observed.heads.get(&market.location);
        let commit = match entry.and_then(|e| e.commit.as_ref()) {
            Some(commit) => Some(commit.clone()),
            None if self.registered_as(name, market) => head.cloned(),
            None => None,
        };
        if self.moves(name) && market.reference_is_no_commit() {
            return self.find_tip(name, url, commit, entry, market);
        }
        self.find_at(name, url, commit, market)
    }

    /// Settles a marketplace on a commit, or without one on what its source has now.
    fn find_at(
        &mut self,
        name: &MarketplaceName,
        url: String,
        commit: Option<Commit>,
        market: &mut Market,
    ) -> Result<(), Stop> {
        if let Some(commit) = commit {
            let head = self.question.observed.heads.get(&market.location);
            market.catalog = if head == Some(&commit) {
                Origin::Local(market.location.clone())
            } else {
                let revision = Revision::Commit(commit.clone());
                Origin::Fetched(Request::Git { url, revision, subdir: None })
            };
            market.commit = Some(commit);
            return Ok(());
        }
        market.locked = false;
        let revision = revision(market.reference.as_deref());
        market.catalog = Origin::Fetched(Request::Git { url, revision, subdir: None });
        market.commit = self.catalog(name, market)?.commit;
        Ok(())
    }

    fn moves(&self, name: &MarketplaceName) -> bool {
        self.question.movement.moves_marketplace(name)
    }

    /// Moves a marketplace to the newest commit. What is pinned is only compared with its pin, and
    /// when the source does not answer, the copy that is there stays.
    fn find_tip(
        &mut self,
        name: &MarketplaceName,
        url: String,
        have: Option<Commit>,
        entry: Option<&LockedMarketplace>,
        market: &mut Market,
    ) -> Result<(), Stop> {
        let pin = entry.and_then(|entry| entry.pin.clone());
        if pin.is_none()
            && let Some(request) = self.unpacked(market)
        {
            return self.find_unpacked(name, request, have, market);
        }
        let wanted = TipWanted { url: url.clone(), reference: market.reference.clone() };
        let tip = match self.answers.tips.ask(wanted) {
            Ok(tip) => tip.clone(),
            Err(Stop::Never(trouble)) => {
                return match have {
                    Some(commit) => {
                        self.stays(name, &trouble, Some(&commit));
                        self.find_at(name, url, Some(commit), market)
                    }
                    None => Err(Stop::Never(trouble)),
                };
            }
            Err(Stop::Later) => return Err(Stop::Later),
        };
        match (pin, have) {
            (Some(pin), Some(locked)) => {
                if locked != tip && self.noted.insert(name.clone()) {
                    let text = format!(
                        "its pin `{pin}` was {} when it was locked and is {} now",
                        locked.short(),
                        tip.short()
                    );
                    let hint = "look at what changed; another pin in the manifest accepts it";
                    self.out.notes.push(Note::refused(name, text).hint(hint));
                }
                self.find_at(name, url, Some(locked), market)
            }
            (_, have) => {
                if let Some(have) = have.as_ref().filter(|have| **have != tip) {
                    self.compare(&url, have, &tip);
                }
                market.locked &= have.as_ref() == Some(&tip);
                self.find_at(name, url, Some(tip), market)
            }
        }
    }

    /// Returns the request for the archive of a marketplace that the client unpacked from one.
    fn unpacked(&self, market: &Market) -> Option<Request> {
        let Source::GitHub { repo, reference } = &market.source else { return None };
        let unpacked = self.question.observed.unpacked.contains(&market.location);
        unpacked.then(|| Request::Snapshot {
            repo: repo.clone(),
            reference: reference.clone(),
            marker: self.plugin_layout().snapshot_marker().to_owned(),
        })
    }

    fn find_unpacked(
        &mut self,
        name: &MarketplaceName,
        request: Request,
        have: Option<Commit>,
        market: &mut Market,
    ) -> Result<(), Stop> {
        let here = Origin::Local(market.location.clone());
        market.catalog = Origin::Fetched(request);
        match self.catalog(name, market) {
            Ok(at) => {
                market.locked = false;
                market.commit = at.commit;
                Ok(())
            }
            Err(Stop::Never(trouble)) => {
                self.stays(name, &trouble, have.as_ref());
                market.catalog = here;
                market.commit = have;
                Ok(())
            }
            Err(Stop::Later) => Err(Stop::Later),
        }
    }

    /// Notes that a marketplace could not be refreshed and what of it is used instead.
    fn stays(&mut self, name: &MarketplaceName, trouble: &Trouble, commit: Option<&Commit>) {
        if !self.noted.insert(name.clone()) {
            return;
        }
        let at = commit.map(|commit| format!(" at {}", commit.short())).unwrap_or_default();
        let text = format!("was not refreshed, the copy{at} stays: {}", trouble.text);
        self.out.notes.push(Trouble { text, ..trouble.clone() }.about(name));
    }

    fn find_catalog_file(
        &mut self,
        name: &MarketplaceName,
        entry: Option<&LockedMarketplace>,
        market: &mut Market,
    ) -> Result<(), Stop> {
        let Source::Url { url } = &market.source else { return Ok(()) };
        let digest = self.question.observed.catalogs.get(&market.location);
        let here = digest.is_some();
        let unchanged = here
            && match entry {
                Some(entry) => entry.digest.as_ref() == digest,
                None => self.registered_as(name, market),
            };
        let remote = Origin::Fetched(Request::Catalog { url: url.clone() });
        let local = std::mem::replace(&mut market.catalog, remote);
        market.locked = unchanged && !self.moves(name);
        if market.locked {
            market.catalog = local;
        } else if here && self.moves(name) {
            match self.catalog(name, market) {
                Err(Stop::Never(trouble)) => {
                    self.stays(name, &trouble, None);
                    market.catalog = local;
                    market.locked = unchanged;
                }
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// Tells whether the client's registry has this marketplace from the same place and revision.
    fn registered_as(&self, name: &MarketplaceName, market: &Market) -> bool {
        let source = market.source.clone().with_reference(market.reference.clone());
        self.registered(name).is_some_and(|known| known.source.means(&source))
    }

    /// Returns what the client's registry has under a name.
    fn registered(&self, name: &MarketplaceName) -> Option<&KnownMarketplace> {
        self.question.observed.state.marketplace(self.question.client, name.as_str())
    }

    pub(super) fn catalog(
        &mut self,
        name: &MarketplaceName,
        market: &Market,
    ) -> Result<CatalogAt, Stop> {
        let at = self.answers.catalogs.ask(market.catalog.clone())?.clone();
        if at.catalog.name == *name {
            return Ok(at);
        }
        Err(Stop::unmet_hint(
            format!(
                "the marketplace at `{}` calls itself `{}`, the manifest calls it `{name}`",
                market.source.redacted(),
                at.catalog.name
            ),
            format!("write name = \"{}\" in the manifest", at.catalog.name),
        ))
    }

    /// Puts a marketplace into what should be and into the lock. Once for each.
    pub(super) fn settle_market(&mut self, name: &MarketplaceName, declared: bool) {
        if self.out.desired.marketplaces.contains_key(name) {
            return;
        }
        let Some(Ok(market)) = self.markets.get(name).cloned() else { return };
        match self.market_bytes(name, &market) {
            Ok((bytes, digest)) => {
                let wanted = self.question.intent.marketplaces.iter().find(|w| w.name == *name);
                let locked = LockedMarketplace {
                    source: written(&market.source, wanted),
                    pin: wanted.and_then(|w| w.pin.clone()),
                    commit: if market.is_local() { None } else { market.commit.clone() },
                    digest,
                };
                if declared {
                    self.out.lock.marketplaces.insert(name.clone(), locked);
                }
                let refreshed =
                    self.moves(name) && !market.is_local() && !self.noted.contains(name);
                let desired = DesiredMarketplace {
                    declared,
                    refreshed,
                    pin: wanted.and_then(|w| w.pin.clone()),
                    auto_update: wanted.and_then(|w| w.auto_update),
                    location: market.location,
                    commit: market.commit,
                    source: market.source,
                    bytes,
                };
                self.out.desired.marketplaces.insert(name.clone(), desired);
            }
            Err(Stop::Later) => {}
            Err(Stop::Never(trouble)) => {
                self.out.notes.push(note(name, &trouble));
                self.keep_locked_market(name);
            }
        }
    }

    /// Leaves the clone of a marketplace where it is while a plugin of it is refused: the client reads
    /// there what an entry says. Its other plugins are locked by themselves.
    pub(super) fn hold_marketplaces(&mut self) {
        for name in std::mem::take(&mut self.held) {
            let Some(entry) = self.question.lock.marketplaces.get(&name) else { continue };
            let Some(desired) = self.out.desired.marketplaces.get_mut(&name) else { continue };
            let observed = self.question.observed;
            let head = observed.heads.get(&desired.location);
            let digest = observed.catalogs.get(&desired.location);
            let is_there = (entry.commit.is_some() && head == entry.commit.as_ref())
                || (entry.digest.is_some() && digest == entry.digest.as_ref());
            if !is_there || desired.bytes.take().is_none() {
                continue;
            }
            desired.commit.clone_from(&entry.commit);
            self.out.lock.marketplaces.insert(name.clone(), entry.clone());
            let text = "stays where it is until what a plugin of it brings is accepted";
            self.out.notes.push(Note::info(&name, text));
        }
    }

    /// Returns what has to be placed for a marketplace, if anything, and the digest of a plain catalog.
    fn market_bytes(
        &mut self,
        name: &MarketplaceName,
        market: &Market,
    ) -> Result<(Option<PathBuf>, Option<TreeHash>), Stop> {
        let observed = self.question.observed;
        match &market.source {
            Source::Directory { .. } | Source::File { .. } => Ok((None, None)),
            Source::Url { .. } => {
                if market.locked {
                    return Ok((None, observed.catalogs.get(&market.location).cloned()));
                }
                let at = self.catalog(name, market)?;
                let there = observed.catalogs.get(&market.location) == Some(&at.digest);
                Ok(((!there).then_some(at.root), Some(at.digest)))
            }
            Source::GitHub { .. } | Source::Git { .. } => {
                if market.commit.is_some()
                    && observed.heads.get(&market.location) == market.commit.as_ref()
                {
                    return Ok((None, None));
                }
                if observed.present.contains(&market.location)
                    && !observed.unpacked.contains(&market.location)
                    && !*self.answers.clean.ask(market.location.clone())?
                {
                    return Err(Stop::unmet_hint(
                        format!("the clone `{}` has edits of its own", market.location.display()),
                        "commit them elsewhere or delete that folder, then sync again",
                    ));
                }
                let root = self.catalog(name, market)?.root;
                Ok(((root != market.location).then_some(root), None))
            }
        }
    }

    pub(super) fn keep_locked_market(&mut self, name: &MarketplaceName) {
        if let Some(entry) = self.question.lock.marketplaces.get(name) {
            self.out.lock.marketplaces.entry(name.clone()).or_insert_with(|| entry.clone());
        }
    }
}

/// Returns the source as the lock spells it: like the manifest, which knows no absolute paths of its own making.
pub(super) fn written(source: &Source, wanted: Option<&WantedMarketplace>) -> String {
    let written = wanted.and_then(|w| w.written.clone());
    without_login(&written.unwrap_or_else(|| source.to_string()))
}
