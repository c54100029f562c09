//! `zskills why`: which entry decides about a name, and why the others do not.

mod skills;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exit;
use super::list::servers;
use super::session::{self, Declared};
use crate::clients::claude::standing::{Effect, Place, Standing};
use crate::clients::claude::{installed_plugins, known_marketplaces, settings};
use crate::flow::observe::Sight;
use crate::formats::json::{self, Key};
use crate::machine::env::Env;
use crate::machine::store::disk;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Paint, Ui, plain};
use crate::model::{
    Files, InstallRecord, Item, Position, Record, Roots, Scope, State, did_you_mean, position,
};

/// Say which file and line decides about a server, plugin or skill
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of a server or skill, or of a plugin with or without its marketplace; or the folder of
    /// a skill or plugin
    name: String,
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = session::declared_or_none(args.file.as_deref(), env)?;
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let sight = session::sight(env, &declared.lock, &mut fingerprints)?;
    let standings = servers::look(&env.roots, &sight);
    let name = named(&args.name, env, &sight);
    let case = Case { name: &name, roots: &env.roots, declared: &declared, sight: &sight };
    // One name may be a server and a plugin.
    let mut reasons: Vec<Reason> = case.server(&standings).into_iter().collect();
    reasons.extend(case.plugins());
    reasons.extend(case.skills());
    if reasons.is_empty() {
        return unknown(&case, &standings);
    }
    if args.json {
        let things: Vec<Value> = reasons.iter().map(Reason::json).collect();
        ui.json(&json!({ "schema": "zskills/why/1", "name": name, "reasons": things }));
    } else {
        let texts: Vec<String> = reasons.iter().map(|reason| reason.text(ui.out)).collect();
        ui.data(&texts.join("\n"));
    }
    Ok(Exit::Done)
}

/// Returns the name of what lies in a folder, when a path is given; else what is given.
fn named(text: &str, env: &Env, sight: &Sight) -> String {
    if !text.contains('/') {
        return text.to_owned();
    }
    let path = disk::normal(&env.roots.resolve(text, &env.roots.cwd));
    let shelves = sight.observed.shelves.values();
    let skill = shelves.flat_map(|shelf| [&shelf.folder, &shelf.client]).find_map(|folder| {
        let first = path.strip_prefix(folder).ok()?.components().next()?;
        Some(first.as_os_str().to_str()?.to_owned())
    });
    let plugin = || {
        sight.observed.state.iter().find_map(|(item, record)| match (item, record) {
            (Item::Plugin { id, .. }, Record::Plugin(record))
                if path.starts_with(&record.install_path) =>
            {
                Some(id.clone())
            }
            _ => None,
        })
    };
    skill.or_else(plugin).unwrap_or_else(|| text.to_owned())
}

fn unknown(case: &Case, standings: &[Standing]) -> Result<Exit> {
    let servers = standings.iter().map(|standing| standing.name.as_str());
    let plugins = case.sight.observed.state.keys().filter_map(|item| match item {
        Item::Plugin { id, .. } | Item::Enabled { id, .. } => Some(id.as_str()),
        Item::Marketplace { .. }
        | Item::Declared { .. }
        | Item::Server { .. }
        | Item::Skill { .. } => None,
    });
    let near = did_you_mean(case.name, servers.chain(plugins).chain(case.skill_names()));
    let hint = near.map(|near| format!("\nhint: did you mean `{near}`?")).unwrap_or_default();
    bail!("nothing here is called `{}`{hint}", plain(case.name))
}

