use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{change, check_problems, one, roots};
use super::*;
use crate::clients::{FileKind, ProblemKind, ServerFault};
use crate::model::generated::records;

fn server(name: &str, scope: Scope, before: Option<Value>, after: Option<Value>) -> Change {
    let read = |entry: Value| servers::record(entry.as_object().unwrap());
    becomes(name, scope, before.map(read), after.map(read))
}

fn becomes(
    name: &str,
    scope: Scope,
    before: Option<ServerRecord>,
    after: Option<ServerRecord>,
) -> Change {
    let item = Item::Server { name: name.into(), reach: roots().reach(scope) };
    Change { before: before.map(Record::Server), ..change(item, after.map(Record::Server)) }
}

#[track_caller]
fn check_encode(path: &Path, text: &str, change: Change, expected: &str) {
    let mut files = one(path, text);
    Claude.encode(&roots(), &mut files, &[change]).unwrap();
    assert_eq!(str::from_utf8(files.get(path).unwrap()).unwrap(), expected);
}

#[test]
fn a_project_that_the_client_does_not_know_gets_its_whole_record() {
    check_encode(
        &claude_json::path(&roots()),
        "{\"userID\":\"0\",\"projects\":{}}",
        server("s", Scope::Local, None, Some(json!({"type": "http", "url": "u"}))),
        "{\"userID\":\"0\",\"projects\":{\"/home/u/p\":{\"allowedTools\":[],\"mcpContextUris\":[],\
         \"mcpServers\":{\"s\":{\"type\":\"http\",\"url\":\"u\"}},\"enabledMcpjsonServers\":[],\
         \"disabledMcpjsonServers\":[],\"hasTrustDialogAccepted\":false,\
         \"hasClaudeMdExternalIncludesApproved\":false,\
         \"hasClaudeMdExternalIncludesWarningShown\":false}}}",
    );
    check_encode(
        &claude_json::path(&roots()),
        "{\"projects\":{\"/home/u/p\":{\"history\":[1.10]}}}",
        server("s", Scope::Local, None, Some(json!({"command": "x"}))),
        "{\"projects\":{\"/home/u/p\":{\"history\":[1.10],\"mcpServers\":{\"s\":\
         {\"type\":\"stdio\",\"command\":\"x\",\"args\":[],\"env\":{}}}}}}",
    );
    let gone = server("s", Scope::Local, Some(json!({})), None);
    check_encode(&claude_json::path(&roots()), "{\"projects\":{}}", gone, "{\"projects\":{}}");
}

#[test]
fn only_the_fields_that_a_change_mentions_change() {
    check_encode(
        &claude_json::path(&roots()),
        "{\"mcpServers\": {\"s\": {\"command\": \"x\", \"timeout\": 5, \"env\": {\"A\": \"1\", \"MINE\": \"2\"}, \"cwd\": \"/\"}}}",
        server(
            "s",
            Scope::User,
            Some(json!({"command": "x", "cwd": "/", "env": {"A": "1"}})),
            Some(json!({"command": "y", "env": {"B": "3"}})),
        ),
        "{\"mcpServers\": {\"s\": {\"command\": \"y\", \"timeout\": 5, \"env\": {\"MINE\": \"2\", \"B\": \"3\"}}}}",
    );
}

