//! `zskills search`: words in the catalogs of registered marketplaces, without the network, and in
//! remote indexes where somebody has registered one.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exit;
use super::agent_skills::install::{self as skills, Manner};
use super::install;
use super::remote::{self, Found};
use super::verb::Flags;
use crate::catalog::{self, Hit, Kind, Query};
use crate::catalogs::{self, Registered};
use crate::env::Env;
use crate::index;
use crate::model::{Scope, Source};
use crate::parallel;
use crate::ui::{Paint, Ui, pick, plain};

/// Look for plugins in the registered marketplaces
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Words that all have to be there
    #[arg(value_name = "QUERY", required = true)]
    query: Vec<String>,
    /// At most this many of each marketplace
    #[arg(long, value_name = "N", default_value_t = 25)]
    limit: usize,
    /// Choose from the hits and install them
    #[arg(short, long)]
    interactive: bool,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let registered = catalogs::read(&env.roots)?;
    let indexes = index::read(&env.roots)?.urls.len();
    if registered.is_empty() && indexes == 0 && !args.json {
        bail!(
            "no marketplace is registered\nhint: `zskills marketplace add-recommended`, or \
             `zskills marketplace add <source>`"
        );
    }
    let words = args.query.join(" ");
    let rows = search(&Query::new(&words), &registered, args.limit);
    // What is at hand need not wait for an index.
    if !args.interactive && !args.json {
        ui.data(&text(&rows, ui.out));
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
        ui.data(&found_text(&found, ui.out));
    }
    Ok(Exit::Done)
}

struct Row<'a> {
    market: &'a Registered,
    hit: Hit,
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
    let mut rows: Vec<Row> = registered
        .iter()
        .zip(found)
        .flat_map(|(market, hits)| {
            hits.unwrap_or_default().into_iter().map(move |hit| Row { market, hit })
        })
        .collect();
    rows.sort_by(|a, b| {
        (a.hit.rank, &a.hit.name, &a.market.name).cmp(&(b.hit.rank, &b.hit.name, &b.market.name))
    });
    rows
}

impl Row<'_> {
    fn id(&self) -> String {
        format!("{}@{}", self.hit.plugin, self.market.name)
    }

    fn json(&self) -> Value {
        let mut row = json!({
            "kind": match self.hit.kind {
                Kind::Plugin => "plugin",
                Kind::Skill => "skill",
            },
            "name": self.hit.name,
            "description": self.hit.description,
            "marketplace": self.market.name,
            "plugin": self.id(),
        });
        if let Some(Source::GitHub { repo, .. }) = self.market.source() {
            row["source_repo"] = json!(repo);
        }
        row
    }
}

fn text(rows: &[Row], paint: Paint) -> String {
    rows.iter().fold(String::new(), |mut out, row| {
        let within = match row.hit.kind {
            Kind::Plugin => String::new(),
            Kind::Skill => format!("  {}", paint.dim(&format!("skill {}", plain(&row.hit.name)))),
        };
        writeln!(out, "{}{within}", paint.bold(&plain(&row.id()))).expect("strings take text");
        out.push_str(&about(&row.hit.description));
        out
    })
}

fn about(description: &str) -> String {
    let about = plain(description).replace(['\n', '\t'], " ");
    if about.is_empty() {
        return String::new();
    }
    let cut: String = about.chars().take(100).collect();
    let more = if cut.len() < about.len() { "…" } else { "" };
    format!("    {cut}{more}\n")
}

fn found_json(found: &Found) -> Value {
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

fn found_text(found: &[Found], paint: Paint) -> String {
    found.iter().fold(String::new(), |mut out, Found { index, hit }| {
        let installs = hit.installs.map(|n| format!(", {n} installs")).unwrap_or_default();
        let place = format!("skill of {} in {}{installs}", hit.repo, plain(index));
        writeln!(out, "{}  {}", paint.bold(hit.name.as_str()), paint.dim(&place))
            .expect("strings take text");
        out.push_str(&about(&hit.description));
        out
    })
}

fn choose(rows: &[Row], found: Vec<Found>, env: &Env, ui: Ui) -> Result<Exit> {
    // One word: that is what a line is known by.
    let of = |found: &Found| format!("{}@{}", found.hit.name, found.hit.repo);
    let here = rows.iter().map(|row| (row.id(), row.hit.description.clone()));
    let beyond = found.iter().map(|found| (of(found), found.hit.description.clone()));
    let mut lines: Vec<(String, String)> = here.chain(beyond).collect();
    lines.dedup_by(|a, b| a.0 == b.0);
    let chosen = pick::pick("plugins and skills to install", &lines, env.no_fzf, ui)?;
    let (beyond, here): (Vec<String>, Vec<String>) =
        chosen.into_iter().partition(|line| found.iter().any(|found| of(found) == *line));
    let flags = Flags { file: None, dry_run: false, offline: false, yes: false, json: false };
    let mut end = Exit::Done;
    if !here.is_empty() {
        end = install::install(&here, Scope::User, false, &flags, env, ui)?;
    }
    if !beyond.is_empty() {
        let hits = found.into_iter().filter(|found| beyond.contains(&of(found)));
        let wanted = remote::by_repository(hits.map(|found| found.hit));
        let manner = Manner { interactive: false, no_save: false };
        let then = skills::install(&wanted, manner, &flags, env, ui)?;
        end = if end == Exit::Done { then } else { end };
    }
    Ok(end)
}
