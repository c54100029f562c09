//! Looks up on the disk what only doctor asks. Nothing is written but a memory of what was read, and
//! no program is started but git, on a clone that stands elsewhere than the lock says.

mod scans;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::registered::catalog_file;
use crate::clients::{PluginLayout, Salvage, plugin_layout};
use crate::content::catalog::{self, Catalog, EntrySource};
use crate::declared::lock::Lock;
use crate::doctor::{self, Altered, Disk, Litter, Start};
use crate::flow::observe::Snapshot;
use crate::machine::env;
use crate::machine::git::Git;
use crate::machine::store::disk::{self, Most, Stands};
use crate::machine::store::tree::{self, Fingerprints};
use crate::model::{
    Client, InstallRecord, KnownMarketplace, PluginId, RegistrySource, Roots, Source, State,
    TreeHash,
};
use crate::resolve::Desired;

pub use scans::Scans;

/// What is at hand for looking things up.
pub struct Tools<'a> {
    pub fingerprints: &'a mut Fingerprints,
    pub scans: &'a mut Scans,
    pub git: &'a Git,
}

/// Returns what the disk says about what was seen. `desired` has the locked bytes where they are at hand.
pub fn look_up(
    roots: &Roots,
    snapshot: &Snapshot,
    lock: &Lock,
    desired: Option<&Desired>,
    tools: &mut Tools,
) -> Disk {
    let state = &snapshot.observed.state;
    let scans = tools.scans.of(&recorded(roots, snapshot));
    let catalogs = catalogs(state, &asked(state, lock));
    Disk {
        there: doctor::wondered(roots, state)
            .into_iter()
            .filter(|path| disk::exists(path))
            .collect(),
        read_only: files(roots).into_iter().filter(|file| disk::is_read_only(file)).collect(),
        links: registries(roots).into_iter().filter(|file| disk::is_link(file)).collect(),
        programs: programs(scans.values()),
        offered: offered(state, lock, &catalogs, tools.fingerprints),
        altered: desired.map(|desired| altered(desired, snapshot, lock)).unwrap_or_default(),
        tags: moved(snapshot, lock)
            .filter(|(_, known, pin)| {
                pin.as_deref().is_some_and(|pin| tree::has_tag(&known.install_location, pin))
            })
            .map(|(name, ..)| name)
            .collect(),
        rewritten: rewritten(snapshot, lock, tools.git),
        litter: litter(roots),
        scans,
        catalogs,
    }
}

fn layout() -> &'static dyn PluginLayout {
    plugin_layout(Client::TARGET)
}

fn registries(roots: &Roots) -> Vec<PathBuf> {
    layout().registries(roots)
}

fn files(roots: &Roots) -> Vec<PathBuf> {
    let switches = layout().switches(roots).into_iter().map(|(path, _)| path);
    switches.chain(registries(roots)).collect()
}

/// Returns the folders that are recorded for this user and project, with their hashes.
fn recorded<'a>(roots: &Roots, snapshot: &'a Snapshot) -> Vec<(&'a Path, &'a TreeHash)> {
    let (state, trees) = (&snapshot.observed.state, &snapshot.observed.trees);
    let here = state.plugins().filter(|row| row.reach.holds_in(&roots.project));
    let folders: BTreeSet<&Path> = here.map(|row| row.record.install_path.as_path()).collect();
    folders.into_iter().filter_map(|path| Some((path, trees.get(path)?))).collect()
}

fn programs<'a>(scans: impl Iterator<Item = &'a doctor::Scan>) -> BTreeSet<String> {
    let names: BTreeSet<&str> = scans
        .flat_map(|scan| &scan.programs)
        .filter_map(|program| match &program.start {
            Start::OnPath(name) => Some(name.as_str()),
            Start::InPlugin { .. } => None,
        })
        .collect();
    let path = env::search_path();
    let found = |name: &&str| path.iter().any(|folder| disk::is_executable(&folder.join(name)));
    names.into_iter().filter(found).map(str::to_owned).collect()
}

