//! `zskills history`: which runs changed what, and what it takes to go back.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exit;
use super::flags::RUN;
use crate::declared::generation::{Became, Generation, Line, Part, net};
use crate::flow::{generations, manifest};
use crate::machine::env::Env;
use crate::machine::terminal::{Paint, Ui, one_line};
use crate::model::{HistoryRules, Thing, redact_url, shown_size, without_secret};

/// Show which runs changed what
///
/// `zskills undo` takes the last one back, `zskills undo RUN` everything from one on.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print one JSON document
    #[arg(long, global = true, help_heading = RUN)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show everything that one run changed
    Show {
        #[arg(value_name = "RUN")]
        run: u32,
    },
    /// Show what changed from the end of one run to the end of another, or until now
    Diff {
        #[arg(value_name = "RUN")]
        from: u32,
        #[arg(value_name = "RUN")]
        to: Option<u32>,
    },
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let runs = generations::all(&env.roots)?;
    match args.command {
        None => list(&runs, args.json, env, ui),
        Some(Command::Show { run }) => {
            let run = find(&runs, run)?;
            let parts: Vec<&Part> = run.parts.iter().collect();
            differences(run.number, run.number, &parts, args, env, ui);
        }
        Some(Command::Diff { from, to }) => {
            let newest = runs.last().map_or(0, |run| run.number);
            let (from, to) = (find(&runs, from)?.number, find(&runs, to.unwrap_or(newest))?.number);
            if to < from {
                bail!("run {to} was before run {from}\nhint: the earlier one comes first");
            }
            let is_between = |run: &&Generation| run.number > from && run.number <= to;
            let parts: Vec<&Part> =
                runs.iter().filter(is_between).flat_map(|run| &run.parts).collect();
            differences(from, to, &parts, args, env, ui);
        }
    }
    Ok(Exit::Done)
}

fn find(runs: &[Generation], number: u32) -> Result<&Generation> {
    let Some(run) = runs.iter().find(|run| run.number == number) else {
        bail!("there is no run {number}\nhint: `zskills history` lists what there is");
    };
    Ok(run)
}

/// Returns how much is kept, by the user's manifest if it can be read.
fn rules(env: &Env) -> HistoryRules {
    manifest::declared_or_none(None, env)
        .map_or_else(|_| HistoryRules::default(), |d| d.intent.history)
}

fn list(runs: &[Generation], json: bool, env: &Env, ui: Ui) {
    let rules = rules(env);
    let bytes: u64 = runs.iter().map(|run| run.size).sum();
    if json {
        ui.json(&json!({
            "schema": "zskills/history/1",
            "runs": runs.iter().map(document).collect::<Vec<_>>(),
            "bytes": bytes,
            "keep": rules.keep,
            "max_bytes": rules.max_bytes,
        }));
        return;
    }
    ui.page(&text(runs, ui.out), &env.pager);
    let most = shown_size(rules.max_bytes);
    ui.talk(&match runs.len() {
        0 => "no run has changed anything yet".to_owned(),
        count => format!(
            "{} in {count} of at most {} runs; at most {most}",
            shown_size(bytes),
            rules.keep
        ),
    });
}

/// Returns a line for each run, the newest first.
fn text(runs: &[Generation], paint: Paint) -> String {
    let mut out = String::new();
    let width = runs.last().map_or(0, |run| run.number.to_string().len());
    for run in runs.iter().rev() {
        // Seconds and the zone say nothing here; the date and the time do.
        let time = run.time().get(..16).unwrap_or_default().replace('T', " ");
        let commands = run.commands().join(", ");
        let state = if run.is_done { "" } else { "  (did not come to its end)" };
        writeln!(out, "{:>width$}  {time}  {}{state}", run.number, one_line(&commands))
            .expect("strings take text");
        for line in shown(&net(&run.parts)) {
            writeln!(out, "{:>width$}    {}", "", row(&line, paint)).expect("strings take text");
        }
    }
    out
}

/// Returns the lines that people want to see: files only when nothing else changed.
fn shown(lines: &[Line]) -> Vec<Line> {
    let things: Vec<Line> = lines.iter().filter(|line| line.thing.is_some()).cloned().collect();
    if things.is_empty() { lines.to_vec() } else { things }
}

fn row(line: &Line, paint: Paint) -> String {
    let sign = match line.became {
        Became::Added => paint.green("+"),
        Became::Changed => paint.yellow("~"),
        Became::Removed => paint.red("-"),
    };
    let name = match (&line.thing, &line.file) {
        (Some(thing), _) => format!("{} {}", thing.kind(), thing.name()),
        (None, Some(file)) => format!("file {}", file.display()),
        (None, None) => String::new(),
    };
    format!("{sign} {}  {}", one_line(&name), paint.dim(&one_line(&line.text)))
}

