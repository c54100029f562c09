//! The files of Claude Code, as version 2.1.329 reads and writes them.

mod claude_json;
pub mod effective;
pub mod installed_plugins;
pub mod known_marketplaces;
mod layout;
mod loading;
pub mod managed;
pub mod mcp_json;
mod names;
mod repair;
mod server_fixes;
pub mod servers;
pub mod settings;
pub mod settings_schema;
pub mod source;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use server_fixes::missing_type;

use super::document::Draft;
use super::{
    Codec, Decoded, FixedServers, FromPlugin, Layout, Place, PluginLayout as _, Salvage,
    ServerEntry, Servers, Variables,
};
use crate::model::{
    Change, Client, ClientHome, Diagnostic, Files, Item, Reach, Record, RegistrySource, Roots,
    Scope, ServerRecord, Source, State,
};

/// Returns where an administrator puts servers; while such a file is there, no others are used.
fn managed_servers_paths(roots: &Roots) -> impl Iterator<Item = PathBuf> {
    layout::of(roots).managed.iter().map(|place| place.join("managed-mcp.json"))
}

/// The codec of Claude Code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claude;

impl Codec for Claude {
    fn client(&self) -> Client {
        Client::Claude
    }

    fn variables(&self) -> &'static [&'static str] {
        &layout::VARIABLES
    }

    fn home(&self, home: &Path, variables: &Variables) -> ClientHome {
        layout::home(home, variables)
    }

    fn layout(&self) -> &dyn Layout {
        self
    }

    fn decode(&self, roots: &Roots, files: &Files) -> Decoded {
        let mut decoded = Decoded::default();
        known_marketplaces::decode(roots, files, &mut decoded);
        installed_plugins::decode(roots, files, &mut decoded);
        settings::decode(roots, files, &mut decoded);
        claude_json::decode(roots, files, &mut decoded);
        mcp_json::decode(roots, files, &mut decoded);
        decoded
    }

    fn encode(
        &self,
        roots: &Roots,
        files: &mut Files,
        changes: &[Change],
    ) -> Result<(), Diagnostic> {
        let mut edited = files.clone();
        // A new settings file gets its keys in the order in which the client keeps them.
        let (late, early): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| matches!(change.fact.item, Item::Declared { .. }));
        for change in early.into_iter().chain(late) {
            encode_one(roots, &mut edited, change)?;
        }
        *files = edited;
        Ok(())
    }

    fn servers(&self) -> Option<&dyn Servers> {
        Some(self)
    }

    fn repair(
        &self,
        roots: &Roots,
        files: &Files,
        now: &str,
        salvage: &Salvage,
    ) -> Vec<(PathBuf, String)> {
        repair::repair(roots, files, now, salvage)
    }

    fn address(&self, source: &RegistrySource) -> Option<String> {
        source::address(source)
    }

    fn repository(&self, source: &RegistrySource) -> Option<(Source, Option<String>)> {
        source::repository(source)
    }
}

impl Servers for Claude {
    fn entries(
        &self,
        roots: &Roots,
        state: &State,
        files: &Files,
        plugins: &[FromPlugin],
    ) -> Vec<ServerEntry> {
        effective::server_entries(roots, state, files, plugins)
    }

    fn approved_for_all(&self, roots: &Roots, files: &Files) -> Vec<Place> {
        effective::approved_for_all(roots, files)
    }

    fn sets(&self, variable: &str) -> bool {
        variable.starts_with("CLAUDE_")
    }

    fn value(&self, variable: &str, roots: &Roots, plugin: Option<&Path>) -> Option<String> {
        let folder = match variable {
            "CLAUDE_PROJECT_DIR" => roots.project.as_path(),
            variable if variable == self.root_variable() => plugin?,
            _ => return None,
        };
        Some(folder.display().to_string())
    }

    fn name_of(&self, plugin: &str, server: &str) -> String {
        let plugin = plugin.split('@').next().unwrap_or_default();
        format!("plugin:{plugin}:{server}")
    }

    fn by_hand(&self) -> Option<&'static str> {
        Some("claude mcp add")
    }

    fn record(&self, entry: &Map<String, Value>) -> ServerRecord {
        servers::record(entry)
    }

    fn exclusive(&self, roots: &Roots) -> Vec<PathBuf> {
        managed_servers_paths(roots).collect()
    }

    fn fixed(&self, roots: &Roots, files: &Files) -> FixedServers {
        server_fixes::fix_servers(roots, files)
    }
}

fn encode_one(roots: &Roots, files: &mut Files, change: &Change) -> Result<(), Diagnostic> {
    let draft = match &change.fact.item {
        Item::Marketplace { name } => {
            let mut draft = known_marketplaces::open(roots, files)?;
            let after = after(change, &draft, |record| {
                let Record::Marketplace(known) = record else { return None };
                Some(known)
            })?;
            known_marketplaces::encode(&mut draft, name, after)?;
            draft
        }
        Item::Declared { name, reach } => {
            let mut draft = settings::open(roots, files, reach)?;
            let after = after(change, &draft, |record| {
                let Record::Declared(source) = record else { return None };
                Some(source)
            })?;
            settings::encode_declared(&mut draft, name, after)?;
            draft
        }
        Item::Plugin { id, reach } => {
            let mut draft = installed_plugins::open(roots, files)?;
            let after = after(change, &draft, |record| {
                let Record::Plugin(install) = record else { return None };
                Some(install)
            })?;
            installed_plugins::encode(&mut draft, id, reach, after)?;
            draft
        }
        Item::Enabled { id, reach } => {
            let mut draft = settings::open(roots, files, reach)?;
            let after = after(change, &draft, |record| {
                let Record::Enabled(on) = record else { return None };
                Some(on)
            })?;
            settings::encode_enabled(&mut draft, id, after.copied())?;
            draft
        }
        Item::Server { name, reach } => encode_server(roots, files, change, name, reach)?,
        // Skills have an inventory of their own.
        Item::Skill { .. } => return Ok(()),
    };
    draft.close(files);
    Ok(())
}

fn encode_server(
    roots: &Roots,
    files: &Files,
    change: &Change,
    name: &str,
    reach: &Reach,
) -> Result<Draft, Diagnostic> {
    let mut draft = match reach.scope() {
        Scope::User | Scope::Local => claude_json::open(roots, files)?,
        Scope::Project => mcp_json::open(roots, files, reach)?,
    };
    let after = after(change, &draft, server)?;
    let before = change.before.as_ref().and_then(server);
    match reach.scope() {
        Scope::User | Scope::Local => {
            claude_json::encode(&mut draft, name, reach.project(), before, after)?;
        }
        Scope::Project => mcp_json::encode(&mut draft, name, before, after)?,
    }
    Ok(draft)
}

fn server(record: &Record) -> Option<&ServerRecord> {
    let Record::Server(server) = record else { return None };
    Some(server)
}

/// Returns the new record of a change, which has to be of the item's kind.
fn after<'c, T>(
    change: &'c Change,
    draft: &Draft,
    pick: fn(&'c Record) -> Option<&'c T>,
) -> Result<Option<&'c T>, Diagnostic> {
    let Some(record) = &change.after else { return Ok(None) };
    match pick(record) {
        Some(record) => Ok(Some(record)),
        None => Err(draft.complaint("a change carries a record of another kind than its item")),
    }
}

#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;
