//! What the installed folders hold.

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::model::{Diagnostic, Position};

pub(super) const CHECKS: &[&Check] = &[&HIDDEN, &UNSAFE];

const HIDDEN: Check = Check {
    id: "hidden.unicode",
    severity: Severity::Error,
    title: "characters that a person cannot see",
    cause: "A document of an installed plugin holds invisible, tag or bidirectional characters, \
            with which text is hidden from readers and shown to models.",
    fix: "by hand: read the place with an editor that shows such characters; disable the plugin \
          if they are not what they should be.",
    run: hidden_characters,
};

fn hidden_characters(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (row, scan) in evidence.scans() {
        let (id, folder) = (row.name, &row.record.install_path);
        for hidden in &scan.hidden {
            let more = match hidden.count {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let text = format!("a {} (U+{:04X}){more}", hidden.what, hidden.point);
            let at = Position { line: hidden.line, column: hidden.column };
            let diagnostic = Diagnostic::whole(&folder.join(&hidden.path), text).near(Some(at));
            let fix = Fix::by_hand(format!("look at what is hidden there, or disable `{id}`"));
            symptoms.push(Symptom::new(id, diagnostic, fix));
        }
    }
    symptoms
}

const UNSAFE: Check = Check {
    id: "tree.unsafe",
    severity: Severity::Error,
    title: "a plugin's folder that reaches outside itself",
    cause: "An installed folder holds a link that leaves it, a device, names that are one where \
            case does not count, or more than a plugin can need.",
    fix: "by hand: look at what is named, then disable or reinstall the plugin.",
    run: unsafe_trees,
};

fn unsafe_trees(evidence: &Evidence) -> Vec<Symptom> {
    let symptoms = evidence.scans().filter_map(|(row, scan)| {
        let (id, folder) = (row.name, &row.record.install_path);
        let fault = scan.fault.as_ref()?;
        let diagnostic = Diagnostic::whole(folder, format!("the folder of `{id}`: {fault}"));
        let fix = Fix::by_hand(format!("look at what is named, then disable or reinstall `{id}`"));
        Some(Symptom::new(id, diagnostic, fix))
    });
    symptoms.collect()
}
