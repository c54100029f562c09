//! Findings for people and for programs.

use serde_json::{Value, json};

use super::{Format, sarif};
use crate::doctor::{Finding, Fix, Severity};
use crate::machine::env::Env;
use crate::machine::terminal::{Ui, Verbosity, one_line, plain};
use crate::model::Diagnostic;
use crate::plan::{Plan, Sign};

/// What would be done about each finding, in their order; empty when nobody asked.
pub type Steps = Vec<Vec<String>>;

pub fn report(format: Format, findings: &[Finding], steps: &Steps, env: &Env, ui: Ui) {
    match format {
        Format::Text => text(findings, steps, env, ui),
        Format::Json => {
            let rows = findings.iter().enumerate();
            let rows: Vec<Value> =
                rows.map(|(index, finding)| finding_json(finding, steps.get(index))).collect();
            ui.json(&json!({ "schema": "zskills/doctor/1", "findings": rows }));
        }
        Format::Sarif => ui.json(&sarif::document(findings)),
    }
}

fn text(findings: &[Finding], steps: &Steps, env: &Env, ui: Ui) {
    let (mut group, mut shown) = (None, String::new());
    for (index, finding) in findings.iter().enumerate() {
        if group != Some(finding.severity) {
            group = Some(finding.severity);
            shown.extend([&ui.out.bold(&count(findings, finding.severity)), "\n"]);
        }
        shown.push_str(&finding_text(finding, steps.get(index), ui));
    }
    ui.page(&shown, &env.pager);
    if findings.is_empty() {
        ui.talk("all is well");
        return;
    }
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .filter(|severity| findings.iter().any(|finding| finding.severity == *severity))
        .map(|severity| count(findings, severity))
        .collect();
    if ui.verbosity == Verbosity::Quiet {
        return;
    }
    ui.talk(&counts.join(", "));
    let fixable = findings.iter().filter(|finding| finding.fix.is_automatic()).count();
    if fixable > 0 {
        ui.hint(&format!("`zskills doctor --fix` puts {fixable} right"));
    }
    if let Some(first) = findings.first() {
        ui.hint(&format!("`zskills doctor --explain {}` says more", first.check.id));
    }
}

fn count(findings: &[Finding], severity: Severity) -> String {
    let count = findings.iter().filter(|finding| finding.severity == severity).count();
    let what = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "remark",
    };
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn finding_text(finding: &Finding, steps: Option<&Vec<String>>, ui: Ui) -> String {
    let paint = ui.out;
    let word = finding.severity.as_str();
    let word = match finding.severity {
        Severity::Error => paint.red(word),
        Severity::Warning => paint.yellow(word),
        Severity::Info => paint.dim(word),
    };
    let text = plain(&ui.complaint(&finding.diagnostic));
    let fix = one_line(&finding.fix.describe());
    let mut shown = String::new();
    for step in steps.into_iter().flatten() {
        shown.extend(["    ", &one_line(step), "\n"]);
    }
    format!("{word}[{}] {text}\n  {} {fix}\n{shown}\n", finding.check.id, paint.dim("fix:"))
}

fn finding_json(finding: &Finding, steps: Option<&Vec<String>>) -> Value {
    let Diagnostic { file, at, message, hint, .. } = &finding.diagnostic;
    json!({
        "id": finding.check.id,
        "severity": finding.severity.as_str(),
        "about": finding.about,
        "file": file,
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "message": message,
        "hint": hint,
        "fix": {
            "automatic": finding.fix.is_automatic(),
            "text": finding.fix.describe(),
            "steps": steps.cloned().unwrap_or_default(),
        },
    })
}

/// Returns what the plan of a repair does about a finding.
pub fn steps(finding: &Finding, plan: &Plan) -> Vec<String> {
    let mine = plan
        .lines()
        .iter()
        .filter(|line| line.subject.name() == finding.about && line.sign != Sign::Keep)
        .map(|line| {
            let sign = match line.sign {
                Sign::Add => '+',
                Sign::Change => '~',
                Sign::Remove => '-',
                Sign::Keep => '·',
            };
            format!("{sign} {} {}  {}", line.subject.kind(), line.subject.name(), line.text)
        });
    let file = finding.diagnostic.file.display();
    match &finding.fix {
        Fix::ByHand(_) => Vec::new(),
        Fix::RepairRegistry(_) | Fix::Strip(_) => {
            vec![format!("+ copy of {file}"), format!("~ write {file}")]
        }
        Fix::Correct(_) | Fix::Drop(_) | Fix::Sync | Fix::Install(_) | Fix::RewriteServers(_) => {
            mine.collect()
        }
    }
}
