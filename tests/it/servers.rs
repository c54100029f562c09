//! MCP servers: declared once, in the right file and shape for every scope, nothing leaked.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, changes};

const CLAUDE: &str = "~/.claude.json";
const MANIFEST: &str = "~/.config/zskills/skills.toml";
const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn wants(entries: &str) -> String {
    format!("version = 1\n\n{entries}")
}

fn server(name: &str, more: &str) -> String {
    format!("[[mcps]]\nname = \"{name}\"\n{more}\n")
}

/// A project below the home with this manifest.
fn home(manifest: &str) -> Sandbox {
    Sandbox::new().project("~/code/app").manifest(&wants(manifest))
}

fn local(home: &Sandbox) -> Value {
    let root = home.path("~/code/app").display().to_string();
    home.json(CLAUDE)["projects"][&root].clone()
}

#[track_caller]
fn nothing_to_do(home: &Sandbox) {
    let before = home.stamps();
    home.zskills(&["sync"]).expect(0).says(&["up to date"]);
    assert_eq!(changes(&before, &home.stamps()), [""; 0]);
}

#[test]
fn each_scope_has_its_file_and_the_clients_shape() {
    let home = home(
        &(server("u", "command = \"true\"\nargs = [\"-x\"]\nenv = { A = \"${A:-1}\" }")
            + &server("l", "url = \"https://mcp.example.com/mcp\"\nscope = \"local\"")
            + &server(
                "p",
                "command = \"true\"\nscope = \"project\"\nextra = { timeout = 5, alwaysLoad = true }",
            )),
    );
    home.synced();
    assert_eq!(
        home.json(CLAUDE)["mcpServers"]["u"],
        json!({"type": "stdio", "command": "true", "args": ["-x"], "env": {"A": "${A:-1}"}})
    );
    assert_eq!(home.mode(CLAUDE), 0o600);
    assert_eq!(
        local(&home)["mcpServers"]["l"],
        json!({"type": "http", "url": "https://mcp.example.com/mcp"})
    );
    assert_eq!(local(&home)["hasTrustDialogAccepted"], false);
    assert_eq!(
        home.read(".mcp.json"),
        "{\n  \"mcpServers\": {\n    \"p\": {\n      \"type\": \"stdio\",\n      \"command\": \"true\",\n      \
         \"args\": [],\n      \"env\": {},\n      \"timeout\": 5,\n      \"alwaysLoad\": true\n    }\n  }\n}"
    );
    assert!(!home.exists("~/.claude.json.lock"));
    nothing_to_do(&home);
}

#[test]
fn an_entry_that_means_the_same_is_never_rewritten() {
    let text = "{\"mcpServers\":{\"a\":{\"env\":{},\"command\":\"true\",\"note\":1.10}},\"big\":12345678901234567890123}";
    let home = home(&server("a", "command = \"true\"")).file(CLAUDE, text);
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.read(CLAUDE), text);
}

#[test]
fn a_hand_edit_is_shown_and_only_declared_fields_are_set_back() {
    let home = home(&server("a", "command = \"true\"\nenv = { TOKEN = \"${TOKEN}\" }"));
    home.synced();
    let edited = json!({"type": "stdio", "command": "false", "args": [], "cwd": "/",
        "env": {"TOKEN": TOKEN, "MINE": "1"}});
    home.write(CLAUDE, json!({"mcpServers": {"a": edited}, "userID": "0"}).to_string());
    let run = home.zskills(&["sync"]);
    run.expect(0)
        .says(&["edited by hand", "command `false` → `true`", "env.TOKEN"])
        .is_silent_about(&[TOKEN, "MINE", "cwd"]);
    let expected = json!({"type": "stdio", "command": "true", "args": [], "cwd": "/",
        "env": {"TOKEN": "${TOKEN}", "MINE": "1"}});
    assert_eq!(home.json(CLAUDE), json!({"mcpServers": {"a": expected}, "userID": "0"}));
    nothing_to_do(&home);
}

