//! The folders of skills as they lie on disk, and what the client's own folder holds for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::clients::{self, agents};
use crate::content::skill::foreign::{self, Provenance};
use crate::declared::lock::Lock;
use crate::machine::store::disk::{self, Most, Stands};
use crate::machine::store::tree::Fingerprints;
use crate::model::{Client, Roots, Scope, SkillName, State, TreeHash};
use crate::resolve::{AtClient, Shelf, Shelved};

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
    let folder = agents::skills(roots, scope);
    let client = clients::layout(Client::Claude).skills(roots, scope);
    let (real, client_real) = (disk::real(&folder), disk::real(&client));
    let mut shelf = Shelf {
        links_work: !disk::exists(&no_links(roots, &client_real)),
        is_client: real == client_real,
        folder,
        client,
        ..Shelf::default()
    };
    let (skills, at_client) = (disk::entries(&real), disk::entries(&client_real));
    let mut hashes = hashes(&[(&real, &skills), (&client_real, &at_client)], known, fingerprints);
    for (name, stands) in skills {
        if is_hidden(&name) {
            continue;
        }
        let path = real.join(&name);
        let what = match stands {
            Stands::Folder => Shelved::Folder {
                tree: hashes.remove(&path),
                is_skill: disk::exists(&path.join("SKILL.md")),
                is_clone: disk::exists(&path.join(".git")),
            },
            Stands::Link(_) | Stands::Other => Shelved::Other,
        };
        shelf.skills.insert(name, what);
    }
    if !shelf.is_client {
        for (name, stands) in at_client {
            if is_hidden(&name) {
                continue;
            }
            let path = client_real.join(&name);
            let what = match stands {
                Stands::Link(target) => link(&client_real, &real.join(&name), target),
                Stands::Folder => AtClient::Folder {
                    tree: hashes.remove(&path),
                    is_skill: disk::exists(&path.join("SKILL.md")),
                },
                Stands::Other => AtClient::Other,
            };
            shelf.at_client.insert(name, what);
        }
    }
    shelf.real = real;
    shelf.client_real = client_real;
    shelf
}

/// Returns the hashes of the folders that matter, all of them looked at together.
fn hashes(
    folders: &[(&PathBuf, &Vec<(String, Stands)>)],
    known: &BTreeSet<&str>,
    fingerprints: &mut Fingerprints,
) -> BTreeMap<PathBuf, TreeHash> {
    let matters = |name: &str, stands: &Stands| *stands == Stands::Folder && known.contains(name);
    let paths: BTreeSet<PathBuf> = folders
        .iter()
        .flat_map(|(folder, entries)| entries.iter().map(move |entry| (folder, entry)))
        .filter(|(_, (name, stands))| matters(name, stands))
        .map(|(folder, (name, _))| folder.join(name))
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

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}
