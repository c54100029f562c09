//! What people read of a thing's changes: one line.

use crate::model::{Change, Commit, Item, Record, Thing};
use crate::plan::{Inputs, Line, Sign};
use crate::resolve::{DesiredMarketplace, DesiredPlugin, Replaced};

/// Returns what happens to a marketplace, if anything does.
pub(super) fn marketplace(
    thing: &Thing,
    marketplace: &DesiredMarketplace,
    changes: &[Change],
) -> Option<Line> {
    let source = marketplace.source.redacted();
    let at = marketplace.commit.as_ref().map(|c| format!(" at {}", c.short())).unwrap_or_default();
    let registry = changes.iter().find(|c| matches!(c.fact.item, Item::Marketplace { .. }));
    let (sign, text) = match registry {
        Some(Change { before: None, .. }) => (Sign::Add, format!("{source}{at}")),
        _ if marketplace.bytes.is_some() => (Sign::Change, format!("{source} moves{at}")),
        Some(_) => (Sign::Change, format!("{source}, registry entry corrected")),
        None if changes.is_empty() => return None,
        None => (Sign::Change, format!("{source}, declared in {}", scopes(changes))),
    };
    Some(Line::of(sign, thing.clone(), text))
}

/// Returns what a line says more when the history of a source no longer holds what it was at.
pub(super) fn rewritten(inputs: &Inputs, new: Option<&Commit>, old: Option<&Commit>) -> String {
    let is_it =
        |(to, from): &&(Commit, Commit)| Some(to) == new && old.is_none_or(|old| old == from);
    match inputs.desired.rewritten.iter().find(is_it) {
        Some((_, old)) => format!("; history rewritten: {} is no longer part of it", old.short()),
        None => String::new(),
    }
}

fn scopes(changes: &[Change]) -> String {
    let names: Vec<String> = changes
        .iter()
        .filter_map(|change| match &change.fact.item {
            Item::Declared { reach, .. } => Some(format!("{reach} settings")),
            _ => None,
        })
        .collect();
    names.join(", ")
}

/// Returns what happens to a plugin, if anything does.
pub(super) fn plugin(thing: &Thing, plugin: &DesiredPlugin, changes: &[Change]) -> Option<Line> {
    if changes.is_empty() && plugin.bytes.is_none() {
        return None;
    }
    let version = &plugin.version;
    let record = changes.iter().find(|c| matches!(c.fact.item, Item::Plugin { .. }));
    let mut said = Vec::new();
    let mut sign = Sign::Change;
    match record {
        Some(Change { before: None, .. }) => {
            sign = Sign::Add;
            said.push(version.clone());
            if plugin.auto {
                said.push("a dependency".to_owned());
            }
        }
        Some(Change { before: Some(Record::Plugin(old)), .. }) => {
            let old_version = old.version.as_deref().unwrap_or("unknown");
            if old_version == version {
                said.push(version.clone());
            } else {
                said.push(format!("{old_version} → {version}"));
            }
        }
        _ => said.push(version.clone()),
    }
    match (&plugin.bytes, sign) {
        (Some(placement), Sign::Change)
            if placement.replaces == Some(Replaced::Renewed) && !said[0].contains('→') =>
        {
            said.push("same version, new content".to_owned());
        }
        (Some(placement), Sign::Change) if placement.replaces == Some(Replaced::Altered) => {
            said.push("its bytes on disk are not the ones in the lock, reinstalled".to_owned());
        }
        (Some(_), Sign::Change) if said.len() == 1 && !said[0].contains('→') => {
            said.push("bytes installed".to_owned());
        }
        _ => {}
    }
    if let Some(change) = changes.iter().find(|c| matches!(c.fact.item, Item::Enabled { .. })) {
        let word = match (plugin.enabled, &change.before) {
            (true, _) => "enabled",
            (false, _) => "disabled",
        };
        said.push(word.to_owned());
    }
    Some(Line::of(sign, thing.clone(), said.join(", ")))
}
