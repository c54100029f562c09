//! `zskills install`: plugins, skills and servers into the manifest and onto the machine, in one plan.

mod server;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use self::server::ServerArgs;
use super::agent_skills::install::{self as skills, Choice, Chosen, Manner};
use super::agent_skills::is_source;
use super::flags::{self, Flags};
use super::report::{self, Terminal};
use super::{Exit, marketplace, remote, which};
use crate::clients;
use crate::content::catalog::{self, Query};
use crate::declared::manifest::edit::SkillEntry;
use crate::flow::draft::edited;
use crate::flow::names;
use crate::flow::registered::{self, Registered};
use crate::flow::{Ask, Declared, Host, Prepared, converge, observe};
use crate::machine::env::Env;
use crate::machine::index::{self, IndexHit};
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::Ui;
use crate::machine::terminal::pick::{Line, List};
use crate::model::{
    About, Level, Note, PluginId, Position, Scope, SkillName, WantedPlugin, WantedServer,
    redact_url, well_known_marketplace,
};
use crate::plan::Named;

const SCHEMA: &str = "zskills/install/1";

/// Install plugins, Agent Skills and MCP servers and write them into the manifest
///
/// A plugin is `name@marketplace`, or `name` where only one registered marketplace lists it; the name of
/// a skill that `search` finds will do as well. What cannot be had is reported and not written down; the
/// others are installed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `plugin[@marketplace]`; or for Agent Skills `owner/repo[//path]`, an address, `npm:package`
    /// or a path
    #[arg(value_name = "SPEC")]
    specs: Vec<String>,
    /// Choose from what the registered marketplaces list, with these words typed in already; or from the
    /// skills of a source
    #[arg(short, long, conflicts_with_all = ["all", "skills"])]
    interactive: bool,
    #[command(flatten)]
    choice: Choice,
    /// Register the marketplaces of these repositories, and not the skills beside them
    #[arg(long, conflicts_with_all = ["all", "skills", "mcp", "interactive", "no_save"])]
    marketplace: bool,
    /// user, project or local
    #[arg(long, value_parser = flags::scope, default_value = "user")]
    scope: Scope,
    /// Leave the manifest and the lock as they are
    #[arg(long)]
    no_save: bool,
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    server: ServerArgs,
}

/// Returns how people add a server without a manifest, where a client lets them.
fn without_a_manifest() -> String {
    let command = clients::with_servers().find_map(|(_, servers)| servers.by_hand());
    command.map(|it| format!(": `{it}` puts one in without a manifest")).unwrap_or_default()
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let mut specs = args.specs.clone();
    let server = args.server.wanted(&mut specs, args.scope, env)?;
    if server.is_some() && args.no_save {
        bail!("`--no-save` is not for servers{}", without_a_manifest());
    }
    if args.marketplace {
        return marketplace::add::add(SCHEMA, &specs, None, &args.flags, env, ui);
    }
    let (sources, plugins): (Vec<String>, Vec<String>) =
        specs.into_iter().partition(|spec| is_source(spec));
    if sources.is_empty() && args.choice.is_made() {
        bail!("`--skill` and `--all` choose among the skills of a source, and none is named");
    }
    let interactive = args.interactive && sources.is_empty();
    let plugins = if interactive { choose(&plugins.join(" "), env, ui)? } else { plugins };
    if plugins.is_empty() && sources.is_empty() && server.is_none() {
        bail!("nothing is named\nhint: name a plugin, or choose with `-i`");
    }
    let Beyond { plugins, found, notes } = beyond(plugins, &args.flags, env, ui)?;
    let mut skills: Vec<(String, Choice)> =
        sources.into_iter().map(|source| (source, args.choice.clone())).collect();
    skills.extend(remote::by_repository(found));
    let manner = Manner { interactive: args.interactive, no_save: args.no_save };
    let servers: Vec<WantedServer> = server.into_iter().collect();
    install(
        Wanted { plugins, skills, servers, said: notes },
        args.scope,
        manner,
        &args.flags,
        env,
        ui,
    )
}

