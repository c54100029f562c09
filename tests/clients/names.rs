//! The names of marketplaces that the client takes, and those that it keeps for others.

use serde_json::json;

use crate::peer::claude;
use crate::sandbox::Sandbox;

#[test]
fn a_name_that_the_client_refuses_we_refuse_and_no_other() {
    let long = "a".repeat(140);
    for name in [
        "claude-code-x",
        "claude-x-official",
        "my-claude-plugins",
        "anthropics-x",
        "tools.",
        &long,
        "superclaude-official",
        "claude_official",
        "c-laude-official",
        "o-fficial.claude",
        "claudeplugins",
        "claude.marketplace-x",
        "anthropic-directories",
        "anthropic-plugin-directory",
        "Agent-Skills",
        "Inline",
        "_tools",
        "-tools",
        "a..b",
        "x@y",
        "\u{fc}ber",
    ] {
        let home = Sandbox::new();
        let catalog = json!({ "name": name, "owner": { "name": "x" }, "plugins": [] });
        home.write("~/tools/.claude-plugin/marketplace.json", catalog.to_string());
        home.write("~/peer/x", "");
        let place = home.path("~/tools").display().to_string();

        let theirs = claude(&home, "~/peer", &["plugin", "marketplace", "add", &place]);
        let ours = home.zskills(&["marketplace", "add", &place]);
        assert_eq!(ours.code == Some(0), theirs.code == Some(0), "{name}: {theirs}\n{ours}");

        let quoted = toml_text(name);
        let home = Sandbox::new().doctor_may_complain();
        home.write("~/tools/.claude-plugin/marketplace.json", catalog.to_string());
        let home = home.manifest(&format!(
            "version = 1\n[[marketplaces]]\nname = {quoted}\nsource = \"~/tools\"\n"
        ));
        let ours = home.zskills(&["sync"]);
        assert_eq!(ours.code == Some(0), theirs.code == Some(0), "{name}: {theirs}\n{ours}");
    }
}

/// Returns a text as a manifest spells it.
fn toml_text(text: &str) -> String {
    json!(text).to_string()
}
