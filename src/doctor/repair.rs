//! What `--fix` writes before it syncs: registries rebuilt, records corrected or dropped, comments taken out.

use super::{Evidence, Finding, Fix};
use crate::clients::{CODECS, Salvage};
use crate::formats::json;
use crate::model::{Change, Diagnostic, Files, Note};

/// Whether a person agreed to what takes something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    Yes,
    No,
}

/// The client's files as they are to be, and what is said about it.
#[derive(Debug, Clone, Default)]
pub struct Repaired {
    pub files: Files,
    pub changes: Vec<Change>,
    pub notes: Vec<Note>,
}

/// Returns the client's files with everything repaired that a sync alone would not repair.
pub fn repair(
    evidence: &Evidence,
    findings: &[Finding],
    salvage: &Salvage,
    now: &str,
    agreed: Agreed,
) -> Repaired {
    let mut repaired = Repaired { files: evidence.files.clone(), ..Repaired::default() };
    if findings.iter().any(|finding| matches!(finding.fix, Fix::RepairRegistry(_))) {
        let registries = CODECS
            .iter()
            .flat_map(|codec| codec.repair(evidence.roots, evidence.files, now, salvage));
        for (path, text) in registries {
            let about = path.display().to_string();
            repaired.notes.push(Note::info(about, "rebuilt; a copy is kept"));
            repaired.files.set(path, Some(text.into_bytes()));
        }
    }
    for finding in findings {
        match &finding.fix {
            Fix::Correct(changes) => repaired.changes.extend(changes.iter().cloned()),
            Fix::Drop(changes) if agreed == Agreed::Yes => {
                repaired.changes.extend(changes.iter().cloned());
            }
            Fix::Strip(file) if agreed == Agreed::Yes => {
                let text = repaired.files.get(file).and_then(|bytes| str::from_utf8(bytes).ok());
                if let Some(text) = text.and_then(json::without_comments) {
                    let about = file.display().to_string();
                    repaired.notes.push(Note::info(about, "comments taken out; a copy is kept"));
                    repaired.files.set(file.clone(), Some(text.into_bytes()));
                }
            }
            Fix::Drop(_) => repaired.notes.push(
                Note::info(finding.about.clone(), "its record stays, for nobody agreed to drop it")
                    .hint("`--yes` drops it without a terminal"),
            ),
            Fix::Strip(file) => repaired.notes.push(
                Note::unmet(
                    file.display().to_string(),
                    "has comments that nobody agreed to take out",
                )
                .hint("`--yes` takes them out without a terminal"),
            ),
            Fix::Sync
            | Fix::Install(_)
            | Fix::RewriteServers(_)
            | Fix::RepairRegistry(_)
            | Fix::ByHand(_) => {}
        }
    }
    // One plugin may be recorded anew and corrected; the codec takes what is there by then.
    if let Err(fault) = encode(evidence, &mut repaired.files, &repaired.changes) {
        repaired.notes.push(Note::unmet(fault.file.display().to_string(), fault.message));
        repaired.changes.clear();
    }
    repaired
}

/// Makes changes true in the files of their clients; on a fault all files are as they were.
fn encode(evidence: &Evidence, files: &mut Files, changes: &[Change]) -> Result<(), Diagnostic> {
    let mut edited = files.clone();
    for codec in CODECS {
        let own: Vec<Change> =
            changes.iter().filter(|change| change.fact.client == codec.client()).cloned().collect();
        codec.encode(evidence.roots, &mut edited, &own)?;
    }
    *files = edited;
    Ok(())
}

/// Returns the questions to ask before a repair takes something away.
pub fn questions(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .filter_map(|finding| match &finding.fix {
            Fix::Drop(_) => Some(finding.diagnostic.message.clone()),
            Fix::Strip(file) => Some(format!("`{}` has comments", file.display())),
            _ => None,
        })
        .collect()
}
