//! The names that people type: which plugin or marketplace each means, or why it means none.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Declared;
use super::registered::Registered;
use crate::model::{MarketplaceName, Note, PluginId, Roots, Scope, State, Thing, did_you_mean};

/// Plugins that are known by name, with the scopes that have each here.
pub struct Known(BTreeMap<PluginId, BTreeSet<Scope>>);

impl Known {
    /// Those of the manifest, and those that the client has installed or switched here.
    pub fn here(declared: &Declared, state: &State, roots: &Roots) -> Self {
        let mut known: BTreeMap<PluginId, BTreeSet<Scope>> = BTreeMap::new();
        for wanted in &declared.intent.plugins {
            known.entry(wanted.id.clone()).or_default().insert(wanted.scope);
        }
        let recorded = state.plugins().map(|row| (row.name, row.reach));
        let switched = state.switches().map(|row| (row.name, row.reach));
        for (id, reach) in recorded.chain(switched) {
            if reach.holds_in(&roots.project)
                && let Ok(id) = id.parse::<PluginId>()
            {
                known.entry(id).or_default().insert(reach.scope());
            }
        }
        Self(known)
    }

    /// Those of the manifest alone.
    pub fn wanted(declared: &Declared) -> Self {
        let mut known: BTreeMap<PluginId, BTreeSet<Scope>> = BTreeMap::new();
        for wanted in &declared.intent.plugins {
            known.entry(wanted.id.clone()).or_default().insert(wanted.scope);
        }
        Self(known)
    }

    /// Those that the registered catalogs list.
    pub fn listed(ids: impl IntoIterator<Item = PluginId>) -> Self {
        Self(ids.into_iter().map(|id| (id, BTreeSet::new())).collect())
    }

    pub fn ids(&self) -> impl Iterator<Item = &PluginId> {
        self.0.keys()
    }

    /// Adds an id without a scope.
    pub fn add(&mut self, id: PluginId) {
        self.0.entry(id).or_default();
    }

    pub fn scopes(&self, id: &PluginId) -> BTreeSet<Scope> {
        self.0.get(id).cloned().unwrap_or_default()
    }

    /// Returns the plugins that a `name` or `name@marketplace` may mean.
    pub fn meant(&self, spec: &str) -> Vec<&PluginId> {
        let fits = |id: &&PluginId| id.plugin.as_str() == spec || id.to_string() == spec;
        self.0.keys().filter(fits).collect()
    }

    /// Returns the plugin that a `name` or `name@marketplace` means.
    ///
    /// # Errors
    /// A note when it means none, or more than one.
    pub fn find(&self, spec: &str, place: &str) -> Result<PluginId, Note> {
        match self.meant(spec).as_slice() {
            [id] => Ok((*id).clone()),
            [] => Err(self.unknown(spec, place)),
            several => {
                let names: Vec<String> = several.iter().map(|id| format!("`{id}`")).collect();
                Err(Note::unmet(spec, format!("is the name of {} plugins", several.len()))
                    .hint(format!("name one of them: {}", names.join(", "))))
            }
        }
    }

    /// The same where a skill or server could be meant as well, whose names are these.
    pub fn find_or_other(
        &self,
        spec: &str,
        place: &str,
        others: &BTreeSet<String>,
    ) -> Result<PluginId, Note> {
        self.find(spec, place).map_err(|note| {
            match did_you_mean(spec, others.iter().map(String::as_str)) {
                _ if !self.meant(spec).is_empty() => note,
                near => {
                    let text = format!("no plugin, skill or MCP server of that name is {place}");
                    let hint = near.map(|near| format!("did you mean `{near}`?"));
                    Note { text, hint: note.hint.clone().or(hint), ..note }
                }
            }
        })
    }

    fn unknown(&self, spec: &str, place: &str) -> Note {
        let note = Note::unmet(spec, format!("no plugin of that name is {place}"));
        let (plugin, marketplace) = spec.split_once('@').unwrap_or((spec, ""));
        let elsewhere = self
            .0
            .keys()
            .find(|id| id.plugin.as_str() == plugin && id.marketplace.as_str() != marketplace);
        if let (Some(id), true) = (elsewhere, spec.contains('@')) {
            return note.hint(format!("did you mean `{id}`?"));
        }
        let names = self.0.keys().map(|id| id.plugin.as_str());
        match did_you_mean(plugin, names) {
            Some(near) => note.hint(format!("did you mean `{near}`?")),
            None => note,
        }
    }
}

/// Servers that are known by name, with the scopes that have each here.
pub struct Servers(BTreeMap<String, BTreeSet<Scope>>);

impl Servers {
    /// Those of the manifest, switched off or not, and those that the client has here.
    pub fn here(declared: &Declared, state: &State, roots: &Roots) -> Self {
        let mut known: BTreeMap<String, BTreeSet<Scope>> = BTreeMap::new();
        let intent = &declared.intent;
        for wanted in intent.servers.iter().chain(&intent.servers_off) {
            known.entry(wanted.name.clone()).or_default().insert(wanted.scope);
        }
        for row in state.servers().filter(|row| row.reach.holds_in(&roots.project)) {
            known.entry(row.name.to_owned()).or_default().insert(row.reach.scope());
        }
        Self(known)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the server that a word means; `mcp:` before it tells it from a plugin or skill.
    pub fn find<'w>(&self, word: &'w str) -> Option<&'w str> {
        let name = word.strip_prefix("mcp:").unwrap_or(word);
        self.0.contains_key(name).then_some(name)
    }

    pub fn scopes(&self, name: &str) -> BTreeSet<Scope> {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

/// Returns the notes of what failed beside what each of the others is.
pub fn each<T>(specs: &[String], find: impl Fn(&str) -> Result<T, Note>) -> (Vec<T>, Vec<Note>) {
    let mut found = Vec::new();
    let mut failed = Vec::new();
    for spec in specs {
        match find(spec) {
            Ok(one) => found.push(one),
            Err(note) => failed.push(note),
        }
    }
    (found, failed)
}

/// Returns the names of all marketplaces that somebody knows.
pub fn marketplace_names(declared: &Declared, registered: &[Registered]) -> BTreeSet<String> {
    let wanted = declared.intent.marketplaces.iter().map(|m| m.name.to_string());
    wanted.chain(registered.iter().map(|m| m.name.clone())).collect()
}

/// Returns a marketplace of that name.
pub fn find_marketplace(name: &str, names: &BTreeSet<String>) -> Result<MarketplaceName, Note> {
    match name.parse() {
        Ok(parsed) if names.contains(name) => Ok(parsed),
        _ => {
            let note = Note::unmet(name, "no marketplace of that name is registered or declared");
            Err(match did_you_mean(name, names.iter().map(String::as_str)) {
                Some(near) => note.hint(format!("did you mean `{near}`?")),
                None => note,
            })
        }
    }
}

/// Returns the thing that a server in a scope is.
pub fn server(name: &str, scope: Scope, roots: &Roots) -> Thing {
    Thing::Server { name: name.to_owned(), reach: roots.reach(scope) }
}

/// Returns the thing that a plugin in a scope is.
pub fn thing(id: &PluginId, scope: Scope, roots: &Roots) -> Thing {
    Thing::Plugin { id: id.to_string(), reach: roots.reach(scope) }
}
