//! What the installed folders hold.

use super::{Evidence, Finding, Fix, Scan, Severity};
use crate::model::{Diagnostic, InstallRecord, Position, Row};

/// Characters in documents that a person does not see and a model reads.
pub(super) fn hidden_characters(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, scan) in scans(evidence) {
        let (id, folder) = (row.name, &row.record.install_path);
        for hidden in &scan.hidden {
            let more = match hidden.count {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let text = format!("a {} (U+{:04X}){more}", hidden.what, hidden.point);
            let mut diagnostic = Diagnostic::whole(&folder.join(&hidden.path), text);
            diagnostic.at = Some(Position { line: hidden.line, column: hidden.column });
            findings.push(Finding {
                id: "hidden.unicode",
                severity: Severity::Error,
                about: id.to_owned(),
                diagnostic,
                fix: Fix::ByHand(format!("look at what is hidden there, or disable `{id}`")),
            });
        }
    }
    findings
}

/// Folders that reach outside themselves.
pub(super) fn unsafe_trees(evidence: &Evidence) -> Vec<Finding> {
    scans(evidence)
        .filter_map(|(row, scan)| {
            let (id, folder) = (row.name, &row.record.install_path);
            let fault = scan.fault.as_ref()?;
            Some(Finding {
                id: "tree.unsafe",
                severity: Severity::Error,
                about: id.to_owned(),
                diagnostic: Diagnostic::whole(folder, format!("the folder of `{id}`: {fault}")),
                fix: Fix::ByHand(format!(
                    "look at what is named, then disable or reinstall `{id}`"
                )),
            })
        })
        .collect()
}

/// Hooks that run what is not there. Nothing is started to find out.
pub(super) fn missing_commands(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, scan) in scans(evidence) {
        let id = row.name;
        for program in &scan.programs {
            if program.there || evidence.disk.programs.contains(&program.name) {
                continue;
            }
            let place = if program.name.starts_with("./") { "in the plugin" } else { "on PATH" };
            let text = format!(
                "a {} hook of `{id}` runs `{}`, which is not {place}",
                program.event, program.name
            );
            findings.push(Finding {
                id: "command.missing",
                severity: Severity::Warning,
                about: id.to_owned(),
                diagnostic: evidence.at(row.fact, text),
                fix: Fix::ByHand(format!("install `{}`, or disable `{id}`", program.name)),
            });
        }
    }
    findings
}

/// Returns what is in the folder of each plugin that is recorded here.
pub(super) fn scans<'a>(
    evidence: &'a Evidence,
) -> impl Iterator<Item = (Row<'a, &'a InstallRecord>, &'a Scan)> {
    evidence
        .records()
        .filter_map(|row| Some((row, evidence.disk.scans.get(&row.record.install_path)?)))
}