/// Everything that one command installs: one plan is made for all of it.
#[derive(Default)]
pub struct Wanted {
    /// `plugin[@marketplace]`
    pub plugins: Vec<String>,
    /// Sources of skills, with what is chosen of each.
    pub skills: Vec<(String, Choice)>,
    pub servers: Vec<WantedServer>,
    /// What there is to say before the plan.
    pub said: Vec<Note>,
}

/// What is written into the manifest.
struct Additions<'a> {
    plugins: &'a [PluginId],
    scope: Scope,
    skills: &'a [SkillEntry],
    servers: &'a [WantedServer],
}

/// Installs all of it; where a person has to choose first and nothing else is named, lists the choice.
pub fn install(
    wanted: Wanted,
    scope: Scope,
    manner: Manner,
    flags: &Flags,
    env: &Env,
    ui: Ui,
) -> Result<Exit> {
    let declared = || flags.declared(env);
    let before = declared()?;
    let state = observe::state(&env.roots)?;
    let (ids, failed) = find(&wanted.plugins, &before, &registered::registered(&state), env, ui)?;
    let alone = wanted.plugins.is_empty() && wanted.servers.is_empty() && wanted.skills.len() == 1;
    let mut said = [wanted.said, failed].concat();
    let (mut entries, mut counts) = (Vec::new(), BTreeSet::new());
    for (spec, choice) in &wanted.skills {
        let chosen = skills::chosen(spec, choice, manner, &before, flags, env, ui);
        match chosen {
            Ok(Chosen::These { entry, names }) => {
                counts.extend([&entry.source, &entry.npm].into_iter().flatten().cloned());
                counts.extend(names);
                let scope = if scope == Scope::User { scope } else { Scope::Project };
                entries.push(SkillEntry { scope, ..entry });
            }
            Ok(Chosen::Open(at)) if alone => {
                skills::survey(spec, &at, flags, ui);
                return Ok(Exit::Done);
            }
            Ok(Chosen::Open(at)) => {
                let text = format!("has {} skills, and none is chosen", at.names.len());
                said.push(Note::unmet(redact_url(spec), text).hint("`--skill NAME`, or `--all`"));
            }
            Err(error) if alone => return Err(error),
            Err(error) => {
                let text = format!("{error:#}");
                let (text, hint) = match text.split_once("\nhint: ") {
                    Some((text, hint)) => (text, Some(hint.to_owned())),
                    None => (text.as_str(), None),
                };
                said.push(Note { hint, ..Note::unmet(redact_url(spec), text) });
            }
        }
    }
    let mut ask = flags.ask(&declared);
    let specs = wanted.plugins.iter().chain(&counts);
    let called = wanted.servers.iter().map(|server| &server.name);
    ask.wishes.named = Some(Named::words(specs.chain(called)).with_marketplaces(&ids));
    ask.wishes.said = said;
    let mut additions =
        Additions { plugins: &ids, scope, skills: &entries, servers: &wanted.servers };
    if manner.no_save {
        ask.extra = ids.iter().map(|id| once(id, scope)).collect();
        ask.extra_skills = entries
            .iter()
            .map(|entry| skills::wanted(&before, entry, &env.roots))
            .collect::<Result<_>>()?;
        ask.wishes.once = !entries.is_empty();
        additions = Additions { plugins: &[], scope, skills: &[], servers: &[] };
    }
    let host = Terminal { ui, json: flags.json };
    report::run_with(SCHEMA, ask, env, host, &|ask, fingerprints| {
        prepare(ask, env, &host, &additions, fingerprints)
    })
}

/// What remote indexes know of names that no catalog here lists.
struct Beyond {
    /// The others, and those that nobody knows.
    plugins: Vec<String>,
    found: Vec<IndexHit>,
    notes: Vec<Note>,
}

