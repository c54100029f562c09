//! `zskills list`: what is installed, where, and whose it is.

pub mod servers;
mod skills;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use super::Exit;
use crate::cli::flags::RUN;
use crate::clients::{self, Cost, FileProblem};
use crate::declared::ledger::Ledger;
use crate::declared::lock::Lock;
use crate::flow::plugin_servers::all_servers;
use crate::flow::{manifest, observe};
use crate::machine::env::Env;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Paint, Ui, Verbosity, one_line};
use crate::model::{Client, InstallRecord, Note, Roots, Row, Scope, State, Thing};

/// List plugins, Agent Skills and MCP servers, and whether each is in use
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
    /// Show where each one lies
    #[arg(long)]
    paths: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let snapshot = observe::observe(&env.roots, &Lock::default(), &mut fingerprints)?;
    let owned = manifest::owned(&env.roots)?;
    let plugins = Plugins::sort(&snapshot.in_effect(&env.roots), &env.roots, &owned.ledger);
    let skills = skills::look(&env.roots, &snapshot.observed);
    let servers = all_servers(&env.roots, &snapshot);
    // What costs one server is said beside it.
    let in_the_way =
        |problem: &&FileProblem| matches!(problem.kind.cost(), Cost::File | Cost::Effect);
    let problems: Vec<&FileProblem> = snapshot.problems.iter().filter(in_the_way).collect();
    for problem in &problems {
        ui.fault(&problem.diagnostic);
    }
    if args.json {
        ui.json(&json!({
            "schema": "zskills/list/1",
            "plugins": plugins.json(),
            "agent_skills": skills.json(),
            "mcp_servers": servers::json(&servers, &env.roots, &owned.ledger),
        }));
    } else {
        let detail = Detail { paths: args.paths, commits: ui.verbosity == Verbosity::Verbose };
        let text = [
            plugins.text(detail, ui.out),
            skills.text(detail.commits, detail.paths, ui.out),
            servers::text(&servers, &env.roots, &owned.ledger, args.paths, ui.out),
        ];
        ui.page(&text.concat(), &env.pager);
    }
    if !problems.is_empty() {
        let text = "what stands in a file that the client cannot read is not in effect";
        ui.note(&Note::info("list", text).hint("`zskills doctor` says what is wrong with it"));
    }
    Ok(Exit::Done)
}

/// The plugins of this user and project, by what the client makes of them.
struct Plugins {
    active: Vec<Line>,
    installed_disabled: Vec<Line>,
    enabled_orphan: Vec<Line>,
    installed_orphan: Vec<Line>,
}

struct Line {
    id: String,
    scope: Scope,
    enabled: bool,
    record: Option<InstallRecord>,
    project: Option<PathBuf>,
    ours: bool,
}

#[derive(Clone, Copy)]
struct Detail {
    paths: bool,
    commits: bool,
}

impl Plugins {
    fn sort(state: &State, roots: &Roots, ledger: &Ledger) -> Self {
        let enabled = enabled(state, roots);
        let mut plugins = Self {
            active: Vec::new(),
            installed_disabled: Vec::new(),
            enabled_orphan: Vec::new(),
            installed_orphan: Vec::new(),
        };
        let mut installed = BTreeSet::new();
        for row in state.plugins_in(&roots.project) {
            installed.insert(row.name.to_owned());
            let line = Line {
                id: row.name.to_owned(),
                scope: row.reach.scope(),
                enabled: enabled.get(row.name).is_some_and(|(_, on)| *on),
                record: Some(row.record.clone()),
                project: row.reach.project().map(Path::to_owned),
                ours: ledger.owns(roots, row.client, &row.fact.item.thing()),
            };
            let marketplace = row.name.rsplit_once('@').map_or("", |(_, name)| name);
            if state.marketplace(row.client, marketplace).is_none() {
                plugins.installed_orphan.push(line);
            } else if line.enabled {
                plugins.active.push(line);
            } else {
                plugins.installed_disabled.push(line);
            }
        }
        for (id, (scope, on)) in enabled {
            if on && !installed.contains(&id) {
                let thing = Thing::Plugin { id: id.clone(), reach: roots.reach(scope) };
                let ours = ledger.owns(roots, Client::TARGET, &thing);
                let row = Line { id, scope, enabled: true, record: None, project: None, ours };
                plugins.enabled_orphan.push(row);
            }
        }
        plugins
    }

    fn json(&self) -> Value {
        let rows = |rows: &[Line]| rows.iter().map(Line::json).collect::<Vec<_>>();
        json!({
            "active": rows(&self.active),
            "installed_disabled": rows(&self.installed_disabled),
            "enabled_orphan": rows(&self.enabled_orphan),
            "installed_orphan": rows(&self.installed_orphan),
        })
    }

    fn text(&self, detail: Detail, paint: Paint) -> String {
        let sections = [
            ("Plugins, active", &self.active),
            ("Plugins, installed but disabled", &self.installed_disabled),
            ("Plugins, enabled but not installed", &self.enabled_orphan),
            (
                "Plugins, installed from a marketplace that is not registered",
                &self.installed_orphan,
            ),
        ];
        let mut out = String::new();
        for (title, rows) in sections {
            if rows.is_empty() && title != "Plugins, active" {
                continue;
            }
            writeln!(out, "{}", paint.bold(title)).expect("strings take text");
            if rows.is_empty() {
                out.push_str("  (none)\n");
            }
            let width = rows.iter().map(|row| row.id.chars().count()).max().unwrap_or(0);
            for row in rows {
                out.push_str(&row.text(width, detail, paint));
            }
        }
        out
    }
}

impl Line {
    fn owner(&self) -> &'static str {
        if self.ours { "zskills" } else { "unmanaged" }
    }

    fn json(&self) -> Value {
        let (name, marketplace) = self.id.rsplit_once('@').unwrap_or((&self.id, ""));
        let record = self.record.clone().unwrap_or_default();
        json!({
            "id": self.id,
            "name": name,
            "marketplace": marketplace,
            "scope": self.scope.as_str(),
            "enabled": self.enabled,
            "version": record.version,
            "commit": record.commit,
            "path": self.record.as_ref().map(|record| &record.install_path),
            "project": self.project,
            "owner": self.owner(),
            "auto": record.auto,
        })
    }

    fn text(&self, width: usize, detail: Detail, paint: Paint) -> String {
        let record = self.record.clone().unwrap_or_default();
        let version = record.version.as_deref().unwrap_or("-");
        let pad = " ".repeat(width - self.id.chars().count());
        let mut line = format!(
            "  {}{pad}  {:<14} {:<8} {}",
            one_line(&self.id),
            one_line(version),
            self.scope,
            paint.dim(self.owner())
        );
        if detail.commits
            && let Some(commit) = &record.commit
        {
            line.push_str("  ");
            line.push_str(commit.get(..12).unwrap_or(commit));
        }
        line.push('\n');
        if detail.paths && self.record.is_some() {
            writeln!(line, "      {}", one_line(&record.install_path.display().to_string()))
                .expect("strings take text");
        }
        line
    }
}

/// Returns for each id the scope that decides and what it says.
fn enabled(state: &State, roots: &Roots) -> BTreeMap<String, (Scope, bool)> {
    let decides = |row: Row<bool>| (row.name.to_owned(), (row.reach.scope(), row.record));
    // Of several with one id the last is kept, and that is to be the one that decides.
    clients::switches(roots, state).into_iter().rev().map(decides).collect()
}
