//! `zskills search`: words in the catalogs of registered marketplaces, without the network, and in
//! remote indexes where somebody has registered one.

use std::fmt::Write as _;
use std::rc::Rc;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exit;
use super::agent_skills::install::Manner;
use super::agent_skills::search as here;
use super::flags::Flags;
use super::install::{self, Wanted};
use super::marketplace::BEGIN;
use super::remote::{self, RemoteSkill};
use crate::cli::flags::RUN;
use crate::content::catalog::{self, Hit, Kind, Query, Rank};
use crate::flow::registered::{self, Registered};
use crate::machine::env::Env;
use crate::machine::index::{self, IndexHit};
use crate::machine::parallel;
use crate::machine::terminal::pick::{Line, List};
use crate::machine::terminal::{Paint, Ui, one_line};
use crate::model::{Scope, Source, redact_url};

/// Look for plugins and skills in the registered marketplaces and in the sources of skills
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Words that all have to be there
    #[arg(value_name = "QUERY", required = true)]
    query: Vec<String>,
    /// At most this many of each marketplace
    #[arg(long, value_name = "N", default_value_t = 25)]
    limit: usize,
    /// Choose from the hits and install them
    #[arg(short, long, conflicts_with = "json")]
    interactive: bool,
    /// Print one JSON array
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let registered = registered::read(&env.roots)?;
    let words = args.query.join(" ");
    let query = Query::new(&words);
    let rows =
        ranked(search(&query, &registered, args.limit), here::search(&query, args.limit, env, ui));
    let is_bare = registered.is_empty() && rows.is_empty() && !args.json;
    if is_bare && index::read(&env.roots)?.urls.is_empty() {
        bail!("no marketplace is registered\nhint: {BEGIN}");
    }
    let mut shown = text(&rows, ui.out);
    // What is at hand need not wait for an index.
    if !args.interactive && !args.json && !ui.needs_pager(&shown) {
        ui.data(&shown);
        shown.clear();
    }
    let (found, notes) = remote::search(&words, args.limit, env);
    for note in &notes {
        ui.note(note);
    }
    if args.interactive {
        return choose(&rows, found, env, ui);
    }
    if args.json {
        let rows = rows.iter().map(Row::json).chain(found.iter().map(found_json));
        ui.json(&Value::Array(rows.collect()));
    } else if rows.is_empty() && found.is_empty() {
        ui.talk(&format!("nothing in {} marketplaces", registered.len()));
    } else {
        shown.push_str(&found_text(&found, ui.out));
        ui.page(&shown, &env.pager);
    }
    Ok(Exit::Done)
}

/// What is found on this machine.
enum Row<'a> {
    /// With `owner/repo`, where the marketplace is from GitHub.
    Listed {
        market: &'a Registered,
        repo: Option<Rc<str>>,
        hit: Hit,
    },
    Skill(here::Hit),
}

/// Returns all of them, the best first.
fn ranked(listed: Vec<Row<'_>>, skills: Vec<here::Hit>) -> Vec<Row<'_>> {
    let mut rows = listed;
    rows.extend(skills.into_iter().map(Row::Skill));
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    rows
}

/// Returns the hits of all catalogs, the best first. A catalog that cannot be read has none.
fn search<'a>(query: &Query, registered: &'a [Registered], limit: usize) -> Vec<Row<'a>> {
    let of = |market: &Registered| {
        let file = market.file();
        let bytes = market.bytes().filter(|bytes| query.may_be_in(bytes))?;
        let mut hits = catalog::search(query, &file, &bytes);
        hits.truncate(limit);
        Some(hits)
    };
    let found = parallel::map(registered, of);
    registered
        .iter()
        .zip(found)
        .filter_map(|(market, hits)| Some((market, hits?)))
        .flat_map(|(market, hits)| {
            let repo = match market.source() {
                Some(Source::GitHub { repo, .. }) if !hits.is_empty() => Some(Rc::from(repo)),
                _ => None,
            };
            hits.into_iter().map(move |hit| Row::Listed { market, repo: repo.clone(), hit })
        })
        .collect()
}

impl Row<'_> {
    fn order(&self) -> (Rank, &str, &str) {
        match self {
            Self::Listed { market, hit, .. } => (hit.rank, &hit.name, &market.name),
            Self::Skill(hit) => (hit.rank, &hit.name, &hit.source),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Listed { market, repo, hit } => {
                let mut row = json!({
                    "kind": match hit.kind {
                        Kind::Plugin => "plugin",
                        Kind::Skill => "skill",
                    },
                    "name": hit.name,
                    "description": hit.description,
                    "marketplace": market.name,
                    "plugin": id(market, hit),
                });
                if let Some(repo) = repo {
                    row["source_repo"] = json!(**repo);
                }
                row
            }
            Self::Skill(hit) => {
                let mut row = json!({
                    "kind": "skill",
                    "name": hit.name,
                    "description": hit.description,
                    "marketplace": redact_url(&hit.source),
                    "installed": hit.is_installed,
                });
                if let Some(repo) = &hit.repo {
                    row["source_repo"] = json!(repo);
                }
                row
            }
        }
    }
}

