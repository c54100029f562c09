//! Bytes that go at once: the cached versions of plugins that somebody purges.

use std::collections::BTreeSet;
use std::path::Path;

use super::Diff;
use crate::clients;
use crate::model::{Fact, PluginId};
use crate::plan::{Action, Inputs, Line, Sign, Step, Subject};

/// Deletes the cached versions that no record of any scope or project names any more.
pub(super) fn purge(inputs: &Inputs, diff: &mut Diff) {
    let gone: BTreeSet<&Fact> = diff.removals.iter().map(|change| &change.fact).collect();
    let is_used = |path: &Path| {
        let mut plugins = inputs.state.plugins();
        plugins.any(|row| row.record.install_path == path && !gone.contains(row.fact))
    };
    let mut deletes = Vec::new();
    for id in &inputs.wishes.purge {
        for path in inputs.cached.iter().filter(|path| is_of(inputs, path, id) && !is_used(path)) {
            let subject = Subject::File(path.clone());
            let action = Action::Delete { path: path.clone() };
            deletes.push(Step { action, subjects: vec![subject] });
            diff.lines.push(Line::file(Sign::Remove, path.clone(), format!("bytes of `{id}`")));
        }
    }
    diff.deletes = deletes;
}

/// Tells whether a folder of the client's cache holds a version of a plugin.
fn is_of(inputs: &Inputs, path: &Path, id: &PluginId) -> bool {
    let cache = clients::plugin_layout(inputs.client).cache(inputs.roots);
    path.parent() == Some(&cache.join(id.marketplace.as_str()).join(id.plugin.as_str()))
}
