//! `zskills marketplace add`: the name comes from the catalog, so the catalog is fetched first.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::flags::Flags;
use super::super::remote;
use super::super::report::{self, Terminal};
use super::Exit;
use crate::clients::plugin_layout;
use crate::declared::manifest::edit::MarketplaceEntry;
use crate::flow::adopt::portable;
use crate::flow::draft::{Draft, edited};
use crate::flow::registered::{self, Registered};
use crate::flow::{Declared, gather, observe};
use crate::machine::env::Env;
use crate::machine::index;
use crate::machine::terminal::{Bars, Ui};
use crate::model::{
    Client, MarketplaceName, Note, Source, State, WELL_KNOWN_MARKETPLACES, redact_url,
};
use crate::resolve::Movement;

const SCHEMA: &str = "zskills/marketplace-add/1";

/// Add marketplaces by where they come from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `owner/repo[@ref]`, an address, a path, or the remote index `skills.sh`
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<String>,
    /// Hold it to a tag, branch or commit
    #[arg(long, value_name = "REF")]
    pin: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

/// Add the marketplaces that most people want
#[derive(Debug, clap::Args)]
pub struct RecommendedArgs {
    #[command(flatten)]
    flags: Flags,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    add(SCHEMA, &args.sources, args.pin.as_deref(), &args.flags, env, ui)
}

pub fn recommended(args: &RecommendedArgs, env: &Env, ui: Ui) -> Result<Exit> {
    let sources: Vec<String> =
        WELL_KNOWN_MARKETPLACES.iter().map(|(_, repo)| (*repo).to_owned()).collect();
    add(SCHEMA, &sources, None, &args.flags, env, ui)
}

/// Adds marketplaces, each by its source.
pub fn add(
    schema: &'static str,
    sources: &[String],
    pin: Option<&str>,
    flags: &Flags,
    env: &Env,
    ui: Ui,
) -> Result<Exit> {
    let mut env = env.clone();
    let mut notes = Vec::new();
    let mut found = Vec::new();
    let (indexes, sources): (Vec<&String>, Vec<&String>) =
        sources.iter().partition(|text| index::recognize(text).is_some());
    notes.extend(indexes.iter().filter_map(|text| unrecognized(text)));
    for text in sources {
        match look(text, pin, flags.offline, &mut env, ui) {
            Ok((one, hint)) => {
                notes.extend(hint);
                found.push(one);
            }
            Err(note) => notes.push(note),
        }
    }
    let env = &env;
    let edit = || {
        let state = observe::state(&env.roots)?;
        let declared = flags.declared(env)?;
        let before = declared.clone();
        edited(declared, &state, &env.roots, |draft| {
            let each = |one: &NewMarketplace| entry(one, &before, &state, env, draft).err();
            Ok(found.iter().filter_map(each).collect())
        })
    };
    let declared = || Ok(edit()?.0);
    let mut ask = flags.ask(&declared);
    ask.wishes.said = [notes, edit()?.1].concat();
    // The tip was just fetched; asking for it again finds it in the cache.
    ask.movement = Movement::Some {
        marketplaces: found.iter().map(|found| found.name.clone()).collect(),
        plugins: BTreeSet::new(),
    };
    let known = indexes.iter().filter_map(|text| index::recognize(text));
    let repair = remote::change(env, |urls| {
        for name in known.filter(|_| index::is_built_in()) {
            urls.entry(name.to_owned()).or_insert_with(|| index::SKILLS_SH.to_owned());
        }
    })?;
    ask.repairs.extend(repair);
    report::run(schema, ask, env, Terminal { ui, json: flags.json })
}

