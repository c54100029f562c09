//! Whether the bytes that are here are the ones that the lock says were reviewed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::trust::source_changed;
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::declared::lock::{Lock, LockedMarketplace};
use crate::model::{Commit, KnownMarketplace, PluginId, Row, Scope, Source, State, TreeHash};

pub(super) const CHECKS: &[&Check] = &[&DRIFT, &REWRITTEN, &TAG_MOVED, &CAPABILITIES];

/// How a folder differs from the locked bytes; paths are relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Altered {
    pub modified: Vec<String>,
    pub extra: Vec<String>,
    pub missing: Vec<String>,
}

impl Altered {
    fn describe(&self) -> String {
        const SHOWN: usize = 5;
        let part = |word: &str, paths: &[String]| {
            let names: Vec<String> = paths.iter().take(SHOWN).map(|p| format!("`{p}`")).collect();
            let more = match paths.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!paths.is_empty()).then(|| format!("{word} {}{more}", names.join(", ")))
        };
        let parts = [
            part("modified", &self.modified),
            part("extra", &self.extra),
            part("missing", &self.missing),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
    }
}

const DRIFT: Check = Check {
    id: "lock.drift",
    severity: Severity::Error,
    title: "not the locked bytes",
    cause: "The bytes of a plugin, or the commit of a marketplace, are not the ones in \
            `skills.lock`: somebody edited them, or the client updated them by itself. What was \
            modified, added or taken away is named when the locked bytes are at hand.",
    fix: "`--fix` puts the locked bytes back and keeps a copy of what was there.",
    run: drift,
};

fn drift(evidence: &Evidence) -> Vec<Symptom> {
    if evidence.intent.is_none() {
        return Vec::new();
    }
    let mut symptoms = elsewhere(evidence, |marketplace| {
        let Elsewhere { row, head, why: Why::Unknown, .. } = marketplace else { return None };
        Some(format!("marketplace `{}` stands at {}", row.name, head.short()))
    });
    let locked = evidence.lock.plugins.iter();
    for (wanted, scope, locked) in locked.flat_map(|(id, l)| Scope::ALL.map(|s| (id, s, l))) {
        let id = wanted.to_string();
        let Some(row) = evidence.record(&id, scope) else { continue };
        let record = row.record;
        // Another hand may have another version in another scope.
        if !record.auto && !evidence.wants(&id, scope) {
            continue;
        }
        let Some(tree) = evidence.observed.trees.get(&record.install_path) else { continue };
        // A local folder is read where it lies; the copy in the cache does not matter.
        if *tree == locked.tree || comes_from_folder(evidence, wanted) {
            continue;
        }
        let names = evidence.disk.altered.get(&record.install_path).map(Altered::describe);
        let text = format!(
            "the bytes of `{id}` in `{}` are not the ones in skills.lock{}",
            record.install_path.display(),
            names.unwrap_or_default()
        );
        symptoms.push(Symptom::new(id, evidence.at(row.fact, text), Fix::Sync));
    }
    symptoms
}

const REWRITTEN: Check = Check {
    id: "trust.history-rewritten",
    severity: Severity::Error,
    title: "the locked commit is no longer in the history",
    cause: "The marketplace's clone stands at a commit that does not descend from the locked one: \
            the history was rewritten at the source. Told only when the clone at hand has its \
            whole history.",
    fix: "`--fix` puts the locked commit back. Find out why the history was rewritten before you \
          upgrade.",
    run: rewritten,
};

fn rewritten(evidence: &Evidence) -> Vec<Symptom> {
    elsewhere(evidence, |marketplace| {
        let Elsewhere { row, head, why: Why::Rewritten, .. } = marketplace else { return None };
        Some(format!("marketplace `{}` stands at {}, in another history", row.name, head.short()))
    })
}

const TAG_MOVED: Check = Check {
    id: "trust.tag-moved",
    severity: Severity::Error,
    title: "a pinned tag that points elsewhere",
    cause: "The marketplace is pinned to a tag, and the clone has that tag at another commit than \
            the lock. The client follows a moved tag without a word.",
    fix: "`--fix` puts the locked commit back. Find out why the tag was moved before you upgrade.",
    run: tag_moved,
};

fn tag_moved(evidence: &Evidence) -> Vec<Symptom> {
    elsewhere(evidence, |marketplace| {
        let Elsewhere { row, head, why: Why::TagMoved(tag), .. } = marketplace else { return None };
        Some(format!("tag `{tag}` of marketplace `{}` now is {}", row.name, head.short()))
    })
}

