//! Tables of MCP servers: how they are written, and whether they could start.

use serde_json::{Value, json};

use super::home::{CLAUDE, Home, MANIFEST, MCP, SHARED};
use super::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    [starting(), written(), used()].into_iter().flatten().collect()
}

/// A home with one server `s` of the user.
fn with(entry: &Value) -> Home {
    Home::empty().text(CLAUDE, format!("{:#}", json!({"mcpServers": {"s": entry}})))
}

fn starting() -> Vec<Row> {
    let nowhere = |home: &mut Home| {
        home.environment.commands.insert(("x".into(), None), false);
    };
    let unset = |case, entry: Value, expected| row("mcp.env-unset", case, with(&entry), expected);
    vec![
        row("mcp.command-missing", "it is there", with(&json!({"command": "x"})), &[]),
        row(
            "mcp.command-missing",
            "it is nowhere",
            with(&json!({"command": "x"})).but(nowhere),
            &["warning s ~/.claude.json:4 by hand"],
        ),
        row(
            "mcp.command-missing",
            "it is nowhere, and the server is refused",
            Home::empty()
                .text(MCP, r#"{"mcpServers": {"s": {"command": "x"}}}"#)
                .text(SHARED, r#"{"disabledMcpjsonServers": ["s"]}"#)
                .but(nowhere),
            &[],
        ),
        unset("no variables", json!({"command": "x"}), &[]),
        unset(
            "a variable",
            json!({"command": "x", "args": ["${TOKEN}"]}),
            &["warning s ~/.claude.json:3 by hand"],
        ),
        unset("a variable with a default", json!({"command": "x", "args": ["${TOKEN:-y}"]}), &[]),
        unset("a variable of the client", json!({"command": "${CLAUDE_PROJECT_DIR}/x"}), &[]),
        row(
            "mcp.env-unset",
            "a variable that is set",
            with(&json!({"command": "x", "args": ["${TOKEN}"]}))
                .but(|home| home.environment.variables.insert("TOKEN".into())),
            &[],
        ),
    ]
}

fn written() -> Vec<Row> {
    let one = |check, case, entry: Value, expected| row(check, case, with(&entry), expected);
    let secret = json!({"command": "x", "env": {"API_KEY": "hunter22"}});
    let wanted = |home: &mut Home| {
        home.want("[[mcps]]\nname = \"s\"\ncommand = \"x\"\nenv = { API_KEY = \"hunter22\" }\n");
    };
    vec![
        one("mcp.env-syntax", "its own spelling", json!({"command": "x", "args": ["${A}"]}), &[]),
        one(
            "mcp.env-syntax",
            "the spelling of another client",
            json!({"command": "x", "args": ["${env:A}"]}),
            &["warning s ~/.claude.json:3 by hand"],
        ),
        one(
            "mcp.env-syntax",
            "nothing closes it",
            json!({"command": "x", "args": ["${A"]}),
            &["warning s ~/.claude.json:3 by hand"],
        ),
        one("mcp.env-syntax", "a shell's own", json!({"command": "sh", "args": ["-c", "$A"]}), &[]),
        one("mcp.sse-deprecated", "http", json!({"type": "http", "url": "https://h"}), &[]),
        one(
            "mcp.sse-deprecated",
            "sse",
            json!({"type": "sse", "url": "https://h"}),
            &["warning s ~/.claude.json:4 by hand"],
        ),
        one("mcp.url-and-command", "a program", json!({"command": "x"}), &[]),
        one(
            "mcp.url-and-command",
            "a program and an address",
            json!({"command": "x", "url": "https://h"}),
            &["warning s ~/.claude.json:5 by hand"],
        ),
        one("mcp.secret-literal", "in a file of the user alone", secret.clone(), &[]),
        row(
            "mcp.secret-literal",
            "in a file that git tracks",
            with(&secret).but(|home| home.environment.tracked.insert(CLAUDE.into())),
            &["error s ~/.claude.json:6 by hand"],
        ),
        row(
            "mcp.secret-literal",
            "a variable in a file that git tracks",
            with(&json!({"command": "x", "env": {"API_KEY": "${API_KEY}"}}))
                .but(|home| home.environment.tracked.insert(CLAUDE.into())),
            &[],
        ),
        row(
            "mcp.secret-literal",
            "in the manifest",
            Home::empty().but(wanted),
            &["warning s ~/dots/skills.toml:2 by hand"],
        ),
        row(
            "mcp.secret-literal",
            "in the manifest, which git tracks",
            Home::empty().but(wanted).but(|home| home.environment.tracked.insert(MANIFEST.into())),
            &["error s ~/dots/skills.toml:2 by hand"],
        ),
        one("mcp.unpinned", "no package", json!({"command": "x"}), &[]),
        one("mcp.unpinned", "a version", json!({"command": "npx", "args": ["p@1.0.0"]}), &[]),
        one(
            "mcp.unpinned",
            "whatever is newest",
            json!({"command": "npx", "args": ["p"]}),
            &["warning s ~/.claude.json:5 by hand"],
        ),
        row(
            "mcp.unpinned",
            "a plugin's server, which came with its bytes",
            Home::unmanaged().but(|home| {
                let entry = json!({"command": "npx", "args": ["p"]});
                home.plugin_servers.push(("alpha@tools", "plugin:alpha:s", entry));
            }),
            &[],
        ),
    ]
}

fn used() -> Vec<Row> {
    let shadowed = |case, home, expected| row("mcp.shadowed", case, home, expected);
    let user_and_local = |user: Value, local: Value| {
        let projects = json!({"/h/p": {"mcpServers": {"s": local}}});
        let text = json!({"mcpServers": {"s": user}, "projects": projects});
        Home::empty().text(CLAUDE, format!("{text:#}"))
    };
    let shared = || Home::empty().text(MCP, "{\"mcpServers\": {\n\"s\": {\"command\": \"x\"}}}");
    let of_plugin = |name: &'static str| {
        move |home: &mut Home| {
            home.plugin_servers.push(("alpha@tools", name, json!({"command": "x"})));
        }
    };
    vec![
        shadowed("one server", with(&json!({"command": "x"})), &[]),
        shadowed(
            "another of the same name",
            user_and_local(json!({"command": "x"}), json!({"command": "y"})),
            &["warning s ~/.claude.json:3 by hand"],
        ),
        shadowed(
            "the same of the same name",
            user_and_local(json!({"command": "x"}), json!({"command": "x", "args": []})),
            &[],
        ),
        shadowed(
            "two of plugins that start the same",
            Home::unmanaged().but(of_plugin("plugin:alpha:s")).but(of_plugin("plugin:alpha:t")),
            &["info plugin:alpha:t ~/.claude/plugins/cache/tools/alpha/1.0.0/.mcp.json by hand"],
        ),
        row("mcp.pending", "a server of the user", with(&json!({"command": "x"})), &[]),
        row(
            "mcp.pending",
            "a server of the project",
            shared(),
            &["info s ~/p/.mcp.json:2 by hand"],
        ),
        row(
            "mcp.pending",
            "a server of the project that the user approved",
            shared().but(|home| home.settings.insert("enabledMcpjsonServers".into(), json!(["s"]))),
            &[],
        ),
        row(
            "mcp.pending",
            "a server of the project that was refused",
            shared().text(SHARED, r#"{"disabledMcpjsonServers": ["s"]}"#),
            &[],
        ),
    ]
}
