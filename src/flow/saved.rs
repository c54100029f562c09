//! Plans that are saved, and applied later exactly or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::converge::{self, Ask, Prepared};
use super::host::Host;
use super::manifest::{self, Declared};
use crate::declared::generation::{FileChange, Saved, digest_of};
use crate::declared::lock;
use crate::machine::env::Env;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::{self, Fingerprints};
use crate::model::{Faults, Note, Thing};
use crate::plan::{self, Action, Plan, Prune, Sign};

/// Returns a plan as it is saved.
pub fn saved(ask: &Ask, prepared: &Prepared, env: &Env) -> Saved {
    let shown = plan::text(&prepared.plan, crate::model::paint::Paint::Plain);
    Saved {
        version: 0,
        time: env.now.clone(),
        manifest: prepared.declared.intent.manifest.clone(),
        project: env.roots.project.clone(),
        lock: prepared.resolution.lock.render(),
        prune: ask.wishes.prune == Prune::Unmanaged,
        discard: ask.wishes.discard.clone(),
        accepted: ask.accepted.clone(),
        effects: effects(prepared, env, &mut Fingerprints::load(&env.roots.cache_dir)),
        lines: shown.lines().map(str::to_owned).collect(),
    }
}

/// Writes a saved plan, for its owner alone: it says what is where.
pub fn write(saved: &Saved, file: &Path) -> Result<()> {
    let before =
        disk::read(file, Most::OWN).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(disk::replace(file, before.as_deref(), saved.render().as_bytes(), 0o600)?)
}

/// Reads a saved plan.
pub fn read(file: &Path) -> Result<Saved> {
    let bytes = disk::read(file, Most::OWN)
        .with_context(|| format!("cannot read `{}`", file.display()))?
        .with_context(|| format!("there is no plan at `{}`", file.display()))?;
    Ok(Saved::parse(file, &bytes).map_err(Faults::from)?)
}

/// Makes a saved plan again from what is there now.
pub fn prepare(
    saved: &Saved,
    ask: &Ask,
    env: &Env,
    host: &dyn Host,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let declared = manifest::declared(Some(&saved.manifest), env)?;
    let lock = lock::parse(&declared.lock_path, &saved.lock).map_err(Faults::from)?;
    converge::prepare(ask, env, host, Declared { lock, ..declared }, fingerprints)
}

/// Returns why a plan is not the one that was saved. Of one that was applied in part the rest is enough.
pub fn refusals(saved: &Saved, prepared: &Prepared, env: &Env, begun: bool) -> Vec<Note> {
    let now = effects(prepared, env, &mut Fingerprints::load(&env.roots.cache_dir));
    let is_done = |place: &&str| begun && !now.contains_key(*place);
    let differing = saved.differing(&now).into_iter().filter(|place| !is_done(place));
    let note = |place: &str| {
        Note::refused(place, "is not what it was when the plan was saved")
            .hint("look at a new plan with `zskills sync --dry-run`")
    };
    differing.map(note).collect()
}

/// Returns what a plan does, place by place, as digests of what is there and of what is to be.
fn effects(
    prepared: &Prepared,
    env: &Env,
    fingerprints: &mut Fingerprints,
) -> BTreeMap<String, String> {
    let (plan, declared) = (&prepared.plan, &prepared.declared);
    let mut effects = BTreeMap::new();
    let manifest = declared.intent.manifest.display().to_string();
    effects.insert(manifest, digest_of(declared.file.as_deref()));
    let lock = declared.lock_path.display().to_string();
    effects.insert(lock, digest_of(declared.lock_file.as_deref()));
    for step in plan.steps() {
        for (place, effect) in step_effects(&step.action, plan, env, fingerprints) {
            // A file that is written twice has two effects.
            let known: &mut String = effects.entry(place).or_default();
            known.push_str(&effect);
            known.push(';');
        }
    }
    for line in plan.lines().iter().filter(|line| line.sign != Sign::Keep) {
        if let Some(thing) = line.subject.thing() {
            effects.entry(format!("{} {}", thing.kind(), thing.name())).or_default();
        }
    }
    effects
}

fn step_effects(
    action: &Action,
    plan: &Plan,
    env: &Env,
    fingerprints: &mut Fingerprints,
) -> Vec<(String, String)> {
    let one = |path: &Path, effect: String| vec![(path.display().to_string(), effect)];
    let mut stands = |path: &Path| match tree::head(path) {
        Some(head) => head.to_string(),
        None if disk::exists(path) => {
            fingerprints.hash(path).map_or_else(|_| "a file".to_owned(), |hash| hash.to_string())
        }
        None => "nothing".to_owned(),
    };
    match action {
        Action::Write { to, before, after } => {
            written(&to.path, before.as_deref(), Some(after), plan, env)
        }
        Action::Erase { at, before } => written(&at.path, Some(before), None, plan, env),
        Action::Place { to, content, .. } => {
            let content = content.as_deref().unwrap_or("what is in the cache");
            one(to, format!("{} to {content}", stands(to)))
        }
        Action::Part { to, hash, .. } => one(to, format!("{} to {hash}", stands(to))),
        Action::Delete { path } | Action::Trash { path, .. } => {
            one(path, format!("{} to nothing", stands(path)))
        }
        Action::Restore { to, tree, .. } => one(to, format!("{} to {}", stands(to), tree.id)),
        Action::Link { at, target } => one(at, format!("a link to {}", target.display())),
        Action::Unlink { at } => {
            let target = disk::link_target(at).unwrap_or_default();
            one(at, format!("no link to {}", target.display()))
        }
        Action::Tidy { .. } => Vec::new(),
        Action::Run { package, command } => vec![(package.clone(), command.join(" "))],
    }
}

fn written(
    path: &Path,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    plan: &Plan,
    env: &Env,
) -> Vec<(String, String)> {
    // What is ours alone follows from the rest.
    if path.starts_with(&env.roots.state_dir) {
        return Vec::new();
    }
    let own = plan.places().iter().filter(|(place, _)| place.file == path);
    let places: Vec<(&[String], &Thing)> =
        own.map(|(place, thing)| (place.keys.as_slice(), thing)).collect();
    let change = FileChange::of(path.to_owned(), before, after, &places);
    let place = |(key, effect): (String, String)| (format!("{}: {key}", path.display()), effect);
    change.effects().into_iter().map(place).collect()
}
