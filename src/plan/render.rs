//! A plan as text for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Bytes, Line, Plan, Sign, Step};
use crate::model::paint::{Paint, plain};
use crate::model::{Level, Note, Thing};

/// Returns the plan's lines, aligned, with a count at the end; empty when there is nothing to say.
pub fn text(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    let width = plan.lines.iter().map(|line| line.thing.name().chars().count()).max().unwrap_or(0);
    for line in &plan.lines {
        let name = plain(line.thing.name());
        let pad = " ".repeat(width - name.chars().count());
        let kind = line.thing.kind();
        let scope = match &line.thing {
            Thing::Marketplace { .. } => "",
            Thing::Plugin { .. } | Thing::Server { .. } | Thing::Skill { .. } => {
                line.thing.scope().as_str()
            }
        };
        let sign = sign(line.sign, paint);
        writeln!(out, "  {sign} {kind:<11} {name}{pad}  {scope:<7}  {}", plain(&line.text))
            .expect("strings take text");
    }
    let count = |sign| plan.lines.iter().filter(|line| line.sign == sign).count();
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
    json!({
        "changes": plan.lines.iter().map(line_json).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step_json).collect::<Vec<_>>(),
        "notes": plan.notes.iter().map(note_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &Line) -> Value {
    let action = match line.sign {
        Sign::Add => "add",
        Sign::Change => "change",
        Sign::Remove => "remove",
        Sign::Keep => "keep",
    };
    let mut out = json!({
        "action": action,
        "kind": line.thing.kind(),
        "name": line.thing.name(),
    });
    if !matches!(line.thing, Thing::Marketplace { .. }) {
        out["scope"] = line.thing.scope().as_str().into();
    }
    out["detail"] = line.text.clone().into();
    out
}

fn step_json(step: &Step) -> Value {
    match step {
        Step::Place { from, to, what } => {
            let what = match what {
                Bytes::Tree => "tree",
                Bytes::Clone => "clone",
                Bytes::File => "file",
                Bytes::Backup => "backup",
            };
            json!({ "step": "place", "what": what, "from": from, "to": to })
        }
        Step::Delete { path } => json!({ "step": "delete", "path": path }),
        Step::Write { path, before, .. } => {
            json!({ "step": "write", "path": path, "new": before.is_none() })
        }
        Step::Part { from, files, to, .. } => {
            json!({ "step": "place", "what": "skill", "from": from, "to": to, "files": files })
        }
        Step::Link { at, target } => json!({ "step": "link", "path": at, "to": target }),
        Step::Unlink { at } => json!({ "step": "unlink", "path": at }),
        Step::Trash { path, trash, .. } => {
            json!({ "step": "trash", "path": path, "trash": trash })
        }
        Step::Run { package, command, .. } => {
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
    json!({ "level": level, "about": note.about, "text": note.text, "hint": note.hint })
}
