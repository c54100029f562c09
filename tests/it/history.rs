//! Every run can be taken back: the home is then as it was, and what others did since is kept.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, Tree, changes};
use crate::{tools, wants};

const SETTINGS: &str = "~/.claude/settings.json";
const MANIFEST: &str = "~/.config/zskills/skills.toml";

/// Everything in the home that is not ours alone.
fn seen(home: &Sandbox) -> Tree {
    let ours = ["~/.local", "~/.cache"];
    let is_theirs = |path: &String| !ours.iter().any(|own| path.starts_with(own));
    home.tree().into_iter().filter(|(path, _)| is_theirs(path)).collect()
}

#[track_caller]
fn is_as(home: &Sandbox, before: &Tree) {
    let changes = changes(before, &seen(home));
    assert_eq!(changes, [""; 0]);
}

/// A manifest with a plugin, the skills of a repository and an MCP server.
fn every_kind(home: &Sandbox, plugins: &[&str]) -> String {
    let repo = home.repo("acme/mono");
    for name in ["one", "two"] {
        let text = format!("---\nname: {name}\ndescription: Does {name}.\n---\n");
        repo.write(&format!("{name}/SKILL.md"), &text);
    }
    repo.commit();
    wants(plugins)
        + "\n[[agent_skills]]\nsource = \"acme/mono\"\n"
        + "\n[[mcps]]\nname = \"clock\"\ncommand = \"sh\"\nenv = { WHERE = \"hunter2\" }\n"
}

fn home() -> Sandbox {
    let home = Sandbox::new()
        .file(SETTINGS, "{\n  \"model\":   \"opus\",\n  \"big\": 12345678901234567890123\n}")
        .file(
            "~/.claude.json",
            "{\"numStartups\": 3, \"mcpServers\": {\"mine\": {\"command\": \"sh\"}}}",
        );
    tools(&home);
    let text = every_kind(&home, &["alpha", "beta"]);
    home.manifest(&text)
}

fn runs(home: &Sandbox) -> Vec<Value> {
    let document = home.zskills(&["history", "--json"]).document("history");
    document["runs"].as_array().unwrap().clone()
}

#[test]
fn a_first_sync_is_taken_back_byte_for_byte_and_the_undo_too() {
    let home = home();
    let before = seen(&home);
    home.synced();
    let after = seen(&home);
    home.zskills(&["undo"]).expect(0).says(&["- plugin", "alpha@tools", "the next `sync`"]);
    is_as(&home, &before);
    home.zskills(&["undo"]).expect(0);
    is_as(&home, &after);
    home.synced().says(&["up to date"]);
    home.zskills(&["undo"]).expect(0);
    is_as(&home, &before);
}

#[test]
fn removals_upgrades_and_verbs_are_taken_back_and_all_of_them_together() {
    let home = home();
    let mut moments = vec![seen(&home)];
    home.synced();
    moments.push(seen(&home));
    let shorter =
        every_kind(&home, &["alpha"]).split("\n[[agent_skills]]").next().unwrap().to_owned();
    home.write(MANIFEST, shorter);
    moments[1] = seen(&home);
    home.synced_with(&["--yes"]);
    moments.push(seen(&home));
    home.zskills(&["disable", "alpha"]).expect(0);
    moments.push(seen(&home));
    home.marketplace("tools").plugin("alpha", "1.1.0").plugin("beta", "2.0.0").commit();
    home.zskills(&["upgrade"]).expect(0).says(&["1.1.0"]);
    moments.push(seen(&home));
    home.zskills(&["remove", "alpha"]).expect(0);
    let newest = runs(&home).len();
    for (index, moment) in moments.iter().enumerate().skip(1).rev() {
        let number = index + 1;
        assert!(number <= newest, "{number} of {newest}");
        home.zskills(&["undo", &number.to_string(), "--yes"]).expect(0);
        is_as(&home, moment);
    }
    home.zskills(&["undo", "2", "--yes"]).expect(0);
    is_as(&home, &moments[1]);
}

