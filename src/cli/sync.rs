//! `zskills sync`: makes the machine match the manifest.

use std::path::PathBuf;

use anyhow::Result;

use super::Exit;
use super::flags::RUN;
use super::report::{self, InProject, Terminal};
use crate::flow::{Ask, Declared, Host, Mode, adopt, converge, manifest, project, saved};
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::model::Note;
use crate::plan::{Prune, Wishes};

const SCHEMA: &str = "zskills/sync/1";

/// Make this machine match skills.toml
///
/// Prints the plan, then applies it. Plugins that zskills installed and that have left the manifest
/// are disabled; what it did not install is left alone unless --prune says otherwise.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<PathBuf>,
    /// Print the plan and change nothing
    #[arg(long, help_heading = RUN)]
    dry_run: bool,
    /// Save the plan, for `zskills apply`
    #[arg(long, value_name = "FILE", requires = "dry_run", conflicts_with = "adopt", help_heading = RUN)]
    out: Option<PathBuf>,
    /// Change nothing, and exit 3 when there would be changes
    #[arg(long, help_heading = RUN)]
    check: bool,
    /// Also remove what zskills did not install, in user scope
    #[arg(long)]
    prune: bool,
    /// Write what is installed but not in the manifest into it, and stop
    #[arg(long, conflicts_with_all = ["prune", "locked", "frozen"])]
    adopt: bool,
    /// Apply what names no project to the project of this folder
    #[arg(long)]
    here: bool,
    /// Fail when the lock would have to change
    #[arg(long, help_heading = RUN)]
    locked: bool,
    /// --locked and --offline
    #[arg(long, help_heading = RUN)]
    frozen: bool,
    /// Fetch nothing
    #[arg(long, help_heading = RUN)]
    offline: bool,
    /// Replace this skill although it was edited here
    #[arg(long, value_name = "SKILL")]
    discard_changes: Vec<String>,
    /// Take what this plugin or skill newly brings: hooks, servers, scripts, permissions
    #[arg(long, value_name = "NAME[=DIGEST]")]
    accept_capabilities: Vec<String>,
    /// Answer yes to every question
    #[arg(short, long, help_heading = RUN)]
    yes: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

impl Args {
    pub fn only_reads(&self) -> bool {
        self.check || self.dry_run
    }
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let host = Terminal { ui, json: args.json };
    if args.adopt {
        // Adopting may begin the manifest.
        let declared = || manifest::declared_or_none(args.file.as_deref(), env);
        return report::run_with(SCHEMA, ask(args, &declared), env, host, &|ask, fingerprints| {
            adopt::prepare(ask, env, &host, fingerprints)
        });
    }
    let in_project = |env: &Env, host: &dyn Host, said: Vec<Note>| {
        let declared = || manifest::declared(args.file.as_deref(), env);
        let mut ask = ask(args, &declared);
        ask.wishes.said = said;
        converge(ask, env, host)
    };
    let before = manifest::declared(args.file.as_deref(), env)?;
    let first = in_project(env, &host, project::waiting(&before))?;
    let others = project::others(&first.prepared.declared, env)?;
    if let Some(out) = &args.out {
        if let Some(other) = others.first() {
            let other = other.roots.project.display();
            anyhow::bail!("a saved plan is of one project, and an entry is bound to `{other}`");
        }
        let declared = || manifest::declared(args.file.as_deref(), env);
        let plan = saved::saved(&ask(args, &declared), &first.prepared, env);
        saved::write(&plan, &env.roots.cwd.join(out))?;
    }
    if !host.json || others.is_empty() {
        report::conclude(SCHEMA, &first, host);
    }
    let mut rest = Vec::new();
    for other in &others {
        let place = InProject { terminal: host, project: &other.roots.project };
        let report = in_project(other, &place, Vec::new())?;
        place.conclude(&report, &first);
        rest.push((other.roots.project.clone(), report));
    }
    Ok(report::conclude_all(SCHEMA, &first, &rest, host))
}

/// Returns what the flags ask for.
fn ask<'a>(args: &Args, declared: &'a dyn Fn() -> Result<Declared>) -> Ask<'a> {
    Ask {
        mode: if args.check {
            Mode::Check
        } else if args.dry_run {
            Mode::Show
        } else {
            Mode::Apply
        },
        locked: args.locked || args.frozen,
        offline: args.offline || args.frozen,
        yes: args.yes,
        accepted: args.accept_capabilities.clone(),
        wishes: Wishes {
            prune: if args.prune { Prune::Unmanaged } else { Prune::Owned },
            discard: args.discard_changes.clone(),
            ..Wishes::default()
        },
        ..Ask::new(declared)
    }
}
