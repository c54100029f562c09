//! `zskills marketplace remove`: a marketplace and, when that is meant, what came from it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::super::converge;
use super::super::remote;
use super::super::session::{self, Declared};
use super::super::verb::{self, Draft, Flags, Known};
use super::Exit;
use crate::flow::registered;
use crate::machine::env::Env;
use crate::machine::index;
use crate::machine::terminal::{Ui, confirm};
use crate::model::{MarketplaceName, Note, PluginId, Scope, State, Thing};

/// Remove marketplaces
///
/// With --yes also the plugins that came from them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The names of marketplaces
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = || args.flags.declared(env);
    let state = session::state(env)?;
    let mut known = verb::marketplace_names(&declared()?, &registered::registered(&state));
    known.extend(index::read(&env.roots)?.urls.into_keys());
    let (names, failed) = verb::each(&args.names, |name| verb::find_marketplace(name, &known));
    let users = users(&names, &declared()?, &state, env);
    ask_first(&users, args, ui)?;
    let mut ask = args.flags.ask("zskills/marketplace-remove/1", &declared);
    ask.going = users.iter().map(|(id, scope)| verb::plugin(id, *scope, &env.roots)).collect();
    ask.going.extend(names.iter().map(|name| Thing::Marketplace { name: name.to_string() }));
    converge::drive(&ask, env, ui, &|fingerprints| {
        let declared = declared()?;
        let state = session::state(env)?;
        let mut draft = Draft::new(&declared, &state, &env.roots);
        for (id, scope) in &users {
            draft.drop_plugin(id, *scope)?;
        }
        for name in &names {
            draft.drop_marketplace(name)?;
        }
        let text = draft.text;
        let declared = verb::edited(declared, text, &env.roots)?;
        let mut prepared = converge::prepare_for(&ask, env, ui, declared, fingerprints)?;
        prepared.plan.notes.extend(failed.iter().cloned());
        remote::change(&mut prepared.plan, env, |urls| {
            urls.retain(|url, _| !names.iter().any(|name| name.as_str() == url));
        })?;
        prepared.plan.notes.extend(names.iter().filter_map(|name| elsewhere(name, &state, env)));
        Ok(prepared)
    })
}

/// Returns the plugins of the marketplaces that are wanted or installed here.
fn users(
    names: &[MarketplaceName],
    declared: &Declared,
    state: &State,
    env: &Env,
) -> BTreeSet<(PluginId, Scope)> {
    let known = Known::here(declared, state, &env.roots);
    let of = |id: &&PluginId| names.contains(&id.marketplace);
    known
        .ids()
        .filter(of)
        .flat_map(|id| known.scopes(id).into_iter().map(|scope| (id.clone(), scope)))
        .collect()
}

fn ask_first(users: &BTreeSet<(PluginId, Scope)>, args: &Args, ui: Ui) -> Result<()> {
    if users.is_empty() || args.flags.yes || args.flags.dry_run {
        return Ok(());
    }
    let ids: BTreeSet<String> = users.iter().map(|(id, _)| format!("`{id}`")).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let ids = ids.join(", ");
    if !ui.interactive {
        bail!("{ids} would go with it; add `--yes` to remove them too");
    }
    if !confirm(&format!("Also remove {ids}?")) {
        bail!("nothing was changed");
    }
    Ok(())
}

/// A plugin of another project keeps its marketplace.
fn elsewhere(name: &MarketplaceName, state: &State, env: &Env) -> Option<Note> {
    let from = format!("@{name}");
    let elsewhere = state
        .plugins()
        .find(|row| !row.reach.holds_in(&env.roots.project) && row.name.ends_with(&from))?;
    let project = elsewhere.reach.project()?.display();
    let text = format!("stays registered: `{}` in `{project}` comes from it", elsewhere.name);
    Some(Note::unmet(name.to_string(), text).hint("remove it there first"))
}
