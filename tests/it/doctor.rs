//! Doctor finds what sync would not leave behind, and repairs without taking away.

use serde_json::json;

use crate::sandbox::{Sandbox, changes};
use crate::{tools, wants, with_unmanaged};

const KNOWN: &str = "~/.claude/plugins/known_marketplaces.json";
const INSTALLED: &str = "~/.claude/plugins/installed_plugins.json";
const SETTINGS: &str = "~/.claude/settings.json";

fn synced() -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    home
}

/// Asserts that doctor names the things and that `--fix` brings the home back to what it was.
#[track_caller]
fn finds_and_fixes(home: &Sandbox, phrases: &[&str]) {
    let before = home.subtree("~/.claude");
    home.zskills(&["doctor"]).expect(0).says(phrases);
    home.zskills(&["doctor", "--check"]).expect(3).says(phrases);
    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0], "only --fix writes");
    home.zskills(&["doctor", "--fix"]).expect(0);
    home.zskills(&["doctor", "--check"]).expect(0);
    home.zskills(&["sync", "--check"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0/skills/alpha/SKILL.md"));
}

#[test]
fn a_fresh_home_and_a_synced_home_are_clean() {
    let empty = Sandbox::new();
    empty.zskills(&["doctor", "--check"]).expect(0);
    assert!(empty.tree().is_empty(), "doctor writes nothing");
    let home = synced();
    let before = home.stamps();
    home.zskills(&["doctor", "--check"]).expect(0);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert_eq!(changes(&before, &home.stamps()), [""; 0]);
}

#[test]
fn a_plugin_that_is_enabled_but_not_installed_is_installed() {
    let home = synced();
    home.remove(INSTALLED);
    home.remove("~/.claude/plugins/cache/tools/alpha");
    finds_and_fixes(&home, &["alpha@tools", "not installed"]);
}

#[test]
fn an_inventory_without_its_marketplace_gets_it_back() {
    let home = synced();
    home.write(KNOWN, "{}");
    finds_and_fixes(&home, &["alpha@tools", "tools"]);
    assert_eq!(home.known("tools")["source"]["repo"], "acme/tools");
}

#[test]
fn an_inventory_without_bytes_gets_them_back() {
    let home = synced();
    home.remove("~/.claude/plugins/cache/tools/alpha");
    finds_and_fixes(&home, &["alpha@tools"]);
}

#[test]
fn a_registry_entry_without_its_clone_gets_it_back() {
    let home = synced();
    home.remove("~/.claude/plugins/marketplaces/tools");
    finds_and_fixes(&home, &["tools"]);
    assert!(home.exists("~/.claude/plugins/marketplaces/tools/.git"));
}

#[test]
fn bytes_that_differ_from_the_lock_are_found_and_put_back() {
    let home = synced();
    let skill = "~/.claude/plugins/cache/tools/alpha/1.0.0/skills/alpha/SKILL.md";
    let pristine = home.read(skill);
    home.write(skill, "changed");
    finds_and_fixes(&home, &["alpha@tools", "lock"]);
    assert_eq!(home.read(skill), pristine);
}

#[test]
fn bytes_without_an_inventory_are_reported_and_never_deleted() {
    let home = synced();
    home.write("~/.claude/plugins/cache/tools/left/1.0.0/x", "x");
    home.zskills(&["doctor"]).expect(0).says(&["cache/tools/left"]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert!(home.exists("~/.claude/plugins/cache/tools/left/1.0.0/x"));
}

#[test]
fn a_switch_that_cannot_be_honoured_is_reported_and_kept() {
    let home = Sandbox::new().file(SETTINGS, "{\"enabledPlugins\":{\"ghost@none\":true}}\n");
    home.zskills(&["doctor"]).expect(0).says(&["ghost@none"]);
    home.zskills(&["doctor", "--fix"]).says(&["ghost@none"]);
    assert_eq!(home.enabled("ghost@none"), Some(true));
}

#[test]
fn an_enabled_plugin_of_a_known_marketplace_is_installed_even_if_unmanaged() {
    let home = with_unmanaged(Sandbox::new());
    home.write(INSTALLED, "{\n  \"version\": 2,\n  \"plugins\": {}\n}");
    home.zskills(&["doctor", "--check"]).expect(3).says(&["gamma@other"]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert_eq!(home.record("gamma@other")["version"], "3.0.0");
    assert_eq!(home.enabled("gamma@other"), Some(true));
}

#[test]
fn what_is_switched_off_comes_back_switched_off() {
    let home = with_unmanaged(Sandbox::new());
    home.write("~/.claude/settings.json", "{ \"enabledPlugins\": { \"gamma@other\": false } }\n");
    home.remove("~/.claude/plugins/cache/other");
    home.zskills(&["doctor", "--check"]).expect(3).says(&["inventory.no-bytes", "gamma@other"]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert!(home.exists("~/.claude/plugins/cache/other/gamma/3.0.0"));
    assert_eq!(home.enabled("gamma@other"), Some(false));
}

#[test]
fn an_altered_dependency_is_found_and_put_back() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.marketplace("tools").dependent("alpha", &["beta"]).plugin("beta", "2.0.0").commit();
    home.synced();
    home.write("~/.claude/plugins/cache/tools/beta/2.0.0/skills/beta/SKILL.md", "evil");
    finds_and_fixes(&home, &["lock.drift", "beta@tools"]);
}

#[test]
fn a_registry_entry_that_the_client_would_reject_is_named_with_its_place() {
    let text = "{\n  \"odd\": {\n    \"source\": { \"source\": \"remote-index\" },\n    \"installLocation\": \"/x\",\n    \"lastUpdated\": \"x\"\n  }\n}";
    let home = Sandbox::new().file(KNOWN, text);
    home.zskills(&["doctor", "--check"])
        .expect(3)
        .says(&["known_marketplaces.json:3:", "remote-index"]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    home.zskills(&["doctor", "--check"]).expect(0);
    let kept = |path: &String| home.path(path).is_file() && home.read(path) == text;
    assert!(home.tree().keys().any(kept), "a copy stays");
}

#[test]
fn settings_that_the_client_ignores_are_named_with_their_place() {
    let home = synced();
    let text = home.read(SETTINGS).replace("{\n  \"enabled", "{\n  // mine\n  \"enabled");
    home.write(SETTINGS, &text);
    home.zskills(&["doctor", "--check"]).expect(3).says(&["settings.json:2:3"]);
    assert_eq!(home.read(SETTINGS), text);
}

#[test]
fn several_broken_files_are_all_named() {
    let home = Sandbox::new().file(SETTINGS, "{").file(KNOWN, "[]").file(INSTALLED, "nope");
    home.zskills(&["doctor", "--check"]).expect(3).says(&[
        "settings.json:1:",
        "known_marketplaces.json:1:",
        "installed_plugins.json:1:",
    ]);
}

#[test]
fn json_carries_id_severity_place_and_fix() {
    let home = synced();
    home.write(KNOWN, "{}");
    let document = home.zskills(&["doctor", "--json"]).expect(0).document("doctor");
    let findings = document["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        assert!(finding["id"].is_string() && finding["severity"].is_string(), "{finding}");
    }
    let clean = Sandbox::new().zskills(&["doctor", "--json"]).expect(0).document("doctor");
    assert_eq!(clean["findings"], json!([]));
}

#[test]
fn doctor_without_fix_starts_no_process() {
    let home = synced();
    home.processes();
    home.zskills(&["doctor"]).expect(0);
    assert_eq!(home.processes(), [""; 0]);
}