fn document(run: &Generation) -> Value {
    json!({
        "run": run.number,
        "time": run.time(),
        "commands": run.commands(),
        "finished": run.is_done,
        "undid": run.undid(),
        "bytes": run.size,
        "changes": changes(&net(&run.parts)),
        "files": files(&net(&run.parts)),
    })
}

/// Returns what became of things, as the JSON of a plan has it.
fn changes(lines: &[Line]) -> Vec<Value> {
    let change = |line: &Line| {
        let thing = line.thing.as_ref()?;
        let mut out = json!({
            "action": action(line),
            "kind": thing.kind(),
            "name": thing.name(),
        });
        if !matches!(thing, Thing::Marketplace { .. }) {
            out["scope"] = thing.scope().as_str().into();
        }
        out["detail"] = line.text.clone().into();
        Some(out)
    };
    lines.iter().filter_map(change).collect()
}

/// Returns what became of files that were written for their own sake.
fn files(lines: &[Line]) -> Vec<Value> {
    let file = |line: &Line| {
        let path = line.file.as_ref()?;
        Some(json!({ "action": action(line), "path": path, "detail": line.text }))
    };
    lines.iter().filter_map(file).collect()
}

fn action(line: &Line) -> &'static str {
    match line.became {
        Became::Added => "add",
        Became::Changed => "change",
        Became::Removed => "remove",
    }
}

/// Shows what some plans changed together: things, and the values in files by their names alone.
fn differences(from: u32, to: u32, parts: &[&Part], args: &Args, env: &Env, ui: Ui) {
    let lines = net(parts.iter().copied());
    let mut values: Vec<(String, String)> = Vec::new();
    for file in parts.iter().flat_map(|part| &part.files) {
        for value in file.values.iter().flatten() {
            let row = (file.path.display().to_string(), value.path.join("."));
            if !values.contains(&row) {
                values.push(row);
            }
        }
    }
    if args.json {
        let value = |(file, key): &(String, String)| json!({ "file": file, "key": key });
        ui.json(&json!({
            "schema": "zskills/history-diff/1",
            "from": from,
            "to": to,
            "changes": changes(&lines),
            "files": files(&lines),
            "values": values.iter().map(value).collect::<Vec<_>>(),
        }));
        return;
    }
    let mut out = String::new();
    for line in &lines {
        writeln!(out, "{}", row(line, ui.out)).expect("strings take text");
    }
    for (file, key) in &values {
        writeln!(out, "  {}: {}", one_line(file), one_line(key)).expect("strings take text");
    }
    ui.page(&out, &env.pager);
    if lines.is_empty() {
        ui.talk("nothing changed");
    }
}

/// Returns a command line for the history: what may be a secret is left out.
pub fn command_line(words: &[std::ffi::OsString]) -> String {
    let mut shown = vec!["zskills".to_owned()];
    let mut before = String::new();
    for word in words.iter().skip(1).map(|word| word.to_string_lossy()) {
        let given = ["--env", "--header", "-e", "-H"].contains(&before.as_str());
        let flag = word.split_once('=').filter(|(name, _)| ["--env", "--header"].contains(name));
        shown.push(match flag {
            _ if given => without_value(&word),
            Some((name, value)) => format!("{name}={}", without_value(value)),
            None => redact_url(&without_secret(&before, &word)),
        });
        before = word.into_owned();
    }
    let quoted = |word: &String| {
        if word.contains([' ', '\'', '"']) { format!("{word:?}") } else { word.clone() }
    };
    shown.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Returns `NAME=value` or `Name: value` without the value.
fn without_value(word: &str) -> String {
    match word.find(['=', ':']) {
        Some(at) => format!("{}…", &word[..=at]),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_kept_without_what_it_hands_over() {
        let check = |line: &str, expected: &str| {
            let words: Vec<_> = line.split(' ').map(Into::into).collect();
            assert_eq!(command_line(&words), expected);
        };
        check("/bin/zskills sync --yes", "zskills sync --yes");
        check("z install --mcp x --env A=hunter2 -- y", "zskills install --mcp x --env A=… -- y");
        check("z install --env=A=hunter2", "zskills install --env=A=…");
        check(
            "z install --header Authorization:hunter2",
            "zskills install --header Authorization:…",
        );
        let token = format!("ghp_{}", "aB3".repeat(12));
        check(&format!("z install x --token {token}"), "zskills install x --token …");
        let words: Vec<_> = ["z", "search", "pull request"].map(Into::into).into();
        assert_eq!(command_line(&words), "zskills search \"pull request\"");
    }
}
