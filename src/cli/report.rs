//! What a person sees of a run: its plan, its questions, and how it ended.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Exit;
use crate::flow::{Ask, Ended, Host, Outcome, Prepared, Question, Report, converge, drive};
use crate::machine::env::Env;
use crate::machine::fetch::Progress;
use crate::machine::terminal::{Bars, Ui, Verbosity, confirm};
use crate::model::{Digest, Level, Note, PluginId};
use crate::plan::{self, Sign};

/// A terminal, or a script that reads one JSON document.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    pub ui: Ui,
    pub json: bool,
}

impl Host for Terminal {
    fn show(&self, prepared: &Prepared) {
        if !self.json {
            show(prepared, self.ui);
        }
    }

    fn ask(&self, question: Question) -> Option<bool> {
        self.ui.interactive.then(|| confirm(question.text()))
    }

    fn tell(&self, note: &Note) {
        self.ui.talk(&note.text);
    }

    fn progress(&self) -> Box<dyn Progress + '_> {
        Box::new(Bars::new(self.ui))
    }
}

/// The same for another project than the one that the command began in: where there is nothing to do there
/// is nothing to say.
pub struct InProject<'a> {
    pub terminal: Terminal,
    pub project: &'a Path,
}

impl Host for InProject<'_> {
    fn show(&self, prepared: &Prepared) {
        let Terminal { ui, json } = self.terminal;
        if !json && ui.verbosity != Verbosity::Quiet && !prepared.plan.is_empty() {
            ui.talk(&format!("project {}", self.project.display()));
            ui.data(&plan::text(&prepared.plan, ui.out));
        }
    }

    fn ask(&self, question: Question) -> Option<bool> {
        self.terminal.ask(question)
    }

    fn tell(&self, note: &Note) {
        self.terminal.tell(note);
    }

    fn progress(&self) -> Box<dyn Progress + '_> {
        self.terminal.progress()
    }
}

impl InProject<'_> {
    /// Says what the run of the first project has not said.
    pub fn conclude(&self, report: &Report, first: &Report) {
        let Terminal { ui, json } = self.terminal;
        if json {
            return;
        }
        let said = first.prepared.plan.notes();
        for note in report.prepared.plan.notes().iter().filter(|note| !said.contains(note)) {
            ui.note(note);
        }
        if !report.prepared.plan.is_empty() && report.outcome == Outcome::Done {
            ui.talk(&success(&report.prepared, report.ended));
        }
    }
}

/// Returns how a run through several projects ended; for a script it prints all of it as one document.
pub fn conclude_all(
    schema: &str,
    first: &Report,
    others: &[(PathBuf, Report)],
    host: Terminal,
) -> Exit {
    let all = [first].into_iter().chain(others.iter().map(|(_, report)| report));
    let exit = Exit::from(all.map(|report| report.outcome).max().unwrap_or(Outcome::Done));
    if host.json && !others.is_empty() {
        let mut whole = document(schema, first, exit);
        let one = |(project, report): &(PathBuf, Report)| {
            let mut one = document(schema, report, Exit::from(report.outcome));
            if let Value::Object(one) = &mut one {
                one.remove("schema");
                one.insert("project".to_owned(), json!(project));
            }
            one
        };
        whole["projects"] = others.iter().map(one).collect();
        host.ui.json(&whole);
    }
    exit
}

/// Makes the machine match what is asked for, and says how it ended.
pub fn run(schema: &'static str, ask: Ask, env: &Env, host: Terminal) -> anyhow::Result<Exit> {
    Ok(conclude(schema, &converge(ask, env, &host)?, host))
}

/// The same with a plan that a command makes in its own way.
pub fn run_with(
    schema: &'static str,
    ask: Ask,
    env: &Env,
    host: Terminal,
    prepare: &converge::Prepare,
) -> anyhow::Result<Exit> {
    Ok(conclude(schema, &drive(ask, env, &host, prepare)?, host))
}

