//! Servers that Claude Code 2.1.329 does not use because of where or how they are written, put right.

use std::path::Path;

use serde_json::json;

use super::effective::ignored;
use super::{Claude, mcp_json};
use crate::clients::{Codec, FixedServers, Holder, Layout as _, ProblemKind, ServerEntry};
use crate::formats::json::{self, Key};
use crate::model::{
    Change, Client, Files, Item, Record, Roots, Scope, ServerRecord, State, Thing, Transport,
};

/// Wraps a flat `.mcp.json`, gives a `url` its `type`, and moves servers from where the client does not
/// look when the name is free where it does. Whatever cannot be edited stays.
pub fn fix_servers(roots: &Roots, files: &Files) -> FixedServers {
    let mut fixed = FixedServers { files: files.clone(), things: Vec::new() };
    wrap(roots, &mut fixed);
    for server in ignored(roots, &fixed.files) {
        move_one(roots, &server, &mut fixed);
    }
    add_types(roots, &mut fixed);
    fixed
}

fn wrap(roots: &Roots, fixed: &mut FixedServers) {
    let file = mcp_json::path(roots);
    let flat: Vec<ServerEntry> =
        ignored(roots, &fixed.files).into_iter().filter(|s| s.file == file).collect();
    let Some(text) = text(&fixed.files, &file) else { return };
    if flat.is_empty() || json::value(text.trim_start_matches('\u{feff}').as_bytes()).is_none() {
        return;
    }
    let wrapped = flat.iter().try_fold(text, |text, server| {
        let flat = [Key::Name(&server.name)];
        let Some(entry) = json::get(&text, &flat) else { return Ok(text) };
        let text = json::set(&text, &[Key::Name("mcpServers"), flat[0]], &entry)?;
        json::remove(&text, &flat)
    });
    if let Ok(text) = wrapped {
        fixed.files.set(file, Some(text.into_bytes()));
        fixed.things.extend(flat.iter().map(|server| {
            let thing =
                Thing::Server { name: server.name.clone(), reach: roots.reach(Scope::Project) };
            (thing, "wrapped in `mcpServers`".to_owned())
        }));
    }
}

fn move_one(roots: &Roots, server: &ServerEntry, fixed: &mut FixedServers) {
    let Holder::Ignored(Some(scope)) = server.holder else { return };
    let item = Item::Server { name: server.name.clone(), reach: roots.reach(scope) };
    let target = Claude.place(roots, &item);
    let decoded = Claude.decode(roots, &fixed.files);
    // A file with one value of a wrong type can be edited all the same.
    let broken = |file: &Path| {
        decoded.problems.iter().any(|problem| {
            let all = matches!(
                problem.kind,
                ProblemKind::Syntax(_) | ProblemKind::Shape(_) | ProblemKind::Unwrapped
            );
            all && problem.diagnostic.file == *file
        })
    };
    let taken = decoded.state.has(&item.clone().of(Client::Claude));
    if server.file == target.file || taken || broken(&target.file) || broken(&server.file) {
        return;
    }
    let mut files = fixed.files.clone();
    let change = Change {
        fact: item.clone().of(Client::Claude),
        before: None,
        after: Some(Record::Server(server.record.clone())),
    };
    let Some(here) = text(&files, &server.file) else { return };
    let path = [Key::Name("mcpServers"), Key::Name(&server.name)];
    let Some(entry) = json::get(&here, &path) else { return };
    let Ok(mut left) = json::remove(&here, &path) else { return };
    if json::get(&left, &path[..1]).is_some_and(|rest| rest == json!({})) {
        left = json::remove(&left, &path[..1]).unwrap_or(left);
    }
    if Claude.encode(roots, &mut files, &[change]).is_err() {
        return;
    }
    // It arrives as it stood.
    let there = text(&files, &target.file);
    let Some(Ok(there)) = there.map(|there| json::set(&there, &target.path(), &entry)) else {
        return;
    };
    files.set(target.file.clone(), Some(there.into_bytes()));
    files.set(server.file.clone(), Some(left.into_bytes()));
    fixed.files = files;
    let from = server.file.display();
    fixed.things.push((item.thing(), format!("moved here from `{from}`")));
}

