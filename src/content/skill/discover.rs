//! The skills in a fetched tree: where they are, what they are called and which files belong to them.

use std::collections::{BTreeMap, BTreeSet};

use super::frontmatter::{self, Frontmatter};
use super::links;
use super::tree::{Kind, Listing, TreePath, base, inside, join, parent, resolve};
use crate::model::{Note, SkillName};

/// The skills of one tree, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    pub skills: Vec<FoundSkill>,
    /// What was passed over, and why.
    pub notes: Vec<Note>,
}

/// One skill.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSkill {
    pub name: SkillName,
    /// Relative to the tree; empty for a skill at its root.
    pub folder: String,
    pub description: Option<String>,
    /// The files and links that an install takes, relative to the tree.
    pub files: Vec<String>,
    pub notes: Vec<Note>,
}

/// How many folders deep a `SKILL.md` may lie.
pub const DEPTH: usize = 6;
/// The largest `SKILL.md` that is read, in bytes.
pub const LARGEST: u64 = 1024 * 1024;

/// Finds the skills of a tree; `repository` names a skill at its root that does not name itself, and
/// `own` are the folders that clients have in a project, the better ones first.
///
/// `SKILL.md` files are the only ones read. Folders called `skills` win over skills elsewhere: those are
/// taken only when there are no others, since most of them are examples and test data.
pub fn discover(
    listing: &Listing,
    repository: &str,
    own: &[&str],
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Discovery {
    let mut notes = Vec::new();
    let folders = folders(listing, own, &mut notes);
    let strays = folders.iter().filter(|(_, place)| *place == Whereabouts::Elsewhere).count();
    let only_strays = strays == folders.len();
    let mut by_name: BTreeMap<String, (Whereabouts, FoundSkill)> = BTreeMap::new();
    for (folder, place) in folders {
        if place == Whereabouts::Elsewhere && !only_strays {
            continue;
        }
        match found(listing, &folder, repository, read) {
            Ok(found) => keep(&mut by_name, place, found, &mut notes),
            Err(note) => notes.push(note),
        }
    }
    if strays > 0 && !only_strays {
        let text = format!("{strays} more `SKILL.md` outside `skills` folders are passed over");
        notes.push(Note::info(repository, text).hint("name one with `owner/repo//path`"));
    }
    let skills = by_name.into_values().map(|(_, found)| found).collect();
    Discovery { skills, notes }
}

/// Where a skill lies, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whereabouts {
    Skills,
    /// The folder of a client, by its place among them.
    Own(usize),
    Plugin,
    Root,
    Elsewhere,
}

/// Returns the folders that hold a skill, none inside another but for the root.
fn folders(listing: &Listing, own: &[&str], notes: &mut Vec<Note>) -> Vec<(String, Whereabouts)> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut variants = Vec::new();
    let mut folders = Vec::new();
    let promoted = promoted(listing, own, notes);
    for (path, entry) in listing.iter() {
        if !base(path).eq_ignore_ascii_case("SKILL.md") || entry.kind == Kind::Dir {
            continue;
        }
        let folder = parent(path);
        let linked = promoted.get(folder).or_else(|| promoted.get(parent(folder)));
        let Some(place) = place(folder, own).into_iter().chain(linked.copied()).min() else {
            if base(parent(folder)) == "skills" && base(folder).starts_with('.') {
                notes.push(Note::refused(path, "is in a hidden folder"));
            }
            continue;
        };
        if base(path) == "SKILL.md" {
            folders.push((path, folder, place, entry));
            taken.insert(folder);
        } else {
            variants.push((path, folder));
        }
    }
    let outer = |folder: &str| ancestors(folder).any(|a| !a.is_empty() && taken.contains(a));
    for (path, folder) in variants {
        if !taken.contains(folder) && !outer(folder) {
            let text = format!("is called `{}`, which clients do not load", base(path));
            notes.push(Note::info(path, text).hint("rename it to `SKILL.md`"));
        }
    }
    let sparse = |folder: &str| {
        let top = folder.split('/').next().unwrap_or_default();
        taken.contains("") && PARTS.contains(&top)
    };
    let mut kept = Vec::new();
    for (path, folder, place, entry) in folders {
        if outer(folder) || sparse(folder) {
            continue;
        }
        match refusal(entry) {
            Some(why) => notes.push(Note::refused(path, why)),
            None => kept.push((folder.to_owned(), place)),
        }
    }
    kept
}

