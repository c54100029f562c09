//! The MCP and LSP servers that a plugin brings along.

use serde_json::{Map, Value};

use super::components::{field, others, unwrapped, values, with_arguments};
use super::declared::{Plugin, Written};
use super::{Found, Power, Tree, Unreadable};
use crate::content::catalog::{Entry, SERVERS_FILE};
use crate::model::Digest;

pub const LSP: &str = ".lsp.json";

/// Returns the MCP servers the client starts for a plugin, by name, as written: those of `.mcp.json`
/// (wrapped in `mcpServers` or flat) and of `plugin.json`, which win. The entry counts where there
/// is no `plugin.json`. Bundles (`.mcpb`, `.dxt`) hold their servers inside and are left out.
pub fn servers(tree: Tree<'_>, entry: &Entry) -> Vec<(String, Value)> {
    let Ok(mut plugin) = Plugin::read(tree, entry.name.as_str(), Some(&entry.raw)) else {
        return Vec::new();
    };
    if plugin.manifest.is_some() {
        plugin.declared.truncate(1);
    }
    let mut servers = Map::new();
    for (_, value) in values(&plugin, SERVERS_FILE, "mcpServers").unwrap_or_default() {
        let written = unwrapped(&value, "mcpServers").as_object().into_iter().flatten();
        for (name, server) in written.filter(|(_, server)| server.is_object()) {
            servers.insert(name.clone(), server.clone());
        }
    }
    servers.into_iter().collect()
}

/// Adds every MCP and LSP server, also those of an entry that `plugin.json` may overrule.
pub fn powers(plugin: &Plugin<'_>, found: &mut Found) -> Result<(), Unreadable> {
    let mcp = |name: &str, server: &Value| Power::McpServer {
        name: name.to_owned(),
        target: target(server),
    };
    let lsp = |name: &str, server: &Value| Power::LspServer {
        name: name.to_owned(),
        command: target(server),
    };
    for (place, value) in values(plugin, SERVERS_FILE, "mcpServers")? {
        each(&place, &value, "mcpServers", mcp, found);
    }
    for (place, value) in values(plugin, LSP, "lspServers")? {
        each(&place, &value, "lspServers", lsp, found);
    }
    bundles(plugin, found);
    Ok(())
}

/// Tells whether a path is that of a bundle with a server inside.
pub fn is_bundle(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".mcpb", ".dxt"].iter().any(|end| path.ends_with(end))
}

fn each(
    place: &str,
    value: &Value,
    key: &str,
    power: impl Fn(&str, &Value) -> Power,
    found: &mut Found,
) {
    others(place, value, key, found);
    let Some(servers) = unwrapped(value, key).as_object() else {
        return found.value(field(place, key), value);
    };
    for (name, server) in servers {
        let power = if server.is_object() { power(name, server) } else { field(place, name) };
        found.value(power, server);
    }
}

/// Adds the bundles that lie in the tree with their bytes, and the others with their address.
fn bundles(plugin: &Plugin<'_>, found: &mut Found) {
    for (_, element) in plugin.written("mcpServers") {
        let (path, digest) = match element {
            Written::Path(path) if is_bundle(&path) => {
                let digest = plugin.file(&path).map(|file| file.digest.clone());
                let digest = digest.unwrap_or_else(|| Digest::of(path.as_bytes()));
                (path, digest)
            }
            Written::Other(Value::String(address)) => {
                (address.clone(), Digest::of(address.as_bytes()))
            }
            _ => continue,
        };
        let name = path.rsplit('/').next().unwrap_or(&path);
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        found.add(Power::McpServer { name, target: path }, digest);
    }
}

fn target(server: &Value) -> String {
    let text = |key: &str| server.get(key).and_then(Value::as_str);
    match (text("command"), text("url")) {
        (Some(command), _) => with_arguments(command, server),
        (None, Some(url)) => url.to_owned(),
        (None, None) => server.to_string(),
    }
}
