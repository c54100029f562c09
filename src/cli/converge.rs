//! The path of every command that changes something: look, resolve, plan, show, apply.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::named::Named;
use super::session::{self, Declared};
use super::{Exit, Faults, installers};
use crate::clients::claude::{self, FixedServers};
use crate::clients::{self, CODECS};
use crate::declared::lock::Lock;
use crate::flow::apply::{self, Applied};
use crate::flow::gather::{self, Means};
use crate::flow::observe::Snapshot;
use crate::machine::env::Env;
use crate::machine::fetch::FetchOptions;
use crate::machine::git::Git;
use crate::machine::npm::Npm;
use crate::machine::store::run_lock;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Bars, Ui, Verbosity, confirm};
use crate::model::{
    Client, Item, Level, Note, OwnFile, PluginId, Roots, Scope, Thing, WantedPlugin, WantedSkill,
};
use crate::plan::{self, Line, Plan, Prune, Sign};
use crate::resolve::{Movement, Question, Resolution, SkillsAsked};

/// What a command wants to converge to, and how.
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Ask<'a> {
    /// Names the shape of the JSON document.
    pub schema: &'static str,
    /// Reads the manifest and lock; called again when a plan has to be made again.
    pub declared: &'a dyn Fn() -> Result<Declared>,
    /// Wanted for this once, beside the manifest.
    pub extra: &'a [WantedPlugin],
    pub mode: Mode,
    pub prune: Prune,
    /// The lock must not change.
    pub locked: bool,
    pub offline: bool,
    pub yes: bool,
    pub json: bool,
    pub movement: Movement,
    pub skills: SkillAsk,
    /// Manifest and lock follow, and what comes is held to them; else it is a one-off.
    pub save: bool,
    /// What goes even if it is not ours, because somebody named it.
    pub going: BTreeSet<Thing>,
    /// Plugins whose new capabilities are accepted.
    pub accepted: Vec<String>,
    /// What decides how the command ends; without it everything does.
    pub named: Option<Named>,
}

impl<'a> Ask<'a> {
    /// Returns what most commands want: apply, online, asking before anything foreign goes.
    pub fn new(schema: &'static str, declared: &'a dyn Fn() -> Result<Declared>) -> Self {
        Self {
            schema,
            declared,
            extra: &[],
            mode: Mode::Apply,
            prune: Prune::Owned,
            locked: false,
            offline: false,
            yes: false,
            json: false,
            movement: Movement::Keep,
            skills: SkillAsk::default(),
            save: true,
            going: BTreeSet::new(),
            accepted: Vec::new(),
            named: None,
        }
    }
}

/// What is asked about skills alone.
#[derive(Debug, Default)]
pub struct SkillAsk {
    /// Wanted for this once, beside the manifest.
    pub extra: Vec<WantedSkill>,
    /// Those whose local edits are to be given up.
    pub discard: Vec<String>,
    /// Those that move to the newest of their source.
    pub moving: Vec<String>,
    /// The installers that this process has run, by package.
    pub ran: RefCell<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Apply,
    /// Print the plan.
    Show,
    /// Print the plan and exit 3 when it is not empty.
    Check,
}

/// How often a plan is made again because another program wrote in between.
const TRIES: usize = 4;

/// Makes the machine match what is asked for, and says how it ended.
pub fn run(ask: &Ask, env: &Env, ui: Ui) -> Result<Exit> {
    drive(ask, env, ui, &|fingerprints| prepare(ask, env, ui, fingerprints))
}

/// Shows and applies a plan; makes it again when another program writes in between.
pub fn drive(
    ask: &Ask,
    env: &Env,
    ui: Ui,
    prepare: &dyn Fn(&mut Fingerprints) -> Result<Prepared>,
) -> Result<Exit> {
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let lock = if ask.mode == Mode::Apply {
        let waiting = || ui.talk("waiting for another zskills to finish");
        let lock = run_lock::take(&env.roots.state_dir, waiting)?;
        apply::clean(&env.roots)?;
        Some(lock)
    } else {
        None
    };
    let (mut outcome, mut shown, mut agreed) = (None, false, None);
    for attempt in 0..TRIES {
        let mut prepared = prepare(&mut fingerprints)?;
        if let Some(named) = &ask.named {
            named.set_apart(&mut prepared.plan.notes, &prepared.declared);
        }
        let first = !shown;
        if first && !ask.json {
            show(&prepared, ui);
        }
        shown = true;
        let Some(lock) = &lock else { return Ok(finish(ask, ui, &prepared, Ended::Shown)) };
        installers::settle(ask, ui, &mut prepared.plan, &mut agreed);
        if prepared.refused_by_lock || prepared.plan.is_empty() {
            let ended = if attempt == 0 { Ended::Unchanged } else { Ended::Applied };
            return Ok(finish(ask, ui, &prepared, ended));
        }
        if first {
            ask_before_pruning(ask, ui, &prepared.plan)?;
        }
        match apply::apply(&prepared.plan, &env.roots, lock)? {
            Applied::All => {
                remember(&prepared, &mut fingerprints);
                let ran = installers::of(&prepared.plan);
                if !ran.is_empty() {
                    // What they have put there is seen, linked and recorded by another plan.
                    ask.skills.ran.borrow_mut().extend(ran);
                    shown = false;
                    continue;
                }
                return Ok(finish(ask, ui, &prepared, Ended::Applied));
            }
            Applied::Stale(path) => outcome = Some(path),
        }
    }
    let path = outcome.unwrap_or_default();
    bail!("`{}` was changed by another program at each of {TRIES} attempts", path.display())
}

