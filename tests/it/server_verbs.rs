//! MCP servers in the verbs: named like plugins and skills.

use crate::sandbox::Sandbox;
use crate::{tools, wants};

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const CLOCK: &str =
    "version = 1\n\n# tells the time\n[[mcps]]\nname = \"clock\"\ncommand = \"true\"\n";

fn with_clock() -> Sandbox {
    let home = Sandbox::new().manifest(CLOCK);
    home.synced();
    home
}

fn entry(home: &Sandbox, name: &str) -> serde_json::Value {
    home.json("~/.claude.json")["mcpServers"][name].clone()
}

#[test]
fn a_server_that_is_switched_off_leaves_the_client_and_stays_in_the_manifest() {
    let home = with_clock();
    home.zskills(&["disable", "clock"]).expect(0);
    assert!(entry(&home, "clock").is_null());
    assert_eq!(home.read(MANIFEST), format!("{CLOCK}enabled = false\n"));
    home.synced();
    home.zskills(&["status", "--check"]).expect(0);
    home.zskills(&["disable", "clock"]).expect(0).says(&["up to date"]);
    home.zskills(&["enable", "clock"]).expect(0);
    assert_eq!(entry(&home, "clock")["command"], "true");
    assert_eq!(home.read(MANIFEST), CLOCK);
    home.synced();
}

#[test]
fn a_server_of_somebody_else_is_written_down_before_it_is_switched_off() {
    let home = Sandbox::new().manifest("version = 1\n").file(
        "~/.claude.json",
        "{\"mcpServers\":{\"theirs\":{\"command\":\"true\",\"args\":[\"-x\"],\"timeout\":5}}}",
    );
    home.zskills(&["disable", "theirs"]).expect(0);
    assert!(entry(&home, "theirs").is_null());
    assert!(home.read(MANIFEST).contains("enabled = false"), "{}", home.read(MANIFEST));
    home.zskills(&["enable", "theirs"]).expect(0);
    let back = entry(&home, "theirs");
    assert_eq!(
        (&back["command"], &back["args"][0], &back["timeout"]),
        (&"true".into(), &"-x".into(), &5.into())
    );
}

#[test]
fn a_secret_that_stands_nowhere_else_is_not_lost_by_a_switch() {
    let text = "{\"mcpServers\":{\"theirs\":{\"command\":\"true\",\"env\":{\"API_TOKEN\":\"hunter2hunter2\"}}}}";
    let home = Sandbox::new().manifest("version = 1\n").file("~/.claude.json", text);
    let run = home.zskills(&["disable", "theirs"]);
    run.expect(1).says(&["a secret that stands nowhere else", "${API_TOKEN}"]);
    run.is_silent_about(&["hunter2"]);
    assert_eq!(home.read("~/.claude.json"), text);
    assert_eq!(home.read(MANIFEST), "version = 1\n");
}

#[test]
fn a_server_is_removed_by_its_name_whoever_put_it_there() {
    let home = with_clock();
    home.zskills(&["remove", "clock"]).expect(0);
    assert!(entry(&home, "clock").is_null());
    assert!(!home.read(MANIFEST).contains("mcps"));
    let home = Sandbox::new().manifest("version = 1\n").file(
        "~/.claude.json",
        "{\"mcpServers\":{\"theirs\":{\"command\":\"true\"},\"other\":{\"command\":\"x\"}}}",
    );
    home.zskills(&["rm", "theirs"]).expect(0);
    assert!(entry(&home, "theirs").is_null());
    assert!(!entry(&home, "other").is_null());
    home.zskills(&["remove", "othr"]).expect(1).says(&["did you mean `other`"]);
}

#[test]
fn where_a_plugin_and_a_server_share_a_name_a_prefix_tells_them_apart() {
    let home = Sandbox::new()
        .manifest(&(wants(&["alpha"]) + "\n[[mcps]]\nname = \"alpha\"\ncommand = \"true\"\n"));
    tools(&home);
    home.synced();
    home.zskills(&["disable", "mcp:alpha"]).expect(0);
    assert!(entry(&home, "alpha").is_null());
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    home.zskills(&["remove", "alpha"]).expect(0);
    assert!(home.read(MANIFEST).contains("[[mcps]]"));
    home.zskills(&["remove", "mcp:alpha"]).expect(0);
    assert!(!home.read(MANIFEST).contains("[[mcps]]"));
}

#[test]
fn an_upgrade_that_names_a_server_says_where_its_version_stands() {
    let home = with_clock();
    let before = home.stamps();
    home.zskills(&["upgrade", "clock"]).expect(0).says(&["is an MCP server", "`args`"]);
    assert_eq!(home.stamps(), before);
}

#[test]
fn info_knows_servers_and_skills_and_shows_no_value() {
    let home = Sandbox::new().manifest(
        "version = 1\n[[mcps]]\nname = \"clock\"\ncommand = \"true\"\nenv = { ZONE = \"Mars/Base\" }\n\n[[mcps]]\nname = \"idle\"\nenabled = false\ncommand = \"false\"\n\n[[agent_skills]]\nsource = \"acme/skills\"\nname = \"pdf\"\n",
    );
    home.repo("acme/skills")
        .write("pdf/SKILL.md", "---\nname: pdf\ndescription: Reads papers\n---\n")
        .commit();
    home.synced();
    home.zskills(&["info", "clock"])
        .expect(0)
        .says(&["clock (server)", "skills.toml:2", "user"])
        .is_silent_about(&["Mars"]);
    let idle = home.zskills(&["info", "idle", "--json"]).expect(0).document("info");
    assert_eq!((&idle["kind"], &idle["enabled"]), (&"server".into(), &false.into()));
    home.zskills(&["info", "pdf"]).expect(0).says(&["pdf (skill)", "Reads papers", "acme/skills"]);
    let pdf = home.zskills(&["info", "pdf", "--json"]).expect(0).document("info");
    assert_eq!(pdf["kind"], "skill");
    assert!(pdf["locked"]["tree"].is_string(), "{pdf}");
    home.zskills(&["info", "nobody"]).expect(1);
}

#[test]
fn the_switch_of_a_server_has_to_be_true_or_false() {
    let home = Sandbox::new()
        .manifest("version = 1\n[[mcps]]\nname = \"x\"\nenabled = \"no\"\ncommand = \"true\"\n");
    home.zskills(&["sync"]).expect(1).says(&["skills.toml:4:", "must be a boolean"]);
}
