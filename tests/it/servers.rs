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
    home.synced_with(&["--here"]);
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
fn what_zskills_remembers_of_a_server_holds_no_value() {
    let manifest = server("a", &format!("command = \"true\"\nenv = {{ KEY = \"{TOKEN}\" }}"))
        + &server("b", &format!("url = \"https://h\"\nheaders = {{ K = \"{TOKEN}\" }}"));
    let home = home(&manifest);
    home.zskills(&["sync"]).expect(0);
    let ledger = home.read("~/.local/state/zskills/ledger.json");
    assert!(ledger.contains("sha256:") && !ledger.contains(TOKEN), "{ledger}");
    nothing_to_do(&home);
}

#[test]
fn servers_of_an_administrator_that_rule_out_all_others_are_told() {
    let home =
        home(&server("a", "command = \"true\"")).var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
    home.write("~/managed/managed-mcp.json", r#"{"mcpServers":{"m":{"command":"true"}}}"#);
    let told = ["managed-mcp.json", "takes exclusive control"];
    home.zskills(&["sync"]).expect(0).says(&told);
    home.zskills(&["list"]).says(&["managed", "`managed-mcp.json` takes exclusive control"]);
    home.write(MANIFEST, wants(""));
    home.zskills(&["sync"]).expect(0).is_silent_about(&told);
}

#[test]
fn what_leaves_the_manifest_leaves_the_client_and_nothing_else_does() {
    let all = server("a", "command = \"true\"\nenv = { A = \"1\", B = \"2\" }")
        + &server("p", "command = \"true\"\nscope = \"project\"");
    let home = home(&all).file(CLAUDE, r#"{"mcpServers":{"theirs":{"command":"true"}}}"#);
    home.synced_with(&["--here"]);
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

/// Syncs beside one bad file: exit 1, the place named, the file as it was, and the servers of other
/// files are there all the same.
#[track_caller]
fn refuses(scope: &str, path: &str, text: &str, phrases: &[&str]) {
    let entries = server("a", &format!("command = \"true\"\nscope = \"{scope}\""))
        + &server("other", "url = \"wss://h\"\nscope = \"project\"")
        + &server("more", "command = \"true\"");
    let home = home(&entries).file(path, text).doctor_may_complain();
    home.zskills(&["sync", "--here"]).expect(1).says(phrases);
    assert_eq!(home.read(path), text);
    match path {
        CLAUDE => assert_eq!(home.json(".mcp.json")["mcpServers"]["other"]["url"], "wss://h"),
        _ => assert_eq!(home.json(CLAUDE)["mcpServers"]["more"]["command"], "true"),
    }
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
    let home = home(&server("a", "command = \"true\"")).file(CLAUDE, text).doctor_may_complain();
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.json(CLAUDE)["mcpServers"]["odd"], json!({"url": "https://h"}));
}

#[test]
fn a_linked_project_file_is_named_and_left_alone() {
    let home = home(&server("a", "command = \"true\"\nscope = \"project\""));
    home.write("~/dot/mcp.json", "{\"mcpServers\":{}}");
    home.link("~/code/app/.mcp.json", "~/dot/mcp.json");
    home.zskills(&["sync", "--here"]).expect(1).says(&[".mcp.json", "symbolic link"]);
    assert_eq!(home.read("~/dot/mcp.json"), "{\"mcpServers\":{}}");
    home.write("~/dot/mcp.json", r#"{"mcpServers":{"a":{"command":"true"}}}"#);
    home.zskills(&["sync", "--here"]).expect(0);
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
    let run = home.zskills(&["sync", "--adopt", "--here"]);
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
    home.zskills(&["sync", "--adopt", "--here"]).expect(0).says(&["up to date"]);
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

const PLUGIN: &str = "~/.claude/plugins/cache/m/p/1.0.0";

/// A plugin that is installed and on, with one server in each of its two files.
fn with_plugin(home: &Sandbox) {
    let at = home.path(PLUGIN).display().to_string();
    home.write(
        "~/.claude/plugins/installed_plugins.json",
        json!({"version": 2, "plugins": {"p@m": [{"scope": "user", "installPath": at, "version": "1.0.0"}]}})
            .to_string(),
    );
    home.write("~/.claude/settings.json", r#"{"enabledPlugins":{"p@m":true}}"#);
    home.write(
        &format!("{PLUGIN}/.claude-plugin/plugin.json"),
        r#"{"name":"p","mcpServers":{"in":{"command":"${CLAUDE_PLUGIN_ROOT}/run.sh"}}}"#,
    );
    home.write(&format!("{PLUGIN}/.mcp.json"), r#"{"flat":{"type":"http","url":"https://h"}}"#);
}

#[test]
fn list_shows_every_server_and_which_entry_wins() {
    let home = home(&server("a", "command = \"true\"\nenv = { KEY = \"${HOME}\" }"));
    home.synced();
    with_plugin(&home);
    let root = home.path("~/code/app").display().to_string();
    let mut file = home.json(CLAUDE);
    file["projects"][root]["mcpServers"]["a"] = json!({"type": "http", "url": "https://u:pw123456@h/?token=abcdef", "headers": {"X-Api-Key": TOKEN}});
    home.write(CLAUDE, file.to_string());
    home.write(".mcp.json", r#"{"mcpServers":{"p":{"command":"true"}}}"#);
    home.write("~/code/app/.claude/settings.json", r#"{"mcpServers":{"dead":{"command":"true"}}}"#);
    let run = home.zskills(&["list"]);
    run.expect(0)
        .says(&["shadowed by local scope", "★ plugin:p:in", "★ plugin:p:flat", "X-Api-Key"])
        .says(&["pending approval", "does not read servers here", "[env: KEY]"])
        .is_silent_about(&[TOKEN, "pw123456", "abcdef"]);
    let list = home.zskills(&["list", "--json"]);
    list.is_silent_about(&[TOKEN, "pw123456", "abcdef"]);
    let list = list.document("list");
    let rows = list["mcp_servers"].as_array().unwrap();
    let row = |name: &str, scope: &str| {
        rows.iter().find(|row| row["name"] == name && row["scope"] == scope).unwrap()
    };
    assert_eq!(row("a", "user")["effective"], false);
    assert_eq!(row("a", "user")["owner"], "zskills");
    assert_eq!(
        row("a", "user")["transport"],
        json!({"kind": "stdio", "command": "true", "args": [], "env_keys": ["KEY"], "env_refs": ["HOME"]})
    );
    assert_eq!(row("a", "local")["effect"], "used");
    assert_eq!(row("a", "local")["transport"]["header_keys"], json!(["X-Api-Key"]));
    assert_eq!(row("p", "project")["effect"], "pending");
    assert_eq!(row("dead", "project")["effect"], "ignored");
    let bundled = row("plugin:p:in", "plugin");
    assert_eq!(bundled["source"], json!({"kind": "from_plugin", "plugin": "p@m"}));
    assert_eq!(rows.len(), 6);
}

#[test]
fn a_home_without_servers_says_so() {
    Sandbox::new().zskills(&["list"]).expect(0).says(&["MCP servers", "(none configured)"]);
}

#[test]
fn why_names_the_line_that_wins_and_what_it_shadows() {
    let home = home(&server("a", "command = \"true\""));
    home.synced();
    let root = home.path("~/code/app").display().to_string();
    let mut file = home.json(CLAUDE);
    file["projects"][root]["mcpServers"]["a"] = json!({"command": "false"});
    home.write(CLAUDE, format!("{file:#}"));
    home.write(
        ".mcp.json",
        "{\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"x\"\n    }\n  }\n}",
    );
    home.zskills(&["why", "a"]).expect(0).says(&[
        "in use from local scope: false",
        "~/.claude.json:13:",
        "~/.claude.json:3:5",
        "user: shadowed by local scope",
        "~/code/app/.mcp.json:3:5",
        "project: pending approval",
        "skills.toml:3:1",
    ]);
    let why = home.zskills(&["why", "a", "--json"]).document("why");
    let places = why["reasons"][0]["places"].as_array().unwrap();
    assert_eq!(places[0]["decides"], true);
    assert_eq!(places.len(), 4);
    home.zskills(&["why", "b"]).expect(1).says(&["nothing here is called `b`"]);
}

#[test]
fn why_tells_of_plugins_which_switch_decides() {
    let home = home("");
    with_plugin(&home);
    home.write("~/code/app/.claude/settings.local.json", r#"{"enabledPlugins":{"p@m":false}}"#);
    home.zskills(&["why", "p"]).expect(0).says(&[
        "p@m (plugin): installed, but off",
        "settings.local.json:1:",
        "local settings switch it off: decides",
        "user settings switch it on: shadowed",
        "1.0.0 is recorded in user scope",
        "`m` is not registered",
    ]);
}

/// Asks doctor about a home in which `a` in user scope is this entry.
#[track_caller]
fn finds(entry: &Value, id: &str, phrases: &[&str]) {
    let home = home("").file(CLAUDE, &json!({"mcpServers": {"a": entry}}).to_string());
    let before = home.tree();
    let run = home.zskills(&["doctor"]);
    run.expect(0).says(&[&format!("[{id}] ~/.claude.json:1:")]).says(phrases);
    assert_eq!(changes(&before, &home.tree()), [""; 0]);
    assert_eq!(home.processes(), [""; 0], "nothing is started");
}

#[test]
fn doctor_names_what_keeps_a_server_from_working() {
    finds(&json!({"command": "no-such-program"}), "mcp.command-missing", &["no-such-program"]);
    finds(&json!({"command": "./bin/x"}), "mcp.command-missing", &["./bin/x"]);
    finds(
        &json!({"command": "true", "env": {"A": "${NOT_SET_HERE}"}}),
        "mcp.env-unset",
        &["`NOT_SET_HERE` is not set"],
    );
    finds(
        &json!({"type": "http", "url": "https://h", "headers": {"A": "Bearer ${env:T}"}}),
        "mcp.env-syntax",
        &["`${env:T}`", "write `${T}`"],
    );
    finds(&json!({"command": "true", "args": ["$HOME/x"]}), "mcp.env-syntax", &["`${HOME}`"]);
    finds(&json!({"type": "sse", "url": "https://h"}), "mcp.sse-deprecated", &["deprecated"]);
    finds(&json!({"type": "pigeon", "url": "https://h"}), "mcp.schema", &["unknown type `pigeon`"]);
    finds(
        &json!({"command": "true", "url": "https://h"}),
        "mcp.url-and-command",
        &["keep one of the two"],
    );
    finds(&json!({"command": "npx", "args": ["-y", "x"]}), "mcp.unpinned", &["`x`"]);
}

#[test]
fn doctor_has_nothing_against_a_good_server() {
    let home = home("").var("TOKEN", "t");
    home.write("~/code/app/bin/run", "#!/bin/sh\n");
    home.set_mode("~/code/app/bin/run", 0o755);
    let servers = json!({
        "a": {"command": "./bin/run", "env": {"T": "${TOKEN}", "D": "${NOT_SET:-d}"}},
        "b": {"command": "sh", "args": ["-c", "echo $HOME"]},
        "c": {"type": "http", "url": "https://h/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}},
        "d": {"command": "${NOT_SET:-true}"},
    });
    home.write(CLAUDE, json!({"mcpServers": servers}).to_string());
    home.zskills(&["doctor"]).expect(0).says(&["all is well"]);
}

#[test]
fn doctor_resolves_the_folder_of_a_plugin() {
    let home = home("");
    with_plugin(&home);
    home.zskills(&["doctor"]).says(&["mcp.command-missing", "${CLAUDE_PLUGIN_ROOT}/run.sh"]);
    home.write(&format!("{PLUGIN}/run.sh"), "#!/bin/sh\n");
    home.set_mode(&format!("{PLUGIN}/run.sh"), 0o755);
    home.zskills(&["doctor"]).is_silent_about(&["mcp.command-missing", "CLAUDE_PLUGIN_ROOT"]);
}

#[test]
fn doctor_names_scopes_that_disagree_and_servers_that_wait() {
    let home = home("");
    let root = home.path("~/code/app").display().to_string();
    let local = json!({"mcpServers": {"a": {"command": "false"}, "same": {"command": "true"}}});
    let user = json!({"a": {"command": "true"}, "same": {"command": "true", "args": []}});
    home.write(CLAUDE, json!({"mcpServers": user, "projects": {root: local}}).to_string());
    home.write(".mcp.json", r#"{"mcpServers":{"p":{"command":"true"}}}"#);
    home.zskills(&["doctor", "--check"])
        .expect(0)
        .says(&["[mcp.shadowed]", "`a` is shadowed by local scope", "[mcp.pending]", "`p`"])
        .is_silent_about(&["`same`"]);
}

#[test]
fn a_secret_in_a_tracked_file_is_found_and_never_printed() {
    let home = home("");
    let file = json!({"mcpServers": {"a": {"command": "true", "args": ["--token", TOKEN]}}});
    home.write(".mcp.json", file.to_string());
    home.zskills(&["doctor"]).is_silent_about(&["mcp.secret-literal"]);
    home.git(&home.path("."), &["add", ".mcp.json"]);
    let run = home.zskills(&["doctor", "--check"]);
    run.expect(3).says(&["mcp.secret-literal", ".mcp.json:1:", "`args`"]).is_silent_about(&[TOKEN]);
    home.zskills(&["doctor", "--json"]).is_silent_about(&[TOKEN]);
    let manifest = server("b", &format!("command = \"true\"\nenv = {{ KEY = \"{TOKEN}\" }}"));
    home.write(MANIFEST, wants(&manifest));
    home.zskills(&["doctor"]).says(&["skills.toml:3:", "`env.KEY`"]).is_silent_about(&[TOKEN]);
}

#[test]
fn fix_wraps_moves_and_types() {
    let home = home("");
    home.write(
        CLAUDE,
        r#"{"mcpServers":{"typeless":{"url":"https://h/mcp"},"taken":{"command":"true"}}}"#,
    );
    home.write(".mcp.json", r#"{"flat":{"command":"true"}}"#);
    home.write(
        "~/.claude/settings.json",
        "{\n  \"model\": \"m\",\n  \"mcpServers\": {\n    \"lost\": {\"command\": \"true\", \"n\": 1.10},\n    \"taken\": {\"command\": \"false\"}\n  }\n}\n",
    );
    home.write(
        "~/code/app/.claude.local/settings.json",
        r#"{"mcpServers":{"mine":{"command":"true"}}}"#,
    );
    home.zskills(&["doctor", "--check"]).expect(3);
    let fix = home.zskills(&["doctor", "--fix"]);
    fix.says(&["wrapped in `mcpServers`", "moved here from", "`type` is now `http`", "taken"]);
    let file = home.json(CLAUDE);
    assert_eq!(file["mcpServers"]["typeless"], json!({"type": "http", "url": "https://h/mcp"}));
    assert_eq!(file["mcpServers"]["lost"]["n"].to_string(), "1.10");
    assert_eq!(file["mcpServers"]["taken"]["command"], "true");
    assert_eq!(local(&home)["mcpServers"]["mine"]["command"], "true");
    assert_eq!(home.json(".mcp.json"), json!({"mcpServers": {"flat": {"command": "true"}}}));
    let settings = home.json("~/.claude/settings.json");
    assert_eq!(settings, json!({"model": "m", "mcpServers": {"taken": {"command": "false"}}}));
    let before = home.stamps();
    home.zskills(&["doctor", "--fix"]).says(&["mcp.ignored-location", "taken"]);
    assert_eq!(changes(&before, &home.stamps()), [""; 0]);
}

#[test]
fn doctor_and_fix_bring_back_a_server_that_the_manifest_wants() {
    let home = home(&server("a", "command = \"true\""));
    home.synced();
    home.write(CLAUDE, "{}");
    home.zskills(&["doctor", "--check"]).expect(3).says(&["intent.missing", "skills.toml:3:1"]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert_eq!(home.json(CLAUDE)["mcpServers"]["a"]["command"], "true");
    home.zskills(&["doctor", "--check"]).expect(0);
}
