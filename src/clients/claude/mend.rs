//! Servers that Claude Code 2.1.329 does not use because of where or how they are written, put right.

use std::path::Path;

use serde_json::{Value, json};

use super::standing::{Place, Standing, ignored};
use super::{Claude, mcp_json, servers};
use crate::clients::Codec;
use crate::formats::json::{self, Key};
use crate::model::{Change, Client, Files, Item, Record, Roots, Scope, State, Thing};

/// What was put right, in words, and the files as they are then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mended {
    pub files: Files,
    pub things: Vec<(Thing, String)>,
}

/// Wraps a flat `.mcp.json`, gives a `url` its `type`, and moves servers from where the client does not
/// look when the name is free where it does. Whatever cannot be edited stays.
pub fn mend(roots: &Roots, files: &Files) -> Mended {
    let mut mended = Mended { files: files.clone(), things: Vec::new() };
    wrap(roots, &mut mended);
    for standing in ignored(roots, &mended.files) {
        move_one(roots, &standing, &mut mended);
    }
    add_types(roots, &mut mended);
    mended
}

fn wrap(roots: &Roots, mended: &mut Mended) {
    let file = mcp_json::path(roots);
    let flat: Vec<Standing> =
        ignored(roots, &mended.files).into_iter().filter(|s| s.file == file).collect();
    let Some(text) = text(&mended.files, &file) else { return };
    if flat.is_empty()
        || serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')).is_err()
    {
        return;
    }
    let wrapped = flat.iter().try_fold(text, |text, standing| {
        let path = [Key::Name("mcpServers"), Key::Name(&standing.name)];
        let text = json::set(&text, &path, &standing.entry)?;
        json::remove(&text, &[Key::Name(&standing.name)])
    });
    if let Ok(text) = wrapped {
        mended.files.set(file, Some(text.into_bytes()));
        mended.things.extend(flat.iter().map(|standing| {
            let thing = Thing::Server { name: standing.name.clone(), scope: Scope::Project };
            (thing, "wrapped in `mcpServers`".to_owned())
        }));
    }
}

fn move_one(roots: &Roots, standing: &Standing, mended: &mut Mended) {
    let Place::Ignored(Some(scope)) = standing.place else { return };
    let item = item(roots, &standing.name, scope);
    let target =
        if scope == Scope::Project { mcp_json::path(roots) } else { roots.claude_json.clone() };
    let decoded = Claude.decode(roots, &mended.files);
    let broken = |file: &Path| {
        decoded.problems.iter().any(|problem| {
            problem.diagnostic.file == *file
                && (problem.unreadable || problem.id.ends_with(".syntax"))
        })
    };
    let taken = decoded.state.contains_key(&item);
    if standing.file == target || taken || broken(&target) || broken(&standing.file) {
        return;
    }
    let mut files = mended.files.clone();
    let change = Change {
        client: Client::Claude,
        item: item.clone(),
        before: None,
        after: Some(Record::Server(standing.entry.clone())),
    };
    let Some(text) = text(&files, &standing.file) else { return };
    let path = [Key::Name("mcpServers"), Key::Name(&standing.name)];
    let Ok(mut left) = json::remove(&text, &path) else { return };
    if json::get(&left, &path[..1]).is_some_and(|rest| rest == json!({})) {
        left = json::remove(&left, &path[..1]).unwrap_or(left);
    }
    if Claude.encode(roots, &mut files, &[change]).is_err() {
        return;
    }
    files.set(standing.file.clone(), Some(left.into_bytes()));
    mended.files = files;
    let from = standing.file.display();
    mended.things.push((item.thing(), format!("moved here from `{from}`")));
}

