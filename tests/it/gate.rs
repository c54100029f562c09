//! Nothing gets more power than was accepted: plugins, entries, skills and what they need.

use serde_json::json;

use crate::sandbox::{Run, Sandbox};
use crate::skill_verbs::kit;
use crate::{Repo, declares, plugin, tools, wants};

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const LOCK: &str = "~/.config/zskills/skills.lock";
const CLONE: &str = "~/.claude/plugins/marketplaces/tools";
const HOOK: &str =
    "{\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"echo hi\"}]}]}}";

/// Returns the words after `--accept-capabilities` in the first hint.
fn accepting(run: &Run) -> String {
    let text = run.text();
    let (_, rest) = text.split_once("--accept-capabilities ").expect("a hint says how to accept");
    rest.split(['`', '\n']).next().unwrap().to_owned()
}

fn give_hook(repo: &Repo<'_>) {
    let hooks: serde_json::Value = serde_json::from_str(HOOK).unwrap();
    repo.edit_catalog(|catalog| catalog["plugins"][0]["hooks"] = hooks["hooks"].clone());
    repo.commit();
}

fn head(home: &Sandbox) -> String {
    home.git(&home.path(CLONE), &["rev-parse", "HEAD"])
}

#[test]
fn an_entry_that_gains_a_hook_moves_nothing_until_it_is_accepted() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    let repo = tools(&home);
    home.synced();
    let before = head(&home);
    give_hook(&repo);
    repo.release("beta", "2.1.0");
    for args in [&["update"][..], &["upgrade"], &["upgrade", "alpha"]] {
        let run = home.zskills(args);
        run.expect(4).says(&["+ hook stop runs `echo hi`", "tools: stays where it is"]);
        assert_eq!(head(&home), before, "the client reads the entry there");
    }
    assert_eq!(home.record("beta@tools")["version"], "2.1.0", "the other plugin moved by itself");
    home.synced();
    let accept = accepting(&home.zskills(&["upgrade"]));
    home.zskills(&["upgrade", "--accept-capabilities", &accept]).expect(0);
    assert_ne!(head(&home), before);
    home.synced();
}

#[test]
fn what_is_accepted_is_what_was_shown() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = tools(&home);
    home.synced();
    repo.write("plugins/alpha/hooks/hooks.json", HOOK).commit();
    let accept = accepting(&home.zskills(&["upgrade"]));
    repo.write("plugins/alpha/hooks/hooks.json", &HOOK.replace("echo hi", "evil")).commit();
    let run = home.zskills(&["upgrade", "--accept-capabilities", &accept]);
    run.expect(4).says(&["+ hook stop runs `evil`"]);
    let accept = accepting(&run);
    home.zskills(&["upgrade", "--accept-capabilities", &accept]).expect(0);
}

#[test]
fn on_a_terminal_an_upgrade_asks_and_yes_is_no_answer() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = tools(&home);
    home.synced();
    repo.write("plugins/alpha/hooks/hooks.json", HOOK).commit();
    let mut refused = home.on_terminal((120, 30), &["upgrade", "--yes"]);
    refused.shows("+ hook Stop runs").shows("Take all that this source brings?");
    assert_eq!(refused.press("n\r").ends().0, 4);
    assert!(!home.read(LOCK).contains("hook Stop"));
    let mut taken = home.on_terminal((120, 30), &["upgrade"]);
    taken.shows("Take all that this source brings?").press("y\r");
    assert_eq!(taken.ends().0, 0);
    assert!(home.read(LOCK).contains("hook Stop"));
}

#[test]
fn a_plugin_that_needs_another_one_now_brings_it_only_when_accepted() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = tools(&home);
    home.synced();
    let needs = json!({ "name": "alpha", "version": "1.1.0", "dependencies": ["beta"] });
    repo.write("plugins/alpha/.claude-plugin/plugin.json", &needs.to_string()).commit();
    home.zskills(&["upgrade"]).expect(4).says(&["+ needs the plugin `beta`"]);
    assert_eq!(home.enabled("beta@tools"), None);
    home.zskills(&["upgrade", "--accept-capabilities", "alpha"]).expect(0);
    assert_eq!(home.enabled("beta@tools"), Some(true));
    home.synced();
}

#[test]
fn a_version_that_goes_down_is_asked_about() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = tools(&home);
    home.synced();
    repo.release("alpha", "0.9.0");
    let run = home.zskills(&["upgrade"]);
    run.expect(4).says(&["version 1.0.0, which goes down to 0.9.0"]);
    home.zskills(&["upgrade", "--accept-capabilities", &accepting(&run)]).expect(0);
    assert_eq!(home.record("alpha@tools")["version"], "0.9.0");
}

