//! The path of every command that changes something: look, resolve, plan, show, apply.

use std::collections::BTreeSet;
use std::mem;

use anyhow::{Result, bail};

use super::apply::{self, Applied, Slots};
use super::gather::{self, Means};
use super::generations::{self, Begun};
use super::host::{Host, Question};
use super::manifest::{self, Declared};
use super::observe::{self, Snapshot};
use super::server_notes;
use super::undo::Runs;
use crate::clients::CODECS;
use crate::declared::lock::Lock;
use crate::declared::manifest as declared_manifest;
use crate::machine::env::Env;
use crate::machine::fetch::{FetchOptions, Progress};
use crate::machine::git::Git;
use crate::machine::interrupt;
use crate::machine::npm::Npm;
use crate::machine::store::run_lock::{self, RunLock};
use crate::machine::store::tree::Fingerprints;
use crate::model::{
    Client, Level, Note, OwnFile, Roots, SkillName, State, WantedPlugin, WantedServer, WantedSkill,
};
use crate::plan::{self, Action, Adopted, Consent, Plan, Repair, Wishes};
use crate::resolve::{self, Movement, Resolution, SkillsAsked};

/// What a command wants to converge to, and how.
#[derive(Clone)]
pub struct Ask<'a> {
    /// Reads the manifest and lock; called again when a plan has to be made again.
    pub declared: &'a dyn Fn() -> Result<Declared>,
    /// Wanted for this once, beside the manifest.
    pub extra: Vec<WantedPlugin>,
    pub extra_skills: Vec<WantedSkill>,
    /// Which things move to the newest of their source.
    pub movement: Movement,
    /// Skills that move to the newest of their source.
    pub moving_skills: Vec<String>,
    /// Plugins whose new capabilities are accepted.
    pub accepted: Vec<String>,
    /// The lock must not change.
    pub locked: bool,
    pub offline: bool,
    /// Questions are answered with yes.
    pub yes: bool,
    pub mode: Mode,
    /// Files of ours that are written before everything else.
    pub repairs: Vec<Repair>,
    /// The runs that are taken back.
    pub undoes: Option<Runs>,
    pub wishes: Wishes,
}

