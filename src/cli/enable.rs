//! `zskills enable` and `zskills disable`: the switch of a plugin, in the manifest and the client.

use anyhow::{Result, bail};

use super::converge;
use super::named::Named;
use super::verb::{self, Draft, Flags, Known};
use super::{Exit, session};
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::model::{Note, PluginId, Scope};

/// Switch plugins on
///
/// A plugin that the manifest does not name is written into it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// user, project or local [default: where it is]
    #[arg(long, value_parser = verb::scope)]
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
    let declared = || args.flags.declared(env);
    let state = session::state(env)?;
    let known = Known::here(&declared()?, &state, &env.roots);
    if known.ids().next().is_none() {
        bail!("no plugin is installed or declared here");
    }
    let (wishes, failed) = verb::each(&args.names, |name| {
        let id = known.find(name, "here")?;
        let scope = scope_of(&id, args.scope, &known)?;
        Ok((id, scope))
    });
    let schema = if on { "zskills/enable/1" } else { "zskills/disable/1" };
    let mut ask = args.flags.ask(schema, &declared);
    ask.save = !args.no_save;
    ask.named = Some(Named::words(&args.names).plugins(wishes.iter().map(|(id, _)| id)));
    converge::drive(&ask, env, ui, &|fingerprints| {
        let declared = declared()?;
        let state = session::state(env)?;
        let mut draft = Draft::new(&declared, &state, &env.roots);
        let mut notes = failed.clone();
        for (id, scope) in &wishes {
            notes.extend(draft.want(id, *scope, on).err());
        }
        let text = draft.text;
        let declared = verb::edited(declared, text, &env.roots)?;
        let mut prepared = converge::prepare_for(&ask, env, ui, declared, fingerprints)?;
        prepared.plan.notes.extend(notes);
        Ok(prepared)
    })
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
