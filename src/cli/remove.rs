//! `zskills remove` and `zskills purge`: plugins out of the manifest and off the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::agent_skills::remove as skills;
use super::converge::{self, Prepared};
use super::named::Named;
use super::session::Declared;
use super::verb::{self, Draft, Flags, Known};
use super::{Exit, session};
use crate::flow::observe;
use crate::machine::env::Env;
use crate::machine::terminal::{Ui, confirm, pick};
use crate::model::{Fact, Note, PluginId, Roots, Scope, State, Thing};
use crate::plan::Step;

/// Remove plugins and Agent Skills and take them out of the manifest
///
/// Their bytes stay in the client's cache, and the client removes them in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`, the name of a skill, or the source of skills as the manifest has it
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Choose from what is here
    #[arg(short, long)]
    interactive: bool,
    /// user, project or local [default: wherever it is]
    #[arg(long, value_parser = verb::scope)]
    scope: Option<Scope>,
    /// Leave the manifest and the lock as they are
    #[arg(long)]
    no_save: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Remove plugins, and their bytes at once
#[derive(Debug, clap::Args)]
pub struct PurgeArgs {
    #[command(flatten)]
    args: Args,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    remove(args, Bytes::Stay, env, ui)
}

pub fn purge(args: &PurgeArgs, env: &Env, ui: Ui) -> Result<Exit> {
    remove(&args.args, Bytes::Go, env, ui)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bytes {
    Stay,
    Go,
}

fn remove(args: &Args, bytes: Bytes, env: &Env, ui: Ui) -> Result<Exit> {
    let state = session::state(env)?;
    let before = args.flags.declared(env)?;
    let mut known = Known::here(&before, &state, &env.roots);
    if bytes == Bytes::Go {
        for id in cached(&env.roots).into_keys() {
            known.add(id);
        }
    }
    let names =
        if args.interactive { choose(&known, &before, env, ui)? } else { args.names.clone() };
    if names.is_empty() {
        bail!("nothing is named\nhint: name a plugin, or choose with `-i`");
    }
    let is_skill =
        |name: &String| known.find(name, "here").is_err() && skills::knows(&before, name);
    let (skills, names): (Vec<String>, Vec<String>) = names.into_iter().partition(is_skill);
    let skill_names = skills::names(&before);
    let (ids, failed) = verb::each(&names, |name| known.find_or_skill(name, "here", &skill_names));
    if bytes == Bytes::Go && !ids.is_empty() {
        ask_first(&ids, args, ui)?;
    }
    let going: BTreeSet<(PluginId, Scope)> = ids
        .iter()
        .flat_map(|id| match args.scope {
            Some(scope) => BTreeSet::from([(id.clone(), scope)]),
            None => known.scopes(id).into_iter().map(|scope| (id.clone(), scope)).collect(),
        })
        .collect();
    let declared = || args.flags.declared(env);
    let mut ask = args.flags.ask("zskills/remove/1", &declared);
    if bytes == Bytes::Go {
        ask.schema = "zskills/purge/1";
    }
    ask.save = !args.no_save;
    ask.named = Some(Named::words(&names).plugins(&ids).skills(&skills, &before));
    ask.going = going.iter().map(|(id, scope)| verb::plugin(id, *scope, &env.roots)).collect();
    converge::drive(&ask, env, ui, &|fingerprints| {
        let declared = declared()?;
        let state = session::state(env)?;
        let mut draft = Draft::new(&declared, &state, &env.roots);
        for (id, scope) in &going {
            draft.drop_plugin(id, *scope)?;
        }
        let text = draft.text;
        let declared = verb::edited(declared, text, &env.roots)?;
        let declared = skills::without_all(declared, &skills, &env.roots)?;
        let mut prepared = converge::prepare_for(&ask, env, ui, declared, fingerprints)?;
        prepared.plan.notes.extend(failed.iter().cloned());
        prepared.plan.notes.extend(still_needed(&prepared, &ask.going, &env.roots));
        if bytes == Bytes::Go {
            let steps = removals(&ids, &state, &prepared, &env.roots);
            prepared.plan.steps.extend(steps);
        }
        Ok(prepared)
    })
}

fn choose(known: &Known, declared: &Declared, env: &Env, ui: Ui) -> Result<Vec<String>> {
    let words = |id: &PluginId| {
        let scopes: Vec<&str> = known.scopes(id).iter().map(|scope| scope.as_str()).collect();
        (id.to_string(), scopes.join(", "))
    };
    let skills = skills::names(declared).into_iter().map(|name| (name, "skill".to_owned()));
    let lines: Vec<_> = known.ids().map(words).chain(skills).collect();
    pick::pick("what to remove", &lines, env.no_fzf, ui)
}

fn ask_first(ids: &[PluginId], args: &Args, ui: Ui) -> Result<()> {
    if args.flags.yes || args.flags.dry_run {
        return Ok(());
    }
    let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    let names = names.join(", ");
    if !ui.interactive {
        bail!("this would delete the bytes of {names}; add `--yes` to do so without a terminal");
    }
    if !confirm(&format!("Delete the bytes of {names}?")) {
        bail!("nothing was changed");
    }
    Ok(())
}

/// Says why a plugin that was named is still there: another one depends on it.
fn still_needed(prepared: &Prepared, going: &BTreeSet<Thing>, roots: &Roots) -> Vec<Note> {
    let lock = &prepared.resolution.lock;
    let desired = &prepared.resolution.desired.plugins;
    let needed = |(id, scope): &(PluginId, Scope)| {
        if !going.contains(&verb::plugin(id, *scope, roots)) {
            return None;
        }
        let user = lock.plugins.iter().find(|(_, locked)| locked.dependencies.contains(id));
        let text = match user {
            Some((user, _)) => format!("stays: `{user}` depends on it"),
            None => "stays: another plugin depends on it".to_owned(),
        };
        Some(Note::unmet(id.to_string(), text).hint("remove what needs it first"))
    };
    desired.keys().filter_map(needed).collect()
}

/// Returns the folders of the client's plugin cache by plugin.
fn cached(roots: &Roots) -> BTreeMap<PluginId, Vec<PathBuf>> {
    let mut cached: BTreeMap<PluginId, Vec<PathBuf>> = BTreeMap::new();
    for path in observe::cached(roots) {
        let mut names = path.components().rev().skip(1).map(|part| part.as_os_str().to_str());
        if let (Some(Some(plugin)), Some(Some(marketplace))) = (names.next(), names.next())
            && let Ok(id) = format!("{plugin}@{marketplace}").parse()
        {
            cached.entry(id).or_default().push(path);
        }
    }
    cached
}

/// Returns the steps that delete the cached versions that nobody uses any more, in any project.
fn removals(ids: &[PluginId], state: &State, prepared: &Prepared, roots: &Roots) -> Vec<Step> {
    let gone: BTreeSet<&Fact> = prepared
        .plan
        .changes
        .iter()
        .filter(|change| change.after.is_none())
        .map(|change| &change.fact)
        .collect();
    let used = |path: &Path| {
        state.plugins().any(|row| row.record.install_path == path && !gone.contains(row.fact))
    };
    let cached = cached(roots);
    ids.iter()
        .filter_map(|id| cached.get(id))
        .flatten()
        .filter(|path| !used(path))
        .map(|path| Step::Delete { path: path.clone() })
        .collect()
}
