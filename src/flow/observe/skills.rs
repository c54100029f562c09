//! The folders of skills as they lie on disk, and what the client's own folder holds for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::content::skill::foreign::{self, Provenance};
use crate::declared::lock::Lock;
use crate::machine::store::disk::{self, Stands};
use crate::machine::store::tree::Fingerprints;
use crate::model::{Item, Record, Roots, Scope, SkillName, State, TreeHash};
use crate::resolve::{AtClient, Shelf, Shelved};

/// Looks at the skills of every scope that there is here.
pub(super) fn shelves(
    roots: &Roots,
    state: &State,
    lock: &Lock,
    fingerprints: &mut Fingerprints,
) -> BTreeMap<Scope, Shelf> {
    roots
        .skill_scopes()
        .map(|scope| (scope, shelf(roots, scope, &known(state, lock, scope), fingerprints)))
        .collect()
}

/// Reads what other installers noted; a note that cannot be read says nothing.
pub(super) fn provenance(roots: &Roots) -> BTreeMap<(Scope, String), Provenance> {
    let files = [
        (Scope::User, roots.agents_dir.join(".skill-lock.json")),
        (Scope::Project, roots.project.join("skills-lock.json")),
    ];
    let read = |(scope, file): (Scope, PathBuf)| {
        let bytes = disk::read(&file).ok().flatten()?;
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
    for (item, record) in state {
        let (Item::Plugin { id, project, .. }, Record::Plugin(record)) = (item, record) else {
            continue;
        };
        let here = project.as_ref().is_none_or(|project| *project == roots.project);
        let on = Scope::ALL.into_iter().rev().find_map(|scope| {
            match state.get(&Item::Enabled { id: id.clone(), scope }) {
                Some(Record::Enabled(on)) => Some(*on),
                _ => None,
            }
        });
        if !here || on != Some(true) {
            continue;
        }
        let folder = record.install_path.join("skills");
        for (name, stands) in disk::entries(&folder) {
            let path = folder.join(&name);
            if stands == Stands::Folder && disk::exists(&path.join("SKILL.md")) {
                found.push((name, (id.clone(), path)));
            }
        }
    }
    found
}

/// Returns the skills whose bytes matter: those of the inventory and the lock.
fn known<'a>(state: &'a State, lock: &'a Lock, scope: Scope) -> BTreeSet<&'a str> {
    let recorded = state.keys().filter_map(|item| match item {
        Item::Skill { name, scope: at, .. } if *at == scope => Some(name.as_str()),
        _ => None,
    });
    recorded.chain(lock.skills.keys().map(SkillName::as_str)).collect()
}

fn shelf(
    roots: &Roots,
    scope: Scope,
    known: &BTreeSet<&str>,
    fingerprints: &mut Fingerprints,
) -> Shelf {
    let (folder, client) = (roots.skills(scope), roots.claude_skills(scope));
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