/// Returns the plugin to install.
fn id(market: &Registered, hit: &Hit) -> String {
    format!("{}@{}", hit.plugin, market.name)
}

fn text(rows: &[Row], paint: Paint) -> String {
    rows.iter().fold(String::new(), |mut out, row| {
        let (title, within, description) = match row {
            Row::Listed { market, hit, .. } => {
                let within = match hit.kind {
                    Kind::Plugin => String::new(),
                    Kind::Skill => format!("skill {}", one_line(&hit.name)),
                };
                (id(market, hit), within, &hit.description)
            }
            Row::Skill(hit) => {
                let state = if hit.is_installed { "installed" } else { "not installed" };
                let source = one_line(&redact_url(&hit.source));
                (hit.name.clone(), format!("skill of {source}, {state}"), &hit.description)
            }
        };
        let gap = if within.is_empty() { "" } else { "  " };
        writeln!(out, "{}{gap}{}", paint.bold(&one_line(&title)), paint.dim(&within))
            .expect("strings take text");
        out.push_str(&about(description));
        out
    })
}

fn about(description: &str) -> String {
    let about = one_line(description);
    if about.is_empty() {
        return String::new();
    }
    let cut: String = about.chars().take(100).collect();
    let more = if cut.len() < about.len() { "…" } else { "" };
    format!("    {cut}{more}\n")
}

fn found_json(found: &RemoteSkill) -> Value {
    let mut row = json!({
        "kind": "skill",
        "name": found.hit.name.as_str(),
        "description": found.hit.description,
        "marketplace": found.index,
        "source_repo": found.hit.repo,
    });
    if let Some(installs) = found.hit.installs {
        row["installs"] = json!(installs);
    }
    row
}

fn found_text(found: &[RemoteSkill], paint: Paint) -> String {
    found.iter().fold(String::new(), |mut out, RemoteSkill { index, hit }| {
        let installs = hit.installs.map(|n| format!(", {n} installs")).unwrap_or_default();
        let place = format!("skill of {} in {}{installs}", hit.repo, one_line(index));
        writeln!(out, "{}  {}", paint.bold(hit.name.as_str()), paint.dim(&place))
            .expect("strings take text");
        out.push_str(&about(&hit.description));
        out
    })
}

/// Returns the skill of a repository that is known here and not installed.
fn to_install(row: &Row) -> Option<RemoteSkill> {
    let Row::Skill(hit) = row else { return None };
    let (repo, name) = (hit.repo.clone()?, hit.name.parse().ok()?);
    let description = hit.description.clone();
    (!hit.is_installed).then(|| RemoteSkill {
        index: hit.source.clone(),
        hit: IndexHit { name, repo, description, installs: None },
    })
}

fn choose(rows: &[Row], mut found: Vec<RemoteSkill>, env: &Env, ui: Ui) -> Result<Exit> {
    found.splice(0..0, rows.iter().filter_map(to_install));
    // One word: that is what a line is known by.
    let of = |found: &RemoteSkill| format!("{}@{}", found.hit.name, found.hit.repo);
    let here = rows.iter().filter_map(|row| match row {
        Row::Listed { market, hit, .. } => Some(Line::new(&id(market, hit), &hit.description)),
        Row::Skill(_) => None,
    });
    let beyond = found.iter().map(|found| Line::new(&of(found), &found.hit.description));
    let mut lines: Vec<Line> = here.chain(beyond).collect();
    lines.dedup_by(|a, b| a.name == b.name);
    let what = "plugins and skills to install";
    let chosen = List { what, lines, query: "", picker: env.picker }.some(ui)?;
    let (beyond, here): (Vec<String>, Vec<String>) =
        chosen.into_iter().partition(|line| found.iter().any(|found| of(found) == *line));
    let flags = Flags { file: None, dry_run: false, offline: false, yes: false, json: false };
    let hits = found.into_iter().filter(|found| beyond.contains(&of(found)));
    let skills = remote::by_repository(hits.map(|found| found.hit));
    if here.is_empty() && skills.is_empty() {
        return Ok(Exit::Done);
    }
    let manner = Manner { interactive: false, no_save: false };
    let wanted = Wanted { plugins: here, skills, ..Wanted::default() };
    install::install(wanted, Scope::User, manner, &flags, env, ui)
}
