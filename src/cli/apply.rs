//! `zskills apply`: a saved plan, exactly or not at all.

use std::cell::Cell;
use std::path::PathBuf;

use anyhow::Result;

use super::Exit;
use super::failure::Failed;
use super::flags::RUN;
use super::report::{self, Terminal};
use crate::flow::{Ask, manifest, saved};
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::plan::{Consent, Prune, Wishes};

/// Apply a plan that `sync --dry-run --out` saved, exactly or not at all
///
/// What it reads or writes has to be what it was; what else changed since does not matter.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The saved plan
    #[arg(value_name = "FILE")]
    plan: PathBuf,
    /// Answer yes to every question
    #[arg(short, long, help_heading = RUN)]
    yes: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let saved = saved::read(&env.roots.cwd.join(&args.plan))?;
    let mut env = env.clone();
    // What is recorded is as old as the plan.
    env.now.clone_from(&saved.time);
    env.roots.project.clone_from(&saved.project);
    let env = &env;
    let declared = || manifest::declared(Some(&saved.manifest), env);
    let ask = Ask {
        offline: true,
        yes: args.yes,
        accepted: saved.accepted.clone(),
        wishes: Wishes {
            prune: if saved.prune { Prune::Unmanaged } else { Prune::Owned },
            discard: saved.discard.clone(),
            // Whoever saved the plan has seen it.
            removals: Consent::Given,
            ..Wishes::default()
        },
        ..Ask::new(&declared)
    };
    let host = Terminal { ui, json: args.json };
    let begun = Cell::new(false);
    report::run_with("zskills/apply/1", ask, env, host, &|ask, fingerprints| {
        let prepared = saved::prepare(&saved, ask, env, &host, fingerprints)?;
        let refusals = saved::refusals(&saved, &prepared, env, begun.replace(true));
        if refusals.is_empty() { Ok(prepared) } else { Err(Failed(refusals).into()) }
    })
}
