//! `zskills status`: in a few lines, what `sync` would do.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;

use super::Exit;
use super::flags::RUN;
use super::report::{self, Terminal};
use crate::flow::{Ask, Mode, Outcome, Report, converge, manifest};
use crate::machine::env::Env;
use crate::machine::terminal::{Paint, Ui, one_line};
use crate::model::Level;
use crate::plan::{Line, Sign};

/// Say in a few lines what `sync` would do
///
/// Exits 0 whatever that is; --check exits 3 when there is something to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<PathBuf>,
    /// Exit as `sync --check` does: 3 when there is something to do
    #[arg(long, help_heading = RUN)]
    check: bool,
    /// Fetch nothing
    #[arg(long, help_heading = RUN)]
    offline: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = || manifest::declared(args.file.as_deref(), env);
    let ask = Ask { mode: Mode::Check, offline: args.offline, ..Ask::new(&declared) };
    // The plan itself is what `sync --dry-run` shows.
    let report = converge(ask, env, &Terminal { ui, json: true })?;
    let exit = if args.check { Exit::from(report.outcome) } else { Exit::Done };
    if args.json {
        ui.json(&report::document("zskills/status/1", &report, exit));
    } else {
        ui.data(&text(&report, ui.out));
    }
    Ok(exit)
}

fn text(report: &Report, paint: Paint) -> String {
    let plan = &report.prepared.plan;
    let is_shown = |line: &&Line| line.subject.thing().is_some() && line.sign != Sign::Keep;
    let lines: Vec<&Line> = plan.lines().iter().filter(is_shown).collect();
    let count = |sign| lines.iter().filter(|line| line.sign == sign).count();
    let trouble: Vec<_> = plan.notes().iter().filter(|note| note.level > Level::Info).collect();
    let counts = [
        (count(Sign::Add), "to add"),
        (count(Sign::Change), "to change"),
        (count(Sign::Remove), "to remove"),
        (trouble.len(), "not to be had"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let headline = match report.outcome {
        _ if !counts.is_empty() => counts.join(", "),
        Outcome::Pending => "only files of ours to write".to_owned(),
        Outcome::Done | Outcome::Unmet | Outcome::Refused => "up to date".to_owned(),
    };
    let manifest = report.prepared.declared.intent.manifest.display().to_string();
    let mut out = format!("{}: {headline}\n", one_line(&manifest));
    for line in lines {
        let sign = match line.sign {
            Sign::Add => paint.green("+"),
            Sign::Change => paint.yellow("~"),
            Sign::Remove => paint.red("-"),
            Sign::Keep => paint.dim("·"),
        };
        let (kind, name) = (line.subject.kind(), line.subject.name());
        writeln!(out, "  {sign} {kind} {}", one_line(&name)).expect("strings take text");
    }
    for note in trouble {
        let (about, text) = (one_line(&note.about.to_string()), one_line(&note.text));
        writeln!(out, "  {} {about}: {text}", paint.red("!")).expect("strings take text");
    }
    out
}
