//! The manifest as a command edits it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::adopt;
use super::manifest::Declared;
use super::project;
use crate::declared::manifest::edit::{self, MarketplaceEntry, PluginEntry, Target};
use crate::model::{
    About, Binding, Diagnostic, Faults, MarketplaceName, Note, PluginId, Roots, Scope,
    ServerRecord, State, WantedPlugin, WantedServer, WantedSkill, well_known_marketplace,
};

/// The text of a manifest in the making.
pub struct Draft<'a> {
    declared: &'a Declared,
    state: &'a State,
    roots: &'a Roots,
    text: String,
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
                    .and_then(|text| bound(file, text, "skills", scope, self.roots))
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
        let wanted = |p: &&WantedPlugin| p.id == *id && p.scope == scope;
        if self.declared.intent.plugins.iter().any(|p| wanted(&p)) {
            let target = Target::Plugin(id, Some(scope));
            self.text = edit::remove(&self.declared.intent.manifest, &self.text, target)?;
        }
        Ok(())
    }

    /// Adds a server; one that is there as it is to be stays.
    pub fn add_server(&mut self, server: &WantedServer) -> Result<(), Note> {
        let intent = &self.declared.intent;
        let same_place =
            |other: &&WantedServer| other.name == server.name && other.scope == server.scope;
        if let Some(there) = intent.servers.iter().find(same_place) {
            let there = WantedServer { at: server.at, ..there.clone() };
            if there == *server {
                return Ok(());
            }
            let text = "is in the manifest already, with other values";
            return Err(Note::unmet(&server.name, text).hint(format!(
                "change them with `zskills edit`, or `zskills remove mcp:{}` first",
                server.name
            )));
        }
        if intent.servers_off.iter().any(|other| same_place(&other)) {
            let text = "is in the manifest already, switched off";
            let hint = format!("`zskills enable mcp:{}` switches it on", server.name);
            return Err(Note::unmet(&server.name, text).hint(hint));
        }
        let file = &self.declared.intent.manifest;
        self.text = edit::add_server(file, &self.text, server)
            .and_then(|text| bound(file, text, "mcps", server.scope, self.roots))
            .map_err(|fault| at(&server.name, fault))?;
        Ok(())
    }

    /// Takes a server out; what is not in the manifest need not be.
    pub fn drop_server(&mut self, name: &str, scope: Scope) -> Result<(), Faults> {
        if self.declares(name, scope) {
            let target = Target::Server(name, Some(scope));
            self.text = edit::remove(&self.declared.intent.manifest, &self.text, target)?;
        }
        Ok(())
    }

    /// Switches a server. One that is only in the client is written into the manifest to be switched off.
    pub fn switch_server(&mut self, name: &str, scope: Scope, on: bool) -> Result<(), Note> {
        let file = &self.declared.intent.manifest;
        if !on {
            self.nothing_is_lost(name, scope)?;
        }
        if !self.declares(name, scope) {
            if on {
                return Err(Note::info(name, "is on already")
                    .hint("`zskills sync --adopt` writes it into the manifest"));
            }
            let entry = self.entry(name, scope).ok_or_else(|| Note::unmet(name, "is not there"))?;
            let adopted = adopt::server((name, scope), entry)
                .map_err(|why| Note::unmet(name, format!("cannot be written down: {why}")))?;
            self.add_server(&adopted.wanted)?;
        }
        let off = toml_edit::Value::from(false);
        let target = Target::Server(name, Some(scope));
        self.text = edit::set(file, &self.text, target, "enabled", (!on).then_some(&off))
            .map_err(|fault| at(name, fault))?;
        Ok(())
    }

    /// Switches a skill of the manifest.
    pub fn switch_skill(&mut self, name: &str, on: bool) -> Result<(), Note> {
        let mut locked = self.declared.lock.skills.iter();
        let source = locked.find(|(locked, _)| locked.as_str() == name);
        let source = source.map(|(_, locked)| locked.source.as_str());
        let file = &self.declared.intent.manifest;
        let is_installers = |want: &&WantedSkill| want.install_cmd.is_some() && want.brings(name);
        if self
            .declared
            .intent
            .agent_skills
            .iter()
            .any(|want| is_installers(&want) && (want.names.len() != 1 || !want.claims.is_empty()))
        {
            let text = "comes with the installer of a package, together with others";
            let hint = "write `enabled` into its entry to switch all of them";
            return Err(Note::unmet(About::Skill(name.to_owned()), text).hint(hint));
        }
        self.text = edit::switch_skill(file, &self.text, (name, source), on)
            .map_err(|fault| at(name, fault))?;
        Ok(())
    }

    /// Makes sure that an entry that leaves the client does not take along a secret that stands nowhere else.
    fn nothing_is_lost(&self, name: &str, scope: Scope) -> Result<(), Note> {
        let Some(entry) = self.entry(name, scope) else { return Ok(()) };
        let exports = adopt::server((name, scope), entry).map(|s| s.exports).unwrap_or_default();
        if exports.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = exports.iter().map(|name| format!("`${{{name}}}`")).collect();
        let text = "its entry holds a secret that stands nowhere else";
        Err(Note::unmet(name, text)
            .hint(format!("keep it elsewhere and write {} in its place", names.join(", "))))
    }

    fn entry(&self, name: &str, scope: Scope) -> Option<&'a ServerRecord> {
        let reach = self.roots.reach(scope);
        let mut servers = self.state.servers();
        servers.find(|row| row.name == name && *row.reach == reach).map(|row| row.record)
    }

    fn declares(&self, name: &str, scope: Scope) -> bool {
        let intent = &self.declared.intent;
        let mut servers = intent.servers.iter().chain(&intent.servers_off);
        servers.any(|server| server.name == name && server.scope == scope)
    }

    pub fn drop_marketplace(&mut self, name: &MarketplaceName) -> Result<(), Faults> {
        if self.marketplaces.remove(name) {
            let target = Target::Marketplace(name);
            self.text = edit::remove(&self.declared.intent.manifest, &self.text, target)?;
        }
        Ok(())
    }
}

/// Binds the entry that was added last to the project that is acted on, where it would wait otherwise.
pub fn bound(
    file: &Path,
    text: String,
    kind: &str,
    scope: Scope,
    roots: &Roots,
) -> Result<String, Diagnostic> {
    if scope == Scope::User || roots.binding == Binding::Own {
        return Ok(text);
    }
    edit::bind_last(file, &text, kind, &project::spelled(roots))
}

/// Returns a fault of the manifest as a note about a thing.
fn at(about: &str, fault: Diagnostic) -> Note {
    Note { fault: Some(Box::new(fault)), ..Note::unmet(about, "the manifest cannot be edited") }
}

/// Returns what is declared once a draft of it has been edited, and what that had to say.
///
/// # Errors
/// The edited manifest is none.
pub fn edited(
    declared: Declared,
    state: &State,
    roots: &Roots,
    edit: impl FnOnce(&mut Draft) -> Result<Vec<Note>, Faults>,
) -> Result<(Declared, Vec<Note>)> {
    let mut draft = Draft::new(&declared, state, roots);
    let notes = edit(&mut draft)?;
    let text = draft.text;
    if declared.text.as_deref().unwrap_or_default() == text {
        return Ok((declared, notes));
    }
    Ok((declared.with_text(text, roots)?, notes))
}