impl<'a> Ask<'a> {
    /// Returns what most commands want: apply, online, asking before anything foreign goes.
    pub fn new(declared: &'a dyn Fn() -> Result<Declared>) -> Self {
        Self {
            declared,
            extra: Vec::new(),
            extra_skills: Vec::new(),
            movement: Movement::Keep,
            moving_skills: Vec::new(),
            accepted: Vec::new(),
            locked: false,
            offline: false,
            yes: false,
            mode: Mode::Apply,
            repairs: Vec::new(),
            undoes: None,
            wishes: Wishes::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Apply,
    /// Make the plan and stop.
    Show,
    /// The same, and a plan that is not empty is an outcome of its own.
    Check,
}

/// A plan and what it was made from.
pub struct Prepared {
    pub declared: Declared,
    pub resolution: Resolution,
    pub plan: Plan,
    pub refused_by_lock: bool,
}

/// How a run ended.
pub struct Report {
    pub prepared: Prepared,
    pub ended: Ended,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Only a plan was asked for.
    Shown,
    Unchanged,
    Applied,
}

/// What a run achieved; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Done,
    /// A check found changes or errors.
    Pending,
    /// Something that was asked for was not achieved.
    Unmet,
    /// Refused for integrity, trust or policy.
    Refused,
}

/// How often a plan is made again because another program wrote in between.
const TRIES: usize = 4;

/// Makes the machine match what is asked for, and says how it ended.
///
/// # Errors
/// A file, the network or the disk fails in a way that no note can tell; what was done is valid.
pub fn converge(ask: Ask, env: &Env, host: &dyn Host) -> Result<Report> {
    drive(ask, env, host, &|ask, fingerprints| {
        prepare(ask, env, host, (ask.declared)()?, fingerprints)
    })
}

/// Makes a plan from what a command asks for.
pub type Prepare<'p> = dyn Fn(&Ask, &mut Fingerprints) -> Result<Prepared> + 'p;

/// Shows and applies a plan; makes it again when another program writes in between.
pub fn drive(mut ask: Ask, env: &Env, host: &dyn Host, prepare: &Prepare) -> Result<Report> {
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    if ask.offline {
        ask.wishes.consent = Consent::Offline;
    }
    if ask.mode != Mode::Apply {
        let prepared = prepare(&ask, &mut fingerprints)?;
        host.show(&prepared);
        return Ok(report(&ask, prepared, Ended::Shown));
    }
    let lock = locked(env, host)?;
    apply::clean(&env.roots)?;
    let mut run = Run::taken_up(&ask, env, host)?;
    let (mut shown, mut offered) = (false, false);
    let (mut ended, mut stale) = (Ended::Unchanged, None);
    for _ in 0..TRIES {
        let mut prepared = prepare(&ask, &mut fingerprints)?;
        if !mem::replace(&mut offered, true) {
            let taken = taken(&ask, host, &prepared);
            if !taken.is_empty() {
                ask.accepted.extend(taken);
                prepared = prepare(&ask, &mut fingerprints)?;
            }
        }
        if !mem::replace(&mut shown, true) {
            host.show(&prepared);
            if !prepared.refused_by_lock {
                ask_before_removing(&ask, host, &prepared.plan)?;
            }
        }
        if ask.wishes.removals == Consent::Unasked && prepared.plan.removes_most() {
            let agreed = ask.yes || host.ask(Question::RemoveMost) == Some(true);
            ask.wishes.removals = if agreed { Consent::Given } else { Consent::Refused };
            prepared = prepare(&ask, &mut fingerprints)?;
        }
        if ask.wishes.consent == Consent::Unasked && !prepared.plan.installers().is_empty() {
            let agreed = ask.yes || host.ask(Question::RunInstallers) == Some(true);
            ask.wishes.consent = if agreed { Consent::Given } else { Consent::Refused };
            prepared = prepare(&ask, &mut fingerprints)?;
        }
        if prepared.refused_by_lock || prepared.plan.is_empty() {
            run.end(&prepared)?;
            return Ok(report(&ask, prepared, ended));
        }
        let slots = run.write_down(&prepared)?;
        match apply::apply(&prepared.plan, &env.roots, &slots, &lock)? {
            Applied::All => {
                ended = Ended::Applied;
                remember(&prepared, &mut fingerprints);
                let ran = prepared.plan.installers();
                if ran.is_empty() {
                    run.end(&prepared)?;
                    return Ok(report(&ask, prepared, ended));
                }
                // What they have put there is seen, linked and recorded by another plan.
                ask.wishes.ran.extend(ran);
                shown = false;
            }
            Applied::NoLinks => {}
            Applied::Stale(path) => stale = Some(path),
        }
    }
    let path = stale.unwrap_or_default();
    bail!("`{}` was changed by another program at each of {TRIES} attempts", path.display())
}

/// Shows what an upgrade newly brings, asks once for each source, and returns what is accepted.
/// `--yes` is no answer to that.
fn taken(ask: &Ask, host: &dyn Host, prepared: &Prepared) -> Vec<String> {
    let mut taken = Vec::new();
    if ask.movement == Movement::Keep && ask.moving_skills.is_empty() {
        return taken;
    }
    for (source, offers) in &prepared.resolution.offers {
        for text in offers.values() {
            host.tell(&Note::info(source, text));
        }
        match host.ask(Question::TakePowers) {
            Some(true) => taken.extend(offers.keys().cloned()),
            Some(false) => {}
            None => break,
        }
    }
    taken
}

/// Takes the lock that keeps two runs apart; says whom it waits for.
pub fn locked(env: &Env, host: &dyn Host) -> Result<RunLock> {
    let waiting = |holder: &str| {
        let text = format!("waiting for {holder} to finish");
        host.tell(&Note::info("zskills", text));
    };
    run_lock::take(&env.roots.state_dir, env.patience, waiting)
}

/// What a run writes down before it changes anything.
struct Run<'a> {
    env: &'a Env,
    undid: Option<u32>,
    /// A run that was cut short, and that this one goes on with.
    going_on: Option<u32>,
    begun: Option<Begun>,
}

