//! Tables of files that the client would not read or could not write.

use serde_json::json;

use super::home::{CLAUDE, Home, INSTALLED, KNOWN, MCP, SETTINGS, SHARED};
use super::{Row, row};
use crate::clients::{FileProblem, ProblemKind};
use crate::model::Diagnostic;

pub(super) fn rows() -> Vec<Row> {
    [settings(), registries(), inventories(), server_files()].into_iter().flatten().collect()
}

fn settings() -> Vec<Row> {
    let syntax = |case, text: &str, expected| {
        row("settings.syntax", case, Home::empty().text(SETTINGS, text), expected)
    };
    let schema = |case, text: &str, expected| {
        row("settings.schema", case, Home::empty().text(SHARED, text), expected)
    };
    let value = |case, text: &str, expected| {
        row("settings.ignored-value", case, Home::empty().text(SHARED, text), expected)
    };
    let kind = |case, source: &str, expected| {
        let text = format!("{{\"extraKnownMarketplaces\": {{\n\"m\": {{\"source\": {source}}}}}}}");
        row("settings.unknown-kind", case, Home::empty().text(SETTINGS, text), expected)
    };
    let read_only =
        |file: &'static str| Home::synced().but(|home| home.disk.read_only.insert(file.into()));
    vec![
        syntax("plain JSON", "{\"model\": \"m\"}", &[]),
        syntax("a comment", "{} // mine", &["error settings.json ~/.claude/settings.json:1 strip"]),
        syntax(
            "a last comma",
            "{\n\"a\": 1,\n}",
            &["error settings.json ~/.claude/settings.json:2 strip"],
        ),
        syntax("cut off", "{\"a\": ", &["error settings.json ~/.claude/settings.json:1 by hand"]),
        syntax("empty", "", &["error settings.json ~/.claude/settings.json by hand"]),
        schema("as it should be", r#"{"enabledPlugins": {}, "permissions": {}}"#, &[]),
        schema("a list", "[]", &["error settings.json ~/p/.claude/settings.json:1 by hand"]),
        schema(
            "a switch that is a text",
            "{\"enabledPlugins\": {\n\"a@m\": \"yes\"}}",
            &["error settings.json ~/p/.claude/settings.json:2 by hand"],
        ),
        schema(
            "a model that is a number",
            r#"{"model": 5}"#,
            &["error settings.json ~/p/.claude/settings.json:1 by hand"],
        ),
        schema(
            "a permission mode that does not exist",
            "{\"permissions\": {\n\"defaultMode\": \"allowEdits\"}}",
            &["error settings.json ~/p/.claude/settings.json:2 by hand"],
        ),
        value("as it should be", r#"{"hooks": {"Stop": []}}"#, &[]),
        value(
            "a source without its repository",
            "{\"extraKnownMarketplaces\": {\n\"m\": {\"source\": {\"source\": \"github\"}}}}",
            &["warning settings.json ~/p/.claude/settings.json:2 by hand"],
        ),
        value(
            "hooks of one event that are none",
            "{\"hooks\": {\n\"Stop\": 5}}",
            &["warning settings.json ~/p/.claude/settings.json:2 by hand"],
        ),
        kind("a kind that it knows", r#"{"source": "github", "repo": "o/r"}"#, &[]),
        kind(
            "a kind that it does not know",
            r#"{"source": "new"}"#,
            &["error settings.json ~/.claude/settings.json:2 by hand"],
        ),
        kind(
            "a remote index",
            r#"{"source": "remote-index"}"#,
            &["error settings.json ~/.claude/settings.json:2 by hand"],
        ),
        row("readonly.settings", "all can be written", Home::synced(), &[]),
        row(
            "readonly.settings",
            "settings that another program makes",
            read_only(SETTINGS),
            &["warning settings.json ~/.claude/settings.json by hand"],
        ),
        row(
            "readonly.settings",
            "a registry that another program makes",
            read_only(KNOWN),
            &["warning known_marketplaces.json ~/.claude/plugins/known_marketplaces.json by hand"],
        ),
        row("readonly.settings", "a file of no concern", read_only(MCP), &[]),
    ]
}

fn registries() -> Vec<Row> {
    let syntax = |case, text: &str, expected| {
        row("registry.syntax", case, Home::empty().text(KNOWN, text), expected)
    };
    let entry = |check, case, change: fn(&mut serde_json::Value), expected| {
        let home = Home::unmanaged().but(|home| change(&mut home.known["tools"]));
        row(check, case, home, expected)
    };
    let schema = |case, change, expected| entry("registry.schema", case, change, expected);
    let kind = |case, change, expected| entry("registry.unknown-kind", case, change, expected);
    let index: &[&str] = if cfg!(feature = "skills-sh") {
        &["error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:3 move index"]
    } else {
        &["error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:3 drop entry"]
    };
    vec![
        syntax("plain JSON", "{}", &[]),
        syntax(
            "cut off",
            "{\"tools\": {",
            &["error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:1 rebuild"],
        ),
        syntax(
            "empty",
            "",
            &["error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json rebuild"],
        ),
        schema("all that it needs", |_| {}, &[]),
        schema(
            "no date",
            |entry| entry["lastUpdated"] = json!(5),
            &["error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:8 rebuild"],
        ),
        schema(
            "no source",
            |entry| entry["source"] = json!({}),
            &["error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:3 rebuild"],
        ),
        schema(
            "a kind that it does not know",
            |entry| entry["source"] = json!({"source": "new"}),
            &[],
        ),
        kind("a kind that it knows", |_| {}, &[]),
        kind(
            "a kind that it does not know",
            |entry| entry["source"] = json!({"source": "new"}),
            &[
                "error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:3 drop entry",
            ],
        ),
        kind("a remote index", |entry| entry["source"] = json!({"source": "remote-index"}), index),
        row(
            "registry.unknown-kind",
            "a marketplace that is called like an index",
            Home::empty().but(|home| home.register("remote-index", &json!({"source": "new"}))),
            &[
                "error known_marketplaces.json ~/.claude/plugins/known_marketplaces.json:3 drop entry",
            ],
        ),
        row("symlink.broken-ledger", "files of this machine", Home::synced(), &[]),
        row(
            "symlink.broken-ledger",
            "a link",
            Home::synced().but(|home| home.disk.links.insert(INSTALLED.into())),
            &["warning installed_plugins.json ~/.claude/plugins/installed_plugins.json by hand"],
        ),
        row(
            "symlink.broken-ledger",
            "under version control",
            Home::synced().but(|home| home.environment.tracked.insert(KNOWN.into())),
            &["warning known_marketplaces.json ~/.claude/plugins/known_marketplaces.json by hand"],
        ),
        row(
            "symlink.broken-ledger",
            "other files under version control",
            Home::synced().but(|home| home.environment.tracked.insert(SETTINGS.into())),
            &[],
        ),
    ]
}

fn inventories() -> Vec<Row> {
    let check = |check, case, text: &str, expected| {
        row(check, case, Home::empty().text(INSTALLED, text), expected)
    };
    let at: [&'static [&'static str]; 2] = [
        &["error installed_plugins.json ~/.claude/plugins/installed_plugins.json:1 rebuild"],
        &["error installed_plugins.json ~/.claude/plugins/installed_plugins.json:2 rebuild"],
    ];
    let records = "{\"version\": 2, \"plugins\": {\"a@m\": [\n{\"scope\": \"user\"}]}}";
    vec![
        check("inventory.syntax", "plain JSON", r#"{"version": 2, "plugins": {}}"#, &[]),
        check("inventory.syntax", "cut off", "{\"version\": 2,", at[0]),
        check("inventory.schema", "no records", r#"{"version": 2, "plugins": {}}"#, &[]),
        check("inventory.schema", "a list", "[]", at[0]),
        check("inventory.schema", "a record without a folder", records, at[1]),
        check("inventory.version", "of old", r#"{"version": 1, "plugins": {}}"#, &[]),
        check("inventory.version", "of the future", "{\n\"version\": 9, \"plugins\": {}}", at[1]),
    ]
}

fn server_files() -> Vec<Row> {
    let in_file = |check, file, case, text: &str, expected| {
        row(check, case, Home::empty().text(file, text), expected)
    };
    let schema = |case, entry: &str, expected| {
        let text = format!("{{\"mcpServers\": {{\n\"s\": {entry}}}}}");
        in_file("mcp.schema", CLAUDE, case, &text, expected)
    };
    let good = r#"{"mcpServers": {"s": {"command": "x"}}}"#;
    let link = || {
        let diagnostic = Diagnostic::whole(MCP.as_ref(), "is a link");
        FileProblem { diagnostic, kind: ProblemKind::Link }
    };
    vec![
        in_file("mcp.syntax", CLAUDE, "plain JSON", good, &[]),
        in_file(
            "mcp.syntax",
            CLAUDE,
            "cut off",
            "{\"mcpServers\":",
            &["error .claude.json ~/.claude.json:1 by hand"],
        ),
        in_file(
            "mcp.syntax",
            MCP,
            "a comment",
            "{} // mine",
            &["error .mcp.json ~/p/.mcp.json:1 by hand"],
        ),
        schema("as it should be", r#"{"command": "x"}"#, &[]),
        schema("no object", "5", &["error .claude.json ~/.claude.json:2 by hand"]),
        schema("no command", "{}", &["error .claude.json ~/.claude.json:2 by hand"]),
        schema(
            "a type that it does not know",
            r#"{"type": "x"}"#,
            &["error .claude.json ~/.claude.json:2 by hand"],
        ),
        schema(
            "an address without a type",
            r#"{"url": "https://h"}"#,
            &["error .claude.json ~/.claude.json:2 add type"],
        ),
        in_file(
            "mcp.schema",
            MCP,
            "a list",
            r#"{"mcpServers": []}"#,
            &["error .mcp.json ~/p/.mcp.json:1 by hand"],
        ),
        in_file("mcp.flat", MCP, "in their place", good, &[]),
        in_file(
            "mcp.flat",
            MCP,
            "at the top",
            r#"{"s": {"command": "x"}}"#,
            &["error .mcp.json ~/p/.mcp.json:1 wrap"],
        ),
        in_file(
            "mcp.flat",
            MCP,
            "no servers at all",
            "{}",
            &["error .mcp.json ~/p/.mcp.json:1 by hand"],
        ),
        in_file("mcp.ignored-location", CLAUDE, "where the client looks", good, &[]),
        in_file(
            "mcp.ignored-location",
            SETTINGS,
            "in settings",
            good,
            &["error settings.json ~/.claude/settings.json:1 move"],
        ),
        row(
            "mcp.ignored-location",
            "in settings, and its name is taken",
            Home::empty().text(SETTINGS, good).text(CLAUDE, good),
            &["error settings.json ~/.claude/settings.json:1 by hand"],
        ),
        row("mcp.symlink", "a file", Home::empty().text(MCP, good), &[]),
        row(
            "mcp.symlink",
            "a link",
            Home::empty().text(MCP, good).but(|home| home.problems.push(link())),
            &["warning .mcp.json ~/p/.mcp.json by hand"],
        ),
    ]
}