/// Looks for the names that no catalog here lists as a plugin: among the skills of plugins and of known
/// sources, then in the remote indexes, if there are any.
fn beyond(specs: Vec<String>, flags: &Flags, env: &Env, ui: Ui) -> Result<Beyond> {
    let mut beyond = Beyond { plugins: Vec::new(), found: Vec::new(), notes: Vec::new() };
    let is_remote =
        !flags.offline && index::read(&env.roots).is_ok_and(|indexes| !indexes.urls.is_empty());
    let mut registered: Option<Vec<Registered>> = None;
    for spec in specs {
        let Ok(name) = spec.parse::<SkillName>() else {
            beyond.plugins.push(spec);
            continue;
        };
        let registered = match &mut registered {
            Some(registered) => registered,
            None => registered.insert(registered::read(&env.roots)?),
        };
        let is_plugin =
            registered::plugins(registered).into_iter().any(|id| id.plugin.as_str() == spec);
        if is_plugin {
            beyond.plugins.push(spec);
            continue;
        }
        let skill = match skill_here(&name, registered, flags, env, ui) {
            Known::Nowhere if is_remote => remote_skill(&name, env),
            known => known,
        };
        match skill {
            Known::Nowhere => beyond.plugins.push(spec),
            Known::Plugin(id, note) => {
                beyond.plugins.push(id);
                beyond.notes.push(note);
            }
            Known::Skill(hit, notes) => {
                beyond.found.push(hit);
                beyond.notes.extend(notes);
            }
            Known::Unclear(notes) => {
                let unmet = notes.iter().any(|note| note.level > Level::Info);
                beyond.notes.extend(notes);
                if !unmet {
                    beyond.plugins.push(spec);
                }
            }
        }
    }
    Ok(beyond)
}

/// Where the skill of a name is.
enum Known {
    Nowhere,
    /// A plugin brings it.
    Plugin(String, Note),
    Skill(IndexHit, Vec<Note>),
    /// Several have it, or somebody could not be asked.
    Unclear(Vec<Note>),
}

/// Looks among the skills that `search` finds on this machine.
fn skill_here(
    name: &SkillName,
    registered: &[Registered],
    flags: &Flags,
    env: &Env,
    ui: Ui,
) -> Known {
    let query = Query::new(name.as_str());
    let file = flags.file.as_deref();
    let hits = super::agent_skills::search::search_in(file, &query, usize::MAX, env, ui);
    let places: BTreeSet<(String, String)> = hits
        .into_iter()
        .filter(|hit| hit.name == name.as_str() && hit.source != "unmanaged")
        .map(|hit| (hit.repo.unwrap_or(hit.source), hit.description))
        .collect();
    let mut sources: Vec<&(String, String)> = places.iter().collect();
    sources.dedup_by(|a, b| a.0 == b.0);
    match sources.as_slice() {
        [] => {}
        [(repo, description)] => {
            let text = format!("is no plugin; it is a skill of `{}`", redact_url(repo));
            let hit = IndexHit {
                name: name.clone(),
                repo: repo.clone(),
                description: description.clone(),
                installs: None,
            };
            return Known::Skill(hit, vec![Note::info(name.as_str(), text)]);
        }
        several => {
            let commands = several
                .iter()
                .map(|(repo, _)| format!("`zskills install {} --skill {name}`", redact_url(repo)));
            let text = format!("is the name of a skill in {} places", several.len());
            let hint = format!("say which: {}", commands.collect::<Vec<_>>().join(", "));
            return Known::Unclear(vec![Note::unmet(name.as_str(), text).hint(hint)]);
        }
    }
    let brings = |market: &Registered| {
        let bytes = market.bytes().filter(|bytes| query.may_be_in(bytes))?;
        let hits = catalog::search(&query, &market.file(), &bytes);
        let hit = hits
            .into_iter()
            .find(|hit| hit.kind == catalog::Kind::Skill && hit.name == name.as_str())?;
        Some(format!("{}@{}", hit.plugin, market.name))
    };
    let ids: Vec<String> = registered.iter().filter_map(brings).collect();
    match ids.as_slice() {
        [] => Known::Nowhere,
        [id] => {
            let text = format!("is no plugin; it is a skill of the plugin `{id}`");
            Known::Plugin(id.clone(), Note::info(name.as_str(), text))
        }
        several => {
            let text = format!("is the name of a skill of {} plugins", several.len());
            let names: Vec<String> = several.iter().map(|id| format!("`{id}`")).collect();
            let hint = format!("name one of them: {}", names.join(", "));
            Known::Unclear(vec![Note::unmet(name.as_str(), text).hint(hint)])
        }
    }
}

