//! `zskills doctor`: what is not as it should be, and putting it right.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};

use super::converge::{self, Ask};
use super::list::servers;
use super::{Exit, session};
use crate::around::around;
use crate::bundled::bundled;
use crate::doctor::{self, Facts, Finding, Fix, Severity};
use crate::env::Env;
use crate::gather;
use crate::model::{Diagnostic, WantedPlugin};
use crate::observe;
use crate::store::tree::Fingerprints;
use crate::ui::{Paint, Ui, plain};

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
    /// Fetch nothing while fixing
    #[arg(long)]
    offline: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let findings = examine(args, env)?;
    if !args.fix {
        report(args, ui, &findings);
        let errors = findings.iter().any(|finding| finding.severity == Severity::Error);
        return Ok(if args.check && errors { Exit::Pending } else { Exit::Done });
    }
    fix(args, env, ui, &findings)
}

/// Looks at everything and runs the checks.
fn examine(args: &Args, env: &Env) -> Result<Vec<Finding>> {
    let declared = session::declared_or_none(args.file.as_deref(), env)?;
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let sight = session::sight(env, &declared.lock, &mut fingerprints)?;
    let bundled = bundled(&env.roots, &sight.observed.state);
    let standings = servers::of(&env.roots, &sight, &bundled);
    let manifest = [declared.intent.manifest.as_path()];
    let files = standings.iter().map(|standing| standing.file.as_path()).chain(manifest);
    let around = around(&env.roots, &standings, files.collect());
    Ok(doctor::check(&Facts {
        roots: &env.roots,
        intent: Some(&declared.intent),
        lock: &declared.lock,
        files: &sight.files,
        problems: &sight.problems,
        observed: &sight.observed,
        cached: &observe::cached(&env.roots),
        standings: &standings,
        around: &around,
        skills: &gather::seen_skills(&env.roots, &sight.observed),
        git_configs: &observe::git_configs(&sight.observed),
    }))
}

/// Repairs the registries, then syncs with what settings ask for added to what the manifest wants.
fn fix(args: &Args, env: &Env, ui: Ui, findings: &[Finding]) -> Result<Exit> {
    let repairs = findings.iter().any(|finding| matches!(finding.fix, Fix::Repair(_)));
    if repairs {
        session::repair_registries(env, ui)?;
    }
    // A rebuilt registry shows what it had hidden.
    let findings = if repairs { examine(args, env)? } else { findings.to_vec() };
    let extra: Vec<WantedPlugin> = findings
        .iter()
        .filter_map(|finding| match &finding.fix {
            Fix::Install(plugin) => Some(WantedPlugin::clone(plugin)),
            _ => None,
        })
        .collect();
    let declared = || session::declared_or_none(args.file.as_deref(), env);
    let ask = Ask {
        extra: &extra,
        offline: args.offline,
        yes: args.yes,
        json: args.json,
        ..Ask::new("zskills/doctor-fix/1", &declared)
    };
    let mends = findings.iter().any(|finding| matches!(finding.fix, Fix::Mend(_)));
    let exit =
        if mends { converge::run_mending(&ask, env, ui)? } else { converge::run(&ask, env, ui)? };
    let left = examine(args, env)?;
    if !args.json {
        report(args, ui, &left);
    }
    let errors = left.iter().any(|finding| finding.severity == Severity::Error);
    Ok(match exit {
        Exit::Done if args.check && errors => Exit::Pending,
        exit => exit,
    })
}

fn report(args: &Args, ui: Ui, findings: &[Finding]) {
    if args.json {
        let rows: Vec<Value> = findings.iter().map(finding_json).collect();
        ui.json(&json!({ "schema": "zskills/doctor/1", "findings": rows }));
        return;
    }
    for finding in findings {
        ui.data(&finding_text(finding, ui.out));
    }
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let counts: Vec<String> = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Info), "remark"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}{}", if n == 1 { "" } else { "s" }))
    .collect();
    if counts.is_empty() {
        ui.talk("all is well");
    } else {
        ui.talk(&counts.join(", "));
    }
}

fn finding_text(finding: &Finding, paint: Paint) -> String {
    let word = finding.severity.as_str();
    let word = match finding.severity {
        Severity::Error => paint.red(word),
        Severity::Warning => paint.yellow(word),
        Severity::Info => paint.dim(word),
    };
    let fix = finding.fix.describe();
    let text = plain(&finding.diagnostic.to_string());
    format!("{word}[{}] {text}\n  {} {}\n", finding.id, paint.dim("fix:"), plain(&fix))
}

fn finding_json(finding: &Finding) -> Value {
    let Diagnostic { file, at, message, hint, .. } = &finding.diagnostic;
    json!({
        "id": finding.id,
        "severity": finding.severity.as_str(),
        "about": finding.about,
        "file": file,
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "message": message,
        "hint": hint,
        "fix": { "automatic": finding.fix.is_automatic(), "text": finding.fix.describe() },
    })
}
