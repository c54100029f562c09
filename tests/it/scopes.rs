//! User, project and local scope.

use serde_json::json;

use crate::sandbox::{Sandbox, changes};
use crate::{declares, plugin, tools};

fn app(entries: &[(&str, &str)]) -> Sandbox {
    let entries: String =
        entries.iter().map(|(name, scope)| plugin(name, &format!("scope = \"{scope}\""))).collect();
    Sandbox::new().project("~/code/app").manifest(&(declares("acme/tools") + &entries))
}

#[test]
fn each_scope_is_switched_on_in_its_own_settings() {
    let home = app(&[("alpha", "user"), ("beta", "project"), ("gamma", "local")]);
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .plugin("beta", "2.0.0")
        .plugin("gamma", "3.0.0")
        .commit();
    home.synced_with(&["--here"]);
    for (file, id) in [
        ("~/.claude/settings.json", "alpha@tools"),
        ("~/code/app/.claude/settings.json", "beta@tools"),
        ("~/code/app/.claude/settings.local.json", "gamma@tools"),
    ] {
        assert_eq!(home.json(file)["enabledPlugins"], json!({ id: true }), "{file}");
    }
    let project = home.path("~/code/app");
    for (id, scope) in [("beta@tools", "project"), ("gamma@tools", "local")] {
        assert_eq!(home.record(id)["scope"], scope);
        assert_eq!(home.record(id)["projectPath"], project.to_str().unwrap());
    }
}

#[test]
fn what_a_project_commits_names_no_folder_of_this_machine() {
    let home = app(&[("alpha", "project")]);
    tools(&home);
    home.synced_with(&["--here"]);
    let text = home.read("~/code/app/.claude/settings.json");
    assert!(!text.contains(home.home().to_str().unwrap()), "{text}");
}

#[test]
fn one_plugin_in_two_scopes_has_two_records() {
    let home = app(&[("alpha", "user"), ("alpha", "project")]);
    tools(&home);
    home.synced_with(&["--here"]);
    let inventory = home.json("~/.claude/plugins/installed_plugins.json");
    let mut scopes: Vec<_> = inventory["plugins"]["alpha@tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["scope"].clone())
        .collect();
    scopes.sort_by_key(ToString::to_string);
    assert_eq!(scopes, ["project", "user"]);
}

#[test]
fn the_project_is_the_git_root_even_from_below() {
    let home = app(&[("alpha", "project")]).cwd("~/code/app/deep/down");
    tools(&home);
    home.synced_with(&["--here"]);
    assert!(home.exists("~/code/app/.claude/settings.json"));
    assert!(!home.exists("~/code/app/deep/down/.claude"));
    let tree = home.tree();
    let home = home.cwd("~/code/app");
    home.synced();
    assert_eq!(changes(&tree, &home.tree()), [""; 0]);
}

#[test]
fn without_git_the_project_is_the_folder_itself() {
    let home = Sandbox::new().cwd("~/plain");
    let home = home.manifest(&(declares("acme/tools") + &plugin("alpha", "scope = \"project\"")));
    tools(&home);
    home.synced_with(&["--here"]);
    assert_eq!(home.record("alpha@tools")["projectPath"], home.path("~/plain").to_str().unwrap());
}

#[test]
fn a_sync_in_one_project_leaves_the_other_alone() {
    let home = app(&[("alpha", "project")]);
    tools(&home);
    home.synced_with(&["--here"]);
    let before = home.subtree("~/code/app");
    let home = home.project("~/code/second");
    home.synced_with(&["--here"]);
    assert_eq!(changes(&before, &home.subtree("~/code/app")), [""; 0]);
    let inventory = home.json("~/.claude/plugins/installed_plugins.json");
    let records = inventory["plugins"]["alpha@tools"].as_array().unwrap();
    assert_eq!(records.len(), 2, "{inventory}");
}
