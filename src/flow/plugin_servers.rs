//! Reads the MCP servers that installed plugins bring along.

use std::path::{Path, PathBuf};

use super::observe::Snapshot;
use super::registered::catalog_file;
use crate::clients::{self, FromPlugin, ServerEntry, Servers};
use crate::content::catalog::{self, Entry, EntrySource};
use crate::content::powers::{self, Tree};
use crate::machine::store::disk::{self, Most};
use crate::model::{Client, PluginId, Roots, ServerRecord, State};

/// A server of a plugin that is installed and switched on.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginServer {
    pub client: Client,
    /// The id of the plugin.
    pub plugin: String,
    /// The name within the plugin.
    pub name: String,
    /// The name by which the client knows it.
    pub full_name: String,
    pub record: ServerRecord,
    /// The plugin's folder.
    pub root: PathBuf,
    /// The file that most likely holds it.
    pub file: PathBuf,
}

/// Returns the servers of every active plugin of this user and project, by plugin.
pub fn plugin_servers(roots: &Roots, state: &State) -> Vec<PluginServer> {
    let mut servers = Vec::new();
    let mut seen = Vec::new();
    for row in state.plugins_in(&roots.project) {
        let id = row.name;
        if clients::plugin_layout(row.client).is_on(roots, state, id) && !seen.contains(&id) {
            seen.push(id);
            servers.extend(of_plugin(state, row.client, id, &row.record.install_path));
        }
    }
    servers
}

/// Looks at the plugins and returns every server entry, with what the client makes of it.
pub fn all_servers(roots: &Roots, snapshot: &Snapshot) -> Vec<ServerEntry> {
    server_entries(roots, snapshot, &plugin_servers(roots, &snapshot.in_effect(roots)))
}

/// Returns every server entry, with those of plugins as they were read.
pub fn server_entries(
    roots: &Roots,
    snapshot: &Snapshot,
    plugin_servers: &[PluginServer],
) -> Vec<ServerEntry> {
    let entries = |(client, servers): (Client, &dyn Servers)| {
        let own = plugin_servers.iter().filter(|server| server.client == client);
        let plugins: Vec<FromPlugin> = own.map(PluginServer::as_read).collect();
        servers.entries(roots, &snapshot.observed.state, &snapshot.files, &plugins)
    };
    clients::with_servers().flat_map(entries).collect()
}

impl PluginServer {
    fn as_read(&self) -> FromPlugin<'_> {
        FromPlugin {
            id: &self.plugin,
            full_name: &self.full_name,
            record: &self.record,
            file: &self.file,
            root: &self.root,
        }
    }
}

fn of_plugin(state: &State, client: Client, id: &str, root: &Path) -> Vec<PluginServer> {
    let Ok(id) = id.parse::<PluginId>() else { return Vec::new() };
    let Some(servers) = clients::codec(client).servers() else { return Vec::new() };
    let read =
        |path: &str| disk::read(&root.join(path), Most::TEXT).map_err(|error| error.to_string());
    let is_there = |path: &str| read(path).is_ok_and(|bytes| bytes.is_some());
    let manifest = clients::plugin_layout(client).manifest_file(&is_there);
    let file = root.join(manifest);
    let entry = listed(state, client, &id).unwrap_or_else(|| nameless(&id));
    let tree = Tree { manifest, files: &[], read: &read };
    let own = read(catalog::SERVERS_FILE).ok().flatten().unwrap_or_default();
    let own = catalog::shared_servers(&own);
    powers::servers(tree, &entry)
        .into_iter()
        .filter_map(|(name, entry)| {
            Some(PluginServer {
                client,
                full_name: servers.name_of(id.plugin.as_str(), &name),
                plugin: id.to_string(),
                file: match own.get(&name) {
                    Some(_) => root.join(catalog::SERVERS_FILE),
                    None => file.clone(),
                },
                name,
                record: servers.record(entry.as_object()?),
                root: root.to_owned(),
            })
        })
        .collect()
}

/// Returns what the marketplace says of a plugin: without a `plugin.json` that names the servers.
fn listed(state: &State, client: Client, id: &PluginId) -> Option<Entry> {
    let known = state.marketplace(client, id.marketplace.as_str())?;
    let file = catalog_file(client, &known.install_location);
    let bytes = disk::read(&file, Most::TEXT).ok().flatten()?;
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