impl<'a> Run<'a> {
    /// Sees whether the last run came to its end; if not, this one is told apart from it by nobody who
    /// takes them back.
    fn taken_up(ask: &Ask, env: &'a Env, host: &dyn Host) -> Result<Self> {
        let undid = ask.undoes.map(|runs| runs.first);
        let mut run = Self { env, undid, going_on: None, begun: None };
        let Some(cut) = generations::cut_short(&env.roots) else { return Ok(run) };
        generations::settle(&cut, &env.roots)?;
        if undid.is_some() {
            generations::close(cut.number, &env.roots)?;
            return Ok(run);
        }
        let command = cut.commands().join("`, `");
        let text = format!(
            "the run of {} (`{command}`) did not come to its end; this one goes on from there",
            cut.time()
        );
        host.tell(&Note::info("zskills", text));
        run.going_on = Some(cut.number);
        Ok(run)
    }

    /// Writes down what a plan is about to change; returns where what makes room is kept.
    fn write_down(&mut self, prepared: &Prepared) -> Result<Slots> {
        let _whole = interrupt::step();
        let begun = generations::begin(prepared, self.undid, self.env, self.going_on)?;
        self.going_on = Some(begun.number);
        Ok(self.begun.insert(begun).slots.clone())
    }

    /// Notes that nothing is left to do.
    fn end(&self, prepared: &Prepared) -> Result<()> {
        let _whole = interrupt::step();
        match (&self.begun, self.going_on) {
            (Some(begun), _) => {
                generations::finish(begun, prepared.declared.intent.history, &self.env.roots)
            }
            (None, Some(cut)) => generations::close(cut, &self.env.roots),
            (None, None) => Ok(()),
        }
    }
}

/// Makes the plan for what is declared.
pub fn prepare(
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    declared: Declared,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let seen = observe::observe(&env.roots, &declared.lock, fingerprints)?;
    let repairs = ask.repairs.clone();
    let seen = Seen { snapshot: seen, repairs, adopted: Adopted::default() };
    prepare_from(ask, env, host, declared, &seen, fingerprints)
}

/// What a plan goes by: what was seen, and what becomes of it before anything else.
pub struct Seen {
    /// The clients' files as they will be after the repairs.
    pub snapshot: Snapshot,
    pub repairs: Vec<Repair>,
    pub adopted: Adopted,
}

/// Makes the plan for what is declared from what was seen.
pub fn prepare_from(
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    declared: Declared,
    seen: &Seen,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let owned = manifest::owned(&env.roots)?;
    let Seen { snapshot, repairs, adopted } = seen;
    let mut resolution = resolve(ask, env, host, &declared, snapshot, fingerprints);
    resolution.lock.keep_elsewhere(&declared.lock, &declared.intent.elsewhere);
    if ask.locked {
        resolution.lock.forget_powers_unknown_to(&declared.lock);
    }
    let missing = not_locked(&declared);
    let refused_by_lock = ask.locked && (resolution.lock != declared.lock || !missing.is_empty());
    if refused_by_lock {
        resolution.notes.push(lock_would_change(&declared.lock, &resolution.lock, missing));
    }
    resolution.notes.extend(remarks(&declared, &snapshot.observed.state, &env.roots));
    with_places(&declared, &mut resolution.notes);
    let own: Vec<OwnFile> =
        if ask.wishes.once { Vec::new() } else { declared.own(&resolution.lock) };
    let cached =
        if ask.wishes.purge.is_empty() { BTreeSet::new() } else { observe::cached(&env.roots) };
    let plan = plan::plan(plan::Inputs {
        roots: &env.roots,
        intent: &declared.intent,
        client: Client::TARGET,
        desired: &resolution.desired,
        state: &snapshot.observed.state,
        files: &snapshot.files,
        problems: &snapshot.problems,
        codecs: &CODECS,
        shelves: &snapshot.observed.shelves,
        cached: &cached,
        ledger: &owned.ledger,
        ledger_file: owned.file.as_deref(),
        lock: &resolution.lock,
        resolved: &resolution.notes,
        own: &own,
        repairs,
        adopted,
        wishes: &ask.wishes,
        now: &env.now,
    });
    Ok(Prepared { declared, resolution, plan, refused_by_lock })
}

