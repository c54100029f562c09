//! Wishes that were never met. What looks as if it had left the manifest may be what such a wish, with
//! a slip in its name, was meant to be; so nothing of its kind is removed while there is one.

use crate::model::{Thing, WantedSkill};
use crate::plan::Inputs;

/// For each kind of thing a wish that was never met, in words for people.
#[derive(Debug, Default)]
pub(super) struct Unmet {
    pub plugin: Option<String>,
    pub skill: Option<String>,
    pub server: Option<String>,
}

impl Unmet {
    /// Returns the text of a line about something that stays because of a wish.
    pub fn stays(wish: &str) -> String {
        format!("stays until `{wish}` of the manifest can be had, for that may be a slip")
    }
}

pub(super) fn unmet(inputs: &Inputs) -> Unmet {
    Unmet { plugin: plugin(inputs), skill: skill(inputs), server: server(inputs) }
}

/// A plugin or a marketplace that neither is to be had now nor is in the lock from before.
fn plugin(inputs: &Inputs) -> Option<String> {
    let (desired, lock) = (inputs.desired, inputs.lock);
    let plugin = inputs.intent.plugins.iter().find(|want| {
        !desired.plugins.contains_key(&(want.id.clone(), want.scope))
            && !lock.plugins.contains_key(&want.id)
    });
    let marketplace = || {
        inputs.intent.marketplaces.iter().find(|want| {
            !desired.marketplaces.contains_key(&want.name)
                && !lock.marketplaces.contains_key(&want.name)
        })
    };
    plugin.map(|want| want.id.to_string()).or_else(|| Some(marketplace()?.name.to_string()))
}

fn skill(inputs: &Inputs) -> Option<String> {
    inputs.intent.agent_skills.iter().find_map(|want| never_met(inputs, want))
}

/// Returns what of a wish for skills was never met: a name, or all of a source.
fn never_met(inputs: &Inputs, want: &WantedSkill) -> Option<String> {
    // What an installer brings shows only once it has run.
    if want.install_cmd.is_some() {
        return None;
    }
    let is_glob = |name: &&String| name.contains(['*', '?', '[', '{', '!']);
    let is_known = |name: &&String| {
        let desired = inputs.desired.skills.keys();
        let mut known = desired.map(|(name, _)| name).chain(inputs.lock.skills.keys());
        known.any(|known| known.as_str() == name.as_str())
    };
    if let Some(name) = want.names.iter().find(|name| !is_glob(name) && !is_known(name)) {
        return Some(name.clone());
    }
    let source = want.written.as_ref()?;
    let is_whole = want.names.iter().all(|name| is_glob(&name));
    let is_locked = inputs.lock.excluded.contains_key(source)
        || inputs.lock.skills.values().any(|locked| locked.source == *source);
    (is_whole && !is_locked).then(|| source.clone())
}

/// A server that a policy forbids and that was never there.
fn server(inputs: &Inputs) -> Option<String> {
    let denied = inputs.desired.kept_servers.iter().find(|(name, scope)| {
        let reach = inputs.roots.reach(*scope);
        let thing = Thing::Server { name: name.clone(), reach };
        !inputs.ledger.owns(inputs.roots, inputs.client, &thing)
    });
    denied.map(|(name, _)| name.clone())
}
