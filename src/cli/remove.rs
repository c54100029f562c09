//! `zskills remove` and `zskills purge`: plugins, skills and servers out of the manifest and off the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::agent_skills::remove as skills;
use super::flags::{self, Flags};
use super::report::{self, Terminal};
use super::{Exit, which};
use crate::flow::draft::edited;
use crate::flow::names::{self, Known, Servers};
use crate::flow::{Declared, manifest, observe};
use crate::machine::env::Env;
use crate::machine::store::disk;
use crate::machine::terminal::pick::{Line, List};
use crate::machine::terminal::{Ui, confirm};
use crate::model::{Client, Note, PluginId, Roots, Scope};
use crate::plan::{Consent, Named};

/// Remove plugins, Agent Skills and MCP servers and take them out of the manifest
///
/// Their bytes stay in the client's cache, and the client removes them in time.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`, the name of a skill or server (`mcp:name` where a plugin has it too), or
    /// the source of skills as the manifest has it
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Choose from what is here
    #[arg(short, long)]
    interactive: bool,
    /// user, project or local [default: wherever it is]
    #[arg(long, value_parser = flags::scope)]
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
    let state = observe::state(&env.roots)?;
    let before = args.flags.declared(env)?;
    let mut known = Known::here(&before, &state, &env.roots);
    if bytes == Bytes::Go {
        for id in cached(&env.roots).into_keys() {
            known.add(id);
        }
    }
    let servers = Servers::here(&before, &state, &env.roots);
    let names = if args.interactive {
        choose(&known, &servers, &before, &args.names.join(" "), env, ui)?
    } else {
        args.names.clone()
    };
    if names.is_empty() {
        bail!("nothing is named\nhint: name a plugin, or choose with `-i`");
    }
    let names = which::each(&names, &known, env, ui)?;
    let is_skill =
        |name: &String| known.find(name, "here").is_err() && skills::knows(&before, name);
    let (skills, names): (Vec<String>, Vec<String>) = names.into_iter().partition(is_skill);
    let is_server =
        |name: &String| known.find(name, "here").is_err() && servers.find(name).is_some();
    let (called, names): (Vec<String>, Vec<String>) = names.into_iter().partition(is_server);
    let called: BTreeSet<&str> = called.iter().filter_map(|name| servers.find(name)).collect();
    let others = skills::names(&before).into_iter().chain(servers.names().map(str::to_owned));
    let others: BTreeSet<String> = others.collect();
    let (ids, failed) = names::each(&names, |name| known.find_or_other(name, "here", &others));
    let stopped: BTreeSet<(&str, Scope)> = called
        .iter()
        .flat_map(|name| match args.scope {
            Some(scope) => BTreeSet::from([(*name, scope)]),
            None => servers.scopes(name).into_iter().map(|scope| (*name, scope)).collect(),
        })
        .collect();
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
    let ledger = manifest::owned(&env.roots)?.ledger;
    let own = &before.intent.manifest;
    let (mut going, mut failed) = (going, failed);
    going.retain(|(id, scope)| {
        let is_named = before.intent.plugins.iter().any(|p| p.id == *id && p.scope == *scope);
        let thing = names::thing(id, *scope, &env.roots);
        let owner = ledger.owner(&env.roots, Client::TARGET, &thing);
        let Some(owner) = owner.filter(|owner| *owner != own && !is_named && disk::exists(owner))
        else {
            return true;
        };
        let text = format!("is there on behalf of `{}`", owner.display());
        let hint = format!("`zskills remove {id} --file {}` takes it out of that", owner.display());
        failed.push(Note::unmet(id.to_string(), text).hint(hint));
        false
    });
    let (going, failed) = (going, failed);
    let declared = || {
        let state = observe::state(&env.roots)?;
        let (declared, _) = edited(args.flags.declared(env)?, &state, &env.roots, |draft| {
            going.iter().try_for_each(|(id, scope)| draft.drop_plugin(id, *scope))?;
            stopped.iter().try_for_each(|(name, scope)| draft.drop_server(name, *scope))?;
            Ok(Vec::new())
        })?;
        skills::without_all(declared, &skills, &env.roots)
    };
    let mut ask = args.flags.ask(&declared);
    ask.wishes.once = args.no_save;
    ask.wishes.said = failed;
    let words = names.iter().map(String::as_str).chain(called.iter().copied());
    ask.wishes.named = Some(Named::words(words).plugins(&ids).skills(&skills, &before.lock));
    ask.wishes.going =
        going.iter().map(|(id, scope)| names::thing(id, *scope, &env.roots)).collect();
    let stopped = stopped.iter().map(|(name, scope)| names::server(name, *scope, &env.roots));
    ask.wishes.going.extend(stopped);
    ask.wishes.going.extend(skills::things(&skills, &before, &env.roots));
    ask.wishes.removals = Consent::Given;
    let schema = match bytes {
        Bytes::Stay => "zskills/remove/1",
        Bytes::Go => {
            ask.wishes.purge = ids.iter().cloned().collect();
            "zskills/purge/1"
        }
    };
    report::run(schema, ask, env, Terminal { ui, json: args.flags.json })
}

fn choose(
    known: &Known,
    servers: &Servers,
    declared: &Declared,
    query: &str,
    env: &Env,
    ui: Ui,
) -> Result<Vec<String>> {
    let words = |id: &PluginId| {
        let scopes: Vec<&str> = known.scopes(id).iter().map(|scope| scope.as_str()).collect();
        Line::new(&id.to_string(), &scopes.join(", "))
    };
    let skills = skills::names(declared).into_iter().map(|name| Line::new(&name, "skill"));
    let servers = servers.names().map(|name| Line::new(&format!("mcp:{name}"), "MCP server"));
    let lines = known.ids().map(words).chain(skills).chain(servers).collect();
    List { what: "what to remove", lines, query, picker: env.picker }.some(ui)
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
