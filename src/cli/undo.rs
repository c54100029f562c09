//! `zskills undo`: takes runs back.

use anyhow::Result;

use super::Exit;
use super::flags::RUN;
use super::report::{self, Terminal};
use crate::declared::generation::Force;
use crate::flow::{Ask, Declared, Mode, drive, undo};
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::model::Level;

/// Take back what the last run changed
///
/// An undo is a run too, so another undo takes it back. What somebody changed since is named and kept.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Args {
    /// Go back to before this run, as `zskills history` numbers them
    #[arg(value_name = "RUN")]
    run: Option<u32>,
    /// Take back what somebody changed since, too
    #[arg(long)]
    force: bool,
    /// Print the plan and change nothing
    #[arg(long, help_heading = RUN)]
    dry_run: bool,
    /// Change nothing, and exit 3 when there would be changes
    #[arg(long, help_heading = RUN)]
    check: bool,
    /// Answer yes to every question
    #[arg(short, long, help_heading = RUN)]
    yes: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let runs = undo::runs(args.run, &env.roots)?;
    let force = if args.force { Force::Overwrite } else { Force::Keep };
    let nothing = || Ok(Declared::nothing(env.manifest.clone()));
    let ask = Ask {
        mode: if args.check {
            Mode::Check
        } else if args.dry_run {
            Mode::Show
        } else {
            Mode::Apply
        },
        yes: args.yes,
        offline: true,
        undoes: Some(runs),
        ..Ask::new(&nothing)
    };
    let host = Terminal { ui, json: args.json };
    let report =
        drive(ask, env, &host, &|_, fingerprints| undo::prepare(runs, force, env, fingerprints))?;
    let plan = &report.prepared.plan;
    if plan.is_empty() && !args.json && plan.notes().iter().all(|note| note.level == Level::Info) {
        ui.talk(&format!("everything is as it was before run {}", runs.first));
        return Ok(Exit::Done);
    }
    Ok(report::conclude("zskills/undo/1", &report, host))
}