fn add_types(roots: &Roots, fixed: &mut FixedServers) {
    let state: State = Claude.decode(roots, &fixed.files).state;
    for row in state.servers() {
        let Some(kind) = missing_type(row.record) else { continue };
        let typed = ServerRecord { transport: Some(kind.clone()), ..row.record.clone() };
        let change = Change {
            fact: row.fact.clone(),
            before: Some(Record::Server(row.record.clone())),
            after: Some(Record::Server(typed)),
        };
        if Claude.encode(roots, &mut fixed.files, &[change]).is_ok() {
            fixed.things.push((row.fact.item.thing(), format!("`type` is now `{kind}`")));
        }
    }
}

/// Returns the transport of a server with a `url` and no `type`, as its address tells.
pub fn missing_type(server: &ServerRecord) -> Option<Transport> {
    let says = |key| server.extra.contains_key(key);
    let url = server.url.as_ref()?.to_string();
    if server.transport.is_some() || says("type") || says("command") {
        return None;
    }
    let path = url.split(['?', '#']).next().unwrap_or(&url).trim_end_matches('/');
    Some(match url.as_str() {
        url if url.starts_with("ws://") || url.starts_with("wss://") => Transport::Ws,
        _ if path.ends_with("/sse") => Transport::Sse,
        _ => Transport::Http,
    })
}

fn text(files: &Files, file: &Path) -> Option<String> {
    Some(str::from_utf8(files.get(file)?).ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::tests::{one, roots};
    use super::super::{claude_json, servers, settings};
    use super::*;

    #[test]
    fn a_flat_file_is_wrapped_and_keeps_what_is_no_server() {
        let path = mcp_json::path(&roots());
        let files = one(&path, "{\n  \"a\": {\"command\": \"x\"},\n  \"note\": 1.10\n}\n");
        let fixed = fix_servers(&roots(), &files);
        let text = str::from_utf8(fixed.files.get(&path).unwrap()).unwrap();
        assert!(text.contains("\"note\": 1.10"), "{text}");
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value["mcpServers"], json!({"a": {"command": "x"}}));
        assert_eq!(value.get("a"), None);
        assert_eq!(fixed.things.len(), 1);
        assert!(fix_servers(&roots(), &fixed.files).things.is_empty());
    }

    #[test]
    fn a_server_moves_to_where_it_is_read_when_its_name_is_free() {
        let path = settings::path(&roots(), Scope::User);
        let mut files = one(
            &path,
            "{\n  \"model\": \"m\",\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"},\n    \"b\": {\"command\": \"y\"}\n  }\n}\n",
        );
        let claude = claude_json::path(&roots());
        files.set(claude.clone(), Some(b"{\"mcpServers\":{\"b\":{\"command\":\"z\"}}}".to_vec()));
        let fixed = fix_servers(&roots(), &files);
        let read =
            |path| -> Value { serde_json::from_slice(fixed.files.get(path).unwrap()).unwrap() };
        assert_eq!(
            read(&claude),
            json!({"mcpServers": {"b": {"command": "z"}, "a": {"command": "x"}}})
        );
        assert_eq!(read(&path), json!({"model": "m", "mcpServers": {"b": {"command": "y"}}}));
    }

    #[test]
    fn an_address_tells_its_type() {
        let told = |entry: Value| missing_type(&servers::record(entry.as_object().unwrap()));
        let check = |url: &str, expected: Transport| {
            assert_eq!(told(json!({"url": url})), Some(expected), "{url}");
        };
        check("https://h/mcp", Transport::Http);
        check("https://h/sse?x=1", Transport::Sse);
        check("wss://h", Transport::Ws);
        for known in [json!({"type": "http"}), json!({"type": 5}), json!({"command": "x"})] {
            let mut entry = known;
            entry["url"] = json!("u");
            assert_eq!(told(entry), None);
        }
        let files =
            one(&claude_json::path(&roots()), "{\"mcpServers\":{\"a\":{\"url\":\"https://h\"}}}");
        let fixed = fix_servers(&roots(), &files);
        let file = claude_json::path(&roots());
        let text = str::from_utf8(fixed.files.get(&file).unwrap()).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value["mcpServers"]["a"], json!({"type": "http", "url": "https://h"}));
    }
}