#[test]
fn what_says_the_same_is_left_as_it_is_spelled() {
    let check = |before: &str, change: (Value, Value), after: &str| {
        let text = |entry| format!("{{\"mcpServers\": {{\"s\": {entry}}}}}");
        let (was, now) = change;
        let change = server("s", Scope::User, Some(was), Some(now));
        check_encode(&claude_json::path(&roots()), &text(before), change, &text(after));
    };
    let http = |url: &str| json!({"type": "http", "url": url});
    check(
        r#"{"type": "streamable-http", "url": "u"}"#,
        (http("u"), http("v")),
        r#"{"type": "streamable-http", "url": "v"}"#,
    );
    let run = |args: &[&str]| json!({"command": "x", "args": args});
    check(
        r#"{"args": ["a"], "command": "x", "n": 1.10}"#,
        (run(&["a"]), run(&[])),
        r#"{"args": [], "command": "x", "n": 1.10}"#,
    );
    check(r#"{"command": "x"}"#, (run(&[]), run(&["a"])), r#"{"command": "x", "args": ["a"]}"#);
    check(
        r#"{"command": "x", "args": [], "env": {}}"#,
        (run(&[]), http("u")),
        r#"{"env": {}, "type": "http", "url": "u"}"#,
    );
    check(
        r#"{"type": "http", "url": "u", "headers": {"H": "v"}, "oauth": {"a": 1, "b": 2}}"#,
        (json!({"type": "http", "url": "u", "headers": {"H": "v"}, "oauth": {"a": 1}}), http("u")),
        r#"{"type": "http", "url": "u", "oauth": {"b": 2}}"#,
    );
    check(
        r#"{"type": 5, "command": ["x"], "env": {"A": 1, "B": 2, "C": "\ud83d"}}"#,
        (
            json!({"type": 5, "command": ["x"], "env": {"A": 1, "B": 2}}),
            json!({"command": "x", "env": {"A": "1", "B": "2"}}),
        ),
        r#"{"type": "stdio", "command": "x", "env": {"A": "1", "B": "2", "C": "\ud83d"}}"#,
    );
}

#[test]
fn a_new_project_file_is_wrapped() {
    let path = mcp_json::path(&roots());
    let mut files = Files::default();
    let add = server("s", Scope::Project, None, Some(json!({"type": "http", "url": "u"})));
    Claude.encode(&roots(), &mut files, std::slice::from_ref(&add)).unwrap();
    assert_eq!(
        str::from_utf8(files.get(&path).unwrap()).unwrap(),
        "{\n  \"mcpServers\": {\n    \"s\": {\n      \"type\": \"http\",\n      \"url\": \"u\"\n    }\n  }\n}"
    );
    let mut flat = one(&path, "{\"s\":{\"command\":\"x\"}}");
    assert!(Claude.encode(&roots(), &mut flat, &[add]).is_err());
}

#[test]
fn servers_that_the_client_does_not_start_are_a_problem() {
    let (claude, project) = (claude_json::path(&roots()), mcp_json::path(&roots()));
    check_problems(&project, "{\"s\":{\"command\":\"x\"}}", &[ProblemKind::Unwrapped], 0);
    check_problems(&project, "{}", &[ProblemKind::NoServers], 0);
    check_problems(&project, "{\"mcpServers\":[]}", &[ProblemKind::Shape(FileKind::Servers)], 0);
    check_problems(
        &claude,
        "{\"mcpServers\":{\"s\":{\"url\":\"u\"}}}",
        &[ProblemKind::Server(ServerFault::Untyped)],
        1,
    );
    check_problems(
        &claude,
        "{\"mcpServers\":{\"s\":{\"type\":\"x\"}}}",
        &[ProblemKind::Server(ServerFault::UnknownType("x".into()))],
        1,
    );
    check_problems(
        &claude,
        "{\"mcpServers\":{\"s\":{\"command\":\"x\"},}}",
        &[ProblemKind::Syntax(FileKind::Servers)],
        1,
    );
    check_problems(
        &claude,
        "{\"mcpServers\":{\"s\":",
        &[ProblemKind::Syntax(FileKind::Servers)],
        0,
    );
    check_problems(&claude, "[]", &[ProblemKind::Shape(FileKind::Servers)], 0);
    let elsewhere = settings::ignored_places(&roots()).into_iter().map(|(path, _)| path);
    let settings = Scope::ALL.map(|scope| settings::path(&roots(), scope));
    for path in settings.into_iter().chain(elsewhere) {
        let text = "{\"mcpServers\":{\"s\":{\"command\":\"x\"}}}";
        check_problems(&path, text, &[ProblemKind::NotRead], 0);
    }
}

fn server_change() -> impl Strategy<Value = Change> {
    let name = prop::sample::select(&["s", "t", "a b"]);
    let scope = prop::sample::select(&Scope::ALL);
    (name, scope, prop::option::of(records()))
        .prop_map(|(name, scope, after)| becomes(name, scope, None, after))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn an_entry_becomes_what_it_is_to_be_and_keeps_what_nobody_mentions(
        before in records(), after in records(),
    ) {
        let path = claude_json::path(&roots());
        let foreign = "\"mine\": [1.10, \"\\ud83d\", 12345678901234567890123]";
        let entry = servers::new_entry(&before);
        let mut text = format!("{{\"mcpServers\": {{\"s\": {entry}}}}}");
        // What is in the entry and not in the change.
        text = text.replacen("{\"s\": {", &format!("{{\"s\": {{{foreign}, "), 1).replace(", }", "}");
        let mut files = one(&path, &text);
        let there = |files: &Files| {
            let state = Claude.decode(&roots(), files).state;
            let mut server = state.server(Client::Claude, "s", &Reach::USER).unwrap().clone();
            server.extra.shift_remove("mine");
            server
        };
        prop_assert_eq!(&there(&files), &before);
        let change = becomes("s", Scope::User, Some(before), Some(after.clone()));
        Claude.encode(&roots(), &mut files, &[change]).unwrap();
        prop_assert_eq!(&there(&files), &after);
        let text = str::from_utf8(files.get(&path).unwrap()).unwrap();
        prop_assert!(text.contains(foreign), "{}", text);
        let settled = files.clone();
        let again = becomes("s", Scope::User, Some(after.clone()), Some(after));
        Claude.encode(&roots(), &mut files, &[again]).unwrap();
        prop_assert_eq!(files, settled);
    }

    #[test]
    fn what_was_written_is_there_and_foreign_text_is_kept(
        changes in prop::collection::vec(server_change(), 0..6), started in any::<bool>(),
    ) {
        let mine = "\"mine\":{\"command\":\"m\",\"n\":1.10}";
        let text = format!("{{\"h\":[\"\\ud83d\"],\"mcpServers\":{{{mine}}},\"projects\":{{\"/q\":{{}}}}}}");
        let mut files = if started { one(&claude_json::path(&roots()), &text) } else { Files::default() };
        let mut wanted = std::collections::BTreeMap::new();
        let mut changes = changes;
        for change in &mut changes {
            // A plan knows what was there.
            change.before = wanted.insert(change.fact.clone(), change.after.clone()).flatten();
        }
        Claude.encode(&roots(), &mut files, &changes).unwrap();
        let state = Claude.decode(&roots(), &files).state;
        for (fact, record) in &wanted {
            prop_assert_eq!(state.get(fact), record.as_ref());
        }
        if started {
            let text = str::from_utf8(files.get(&claude_json::path(&roots())).unwrap()).unwrap();
            let kept = text.starts_with(&format!("{{\"h\":[\"\\ud83d\"],\"mcpServers\":{{{mine}"));
            prop_assert!(kept && text.contains("\"projects\":{\"/q\":{}"), "{}", text);
        }
        let settled = files.clone();
        let again: Vec<Change> = state.into_iter().map(|(fact, record)| change(fact.item, Some(record))).collect();
        Claude.encode(&roots(), &mut files, &again).unwrap();
        prop_assert_eq!(files, settled);
    }
}
