//! `zskills doctor`: what is not as it should be, and putting it right.

mod report;
mod sarif;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::Exit;
use super::report::Terminal;
use crate::cli::flags::RUN;
use crate::doctor::{self, Agreed, Finding, Severity};
use crate::flow::inspect::Looks;
use crate::flow::{Ask, manifest, repair};
use crate::machine::env::Env;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Ui, confirm};
use crate::model::did_you_mean;

/// Check that what is wanted, installed, enabled and locked agree
///
/// Exits 0 with findings, so that it can stand in a dotfile script; --check exits 3 on errors.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<PathBuf>,
    /// Put right what can be: installs and repairs, never deletes without asking
    #[arg(long)]
    fix: bool,
    /// Exit 3 when there are errors
    #[arg(long, help_heading = RUN)]
    check: bool,
    /// With --check, exit 3 when there are warnings too
    #[arg(long, requires = "check", help_heading = RUN)]
    strict: bool,
    /// Say what a check finds and what to do; without an id, list them
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["fix", "check"])]
    explain: Option<String>,
    /// Fetch nothing while fixing
    #[arg(long, help_heading = RUN)]
    offline: bool,
    /// Answer yes to every question
    #[arg(short, long, help_heading = RUN)]
    yes: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "json", help_heading = RUN)]
    format: Format,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
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
    pub fn only_reads(&self) -> bool {
        !self.fix
    }

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
        return explain(id, args.format(), env, ui);
    }
    let declared = || manifest::declared_or_none(args.file.as_deref(), env);
    let looks = Looks { declared: &declared, env };
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    if args.fix {
        return fix(args, looks, ui, &mut fingerprints);
    }
    let look = looks.look(&mut fingerprints)?;
    let plan = repair::preview(looks, &look, &mut fingerprints);
    // Only a cache: without it the next run hashes again.
    drop(fingerprints.save_if_changed());
    let steps = look.findings.iter().map(|finding| report::steps(finding, &plan)).collect();
    report::report(args.format(), &look.findings, &steps, env, ui);
    if look.declared.text.is_none() && args.format() == Format::Text {
        ui.hint(manifest::BEGIN);
    }
    Ok(args.exit(&look.findings))
}

/// Repairs the client's files, then syncs with what settings ask for added to what the manifest wants.
fn fix(args: &Args, looks: Looks, ui: Ui, fingerprints: &mut Fingerprints) -> Result<Exit> {
    let agreed = agree(args, looks, ui, fingerprints)?;
    let host = Terminal { ui, json: args.format() != Format::Text };
    let ask = Ask { offline: args.offline, yes: args.yes, ..Ask::new(looks.declared) };
    let schema = "zskills/doctor-fix/1";
    let exit = super::report::run_with(schema, ask, looks.env, host, &|ask, fingerprints| {
        let look = looks.look_as(agreed, fingerprints)?;
        repair::prepare(ask, looks, &host, look, fingerprints)
    })?;
    *fingerprints = Fingerprints::load(&looks.env.roots.cache_dir);
    let left = looks.look(fingerprints)?.findings;
    if !host.json {
        report::report(args.format(), &left, &report::Steps::default(), looks.env, ui);
    }
    Ok(match exit {
        Exit::Done => args.exit(&left),
        exit => exit,
    })
}

/// Asks once for everything that takes something away.
fn agree(args: &Args, looks: Looks, ui: Ui, fingerprints: &mut Fingerprints) -> Result<Agreed> {
    if args.yes {
        return Ok(Agreed::Yes);
    }
    let questions = repair::questions(looks, fingerprints)?;
    if questions.is_empty() || !ui.interactive {
        return Ok(Agreed::No);
    }
    for question in &questions {
        ui.talk(question);
    }
    let agrees = confirm("Take these out, keeping copies of the files?");
    Ok(if agrees { Agreed::Yes } else { Agreed::No })
}

/// Prints what there is to say about a check, or the list of them.
fn explain(id: &str, format: Format, env: &Env, ui: Ui) -> Result<Exit> {
    let named = doctor::checks().filter(|check| id.is_empty() || check.id == id);
    let checks: Vec<&doctor::Check> = named.collect();
    if checks.is_empty() {
        let near = did_you_mean(id, doctor::checks().map(|check| check.id));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`zskills doctor --explain` lists them".to_owned(),
        };
        bail!("there is no check `{id}`\nhint: {hint}");
    }
    if format != Format::Text {
        let rows: Vec<Value> = checks.iter().map(|check| check_json(check)).collect();
        ui.json(&json!({ "schema": "zskills/explain/1", "checks": rows }));
    } else if id.is_empty() {
        let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
        let row = |check: &&doctor::Check| {
            format!("{:width$}  {:<7}  {}\n", check.id, check.severity.as_str(), check.title)
        };
        ui.page(&checks.iter().map(row).collect::<String>(), &env.pager);
    } else {
        let page = |check: &&doctor::Check| format!("# {}\n\n{}", check.id, check.explain());
        ui.page(&checks.iter().map(page).collect::<String>(), &env.pager);
    }
    Ok(Exit::Done)
}

fn check_json(check: &doctor::Check) -> Value {
    json!({
        "id": check.id,
        "severity": check.severity.as_str(),
        "title": check.title,
        "cause": check.cause,
        "fix": check.fix,
    })
}
