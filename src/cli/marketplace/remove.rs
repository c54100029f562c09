//! `zskills marketplace remove`: a marketplace and, when that is meant, what came from it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::super::flags::Flags;
use super::super::remote;
use super::super::report::{self, Terminal};
use super::Exit;
use crate::flow::draft::edited;
use crate::flow::names::{self, Known};
use crate::flow::{Declared, observe, registered};
use crate::machine::env::Env;
use crate::machine::index;
use crate::machine::terminal::{Ui, confirm};
use crate::model::{MarketplaceName, PluginId, Scope, State, Thing};

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
    let state = observe::state(&env.roots)?;
    let mut known = names::marketplace_names(&declared()?, &registered::registered(&state));
    known.extend(index::read(&env.roots)?.urls.into_keys());
    let (names, failed) = names::each(&args.names, |name| names::find_marketplace(name, &known));
    let users = users(&names, &declared()?, &state, env);
    ask_first(&users, args, ui)?;
    let without = || {
        let state = observe::state(&env.roots)?;
        let (declared, _) = edited(declared()?, &state, &env.roots, |draft| {
            users.iter().try_for_each(|(id, scope)| draft.drop_plugin(id, *scope))?;
            names.iter().try_for_each(|name| draft.drop_marketplace(name))?;
            Ok(Vec::new())
        })?;
        Ok(declared)
    };
    let mut ask = args.flags.ask(&without);
    ask.wishes.said = failed;
    ask.wishes.going =
        users.iter().map(|(id, scope)| names::thing(id, *scope, &env.roots)).collect();
    ask.wishes.going.extend(names.iter().map(|name| Thing::Marketplace { name: name.to_string() }));
    ask.repairs.extend(remote::change(env, |urls| {
        urls.retain(|url, _| !names.iter().any(|name| name.as_str() == url));
    })?);
    let host = Terminal { ui, json: args.flags.json };
    report::run("zskills/marketplace-remove/1", ask, env, host)
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
