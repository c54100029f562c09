//! `zskills why`: which entry decides about a name, and why the others do not.

mod skills;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exit;
use super::list::servers;
use crate::cli::flags::RUN;
use crate::clients::{self, Effect, Holder, Place, ServerEntry};
use crate::flow::observe::Snapshot;
use crate::flow::plugin_servers::all_servers;
use crate::flow::{Declared, manifest, observe};
use crate::formats::json::{self, Key};
use crate::machine::env::Env;
use crate::machine::store::disk;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Paint, Ui, one_line};
use crate::model::{
    Client, Files, InstallRecord, Item, Position, Roots, Row, State, did_you_mean, position,
};

/// Say which file and line decides about a server, plugin or skill
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of a server or skill, or of a plugin with or without its marketplace; or the folder of
    /// a skill or plugin
    name: String,
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = manifest::declared_or_none(args.file.as_deref(), env)?;
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let snapshot = observe::observe(&env.roots, &declared.lock, &mut fingerprints)?;
    let server_entries = all_servers(&env.roots, &snapshot);
    let name = named(&args.name, env, &snapshot);
    let case = Case { name: &name, roots: &env.roots, declared: &declared, snapshot: &snapshot };
    // One name may be a server and a plugin.
    let mut reasons: Vec<Reason> = case.server(&server_entries).into_iter().collect();
    reasons.extend(case.plugins());
    reasons.extend(case.skills());
    if reasons.is_empty() {
        return unknown(&case, &server_entries);
    }
    if args.json {
        let things: Vec<Value> = reasons.iter().map(Reason::json).collect();
        ui.json(&json!({ "schema": "zskills/why/1", "name": name, "reasons": things }));
    } else {
        let texts: Vec<String> = reasons.iter().map(|reason| reason.text(ui.out)).collect();
        ui.page(&texts.join("\n"), &env.pager);
    }
    Ok(Exit::Done)
}

/// Returns the name of what lies in a folder, when a path is given; else what is given.
fn named(text: &str, env: &Env, snapshot: &Snapshot) -> String {
    if !text.contains('/') {
        return text.to_owned();
    }
    let path = disk::normal(&env.roots.resolve(text, &env.roots.cwd));
    let shelves = snapshot.observed.shelves.values();
    let mut folders = shelves.flat_map(|shelf| {
        std::iter::once(&shelf.folder).chain(shelf.clients.values().map(|at| &at.folder))
    });
    let skill = folders.find_map(|folder| {
        let first = path.strip_prefix(folder).ok()?.components().next()?;
        Some(first.as_os_str().to_str()?.to_owned())
    });
    let plugin = || {
        let mut plugins = snapshot.observed.state.plugins();
        let inside = plugins.find(|row| path.starts_with(&row.record.install_path));
        inside.map(|row| row.name.to_owned())
    };
    skill.or_else(plugin).unwrap_or_else(|| text.to_owned())
}

fn unknown(case: &Case, server_entries: &[ServerEntry]) -> Result<Exit> {
    let servers = server_entries.iter().map(|server| server.name.as_str());
    let plugins = plugin_names(&case.snapshot.observed.state);
    let near = did_you_mean(case.name, servers.chain(plugins).chain(case.skill_names()));
    let hint = near.map(|near| format!("\nhint: did you mean `{near}`?")).unwrap_or_default();
    bail!("nothing here is called `{}`{hint}", one_line(case.name))
}

/// Returns the plugins that a client has recorded or switched.
fn plugin_names(state: &State) -> impl Iterator<Item = &str> {
    state.plugins().map(|row| row.name).chain(state.switches().map(|row| row.name))
}

/// What is asked about, and where to look.
struct Case<'a> {
    name: &'a str,
    roots: &'a Roots,
    declared: &'a Declared,
    snapshot: &'a Snapshot,
}

/// Why one thing is as it is: a headline and the places that have a say, the deciding one first.
struct Reason {
    kind: &'static str,
    name: String,
    headline: String,
    places: Vec<Says>,
}

/// One place and what it says.
struct Says {
    file: PathBuf,
    at: Option<Position>,
    text: String,
    decides: bool,
}

