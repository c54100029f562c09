//! Reads the MCP servers that installed plugins bring along.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::content::catalog::{self, Entry, EntrySource, Tree};
use crate::machine::store::disk;
use crate::model::{Item, PluginId, Record, Roots, Scope, State};

/// A server of a plugin that is installed and switched on.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundled {
    /// The id of the plugin.
    pub plugin: String,
    /// The name within the plugin; the client calls it `plugin:<plugin>:<name>`.
    pub name: String,
    pub entry: Value,
    /// The plugin's folder, which `${CLAUDE_PLUGIN_ROOT}` stands for.
    pub root: PathBuf,
    /// The file that most likely holds it.
    pub file: PathBuf,
}

impl Bundled {
    /// Returns the name by which the client knows the server.
    pub fn full_name(&self) -> String {
        let plugin = self.plugin.split('@').next().unwrap_or_default();
        format!("plugin:{plugin}:{}", self.name)
    }
}

/// Returns the servers of every active plugin of this user and project, by plugin.
pub fn bundled(roots: &Roots, state: &State) -> Vec<Bundled> {
    let mut servers = Vec::new();
    let mut seen = Vec::new();
    for (item, record) in state {
        let (Item::Plugin { id, project, .. }, Record::Plugin(record)) = (item, record) else {
            continue;
        };
        let here = project.as_ref().is_none_or(|project| *project == roots.project);
        if here && is_on(state, id) && !seen.contains(&id) {
            seen.push(id);
            servers.extend(of_plugin(state, id, &record.install_path));
        }
    }
    servers
}

/// Returns what the nearest scope with a switch for a plugin says: local over project over user.
pub fn is_on(state: &State, id: &str) -> bool {
    let switch = |scope| state.get(&Item::Enabled { id: id.to_owned(), scope });
    Scope::ALL.into_iter().rev().find_map(switch) == Some(&Record::Enabled(true))
}

fn of_plugin(state: &State, id: &str, root: &Path) -> Vec<Bundled> {
    let Ok(id) = id.parse::<PluginId>() else { return Vec::new() };
    let read = |path: &str| disk::read(&root.join(path)).ok().flatten();
    let file = root.join(".claude-plugin/plugin.json");
    let manifest = read(".claude-plugin/plugin.json")
        .and_then(|bytes| catalog::parse_plugin(&file, &bytes).ok());
    let entry = listed(state, &id).unwrap_or_else(|| nameless(&id));
    let tree = Tree { files: &[], read: &read };
    let own = read(".mcp.json").and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let in_own = |name: &str| {
        let wrapped = own.as_ref().and_then(|own| own.get("mcpServers"));
        wrapped.or(own.as_ref()).is_some_and(|own| own.get(name).is_some())
    };
    catalog::servers(tree, manifest.as_ref(), &entry)
        .into_iter()
        .map(|(name, entry)| Bundled {
            plugin: id.to_string(),
            file: if in_own(&name) { root.join(".mcp.json") } else { file.clone() },
            name,
            entry,
            root: root.to_owned(),
        })
        .collect()
}

/// Returns what the marketplace says of a plugin: without a `plugin.json` that names the servers.
fn listed(state: &State, id: &PluginId) -> Option<Entry> {
    let item = Item::Marketplace { name: id.marketplace.to_string() };
    let Some(Record::Marketplace(known)) = state.get(&item) else { return None };
    let file = if disk::is_dir(&known.install_location) {
        known.install_location.join(".claude-plugin/marketplace.json")
    } else {
        known.install_location.clone()
    };
    let bytes = disk::read(&file).ok().flatten()?;
    catalog::parse(&file, &bytes).ok()?.entry(id.plugin.as_str()).cloned()
}

fn nameless(id: &PluginId) -> Entry {
    Entry {
        name: id.plugin.clone(),
        description: None,
        version: None,
        source: EntrySource::Unsupported { reason: String::new() },
        strict: true,
        dependencies: Vec::new(),
        category: None,
        keywords: Vec::new(),
        raw: serde_json::Map::new(),
    }
}
