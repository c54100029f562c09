//! install for everything that can be installed, in one plan.

use crate::sandbox::Sandbox;
use crate::skill_verbs::kit;
use crate::skills::skill_md;
use crate::{declares, tools};

const MANIFEST: &str = "~/.config/zskills/skills.toml";

fn server(home: &Sandbox, name: &str) -> serde_json::Value {
    home.json("~/.claude.json")["mcpServers"][name].clone()
}

#[test]
fn a_server_is_installed_in_the_words_of_the_clients_own_commands() {
    let check = |line: &str, manifest: &str, entry: serde_json::Value| {
        let home = Sandbox::new();
        let words: Vec<&str> =
            line.split(' ').map(|w| if w == "H" { "X-Key: ${KEY}" } else { w }).collect();
        home.zskills(&[&["install"], words.as_slice()].concat()).expect(0);
        assert_eq!(home.read(MANIFEST), format!("version = 1\n\n[[mcps]]\n{manifest}"), "{line}");
        assert_eq!(server(&home, "s"), entry, "{line}");
        home.synced();
        home.zskills(&[&["install"], words.as_slice()].concat()).expect(0).says(&["up to date"]);
    };
    check(
        "--mcp s -- true -y --json --mcp",
        "name = \"s\"\ncommand = \"true\"\nargs = [\"-y\", \"--json\", \"--mcp\"]\n",
        serde_json::json!({"type": "stdio", "command": "true", "args": ["-y", "--json", "--mcp"], "env": {}}),
    );
    check(
        "--mcp s -e A=${B} --env C=x=y -- true",
        "name = \"s\"\ncommand = \"true\"\nenv = { A = \"${B}\", C = \"x=y\" }\n",
        serde_json::json!({"type": "stdio", "command": "true", "args": [], "env": {"A": "${B}", "C": "x=y"}}),
    );
    check(
        "--mcp s https://h.example/mcp -H H",
        "name = \"s\"\nurl = \"https://h.example/mcp\"\nheaders = { X-Key = \"${KEY}\" }\n",
        serde_json::json!({"type": "http", "url": "https://h.example/mcp", "headers": {"X-Key": "${KEY}"}}),
    );
    check(
        "--transport sse --mcp s https://h.example/sse",
        "name = \"s\"\ntransport = \"sse\"\nurl = \"https://h.example/sse\"\n",
        serde_json::json!({"type": "sse", "url": "https://h.example/sse"}),
    );
    check(
        "--mcp s --url https://h.example/mcp --bearer-token-env-var TOKEN",
        "name = \"s\"\nurl = \"https://h.example/mcp\"\nheaders = { Authorization = \"Bearer ${TOKEN}\" }\n",
        serde_json::json!({"type": "http", "url": "https://h.example/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}}),
    );
}

#[test]
fn what_makes_no_server_is_said_before_anything_is_written() {
    let home = Sandbox::new();
    let check = |args: &[&str], code: i32, phrases: &[&str]| {
        let run = home.zskills(&[&["install"], args].concat());
        run.expect(code).says(phrases).is_silent_about(&["hunter2"]);
        assert!(!home.exists(MANIFEST) && !home.exists("~/.claude.json"), "{args:?}");
    };
    check(&["--mcp", "s"], 1, &["neither an address nor a command", "-- command"]);
    check(&["--", "npx", "x"], 1, &["--mcp NAME"]);
    check(&["--mcp", "a b", "--", "true"], 1, &["no server name"]);
    check(&["--mcp", "s", "--env", "hunter2", "--", "true"], 1, &["KEY=VALUE"]);
    check(&["--mcp", "s", "--header", "A: b", "--", "true"], 1, &["no use for `headers`"]);
    check(&["--mcp", "s", "--transport", "pigeon", "--", "true"], 2, &["stdio, http, sse, ws"]);
    check(&["--env", "A=b"], 2, &["--mcp"]);
    check(&["--mcp", "s", "--no-save", "--", "true"], 1, &["claude mcp add"]);
}

#[test]
fn a_server_that_is_there_with_other_values_is_not_replaced() {
    let home = Sandbox::new();
    home.zskills(&["install", "--mcp", "s", "--", "true"]).expect(0);
    let before = home.read(MANIFEST);
    home.zskills(&["install", "--mcp", "s", "--", "false"])
        .expect(1)
        .says(&["zskills remove mcp:s"]);
    assert_eq!(home.read(MANIFEST), before);
    home.zskills(&["disable", "s"]).expect(0);
    home.zskills(&["install", "--mcp", "s", "--", "true"])
        .expect(1)
        .says(&["zskills enable mcp:s"]);
}

#[test]
fn several_kinds_at_once_are_one_plan_and_one_document() {
    let home = Sandbox::new().manifest(&declares("acme/tools"));
    tools(&home);
    kit(&home, &["pdf", "docx"]);
    home.synced();
    let words = ["install", "alpha", "acme/kit", "--json", "--mcp", "clock", "--", "true"];
    let document = home.zskills(&words).expect(0).document("install");
    let kinds: Vec<&str> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] == "add")
        .map(|change| change["kind"].as_str().unwrap())
        .collect();
    for kind in ["plugin", "agent skill", "mcp server"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(server(&home, "clock")["command"], "true");
    home.synced();
}

#[test]
fn of_several_what_cannot_be_had_is_named_and_the_others_are_done() {
    let home = Sandbox::new().manifest(&declares("acme/tools"));
    tools(&home);
    kit(&home, &["a1", "b1", "c1", "d1", "e1", "f1"]);
    home.synced();
    let run = home.zskills(&["install", "alpha", "nobody", "acme/kit", "acme/none"]);
    run.expect(1).says(&["nobody", "has 6 skills, and none is chosen", "acme/none"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(!home.exists("~/.agents/skills/a1"));
    let text = home.read(MANIFEST);
    assert!(!text.contains("nobody") && !text.contains("acme/none"), "{text}");
}

#[test]
fn a_repository_that_is_a_marketplace_and_has_skills_offers_both() {
    let home = Sandbox::new();
    home.marketplace("both")
        .plugin("alpha", "1.0.0")
        .file("skills/pdf/SKILL.md", &skill_md("pdf", "one"))
        .commit();
    let run = home.zskills(&["install", "acme/both"]);
    run.expect(0).says(&[
        "is the marketplace `both`",
        "2 skills",
        "--marketplace",
        "--skill",
        "--all",
    ]);
    assert!(!home.exists(MANIFEST));
    let document = home.zskills(&["install", "acme/both", "--json"]).expect(0).document("survey");
    assert_eq!(
        (&document["marketplace"], &document["skills"][1]["name"]),
        (&"both".into(), &"pdf".into())
    );
    home.zskills(&["install", "acme/both", "--skill", "pdf"]).expect(0);
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    let run = home.zskills(&["install", "acme/both", "--marketplace", "--json"]);
    run.expect(0).document("install");
    assert!(home.known("both").is_object());
    home.synced();
}

#[test]
fn the_bare_name_of_a_skill_that_search_finds_will_do() {
    let home = Sandbox::new()
        .manifest("version = 1\n\n[[agent_skills]]\nsource = \"acme/kit\"\nname = \"pdf\"\n");
    kit(&home, &["pdf", "docx"]);
    home.synced();
    home.zskills(&["install", "docx"]).expect(0).says(&["a skill of `acme/kit`"]);
    assert!(home.exists("~/.agents/skills/docx/SKILL.md"));
    home.synced();
    home.zskills(&["install", "dcox"]).expect(1).says(&["dcox"]);
}