/// A plan and what it was made from.
pub struct Prepared {
    pub declared: Declared,
    pub resolution: Resolution,
    pub plan: Plan,
    pub refused_by_lock: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// `--dry-run` or `--check`.
    Shown,
    Unchanged,
    Applied,
}

fn prepare(ask: &Ask, env: &Env, ui: Ui, fingerprints: &mut Fingerprints) -> Result<Prepared> {
    prepare_for(ask, env, ui, (ask.declared)()?, fingerprints)
}

/// Makes the plan for what is declared.
pub fn prepare_for(
    ask: &Ask,
    env: &Env,
    ui: Ui,
    declared: Declared,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    prepare_from(ask, env, ui, declared, fingerprints, |_| (Vec::new(), Vec::new()))
}

/// Makes the plan from what is seen, after `first` has changed what is seen; it returns its steps.
pub fn prepare_from(
    ask: &Ask,
    env: &Env,
    ui: Ui,
    declared: Declared,
    fingerprints: &mut Fingerprints,
    first: impl Fn(&mut Snapshot) -> (Vec<OwnFile>, Vec<Line>),
) -> Result<Prepared> {
    let owned = session::owned(&env.roots)?;
    let mut snapshot = session::snapshot(env, &declared.lock, fingerprints)?;
    let (fixed, lines) = first(&mut snapshot);
    let mut resolution = resolve(ask, env, ui, &declared, &snapshot, fingerprints);
    let missing = not_locked(&declared);
    let refused_by_lock = ask.locked && (resolution.lock != declared.lock || !missing.is_empty());
    if refused_by_lock {
        resolution.notes.push(lock_would_change(&declared.lock, &resolution.lock, missing));
    }
    let own = if ask.save { declared.own(&resolution.lock) } else { Vec::new() };
    let own: Vec<OwnFile> = fixed.into_iter().chain(own).collect();
    let mut plan = plan::plan(plan::Inputs {
        roots: &env.roots,
        intent: &declared.intent,
        client: Client::Claude,
        desired: &resolution.desired,
        state: &snapshot.observed.state,
        files: &snapshot.files,
        problems: &snapshot.problems,
        codecs: &CODECS,
        shelves: &snapshot.observed.shelves,
        ledger: &owned.ledger,
        ledger_file: owned.file.as_deref(),
        prune: ask.prune,
        discard: &ask.skills.discard,
        ran: &ask.skills.ran.borrow(),
        going: &ask.going,
        save: ask.save,
        policy: &snapshot.policy,
        now: &env.now,
        own: &own,
    })
    .map_err(Faults::from)?;
    plan.lines.splice(0..0, lines);
    plan.notes.splice(0..0, resolution.notes.iter().cloned());
    Ok(Prepared { declared, resolution, plan, refused_by_lock })
}

/// Writes servers so that the client uses them; the rest of the plan goes by the mended files.
pub fn fix_servers(env: &Env, snapshot: &mut Snapshot) -> (Vec<OwnFile>, Vec<Line>) {
    let linked = snapshot.problems.iter().any(|problem| problem.id == "mcp.symlink");
    if linked {
        // The client would refuse to write there, and so do we.
        return (Vec::new(), Vec::new());
    }
    let FixedServers { files, things } = claude::fix_servers(&env.roots, &snapshot.files);
    let changed = |(path, after): (&Path, Option<&[u8]>)| {
        let (before, after) = (snapshot.files.get(path), after?);
        (before != Some(after)).then(|| OwnFile {
            path: path.to_owned(),
            before: before.map(<[u8]>::to_vec),
            after: after.to_vec(),
        })
    };
    let mut own: Vec<OwnFile> = files.iter().filter_map(changed).collect();
    // What is moved arrives before it leaves.
    let places: BTreeSet<PathBuf> = Scope::ALL.map(|scope| server_file(&env.roots, scope)).into();
    let arrives = |file: &OwnFile| places.contains(&file.path);
    own.sort_by_key(|file| !arrives(file));
    let line = |(thing, text)| Line { sign: Sign::Change, thing, text, foreign: false };
    let decoded = clients::decode(&env.roots, &files);
    snapshot.files = files;
    snapshot.observed.state = decoded.state;
    snapshot.problems = decoded.problems;
    (own, things.into_iter().map(line).collect())
}

