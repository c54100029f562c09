//! `zskills marketplace list`: the client's registry, and what we know beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::Exit;
use crate::cli::flags::RUN;
use crate::clients::plugin_layout;
use crate::flow::registered::{self, Registered};
use crate::flow::{Declared, manifest};
use crate::machine::env::Env;
use crate::machine::fetch;
use crate::machine::index;
use crate::machine::store::disk::{self, Most};
use crate::machine::terminal::{Bars, Paint, Ui, one_line};
use crate::model::{Client, REMOTE_INDEX, RegistrySource, Source, Thing, redact_url};

/// List registered marketplaces
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<std::path::PathBuf>,
    /// Ask each source whether it can be reached
    #[arg(long)]
    online: bool,
    /// Print one JSON document: the client's registry with more keys in each entry
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let declared = manifest::declared_or_none(args.file.as_deref(), env)?;
    let owned = manifest::owned(&env.roots)?;
    let registered = registered::read(&env.roots)?;
    let raw = raw(env);
    let reached = if args.online { reached(&registered, env, ui) } else { BTreeMap::new() };
    let mut rows: Vec<Row> = registered
        .iter()
        .map(|market| {
            let thing = Thing::Marketplace { name: market.name.clone() };
            let mut row = Row::new(market, &declared, reached.get(&market.name).copied());
            row.age = age(&market.known.last_updated, env.seconds());
            row.ours = owned.ledger.owns(&env.roots, market.client, &thing);
            row
        })
        .collect();
    let ours = index::read(&env.roots)?.urls;
    let mut indexes = index::in_registry(&raw);
    indexes.extend(ours.clone());
    let row = |(name, url): (&String, &String)| remote_index(name, url, ours.contains_key(name));
    rows.extend(indexes.iter().map(row));
    if args.json {
        ui.json(&document(&rows, &raw));
    } else {
        ui.page(&text(&rows, ui.out), &env.pager);
    }
    Ok(Exit::Done)
}

struct Row {
    name: String,
    source: String,
    commit: Option<String>,
    pin: Option<String>,
    age: Option<Duration>,
    plugins: Option<usize>,
    remote_index: bool,
    reachable: Option<bool>,
    ours: bool,
}

impl Row {
    fn new(market: &Registered, declared: &Declared, reachable: Option<bool>) -> Self {
        let wanted = declared.intent.marketplaces.iter().find(|m| m.name.as_str() == market.name);
        let source = match &market.known.source {
            RegistrySource::Known(source) => source.redacted(),
            RegistrySource::Other { kind, .. } => kind.clone().unwrap_or_else(|| "?".to_owned()),
        };
        Self {
            name: market.name.clone(),
            source,
            commit: market.commit().map(|commit| commit.to_string()),
            pin: wanted.and_then(|wanted| wanted.pin.clone()),
            age: None,
            plugins: market.catalog().ok().map(|catalog| catalog.entries.len()),
            remote_index: false,
            reachable,
            ours: false,
        }
    }
}

/// Returns how long ago a marketplace was last refreshed, in seconds that count from 1970.
fn age(updated: &str, now: u64) -> Option<Duration> {
    let updated = humantime::parse_rfc3339_weak(updated).ok()?;
    Duration::from_secs(now).checked_sub(updated.duration_since(SystemTime::UNIX_EPOCH).ok()?)
}