/// A marketplace that does not stand at the locked commit.
struct Elsewhere<'a> {
    row: Row<'a, &'a KnownMarketplace>,
    head: &'a Commit,
    locked: &'a Commit,
    why: Why<'a>,
}

/// What is known of how a marketplace came to stand at another commit.
enum Why<'a> {
    /// Its pin is this tag, which points elsewhere by now.
    TagMoved(&'a str),
    Rewritten,
    Unknown,
}

/// Returns a symptom for each marketplace elsewhere of which there is something to say.
fn elsewhere(evidence: &Evidence, say: fn(&Elsewhere) -> Option<String>) -> Vec<Symptom> {
    let marketplaces = evidence.lock.marketplaces.iter();
    let symptoms = marketplaces.filter_map(|(name, locked)| {
        let marketplace = look(evidence, name.as_str(), locked)?;
        let text = format!("{}; the lock says {}", say(&marketplace)?, marketplace.locked.short());
        let row = marketplace.row;
        Some(Symptom::new(row.name, evidence.at(row.fact, text), Fix::Sync))
    });
    symptoms.collect()
}

/// Returns a marketplace that is the locked one, but for its commit.
fn look<'a>(
    evidence: &Evidence<'a>,
    name: &str,
    locked: &'a LockedMarketplace,
) -> Option<Elsewhere<'a>> {
    evidence.intent?;
    let Evidence { observed, disk, .. } = *evidence;
    let row = observed.state.marketplaces().find(|row| row.name == name)?;
    let head = observed.heads.get(&row.record.install_location)?;
    let commit = locked.commit.as_ref().filter(|commit| *commit != head)?;
    if source_changed(evidence, row).is_some() {
        return None;
    }
    let why = match &locked.pin {
        Some(tag) if disk.tags.contains(name) => Why::TagMoved(tag),
        _ if disk.rewritten.contains(name) => Why::Rewritten,
        _ => Why::Unknown,
    };
    Some(Elsewhere { row, head, locked: commit, why })
}

const CAPABILITIES: Check = Check {
    id: "trust.capability-diff",
    severity: Severity::Warning,
    title: "a plugin can do more than was accepted",
    cause: "The bytes on disk bring a hook, a server, an executable, a script, a command in a \
            document or a tool permission that the lock does not have.",
    fix: "`--fix` puts the locked bytes back. An upgrade that adds one stops until \
          `--accept-capabilities` names the plugin.",
    run: more_capabilities,
};

fn more_capabilities(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for (row, scan) in evidence.scans() {
        let (id, scope, folder) = (row.name, row.reach.scope(), &row.record.install_path);
        let Ok(parsed) = id.parse::<PluginId>() else { continue };
        let Some(locked) = evidence.lock.plugins.get(&parsed).filter(|_| evidence.wants(id, scope))
        else {
            continue;
        };
        let Some(accepted) = &locked.powers else { continue };
        // The same bytes bring the same; and a copy of a local folder is not what runs.
        if evidence.observed.trees.get(folder) == Some(&locked.tree)
            || comes_from_folder(evidence, &parsed)
        {
            continue;
        }
        let new: Vec<&str> = scan
            .capabilities
            .iter()
            .filter(|one| !accepted.contains_key(*one))
            .map(String::as_str)
            .collect();
        if new.is_empty() {
            continue;
        }
        let text = format!("`{id}` brings what the lock does not have: {}", new.join("; "));
        symptoms.push(Symptom::new(id, evidence.at(row.fact, text), Fix::Sync));
    }
    symptoms
}

fn comes_from_folder(evidence: &Evidence, id: &PluginId) -> bool {
    let known = evidence.observed.state.marketplace(evidence.client, id.marketplace.as_str());
    let source = known.and_then(|known| known.source.source());
    matches!(source, Some(Source::Directory { .. } | Source::File { .. }))
}

/// Returns the folders of which it is to be found out how they differ from the lock.
pub fn drifted<'a>(
    state: &'a State,
    lock: &'a Lock,
    trees: &'a BTreeMap<PathBuf, TreeHash>,
) -> impl Iterator<Item = &'a Path> {
    state.plugins().filter_map(|row| {
        let locked = lock.plugins.get(&row.name.parse::<PluginId>().ok()?)?;
        let tree = trees.get(&row.record.install_path)?;
        (*tree != locked.tree).then_some(row.record.install_path.as_path())
    })
}
