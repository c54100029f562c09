//! `zskills install`: plugins into the manifest and onto the machine.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::agent_skills::install::{self as skills, Choice, Manner};
use super::agent_skills::is_source;
use super::flags::{self, Flags};
use super::report::{self, Terminal};
use super::{Exit, remote};
use crate::flow::draft::edited;
use crate::flow::names::Known;
use crate::flow::registered::{self, Registered};
use crate::flow::{Ask, Declared, Host, Prepared, converge, observe};
use crate::machine::env::Env;
use crate::machine::index::{self, IndexHit};
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Ui, pick};
use crate::model::{
    About, Level, Note, PluginId, Position, Scope, SkillName, WantedPlugin, well_known_marketplace,
};
use crate::plan::Named;

const SCHEMA: &str = "zskills/install/1";

/// Install plugins and Agent Skills and write them into the manifest
///
/// A plugin is `name@marketplace`, or `name` where only one registered marketplace lists it. What
/// cannot be had is reported and not written down; the others are installed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`; or for Agent Skills `owner/repo[//path]`, an address, `npm:package`
    /// or a path
    #[arg(value_name = "SPEC")]
    specs: Vec<String>,
    /// Choose from what the registered marketplaces list, or from the skills of a source
    #[arg(short, long, conflicts_with_all = ["all", "skills"])]
    interactive: bool,
    #[command(flatten)]
    choice: Choice,
    /// user, project or local
    #[arg(long, value_parser = flags::scope, default_value = "user")]
    scope: Scope,
    /// Leave the manifest and the lock as they are
    #[arg(long)]
    no_save: bool,
    #[command(flatten)]
    flags: Flags,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let (sources, plugins): (Vec<String>, Vec<String>) =
        args.specs.iter().cloned().partition(|spec| is_source(spec));
    if sources.is_empty() && args.choice.is_made() {
        bail!("`--skill` and `--all` choose among the skills of a source, and none is named");
    }
    let interactive = args.interactive && sources.is_empty();
    let plugins = if interactive { choose(env, ui)? } else { plugins };
    if plugins.is_empty() && sources.is_empty() {
        bail!("nothing is named\nhint: name a plugin, or choose with `-i`");
    }
    let Beyond { plugins, found, notes } = beyond(plugins, &args.flags, env)?;
    let mut skills: Vec<(String, Choice)> =
        sources.into_iter().map(|source| (source, args.choice.clone())).collect();
    skills.extend(remote::by_repository(found));
    for note in &notes {
        ui.note(note);
    }
    let ambiguous = notes.iter().any(|note| note.level > Level::Info);
    let mut ends = vec![if ambiguous { Exit::Unmet } else { Exit::Done }];
    if !plugins.is_empty() {
        ends.push(install(&plugins, args.scope, args.no_save, &args.flags, env, ui)?);
    }
    if !skills.is_empty() {
        let manner = Manner { interactive: args.interactive, no_save: args.no_save };
        ends.push(skills::install(&skills, manner, &args.flags, env, ui)?);
    }
    Ok(ends.into_iter().find(|end| *end != Exit::Done).unwrap_or(Exit::Done))
}

/// What remote indexes know of names that no catalog here lists.
struct Beyond {
    /// The others, and those that nobody knows.
    plugins: Vec<String>,
    found: Vec<IndexHit>,
    notes: Vec<Note>,
}

/// Asks the remote indexes, if there are any, about names that are listed in no catalog here.
fn beyond(specs: Vec<String>, flags: &Flags, env: &Env) -> Result<Beyond> {
    let mut beyond = Beyond { plugins: Vec::new(), found: Vec::new(), notes: Vec::new() };
    if flags.offline || index::read(&env.roots).is_ok_and(|indexes| indexes.urls.is_empty()) {
        beyond.plugins = specs;
        return Ok(beyond);
    }
    let known = Known::listed(registered::plugins(&registered::read(&env.roots)?));
    let listed = |spec: &str| known.ids().any(|id| id.plugin.as_str() == spec);
    for spec in specs {
        let name = spec.parse::<SkillName>().ok().filter(|_| !listed(&spec));
        match name.map(|name| remote::find(&name, env)) {
            Some(Ok((Some(found), notes))) => {
                let from = format!("is in no catalog here; {} has it in", found.index);
                let note = Note::info(spec, format!("{from} `{}`", found.hit.repo));
                beyond.found.push(found.hit);
                beyond.notes.extend(notes.into_iter().chain([note]));
            }
            Some(Ok((None, notes))) => {
                beyond.notes.extend(notes);
                beyond.plugins.push(spec);
            }
            Some(Err(note)) => beyond.notes.push(note),
            None => beyond.plugins.push(spec),
        }
    }
    Ok(beyond)
}

