//! Reads what the clients' files say and what lies on disk.

mod skills;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::registered::unpacked;
use crate::clients::{
    self, CODECS, ClientFile, Codec, Cost, Decoded, FileProblem, Links, Policy, ProblemKind,
};
use crate::content::catalog;
use crate::declared::lock::Lock;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::{self, Fingerprints};
use crate::model::{Client, Diagnostic, Fact, Files, Item, Roots, State};
use crate::resolve::Observed;
pub use skills::{no_links, plugin_skills};

/// The files of a client, what they mean, and what is wrong with them.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub files: Files,
    pub problems: Vec<FileProblem>,
    pub observed: Observed,
    pub policy: Policy,
}

impl Snapshot {
    /// Returns the facts without the switches in files that the client ignores as a whole.
    pub fn in_effect(&self, roots: &Roots) -> State {
        let is_ignored = |file: &Path| {
            let costs = |problem: &FileProblem| {
                matches!(problem.kind.cost(), Cost::File | Cost::Effect)
                    && problem.diagnostic.file == file
            };
            self.problems.iter().any(costs)
        };
        let is_switch = |fact: &Fact| matches!(fact.item, Item::Enabled { .. });
        let mut state = self.observed.state.clone();
        let facts = self.observed.state.iter().map(|(fact, _)| fact);
        for fact in facts.filter(|fact| is_switch(fact)) {
            if is_ignored(&clients::place(roots, fact).file) {
                state.remove(fact);
            }
        }
        state
    }
}

/// Looks at everything once. Nothing is written and no process is started.
pub fn observe(roots: &Roots, lock: &Lock, fingerprints: &mut Fingerprints) -> Result<Snapshot> {
    Ok(see(roots, read_files(roots)?, lock, fingerprints))
}

/// Returns what the disk would mean if the client's files were these.
pub fn see(roots: &Roots, files: Files, lock: &Lock, fingerprints: &mut Fingerprints) -> Snapshot {
    let Decoded { state, mut problems } = clients::decode(roots, &files);
    problems.extend(linked(roots));
    let mut observed = Observed { state, ..Observed::default() };
    observed.only_servers = clients::with_servers()
        .flat_map(|(_, servers)| servers.exclusive(roots))
        .find(|file| files.get(file).is_some());
    observed.provenance = skills::provenance(roots);
    observed.shelves = skills::shelves(roots, &observed.state, lock, fingerprints);
    for path in plugin_folders(roots, &observed.state, lock) {
        // A folder that cannot be hashed is as good as altered: it will be put right from its source.
        if let Ok(hash) = fingerprints.hash(&path) {
            observed.trees.insert(path, hash);
        }
    }
    for path in marketplace_places(roots, &observed.state, lock) {
        if disk::exists(&path) {
            observed.present.insert(path.clone());
        }
        if let Some(marker) = snapshot_commit(&path) {
            observed.heads.extend(marker.parse().ok().map(|commit| (path.clone(), commit)));
            observed.unpacked.insert(path);
        } else if let Some(head) = tree::head(&path) {
            observed.heads.insert(path, head);
        } else if !disk::is_dir(&path)
            && let Ok(Some(bytes)) = disk::read(&path, Most::CATALOG)
        {
            observed.catalogs.insert(path, tree::digest(&catalog::content(&bytes)));
        }
    }
    Snapshot { files, problems, observed, policy: policy(roots) }
}

/// Returns what the administrator's settings allow.
fn policy(roots: &Roots) -> Policy {
    let places = clients::with_plugins().flat_map(|(_, layout)| layout.managed(roots));
    let read = |file: PathBuf| {
        // What cannot be read is as good as broken: it must not open what it should close.
        let bytes = disk::read(&file, Most::CLIENT).unwrap_or_else(|_| Some(Vec::new()))?;
        Some((file, bytes))
    };
    places
        .map(|place| Policy::parse(&managed(place).filter_map(read).collect::<Vec<_>>()))
        .fold(Policy::default(), Policy::and)
}