/// Resolves a manifest against what is there, fetching what it takes.
pub fn resolve(
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    declared: &Declared,
    snapshot: &Snapshot,
    fingerprints: &mut Fingerprints,
) -> Resolution {
    let progress = host.progress();
    let fetch = fetch_options(ask.offline, env, progress.as_ref());
    let question = resolve::Question {
        skills: SkillsAsked {
            extra: &ask.extra_skills,
            discard: &ask.wishes.discard,
            moving: &ask.moving_skills,
        },
        roots: &env.roots,
        intent: &declared.intent,
        client: Client::TARGET,
        extra: &ask.extra,
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
pub fn fetch_options<'a>(offline: bool, env: &Env, progress: &'a dyn Progress) -> FetchOptions<'a> {
    FetchOptions {
        offline,
        git: Git::new(env.git_timeout).with_logins(&env.logins),
        npm: Npm::new(env.git_timeout),
        timeout: env.git_timeout,
        github: env.github.clone(),
        ..FetchOptions::new(env.roots.cache_dir.clone(), progress)
    }
}

/// Returns what there is to say of the servers that are new or changed; of the others doctor says it.
fn remarks(declared: &Declared, state: &State, roots: &Roots) -> Vec<Note> {
    let is_there = |server: &&WantedServer| {
        let current = state.server(Client::TARGET, &server.name, &roots.reach(server.scope));
        current.is_some_and(|current| plan::is_met(&server.record, current))
    };
    let servers = declared.intent.servers.iter().filter(|server| !is_there(server));
    servers.flat_map(server_notes::of).collect()
}

/// Gives each note that counts the place in the manifest that it is about.
fn with_places(declared: &Declared, notes: &mut [Note]) {
    // What a command edits is there as edited once it has run.
    let Some(text) = &declared.text else { return };
    for note in notes.iter_mut().filter(|note| note.level > Level::Info && note.fault.is_none()) {
        let fault = declared_manifest::locate(&declared.intent.manifest, text, note);
        note.fault = fault.map(Box::new);
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
    let left_out = |lock: &Lock, other: &Lock| {
        let is_new = |(source, name): &(&String, &SkillName)| {
            !other.excluded.get(*source).is_some_and(|names| names.contains(*name))
        };
        let all = lock.excluded.iter().flat_map(|(s, names)| names.iter().map(move |n| (s, n)));
        all.filter(is_new).map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>()
    };
    names.extend(left_out(new, old));
    names.extend(left_out(old, new));
    let names: Vec<String> = names.into_iter().collect();
    Note::refused("skills.lock", format!("would change for {}", names.join(", ")))
        .hint("run `zskills sync` without `--locked`, look at the lock, and commit it")
}

fn ask_before_removing(ask: &Ask, host: &dyn Host, plan: &Plan) -> Result<()> {
    let several = ask.undoes.is_some_and(|runs| runs.count() > 1) && !plan.is_empty();
    let (question, text) = if several {
        (Question::GoBack, "this takes several runs back")
    } else if plan.removes_foreign() {
        let text = "`--prune` would remove what zskills did not install";
        (Question::RemoveForeign, text)
    } else {
        return Ok(());
    };
    if ask.yes {
        return Ok(());
    }
    match host.ask(question) {
        Some(true) => Ok(()),
        Some(false) => bail!("nothing was changed"),
        None => bail!("{text}; add `--yes` to do so without a terminal"),
    }
}

/// Remembers the hashes of what was just placed, so that the next run need not read it.
fn remember(prepared: &Prepared, fingerprints: &mut Fingerprints) {
    for plugin in prepared.resolution.desired.plugins.values() {
        if let Some(placement) = &plugin.bytes {
            fingerprints.placed(&plugin.install_path, placement.hash.clone());
        }
    }
    for step in prepared.plan.steps() {
        if let Action::Part { to, hash, .. } = &step.action {
            fingerprints.placed(to, hash.clone());
        }
    }
    // Only a cache: without it the next run hashes again.
    drop(fingerprints.save_if_changed());
}

/// Returns how it ended: by the worst that there is to say.
fn report(ask: &Ask, prepared: Prepared, ended: Ended) -> Report {
    let worst = prepared.plan.notes().iter().map(|note| note.level).max();
    let outcome = match worst.unwrap_or(Level::Info) {
        Level::Refused => Outcome::Refused,
        Level::Unmet => Outcome::Unmet,
        Level::Info if ask.mode == Mode::Check && !prepared.plan.is_empty() => Outcome::Pending,
        Level::Info => Outcome::Done,
    };
    Report { prepared, ended, outcome }
}