/// Installs what the specs name.
pub fn install(
    specs: &[String],
    scope: Scope,
    no_save: bool,
    flags: &Flags,
    env: &Env,
    ui: Ui,
) -> Result<Exit> {
    let declared = || flags.declared(env);
    let state = observe::state(&env.roots)?;
    let registered = registered::registered(&state);
    let (ids, failed) = find(specs, &declared()?, &registered);
    let mut ask = flags.ask(&declared);
    ask.wishes.said = failed;
    ask.wishes.named = Some(Named::words(specs).with_marketplaces(&ids));
    if no_save {
        ask.extra = ids.iter().map(|id| once(id, scope)).collect();
    }
    let wanted = if no_save { &[][..] } else { &ids };
    let host = Terminal { ui, json: flags.json };
    report::run_with(SCHEMA, ask, env, host, &|ask, fingerprints| {
        prepare(ask, env, &host, wanted, scope, fingerprints)
    })
}

/// Plans for all of the plugins; what cannot be had is left out of the manifest.
fn prepare(
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    ids: &[PluginId],
    scope: Scope,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let mut ask = ask.clone();
    let mut wanted: BTreeSet<&PluginId> = ids.iter().collect();
    loop {
        let state = observe::state(&env.roots)?;
        let (declared, failed) = edited((ask.declared)()?, &state, &env.roots, |draft| {
            let mut failed = Vec::new();
            wanted.retain(|id| match draft.want(id, scope, true) {
                Ok(()) => true,
                Err(note) => {
                    failed.push(note);
                    false
                }
            });
            Ok(failed)
        })?;
        ask.wishes.said.extend(failed);
        let prepared = converge::prepare(&ask, env, host, declared, fingerprints)?;
        let desired = &prepared.resolution.desired.plugins;
        let missing: BTreeSet<&PluginId> = wanted
            .iter()
            .copied()
            .filter(|id| !desired.contains_key(&((*id).clone(), scope)))
            .collect();
        if missing.is_empty() {
            return Ok(prepared);
        }
        let about = |note: &&Note| {
            let is = |id: &&PluginId| {
                note.about == About::from(*id) || note.about == About::from(&id.marketplace)
            };
            note.level > Level::Info && missing.iter().any(is)
        };
        ask.wishes.said.extend(prepared.resolution.notes.iter().filter(about).cloned());
        wanted.retain(|id| !missing.contains(id));
    }
}

fn once(id: &PluginId, scope: Scope) -> WantedPlugin {
    let at = Position { line: 1, column: 1 };
    WantedPlugin { id: id.clone(), version: None, enabled: true, scope, pin: None, at }
}

/// Returns the plugins that the specs mean, and a note for each that means none.
fn find(
    specs: &[String],
    declared: &Declared,
    registered: &[Registered],
) -> (Vec<PluginId>, Vec<Note>) {
    let mut known: Option<Known> = None;
    let mut ids = Vec::new();
    let mut failed = Vec::new();
    for spec in specs {
        if is_repository(spec) {
            failed.push(repository(spec));
            continue;
        }
        if let Ok(id) = spec.parse::<PluginId>()
            && is_known(&id, declared, registered)
        {
            ids.push(id);
            continue;
        }
        // Catalogs are only read for a name that does not say where it is from.
        let known = known.get_or_insert_with(|| Known::listed(registered::plugins(registered)));
        match known.find(spec, "listed in a registered marketplace") {
            Ok(id) => ids.push(id),
            Err(note) if note.hint.is_none() => failed.push(
                note.hint("`zskills search` looks for it, `zskills marketplace add` adds more"),
            ),
            Err(note) => failed.push(note),
        }
    }
    (ids, failed)
}

/// A spec with `@` (but not `git@`) or without `/` is a plugin, anything else a repository.
fn is_repository(spec: &str) -> bool {
    let plugin = (spec.contains('@') && !spec.starts_with("git@")) || !spec.contains('/');
    !plugin || spec.contains("://")
}

fn repository(spec: &str) -> Note {
    Note::unmet(crate::model::redact_url(spec), "is a repository, not the name of a plugin")
        .hint("if it holds a marketplace, `zskills marketplace add` it and install plugins by name")
}

/// Tells whether the marketplace of an id can be found without reading catalogs.
fn is_known(id: &PluginId, declared: &Declared, registered: &[Registered]) -> bool {
    declared.intent.marketplaces.iter().any(|m| m.name == id.marketplace)
        || registered.iter().any(|m| m.name == id.marketplace.as_str())
        || well_known_marketplace(&id.marketplace).is_some()
}

/// Lets a person choose from every plugin of every registered catalog.
fn choose(env: &Env, ui: Ui) -> Result<Vec<String>> {
    let registered = registered::read(&env.roots)?;
    let mut lines = Vec::new();
    for market in &registered {
        let Ok(catalog) = market.catalog() else { continue };
        for entry in catalog.entries {
            let text = entry.description.unwrap_or_default();
            lines.push((format!("{}@{}", entry.name, market.name), text));
        }
    }
    pick::pick("plugins to install", &lines, env.no_fzf, ui)
}
