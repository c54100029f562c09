//! The MCP and LSP servers that a plugin brings along.

use serde_json::{Map, Value};

use super::components::{Plugin, unwrapped, with_arguments};
use super::{Capability, Tree};
use crate::content::catalog::{Entry, PluginManifest};

/// Returns the MCP servers the client starts for a plugin, by name, as written: those of `.mcp.json`
/// (wrapped in `mcpServers` or flat) and of `plugin.json`, which win. The entry counts where there
/// is no `plugin.json`. Bundles (`.mcpb`, `.dxt`) hold their servers inside and are left out.
pub fn servers(
    tree: Tree<'_>,
    manifest: Option<&PluginManifest>,
    entry: &Entry,
) -> Vec<(String, Value)> {
    let declared = vec![manifest.map_or(&entry.raw, |manifest| &manifest.raw)];
    let plugin = Plugin { tree, name: entry.name.as_str(), declared };
    let mut servers = Map::new();
    for (name, server) in configured(&plugin, ".mcp.json", "mcpServers") {
        servers.insert(name, server);
    }
    servers.into_iter().collect()
}

/// Returns every MCP and LSP server, also those of an entry that `plugin.json` may overrule.
pub fn listed(plugin: &Plugin<'_>) -> Vec<Capability> {
    let mcp = configured(plugin, ".mcp.json", "mcpServers");
    let lsp = configured(plugin, ".lsp.json", "lspServers");
    let mcp = mcp
        .into_iter()
        .map(|(name, server)| Capability::McpServer { name, target: target(&server) });
    let lsp = lsp
        .into_iter()
        .map(|(name, server)| Capability::LspServer { name, command: target(&server) });
    mcp.chain(lsp).chain(bundles(plugin)).collect()
}

fn configured(plugin: &Plugin<'_>, file: &str, key: &str) -> Vec<(String, Value)> {
    let objects = plugin.values(file, key);
    let servers = objects.iter().filter_map(|object| unwrapped(object, key).as_object()).flatten();
    let servers = servers.filter(|(_, server)| server.is_object());
    servers.map(|(name, server)| (name.clone(), server.clone())).collect()
}

fn bundles(plugin: &Plugin<'_>) -> Vec<Capability> {
    let paths = plugin.written("mcpServers").into_iter().filter_map(Value::as_str);
    paths
        .filter_map(|path| {
            let stem = [".mcpb", ".dxt"].iter().find_map(|end| path.strip_suffix(end))?;
            let name = stem.rsplit('/').next().unwrap_or(stem);
            Some(Capability::McpServer { name: name.to_owned(), target: path.to_owned() })
        })
        .collect()
}

fn target(server: &Value) -> String {
    let text = |key: &str| server.get(key).and_then(Value::as_str);
    match (text("command"), text("url")) {
        (Some(command), _) => with_arguments(command, server),
        (None, Some(url)) => url.to_owned(),
        (None, None) => server.to_string(),
    }
}