/// Returns the folders that links in, or instead of, a `skills` folder point to: the skills are there.
fn promoted(
    listing: &Listing,
    own: &[&str],
    notes: &mut Vec<Note>,
) -> BTreeMap<String, Whereabouts> {
    let mut promoted = BTreeMap::new();
    for (path, entry) in listing.iter() {
        let Kind::Link { target } = &entry.kind else { continue };
        let shelf = base(path) == "skills";
        if !shelf && base(parent(path)) != "skills" {
            continue;
        }
        let Some(place) = (if shelf { place(&join(path, "x"), own) } else { place(path, own) })
        else {
            continue;
        };
        match listing.follow(path) {
            Some(end) if end.is_empty() => {}
            Some(end) if listing.reaches(&end) => {
                notes.push(Note::info(
                    path,
                    format!("is a link to `{end}`, which is taken instead"),
                ));
                let best: &mut Whereabouts = promoted.entry(end).or_insert(place);
                *best = place.min(*best);
            }
            _ => {
                let text =
                    format!("links to `{}`, which is not in the source", target.escape_default());
                notes.push(Note::refused(path, text));
            }
        }
    }
    promoted
}

/// Says why a `SKILL.md` is not read.
fn refusal(entry: &TreePath) -> Option<String> {
    match &entry.kind {
        Kind::Link { target } => Some(format!("is a link to `{}`", target.escape_default())),
        Kind::Special => Some("is not a regular file".to_owned()),
        _ if entry.size > LARGEST => Some(format!("is larger than {} KiB", LARGEST / 1024)),
        _ => None,
    }
}

/// Judges a folder by its path; nothing when it is too deep or hidden.
fn place(folder: &str, own: &[&str]) -> Option<Whereabouts> {
    if folder.is_empty() {
        return Some(Whereabouts::Root);
    }
    let parts: Vec<&str> = folder.split('/').collect();
    if parts.len() > DEPTH {
        return None;
    }
    for (i, part) in parts.iter().enumerate() {
        let next = parts.get(i + 1);
        let shown = match *part {
            "node_modules" => false,
            part if own.contains(&part) => next == Some(&"skills"),
            // The shelves of a well-known catalog.
            ".curated" | ".experimental" => i > 0 && parts[i - 1] == "skills",
            part => !part.starts_with('.'),
        };
        if !shown {
            return None;
        }
    }
    let shelf = parts[..parts.len() - 1].iter().position(|part| *part == "skills");
    Some(match shelf {
        None => Whereabouts::Elsewhere,
        Some(0) => Whereabouts::Skills,
        Some(i) => {
            let client = own.iter().position(|folder| *folder == parts[i - 1]);
            client.map_or(Whereabouts::Plugin, Whereabouts::Own)
        }
    })
}

fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |f| (!f.is_empty()).then(|| parent(f))).skip(1)
}

