//! The skills of a checkout: listed, found, checked and hashed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tree_trouble;
use crate::clients;
use crate::content::catalog;
use crate::content::powers::{self, FileKind, Tree, TreeFile};
use crate::content::skill::discover::{self, FoundSkill};
use crate::content::skill::lint::{self, lint};
use crate::content::skill::tree::{Kind, Listing, TreePath, inside, join, parent};
use crate::content::skill::{LintFinding, Severity, frontmatter};
use crate::formats::json;
use crate::machine::fetch::Checkout;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::{self, Listed, ListedKind};
use crate::model::{Client, Digest, Note, Powers, Trouble, matches_any};
use crate::resolve::{Origin, Part, SkillAt, SkillsAt, SkillsWanted};

/// The most entries of a tree that are looked at.
const MOST: usize = 200_000;

/// Finds the skills of a checkout, and checks and hashes the wanted ones.
pub(super) fn skills(wanted: &SkillsWanted, checkout: &Checkout) -> Result<SkillsAt, Trouble> {
    let at = look(wanted, &checkout.root)?;
    let (listing, mut notes) = listing(&at)?;
    notes.extend(checkout.notes.iter().cloned());
    let read = |path: &str| read(&at.root, &listing, path);
    let discovery = discover::discover(&listing, &wanted.called, &clients::folder_names(), &read);
    notes.extend(discovery.notes);
    let names = discovery
        .skills
        .iter()
        .map(|found| (found.name.clone(), found.description.clone()))
        .collect();
    let skills = discovery
        .skills
        .iter()
        .filter(|found| matches_any(&wanted.select, found.name.as_str()))
        .map(|found| skill(found, &at, &listing))
        .collect::<Result<_, _>>()?;
    Ok(SkillsAt {
        commit: checkout.commit.clone(),
        package: checkout.version.clone(),
        names,
        skills,
        notes,
        marketplace: marketplace(&checkout.root),
        servers: servers(&checkout.root),
    })
}

/// What is looked at.
struct Look {
    root: PathBuf,
    /// The one folder of it that counts; empty for all.
    only: String,
    /// Where the root lies in what was fetched.
    prefix: String,
}

/// Decides what to look at. A folder that was named and is a skill itself is taken whole, so the
/// look begins one folder further up.
fn look(wanted: &SkillsWanted, root: &Path) -> Result<Look, Trouble> {
    let within = wanted.within.as_str();
    let whole = if within.is_empty() { root.to_owned() } else { root.join(within) };
    if !disk::is_dir(&whole) {
        let text = format!("its folder `{within}` is not in the source");
        return Err(Trouble::unmet(text).hint("check the path behind `//`"));
    }
    let named = !within.is_empty()
        || (matches!(wanted.origin, Origin::Local(_)) && !disk::exists(&whole.join(".git")));
    let is_skill = disk::exists(&whole.join("SKILL.md"));
    let real = disk::real(&whole);
    let name = real.file_name().and_then(|name| name.to_str());
    match (named && is_skill, name, real.parent()) {
        (true, Some(name), Some(above)) => Ok(Look {
            root: above.to_owned(),
            only: name.to_owned(),
            prefix: parent(within).to_owned(),
        }),
        _ => Ok(Look { root: real, only: String::new(), prefix: within.to_owned() }),
    }
}

fn listing(at: &Look) -> Result<(Listing, Vec<Note>), Trouble> {
    let folder = if at.only.is_empty() { at.root.clone() } else { at.root.join(&at.only) };
    let listed = tree::list(&folder, MOST).map_err(|error| tree_trouble(&error))?;
    let mut notes = Vec::new();
    let entries: Vec<(String, Kind, u64)> = listed
        .into_iter()
        .filter_map(|Listed { path, kind, size }| {
            let Some(text) = path.to_str() else {
                let shown = path.to_string_lossy().escape_debug().to_string();
                notes.push(Note::refused(shown, "has a name that is not UTF-8"));
                return None;
            };
            let kind = match kind {
                ListedKind::File => Kind::File,
                ListedKind::Executable => Kind::Executable,
                ListedKind::Link { target } => {
                    Kind::Link { target: target.to_string_lossy().into_owned() }
                }
                ListedKind::Dir => Kind::Dir,
                ListedKind::Special => Kind::Special,
            };
            Some((join(&at.only, text), kind, size))
        })
        .collect();
    let (listing, unsafe_paths) = Listing::new(entries);
    notes.extend(unsafe_paths);
    Ok((listing, notes))
}

