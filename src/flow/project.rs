//! Which project a run acts on, and which others the user's own manifest has something for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::manifest::{self, Declared};
use crate::declared::manifest as declared_manifest;
use crate::machine::env::{self, Env};
use crate::machine::store::disk;
use crate::model::{About, Binding, Intent, Note, Roots, Thing};

/// Settles what an entry of project or local scope means: in a manifest of a project, that project,
/// wherever the command runs. In the user's own it waits, unless it is to hold here, or held here before.
///
/// # Errors
/// It is to hold here, and here is no project or not the user's own manifest.
pub fn settle(env: &mut Env, file: Option<&Path>, here: bool) -> Result<()> {
    let file = disk::follow_links(&manifest::manifest_path(file, env));
    if file != disk::follow_links(&env.manifest) {
        if here {
            bail!(
                "`--here` is about the user's own manifest, and `{}` means the project that it lies in",
                file.display()
            );
        }
        let folder = file.parent().filter(|folder| disk::is_dir(folder));
        if let Some(folder) = folder {
            let project = env::git_root(folder).unwrap_or_else(|| folder.to_owned());
            let is_home = project == env.roots.real_home;
            env.roots.project = if is_home { env.roots.home.clone() } else { project };
        }
        return Ok(());
    }
    if here && env.roots.project == env.roots.home {
        bail!(
            "`--here` needs a project, and this folder is the home\nhint: go into the project first"
        );
    }
    env.roots.binding = Binding::Waits;
    if here || held_here(&file, env) {
        env.roots.binding = Binding::Here;
    }
    Ok(())
}

/// Tells whether entries that name no project were applied to this one: then something of theirs that is
/// ours is in it. What cannot be read is told by whoever needs it.
fn held_here(file: &Path, env: &Env) -> bool {
    let read = |binding| {
        let bytes = manifest::bytes(file).ok()??;
        let roots = Roots { binding, ..env.roots.clone() };
        declared_manifest::parse(file, &String::from_utf8(bytes).ok()?, &roots).ok()
    };
    let Some(bound) = read(Binding::Waits) else { return false };
    if bound.elsewhere.waiting.iter().all(|waiting| waiting.project.is_some()) {
        return false;
    }
    let (Some(all), Ok(owned)) = (read(Binding::Here), manifest::owned(&env.roots)) else {
        return false;
    };
    let ours = owned.ledger.of_manifest(&env.roots, file);
    ours.iter().any(|(_, thing)| wants(&all, thing) && !wants(&bound, thing))
}

/// Tells whether a manifest wants a thing of a project.
fn wants(intent: &Intent, thing: &Thing) -> bool {
    let scope = thing.scope();
    match thing {
        Thing::Marketplace { .. } => false,
        Thing::Plugin { id, .. } => {
            intent.plugins.iter().any(|want| want.scope == scope && want.id.to_string() == *id)
        }
        Thing::Skill { name, .. } => {
            intent.agent_skills.iter().any(|want| want.scope == scope && want.brings(name))
        }
        Thing::Server { name, .. } => {
            let mut servers = intent.servers.iter().chain(&intent.servers_off);
            servers.any(|want| want.scope == scope && want.name == *name)
        }
    }
}

/// Returns the environment in each other project that the user's own manifest has, or had, something for.
///
/// # Errors
/// The ledger cannot be read.
pub fn others(declared: &Declared, env: &Env) -> Result<Vec<Env>> {
    if env.roots.binding == Binding::Own {
        return Ok(Vec::new());
    }
    let intent = &declared.intent;
    let bound = intent.elsewhere.waiting.iter().filter_map(|waiting| waiting.project.clone());
    let had = manifest::owned(&env.roots)?.ledger.projects(&intent.manifest);
    let mut seen = BTreeSet::from([env.roots.project.clone()]);
    let mut others = Vec::new();
    for path in bound.chain(had).filter(|path| disk::is_dir(path)) {
        let mut other = env.clone();
        other.roots.project = disk::real(&path);
        if !other.roots.is_project(&path) {
            other.roots.project = path;
        }
        if other.roots.project == env.roots.real_home || !seen.insert(other.roots.project.clone()) {
            continue;
        }
        other.roots.binding = Binding::Waits;
        if held_here(&intent.manifest, &other) {
            other.roots.binding = Binding::Here;
        }
        others.push(other);
    }
    Ok(others)
}

/// Says what waits for a project.
pub fn waiting(declared: &Declared) -> Vec<Note> {
    let waiting = &declared.intent.elsewhere.waiting;
    let listed = |names: Vec<&str>| {
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let mut notes = Vec::new();
    let unbound: Vec<&str> =
        waiting.iter().filter(|w| w.project.is_none()).map(|w| w.name.as_str()).collect();
    if !unbound.is_empty() {
        let about = About::File(declared.intent.manifest.clone());
        let text = format!("no project is named for {}, so it waits", listed(unbound));
        notes.push(Note::info(about, text).hint(
            "`zskills sync --here` applies it to the project of this folder, `project = \"~/…\"` in the \
             entry binds it to one",
        ));
    }
    let gone: BTreeSet<&PathBuf> = waiting
        .iter()
        .filter_map(|w| w.project.as_ref())
        .filter(|path| !disk::is_dir(path))
        .collect();
    for path in gone {
        let names = waiting.iter().filter(|w| w.project.as_ref() == Some(path));
        let names = listed(names.map(|w| w.name.as_str()).collect());
        let text = format!("is not there, so {names} waits for it");
        notes.push(Note::info(About::File(path.clone()), text));
    }
    notes
}

/// Spells the project that is acted on as a manifest does.
pub fn spelled(roots: &Roots) -> String {
    let home = [&roots.home, &roots.real_home];
    match home.into_iter().find_map(|home| roots.project.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => roots.project.display().to_string(),
    }
}