/// Returns the marketplaces whose catalogs the checks want to see: those of switches without a record,
/// and those that alone can say whether a plugin is stale.
fn asked(state: &State, lock: &Lock) -> BTreeSet<String> {
    let installed: BTreeSet<&str> = state.plugins().map(|row| row.name).collect();
    let switched = state.switches().filter(|row| !installed.contains(row.name));
    let switched = switched.filter_map(|row| Some(row.name.rsplit_once('@')?.1.to_owned()));
    let unlocked = doctor::stale_candidates(state, lock).map(|(id, ..)| id.marketplace.to_string());
    switched.chain(unlocked).collect()
}

fn catalogs(state: &State, names: &BTreeSet<String>) -> BTreeMap<String, Catalog> {
    let read = |name: &String| {
        let known = state.marketplace(Client::TARGET, name)?;
        let file = catalog_file(Client::TARGET, &known.install_location);
        let catalog = catalog::parse(&file, &disk::read(&file, Most::CATALOG).ok()??).ok()?;
        Some((name.clone(), catalog))
    };
    names.iter().filter_map(read).collect()
}

/// Returns the hash of what a marketplace now has under the version that is installed.
fn offered(
    state: &State,
    lock: &Lock,
    catalogs: &BTreeMap<String, Catalog>,
    fingerprints: &mut Fingerprints,
) -> BTreeMap<String, TreeHash> {
    let mut offered = BTreeMap::new();
    for (id, record, known) in doctor::stale_candidates(state, lock) {
        let Some(catalog) = catalogs.get(id.marketplace.as_str()) else { continue };
        let Some(entry) = catalog.entry(id.plugin.as_str()) else { continue };
        let EntrySource::Folder { path } = &entry.source else { continue };
        let folder = known.install_location.join(path);
        if disk::leads_out(&known.install_location, &folder) {
            continue;
        }
        let file = folder.join(layout().manifest_file(&|path| disk::exists(&folder.join(path))));
        let manifest = disk::read(&file, Most::TEXT).ok().flatten();
        let manifest = manifest.and_then(|bytes| catalog::parse_plugin(&file, &bytes).ok());
        let head = tree::head(&known.install_location);
        let version = catalog::version(manifest.as_ref(), entry, head.as_ref());
        if record.version.as_deref() == Some(version.as_str())
            && let Ok(hash) = fingerprints.hash(&folder)
        {
            offered.insert(id.to_string(), hash);
        }
    }
    offered
}

/// Returns how folders differ from the locked bytes that would replace them.
fn altered(desired: &Desired, snapshot: &Snapshot, lock: &Lock) -> BTreeMap<PathBuf, Altered> {
    let drifted: BTreeSet<&Path> =
        doctor::drifted(&snapshot.observed.state, lock, &snapshot.observed.trees).collect();
    let compared = desired.plugins.values().filter_map(|plugin| {
        let placement = plugin.bytes.as_ref()?;
        drifted.contains(plugin.install_path.as_path()).then_some(())?;
        let found = tree::compare(&placement.from, &plugin.install_path).ok()?;
        let altered =
            Altered { modified: found.modified, extra: found.extra, missing: found.missing };
        Some((plugin.install_path.clone(), altered))
    });
    compared.collect()
}

/// Returns the marketplaces whose clone does not stand at the locked commit, and the pin of each.
fn moved<'a>(
    snapshot: &'a Snapshot,
    lock: &'a Lock,
) -> impl Iterator<Item = (String, &'a KnownMarketplace, &'a Option<String>)> {
    lock.marketplaces.iter().filter_map(|(name, locked)| {
        let known = snapshot.observed.state.marketplace(Client::TARGET, name.as_str())?;
        let head = snapshot.observed.heads.get(&known.install_location)?;
        (locked.commit.as_ref()? != head).then(|| (name.to_string(), known, &locked.pin))
    })
}

