//! `doctor --fix`: repairs and a sync in one plan, and what that plan would be.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::look::{Look, Looks};
use super::{Args, report};
use crate::cli::converge::{self, Ask, Mode, Prepared};
use crate::cli::session;
use crate::cli::{Exit, Faults};
use crate::clients::claude::known_marketplaces;
use crate::doctor::{self, Agreed, Finding, Fix};
use crate::machine::env::Env;
use crate::machine::index;
use crate::machine::store::disk;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Ui, Verbosity, confirm};
use crate::model::{Change, Note, OwnFile, Roots, WantedPlugin, without_login};
use crate::plan::{self, Bytes, Line, Plan, Sign, Step};
use crate::resolve::{Replaced, Resolution};

/// Repairs the client's files, then syncs with what settings ask for added to what the manifest wants.
pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let agreed = agree(args, env, ui)?;
    let declared = || session::declared_or_none(args.file.as_deref(), env);
    let ask = Ask {
        offline: args.offline,
        yes: args.yes,
        json: args.format() != super::Format::Text,
        ..Ask::new("zskills/doctor-fix/1", &declared)
    };
    let exit = converge::drive(&ask, env, ui, &|fingerprints| {
        let look = Looks::new(args, env, ui).look_as(agreed, fingerprints)?;
        prepare(&ask, args, env, ui, look, fingerprints)
    })?;
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let left = Looks::new(args, env, ui).look(&mut fingerprints)?.findings;
    if !ask.json {
        report::report(args.format(), ui, &left, &report::Steps::default());
    }
    Ok(match exit {
        Exit::Done => args.exit(&left),
        exit => exit,
    })
}

/// Returns what `--fix` would do about each finding, as far as that is known without fetching.
pub fn preview(
    args: &Args,
    env: &Env,
    ui: Ui,
    look: &Look,
    fingerprints: &mut Fingerprints,
) -> report::Steps {
    if !look.findings.iter().any(|finding| finding.fix.is_automatic()) {
        return report::Steps::default();
    }
    let declared = || session::declared_or_none(args.file.as_deref(), env);
    let ask = Ask { offline: true, mode: Mode::Show, ..Ask::new("", &declared) };
    let quiet = Ui { verbosity: Verbosity::Quiet, ..ui };
    let again = Looks::new(args, env, quiet).look(fingerprints);
    let prepared = again.and_then(|look| prepare(&ask, args, env, quiet, look, fingerprints)).ok();
    let plan = prepared.map(|prepared| prepared.plan).unwrap_or_default();
    look.findings.iter().map(|finding| steps(finding, &plan)).collect()
}

fn steps(finding: &Finding, plan: &Plan) -> Vec<String> {
    let mine = plan
        .lines
        .iter()
        .filter(|line| line.thing.name() == finding.about && line.sign != Sign::Keep)
        .map(|line| {
            let sign = match line.sign {
                Sign::Add => '+',
                Sign::Change => '~',
                Sign::Remove => '-',
                Sign::Keep => '·',
            };
            format!("{sign} {} {}  {}", line.thing.kind(), line.thing.name(), line.text)
        });
    let file = finding.diagnostic.file.display();
    match &finding.fix {
        Fix::ByHand(_) => Vec::new(),
        Fix::Repair(_) | Fix::Strip(_) => {
            vec![format!("+ copy of {file}"), format!("~ write {file}")]
        }
        Fix::Correct(_) | Fix::Drop(_) | Fix::Sync | Fix::Install(_) | Fix::Mend(_) => {
            mine.collect()
        }
    }
}

/// Asks once for everything that takes something away.
fn agree(args: &Args, env: &Env, ui: Ui) -> Result<Agreed> {
    if args.yes {
        return Ok(Agreed::Yes);
    }
    let mut fingerprints = Fingerprints::load(&env.roots.cache_dir);
    let look = Looks::new(args, env, ui).look(&mut fingerprints)?;
    let questions = doctor::questions(&look.findings);
    if questions.is_empty() || !ui.interactive {
        return Ok(Agreed::No);
    }
    for question in &questions {
        ui.talk(question);
    }
    Ok(if confirm("Take these out, keeping copies of the files?") {
        Agreed::Yes
    } else {
        Agreed::No
    })
}

/// Makes the plan: copies of what is rewritten, the repairs, and the sync that follows from them.
fn prepare(
    ask: &Ask,
    args: &Args,
    env: &Env,
    ui: Ui,
    look: Look,
    fingerprints: &mut Fingerprints,
) -> Result<Prepared> {
    let (indexes, mut notes) = kept_indexes(&env.roots, &look)?;
    let own: Vec<OwnFile> =
        indexes.into_iter().chain(repairs(&env.roots, &env.now, &look)?).collect();
    let mut lines: Vec<Line> = look.repaired.changes.iter().map(line).collect();
    lines.dedup_by(|a, b| a.thing == b.thing);
    notes.extend(look.repaired.notes.iter().cloned());
    // A rebuilt registry shows what it had hidden.
    let look = if own.is_empty() {
        look
    } else {
        let files = look.repaired.files;
        Looks::new(args, env, ui).look_at(files, fingerprints)?
    };
    let extra = installs(&look.findings);
    let mends = look.findings.iter().any(|finding| matches!(finding.fix, Fix::Mend(_)));
    let ask = Ask {
        extra: &extra,
        offline: ask.offline,
        mode: ask.mode,
        yes: ask.yes,
        json: ask.json,
        ..Ask::new(ask.schema, ask.declared)
    };
    let Look { declared, snapshot, .. } = look;
    let first = |seen: &mut crate::flow::observe::Snapshot| {
        *seen = snapshot.clone();
        let (mut all, mut said) = (own.clone(), lines.clone());
        if mends {
            let (fixed, mends) = converge::fix_servers(env, seen);
            all.extend(fixed);
            said.extend(mends);
        }
        (all, said)
    };
    let mut prepared = match converge::prepare_from(&ask, env, ui, declared, fingerprints, first) {
        Ok(prepared) => prepared,
        // Files that nobody may repair stand in the way of a sync; the repairs are made all the same.
        Err(error) => match error.downcast::<Faults>() {
            Ok(faults) => repairs_alone(&ask, &own, lines, faults, &notes)?,
            Err(error) => return Err(error),
        },
    };
    keep_altered(&env.roots, &env.now, &mut prepared);
    prepared.plan.notes.splice(0..0, notes);
    Ok(prepared)
}