impl Case<'_> {
    fn server(&self, server_entries: &[ServerEntry]) -> Option<Reason> {
        let named = |server: &&ServerEntry| {
            server.name == self.name || server.name.ends_with(&format!(":{}", self.name))
        };
        let mut found: Vec<&ServerEntry> = server_entries.iter().filter(named).collect();
        found.sort_by_key(|server| server.effect != Effect::Used);
        let wanted: Vec<_> =
            self.declared.intent.servers.iter().filter(|s| s.name == self.name).collect();
        if found.is_empty() && wanted.is_empty() {
            return None;
        }
        let headline = match found.first() {
            Some(first) if first.effect == Effect::Used => {
                format!("in use from {}: {}", first.place_name(), servers::target(&first.record))
            }
            Some(_) => "not in use".to_owned(),
            None => "not there yet: `zskills sync` brings it".to_owned(),
        };
        let mut places: Vec<Says> = found
            .iter()
            .map(|server| Says {
                file: server.file.clone(),
                at: server.position(&self.snapshot.files),
                text: match server.holder {
                    Holder::Scope(scope) => format!("{scope}: {}", server.effect),
                    Holder::Managed | Holder::Plugin(_) | Holder::Ignored(_) => {
                        format!("{}: {}", server.place_name(), server.effect)
                    }
                },
                decides: server.effect == Effect::Used,
            })
            .collect();
        places.extend(wanted.iter().map(|server| {
            self.wish(server.at, format!("the manifest wants it in {} scope", server.scope))
        }));
        Some(Reason { kind: "mcp server", name: self.name.to_owned(), headline, places })
    }

    fn plugins(&self) -> Vec<Reason> {
        let named = |id: &str| id == self.name || id.split('@').next() == Some(self.name);
        let state = &self.snapshot.observed.state;
        let mut ids: Vec<String> = plugin_names(state)
            .map(str::to_owned)
            .chain(self.declared.intent.plugins.iter().map(|wanted| wanted.id.to_string()))
            .filter(|id| named(id))
            .collect();
        ids.sort();
        ids.dedup();
        ids.iter().map(|id| self.plugin(id, state)).collect()
    }

    fn plugin(&self, id: &str, state: &State) -> Reason {
        let switches = clients::switches(self.roots, state).into_iter();
        let switches: Vec<Row<bool>> = switches.filter(|row| row.name == id).collect();
        let says = |(index, row): (usize, &Row<bool>)| {
            let word = if row.record { "on" } else { "off" };
            let rank = if index == 0 { "decides" } else { "shadowed" };
            let text = format!("{} settings switch it {word}: {rank}", row.reach);
            self.place(&clients::place(self.roots, row.fact), text, index == 0)
        };
        let mut places: Vec<Says> = switches.iter().enumerate().map(says).collect();
        let records: Vec<_> =
            state.plugins_in(&self.roots.project).filter(|row| row.name == id).collect();
        let installed = !records.is_empty();
        places.extend(records.into_iter().map(|row| self.record(row)));
        let marketplace = id.rsplit_once('@').map_or("", |(_, name)| name);
        let registered = state.marketplace(Client::TARGET, marketplace).is_some();
        let fact = Item::Marketplace { name: marketplace.to_owned() }.of(Client::TARGET);
        let says = if registered { "is registered" } else { "is not registered" };
        let says = format!("its marketplace `{marketplace}` {says}");
        places.push(self.place(&clients::place(self.roots, &fact), says, false));
        let wanted = self.declared.intent.plugins.iter().filter(|w| w.id.to_string() == id);
        places.extend(wanted.map(|wanted| {
            let word = if wanted.enabled { "on" } else { "off" };
            self.wish(wanted.at, format!("the manifest wants it {word} in {} scope", wanted.scope))
        }));
        let headline = match (installed, switches.first().map(|row| row.record)) {
            (true, Some(true)) if registered => "active",
            (true, Some(true)) => "installed and on, but its marketplace is not registered",
            (true, Some(false)) => "installed, but off",
            (true, None) => "installed, but nothing switches it on",
            (false, Some(true)) => "switched on, but not installed",
            (false, _) => "not installed",
        };
        Reason { kind: "plugin", name: id.to_owned(), headline: headline.to_owned(), places }
    }

    fn record(&self, row: Row<&InstallRecord>) -> Says {
        let version = row.record.version.as_deref().unwrap_or("unknown");
        let folder = row.record.install_path.display();
        let says = format!("{version} is recorded in {} scope, in `{folder}`", row.reach);
        self.place(&clients::place(self.roots, row.fact), says, false)
    }

    fn place(&self, place: &Place, text: String, decides: bool) -> Says {
        let at = located(&self.snapshot.files, &place.file, &place.path());
        Says { file: place.file.clone(), at, text, decides }
    }

    fn wish(&self, at: Position, text: String) -> Says {
        let file = self.declared.intent.manifest.clone();
        Says { file, at: Some(at), text, decides: false }
    }
}

fn located(files: &Files, file: &Path, path: &[Key]) -> Option<Position> {
    let text = str::from_utf8(files.get(file)?).ok()?;
    Some(position(text, json::locate(text, path)?.start))
}

impl Says {
    fn place(&self) -> String {
        match self.at {
            Some(Position { line, column }) => format!("{}:{line}:{column}", self.file.display()),
            None => self.file.display().to_string(),
        }
    }
}

impl Reason {
    fn text(&self, paint: Paint) -> String {
        let name = paint.bold(&one_line(&self.name));
        let mut out = format!("{name} ({}): {}\n", self.kind, one_line(&self.headline));
        for says in &self.places {
            let mark = if says.decides { paint.green("→") } else { " ".to_owned() };
            writeln!(out, "  {mark} {}", one_line(&says.place())).expect("strings take text");
            writeln!(out, "      {}", one_line(&says.text)).expect("strings take text");
        }
        out
    }

    fn json(&self) -> Value {
        let places: Vec<Value> = self
            .places
            .iter()
            .map(|says| {
                json!({
                    "file": says.file,
                    "line": says.at.map(|at| at.line),
                    "column": says.at.map(|at| at.column),
                    "says": says.text,
                    "decides": says.decides,
                })
            })
            .collect();
        json!({ "kind": self.kind, "name": self.name, "state": self.headline, "places": places })
    }
}