#[test]
fn known_scripts_may_change_where_the_policy_lets_them_and_nothing_else_may() {
    let manifest = wants(&["alpha"]) + "\n[policy]\naccept_changes = [\"acme/*\"]\n";
    let home = Sandbox::new().manifest(&manifest);
    let repo = tools(&home);
    repo.write("plugins/alpha/run.py", "one").commit();
    home.synced();
    repo.write("plugins/alpha/run.py", "two").commit();
    home.zskills(&["upgrade"]).expect(0);
    home.write(MANIFEST, manifest.replace("acme/*", "other/*"));
    repo.write("plugins/alpha/run.py", "three").commit();
    home.zskills(&["upgrade"]).expect(4).says(&["~ contents of `run.py`"]);
    home.write(MANIFEST, &manifest);
    repo.write("plugins/alpha/more.py", "").commit();
    let run = home.zskills(&["upgrade"]);
    run.expect(4).says(&["+ contents of `more.py`"]);
}

#[test]
fn a_skill_has_the_gate_of_a_plugin() {
    let manifest = "version = 1\n[[agent_skills]]\nsource = \"acme/kit\"\n";
    let home = Sandbox::new().manifest(manifest);
    let repo = kit(&home, &["pdf", "docx"]);
    home.synced();
    let asks =
        |tools: &str| format!("---\nname: pdf\ndescription: d\nallowed-tools: {tools}\n---\n");
    repo.write("skills/pdf/SKILL.md", &asks("Bash(*)")).commit();
    let run = home.zskills(&["upgrade"]);
    run.expect(4).says(&["pdf: it now brings", "+ `skill.md` may use `bash(*)`"]);
    assert!(!home.read("~/.agents/skills/pdf/SKILL.md").contains("Bash"));
    home.zskills(&["upgrade", "--accept-capabilities", &accepting(&run)]).expect(0);
    assert!(home.read("~/.agents/skills/pdf/SKILL.md").contains("Bash"));
    assert!(home.read(LOCK).contains(" `SKILL.md` may use `Bash(*)`\","));
    home.synced();

    // Words are words, also those of a further skill; one with a script is not.
    repo.write("skills/xlsx/SKILL.md", "---\nname: xlsx\ndescription: d\n---\n").commit();
    home.zskills(&["upgrade"]).expect(0);
    repo.write("skills/pptx/SKILL.md", "---\nname: pptx\ndescription: d\n---\n");
    repo.write("skills/pptx/run.py", "evil()").commit();
    home.zskills(&["upgrade"]).expect(4).says(&["pptx: it now", "+ contents of `run.py`"]);
    assert!(!home.exists("~/.agents/skills/pptx"));
    home.zskills(&["upgrade", "--accept-capabilities", "pptx"]).expect(0);
    assert!(home.exists("~/.agents/skills/pptx"));
    home.synced();
}

#[test]
fn a_lock_of_the_last_version_gets_the_powers_of_what_it_locks() {
    let manifest = wants(&["alpha"]) + "[[agent_skills]]\nsource = \"acme/kit\"\n";
    let home = Sandbox::new().manifest(&manifest);
    let repo = tools(&home);
    repo.write("plugins/alpha/run.py", "one").commit();
    let skills = kit(&home, &["pdf"]);
    skills.write("skills/pdf/run.py", "one").commit();
    home.synced();
    let new = home.read(LOCK);
    let mut old = String::new();
    let mut inside = false;
    for line in new.lines() {
        inside |= line.starts_with("powers = [");
        if !inside {
            old.extend([line, "\n"]);
        }
        inside &= !line.ends_with(']');
    }
    home.write(LOCK, &old);
    home.zskills(&["sync", "--locked"]).expect(0);
    assert_eq!(home.read(LOCK), old);
    home.synced();
    assert_eq!(home.read(LOCK), new);
    home.write(LOCK, &old);
    repo.write("plugins/alpha/run.py", "two").commit();
    skills.write("skills/pdf/run.py", "two").commit();
    home.zskills(&["upgrade"]).expect(4).says(&[
        "alpha@tools: it now brings",
        "pdf: it now brings",
        "~ contents of `run.py`",
    ]);
}

#[test]
fn a_part_that_the_client_reads_and_nobody_can_parse_is_refused_the_first_time_too() {
    let home = Sandbox::new().manifest(&(declares("acme/tools") + &plugin("alpha", "")));
    let market = home.marketplace("tools").plugin("alpha", "1.0.0");
    market.file("plugins/alpha/hooks/hooks.json", "{\"hooks\":").commit();
    home.zskills(&["sync"]).expect(4).says(&["`hooks/hooks.json` is not json"]);
    assert_eq!(home.enabled("alpha@tools"), None);
}
