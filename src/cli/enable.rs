//! `zskills enable` and `zskills disable`: the switch of a plugin, in the manifest and the client.

use anyhow::{Result, bail};

use super::Exit;
use super::flags::{self, Flags};
use super::report::{self, Terminal};
use crate::flow::draft::edited;
use crate::flow::names::{self, Known};
use crate::flow::observe;
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::model::{Note, PluginId, Scope};
use crate::plan::Named;

/// Switch plugins on
///
/// A plugin that the manifest does not name is written into it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`
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

/// Switch plugins off; they stay installed
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

fn switch(args: &Args, on: bool, env: &Env, ui: Ui) -> Result<Exit> {
    let state = observe::state(&env.roots)?;
    let known = Known::here(&args.flags.declared(env)?, &state, &env.roots);
    if known.ids().next().is_none() {
        bail!("no plugin is installed or declared here");
    }
    let (wishes, failed) = names::each(&args.names, |name| {
        let id = known.find(name, "here")?;
        let scope = scope_of(&id, args.scope, &known)?;
        Ok((id, scope))
    });
    let edit = || {
        let state = observe::state(&env.roots)?;
        edited(args.flags.declared(env)?, &state, &env.roots, |draft| {
            let each = |(id, scope): &(PluginId, Scope)| draft.want(id, *scope, on).err();
            Ok(wishes.iter().filter_map(each).collect())
        })
    };
    let declared = || Ok(edit()?.0);
    let mut ask = args.flags.ask(&declared);
    ask.wishes.once = args.no_save;
    ask.wishes.said = [failed, edit()?.1].concat();
    ask.wishes.named = Some(Named::words(&args.names).plugins(wishes.iter().map(|(id, _)| id)));
    let schema = if on { "zskills/enable/1" } else { "zskills/disable/1" };
    report::run(schema, ask, env, Terminal { ui, json: args.flags.json })
}

fn scope_of(id: &PluginId, asked: Option<Scope>, known: &Known) -> Result<Scope, Note> {
    let scopes = known.scopes(id);
    match (asked, scopes.len()) {
        (Some(scope), _) => Ok(scope),
        (None, 1) => Ok(scopes.into_iter().next().unwrap_or_default()),
        (None, _) => {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            Err(Note::unmet(id.to_string(), format!("is here in scopes {}", names.join(" and ")))
                .hint("say which with `--scope`"))
        }
    }
}