/// Reads a regular file of the listing; a link is never followed.
fn read(root: &Path, listing: &Listing, path: &str) -> Option<Vec<u8>> {
    let entry = listing.get(path).filter(|entry| entry.is_file())?;
    if entry.size > lint::LARGEST {
        return None;
    }
    disk::read(&root.join(path), Most::TEXT).ok().flatten()
}

fn skill(found: &FoundSkill, at: &Look, listing: &Listing) -> Result<SkillAt, Trouble> {
    let part = listing.part(&found.folder, &found.files);
    let findings = lint(found.name.as_str(), &part, &|path| {
        read(&at.root, listing, &join(&found.folder, path))
    });
    let root = if found.folder.is_empty() { at.root.clone() } else { at.root.join(&found.folder) };
    let files: Vec<String> = found
        .files
        .iter()
        .filter_map(|file| inside(file, &found.folder))
        .map(str::to_owned)
        .collect();
    let is_safe = findings.iter().all(|finding| finding.severity != Severity::Error);
    let hash = if is_safe {
        let hash = tree::hash_part(&root, &files).map_err(|error| {
            let trouble = tree_trouble(&error);
            Trouble { text: format!("`{}`: {error}", found.name), ..trouble }
        })?;
        Some(hash)
    } else {
        None
    };
    let powers = match hash {
        Some(_) => powers(found.name.as_str(), &root, &part),
        None => Ok(Powers::new()),
    };
    Ok(SkillAt {
        name: found.name.clone(),
        folder: join(&at.prefix, &found.folder),
        part: Part { root, files },
        hash,
        findings,
        powers,
    })
}

/// Returns what the skill in a folder can do, or what of it cannot be read.
fn powers(name: &str, root: &Path, part: &Listing) -> Result<Powers, String> {
    let file = |(path, entry): (&str, &TreePath)| {
        let kind = match &entry.kind {
            Kind::File => FileKind::File,
            Kind::Executable => FileKind::Executable,
            Kind::Link { target } => FileKind::Link(target.clone()),
            Kind::Dir | Kind::Special => return None,
        };
        let digest = match &kind {
            FileKind::Link(target) => Ok(Digest::of(target.as_bytes())),
            _ => tree::digest_of_file(root, Path::new(path)).map_err(|error| error.to_string()),
        };
        Some(digest.map(|digest| TreeFile { path: path.to_owned(), kind, digest }))
    };
    let files: Vec<TreeFile> = part.iter().filter_map(file).collect::<Result<_, _>>()?;
    let read =
        |path: &str| disk::read(&root.join(path), Most::TEXT).map_err(|error| error.to_string());
    let is_there = |path: &str| files.iter().any(|file| file.path == path);
    let manifest = clients::plugin_layout(Client::TARGET).manifest_file(&is_there);
    let tree = Tree { manifest, files: &files, read: &read };
    let brought = powers::of_skill(tree, name).map_err(|unreadable| unreadable.to_string())?;
    Ok(brought.in_words())
}

/// Returns the description of an installed skill, and what the lint has against it.
pub(super) fn installed(name: &str, folder: &Path) -> (String, Vec<LintFinding>) {
    let at = Look { root: folder.to_owned(), only: String::new(), prefix: String::new() };
    let findings = match listing(&at) {
        Ok((listing, _)) => lint(name, &listing, &|path| read(folder, &listing, path)),
        Err(_) => Vec::new(),
    };
    (description(folder), findings)
}

pub(super) fn description(folder: &Path) -> String {
    let bytes = disk::read(&folder.join("SKILL.md"), Most::TEXT).ok().flatten().unwrap_or_default();
    frontmatter::read(&bytes).best.description.unwrap_or_default()
}

fn marketplace(root: &Path) -> Option<String> {
    let bytes = clients::with_plugins().find_map(|(_, layout)| {
        disk::read(&root.join(layout.catalog_file()), Most::CATALOG).ok().flatten()
    })?;
    let catalog = json::value(&bytes)?;
    Some(catalog.get("name").and_then(Value::as_str).unwrap_or("marketplace").to_owned())
}

fn servers(root: &Path) -> Vec<String> {
    let bytes = disk::read(&root.join(catalog::SERVERS_FILE), Most::TEXT).ok().flatten();
    let servers = catalog::shared_servers(&bytes.unwrap_or_default());
    servers.into_iter().map(|(name, _)| name).collect()
}
