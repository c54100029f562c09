//! `list` says what is there, by the state it is in.

use serde_json::Value;

use crate::sandbox::{Sandbox, changes};
use crate::{declares, plugin, tools, wants, with_unmanaged};

/// Returns the groups of plugins in which the id is found.
fn groups(home: &Sandbox, name: &str) -> Vec<String> {
    let document = home.zskills(&["list", "--json"]).expect(0).document("list");
    let plugins = document["plugins"].as_object().unwrap();
    let holds =
        |group: &Value| group.as_array().unwrap().iter().any(|p| p.to_string().contains(name));
    plugins.iter().filter(|(_, group)| holds(group)).map(|(key, _)| key.clone()).collect()
}

#[test]
fn each_plugin_is_in_the_group_of_its_state() {
    let off = declares("acme/tools") + &plugin("alpha", "") + &plugin("beta", "enabled = false");
    let home = Sandbox::new().manifest(&off);
    tools(&home);
    home.synced();
    assert_eq!(groups(&home, "alpha"), ["active"]);
    assert_eq!(groups(&home, "beta"), ["installed_disabled"]);
}

#[test]
fn a_switch_without_a_plugin_is_an_orphan() {
    let home =
        Sandbox::new().file("~/.claude/settings.json", r#"{"enabledPlugins":{"ghost@none":true}}"#);
    assert_eq!(groups(&home, "ghost"), ["enabled_orphan"]);
    home.zskills(&["list"]).expect(0).says(&["ghost@none"]);
}

#[test]
fn a_plugin_of_a_marketplace_that_is_gone_is_an_orphan() {
    let home = with_unmanaged(Sandbox::new());
    home.write("~/.claude/plugins/known_marketplaces.json", "{}");
    assert_eq!(groups(&home, "gamma"), ["installed_orphan"]);
}

#[test]
fn the_keys_that_scripts_know_are_there() {
    let document = Sandbox::new().zskills(&["list", "--json"]).expect(0).document("list");
    for group in ["active", "installed_disabled", "enabled_orphan", "installed_orphan"] {
        assert!(document["plugins"][group].is_array(), "{group}");
    }
}

#[test]
fn scope_version_commit_and_owner_are_shown() {
    let home = with_unmanaged(Sandbox::new().manifest(&wants(&["alpha"])));
    let repo = tools(&home);
    home.zskills(&["sync"]).expect(0);
    let run = home.zskills(&["list", "-v"]);
    run.expect(0).says(&[
        "alpha",
        "tools",
        "user",
        "1.0.0",
        &repo.head()[..7],
        "gamma",
        "unmanaged",
    ]);
    home.zskills(&["list", "--paths"]).expect(0).says(&["cache/tools/alpha/1.0.0"]);
}

#[test]
fn list_changes_nothing_and_starts_nothing() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    let before = home.stamps();
    home.processes();
    for args in [&["list"][..], &["list", "--json"], &["list", "-v"], &["list", "--paths"]] {
        home.zskills(args).expect(0);
    }
    assert_eq!(home.processes(), [""; 0]);
    assert_eq!(changes(&before, &home.stamps()), [""; 0]);
}

#[test]
fn an_empty_home_is_listed_without_making_anything() {
    let home = Sandbox::new();
    home.zskills(&["list"]).expect(0);
    assert!(home.tree().is_empty());
}