#[test]
fn several_runs_need_a_yes() {
    let home = home();
    home.synced();
    home.zskills(&["disable", "alpha"]).expect(0);
    let before = seen(&home);
    home.zskills(&["undo", "1"]).expect(1).says(&["takes several runs back", "--yes"]);
    is_as(&home, &before);
    home.zskills(&["undo", "9"]).expect(1).says(&["there is no run 9", "1 to 2"]);
}

#[test]
fn what_somebody_changed_since_is_named_and_kept_unless_forced() {
    let home = home();
    let before = seen(&home);
    home.synced();
    let edited = home.read(SETTINGS).replace("\"alpha@tools\": true", "\"alpha@tools\": false");
    home.write(SETTINGS, edited);
    home.zskills(&["undo", "--check"]).expect(1).says(&["alpha@tools", "changed since"]);
    home.zskills(&["undo"]).expect(1).says(&["alpha@tools: was changed since", "--force"]);
    assert_eq!(home.enabled("alpha@tools"), Some(false));
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0/.claude-plugin/plugin.json"));
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    assert_eq!(home.enabled("beta@tools"), None);
    assert!(!home.exists("~/.agents/skills/one"));
    home.zskills(&["undo", "1", "--force", "--yes"]).expect(0);
    let left = changes(&before, &seen(&home));
    assert!(left.iter().all(|line| !line.contains("alpha")), "{left:?}");
    assert_eq!(home.enabled("alpha@tools"), None);
}

#[test]
fn what_others_wrote_since_stays() {
    let home = home();
    home.synced();
    let edited = home.read(SETTINGS).replace("\"opus\"", "\"haiku\"");
    home.write(SETTINGS, edited);
    let mut config = home.json("~/.claude.json");
    config["mcpServers"]["theirs"] = json!({ "command": "sh" });
    home.write("~/.claude.json", config.to_string());
    home.zskills(&["undo"]).expect(0);
    assert_eq!(home.json(SETTINGS)["model"], "haiku");
    assert!(home.read(SETTINGS).contains("12345678901234567890123"));
    assert_eq!(home.json(SETTINGS).as_object().unwrap().len(), 2);
    let servers = home.json("~/.claude.json")["mcpServers"].clone();
    assert_eq!(servers.as_object().unwrap().keys().collect::<Vec<_>>(), ["mine", "theirs"]);
}

#[test]
fn a_skill_that_was_edited_since_stays() {
    let home = home();
    home.synced();
    home.write("~/.agents/skills/one/SKILL.md", "mine");
    home.zskills(&["undo"]).expect(1).says(&["one", "changed since"]);
    assert_eq!(home.read("~/.agents/skills/one/SKILL.md"), "mine");
    assert!(home.is_link("~/.claude/skills/one"));
    assert!(!home.exists("~/.agents/skills/two"));
    home.zskills(&["undo", "1", "--force", "--yes"]).expect(0);
    assert!(!home.exists("~/.agents/skills/one"));
    // Nothing is ever lost: it went to the trash, and an undo brings it back.
    home.zskills(&["undo"]).expect(0);
    assert_eq!(home.read("~/.agents/skills/one/SKILL.md"), "mine");
}

#[test]
fn a_verb_that_wrote_the_manifest_has_it_put_back() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    let before = seen(&home);
    home.zskills(&["install", "beta@tools"]).expect(0);
    assert!(home.read(MANIFEST).contains("beta"));
    home.zskills(&["undo"]).expect(0).is_silent_about(&["the next `sync`"]);
    is_as(&home, &before);
    home.zskills(&["undo"]).expect(0);
    home.write(MANIFEST, home.read(MANIFEST) + "# mine\n");
    home.zskills(&["undo"]).expect(1).says(&["skills.toml: was changed since"]);
    assert!(home.read(MANIFEST).ends_with("# mine\n"));
}

