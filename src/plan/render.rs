//! A plan as text for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Action, Bytes, Line, Plan, Sign, Subject};
use crate::model::paint::{Paint, one_line};
use crate::model::{Level, Note, Thing};

/// Returns the plan's lines, aligned, with a count at the end; empty when there is nothing to say.
/// Files of ours are only mentioned when nothing else is: they follow from the rest.
pub fn text(plan: &Plan, paint: Paint) -> String {
    let things: Vec<&Line> = plan.lines.iter().filter(|line| is_shown(line)).collect();
    let lines = if things.is_empty() { plan.lines.iter().collect() } else { things };
    let mut out = String::new();
    let width = |line: &&Line| line.subject.name().chars().count();
    let width = lines.iter().map(width).max().unwrap_or(0);
    for line in &lines {
        let name = line.subject.name();
        let name = one_line(&name);
        let pad = " ".repeat(width.saturating_sub(name.chars().count()));
        let kind = line.subject.kind();
        let scope = match line.subject.thing() {
            None | Some(Thing::Marketplace { .. }) => "",
            Some(thing) => thing.scope().as_str(),
        };
        let sign = sign(line.sign, paint);
        writeln!(out, "  {sign} {kind:<11} {name}{pad}  {scope:<7}  {}", one_line(&line.text))
            .expect("strings take text");
    }
    let count = |sign| lines.iter().filter(|line| line.sign == sign).count();
    let counts: Vec<String> = [
        (count(Sign::Add), "to add"),
        (count(Sign::Change), "to change"),
        (count(Sign::Remove), "to remove"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    if !counts.is_empty() {
        writeln!(out, "{}", counts.join(", ")).expect("strings take text");
    }
    out
}

/// Tells whether a line is about what people have, and not about a file that only follows from it.
fn is_shown(line: &Line) -> bool {
    match &line.subject {
        Subject::Thing(_) => true,
        Subject::File(_) => line.sign == Sign::Remove,
    }
}

fn sign(sign: Sign, paint: Paint) -> String {
    match sign {
        Sign::Add => paint.green("+"),
        Sign::Change => paint.yellow("~"),
        Sign::Remove => paint.red("-"),
        Sign::Keep => paint.dim("·"),
    }
}

/// Returns the plan as a JSON document without its schema line.
pub fn json(plan: &Plan) -> Value {
    let file = |line: &Line| match &line.subject {
        Subject::File(path) => Some(json!({
            "action": action(line.sign), "path": path, "detail": line.text,
        })),
        Subject::Thing(_) => None,
    };
    json!({
        "changes": plan.lines.iter().filter_map(line_json).collect::<Vec<_>>(),
        "files": plan.lines.iter().filter_map(file).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(|step| step_json(&step.action)).collect::<Vec<_>>(),
        "notes": plan.notes.iter().map(note_json).collect::<Vec<_>>(),
    })
}

fn action(sign: Sign) -> &'static str {
    match sign {
        Sign::Add => "add",
        Sign::Change => "change",
        Sign::Remove => "remove",
        Sign::Keep => "keep",
    }
}

fn line_json(line: &Line) -> Option<Value> {
    let thing = line.subject.thing()?;
    let mut out = json!({
        "action": action(line.sign),
        "kind": thing.kind(),
        "name": thing.name(),
    });
    if !matches!(thing, Thing::Marketplace { .. }) {
        out["scope"] = thing.scope().as_str().into();
    }
    out["detail"] = line.text.clone().into();
    Some(out)
}

fn step_json(action: &Action) -> Value {
    match action {
        Action::Place { from, to, what, .. } => {
            let what = match what {
                Bytes::Tree => "tree",
                Bytes::Clone => "clone",
                Bytes::File => "file",
                Bytes::Backup => "backup",
            };
            json!({ "step": "place", "what": what, "from": from, "to": to })
        }
        Action::Delete { path } => json!({ "step": "delete", "path": path }),
        Action::Write { to, before, .. } => {
            json!({ "step": "write", "path": to.path, "new": before.is_none() })
        }
        Action::Part { from, files, to, .. } => {
            json!({ "step": "place", "what": "skill", "from": from, "to": to, "files": files })
        }
        Action::Link { at, target } => json!({ "step": "link", "path": at, "to": target }),
        Action::Unlink { at } => json!({ "step": "unlink", "path": at }),
        Action::Trash { path, trash } => {
            json!({ "step": "trash", "path": path, "trash": trash })
        }
        Action::Restore { from, to, .. } => json!({ "step": "restore", "from": from, "path": to }),
        Action::Erase { at, .. } => json!({ "step": "erase", "path": at.path }),
        Action::Tidy { folder } => json!({ "step": "tidy", "path": folder }),
        Action::Run { package, command } => {
            json!({ "step": "run", "package": package, "command": command })
        }
    }
}

/// Returns a note as JSON.
pub fn note_json(note: &Note) -> Value {
    let level = match note.level {
        Level::Info => "info",
        Level::Unmet => "unmet",
        Level::Refused => "refused",
    };
    let mut out = json!({ "level": level, "about": note.about.to_string(), "text": note.text, "hint": note.hint });
    if let Some(fault) = &note.fault {
        out["fault"] = json!({
            "file": fault.file,
            "line": fault.at.map(|at| at.line),
            "column": fault.at.map(|at| at.column),
            "message": fault.message,
        });
    }
    out
}