/// Returns the file that holds the servers of a scope.
fn server_file(roots: &Roots, scope: Scope) -> PathBuf {
    let item = Item::Server { name: String::new(), reach: roots.reach(scope) };
    clients::place(roots, &item.of(Client::Claude)).file
}

/// Resolves a manifest against what is there, fetching what it takes.
pub fn resolve(
    ask: &Ask,
    env: &Env,
    ui: Ui,
    declared: &Declared,
    snapshot: &Snapshot,
    fingerprints: &mut Fingerprints,
) -> Resolution {
    let bars = Bars::new(ui);
    let fetch = fetch_options(ask.offline, env, &bars);
    let question = Question {
        skills: SkillsAsked {
            extra: &ask.skills.extra,
            discard: &ask.skills.discard,
            moving: &ask.skills.moving,
        },
        roots: &env.roots,
        intent: &declared.intent,
        client: Client::Claude,
        extra: ask.extra,
        lock: &declared.lock,
        observed: &snapshot.observed,
        movement: &ask.movement,
        policy: &snapshot.policy,
        accepted: &ask.accepted,
        now: env.seconds(),
    };
    gather::resolve(question, &mut Means { fetch: &fetch, fingerprints })
}

/// Returns how things are fetched on this machine.
pub fn fetch_options<'a>(offline: bool, env: &Env, bars: &'a Bars) -> FetchOptions<'a> {
    FetchOptions {
        offline,
        git: Git::new(env.git_timeout).with_environment(&env.git_environment),
        npm: Npm::new(env.git_timeout),
        timeout: env.git_timeout,
        github: env.github.clone(),
        ..FetchOptions::new(env.roots.cache_dir.clone(), bars)
    }
}

/// Returns what the manifest names and the lock does not.
fn not_locked(declared: &Declared) -> BTreeSet<String> {
    let lock = &declared.lock;
    let marketplaces = declared.intent.marketplaces.iter().map(|wanted| &wanted.name);
    let plugins = declared.intent.plugins.iter().map(|wanted| &wanted.id);
    marketplaces
        .filter(|name| !lock.marketplaces.contains_key(name))
        .map(|name| format!("`{name}`"))
        .chain(plugins.filter(|id| !lock.plugins.contains_key(id)).map(|id| format!("`{id}`")))
        .collect()
}

fn lock_would_change(old: &Lock, new: &Lock, mut names: BTreeSet<String>) -> Note {
    for (name, entry) in &new.marketplaces {
        if old.marketplaces.get(name) != Some(entry) {
            names.insert(format!("`{name}`"));
        }
    }
    for (id, entry) in &new.plugins {
        if old.plugins.get(id) != Some(entry) {
            names.insert(format!("`{id}`"));
        }
    }
    names.extend(
        old.marketplaces
            .keys()
            .filter(|n| !new.marketplaces.contains_key(n))
            .map(|n| format!("`{n}`")),
    );
    names.extend(
        old.plugins.keys().filter(|id| !new.plugins.contains_key(id)).map(|id| format!("`{id}`")),
    );
    for (name, entry) in &new.skills {
        if old.skills.get(name) != Some(entry) {
            names.insert(format!("`{name}`"));
        }
    }
    names.extend(
        old.skills.keys().filter(|n| !new.skills.contains_key(n)).map(|n| format!("`{n}`")),
    );
    let names: Vec<String> = names.into_iter().collect();
    Note::refused("skills.lock", format!("would change for {}", names.join(", ")))
        .hint("run `zskills sync` without `--locked`, look at the lock, and commit it")
}

fn ask_before_pruning(ask: &Ask, ui: Ui, plan: &Plan) -> Result<()> {
    if !plan.removes_foreign() || ask.yes {
        return Ok(());
    }
    if !ui.interactive {
        bail!(
            "`--prune` would remove what zskills did not install; add `--yes` to do so without a terminal"
        );
    }
    if !confirm("Remove what zskills did not install?") {
        bail!("nothing was changed");
    }
    Ok(())
}