#[test]
fn a_run_that_changes_nothing_is_no_run() {
    let home = home();
    home.zskills(&["history"]).expect(0).says(&["no run has changed anything"]);
    home.zskills(&["undo"]).expect(1).says(&["nothing to take back"]);
    home.synced();
    home.synced();
    home.zskills(&["sync", "--dry-run"]).expect(0);
    assert_eq!(runs(&home).len(), 1);
}

#[test]
fn the_history_says_when_by_which_command_and_what_without_secrets() {
    let home = Sandbox::new();
    home.zskills(&["install", "--mcp", "clock", "--env", "KEY=hunter2", "--", "sh"]).expect(0);
    let list = home.zskills(&["history"]);
    list.expect(0).says(&["zskills install --mcp clock", "KEY=…", "+ mcp server clock"]);
    list.is_silent_about(&["hunter2"]);
    let run = &runs(&home)[0];
    assert_eq!(run["run"], 1);
    assert_eq!(run["finished"], true);
    assert_eq!(run["changes"][0]["name"], "clock");
    let shown = home.zskills(&["history", "show", "1"]);
    shown.expect(0).says(&["mcpServers.clock"]).is_silent_about(&["hunter2"]);
    home.zskills(&["remove", "clock"]).expect(0);
    home.zskills(&["history", "diff", "1"]).expect(0).says(&["- mcp server clock"]);
    let diff = home.zskills(&["history", "diff", "1", "2", "--json"]).document("history-diff");
    assert_eq!(diff["changes"][0]["action"], "remove");
    home.zskills(&["history", "diff", "2", "1"]).expect(1).says(&["the earlier one comes first"]);
    home.zskills(&["undo", "--dry-run"]).expect(0).is_silent_about(&["hunter2"]);
    home.zskills(&["undo"]).expect(0).is_silent_about(&["hunter2"]);
    assert_eq!(home.json("~/.claude.json")["mcpServers"]["clock"]["env"]["KEY"], "hunter2");
}

#[test]
fn records_are_for_their_owner_alone() {
    let home = home();
    home.synced();
    home.zskills(&["disable", "alpha"]).expect(0);
    for (path, what) in home.subtree("~/.local/state/zskills/generations") {
        let expected = if what == "folder" { 0o700 } else { 0o600 };
        assert_eq!(home.mode(&path), expected, "{path}");
    }
}

#[test]
fn the_oldest_runs_are_forgotten_with_what_waits_for_them() {
    let home = home();
    let text = home.read(MANIFEST) + "\n[history]\nkeep = 2\n";
    home.write(MANIFEST, &text);
    home.synced();
    let one = "\n[[agent_skills]]\nsource = \"acme/mono\"\n";
    home.write(MANIFEST, text.replace(one, ""));
    home.synced();
    let trash = || home.subtree("~/.local/state/zskills/trash").len();
    assert!(trash() > 0);
    for verb in ["disable", "enable", "disable"] {
        home.zskills(&[verb, "alpha"]).expect(0);
    }
    let numbers: Vec<u64> = runs(&home).iter().map(|run| run["run"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [4, 5]);
    assert_eq!(trash(), 0);
    home.zskills(&["undo", "1"]).expect(1).says(&["kept are 4 to 5"]);
}

#[test]
fn a_run_that_was_cut_short_and_the_one_that_healed_it_are_taken_back_together() {
    let home = home();
    let before = seen(&home);
    home.synced();
    // The record of the run is there, and some of its steps are not.
    home.remove("~/.local/state/zskills/generations/1/done");
    home.remove("~/.claude/plugins/cache");
    home.write(SETTINGS, "{\n  \"model\":   \"opus\",\n  \"big\": 12345678901234567890123\n}");
    let run = home.zskills(&["sync"]);
    run.expect(0).says(&["did not come to its end", "`zskills sync`"]);
    assert_eq!(runs(&home).len(), 1);
    home.zskills(&["undo"]).expect(0);
    is_as(&home, &before);
}
