//! `zskills lint`: what is wrong with the skills of a folder.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use crate::cli::Exit;
use crate::cli::flags::RUN;
use crate::content::skill::{LintFinding, Severity};
use crate::flow::gather;
use crate::machine::env::Env;
use crate::machine::terminal::{Ui, Verbosity, one_line};

/// Check skills for portability and hidden text
///
/// Takes a skill, a folder of skills or a repository. Exits 4 when a finding would forbid an install.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to look [default: the working directory]
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let given = args.path.clone().unwrap_or_else(|| PathBuf::from("."));
    let root = env.roots.resolve(&given.to_string_lossy(), &env.roots.cwd);
    let looked = gather::lint(&root);
    let (skills, notes) = match looked {
        Ok(found) => found,
        Err(trouble) => bail!("{}", trouble.text),
    };
    let worst = skills.iter().flat_map(|skill| &skill.findings).map(|found| found.severity).min();
    let exit = if worst == Some(Severity::Error) { Exit::Refused } else { Exit::Done };
    if args.json {
        let rows: Vec<_> = skills
            .iter()
            .map(|skill| {
                json!({
                    "name": skill.name.as_str(),
                    "folder": skill.folder,
                    "findings": skill.findings.iter().map(finding_json).collect::<Vec<_>>(),
                })
            })
            .collect();
        let passed: Vec<_> = notes.iter().map(crate::plan::note_json).collect();
        ui.json(&json!({ "schema": "zskills/lint/1", "skills": rows, "notes": passed }));
        return Ok(exit);
    }
    for skill in &skills {
        for found in &skill.findings {
            if found.severity < Severity::Info || ui.verbosity == Verbosity::Verbose {
                ui.data(&finding_text(&skill.folder, found, ui));
            }
        }
    }
    for note in &notes {
        ui.note(note);
    }
    let findings = || skills.iter().flat_map(|skill| &skill.findings);
    let count = |severity| findings().filter(|found| found.severity == severity).count();
    ui.talk(&format!(
        "{} skills: {} errors, {} warnings, {} remarks",
        skills.len(),
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Info)
    ));
    Ok(exit)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn finding_text(folder: &str, found: &LintFinding, ui: Ui) -> String {
    let text = word(found.severity);
    let shown = match found.severity {
        Severity::Error => ui.out.red(text),
        Severity::Warning => ui.out.yellow(text),
        Severity::Info => ui.out.dim(text),
    };
    let at = found.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
    let slash = if folder.is_empty() { "" } else { "/" };
    let place = one_line(&format!("{folder}{slash}{}{at}", found.path));
    let hint = match &found.hint {
        Some(hint) => format!("\n  {} {}", ui.out.dim("hint:"), one_line(hint)),
        None => String::new(),
    };
    format!("{shown}[{}] {place} {}{hint}\n", found.id, one_line(&found.message))
}

fn finding_json(found: &LintFinding) -> serde_json::Value {
    json!({
        "id": found.id,
        "severity": word(found.severity),
        "path": found.path,
        "line": found.at.map(|at| at.line),
        "column": found.at.map(|at| at.column),
        "message": found.message,
        "hint": found.hint,
    })
}