#[test]
fn what_leaves_the_manifest_leaves_the_client_and_nothing_else_does() {
    let all = server("a", "command = \"true\"\nenv = { A = \"1\", B = \"2\" }")
        + &server("p", "command = \"true\"\nscope = \"project\"");
    let home = home(&all).file(CLAUDE, r#"{"mcpServers":{"theirs":{"command":"true"}}}"#);
    home.synced();
    home.write(MANIFEST, wants(&server("a", "command = \"true\"\nenv = { B = \"2\" }")));
    home.zskills(&["sync"]).expect(0).says(&["-env.A"]);
    assert_eq!(home.json(CLAUDE)["mcpServers"]["a"]["env"], json!({"B": "2"}));
    assert_eq!(home.json(".mcp.json"), json!({"mcpServers": {}}));
    home.write(MANIFEST, wants(""));
    home.zskills(&["sync"]).expect(0).says(&["theirs", "left alone"]);
    assert_eq!(home.json(CLAUDE)["mcpServers"], json!({"theirs": {"command": "true"}}));
    nothing_to_do(&home);
}

#[test]
fn prune_reaches_user_scope_only() {
    let home = home("").file(".mcp.json", r#"{"mcpServers":{"p":{"command":"true"}}}"#);
    let root = home.path("~/code/app").display().to_string();
    let servers = json!({"x": {"command": "true"}});
    let file = json!({"mcpServers": servers, "projects": {root: {"mcpServers": servers}}});
    home.write(CLAUDE, file.to_string());
    home.zskills(&["sync", "--prune"]).expect(1).says(&["--yes"]);
    home.zskills(&["sync", "--prune", "--yes"]).expect(0);
    assert_eq!(home.json(CLAUDE)["mcpServers"], json!({}));
    assert_eq!(local(&home)["mcpServers"], servers);
    assert_eq!(home.json(".mcp.json")["mcpServers"]["p"]["command"], "true");
}

/// Syncs beside one bad file: exit 1, the place named, nothing written anywhere.
#[track_caller]
fn refuses(scope: &str, path: &str, text: &str, phrases: &[&str]) {
    let entries = server("a", &format!("command = \"true\"\nscope = \"{scope}\""))
        + &server("other", "url = \"wss://h\"\nscope = \"project\"")
        + &server("more", "command = \"true\"");
    let home = home(&entries).file(path, text);
    let before = home.tree();
    home.zskills(&["sync"]).expect(1).says(phrases);
    let left: Vec<_> =
        changes(&before, &home.tree()).into_iter().filter(|c| !c.contains("zskills")).collect();
    assert_eq!(left, ["+ ~/.local", "+ ~/.local/state"], "{text}");
    // Nobody wants a server: the same file is no obstacle.
    home.write(MANIFEST, wants(""));
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.read(path), text);
}

#[test]
fn a_file_that_the_client_could_not_use_is_named_and_left_as_it_is() {
    refuses("user", CLAUDE, "{\"mcpServers\": []}", &["~/.claude.json:1:2", "not an object"]);
    refuses("local", CLAUDE, "[]", &["~/.claude.json:1:1"]);
    refuses("user", CLAUDE, "{\"a\": 1,}", &["~/.claude.json:1:8", "comma"]);
    refuses("user", "~/code/app/.mcp.json", "{\"mcpServers\": []}", &[".mcp.json:1:2"]);
    refuses("user", "~/code/app/.mcp.json", "[]", &[".mcp.json:1:1"]);
    refuses("user", "~/code/app/.mcp.json", "{\"x\": {\"command\": \"y\"}}", &[".mcp.json:1:1"]);
}

#[test]
fn an_entry_that_the_client_skips_does_not_stop_the_others() {
    let text = r#"{"mcpServers":{"odd":{"url":"https://h"}}}"#;
    let home = home(&server("a", "command = \"true\"")).file(CLAUDE, text);
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.json(CLAUDE)["mcpServers"]["odd"], json!({"url": "https://h"}));
}

