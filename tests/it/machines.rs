//! One manifest for several machines: `when` on every kind of entry.

use crate::sandbox::Sandbox;
use crate::skill_verbs::kit;
use crate::skills::skill_md;
use crate::tools;

const LOCK: &str = "~/.config/zskills/skills.lock";

/// Entries of every kind that only the machine `desk` has.
const MANIFEST: &str = r#"version = 1

[[marketplaces]]
name = "tools"
source = "acme/tools"
when = { host = "desk" }

[[skills]]
name = "alpha@tools"
when = { host = "desk" }

[[agent_skills]]
source = "acme/kit"
when = { host = ["d?sk", "other"] }

[[mcps]]
name = "clock"
command = "true"
when = { os = ["linux", "macos", "freebsd"], host = "DESK" }

[[mcps]]
name = "everywhere"
command = "true"
"#;

fn at(name: &str) -> Sandbox {
    let home = Sandbox::new().manifest(MANIFEST).var("ZSKILLS_HOST", name);
    tools(&home);
    kit(&home, &["pdf"]);
    home
}

fn servers(home: &Sandbox) -> Vec<String> {
    let document = home.json("~/.claude.json");
    document["mcpServers"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn an_entry_is_wanted_on_the_machines_that_it_names_and_nowhere_else() {
    let home = at("desk.example.org");
    home.synced();
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    assert_eq!(servers(&home), ["clock", "everywhere"]);
    let away = at("laptop");
    away.synced();
    assert_eq!(away.enabled("alpha@tools"), None);
    assert!(!away.exists("~/.agents/skills/pdf") && !away.known("tools").is_object());
    assert_eq!(servers(&away), ["everywhere"]);
}

#[test]
fn another_machine_leaves_the_lock_of_all_of_them_as_it_is() {
    let home = at("desk");
    home.synced();
    let lock = home.read(LOCK);
    assert!(lock.contains("alpha@tools") && lock.contains("pdf"), "{lock}");
    let away = at("laptop").file(LOCK, &lock);
    away.synced();
    assert_eq!(away.read(LOCK), lock);
    away.zskills(&["sync", "--locked"]).expect(0).says(&["up to date"]);
    away.zskills(&["upgrade"]).expect(0);
    assert_eq!(away.read(LOCK), lock);
}

#[test]
fn what_is_for_other_machines_now_leaves_this_one() {
    let home = at("desk");
    home.synced();
    let lock = home.read(LOCK);
    let home = home.var("ZSKILLS_HOST", "laptop");
    home.synced();
    assert_ne!(home.enabled("alpha@tools"), Some(true));
    assert!(!home.exists("~/.agents/skills/pdf"));
    assert_eq!(servers(&home), ["everywhere"]);
    assert_eq!(home.read(LOCK), lock);
}

#[test]
fn what_is_named_for_another_machine_is_left_by_adopt_and_said() {
    let home = at("desk");
    home.synced();
    let lock = home.read(LOCK);
    let home = home.var("ZSKILLS_HOST", "laptop").file(LOCK, &lock);
    home.remove("~/.local/state/zskills");
    let run = home.zskills(&["sync", "--adopt"]);
    run.expect(0).says(&[
        "alpha@tools: left: named for another machine",
        "pdf: left",
        "clock: left",
    ]);
    assert_eq!(home.read("~/.config/zskills/skills.toml"), MANIFEST);
}

#[test]
fn two_machines_may_want_the_same_in_different_ways() {
    let text = "version = 1\n\n[[mcps]]\nname = \"clock\"\ncommand = \"true\"\nwhen = { host = \"desk\" }\n\n[[mcps]]\nname = \"clock\"\ncommand = \"false\"\nwhen = { host = \"laptop\" }\n";
    for (name, command) in [("desk", "true"), ("laptop", "false")] {
        let home = Sandbox::new().manifest(text).var("ZSKILLS_HOST", name);
        home.synced();
        assert_eq!(home.json("~/.claude.json")["mcpServers"]["clock"]["command"], command);
    }
    let run = Sandbox::new().manifest(&text.replace("laptop", "desk")).var("ZSKILLS_HOST", "desk");
    run.zskills(&["sync"]).expect(1).says(&["is already in line"]);
}

#[test]
fn a_mistake_in_when_has_its_place_and_a_suggestion() {
    let check = |when: &str, phrases: &[&str]| {
        let home = Sandbox::new().manifest(&format!(
            "version = 1\n[[mcps]]\nname = \"x\"\ncommand = \"true\"\nwhen = {when}\n"
        ));
        home.zskills(&["sync"]).expect(1).says(&["skills.toml:5:"]).says(phrases);
    };
    check("{ so = \"linux\" }", &["unknown key `so`", "did you mean `os`"]);
    check("{ os = \"darwin\" }", &["unknown system `darwin`", "did you mean `macos`"]);
    check("{ os = \"linx\" }", &["did you mean `linux`"]);
    check("{ os = 5 }", &["must be a string"]);
    check("{ host = \"[a\" }", &["`host` is no glob"]);
    check("\"linux\"", &["must be a table", "when = {"]);
}

#[test]
fn all_of_a_source_that_is_for_another_machine_names_nothing_of_another_source() {
    let elsewhere = "\n[[agent_skills]]\nsource = \"acme/kit\"\nwhen = { host = \"desk\" }\n";
    let mine = "\n[[agent_skills]]\nsource = \"acme/mine\"\n";
    let home = Sandbox::new()
        .manifest(&format!("version = 1\n{mine}{elsewhere}"))
        .var("ZSKILLS_HOST", "laptop");
    kit(&home, &["pdf"]);
    let repo = home.repo("acme/mine");
    for name in ["a1", "b1", "c1"] {
        repo.write(&format!("skills/{name}/SKILL.md"), &skill_md(name, "one"));
    }
    repo.commit();
    home.synced();
    home.write("~/.config/zskills/skills.toml", format!("version = 1\n{elsewhere}"));
    home.zskills(&["sync"]).expect(1).says(&["3 things that it no longer names stay"]);
    // What the manifest names for another machine goes without a question.
    let moved = format!("version = 1\n{elsewhere}{mine}when = {{ host = \"desk\" }}\n");
    home.write("~/.config/zskills/skills.toml", moved);
    home.synced().says(&["- agent skill", "for other machines"]);
    assert!(!home.exists("~/.agents/skills/a1"));
}