fn show(prepared: &Prepared, ui: Ui) {
    if ui.verbosity == Verbosity::Quiet {
        return;
    }
    ui.talk(&format!("manifest {}", prepared.declared.intent.manifest.display()));
    if let Some(hint) = prepared.declared.hint {
        ui.hint(hint);
    }
    ui.data(&plan::text(&prepared.plan, ui.out));
    for (id, brought) in accepted(prepared) {
        ui.detail(&format!("{id} brings {brought}"));
    }
    let left = prepared.plan.lines().iter().filter(|line| line.sign == Sign::Keep && line.foreign);
    let left = left.count();
    if left > 0 {
        ui.hint(&format!(
            "{left} not in the manifest: `--adopt` writes them into it, `--prune` removes them"
        ));
    }
}

/// Returns what the plan takes into the lock of what plugins can run, start or use unasked.
fn accepted(prepared: &Prepared) -> impl Iterator<Item = (&PluginId, &String)> {
    let old = &prepared.declared.lock.plugins;
    prepared.resolution.lock.plugins.iter().flat_map(move |(id, new)| {
        let old = old.get(id).and_then(|row| row.powers.as_ref());
        let is_new = move |(power, digest): &(&String, &Digest)| {
            old.is_none_or(|old| old.get(*power) != Some(digest))
        };
        let powers = new.powers.iter().flatten().filter(is_new);
        powers.map(move |(power, _)| (id, power))
    })
}

/// Says how it ended and returns the exit code. No line of success while something is unmet.
pub fn conclude(schema: &str, report: &Report, host: Terminal) -> Exit {
    let Report { prepared, ended, outcome } = report;
    let (ui, exit) = (host.ui, Exit::from(*outcome));
    let notes = prepared.plan.notes();
    let worst = notes.iter().map(|note| note.level).max().unwrap_or(Level::Info);
    if host.json {
        ui.json(&document(schema, report, exit));
        return exit;
    }
    for note in notes {
        ui.note(note);
    }
    if worst == Level::Info {
        ui.talk(&success(prepared, *ended));
    } else {
        let unmet = notes.iter().filter(|note| note.level > Level::Info).count();
        let rest = match ended {
            Ended::Applied => "the rest was applied",
            Ended::Shown | Ended::Unchanged => "nothing was changed",
        };
        ui.error(&format!("{unmet} not achieved; {rest}"));
    }
    exit
}

fn success(prepared: &Prepared, ended: Ended) -> String {
    let count = |sign| {
        prepared
            .plan
            .lines()
            .iter()
            .filter(|line| line.subject.thing().is_some() && line.sign == sign)
            .count()
    };
    match ended {
        _ if prepared.plan.is_empty() => format!("up to date: {}", converged(prepared)),
        Ended::Shown | Ended::Unchanged => "nothing was changed".to_owned(),
        Ended::Applied => format!(
            "done: {} added, {} changed, {} removed",
            count(Sign::Add),
            count(Sign::Change),
            count(Sign::Remove)
        ),
    }
}

/// Counts what is as it should be.
fn converged(prepared: &Prepared) -> String {
    let desired = &prepared.resolution.desired;
    [
        (desired.plugins.len(), "plugins"),
        (desired.skills.len(), "skills"),
        (desired.servers.len(), "MCP servers"),
    ]
    .iter()
    .filter(|(count, what)| *count > 0 || *what == "plugins")
    .map(|(count, what)| format!("{count} {what}"))
    .collect::<Vec<_>>()
    .join(", ")
}

/// Returns the outcome as one document.
pub fn document(schema: &str, report: &Report, exit: Exit) -> Value {
    let Report { prepared, ended, .. } = report;
    let mut document = json!({
        "schema": schema,
        "manifest": prepared.declared.intent.manifest,
        "applied": *ended == Ended::Applied,
        "exit": exit as u8,
    });
    if let (Value::Object(document), Value::Object(plan)) =
        (&mut document, plan::json(&prepared.plan))
    {
        document.extend(plan);
    }
    document
}