/// Returns a file of an administrator and those in the folder beside it, in the order in which they count.
fn managed((base, folder): (PathBuf, PathBuf)) -> impl Iterator<Item = PathBuf> {
    let mut more: Vec<PathBuf> = disk::entries(&folder)
        .into_iter()
        .filter(|(name, _)| {
            Path::new(name).extension().is_some_and(|end| end == "json") && !name.starts_with('.')
        })
        .map(|(name, _)| folder.join(name))
        .collect();
    more.sort();
    std::iter::once(base).chain(more)
}

/// Returns what the client's files say and looks at nothing else.
pub fn state(roots: &Roots) -> Result<State> {
    let files = read_files(roots)?;
    Ok(clients::decode(roots, &files).state)
}

/// Reads what git keeps about each marketplace clone.
pub fn git_configs(observed: &Observed) -> BTreeMap<PathBuf, String> {
    let config = |clone: &PathBuf| {
        let file = clone.join(".git/config");
        let bytes = disk::read(&file, Most::GIT).ok()??;
        Some((file, String::from_utf8_lossy(&bytes).into_owned()))
    };
    observed.heads.keys().filter_map(config).collect()
}

/// Returns the folders in the plugin caches that hold a version: `<marketplace>/<plugin>/<version>`.
pub fn cached(roots: &Roots) -> BTreeSet<PathBuf> {
    let below = |path: PathBuf| disk::folders(&path);
    clients::with_plugins()
        .flat_map(|(_, layout)| below(layout.cache(roots)))
        .flat_map(below)
        .flat_map(below)
        .collect()
}

fn read_files(roots: &Roots) -> Result<Files> {
    let read = |file: ClientFile| {
        let path = file.path;
        let bytes = disk::read(&path, Most::CLIENT)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path, bytes))
    };
    clients::files(roots).into_iter().map(read).collect()
}

/// Returns the complaints about links where a client refuses to write through one.
fn linked(roots: &Roots) -> Vec<FileProblem> {
    let complaint = |(client, file): (Client, ClientFile)| {
        let text = format!("is a symbolic link, and {client} refuses to write through it here");
        let diagnostic = Diagnostic::whole(&file.path, text)
            .hint("put the file itself into the project; this file belongs to its repository");
        FileProblem { diagnostic, kind: ProblemKind::Link }
    };
    let files = |codec: &dyn Codec| {
        let client = codec.client();
        codec.layout().files(roots).into_iter().map(move |file| (client, file))
    };
    CODECS
        .into_iter()
        .flat_map(files)
        .filter(|(_, file)| file.links == Links::Refused && disk::is_link(&file.path))
        .map(complaint)
        .collect()
}

/// Returns the plugin folders that the client's records and the lock name.
fn plugin_folders(roots: &Roots, state: &State, lock: &Lock) -> Vec<PathBuf> {
    let recorded = state.plugins_in(&roots.project).map(|row| row.record.install_path.clone());
    let locked = clients::with_plugins().flat_map(|(_, layout)| {
        lock.plugins.iter().map(move |(id, entry)| layout.version(roots, id, &entry.version))
    });
    let mut folders: Vec<PathBuf> =
        recorded.chain(locked).filter(|path| disk::is_dir(path)).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// Returns what the client noted in a marketplace that it unpacked from an archive.
fn snapshot_commit(path: &Path) -> Option<String> {
    if disk::exists(&path.join(".git")) {
        return None;
    }
    unpacked(path)
}

fn marketplace_places(roots: &Roots, state: &State, lock: &Lock) -> Vec<PathBuf> {
    let recorded = state.marketplaces().map(|row| row.record.install_location.clone());
    let locked = clients::with_plugins().flat_map(|(_, layout)| {
        lock.marketplaces.keys().map(move |name| layout.marketplace(roots, name.as_str()))
    });
    let mut places: Vec<PathBuf> = recorded.chain(locked).collect();
    places.sort();
    places.dedup();
    places
}