fn add_types(roots: &Roots, mended: &mut Mended) {
    let state: State = Claude.decode(roots, &mended.files).state;
    for (item, record) in &state {
        let (Item::Server { .. }, Record::Server(entry)) = (item, record) else { continue };
        let Some(kind) = missing_type(entry) else { continue };
        let mut typed = json!({ "type": kind });
        if let (Some(typed), Some(fields)) = (typed.as_object_mut(), entry.as_object()) {
            typed.extend(fields.clone());
        }
        let change = Change {
            client: Client::Claude,
            item: item.clone(),
            before: Some(record.clone()),
            after: Some(Record::Server(typed)),
        };
        if Claude.encode(roots, &mut mended.files, &[change]).is_ok() {
            mended.things.push((item.thing(), format!("`type` is now `{kind}`")));
        }
    }
}

/// Returns the transport of an entry with a `url` and no `type`, as its address tells.
pub fn missing_type(entry: &Value) -> Option<&'static str> {
    let url = entry.get("url")?.as_str()?;
    if entry.get("type").is_some()
        || entry.get("command").is_some()
        || servers::fault(entry).is_none()
    {
        return None;
    }
    let path = url.split(['?', '#']).next().unwrap_or(url).trim_end_matches('/');
    Some(match url {
        url if url.starts_with("ws://") || url.starts_with("wss://") => "ws",
        _ if path.ends_with("/sse") => "sse",
        _ => "http",
    })
}

fn item(roots: &Roots, name: &str, scope: Scope) -> Item {
    let project = (scope != Scope::User).then(|| roots.project.clone());
    Item::Server { name: name.to_owned(), scope, project }
}

fn text(files: &Files, file: &Path) -> Option<String> {
    Some(str::from_utf8(files.get(file)?).ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::settings;
    use super::super::tests::{one, roots};
    use super::*;

    #[test]
    fn a_flat_file_is_wrapped_and_keeps_what_is_no_server() {
        let path = mcp_json::path(&roots());
        let files = one(&path, "{\n  \"a\": {\"command\": \"x\"},\n  \"note\": 1.10\n}\n");
        let mended = mend(&roots(), &files);
        let text = str::from_utf8(mended.files.get(&path).unwrap()).unwrap();
        assert!(text.contains("\"note\": 1.10"), "{text}");
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value["mcpServers"], json!({"a": {"command": "x"}}));
        assert_eq!(value.get("a"), None);
        assert_eq!(mended.things.len(), 1);
        assert!(mend(&roots(), &mended.files).things.is_empty());
    }

    #[test]
    fn a_server_moves_to_where_it_is_read_when_its_name_is_free() {
        let path = settings::path(&roots(), Scope::User);
        let mut files = one(
            &path,
            "{\n  \"model\": \"m\",\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"},\n    \"b\": {\"command\": \"y\"}\n  }\n}\n",
        );
        let claude = roots().claude_json;
        files.set(claude.clone(), Some(b"{\"mcpServers\":{\"b\":{\"command\":\"z\"}}}".to_vec()));
        let mended = mend(&roots(), &files);
        let read =
            |path| -> Value { serde_json::from_slice(mended.files.get(path).unwrap()).unwrap() };
        assert_eq!(
            read(&claude),
            json!({"mcpServers": {"b": {"command": "z"}, "a": {"command": "x"}}})
        );
        assert_eq!(read(&path), json!({"model": "m", "mcpServers": {"b": {"command": "y"}}}));
    }

    #[test]
    fn an_address_tells_its_type() {
        let check = |url: &str, expected: &str| {
            assert_eq!(missing_type(&json!({"url": url})), Some(expected), "{url}");
        };
        check("https://h/mcp", "http");
        check("https://h/sse?x=1", "sse");
        check("wss://h", "ws");
        assert_eq!(missing_type(&json!({"url": "u", "type": "http"})), None);
        let files = one(&roots().claude_json, "{\"mcpServers\":{\"a\":{\"url\":\"https://h\"}}}");
        let mended = mend(&roots(), &files);
        let file = roots().claude_json;
        let text = str::from_utf8(mended.files.get(&file).unwrap()).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value["mcpServers"]["a"], json!({"type": "http", "url": "https://h"}));
    }
}