#[test]
fn a_linked_project_file_is_named_and_left_alone() {
    let home = home(&server("a", "command = \"true\"\nscope = \"project\""));
    home.write("~/dot/mcp.json", "{\"mcpServers\":{}}");
    home.link("~/code/app/.mcp.json", "~/dot/mcp.json");
    home.zskills(&["sync"]).expect(1).says(&[".mcp.json", "symbolic link"]);
    assert_eq!(home.read("~/dot/mcp.json"), "{\"mcpServers\":{}}");
    home.write("~/dot/mcp.json", r#"{"mcpServers":{"a":{"command":"true"}}}"#);
    home.zskills(&["sync"]).expect(0);
    assert!(home.is_link("~/code/app/.mcp.json"));
}

#[test]
fn claude_json_is_written_through_a_link() {
    let home = home(&server("a", "command = \"true\""));
    home.write("~/dot/claude.json", "{}");
    home.link(CLAUDE, "~/dot/claude.json");
    home.synced();
    assert!(home.is_link(CLAUDE));
    assert_eq!(home.json("~/dot/claude.json")["mcpServers"]["a"]["command"], "true");
}

#[test]
fn invalid_entries_stop_before_anything_is_written() {
    let home = home(
        &(server("a", "command = \"true\"\nurl = \"https://h\"")
            + &server("b", "transport = \"carrier\"\nurl = \"https://h\"")
            + &server("c d", "command = \"true\"")),
    );
    let before = home.tree();
    home.zskills(&["sync"]).expect(1).says(&[
        "skills.toml:6:",
        "skills.toml:9:",
        "skills.toml:12:",
    ]);
    let after = home.tree();
    let kept: Vec<_> =
        changes(&before, &after).into_iter().filter(|c| !c.contains("/.local")).collect();
    assert_eq!(kept, [""; 0]);
}

/// A home in which `claude mcp add` made servers in all scopes.
fn made_by_hand() -> Sandbox {
    let home = home("");
    let root = home.path("~/code/app").display().to_string();
    let user = json!({
        "type": "stdio", "command": "npx", "args": ["-y", "x@1.0.0", format!("--key={TOKEN}")],
        "env": {"GITHUB_TOKEN": TOKEN, "MODE": "fast"}, "cwd": "/", "timeout": 1.5
    });
    let remote = json!({
        "type": "http", "url": "https://h/mcp",
        "headers": {"Authorization": format!("Bearer {TOKEN}x")}, "oauth": {"clientId": "me"}
    });
    let file = json!({
        "mcpServers": {"hub": user},
        "projects": {root: {"mcpServers": {"far": remote}}}
    });
    home.write(CLAUDE, format!("{file:#}"));
    home.set_mode(CLAUDE, 0o600);
    home.write(".mcp.json", r#"{"mcpServers":{"shared":{"type":"streamable-http","url":"${U}"}}}"#);
    home
}

#[test]
fn adopting_then_syncing_writes_nothing_and_no_secret_moves() {
    let home = made_by_hand();
    let before = (home.read(CLAUDE), home.read(".mcp.json"));
    let run = home.zskills(&["sync", "--adopt"]);
    run.expect(0)
        .says(&["hub", "far", "shared", "GITHUB_TOKEN", "FAR_AUTHORIZATION", "export"])
        .is_silent_about(&[TOKEN]);
    let manifest = home.read(MANIFEST);
    assert!(!manifest.contains(TOKEN), "{manifest}");
    for phrase in
        ["Bearer ${FAR_AUTHORIZATION}", "--key=${HUB_KEY}", "timeout = 1.5", "cwd", "oauth"]
    {
        assert!(manifest.contains(phrase), "{phrase} in {manifest}");
    }
    assert!(!home.read("~/.local/state/zskills/ledger.json").contains(TOKEN));
    home.zskills(&["sync", "--check"]).expect(0);
    nothing_to_do(&home);
    assert_eq!((home.read(CLAUDE), home.read(".mcp.json")), before, "the servers go on working");
    home.zskills(&["sync", "--adopt"]).expect(0).says(&["up to date"]);
}

#[test]
fn on_the_next_machine_an_adopted_secret_is_a_reference() {
    let home = made_by_hand();
    home.zskills(&["sync", "--adopt"]).expect(0);
    home.remove(CLAUDE);
    home.zskills(&["sync"]).expect(0);
    let hub = home.json(CLAUDE)["mcpServers"]["hub"].clone();
    assert_eq!(hub["env"]["GITHUB_TOKEN"], "${GITHUB_TOKEN}");
    assert_eq!(hub["cwd"], "/");
    nothing_to_do(&home);
}

#[test]
fn a_server_that_a_manifest_cannot_say_is_named_and_stays() {
    let text = r#"{"mcpServers":{"with space":{"command":"true"},"odd":{"url":"https://h"}}}"#;
    let home = home("").file(CLAUDE, text);
    home.zskills(&["sync", "--adopt"]).expect(1).says(&["with space", "odd"]);
    assert_eq!(home.read(CLAUDE), text);
}
