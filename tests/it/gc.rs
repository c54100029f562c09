//! What nothing names is cleared, and nothing else.

use crate::sandbox::Sandbox;
use crate::{tools, wants};

fn kinds(home: &Sandbox, args: &[&str]) -> Vec<String> {
    let document = home.zskills(&[&["gc", "--json"], args].concat()).document("gc");
    let rows = document["waste"].as_array().unwrap();
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_lock_or_a_run_names_stays() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    home.zskills(&["gc"]).expect(0).says(&["nothing is left over"]);
    home.zskills(&["remove", "beta"]).expect(0);
    assert_eq!(kinds(&home, &["--dry-run"]), [""; 0]);
    home.zskills(&["sync", "--offline"]).expect(0);
}

#[test]
fn what_nothing_names_goes_once_somebody_agrees() {
    let home = Sandbox::new().manifest(&(wants(&["alpha"]) + "\n[history]\nkeep = 1\n"));
    tools(&home);
    home.synced();
    home.marketplace("tools").plugin("alpha", "2.0.0").commit();
    home.zskills(&["upgrade"]).expect(0);
    home.zskills(&["disable", "alpha"]).expect(0);
    home.write("~/.local/state/zskills/trash/stray/file", "x");
    home.write("~/.claude/.zskills-settings.json.tmp", "{");
    home.write("~/.cache/zskills/git/old", "x");
    let before = home.tree();
    let found = kinds(&home, &["--dry-run"]);
    assert_eq!(home.tree(), before);
    assert!(
        ["fetched", "trash", "leftover"].iter().all(|kind| found.contains(&(*kind).to_owned()))
    );
    assert!(!found.contains(&"version".to_owned()));
    home.zskills(&["gc"]).expect(1).says(&["cannot be undone", "--yes"]);
    home.zskills(&["gc", "--yes"]).expect(0).says(&["cleared"]);
    assert_eq!(kinds(&home, &["--dry-run"]), [""; 0]);
    assert!(!home.exists("~/.claude/.zskills-settings.json.tmp"));
    home.synced().says(&["up to date"]);
    home.zskills(&["undo"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn versions_in_the_clients_cache_go_only_when_asked_for() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    let stray = "~/.claude/plugins/cache/tools/alpha/0.9.0";
    home.write(&format!("{stray}/.claude-plugin/plugin.json"), "{}");
    home.zskills(&["gc", "--yes"]).expect(0);
    assert!(home.exists(stray));
    home.zskills(&["gc", "--client-cache", "--yes"]).expect(0).says(&["0.9.0"]);
    assert!(!home.exists(stray));
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0"));
}

#[test]
fn a_lock_that_cannot_be_read_lets_nothing_go() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    home.write("~/.cache/zskills/git/old", "x");
    home.remove("~/.config/zskills/skills.lock");
    home.write("~/.config/zskills/skills.lock/in-the-way", "");
    home.zskills(&["gc", "--yes"]).expect(1).says(&["skills.lock"]);
    assert!(home.exists("~/.cache/zskills/git/old"));
}
