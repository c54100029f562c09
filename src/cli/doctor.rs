//! `zskills doctor`: what is not as it should be, and putting it right.

mod fix;
mod look;
mod report;
mod sarif;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use super::Exit;
use crate::doctor::{self, Finding, Severity};
use crate::machine::env::Env;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::Ui;
use crate::model::did_you_mean;
use look::Looks;

/// Check that what is wanted, installed, enabled and locked agree
///
/// Exits 0 with findings, so that it can stand in a dotfile script; --check exits 3 on errors.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Put right what can be: installs and repairs, never deletes without asking
    #[arg(long)]
    fix: bool,
    /// Exit 3 when there are errors
    #[arg(long)]
    check: bool,
    /// With --check, exit 3 when there are warnings too
    #[arg(long, requires = "check")]
    strict: bool,
    /// Say what a check finds and what to do; without an id, list them
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["fix", "check"])]
    explain: Option<String>,
    /// Fetch nothing while fixing
    #[arg(long)]
    offline: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "json")]
    format: Format,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

impl Args {
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// Tells whether findings of a severity count for `--check`.
    fn counts(&self, severity: Severity) -> bool {
        match severity {
            Severity::Error => true,
            Severity::Warning => self.strict,
            Severity::Info => false,
        }
    }

    fn exit(&self, findings: &[Finding]) -> Exit {
        let bad = findings.iter().any(|finding| self.counts(finding.severity));
        if self.check && bad { Exit::Pending } else { Exit::Done }
    }
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    if let Some(id) = &args.explain {
        return Ok(explain(id, ui));
    }
    if args.fix {
        return fix::run(args, env, ui);
    }
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let look = Looks::new(args, env, ui).look(&mut fingerprints)?;
    let steps = fix::preview(args, env, ui, &look, &mut fingerprints);
    // Only a cache: without it the next run hashes again.
    drop(fingerprints.save_if_changed());
    report::report(args.format(), ui, &look.findings, &steps);
    Ok(args.exit(&look.findings))
}

/// Prints what there is to say about a check, or the list of them.
fn explain(id: &str, ui: Ui) -> Exit {
    if id.is_empty() {
        let width = doctor::checks().map(|check| check.id.len()).max().unwrap_or_default();
        for check in doctor::checks() {
            let word = check.severity.as_str();
            ui.data(&format!("{:width$}  {word:<7}  {}\n", check.id, check.title));
        }
        return Exit::Done;
    }
    if let Some(check) = doctor::check_named(id) {
        ui.data(&format!("# {}\n\n{}", check.id, check.explain()));
        return Exit::Done;
    }
    ui.error(&format!("there is no check `{id}`"));
    match did_you_mean(id, doctor::checks().map(|check| check.id)) {
        Some(near) => ui.hint(&format!("did you mean `{near}`?")),
        None => ui.hint("`zskills doctor --explain` lists them"),
    }
    Exit::Unmet
}
