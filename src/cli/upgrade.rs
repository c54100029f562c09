//! `zskills upgrade` and `zskills update`: to the newest of the sources, without a pull.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::agent_skills::remove as skills;
use super::agent_skills::upgrade::moving as moving_skills;
use super::flags::Flags;
use super::report::{self, Terminal};
use super::{Exit, which};
use crate::flow::draft::edited;
use crate::flow::names::{self, Known, Servers};
use crate::flow::{Ask, Declared, Host, converge, manifest, observe, registered};
use crate::machine::env::Env;
use crate::machine::index;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::Ui;
use crate::model::{MarketplaceName, Note, PluginId, Position, Scope, WantedPlugin};
use crate::plan::Named;
use crate::resolve::Movement;

const SCHEMA: &str = "zskills/upgrade/1";

/// Move plugins, their marketplaces and Agent Skills to the newest
///
/// Without names: everything in the manifest; without a manifest, the plugins that are installed. What is pinned stays. Also installs new content under
/// an old version number, which the client itself never does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Plugins, marketplaces with all their plugins, skills, sources of skills, or servers
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Remove plugins that their marketplace no longer lists, also from the manifest
    #[arg(long)]
    prune: bool,
    /// Take what this plugin or skill newly brings: hooks, servers, scripts, permissions
    #[arg(long, value_name = "NAME[=DIGEST]")]
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
    let read = || args.flags.declared(env);
    let before = read()?;
    let without_manifest = before.text.is_none();
    let installed = if without_manifest { installed(env)? } else { Vec::new() };
    if without_manifest && installed.is_empty() {
        bail!(
            "there is no manifest at `{}`, and no plugin is installed\nhint: {}",
            before.intent.manifest.display(),
            manifest::BEGIN
        );
    }
    let host = Terminal { ui, json: args.flags.json };
    let mut known = Known::wanted(&before);
    for plugin in &installed {
        known.add(plugin.id.clone());
    }
    let is_skill = |name: &String| {
        known.find(name, "in the manifest").is_err() && skills::knows(&before, name)
    };
    let (moving, names): (Vec<String>, Vec<String>) =
        which::each(&args.names, &known, env, ui)?.into_iter().partition(is_skill);
    let servers = Servers::here(&before, &observe::state(&env.roots)?, &env.roots);
    let is_server =
        |name: &String| known.find(name, "here").is_err() && servers.find(name).is_some();
    let (called, names): (Vec<String>, Vec<String>) = names.into_iter().partition(is_server);
    let mut ask = args.flags.ask(&read);
    let (movement, failed) = match names.as_slice() {
        [] if !moving.is_empty() || !called.is_empty() => (Movement::Keep, Vec::new()),
        names => movement(names, &before, &known),
    };
    // What is installed is what is wanted then, and stays nobody's but the client's.
    ask.wishes.once = without_manifest;
    ask.extra = installed;
    ask.movement = movement;
    ask.wishes.said = failed;
    ask.wishes.said.extend(called.iter().map(|name| {
        Note::info(name, "is an MCP server: what it runs is what its entry names")
            .hint("change the version there, as in `args`, then `zskills sync`")
    }));
    ask.accepted.clone_from(&args.accept_capabilities);
    ask.moving_skills = moving_skills(&moving, &before)?;
    if !args.names.is_empty() {
        let words = Named::words(&args.names).skills(&ask.moving_skills, &before.lock);
        ask.wishes.named = Some(match &ask.movement {
            Movement::Some { plugins, .. } => words.with_marketplaces(plugins),
            Movement::Keep | Movement::Newest => words,
        });
    }
    if !args.prune {
        return report::run(SCHEMA, ask, env, host);
    }
    let gone = delisted(&ask, env, &host)?;
    ask.wishes.going =
        gone.iter().map(|(id, scope)| names::thing(id, *scope, &env.roots)).collect();
    let without = || {
        let state = observe::state(&env.roots)?;
        let (declared, _) = edited(read()?, &state, &env.roots, |draft| {
            gone.iter().try_for_each(|(id, scope)| draft.drop_plugin(id, *scope))?;
            Ok(Vec::new())
        })?;
        Ok(declared)
    };
    report::run(SCHEMA, Ask { declared: &without, ..ask }, env, host)
}

/// Refreshes marketplaces, declared or only registered.
pub fn update(args: &UpdateArgs, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = || args.flags.declared(env);
    let state = observe::state(&env.roots)?;
    let registered = registered::registered(&state);
    let known = names::marketplace_names(&declared()?, &registered);
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
        let (names, mut notes) = names::each(&names, |name| names::find_marketplace(name, &known));
        let live =
            |name: &String| Note::info(name, "is a remote index; there is nothing to refresh");
        notes.extend(asked.into_iter().map(live));
        (names, notes)
    };
    let mut ask = args.flags.ask(&declared);
    ask.wishes.said = failed;
    ask.wishes.named = (!args.names.is_empty()).then(|| Named::words(&args.names));
    ask.movement =
        Movement::Some { marketplaces: names.into_iter().collect(), plugins: BTreeSet::new() };
    report::run("zskills/update/1", ask, env, Terminal { ui, json: args.flags.json })
}

/// Returns what moves for the names of plugins and marketplaces, and a note for each unknown one.
fn movement(names: &[String], declared: &Declared, known: &Known) -> (Movement, Vec<Note>) {
    if names.is_empty() {
        return (Movement::Newest, Vec::new());
    }
    let mut marketplaces: BTreeSet<MarketplaceName> = BTreeSet::new();
    let mut plugins: BTreeSet<PluginId> = BTreeSet::new();
    let mut failed = Vec::new();
    let skill_names = skills::names(declared);
    let mut declared_markets = names::marketplace_names(declared, &[]);
    declared_markets.extend(known.ids().map(|id| id.marketplace.to_string()));
    for name in names {
        let plugin = known.find_or_other(name, "in the manifest", &skill_names);
        match (plugin, names::find_marketplace(name, &declared_markets)) {
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

/// Returns the plugins that the client has installed and switched on here, as if they were wanted.
fn installed(env: &Env) -> Result<Vec<WantedPlugin>> {
    let state = observe::state(&env.roots)?;
    let here = state.plugins().filter(|row| row.reach.holds_in(&env.roots.project));
    let wanted = here.filter_map(|row| {
        let on = state.switch(row.client, row.name, row.reach).unwrap_or(false);
        Some(WantedPlugin {
            id: row.name.parse().ok()?,
            version: None,
            enabled: on,
            scope: row.reach.scope(),
            pin: None,
            at: Position { line: 1, column: 1 },
        })
    });
    Ok(wanted.collect())
}

/// Returns the wanted plugins that their marketplace no longer lists.
fn delisted(ask: &Ask, env: &Env, host: &dyn Host) -> Result<Vec<(PluginId, Scope)>> {
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let declared = (ask.declared)()?;
    let snapshot = observe::observe(&env.roots, &declared.lock, &mut fingerprints)?;
    let resolution = converge::resolve(ask, env, host, &declared, &snapshot, &mut fingerprints);
    let wanted = declared.intent.plugins.iter();
    Ok(wanted
        .filter(|plugin| resolution.delisted.contains_key(&plugin.id))
        .map(|plugin| (plugin.id.clone(), plugin.scope))
        .collect())
}
