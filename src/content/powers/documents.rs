//! The files of a tree: which of them the model reads, which are prose, and what the others are.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{Plugin, Written};
use super::tree::folded;
use super::{Document, Found, Power, Unreadable, components, markdown, prose, servers};
use crate::content::catalog::SERVERS_FILE;
use crate::content::skill::tree::parent;

/// What the files at a place are for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Skill,
    Agent,
    Command,
    OutputStyle,
    Workflow,
}

/// The folder where the client looks, the field that names further places, and what they hold.
const PLACES: [(&str, &str, Role); 5] = [
    ("skills", "skills", Role::Skill),
    ("agents", "agents", Role::Agent),
    ("commands", "commands", Role::Command),
    ("output-styles", "outputStyles", Role::OutputStyle),
    ("workflows", "workflows", Role::Workflow),
];

/// Files by which the client installs packages beside a plugin.
const LOCKFILES: [&str; 6] = [
    "bun.lock",
    "bun.lockb",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
];

/// Adds what the files of a tree are, and what the documents among them ask for.
pub fn powers(plugin: &Plugin<'_>, found: &mut Found) -> Result<(), Unreadable> {
    let roots = roots(plugin);
    let read = read_elsewhere(plugin);
    let mut prosaic = Vec::new();
    for (path, file) in plugin.paths.iter() {
        let add = |power: Power, found: &mut Found| found.add(power, file.digest.clone());
        if file.is_executable() {
            add(Power::Executable { path: path.to_owned() }, found);
        }
        let key = folded(path);
        if read.contains(&key) {
            continue;
        }
        let roles = roles(&roots, &key);
        if roles.contains(&Role::OutputStyle) {
            add(Power::OutputStyle { path: path.to_owned() }, found);
        } else if roles.contains(&Role::Workflow) {
            add(Power::Workflow { path: path.to_owned() }, found);
        } else if is_document(&roots, &roles, &key) {
            document(plugin, path, &key, &roots, found)?;
        } else if LOCKFILES.contains(&key.as_str()) {
            add(Power::Packages { path: path.to_owned() }, found);
        } else if prose::is_file(path) {
            prosaic.push((path, file));
        } else if !file.is_executable() {
            add(Power::Contents { path: path.to_owned() }, found);
        }
    }
    // What something runs is no prose, whatever it is called.
    for (path, file) in prosaic {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        if found.mentioned.contains(&name) {
            found.add(Power::Contents { path: path.to_owned() }, file.digest.clone());
        }
    }
    Ok(())
}

type Roots = BTreeMap<String, BTreeSet<Role>>;

/// Returns the folders and files in which the client looks for something.
fn roots(plugin: &Plugin<'_>) -> Roots {
    let mut roots = Roots::new();
    for (folder, field, role) in PLACES {
        roots.entry(folder.to_owned()).or_default().insert(role);
        for (_, element) in plugin.written(field) {
            match element {
                Written::Path(path) => drop(roots.entry(folded(&path)).or_default().insert(role)),
                Written::Other(value) => {
                    let commands = value.as_object().into_iter().flatten();
                    let named = commands.filter_map(|(_, command)| command.get("source")?.as_str());
                    for path in named.filter_map(|path| path.strip_prefix("./")) {
                        roots.entry(folded(path)).or_default().insert(role);
                    }
                }
            }
        }
    }
    roots
}

/// Returns the files that are read as what they declare.
fn read_elsewhere(plugin: &Plugin<'_>) -> BTreeSet<String> {
    if !plugin.loaded {
        return BTreeSet::new();
    }
    let own = [components::HOOKS, components::MONITORS, components::SETTINGS];
    let own = own.into_iter().chain([SERVERS_FILE, servers::LSP]).chain(plugin.manifest);
    let mut read: BTreeSet<String> = own.map(folded).collect();
    for field in ["hooks", "mcpServers", "lspServers", "monitors", "settings"] {
        for (_, element) in plugin.written(field) {
            if let Written::Path(path) = element
                && !servers::is_bundle(&path)
            {
                read.insert(folded(&path));
            }
        }
    }
    read
}

/// Returns what a file is by the places that it lies in.
fn roles(roots: &Roots, path: &str) -> BTreeSet<Role> {
    let mut roles = BTreeSet::new();
    let mut at = path;
    loop {
        roles.extend(roots.get(at).into_iter().flatten());
        if at.is_empty() {
            return roles;
        }
        at = parent(at);
    }
}

fn is_document(roots: &Roots, roles: &BTreeSet<Role>, path: &str) -> bool {
    let markdown = path.rsplit('.').next() == Some("md");
    let texts = [Role::Agent, Role::Command];
    let holds = |role: &Role| roles.contains(role);
    // A skill's folder holds what the skill refers to as well.
    let beside = |at: &str| roots.get(at).is_some_and(|roles| roles.contains(&Role::Skill));
    path.rsplit('/').next() == Some("skill.md")
        || markdown && (texts.iter().any(holds) || beside(parent(path)))
        || roots.get(path).is_some_and(|own| texts.iter().any(|role| own.contains(role)))
}

fn document(
    plugin: &Plugin<'_>,
    path: &str,
    key: &str,
    roots: &Roots,
    found: &mut Found,
) -> Result<(), Unreadable> {
    if let Some(text) = plugin.text(path)? {
        markdown::powers(path, &text, found);
    }
    let is_root = |at: &str, role| roots.get(at).is_some_and(|roles| roles.contains(&role));
    let folder = parent(key);
    if key.rsplit('/').next() == Some("skill.md") {
        let own = folder.is_empty()
            || is_root(folder, Role::Skill)
            || is_root(parent(folder), Role::Skill);
        if own {
            let name = parent(path).rsplit('/').next().filter(|name| !name.is_empty());
            let name = name.unwrap_or(plugin.name).to_owned();
            found.documents.insert(Document::Skill { name });
        }
    }
    for role in [Role::Agent, Role::Command] {
        if let Some(name) = name_below(path, key, |at| is_root(at, role)) {
            found.documents.insert(match role {
                Role::Agent => Document::Agent { name },
                _ => Document::Command { name },
            });
        }
    }
    Ok(())
}

/// Returns what a Markdown file is called by the outermost place above it.
fn name_below(path: &str, key: &str, is_root: impl Fn(&str) -> bool) -> Option<String> {
    let stem = path.get(..path.len().checked_sub(3)?)?;
    if is_root(key) {
        return Some(stem.rsplit('/').next().unwrap_or(stem).to_owned());
    }
    let ends = key.match_indices('/').map(|(end, _)| end);
    let end = ends.into_iter().find(|end| is_root(&key[..*end]))?;
    Some(stem.get(end + 1..)?.replace('/', ":"))
}