fn remote_skill(name: &SkillName, env: &Env) -> Known {
    match remote::find(name, env) {
        Ok((Some(found), mut notes)) => {
            let from = format!("is in no catalog here; {} has it in", found.index);
            notes.push(Note::info(name.as_str(), format!("{from} `{}`", found.hit.repo)));
            Known::Skill(found.hit, notes)
        }
        Ok((None, notes)) if notes.is_empty() => Known::Nowhere,
        Ok((None, notes)) => Known::Unclear(notes),
        Err(note) => Known::Unclear(vec![note]),
    }
}

/// Plans for all of it; a plugin that cannot be had is left out of the manifest.
fn prepare(
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    additions: &Additions,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let mut ask = ask.clone();
    let scope = additions.scope;
    let mut wanted: BTreeSet<&PluginId> = additions.plugins.iter().collect();
    let mut is_first = true;
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
            let notes =
                additions.servers.iter().filter_map(|server| draft.add_server(server).err());
            if is_first {
                failed.extend(notes);
            }
            Ok(failed)
        })?;
        is_first = false;
        ask.wishes.said.extend(failed);
        let text = skills::with_entries(&declared, additions.skills, &env.roots)?;
        let declared = match &declared.text {
            _ if additions.skills.is_empty() => declared,
            Some(same) if *same == text => declared,
            Some(_) | None => declared.with_text(text, &env.roots)?,
        };
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
    env: &Env,
    ui: Ui,
) -> Result<(Vec<PluginId>, Vec<Note>)> {
    let mut known: Option<names::Known> = None;
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
        let known =
            known.get_or_insert_with(|| names::Known::listed(registered::plugins(registered)));
        let spec = which::one(spec, known, env, ui)?;
        match known.find(&spec, "listed in a registered marketplace") {
            Ok(id) => ids.push(id),
            Err(note) if registered.is_empty() => {
                let text = "no plugin of that name is known: no marketplace is registered";
                failed.push(Note { text: text.to_owned(), ..note }.hint(marketplace::BEGIN));
            }
            Err(note) if note.hint.is_none() => failed.push(
                note.hint("`zskills search` looks for it, `zskills marketplace add` adds more"),
            ),
            Err(note) => failed.push(note),
        }
    }
    Ok((ids, failed))
}

/// A spec with `@` (but not `git@`) or without `/` is a plugin, anything else a repository.
fn is_repository(spec: &str) -> bool {
    let plugin = (spec.contains('@') && !spec.starts_with("git@")) || !spec.contains('/');
    !plugin || spec.contains("://")
}

fn repository(spec: &str) -> Note {
    Note::unmet(redact_url(spec), "is a repository, not the name of a plugin")
        .hint("if it holds a marketplace, `zskills marketplace add` it and install plugins by name")
}

/// Tells whether the marketplace of an id can be found without reading catalogs.
fn is_known(id: &PluginId, declared: &Declared, registered: &[Registered]) -> bool {
    declared.intent.marketplaces.iter().any(|m| m.name == id.marketplace)
        || registered.iter().any(|m| m.name == id.marketplace.as_str())
        || well_known_marketplace(&id.marketplace).is_some()
}

/// Lets a person choose from every plugin of every registered catalog.
fn choose(query: &str, env: &Env, ui: Ui) -> Result<Vec<String>> {
    let registered = registered::read(&env.roots)?;
    if registered.is_empty() {
        bail!("no marketplace is registered\nhint: {}", marketplace::BEGIN);
    }
    let mut lines = Vec::new();
    for market in &registered {
        let Ok(catalog) = market.catalog() else { continue };
        for entry in catalog.entries {
            let about = entry.description.unwrap_or_default();
            lines.push(Line::new(&format!("{}@{}", entry.name, market.name), &about));
        }
    }
    List { what: "plugins to install", lines, query, picker: env.picker }.some(ui)
}
