//! `zskills enable` and `zskills disable`: the switch of a plugin, skill or server, in the manifest and the
//! client.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::agent_skills::remove as skills;
use super::flags::{self, Flags};
use super::report::{self, Terminal};
use super::{Exit, which};
use crate::flow::draft::edited;
use crate::flow::names::{self, Known, Servers};
use crate::flow::observe;
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::model::{Note, PluginId, Scope, WantedServer};
use crate::plan::Named;

/// Switch plugins, Agent Skills and MCP servers on
///
/// A plugin that the manifest does not name is written into it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`, or the name of a skill or server; `mcp:name` where another has it too
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// user, project or local [default: where it is]
    #[arg(long, value_parser = flags::scope)]
    scope: Option<Scope>,
    /// Leave the manifest and the lock as they are
    #[arg(long)]
    no_save: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Switch plugins, Agent Skills and MCP servers off; plugins and skills stay installed, servers in the
/// manifest
#[derive(Debug, clap::Args)]
pub struct DisableArgs {
    #[command(flatten)]
    args: Args,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    switch(args, true, env, ui)
}

pub fn disable(args: &DisableArgs, env: &Env, ui: Ui) -> Result<Exit> {
    switch(&args.args, false, env, ui)
}

/// What a name means.
enum Wish {
    Plugin(PluginId, Scope),
    Skill(String),
    Server(String, Scope),
}

fn switch(args: &Args, on: bool, env: &Env, ui: Ui) -> Result<Exit> {
    let state = observe::state(&env.roots)?;
    let before = args.flags.declared(env)?;
    let known = Known::here(&before, &state, &env.roots);
    let servers = Servers::here(&before, &state, &env.roots);
    let skills = skills::names(&before);
    if known.ids().next().is_none() && servers.names().next().is_none() && skills.is_empty() {
        bail!("no plugin, skill or MCP server is installed or declared here");
    }
    let here = Here { known: &known, skills: &skills, servers: &servers };
    let named = which::each(&args.names, &known, env, ui)?;
    let (wishes, failed) = names::each(&named, |name| wish(name, args, &here));
    let edit = || {
        let state = observe::state(&env.roots)?;
        edited(args.flags.declared(env)?, &state, &env.roots, |draft| {
            let each = |wish: &Wish| match wish {
                Wish::Plugin(id, scope) => draft.want(id, *scope, on).err(),
                Wish::Skill(name) => draft.switch_skill(name, on).err(),
                Wish::Server(name, scope) => draft.switch_server(name, *scope, on).err(),
            };
            Ok(wishes.iter().filter_map(each).collect())
        })
    };
    let declared = || Ok(edit()?.0);
    let (after, notes) = edit()?;
    let mut ask = args.flags.ask(&declared);
    ask.wishes.once = args.no_save;
    ask.wishes.said = [failed, notes].concat();
    let plugins = wishes.iter().filter_map(|wish| match wish {
        Wish::Plugin(id, _) => Some(id),
        Wish::Skill(_) | Wish::Server(..) => None,
    });
    ask.wishes.named = Some(Named::words(words(&named)).plugins(plugins));
    // What somebody else put into the client goes too, for it was named.
    ask.wishes.going = wishes
        .iter()
        .filter_map(|wish| match wish {
            Wish::Server(name, scope) => {
                let off = |s: &&WantedServer| s.name == *name && s.scope == *scope;
                let is_off = after.intent.servers_off.iter().any(|server| off(&server));
                is_off.then(|| names::server(name, *scope, &env.roots))
            }
            Wish::Plugin(..) | Wish::Skill(_) => None,
        })
        .collect();
    let schema = if on { "zskills/enable/1" } else { "zskills/disable/1" };
    report::run(schema, ask, env, Terminal { ui, json: args.flags.json })
}

/// Returns the words without what tells servers from plugins: notes go by the bare name.
fn words(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(|name| name.strip_prefix("mcp:").unwrap_or(name))
}

/// What a name may mean.
struct Here<'a> {
    known: &'a Known,
    skills: &'a BTreeSet<String>,
    servers: &'a Servers,
}

fn wish(name: &str, args: &Args, here: &Here) -> Result<Wish, Note> {
    let Here { known, skills, servers } = *here;
    match (known.find(name, "here"), servers.find(name)) {
        (Err(_), _) if skills.contains(name) => {
            if args.no_save {
                let text = "is a skill: the manifest is what says that it is off";
                return Err(Note::unmet(name, text).hint("leave out `--no-save`"));
            }
            Ok(Wish::Skill(name.to_owned()))
        }
        (Ok(id), _) => {
            let scope = scope_of(&id.to_string(), args.scope, &known.scopes(&id))?;
            Ok(Wish::Plugin(id, scope))
        }
        (Err(_), Some(name)) => {
            if args.no_save {
                let text = "is an MCP server: the manifest is what keeps it while it is off";
                return Err(Note::unmet(name, text).hint("leave out `--no-save`"));
            }
            let scope = scope_of(name, args.scope, &servers.scopes(name))?;
            Ok(Wish::Server(name.to_owned(), scope))
        }
        (Err(_), None) => {
            let others = servers.names().map(str::to_owned).chain(skills.iter().cloned()).collect();
            Err(known
                .find_or_other(name, "here", &others)
                .err()
                .unwrap_or_else(|| Note::unmet(name, "is not here")))
        }
    }
}

fn scope_of(about: &str, asked: Option<Scope>, scopes: &BTreeSet<Scope>) -> Result<Scope, Note> {
    match (asked, scopes.len()) {
        (Some(scope), _) => Ok(scope),
        (None, 1) => Ok(scopes.iter().next().copied().unwrap_or_default()),
        (None, _) => {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            Err(Note::unmet(about, format!("is here in scopes {}", names.join(" and ")))
                .hint("say which with `--scope`"))
        }
    }
}