fn show(prepared: &Prepared, ui: Ui) {
    if ui.verbosity == Verbosity::Quiet {
        return;
    }
    ui.talk(&format!("manifest {}", prepared.declared.intent.manifest.display()));
    if let Some(hint) = prepared.declared.hint {
        ui.hint(hint);
    }
    ui.data(&plan::text(&prepared.plan, ui.out));
    for (id, brought) in accepted(prepared) {
        ui.detail(&format!("{id} brings {brought}"));
    }
    let left = prepared.plan.lines.iter().filter(|line| line.sign == Sign::Keep && line.foreign);
    let left = left.count();
    if left > 0 {
        ui.hint(&format!(
            "{left} not in the manifest: `--adopt` writes them into it, `--prune` removes them"
        ));
    }
}

/// Returns what the plan takes into the lock of what plugins can run, start or use unasked.
fn accepted(prepared: &Prepared) -> impl Iterator<Item = (&PluginId, &String)> {
    let old = &prepared.declared.lock.plugins;
    prepared.resolution.lock.plugins.iter().flat_map(move |(id, new)| {
        let known = move |one: &&String| old.get(id).is_none_or(|l| !l.capabilities.contains(*one));
        new.capabilities.iter().filter(known).map(move |one| (id, one))
    })
}

/// Remembers the hashes of what was just placed, so that the next run need not read it.
fn remember(prepared: &Prepared, fingerprints: &mut Fingerprints) {
    for plugin in prepared.resolution.desired.plugins.values() {
        if let Some(placement) = &plugin.bytes {
            fingerprints.placed(&plugin.install_path, placement.hash.clone());
        }
    }
    for step in &prepared.plan.steps {
        if let plan::Step::Part { to, hash, .. } = step {
            fingerprints.placed(to, hash.clone());
        }
    }
    // Only a cache: without it the next run hashes again.
    drop(fingerprints.save_if_changed());
}

/// Says how it ended and returns the exit code. No line of success while something is unmet.
fn finish(ask: &Ask, ui: Ui, prepared: &Prepared, ended: Ended) -> Exit {
    let notes = &prepared.plan.notes;
    let worst = notes.iter().map(|note| note.level).max().unwrap_or(Level::Info);
    let exit = match (worst, ended) {
        (Level::Refused, _) => Exit::Refused,
        (Level::Unmet, _) => Exit::Unmet,
        (Level::Info, Ended::Shown) if ask.mode == Mode::Check && !prepared.plan.is_empty() => {
            Exit::Pending
        }
        (Level::Info, _) => Exit::Done,
    };
    if ask.json {
        ui.json(&document(ask, prepared, ended, exit));
        return exit;
    }
    for note in notes {
        ui.note(note);
    }
    if worst == Level::Info {
        ui.talk(&success(prepared, ended));
    } else {
        let unmet = notes.iter().filter(|note| note.level > Level::Info).count();
        let rest = match ended {
            Ended::Applied => "the rest was applied",
            Ended::Shown | Ended::Unchanged => "nothing was changed",
        };
        ui.error(&format!("{unmet} not achieved; {rest}"));
    }
    exit
}

fn success(prepared: &Prepared, ended: Ended) -> String {
    let count = |sign| prepared.plan.lines.iter().filter(|line| line.sign == sign).count();
    match ended {
        _ if prepared.plan.is_empty() => format!("up to date: {}", converged(prepared)),
        Ended::Shown | Ended::Unchanged => "nothing was changed".to_owned(),
        Ended::Applied => format!(
            "done: {} added, {} changed, {} removed",
            count(Sign::Add),
            count(Sign::Change),
            count(Sign::Remove)
        ),
    }
}

/// Counts what is as it should be.
fn converged(prepared: &Prepared) -> String {
    let desired = &prepared.resolution.desired;
    [
        (desired.plugins.len(), "plugins"),
        (desired.skills.len(), "skills"),
        (prepared.declared.intent.servers.len(), "MCP servers"),
    ]
    .iter()
    .filter(|(count, what)| *count > 0 || *what == "plugins")
    .map(|(count, what)| format!("{count} {what}"))
    .collect::<Vec<_>>()
    .join(", ")
}

fn document(ask: &Ask, prepared: &Prepared, ended: Ended, exit: Exit) -> Value {
    let mut document = json!({
        "schema": ask.schema,
        "manifest": prepared.declared.intent.manifest,
        "applied": ended == Ended::Applied,
        "exit": exit as u8,
    });
    if let (Value::Object(document), Value::Object(plan)) =
        (&mut document, plan::json(&prepared.plan))
    {
        document.extend(plan);
    }
    document
}
