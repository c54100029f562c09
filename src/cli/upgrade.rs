//! `zskills upgrade` and `zskills update`: to the newest of the sources, without a pull.

use std::collections::BTreeSet;

use anyhow::Result;

use super::agent_skills::remove as skills;
use super::agent_skills::upgrade::moving as moving_skills;
use super::converge::{self, Ask, Prepared};
use super::named::Named;
use super::session::Declared;
use super::verb::{self, Draft, Flags, Known};
use super::{Exit, session};
use crate::flow::registered;
use crate::machine::env::Env;
use crate::machine::index;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::Ui;
use crate::model::{MarketplaceName, Note, PluginId, Scope};
use crate::resolve::Movement;

/// Move plugins, their marketplaces and Agent Skills to the newest
///
/// Without names: everything in the manifest. What is pinned stays. Also installs new content under
/// an old version number, which the client itself never does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Plugins, marketplaces with all their plugins, skills, or sources of skills
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Remove plugins that their marketplace no longer lists, also from the manifest
    #[arg(long)]
    prune: bool,
    /// Take what this plugin newly brings: hooks, servers, executables, permissions
    #[arg(long, value_name = "PLUGIN")]
    accept_capabilities: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

/// Refresh marketplaces; installed plugins stay as they are
#[derive(Debug, clap::Args)]
pub struct UpdateArgs {
    /// Marketplaces [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub flags: Flags,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = || session::declared(args.flags.file.as_deref(), env);
    let before = declared()?;
    let known = Known::wanted(&before);
    let is_skill = |name: &String| {
        known.find(name, "in the manifest").is_err() && skills::knows(&before, name)
    };
    let (moving, names): (Vec<String>, Vec<String>) =
        args.names.iter().cloned().partition(is_skill);
    let mut ask = args.flags.ask("zskills/upgrade/1", &declared);
    let (movement, failed) = match names.as_slice() {
        [] if !moving.is_empty() => (Movement::Keep, Vec::new()),
        names => movement(names, &before),
    };
    ask.movement = movement;
    ask.accepted.clone_from(&args.accept_capabilities);
    ask.skills.moving = moving_skills(&moving, &before)?;
    if !args.names.is_empty() {
        let words = Named::words(&args.names).skills(&ask.skills.moving, &before);
        ask.named = Some(match &ask.movement {
            Movement::Some { plugins, .. } => words.with_marketplaces(plugins),
            Movement::Keep | Movement::Newest => words,
        });
    }
    if !args.prune {
        return drive(&ask, env, ui, &failed);
    }
    let gone = delisted(&ask, env, ui)?;
    ask.going = gone.iter().map(|(id, scope)| verb::plugin(id, *scope, &env.roots)).collect();
    let ask = &ask;
    converge::drive(ask, env, ui, &|fingerprints| {
        let declared = declared()?;
        let state = session::state(env)?;
        let mut draft = Draft::new(&declared, &state, &env.roots);
        for (id, scope) in &gone {
            draft.drop_plugin(id, *scope)?;
        }
        let text = draft.text;
        let declared = verb::edited(declared, text, &env.roots)?;
        with_notes(ask, env, ui, declared, &failed, fingerprints)
    })
}

/// Refreshes marketplaces, declared or only registered.
pub fn update(args: &UpdateArgs, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = || args.flags.declared(env);
    let state = session::state(env)?;
    let registered = registered::registered(&state);
    let known = verb::marketplace_names(&declared()?, &registered);
    let indexes = index::read(&env.roots)?.urls;
    let (names, failed) = if args.names.is_empty() {
        // A kind of source that only the client knows is the client's to refresh.
        let foreign =
            |name: &String| registered.iter().any(|m| m.name == *name && m.source().is_none());
        (
            known.iter().filter(|name| !foreign(name)).filter_map(|n| n.parse().ok()).collect(),
            vec![],
        )
    } else {
        let is_index = |name: &&String| indexes.contains_key(*name) && !known.contains(*name);
        let (asked, names): (Vec<&String>, Vec<&String>) = args.names.iter().partition(is_index);
        let names: Vec<String> = names.into_iter().cloned().collect();
        let (names, mut notes) = verb::each(&names, |name| verb::find_marketplace(name, &known));
        let live =
            |name: &String| Note::info(name, "is a remote index; there is nothing to refresh");
        notes.extend(asked.into_iter().map(live));
        (names, notes)
    };
    let mut ask = args.flags.ask("zskills/update/1", &declared);
    ask.named = (!args.names.is_empty()).then(|| Named::words(&args.names));
    ask.movement =
        Movement::Some { marketplaces: names.into_iter().collect(), plugins: BTreeSet::new() };
    drive(&ask, env, ui, &failed)
}

/// Converges and adds what failed before.
pub fn drive(ask: &Ask, env: &Env, ui: Ui, failed: &[Note]) -> Result<Exit> {
    converge::drive(ask, env, ui, &|fingerprints| {
        with_notes(ask, env, ui, (ask.declared)()?, failed, fingerprints)
    })
}

fn with_notes(
    ask: &Ask,
    env: &Env,
    ui: Ui,
    declared: Declared,
    failed: &[Note],
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let mut prepared = converge::prepare_for(ask, env, ui, declared, fingerprints)?;
    prepared.plan.notes.extend(failed.iter().cloned());
    Ok(prepared)
}

/// Returns what moves for the names of plugins and marketplaces, and a note for each unknown one.
fn movement(names: &[String], declared: &Declared) -> (Movement, Vec<Note>) {
    if names.is_empty() {
        return (Movement::Newest, Vec::new());
    }
    let known = Known::wanted(declared);
    let mut marketplaces: BTreeSet<MarketplaceName> = BTreeSet::new();
    let mut plugins: BTreeSet<PluginId> = BTreeSet::new();
    let mut failed = Vec::new();
    let skill_names = skills::names(declared);
    let declared_markets = verb::marketplace_names(declared, &[]);
    for name in names {
        let plugin = known.find_or_skill(name, "in the manifest", &skill_names);
        match (plugin, verb::find_marketplace(name, &declared_markets)) {
            (Ok(id), _) => {
                marketplaces.insert(id.marketplace.clone());
                plugins.insert(id);
            }
            (Err(_), Ok(marketplace)) => {
                plugins.extend(known.ids().filter(|id| id.marketplace == marketplace).cloned());
                marketplaces.insert(marketplace);
            }
            (Err(note), Err(_)) => failed.push(note),
        }
    }
    (Movement::Some { marketplaces, plugins }, failed)
}

/// Returns the wanted plugins that their marketplace no longer lists.
fn delisted(ask: &Ask, env: &Env, ui: Ui) -> Result<Vec<(PluginId, Scope)>> {
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let declared = (ask.declared)()?;
    let snapshot = session::snapshot(env, &declared.lock, &mut fingerprints)?;
    let resolution = converge::resolve(ask, env, ui, &declared, &snapshot, &mut fingerprints);
    let wanted = declared.intent.plugins.iter();
    Ok(wanted
        .filter(|plugin| resolution.delisted.contains_key(&plugin.id))
        .map(|plugin| (plugin.id.clone(), plugin.scope))
        .collect())
}