/// Adds a marketplace to the manifest, unless it is there.
fn entry(
    one: &NewMarketplace,
    declared: &Declared,
    state: &State,
    env: &Env,
    draft: &mut Draft,
) -> Result<(), Note> {
    if let Some(note) = conflict(one, declared, state) {
        return Err(note);
    }
    if declared.intent.marketplaces.iter().any(|wanted| wanted.name == one.name) {
        return Ok(());
    }
    draft.add_marketplace(&MarketplaceEntry {
        name: one.name.clone(),
        source: Some(portable(&one.source, declared, &env.roots)),
        pin: one.pin.clone(),
        auto_update: None,
    })
}

/// Says that this build cannot ask an index.
fn unrecognized(text: &str) -> Option<Note> {
    let note = Note::unmet(text, "the source is unrecognized: it is a remote index");
    (!index::is_built_in())
        .then(|| note.hint("a zskills that was built with `--features skills-sh` knows it"))
}

/// A marketplace that somebody wants to add.
struct NewMarketplace {
    name: MarketplaceName,
    source: Source,
    pin: Option<String>,
}

/// Fetches the catalog of a source. A login in the address is used and then forgotten; the note says
/// how git can keep it.
fn look(
    text: &str,
    pin: Option<&str>,
    offline: bool,
    env: &mut Env,
    ui: Ui,
) -> Result<(NewMarketplace, Option<Note>), Note> {
    let about = || redact_url(text);
    let given = Source::parse(text, &env.roots.cwd, &env.roots)
        .map_err(|error| Note::unmet(about(), format!("the source {error}")))?;
    let source = given.without_login();
    let login = (source != given).then(|| log_in(&given, &source, env));
    let bars = Bars::new(ui);
    // Only git can be told to bring the login by itself.
    let fetched = if matches!(source, Source::Url { .. }) { &given } else { &source };
    let options = crate::flow::converge::fetch_options(offline, env, &bars);
    let at =
        gather::catalog_of(fetched, pin, &options).map_err(|trouble| trouble.about(about()))?;
    let name = at.catalog.name;
    let layout = plugin_layout(Client::TARGET);
    if let Some(owner) = layout.kept_for(name.as_str(), Some(&source)) {
        let text = format!(
            "`{}` calls itself `{name}`, a name that the client keeps for {owner}",
            source.redacted()
        );
        return Err(Note::refused(about(), text)
            .hint("the client would not accept it; its author has to choose another name"));
    }
    Ok((NewMarketplace { name, source, pin: pin.map(str::to_owned) }, login))
}

fn log_in(given: &Source, source: &Source, env: &mut Env) -> Note {
    env.logins.extend(given.git_url());
    let note = Note::info(source.redacted(), "its login was used and is stored nowhere");
    match source {
        Source::Url { .. } => {
            note.hint("a catalog behind a login can only be refreshed by adding it again")
        }
        _ => note.hint(
            "to let git keep it: `git config --global credential.helper store` (or your system's \
             helper), then `git credential approve`",
        ),
    }
}

/// Says with which other source a name is taken, in the manifest or in the client's registry.
fn conflict(found: &NewMarketplace, declared: &Declared, state: &State) -> Option<Note> {
    let wanted = declared.intent.marketplaces.iter().find(|m| m.name == found.name);
    let registered = registered::registered(state);
    let known = registered.iter().find(|m| m.name == found.name.as_str());
    let other = match wanted.and_then(|wanted| wanted.source.clone()) {
        Some(source) => Some(source),
        None => known.and_then(Registered::source),
    }?;
    if !other.same_place(&found.source) {
        return Some(
            Note::refused(
                found.name.to_string(),
                format!(
                    "is the name of `{}` and of `{}`",
                    other.redacted(),
                    found.source.redacted()
                ),
            )
            .hint(format!("`zskills marketplace remove {}` makes room for it", found.name)),
        );
    }
    let pinned = wanted.is_some_and(|wanted| found.pin.is_some() && wanted.pin != found.pin);
    pinned.then(|| {
        Note::unmet(found.name.to_string(), "is in the manifest with another pin")
            .hint("change `pin` there")
    })
}
