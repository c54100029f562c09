//! `zskills install`: plugins into the manifest and onto the machine.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::agent_skills::install::{self as skills, Choice, Manner};
use super::agent_skills::is_source;
use super::converge::{self, Ask, Prepared};
use super::verb::{self, Draft, Flags, Known};
use super::{Exit, session};
use crate::catalogs::{self, Registered};
use crate::env::Env;
use crate::model::{Level, Note, PluginId, Position, Scope, WantedPlugin, well_known_marketplace};
use crate::store::tree::Fingerprints;
use crate::ui::{Ui, pick};

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
    #[arg(long, value_parser = verb::scope, default_value = "user")]
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
    if !sources.is_empty() {
        let first = if plugins.is_empty() {
            Exit::Done
        } else {
            install(&plugins, args.scope, args.no_save, &args.flags, env, ui)?
        };
        let manner = Manner { interactive: args.interactive, no_save: args.no_save };
        let then = skills::install(&sources, &args.choice, manner, &args.flags, env, ui)?;
        return Ok(if first == Exit::Done { then } else { first });
    }
    let specs = if args.interactive { choose(env, ui)? } else { args.specs.clone() };
    if specs.is_empty() {
        bail!("nothing is named\nhint: name a plugin, or choose with `-i`");
    }
    install(&specs, args.scope, args.no_save, &args.flags, env, ui)
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
    let state = session::state(env)?;
    let registered = catalogs::registered(&state);
    let (ids, failed) = find(specs, &declared()?, &registered);
    let extra: Vec<WantedPlugin> = ids.iter().map(|id| once(id, scope)).collect();
    let ask = Ask {
        extra: if no_save { &extra } else { &[] },
        ..flags.ask("zskills/install/1", &declared)
    };
    converge::drive(&ask, env, ui, &|fingerprints| {
        let wanted = if no_save { &[][..] } else { &ids };
        let mut prepared = prepare(&ask, env, ui, wanted, scope, fingerprints)?;
        prepared.plan.notes.extend(failed.iter().cloned());
        Ok(prepared)
    })
}

/// Plans for all of the plugins; what cannot be had is left out of the manifest.
fn prepare(
    ask: &Ask,
    env: &Env,
    ui: Ui,
    ids: &[PluginId],
    scope: Scope,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let mut failed = Vec::new();
    let mut wanted: BTreeSet<&PluginId> = ids.iter().collect();
    loop {
        let declared = (ask.declared)()?;
        let state = session::state(env)?;
        let mut draft = Draft::new(&declared, &state, &env.roots);
        wanted.retain(|id| match draft.want(id, scope, true) {
            Ok(()) => true,
            Err(note) => {
                failed.push(note);
                false
            }
        });
        let text = draft.text;
        let declared = verb::edited(declared, text, &env.roots)?;
        let mut prepared = converge::prepare_for(ask, env, ui, declared, fingerprints)?;
        let missing: BTreeSet<&PluginId> = wanted
            .iter()
            .copied()
            .filter(|id| !prepared.resolution.desired.plugins.contains_key(&((*id).clone(), scope)))
            .collect();
        let about = |note: &&Note| {
            note.level > Level::Info
                && missing
                    .iter()
                    .any(|id| note.about == id.to_string() || note.about == id.marketplace.as_str())
        };
        if missing.is_empty() {
            prepared.plan.notes.extend(failed);
            return Ok(prepared);
        }
        failed.extend(prepared.plan.notes.iter().filter(about).cloned());
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
    declared: &session::Declared,
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
        let known = known.get_or_insert_with(|| Known::listed(catalogs::plugins(registered)));
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
fn is_known(id: &PluginId, declared: &session::Declared, registered: &[Registered]) -> bool {
    declared.intent.marketplaces.iter().any(|m| m.name == id.marketplace)
        || registered.iter().any(|m| m.name == id.marketplace.as_str())
        || well_known_marketplace(&id.marketplace).is_some()
}

/// Lets a person choose from every plugin of every registered catalog.
fn choose(env: &Env, ui: Ui) -> Result<Vec<String>> {
    let registered = catalogs::read(&env.roots)?;
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