/// Returns the registry as the client has it, with keys that are not ours to know.
fn raw(env: &Env) -> Map<String, Value> {
    let bytes =
        disk::read(&plugin_layout(Client::TARGET).marketplace_registry(&env.roots), Most::CLIENT)
            .ok()
            .flatten();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// A remote index lists no plugins; it is asked by `search` and `install`.
fn remote_index(name: &str, url: &str, ours: bool) -> Row {
    Row {
        name: name.to_owned(),
        source: redact_url(url),
        commit: None,
        pin: None,
        age: None,
        plugins: None,
        remote_index: true,
        reachable: None,
        ours,
    }
}

/// Asks every git source for its tip, and looks whether local ones are there.
fn reached(registered: &[Registered], env: &Env, ui: Ui) -> BTreeMap<String, bool> {
    let bars = Bars::new(ui);
    let options = crate::flow::converge::fetch_options(false, env, &bars);
    let sources: Vec<(&str, Source)> = registered
        .iter()
        .filter_map(|market| Some((market.name.as_str(), market.source()?)))
        .collect();
    let urls: Vec<(&str, String)> =
        sources.iter().filter_map(|(name, source)| Some((*name, source.git_url()?))).collect();
    let asked = urls.iter().map(|(_, url)| (url.as_str(), vec!["HEAD"])).collect();
    let tips = fetch::tips(&asked, &options);
    sources
        .iter()
        .map(|(name, source)| {
            let there = match source {
                Source::Directory { path } | Source::File { path } => disk::exists(path),
                Source::Url { url } => {
                    let request = fetch::Request::Catalog { url: url.clone() };
                    fetch::fetch(&request, &options).is_ok()
                }
                Source::GitHub { .. } | Source::Git { .. } => {
                    source.git_url().is_some_and(|url| tips[url.as_str()].is_ok())
                }
            };
            ((*name).to_owned(), there)
        })
        .collect()
}

/// The client's own entries, so that what reads its file can read this.
fn document(rows: &[Row], raw: &Map<String, Value>) -> Value {
    let mut document = json!({});
    for row in rows {
        let mut entry = match raw.get(&row.name) {
            Some(entry) => entry.clone(),
            None if row.remote_index => {
                json!({ "source": { "source": REMOTE_INDEX, "url": row.source } })
            }
            None => json!({}),
        };
        redact(&mut entry);
        entry["zskillsPin"] = json!(row.pin);
        entry["commit"] = json!(row.commit);
        entry["ageSeconds"] = json!(row.age.map(|age| age.as_secs()));
        entry["plugins"] = json!(row.plugins);
        entry["owner"] = json!(if row.ours { "zskills" } else { "unmanaged" });
        entry["remoteIndex"] = json!(row.remote_index);
        if let Some(reachable) = row.reachable {
            entry["reachable"] = json!(reachable);
        }
        document[&row.name] = entry;
    }
    document
}

fn redact(entry: &mut Value) {
    if let Some(url) = entry.pointer_mut("/source/url")
        && let Some(text) = url.as_str()
    {
        *url = json!(redact_url(text));
    }
}

fn text(rows: &[Row], paint: Paint) -> String {
    if rows.is_empty() {
        return "  (none)\n".to_owned();
    }
    let width = |text: fn(&Row) -> &str| {
        rows.iter().map(|row| one_line(text(row)).chars().count()).max().unwrap_or(0)
    };
    let (names, sources) = (width(|row| &row.name), width(|row| &row.source));
    rows.iter().fold(String::new(), |mut out, row| {
        let (name, source) = (one_line(&row.name), one_line(&row.source));
        write!(out, "  {name:<names$}  {source:<sources$}").expect("strings take text");
        for part in parts(row) {
            write!(out, "  {}", one_line(&part)).expect("strings take text");
        }
        writeln!(out, "  {}", paint.dim(if row.ours { "zskills" } else { "unmanaged" }))
            .expect("strings take text");
        out
    })
}

fn parts(row: &Row) -> Vec<String> {
    let mut parts = Vec::new();
    if row.remote_index {
        parts.push("[remote-index]".to_owned());
    }
    parts.extend(row.commit.as_deref().and_then(|commit| commit.get(..12)).map(str::to_owned));
    parts.extend(row.pin.as_ref().map(|pin| format!("pinned to {pin}")));
    match row.plugins {
        Some(1) => parts.push("1 plugin".to_owned()),
        Some(n) => parts.push(format!("{n} plugins")),
        None if row.remote_index => {}
        None => parts.push("no readable catalog".to_owned()),
    }
    parts.extend(row.age.map(|age| format!("{} old", shown(age))));
    parts.extend(
        row.reachable.map(|yes| if yes { "reachable" } else { "not reachable" }.to_owned()),
    );
    parts
}

fn shown(age: Duration) -> String {
    let minutes = age.as_secs() / 60;
    match (minutes / 60 / 24, minutes / 60, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, _) => format!("{hours} h"),
        (days, _, _) => format!("{days} d"),
    }
}
