//! What the verbs share: their flags, the names people type, and the edits of the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::converge::{Ask, Mode};
use super::session::{self, Declared};
use super::{Faults, adopt};
use crate::declared::manifest::edit::{self, MarketplaceEntry, PluginEntry, Target};
use crate::flow::registered::Registered;
use crate::machine::env::Env;
use crate::model::{
    MarketplaceName, Note, PluginId, Roots, Scope, State, Thing, did_you_mean,
    well_known_marketplace,
};

/// The flags of every command that changes something.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Flags {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Fetch nothing
    #[arg(long)]
    pub offline: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    pub yes: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl Flags {
    /// Returns what a verb asks for.
    pub fn ask<'a>(
        &self,
        schema: &'static str,
        declared: &'a dyn Fn() -> Result<Declared>,
    ) -> Ask<'a> {
        Ask {
            mode: if self.dry_run { Mode::Show } else { Mode::Apply },
            offline: self.offline,
            yes: self.yes,
            json: self.json,
            ..Ask::new(schema, declared)
        }
    }

    /// Reads the manifest; without one a verb begins it.
    pub fn declared(&self, env: &Env) -> Result<Declared> {
        let declared = session::declared_or_none(self.file.as_deref(), env)?;
        if declared.text.is_none() {
            let manifest = &declared.intent.manifest;
            let ours = session::owned(&env.roots)?.ledger.of_manifest(&env.roots, manifest);
            // To begin a new one would take away everything that the old one had asked for.
            if !ours.is_empty() {
                bail!(
                    "the manifest `{}` is gone, and {} things are there on its behalf\n\
                     hint: bring it back, or write one with `zskills init`",
                    manifest.display(),
                    ours.len()
                );
            }
        }
        Ok(declared)
    }
}

/// Reads a scope from the command line.
pub fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|()| "is not one of user, project, local".to_owned())
}

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

    /// Returns the plugin that a `name` or `name@marketplace` means.
    ///
    /// # Errors
    /// A note when it means none, or more than one.
    pub fn find(&self, spec: &str, place: &str) -> Result<PluginId, Note> {
        let fits = |id: &&PluginId| id.plugin.as_str() == spec || id.to_string() == spec;
        let found: Vec<&PluginId> = self.0.keys().filter(fits).collect();
        match found.as_slice() {
            [id] => Ok((*id).clone()),
            [] => Err(self.unknown(spec, place)),
            several => {
                let names: Vec<String> = several.iter().map(|id| format!("`{id}`")).collect();
                Err(Note::unmet(spec, format!("is the name of {} plugins", several.len()))
                    .hint(format!("name one of them: {}", names.join(", "))))
            }
        }
    }

    /// The same where a skill could be meant as well, whose names are these.
    pub fn find_or_skill(
        &self,
        spec: &str,
        place: &str,
        skills: &BTreeSet<String>,
    ) -> Result<PluginId, Note> {
        let is_any = self.0.keys().any(|id| id.plugin.as_str() == spec || id.to_string() == spec);
        self.find(spec, place).map_err(|note| {
            match did_you_mean(spec, skills.iter().map(String::as_str)) {
                _ if is_any => note,
                near => {
                    let text = format!("no plugin and no skill of that name is {place}");
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

/// The text of a manifest in the making.
pub struct Draft<'a> {
    declared: &'a Declared,
    state: &'a State,
    roots: &'a Roots,
    pub text: String,
    marketplaces: BTreeSet<MarketplaceName>,
}

impl<'a> Draft<'a> {
    pub fn new(declared: &'a Declared, state: &'a State, roots: &'a Roots) -> Self {
        let marketplaces = declared.intent.marketplaces.iter().map(|m| m.name.clone()).collect();
        let text = declared.text.clone().unwrap_or_default();
        Self { declared, state, roots, text, marketplaces }
    }

    /// Wants a plugin, switched on or off, and its marketplace.
    pub fn want(&mut self, id: &PluginId, scope: Scope, enabled: bool) -> Result<(), Note> {
        let file = &self.declared.intent.manifest;
        let there = self.declared.intent.plugins.iter().find(|p| p.id == *id && p.scope == scope);
        let edited = match there {
            Some(wanted) if wanted.enabled == enabled => return Ok(()),
            Some(_) => {
                let off = toml_edit::Value::from(false);
                let value = (!enabled).then_some(&off);
                edit::set(file, &self.text, Target::Plugin(id, Some(scope)), "enabled", value)
            }
            None => {
                self.want_marketplace(&id.marketplace)?;
                let entry =
                    PluginEntry { id: id.clone(), version: None, enabled, scope, pin: None };
                edit::add_plugin(file, &self.text, &entry)
            }
        };
        self.text = edited.map_err(|fault| Note::unmet(id.to_string(), fault.to_string()))?;
        Ok(())
    }

    /// Declares a marketplace as the client's registry, or everybody, knows it.
    fn want_marketplace(&mut self, name: &MarketplaceName) -> Result<(), Note> {
        if self.marketplaces.contains(name) {
            return Ok(());
        }
        let registered = adopt::marketplace_entry(name, self.state, self.declared, self.roots);
        let entry = match (registered, well_known_marketplace(name)) {
            (Ok(entry), _) => entry,
            (Err(_), Some(source)) => MarketplaceEntry {
                name: name.clone(),
                source: Some(source.to_string()),
                pin: None,
                auto_update: None,
            },
            (Err(why), None) => {
                return Err(Note::unmet(name.to_string(), why)
                    .hint("`zskills marketplace add <source>` makes it known"));
            }
        };
        self.add_marketplace(&entry)
    }

    pub fn add_marketplace(&mut self, entry: &MarketplaceEntry) -> Result<(), Note> {
        self.text = edit::add_marketplace(&self.declared.intent.manifest, &self.text, entry)
            .map_err(|fault| Note::unmet(entry.name.to_string(), fault.to_string()))?;
        self.marketplaces.insert(entry.name.clone());
        Ok(())
    }

    /// Takes a plugin out; what is not in the manifest need not be.
    pub fn drop_plugin(&mut self, id: &PluginId, scope: Scope) -> Result<(), Faults> {
        let wanted = |p: &&crate::model::WantedPlugin| p.id == *id && p.scope == scope;
        if self.declared.intent.plugins.iter().any(|p| wanted(&p)) {
            let target = Target::Plugin(id, Some(scope));
            self.text = edit::remove(&self.declared.intent.manifest, &self.text, target)?;
        }
        Ok(())
    }

    pub fn drop_marketplace(&mut self, name: &MarketplaceName) -> Result<(), Faults> {
        if self.marketplaces.remove(name) {
            let target = Target::Marketplace(name);
            self.text = edit::remove(&self.declared.intent.manifest, &self.text, target)?;
        }
        Ok(())
    }
}

/// Returns what is declared with the text of a draft.
pub fn edited(declared: Declared, text: String, roots: &Roots) -> Result<Declared> {
    if declared.text.as_deref().unwrap_or_default() == text {
        return Ok(declared);
    }
    Ok(declared.with_text(text, roots)?)
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

/// Returns the thing that a plugin in a scope is.
pub fn plugin(id: &PluginId, scope: Scope, roots: &Roots) -> Thing {
    Thing::Plugin { id: id.to_string(), reach: roots.reach(scope) }
}