fn repairs_alone(
    ask: &Ask,
    own: &[OwnFile],
    lines: Vec<Line>,
    faults: Faults,
    said: &[Note],
) -> Result<Prepared> {
    let note = |fault: crate::model::Diagnostic| {
        let mut note = Note::unmet(fault.file.display().to_string(), fault.message);
        note.hint = fault.hint;
        note
    };
    let plan = Plan {
        lines,
        steps: own.iter().filter_map(plan::own_step).collect(),
        notes: faults
            .into_inner()
            .into_iter()
            .map(note)
            .filter(|note| !said.iter().any(|other| other.about == note.about))
            .collect(),
        ..Plan::default()
    };
    let declared = (ask.declared)()?;
    Ok(Prepared { declared, resolution: Resolution::default(), plan, refused_by_lock: false })
}

/// Takes over the remote indexes that stand in the client's registry, before they leave it.
fn kept_indexes(roots: &Roots, look: &Look) -> Result<(Option<OwnFile>, Vec<Note>)> {
    let registry = look.snapshot.files.get(&known_marketplaces::path(roots));
    let entries = registry.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let found = index::in_registry(&entries.unwrap_or_default());
    if found.is_empty() {
        return Ok((None, Vec::new()));
    }
    if !index::is_built_in() {
        let text = "is a remote index, which this build does not know; only the copy keeps it";
        return Ok((None, found.keys().map(|name| Note::info(name, text)).collect()));
    }
    let mut indexes = index::read(roots)?;
    let mut notes = Vec::new();
    for (name, url) in found {
        let known = index::recognize(&name).or_else(|| index::recognize(&url));
        let name = known.map_or(name, str::to_owned);
        notes.push(Note::info(&name, "moved this remote index into zskills' own list"));
        indexes.urls.entry(name).or_insert_with(|| without_login(&url));
    }
    Ok((Some(indexes.own_file()), notes))
}

/// Returns the files that the repairs write: first a copy of each, then each.
fn repairs(roots: &Roots, now: &str, look: &Look) -> Result<Vec<OwnFile>> {
    let mut own = Vec::new();
    for (path, after) in look.repaired.files.iter() {
        let before = look.snapshot.files.get(path);
        let Some(after) = after.filter(|after| before != Some(after)) else { continue };
        if let Some(before) = before {
            let copy = backup(roots, now, path);
            let there = disk::read(&copy)?;
            own.push(OwnFile { path: copy, before: there, after: before.to_vec() });
        }
        let before = before.map(<[u8]>::to_vec);
        own.push(OwnFile { path: path.to_owned(), before, after: after.to_vec() });
    }
    Ok(own)
}

/// Keeps a copy of folders that were edited before the locked bytes replace them.
fn keep_altered(roots: &Roots, now: &str, prepared: &mut Prepared) {
    let plugins = prepared.resolution.desired.plugins.values();
    let altered = plugins.filter(|plugin| {
        plugin.bytes.as_ref().is_some_and(|bytes| bytes.replaces == Some(Replaced::Altered))
    });
    let mut copies: Vec<Step> = altered
        .map(|plugin| Step::Place {
            from: plugin.install_path.clone(),
            to: backup(roots, now, &plugin.install_path),
            what: Bytes::Backup,
        })
        .collect();
    copies.dedup();
    prepared.plan.steps.splice(0..0, copies);
}

/// Returns where a copy of a file or folder is kept: below one folder a run, under its path from home.
fn backup(roots: &Roots, now: &str, path: &Path) -> PathBuf {
    let rest = path.strip_prefix(&roots.home).unwrap_or(path);
    let rest: PathBuf =
        rest.components().filter(|c| matches!(c, std::path::Component::Normal(_))).collect();
    roots.state_dir.join("backups").join(now.replace(':', "")).join(rest)
}

fn line(change: &Change) -> Line {
    let (sign, text) = match change.after {
        Some(_) => (Sign::Change, "record corrected"),
        None => (Sign::Remove, "record dropped"),
    };
    Line { sign, thing: change.fact.item.thing(), text: text.to_owned(), foreign: false }
}

/// Returns what is to be installed although the manifest does not name it, each once.
fn installs(findings: &[Finding]) -> Vec<WantedPlugin> {
    let mut wanted: Vec<WantedPlugin> = Vec::new();
    for finding in findings {
        if let Fix::Install(plugin) = &finding.fix
            && !wanted.iter().any(|one| one.id == plugin.id && one.scope == plugin.scope)
        {
            wanted.push(WantedPlugin::clone(plugin));
        }
    }
    wanted
}