/// What is asked about, and where to look.
struct Case<'a> {
    name: &'a str,
    roots: &'a Roots,
    declared: &'a Declared,
    sight: &'a Sight,
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
    fn server(&self, standings: &[Standing]) -> Option<Reason> {
        let named = |standing: &&Standing| {
            standing.name == self.name || standing.name.ends_with(&format!(":{}", self.name))
        };
        let mut found: Vec<&Standing> = standings.iter().filter(named).collect();
        found.sort_by_key(|standing| standing.effect != Effect::Used);
        let wanted: Vec<_> =
            self.declared.intent.servers.iter().filter(|s| s.name == self.name).collect();
        if found.is_empty() && wanted.is_empty() {
            return None;
        }
        let headline = match found.first() {
            Some(first) if first.effect == Effect::Used => {
                format!("in use from {}: {}", first.place_name(), servers::target(&first.entry))
            }
            Some(_) => "not in use".to_owned(),
            None => "not there yet: `zskills sync` brings it".to_owned(),
        };
        let mut places: Vec<Says> = found
            .iter()
            .map(|standing| Says {
                file: standing.file.clone(),
                at: standing.position(&self.sight.files),
                text: match standing.place {
                    Place::Scope(scope) => format!("{scope}: {}", standing.effect),
                    Place::Managed | Place::Plugin(_) | Place::Ignored(_) => {
                        format!("{}: {}", standing.place_name(), standing.effect)
                    }
                },
                decides: standing.effect == Effect::Used,
            })
            .collect();
        places.extend(wanted.iter().map(|server| {
            self.wish(server.at, format!("the manifest wants it in {} scope", server.scope))
        }));
        Some(Reason { kind: "mcp server", name: self.name.to_owned(), headline, places })
    }

    fn plugins(&self) -> Vec<Reason> {
        let named = |id: &str| id == self.name || id.split('@').next() == Some(self.name);
        let state = &self.sight.observed.state;
        let mut ids: Vec<String> = state
            .keys()
            .filter_map(|item| match item {
                Item::Plugin { id, .. } | Item::Enabled { id, .. } => Some(id.clone()),
                Item::Marketplace { .. }
                | Item::Declared { .. }
                | Item::Server { .. }
                | Item::Skill { .. } => None,
            })
            .chain(self.declared.intent.plugins.iter().map(|wanted| wanted.id.to_string()))
            .filter(|id| named(id))
            .collect();
        ids.sort();
        ids.dedup();
        ids.iter().map(|id| self.plugin(id, state)).collect()
    }

    fn plugin(&self, id: &str, state: &State) -> Reason {
        let switches: Vec<(Scope, bool)> = Scope::ALL
            .into_iter()
            .rev()
            .filter_map(|scope| match state.get(&Item::Enabled { id: id.to_owned(), scope }) {
                Some(Record::Enabled(on)) => Some((scope, *on)),
                _ => None,
            })
            .collect();
        let mut places: Vec<Says> = switches
            .iter()
            .enumerate()
            .map(|(index, (scope, on))| {
                let word = if *on { "on" } else { "off" };
                let rank = if index == 0 { "decides" } else { "shadowed" };
                let path = [Key::Name("enabledPlugins"), Key::Name(id)];
                let file = settings::path(self.roots, *scope);
                self.place(
                    &file,
                    &path,
                    format!("{scope} settings switch it {word}: {rank}"),
                    index == 0,
                )
            })
            .collect();
        let mut installed = false;
        for (item, record) in state {
            let (Item::Plugin { id: other, scope, project }, Record::Plugin(record)) =
                (item, record)
            else {
                continue;
            };
            if other == id && project.as_ref().is_none_or(|p| *p == self.roots.project) {
                installed = true;
                places.push(self.record(id, *scope, record));
            }
        }
        let marketplace = id.rsplit_once('@').map_or("", |(_, name)| name);
        let registered = state.contains_key(&Item::Marketplace { name: marketplace.to_owned() });
        let file = known_marketplaces::path(self.roots);
        let says = if registered { "is registered" } else { "is not registered" };
        let says = format!("its marketplace `{marketplace}` {says}");
        places.push(self.place(&file, &[Key::Name(marketplace)], says, false));
        let wanted = self.declared.intent.plugins.iter().filter(|w| w.id.to_string() == id);
        places.extend(wanted.map(|wanted| {
            let word = if wanted.enabled { "on" } else { "off" };
            self.wish(wanted.at, format!("the manifest wants it {word} in {} scope", wanted.scope))
        }));
        let headline = match (installed, switches.first()) {
            (true, Some((_, true))) if registered => "active",
            (true, Some((_, true))) => "installed and on, but its marketplace is not registered",
            (true, Some((_, false))) => "installed, but off",
            (true, None) => "installed, but nothing switches it on",
            (false, Some((_, true))) => "switched on, but not installed",
            (false, _) => "not installed",
        };
        Reason { kind: "plugin", name: id.to_owned(), headline: headline.to_owned(), places }
    }

    fn record(&self, id: &str, scope: Scope, record: &InstallRecord) -> Says {
        let version = record.version.as_deref().unwrap_or("unknown");
        let folder = record.install_path.display();
        let says = format!("{version} is recorded in {scope} scope, in `{folder}`");
        let path = [Key::Name("plugins"), Key::Name(id)];
        self.place(&installed_plugins::path(self.roots), &path, says, false)
    }

    fn place(&self, file: &Path, path: &[Key], text: String, decides: bool) -> Says {
        Says { file: file.to_owned(), at: located(&self.sight.files, file, path), text, decides }
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
        let name = paint.bold(&plain(&self.name));
        let mut out = format!("{name} ({}): {}\n", self.kind, plain(&self.headline));
        for says in &self.places {
            let mark = if says.decides { paint.green("→") } else { " ".to_owned() };
            writeln!(out, "  {mark} {}", plain(&says.place())).expect("strings take text");
            writeln!(out, "      {}", plain(&says.text)).expect("strings take text");
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
