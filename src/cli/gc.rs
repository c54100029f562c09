//! `zskills gc`: clears what nothing names.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::json;

use super::Exit;
use super::flags::RUN;
use super::report::Terminal;
use crate::flow::gc::{self, Reach, Waste};
use crate::flow::{converge, manifest};
use crate::machine::env::Env;
use crate::machine::terminal::{Ui, confirm, plain};
use crate::model::{HistoryRules, shown_size};

/// Clear what nothing names any more: downloads, the trash, old history, leftovers
///
/// What a lock, a manifest or a run that can be taken back names stays.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Args {
    /// Also versions in the client's plugin cache that no record of it names
    #[arg(long)]
    client_cache: bool,
    /// Print what would go and change nothing
    #[arg(long, help_heading = RUN)]
    dry_run: bool,
    /// Answer yes to every question
    #[arg(short, long, help_heading = RUN)]
    yes: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let reach = if args.client_cache { Reach::ClientCache } else { Reach::Ours };
    let rules = rules(env)?;
    let host = Terminal { ui, json: args.json };
    // Only looking needs no lock.
    let lock = if args.dry_run { None } else { Some(converge::locked(env, &host)?) };
    let waste = gc::look(reach, rules, env)?;
    let bytes: u64 = waste.iter().map(|one| one.bytes).sum();
    if !args.json {
        ui.data(&text(&waste));
    }
    let goes = match &lock {
        Some(lock) if !waste.is_empty() => {
            agreed(args, ui)?;
            gc::clear(&waste, &env.roots, lock)?;
            true
        }
        _ => false,
    };
    if args.json {
        let row =
            |one: &Waste| json!({ "kind": one.kind.text(), "path": one.path, "bytes": one.bytes });
        ui.json(&json!({
            "schema": "zskills/gc/1",
            "applied": goes,
            "waste": waste.iter().map(row).collect::<Vec<_>>(),
            "bytes": bytes,
        }));
        return Ok(Exit::Done);
    }
    ui.talk(&match (waste.is_empty(), goes) {
        (true, _) => "nothing is left over".to_owned(),
        (false, true) => format!("{} cleared", shown_size(bytes)),
        (false, false) => format!("{} would be cleared", shown_size(bytes)),
    });
    Ok(Exit::Done)
}

fn agreed(args: &Args, ui: Ui) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    if !ui.interactive {
        bail!("this cannot be undone; add `--yes` to do so without a terminal");
    }
    if !confirm("Clear this?") {
        bail!("nothing was changed");
    }
    Ok(())
}

/// Returns how much of the past the user's manifest keeps.
fn rules(env: &Env) -> Result<HistoryRules> {
    Ok(manifest::declared_or_none(None, env)?.intent.history)
}

fn text(waste: &[Waste]) -> String {
    let mut out = String::new();
    for one in waste {
        let (kind, path) = (one.kind.text(), one.path.display().to_string());
        writeln!(out, "  - {kind:<8}  {:>10}  {}", shown_size(one.bytes), plain(&path))
            .expect("strings take text");
    }
    out
}
