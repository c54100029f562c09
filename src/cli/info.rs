//! `zskills info`: everything about one thing: where it is written, where it is from, what it brings.

mod other;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use super::{Exit, which};
use crate::cli::flags::RUN;
use crate::clients::plugin_layout;
use crate::content::catalog::{Entry, EntrySource};
use crate::content::powers::{self, Tree};
use crate::content::skill::frontmatter;
use crate::declared::lock::LockedPlugin;
use crate::flow::names::Known;
use crate::flow::registered::{self, Registered};
use crate::flow::{Declared, manifest, observe};
use crate::machine::env::Env;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::{self, Limits};
use crate::machine::terminal::{Paint, Ui, one_line};
use crate::model::{Client, InstallRecord, PluginId, Row, State};

/// Show everything about one plugin, skill or MCP server
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`, or the name of a skill or server (`mcp:name`)
    #[arg(value_name = "NAME")]
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
    let state = observe::state(&env.roots)?;
    let registered = registered::registered(&state);
    let here = Known::here(&declared, &state, &env.roots);
    let here = here.find(&which::one(&args.name, &here, env, ui)?, "here");
    if here.is_err()
        && let Some(other) = other::about(&args.name, &declared, env)?
    {
        if args.json {
            ui.json(&other.json());
        } else {
            ui.page(&other.text(ui.out), &env.pager);
        }
        return Ok(Exit::Done);
    }
    let listed = || -> Result<_> {
        let listed = Known::listed(registered::plugins(&registered));
        let name = which::one(&args.name, &listed, env, ui)?;
        Ok(listed.find(&name, "here or listed in a registered marketplace"))
    };
    let id = here.map_or_else(|_| listed(), |id| Ok(Ok(id)))?.map_err(|note| {
        let hint = note.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        anyhow::anyhow!("`{}` {}{hint}", note.about, note.text)
    })?;
    let about = About::of(&id, &declared, &state, &registered);
    if args.json {
        ui.json(&about.json());
    } else {
        ui.page(&about.text(ui.out), &env.pager);
    }
    Ok(Exit::Done)
}

/// What is known about a plugin.
struct About {
    id: PluginId,
    /// `file:line` of each entry in the manifest.
    written: Vec<String>,
    source: Option<String>,
    entry: Option<Entry>,
    records: Vec<(String, InstallRecord)>,
    locked: Option<LockedPlugin>,
    tree: Option<Folder>,
}

/// A plugin's folder.
struct Folder {
    root: PathBuf,
    files: usize,
    bytes: u64,
    /// In words, by weight.
    brings: Vec<String>,
    /// Characters that the model reads all the time, and when everything is used.
    always: usize,
    used: usize,
}

impl About {
    fn of(id: &PluginId, declared: &Declared, state: &State, registered: &[Registered]) -> Self {
        let written = declared.intent.plugins.iter().filter(|wanted| wanted.id == *id);
        let written = written
            .map(|wanted| format!("{}:{}", declared.intent.manifest.display(), wanted.at.line))
            .collect();
        let market = registered.iter().find(|m| m.name == id.marketplace.as_str());
        let catalog = market.and_then(|market| market.catalog().ok());
        let entry = catalog.and_then(|catalog| catalog.entry(id.plugin.as_str()).cloned());
        let records = records(id, state);
        let installed = records.first().map(|(_, record)| record.install_path.clone());
        let root = installed.filter(|path| disk::is_dir(path)).or_else(|| {
            let EntrySource::Folder { path } = &entry.as_ref()?.source else { return None };
            Some(market?.known.install_location.join(path))
        });
        let tree = root.and_then(|root| Folder::read(&root, id, entry.as_ref()));
        Self {
            id: id.clone(),
            written,
            source: entry.as_ref().map(|entry| source(&entry.source)),
            locked: declared.lock.plugins.get(id).cloned(),
            entry,
            records,
            tree,
        }
    }

    fn json(&self) -> Value {
        let records: Vec<Value> = self
            .records
            .iter()
            .map(|(scope, record)| {
                json!({
                    "scope": scope,
                    "version": record.version,
                    "commit": record.commit,
                    "path": record.install_path,
                    "installed_at": record.installed_at,
                    "auto": record.auto,
                })
            })
            .collect();
        let tree = self.tree.as_ref().map(|tree| {
            json!({
                "path": tree.root,
                "files": tree.files,
                "bytes": tree.bytes,
                "brings": tree.brings,
                "tokens_always": tokens(tree.always),
                "tokens_used": tokens(tree.used),
            })
        });
        json!({
            "schema": "zskills/info/1",
            "kind": "plugin",
            "id": self.id.to_string(),
            "description": self.entry.as_ref().and_then(|entry| entry.description.clone()),
            "manifest": self.written,
            "source": self.source,
            "installed": records,
            "locked": self.locked.as_ref().map(|locked| json!({
                "version": locked.version,
                "commit": locked.commit.as_ref().map(ToString::to_string),
                "tree": locked.tree.to_string(),
            })),
            "tree": tree,
        })
    }

    fn text(&self, paint: Paint) -> String {
        let mut out = format!("{}\n", paint.bold(&self.id.to_string()));
        let mut line = |name: &str, text: &str| {
            writeln!(out, "  {name:<10} {}", one_line(text)).expect("strings take text");
        };
        if let Some(text) = self.entry.as_ref().and_then(|entry| entry.description.as_deref()) {
            line("about", text);
        }
        match self.written.as_slice() {
            [] => line("manifest", "not in it"),
            places => places.iter().for_each(|place| line("manifest", place)),
        }
        line("source", self.source.as_deref().unwrap_or("not listed by its marketplace"));
        for (scope, record) in &self.records {
            let version = record.version.as_deref().unwrap_or("unknown");
            let commit = record.commit.as_deref().and_then(|commit| commit.get(..12));
            let commit = commit.map(|commit| format!(" at {commit}")).unwrap_or_default();
            line("installed", &format!("{version}{commit}, {scope} scope"));
        }
        if self.records.is_empty() {
            line("installed", "no");
        }
        if let Some(tree) = &self.tree {
            line("folder", &tree.root.display().to_string());
            line("size", &format!("{} files, {}", tree.files, size(tree.bytes)));
            line(
                "context",
                &format!(
                    "about {} tokens all the time, {} when all of it is used",
                    tokens(tree.always),
                    tokens(tree.used)
                ),
            );
            for brought in &tree.brings {
                line("brings", brought);
            }
        }
        out
    }
}

fn records(id: &PluginId, state: &State) -> Vec<(String, InstallRecord)> {
    let id = id.to_string();
    let record = |row: Row<&InstallRecord>| {
        let place = row.reach.project().map(|project| format!(" ({})", project.display()));
        (format!("{}{}", row.reach, place.unwrap_or_default()), row.record.clone())
    };
    state.plugins().filter(|row| row.name == id).map(record).collect()
}

fn source(source: &EntrySource) -> String {
    let at = |reference: &Option<String>| {
        reference.as_ref().map(|reference| format!(" at {reference}")).unwrap_or_default()
    };
    let shown = match source {
        EntrySource::Folder { path } => format!("./{path} of its marketplace"),
        EntrySource::Git { url, reference, .. } => format!("{url}{}", at(reference)),
        EntrySource::GitHub { repo, reference, .. } => {
            format!("https://github.com/{repo}{}", at(reference))
        }
        EntrySource::Subdir { url, path, reference, .. } => {
            format!("{path} of {url}{}", at(reference))
        }
        EntrySource::Npm { package, version, .. } => {
            format!("npm package {package}{}", at(version))
        }
        EntrySource::Archive { url, .. } => url.clone(),
        EntrySource::Unsupported { reason } => format!("unusable: {reason}"),
    };
    crate::model::redact_url(&shown)
}

impl Folder {
    /// Reads a plugin's folder; one that must not be used is not described.
    fn read(root: &Path, id: &PluginId, entry: Option<&Entry>) -> Option<Self> {
        let (files, bytes) = tree::contents(root, Limits::DEFAULT).ok()?;
        let read = |path: &str| {
            disk::read(&root.join(path), Most::TEXT).map_err(|error| error.to_string())
        };
        let is_there = |path: &str| files.iter().any(|file| file.path == path);
        let manifest = plugin_layout(Client::TARGET).manifest_file(&is_there);
        let tree = Tree { manifest, files: &files, read: &read };
        let brought = powers::of_plugin(tree, id.plugin.as_str(), entry.map(|entry| &entry.raw));
        let brings = brought.map_or_else(|error| vec![error.to_string()], |all| all.lines());
        let documents = files.iter().filter(|file| is_document(&file.path));
        let (mut always, mut used) = (0, 0);
        for bytes in documents.filter_map(|file| read(&file.path).ok().flatten()) {
            let best = frontmatter::read(&bytes).best;
            let texts = [best.name, best.description];
            always += texts.iter().flatten().map(|text| text.chars().count()).sum::<usize>();
            used += String::from_utf8_lossy(&bytes).chars().count();
        }
        Some(Self { root: root.to_owned(), files: files.len(), bytes, brings, always, used })
    }
}

/// What the model gets to read: skills, agents and commands.
fn is_document(path: &str) -> bool {
    let markdown = Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("md"));
    path.ends_with("/SKILL.md")
        || path == "SKILL.md"
        || (markdown && (path.starts_with("agents/") || path.starts_with("commands/")))
}

/// About four characters of English make a token.
fn tokens(characters: usize) -> usize {
    characters.div_ceil(4)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1_048_576)),
    }
}