/// Reads one skill, or says why it is refused.
fn found(
    listing: &Listing,
    folder: &str,
    repository: &str,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<FoundSkill, Note> {
    let path = join(folder, "SKILL.md");
    let bytes = read(&path).ok_or_else(|| Note::unmet(&path, "cannot be read"))?;
    let front = frontmatter::read(&bytes).best;
    let name = name(&front, folder, repository)?;
    let mut notes = Vec::new();
    let files = if folder.is_empty() {
        sparse(listing, &String::from_utf8_lossy(&bytes))
    } else {
        whole(listing, folder)
    };
    let files = without_strange_links(listing, folder, files, &mut notes)?;
    let shown = front.name.as_deref().filter(|shown| *shown != name.as_str());
    if let Some(shown) = shown {
        let text = format!("calls itself `{}`; its folder is `{name}`", shown.escape_debug());
        notes.push(Note::info(&path, text));
    }
    Ok(FoundSkill { name, folder: folder.to_owned(), description: front.description, files, notes })
}

fn name(front: &Frontmatter, folder: &str, repository: &str) -> Result<SkillName, Note> {
    if let Some(name) = front.name.as_deref().and_then(|name| name.parse().ok()) {
        return Ok(name);
    }
    let fallback = if folder.is_empty() { repository } else { base(folder) };
    fallback.parse().map_err(|error| {
        let about = fallback.escape_debug().to_string();
        Note::refused(about, format!("cannot be the name of a skill: it {error}"))
    })
}

const PARTS: [&str; 3] = ["references", "assets", "scripts"];

/// Returns every file of a skill's folder but version control and litter.
fn whole(listing: &Listing, folder: &str) -> Vec<String> {
    let is_litter = |path: &str| {
        let inside = inside(path, folder).unwrap_or(path);
        inside.split('/').any(|part| matches!(part, ".git" | "__pycache__" | ".DS_Store"))
    };
    let files =
        listing.below(folder).filter(|(path, entry)| entry.kind != Kind::Dir && !is_litter(path));
    files.map(|(path, _)| path.to_owned()).collect()
}

/// Returns the files of a skill at the root of a repository: what it says it uses, not all there is.
fn sparse(listing: &Listing, text: &str) -> Vec<String> {
    let mut files = BTreeSet::from(["SKILL.md".to_owned()]);
    for part in PARTS {
        files.extend(whole(listing, part));
    }
    let linked = links::references(text).into_iter().filter_map(|r| resolve("", &r.path));
    let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
    files.extend(linked.filter(|path| listing.is_file(path) && !is_hidden(path)));
    files.into_iter().collect()
}

/// Leaves out links to other places of the tree; refuses the skill for a link out of the tree.
fn without_strange_links(
    listing: &Listing,
    folder: &str,
    files: Vec<String>,
    notes: &mut Vec<Note>,
) -> Result<Vec<String>, Note> {
    let own = listing.part(folder, &files);
    let mut kept = Vec::with_capacity(files.len());
    for path in files {
        match listing.get(&path).map(|entry| &entry.kind) {
            Some(Kind::Link { target }) => {
                let shown = target.escape_default();
                let Some(end) = resolve(parent(&path), target) else {
                    let text = format!("links to `{shown}`, which is outside the source");
                    return Err(Note::refused(path, text));
                };
                if !inside(&end, folder).is_some_and(|end| own.reaches(end)) {
                    let text =
                        format!("links to `{shown}`, which is not part of the skill: left out");
                    notes.push(Note::info(path, text));
                    continue;
                }
            }
            Some(Kind::Special) => return Err(Note::refused(path, "is not a regular file")),
            _ => {}
        }
        kept.push(path);
    }
    Ok(kept)
}

/// Keeps the better of two skills that want one folder; case does not tell folders apart everywhere.
fn keep(
    by_name: &mut BTreeMap<String, (Whereabouts, FoundSkill)>,
    place: Whereabouts,
    found: FoundSkill,
    notes: &mut Vec<Note>,
) {
    let key = found.name.as_str().to_ascii_lowercase();
    let Some((there, other)) = by_name.get(&key) else {
        by_name.insert(key, (place, found));
        return;
    };
    let wins = (place, &found.folder) < (*there, &other.folder);
    let (winner, loser) = if wins { (&found, other) } else { (other, &found) };
    let text = format!("is in `{}` and `{}`; the first is taken", winner.folder, loser.folder);
    notes.push(Note::info(winner.name.as_str(), text));
    if wins {
        by_name.insert(key, (place, found));
    }
}

#[cfg(test)]
mod tests;
