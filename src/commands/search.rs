//! `zskills search`: words in the catalogs of registered marketplaces, without the network.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exit;
use super::install;
use super::verb::Flags;
use crate::catalog::{self, Hit, Kind, Query};
use crate::catalogs::{self, Registered};
use crate::env::Env;
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
    if registered.is_empty() && !args.json {
        bail!(
            "no marketplace is registered\nhint: `zskills marketplace add-recommended`, or \
             `zskills marketplace add <source>`"
        );
    }
    let query = Query::new(&args.query.join(" "));
    let rows = search(&query, &registered, args.limit);
    if args.interactive {
        return choose(&rows, env, ui);
    }
    if args.json {
        ui.json(&Value::Array(rows.iter().map(Row::json).collect()));
    } else if rows.is_empty() {
        ui.talk(&format!("nothing in {} marketplaces", registered.len()));
    } else {
        ui.data(&text(&rows, ui.out));
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
        let about = plain(&row.hit.description).replace(['\n', '\t'], " ");
        if !about.is_empty() {
            let cut: String = about.chars().take(100).collect();
            let more = if cut.len() < about.len() { "…" } else { "" };
            writeln!(out, "    {cut}{more}").expect("strings take text");
        }
        out
    })
}

fn choose(rows: &[Row], env: &Env, ui: Ui) -> Result<Exit> {
    let mut lines: Vec<(String, String)> =
        rows.iter().map(|row| (row.id(), row.hit.description.clone())).collect();
    lines.dedup_by(|a, b| a.0 == b.0);
    let chosen = pick::pick("plugins to install", &lines, env.no_fzf, ui)?;
    if chosen.is_empty() {
        return Ok(Exit::Done);
    }
    let flags = Flags { file: None, dry_run: false, offline: false, yes: false, json: false };
    install::install(&chosen, Scope::User, false, &flags, env, ui)
}
