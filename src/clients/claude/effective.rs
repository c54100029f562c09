//! Which servers Claude Code 2.1.329 uses, and why it does not use the others.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Claude, claude_json, managed_servers_paths, mcp_json, servers, settings};
use crate::clients::{Effect, FromPlugin, Holder, Layout as _, Place, ServerEntry};
use crate::formats::json::{self, Key};
use crate::model::{Client, Files, Roots, Scope, ServerRecord, State};

/// What rules out every other server, in words.
const MANAGED: &str = "`managed-mcp.json`";

/// Where a user refuses the servers of a project.
const REJECTED: &str = "disabledMcpjsonServers";

/// Returns every entry: by scope, then managed, plugins and ignored places.
pub fn server_entries(
    roots: &Roots,
    state: &State,
    files: &Files,
    plugins: &[FromPlugin],
) -> Vec<ServerEntry> {
    let approval = Approval::read(roots, files);
    let managed = managed(roots, files);
    let exclusive = managed.is_some();
    let mut all = scoped(roots, state, &approval);
    if exclusive {
        for server in &mut all {
            server.effect = Effect::RuledOut(MANAGED);
        }
    }
    shadow(&mut all);
    all.extend(managed.unwrap_or_default());
    all.extend(from_plugins(plugins, &approval, exclusive));
    all.extend(ignored(roots, files));
    all
}

fn scoped(roots: &Roots, state: &State, approval: &Approval) -> Vec<ServerEntry> {
    let mut all: Vec<ServerEntry> = state
        .servers()
        .filter(|row| row.client == Client::Claude)
        .map(|row| {
            let scope = row.reach.scope();
            let at = Claude.place(roots, &row.fact.item);
            ServerEntry {
                client: Client::Claude,
                name: row.name.to_owned(),
                holder: Holder::Scope(scope),
                record: row.record.clone(),
                file: at.file,
                path: at.keys,
                effect: approval.effect(row.name, row.record, scope == Scope::Project),
                root: None,
            }
        })
        .collect();
    all.sort_by_key(|server| match server.holder {
        Holder::Scope(scope) => scope,
        Holder::Managed | Holder::Plugin(_) | Holder::Ignored(_) => Scope::User,
    });
    all
}

/// Of entries with one name that could be used, local wins over project over user.
fn shadow(all: &mut [ServerEntry]) {
    for index in 0..all.len() {
        let winner =
            all.iter().rfind(|other| other.name == all[index].name && other.effect == Effect::Used);
        if let Some(winner) = winner
            && winner.holder != all[index].holder
            && all[index].effect == Effect::Used
        {
            all[index].effect = Effect::Shadowed(winner.place_name());
        }
    }
}

fn managed(roots: &Roots, files: &Files) -> Option<Vec<ServerEntry>> {
    let file = managed_servers_paths(roots).find(|file| files.get(file).is_some())?;
    let text = str::from_utf8(files.get(&file)?).ok()?;
    Some(entries(&file, text, &Holder::Managed, &Effect::Used))
}

fn from_plugins(plugins: &[FromPlugin], approval: &Approval, exclusive: bool) -> Vec<ServerEntry> {
    let mut all: Vec<ServerEntry> = Vec::new();
    for plugin in plugins {
        let name = plugin.full_name.to_owned();
        // The client drops a plugin's server that starts the same as another plugin's.
        let starts = |server: &ServerRecord| {
            (server.command.clone(), server.args.clone(), server.url.clone())
        };
        let same = |other: &&ServerEntry| starts(&other.record) == starts(plugin.record);
        let effect = match all.iter().find(same) {
            _ if exclusive => Effect::RuledOut(MANAGED),
            Some(first) => Effect::Shadowed(format!("`{}`, which starts the same", first.name)),
            None => approval.effect(&name, plugin.record, false),
        };
        let short = name.rsplit(':').next().unwrap_or_default().to_owned();
        all.push(ServerEntry {
            client: Client::Claude,
            path: vec!["mcpServers".to_owned(), short],
            name,
            holder: Holder::Plugin(plugin.id.to_owned()),
            record: plugin.record.clone(),
            file: plugin.file.to_owned(),
            effect,
            root: Some(plugin.root.to_owned()),
        });
    }
    all
}

/// Returns the entries that stand where the client does not look.
pub fn ignored(roots: &Roots, files: &Files) -> Vec<ServerEntry> {
    let settings = settings::scopes(roots).map(|scope| (settings::path(roots, scope), Some(scope)));
    let places = settings.chain(settings::ignored_places(roots));
    let mut all: Vec<ServerEntry> = places
        .filter_map(|(path, scope)| {
            let text = str::from_utf8(files.get(&path)?).ok()?;
            Some(entries(&path, text, &Holder::Ignored(scope), &Effect::Ignored(Client::Claude)))
        })
        .flatten()
        .collect();
    all.extend(flat(roots, files));
    all
}

