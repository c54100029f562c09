//! The folders of skills as they lie on disk, and what the clients' own folders hold for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::clients::{self, agents};
use crate::content::skill::foreign::{self, Provenance};
use crate::declared::lock::Lock;
use crate::machine::store::disk::{self, Most, Stands};
use crate::machine::store::tree::Fingerprints;
use crate::model::{Client, Roots, Scope, SkillName, State, TreeHash};
use crate::resolve::{AtClient, ClientShelf, Shelf, Shelved};

/// Looks at the skills of every scope that there is here.
pub(super) fn shelves(
    roots: &Roots,
    state: &State,
    lock: &Lock,
    fingerprints: &mut Fingerprints,
) -> BTreeMap<Scope, Shelf> {
    agents::skill_scopes(roots)
        .into_iter()
        .map(|scope| (scope, shelf(roots, scope, &known(state, lock, scope), fingerprints)))
        .collect()
}

/// Reads what other installers noted; a note that cannot be read says nothing.
pub(super) fn provenance(roots: &Roots) -> BTreeMap<(Scope, String), Provenance> {
    let files = [
        (Scope::User, roots.of(Client::Agents).dir.join(".skill-lock.json")),
        (Scope::Project, roots.project.join("skills-lock.json")),
    ];
    let read = |(scope, file): (Scope, PathBuf)| {
        let bytes = disk::read(&file, Most::CLIENT).ok().flatten()?;
        let text = String::from_utf8(bytes).ok()?;
        let (found, _) = foreign::skills_lock(&file, &text).ok()?;
        let folder = file.parent().unwrap_or(&roots.home).to_owned();
        Some(found.into_iter().map(move |mut noted| {
            if noted.source.starts_with("./") || noted.source.starts_with("../") {
                noted.source = disk::normal(&folder.join(&noted.source)).display().to_string();
            }
            ((scope, noted.name.to_string()), noted)
        }))
    };
    files.into_iter().filter_map(read).flatten().collect()
}

/// Returns the skills of the active plugins, with the plugin and the folder of each.
pub fn plugin_skills(state: &State, roots: &Roots) -> Vec<(String, (String, PathBuf))> {
    let mut found = Vec::new();
    for row in state.plugins_in(&roots.project) {
        if !clients::plugin_layout(row.client).is_on(roots, state, row.name) {
            continue;
        }
        let folder = row.record.install_path.join("skills");
        for (name, stands) in disk::entries(&folder) {
            let path = folder.join(&name);
            if stands == Stands::Folder && disk::exists(&path.join("SKILL.md")) {
                found.push((name, (row.name.to_owned(), path)));
            }
        }
    }
    found
}

/// Returns the skills whose bytes matter: those of the inventory and the lock.
fn known<'a>(state: &'a State, lock: &'a Lock, scope: Scope) -> BTreeSet<&'a str> {
    let recorded = state.skills().filter(|row| row.reach.scope() == scope).map(|row| row.name);
    recorded.chain(lock.skills.keys().map(SkillName::as_str)).collect()
}

fn shelf(
    roots: &Roots,
    scope: Scope,
    known: &BTreeSet<&str>,
    fingerprints: &mut Fingerprints,
) -> Shelf {
    let own = Folder::read(agents::skills(roots, scope));
    let of_clients: BTreeMap<Client, Folder> = clients::with_skills()
        .map(|(client, layout)| (client, Folder::read(layout.skills(roots, scope))))
        .collect();
    let folders: Vec<&Folder> = std::iter::once(&own).chain(of_clients.values()).collect();
    let hashes = hashes(&folders, known, fingerprints);
    let skills = own.entries.iter().map(|(name, stands)| {
        let path = own.real.join(name);
        let what = match stands {
            Stands::Folder => Shelved::Folder {
                tree: hashes.get(&path).cloned(),
                is_skill: disk::exists(&path.join("SKILL.md")),
                is_clone: disk::exists(&path.join(".git")),
            },
            Stands::Link(_) | Stands::Other => Shelved::Other,
        };
        (name.clone(), what)
    });
    Shelf {
        skills: skills.collect(),
        clients: of_clients
            .into_iter()
            .map(|(client, folder)| (client, client_shelf(roots, &own, folder, &hashes)))
            .collect(),
        folder: own.path,
        real: own.real,
    }
}

fn client_shelf(
    roots: &Roots,
    own: &Folder,
    Folder { path, real, entries }: Folder,
    hashes: &BTreeMap<PathBuf, TreeHash>,
) -> ClientShelf {
    let is_shared = real == own.real;
    let entries = if is_shared { Vec::new() } else { entries };
    let skills = entries.into_iter().map(|(name, stands)| {
        let at = real.join(&name);
        let what = match stands {
            Stands::Link(target) => link(&real, &own.real.join(&name), target),
            Stands::Folder => AtClient::Folder {
                tree: hashes.get(&at).cloned(),
                is_skill: disk::exists(&at.join("SKILL.md")),
            },
            Stands::Other => AtClient::Other,
        };
        (name, what)
    });
    let skills = skills.collect();
    ClientShelf {
        links_work: !disk::exists(&no_links(roots, &real)),
        folder: path,
        real,
        is_shared,
        skills,
    }
}

/// A folder of skills with what stands in it, hidden things left out.
struct Folder {
    path: PathBuf,
    real: PathBuf,
    entries: Vec<(String, Stands)>,
}

impl Folder {
    fn read(path: PathBuf) -> Self {
        let real = disk::real(&path);
        let entries = disk::entries(&real).into_iter().filter(|(name, _)| !name.starts_with('.'));
        Self { entries: entries.collect(), path, real }
    }
}

/// Returns the hashes of the folders that matter, all of them looked at together.
fn hashes(
    folders: &[&Folder],
    known: &BTreeSet<&str>,
    fingerprints: &mut Fingerprints,
) -> BTreeMap<PathBuf, TreeHash> {
    let matters = |name: &str, stands: &Stands| *stands == Stands::Folder && known.contains(name);
    let paths: BTreeSet<PathBuf> = folders
        .iter()
        .flat_map(|folder| folder.entries.iter().map(move |entry| (&folder.real, entry)))
        .filter(|(_, (name, stands))| matters(name, stands))
        .map(|(real, (name, _))| real.join(name))
        .collect();
    let paths: Vec<PathBuf> = paths.into_iter().collect();
    let hashes = fingerprints.hash_all(&paths);
    paths.into_iter().zip(hashes).filter_map(|(path, hash)| Some((path, hash?))).collect()
}

/// Returns where it is noted that links cannot be made in a folder.
pub fn no_links(roots: &Roots, folder: &Path) -> PathBuf {
    let name: String = folder
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    roots.state_dir.join("no-links").join(name)
}

fn link(folder: &Path, skill: &Path, target: PathBuf) -> AtClient {
    let end = disk::normal(&folder.join(&target));
    if end == *skill || disk::real(&end) == disk::real(skill) {
        return AtClient::Linked;
    }
    AtClient::Elsewhere { dangling: !disk::is_dir(&end), target }
}
