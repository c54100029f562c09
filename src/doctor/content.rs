//! What the installed folders hold.

use super::{Facts, Finding, Fix, Scan, Severity};
use crate::clients::claude::installed_plugins;
use crate::formats::json::Key;
use crate::model::{Diagnostic, Position, Scope};

/// Characters in documents that a person does not see and a model reads.
pub(super) fn hidden_characters(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, _, folder, scan) in scans(facts) {
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
pub(super) fn unsafe_trees(facts: &Facts) -> Vec<Finding> {
    scans(facts)
        .filter_map(|(id, _, folder, scan)| {
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
pub(super) fn missing_commands(facts: &Facts) -> Vec<Finding> {
    let file = installed_plugins::path(facts.roots);
    let mut findings = Vec::new();
    for (id, _, _, scan) in scans(facts) {
        for program in &scan.programs {
            if program.there || facts.disk.programs.contains(&program.name) {
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
                diagnostic: facts.at_key(&file, &[Key::Name("plugins"), Key::Name(id)], text),
                fix: Fix::ByHand(format!("install `{}`, or disable `{id}`", program.name)),
            });
        }
    }
    findings
}

/// Returns what is in the folder of each plugin that is recorded here.
pub(super) fn scans<'a>(
    facts: &'a Facts,
) -> impl Iterator<Item = (&'a str, Scope, &'a std::path::Path, &'a Scan)> {
    facts.records().filter_map(|(_, id, scope, record)| {
        let scan = facts.disk.scans.get(&record.install_path)?;
        Some((id, scope, record.install_path.as_path(), scan))
    })
}