/// Returns the entries at the top of a `.mcp.json`, which the client wants wrapped.
fn flat(roots: &Roots, files: &Files) -> Vec<ServerEntry> {
    let file = mcp_json::path(roots);
    let text = files.get(&file).and_then(|bytes| str::from_utf8(bytes).ok());
    let Some(Value::Object(map)) = text.and_then(json::lenient) else { return Vec::new() };
    if map.contains_key("mcpServers") {
        return Vec::new();
    }
    map.iter()
        .filter(|(_, entry)| servers::looks_like_server(entry))
        .filter_map(|(name, entry)| {
            Some(ServerEntry {
                client: Client::Claude,
                path: vec![name.clone()],
                name: name.clone(),
                holder: Holder::Ignored(Some(Scope::Project)),
                record: servers::record(entry.as_object()?),
                file: file.clone(),
                effect: Effect::Ignored(Client::Claude),
                root: None,
            })
        })
        .collect()
}

/// Returns where the project's shared settings approve servers for whoever clones it.
pub(super) fn approved_for_all(roots: &Roots, files: &Files) -> Vec<Place> {
    if !settings::scopes(roots).any(|scope| scope == Scope::Project) {
        return Vec::new();
    }
    let file = settings::path(roots, Scope::Project);
    let Some(map) = settings::in_effect(&file, files) else { return Vec::new() };
    let approves = |key: &&str| match map.get(*key) {
        Some(Value::Bool(all)) => *all,
        Some(Value::Array(names)) => !names.is_empty(),
        _ => false,
    };
    ["enableAllProjectMcpServers", "enabledMcpjsonServers"]
        .into_iter()
        .filter(approves)
        .map(|key| Place::new(file.clone(), [key]))
        .collect()
}

fn entries(file: &Path, text: &str, holder: &Holder, effect: &Effect) -> Vec<ServerEntry> {
    let Some(Value::Object(servers)) = json::get(text, &[Key::Name("mcpServers")]) else {
        return Vec::new();
    };
    servers
        .into_iter()
        .filter_map(|(name, entry)| {
            Some(ServerEntry {
                client: Client::Claude,
                path: vec!["mcpServers".to_owned(), name.clone()],
                name,
                holder: holder.clone(),
                record: servers::record(entry.as_object()?),
                file: file.to_owned(),
                effect: effect.clone(),
                root: None,
            })
        })
        .collect()
}

/// What the user said about the servers of the project.
#[derive(Debug, Default)]
struct Approval {
    /// Approved in the user's own settings.
    user: Wish,
    /// Approved in the project or for it, which counts once the user trusts the project.
    project: Wish,
    trusted: bool,
    rejected: BTreeSet<String>,
    /// Switched off in this project, whatever the scope.
    disabled: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Wish {
    all: bool,
    names: BTreeSet<String>,
}

impl Wish {
    fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    fn take(&mut self, map: &Map<String, Value>) {
        self.all |= map.get("enableAllProjectMcpServers") == Some(&Value::Bool(true));
        self.names.extend(names(map, "enabledMcpjsonServers"));
    }
}

impl Approval {
    fn read(roots: &Roots, files: &Files) -> Self {
        let mut approval = Self::default();
        for scope in settings::scopes(roots) {
            let path = settings::path(roots, scope);
            let Some(map) = settings::in_effect(&path, files) else { continue };
            let wish =
                if scope == Scope::User { &mut approval.user } else { &mut approval.project };
            wish.take(&map);
            approval.rejected.extend(names(&map, "disabledMcpjsonServers"));
        }
        let text =
            files.get(&claude_json::path(roots)).and_then(|bytes| str::from_utf8(bytes).ok());
        let root = roots.project.to_string_lossy();
        let record =
            text.and_then(|text| json::get(text, &[Key::Name("projects"), Key::Name(&root)]));
        if let Some(Value::Object(map)) = record {
            approval.project.take(&map);
            approval.trusted = map.get("hasTrustDialogAccepted") == Some(&Value::Bool(true));
            approval.rejected.extend(names(&map, "disabledMcpjsonServers"));
            approval.disabled.extend(names(&map, "disabledMcpServers"));
        }
        approval
    }

