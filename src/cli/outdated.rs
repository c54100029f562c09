//! `zskills outdated`: what an upgrade would bring. Fetches into the cache and changes nothing.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::Exit;
use super::report::Terminal;
use crate::cli::flags::RUN;
use crate::flow::{Ask, Declared, Mode, converge, manifest, observe};
use crate::machine::env::Env;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Paint, Ui, one_line};
use crate::model::{About, Client, InstallRecord, Level, PluginId, Roots, Scope, State};
use crate::resolve::{DesiredPlugin, Movement, Replaced, Resolution};

/// Show what `upgrade` would bring
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<std::path::PathBuf>,
    /// Exit 3 when something is outdated
    #[arg(long, help_heading = RUN)]
    check: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let host = Terminal { ui, json: args.json };
    let read = || manifest::declared(args.file.as_deref(), env);
    let ask = Ask { mode: Mode::Show, movement: Movement::Newest, ..Ask::new(&read) };
    let mut declared = read()?;
    // Servers have no versions.
    declared.intent.servers.clear();
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let snapshot = observe::observe(&env.roots, &declared.lock, &mut fingerprints)?;
    let resolution = converge::resolve(&ask, env, &host, &declared, &snapshot, &mut fingerprints);
    let rows = rows(&declared, &snapshot.observed.state, &resolution, &env.roots);
    // That a plugin is no longer listed is an answer here, and not a failure.
    let listed = |about: &About| !resolution.delisted.keys().any(|id| *about == About::from(id));
    let failed: Vec<_> = resolution
        .notes
        .iter()
        .filter(|note| note.level > Level::Info && listed(&note.about))
        .collect();
    if args.json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        let notes: Vec<Value> = failed.iter().map(|note| crate::plan::note_json(note)).collect();
        ui.json(&json!({ "schema": "zskills/outdated/1", "outdated": rows, "notes": notes }));
    } else {
        ui.page(&text(&rows, ui.out), &env.pager);
        for note in &failed {
            ui.note(note);
        }
        if rows.is_empty() && failed.is_empty() {
            ui.talk("everything is the newest");
        }
    }
    Ok(match failed.iter().map(|note| note.level).max() {
        Some(Level::Refused) => Exit::Refused,
        Some(_) => Exit::Unmet,
        None if args.check && !rows.is_empty() => Exit::Pending,
        None => Exit::Done,
    })
}

/// A plugin that is not the newest.
struct Row {
    id: PluginId,
    scope: Scope,
    current: Option<InstallRecord>,
    news: News,
}

enum News {
    Newer {
        version: String,
        commit: Option<String>,
    },
    /// The version is the same and the bytes are not.
    SameVersion {
        version: String,
        commit: Option<String>,
    },
    Delisted {
        renamed: Option<String>,
    },
}

fn rows(declared: &Declared, state: &State, resolution: &Resolution, roots: &Roots) -> Vec<Row> {
    let wanted = declared.intent.plugins.iter().map(|p| (p.id.clone(), p.scope));
    let delisted = wanted.filter_map(|(id, scope)| {
        let renamed = resolution.delisted.get(&id)?.clone();
        let current = record(state, &id, scope, roots);
        Some(Row { id, scope, current, news: News::Delisted { renamed } })
    });
    let newer = resolution.desired.plugins.iter().filter_map(|((id, scope), plugin)| {
        let current = record(state, id, *scope, roots);
        let news = news(current.as_ref(), plugin)?;
        Some(Row { id: id.clone(), scope: *scope, current, news })
    });
    delisted.chain(newer).collect()
}

fn record(state: &State, id: &PluginId, scope: Scope, roots: &Roots) -> Option<InstallRecord> {
    state.plugin(Client::TARGET, &id.to_string(), &roots.reach(scope)).cloned()
}

fn news(current: Option<&InstallRecord>, plugin: &DesiredPlugin) -> Option<News> {
    let version = plugin.version.clone();
    let commit = plugin.commit.as_ref().map(ToString::to_string);
    let replaces = plugin.bytes.as_ref().and_then(|placement| placement.replaces);
    match current {
        Some(record) if record.version.as_deref() == Some(&version) => {
            (replaces == Some(Replaced::Renewed)).then_some(News::SameVersion { version, commit })
        }
        _ => Some(News::Newer { version, commit }),
    }
}

impl Row {
    fn json(&self) -> Value {
        let current = self.current.clone().unwrap_or_default();
        let (kind, available) = match &self.news {
            News::Newer { version, commit } => {
                ("newer", json!({ "version": version, "commit": commit }))
            }
            News::SameVersion { version, commit } => {
                ("same-version", json!({ "version": version, "commit": commit }))
            }
            News::Delisted { renamed } => ("delisted", json!({ "renamed_to": renamed })),
        };
        json!({
            "id": self.id.to_string(),
            "scope": self.scope.as_str(),
            "what": kind,
            "current": { "version": current.version, "commit": current.commit },
            "available": available,
        })
    }

    fn current(&self) -> String {
        let Some(record) = &self.current else { return "not installed".to_owned() };
        shown(record.version.as_deref().unwrap_or("unknown"), record.commit.as_deref())
    }

    fn available(&self) -> String {
        match &self.news {
            News::Newer { version, commit } => shown(version, commit.as_deref()),
            News::SameVersion { version, commit } => {
                format!("{}, same version, new content", shown(version, commit.as_deref()))
            }
            News::Delisted { renamed: Some(new) } => format!("renamed to {new}"),
            News::Delisted { renamed: None } => "no longer listed".to_owned(),
        }
    }
}

/// A version is often the commit already.
fn shown(version: &str, commit: Option<&str>) -> String {
    match commit.and_then(|commit| commit.get(..12)) {
        Some(commit) if !version.starts_with(commit) => format!("{version} ({commit})"),
        _ => version.to_owned(),
    }
}

fn text(rows: &[Row], paint: Paint) -> String {
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|row| [row.id.to_string(), one_line(&row.current()), one_line(&row.available())])
        .collect();
    let width = |n: usize| cells.iter().map(|row| row[n].chars().count()).max().unwrap_or(0);
    let (ids, currents) = (width(0), width(1));
    cells.iter().fold(String::new(), |mut out, [id, current, available]| {
        let arrow = paint.dim("→");
        writeln!(out, "  {id:<ids$}  {current:<currents$}  {arrow} {available}")
            .expect("strings take text");
        out
    })
}
