//! What a command that could not go on leaves behind: words for a person, one document for a script.

use std::ffi::OsString;

use serde_json::{Value, json};

use super::Exit;
use crate::machine::terminal::Ui;
use crate::model::{Diagnostic, Faults, Level, Note};

const SCHEMA: &str = "zskills/error/1";

/// The exit code of a wrong command line, which is clap's too.
pub const USAGE: u8 = 2;

/// Notes that are all there is to say: nothing was planned.
#[derive(Debug, thiserror::Error)]
#[error("{} not achieved", .0.len())]
pub struct Failed(pub Vec<Note>);

impl From<Note> for Failed {
    fn from(note: Note) -> Self {
        Self(vec![note])
    }
}

/// Tells whether a command line asks for JSON, also one that clap does not understand.
pub fn wants_json(arguments: &[OsString]) -> bool {
    let mut before = None;
    for word in arguments.iter().skip(1).take_while(|word| *word != "--") {
        let named = matches!(word.to_str(), Some("--json" | "--format=json" | "--format=sarif"));
        let apart = before == Some("--format") && (word == "json" || word == "sarif");
        if named || apart {
            return true;
        }
        before = word.to_str();
    }
    false
}

/// Returns the exit code of an error.
pub fn exit(error: &anyhow::Error) -> Exit {
    let notes = error.downcast_ref::<Failed>().map(|failed| failed.0.as_slice());
    let refused = |note: &Note| note.level == Level::Refused;
    if notes.unwrap_or_default().iter().any(refused) { Exit::Refused } else { Exit::Unmet }
}

/// Prints an error with its causes; a complaint about a file prints as it stands.
pub fn complain(ui: Ui, error: &anyhow::Error) {
    let faults = error.downcast_ref::<Faults>();
    for fault in faults.into_iter().flat_map(|faults| &faults.0) {
        ui.fault(fault);
    }
    let notes = error.downcast_ref::<Failed>();
    for note in notes.into_iter().flat_map(|failed| &failed.0) {
        ui.note(note);
    }
    let is_list = faults.is_some() || notes.is_some();
    match (is_list, error.chain().count()) {
        (false, _) => ui.error(&format!("{error:#}")),
        (true, 1) => {}
        // What was being done when the list came up.
        (true, _) => ui.error(&error.to_string()),
    }
}

/// Returns an error as one document.
pub fn document(error: &anyhow::Error, exit: u8) -> Value {
    let errors = if let Some(Faults(faults)) = error.downcast_ref() {
        faults.iter().map(|fault| row("file", fault, fault.hint.as_deref())).collect()
    } else if let Some(Failed(notes)) = error.downcast_ref() {
        notes.iter().map(note).collect()
    } else {
        let io = error.chain().any(<dyn std::error::Error>::is::<std::io::Error>);
        vec![plain(if io { "io" } else { "failed" }, &format!("{error:#}"))]
    };
    whole(exit, &errors)
}

/// Returns what is wrong with a command line as one document.
pub fn usage(error: &clap::Error) -> Value {
    let text = error.render().to_string();
    let mut blocks = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    let message = blocks.next().unwrap_or_default().trim_start_matches("error: ");
    let is_hint = |block: &&str| block.starts_with("tip: ");
    let hint = blocks.find(is_hint).map(|block| block.trim_start_matches("tip: ").to_owned());
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    whole(
        USAGE,
        &[json!({
            "id": "usage",
            "message": words,
            "file": null,
            "line": null,
            "column": null,
            "hint": hint,
        })],
    )
}

fn whole(exit: u8, errors: &[Value]) -> Value {
    json!({ "schema": SCHEMA, "exit": exit, "errors": errors })
}

fn note(note: &Note) -> Value {
    let id = if note.level == Level::Refused { "refused" } else { "unmet" };
    let hint = note.hint.as_deref();
    if let Some(fault) = &note.fault {
        return row(id, fault, fault.hint.as_deref().or(hint));
    }
    let mut row = plain(id, &format!("{}: {}", note.about, note.text));
    if let Some(hint) = hint {
        row["hint"] = hint.into();
    }
    row
}

fn row(id: &str, fault: &Diagnostic, hint: Option<&str>) -> Value {
    json!({
        "id": id,
        "message": fault.message,
        "file": fault.file,
        "line": fault.at.map(|at| at.line),
        "column": fault.at.map(|at| at.column),
        "hint": hint,
    })
}

/// A text whose last lines may be a hint.
fn plain(id: &str, text: &str) -> Value {
    let (message, hint) = match text.split_once("\nhint: ") {
        Some((message, hint)) => (message, Some(hint)),
        None => (text, None),
    };
    json!({
        "id": id,
        "message": message,
        "file": null,
        "line": null,
        "column": null,
        "hint": hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_wanted_by_the_words_before_a_double_dash() {
        let check = |line: &str, expected: bool| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(wants_json(&words), expected, "{line}");
        };
        check("zskills sync --json", true);
        check("zskills --json", true);
        check("zskills doctor --format json", true);
        check("zskills doctor --format=sarif", true);
        check("zskills doctor --format text", false);
        check("zskills install --mcp x -- server --json", false);
        check("--json", false);
    }

    #[test]
    fn the_hint_of_an_error_is_a_field_of_its_own() {
        let error = anyhow::anyhow!("it is gone\nhint: bring it back");
        let document = document(&error, 1);
        assert_eq!(document["errors"][0]["message"], "it is gone");
        assert_eq!(document["errors"][0]["hint"], "bring it back");
        assert_eq!(document["errors"][0]["id"], "failed");
    }

    #[test]
    fn a_list_of_faults_is_told_with_what_was_being_done() {
        let fault = Diagnostic::whole(std::path::Path::new("f"), "is odd").hint("make it even");
        let error = anyhow::Error::from(Faults::from(fault)).context("the text is kept");
        let document = document(&error, 1);
        assert_eq!(document["errors"][0]["id"], "file");
        assert_eq!(document["errors"][0]["hint"], "make it even");
    }
}