    /// Returns what becomes of an entry that nothing shadows.
    fn effect(&self, name: &str, server: &ServerRecord, shared: bool) -> Effect {
        if let Some(fault) = servers::fault(server) {
            return Effect::Broken(fault);
        }
        if self.disabled.contains(name) {
            return Effect::Disabled;
        }
        match shared {
            false => Effect::Used,
            true if self.rejected.contains(name) => Effect::Rejected(REJECTED),
            true if self.user.has(name) || (self.trusted && self.project.has(name)) => Effect::Used,
            true if self.project.has(name) => Effect::Pending(
                "it is approved for the project, but the project is not trusted yet",
            ),
            true => Effect::Pending(
                "start `claude` in the project, or name it in `enabledMcpjsonServers` of your settings",
            ),
        }
    }
}

/// Returns the names in a list; a text in its place is a list of one.
fn names(map: &Map<String, Value>, key: &str) -> Vec<String> {
    let names = match map.get(key) {
        Some(Value::Array(names)) => names.as_slice(),
        Some(name) => std::slice::from_ref(name),
        None => &[],
    };
    names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::super::tests::roots;
    use super::super::{Claude, Codec};

    use super::*;

    fn effects(files: &[(PathBuf, Value)]) -> Vec<(String, &'static str)> {
        let files: Files = files
            .iter()
            .map(|(path, value)| (path.clone(), Some(value.to_string().into_bytes())))
            .collect();
        let state = Claude.decode(&roots(), &files).state;
        server_entries(&roots(), &state, &files, &[])
            .into_iter()
            .map(|s| (format!("{} {}", s.holder, s.name), s.effect.word()))
            .collect()
    }

    fn claude(user: &[&str], local: &[&str], more: &Value) -> (PathBuf, Value) {
        let servers = |names: &[&str]| -> Map<String, Value> {
            names.iter().map(|name| ((*name).to_owned(), json!({"command": "true"}))).collect()
        };
        let mut record = more.clone();
        record["mcpServers"] = servers(local).into();
        let root = roots().project.display().to_string();
        (
            claude_json::path(&roots()),
            json!({"mcpServers": servers(user), "projects": {root: record}}),
        )
    }

    fn shared() -> (PathBuf, Value) {
        (mcp_json::path(&roots()), json!({"mcpServers": {"a": {"command": "true"}}}))
    }

    #[test]
    fn local_wins_over_an_approved_project_server_over_user() {
        let check = |files: &[(PathBuf, Value)], expected: &[(&str, &str)]| {
            let seen = effects(files);
            let seen: Vec<_> = seen.iter().map(|(name, effect)| (name.as_str(), *effect)).collect();
            assert_eq!(seen, expected);
        };
        let none = json!({});
        check(
            &[claude(&["a"], &["a"], &none), shared()],
            &[("user a", "shadowed"), ("project a", "pending"), ("local a", "used")],
        );
        check(
            &[claude(&["a"], &[], &none), shared()],
            &[("user a", "used"), ("project a", "pending")],
        );
        let approved =
            (settings::path(&roots(), Scope::User), json!({"enabledMcpjsonServers": ["a"]}));
        check(
            &[claude(&["a"], &[], &none), shared(), approved],
            &[("user a", "shadowed"), ("project a", "used")],
        );
        let by_one_name =
            (settings::path(&roots(), Scope::User), json!({"enabledMcpjsonServers": "a"}));
        check(&[shared(), by_one_name], &[("project a", "used")]);
        // The client goes by nothing in a file that it ignores.
        let in_vain = json!({"enableAllProjectMcpServers": true, "model": 5});
        let in_vain = (settings::path(&roots(), Scope::User), in_vain);
        check(&[shared(), in_vain], &[("project a", "pending")]);
        let by_project =
            (settings::path(&roots(), Scope::Local), json!({"enableAllProjectMcpServers": true}));
        check(&[shared(), by_project.clone()], &[("project a", "pending")]);
        let trusted = json!({"hasTrustDialogAccepted": true});
        check(&[claude(&[], &[], &trusted), shared(), by_project], &[("project a", "used")]);
        let refused = json!({"disabledMcpjsonServers": ["a"], "disabledMcpServers": ["b"]});
        check(
            &[claude(&["b"], &[], &refused), shared()],
            &[("user b", "disabled"), ("project a", "rejected")],
        );
        let managed = (
            managed_servers_paths(&roots()).next().unwrap(),
            json!({"mcpServers": {"m": {"command": "x"}}}),
        );
        check(
            &[claude(&["a"], &[], &none), managed],
            &[("user a", "ruled out"), ("managed m", "used")],
        );
        let dead =
            (settings::path(&roots(), Scope::User), json!({"mcpServers": {"d": {"command": "x"}}}));
        check(&[dead], &[("ignored d", "ignored")]);
        check(
            &[(mcp_json::path(&roots()), json!({"f": {"command": "x"}}))],
            &[("ignored f", "ignored")],
        );
    }
}