fn rewritten(snapshot: &Snapshot, lock: &Lock, git: &Git) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (name, known, _) in moved(snapshot, lock) {
        let clone = &known.install_location;
        let Ok(parsed) = name.parse() else { continue };
        let commit = lock.marketplaces.get(&parsed).and_then(|locked| locked.commit.as_ref());
        let Some(commit) = commit.filter(|_| !tree::is_shallow(clone)) else { continue };
        if !git.descends_from(clone, commit) {
            names.insert(name);
        }
    }
    names
}

/// Returns temporary clones, and the copies that the client keeps of registries it could not read.
fn litter(roots: &Roots) -> Vec<Litter> {
    let (layout, litter) = (layout(), |name: &str| layout().is_litter(name));
    let folders = [layout.folder(roots), layout.cache(roots), layout.marketplaces(roots)];
    let mut litter: Vec<Litter> = folders
        .iter()
        .flat_map(|folder| {
            let names = disk::entries(folder).into_iter().filter(|(name, _)| litter(name));
            names.map(|(name, _)| folder.join(name)).collect::<Vec<_>>()
        })
        .map(|path| Litter { bytes: disk::size(&path), path })
        .collect();
    litter.sort();
    litter
}

/// Returns what registries that tell nothing any more can be written anew from.
pub fn salvage(roots: &Roots, lock: &Lock, now: &str) -> Salvage {
    let folder = layout().marketplaces(roots);
    let clones = disk::entries(&folder)
        .into_iter()
        .filter(|(name, stands)| *stands == Stands::Folder && name.parse::<PluginPart>().is_ok())
        .map(|(name, _)| {
            let source = source_of(&folder.join(&name), roots);
            (name, source)
        })
        .collect();
    let cache = layout().cache(roots);
    let mut versions = BTreeMap::new();
    for (marketplace, _) in disk::entries(&cache) {
        for (plugin, _) in disk::entries(&cache.join(&marketplace)) {
            let id = format!("{plugin}@{marketplace}");
            let Ok(parsed) = id.parse::<PluginId>() else { continue };
            let place = cache.join(&marketplace).join(&plugin);
            if let Some(record) = version_of(&place, lock, &parsed, now) {
                versions.insert(id, record);
            }
        }
    }
    Salvage { clones, versions }
}

type PluginPart = crate::model::MarketplaceName;

fn source_of(clone: &Path, roots: &Roots) -> Option<RegistrySource> {
    let url = tree::origin(clone)?;
    let url = url.strip_prefix("https://github.com/").unwrap_or(&url).trim_end_matches(".git");
    let source = Source::parse(url, &roots.home, roots).ok()?;
    source.git_url().is_some().then(|| RegistrySource::Known(source.without_login()))
}

/// Returns the record of the locked version of a plugin if it is there, else of the only one.
fn version_of(place: &Path, lock: &Lock, id: &PluginId, now: &str) -> Option<InstallRecord> {
    let locked = lock.plugins.get(id);
    let wanted = locked.map(|locked| layout().version_name(&locked.version));
    let there: Vec<String> = disk::entries(place)
        .into_iter()
        .filter(|(name, stands)| {
            *stands == Stands::Folder
                && !disk::exists(&place.join(name).join(layout().orphan_marker()))
        })
        .map(|(name, _)| name)
        .collect();
    let is_locked = |name: &&String| wanted.as_deref() == Some(name.as_str());
    let (folder, locked) = match (there.iter().find(is_locked), there.as_slice()) {
        (Some(folder), _) => (folder, locked),
        (None, [only]) => (only, None),
        _ => return None,
    };
    Some(InstallRecord {
        install_path: place.join(folder),
        version: Some(locked.map_or_else(|| folder.clone(), |locked| locked.version.clone())),
        installed_at: Some(now.to_owned()),
        last_updated: Some(now.to_owned()),
        commit: locked.and_then(|locked| locked.commit.as_ref()).map(ToString::to_string),
        auto: false,
    })
}
