//! Ours and not ours: removal, `--prune` and `--adopt`.

use serde_json::json;

use crate::sandbox::{Sandbox, changes};
use crate::{declares, tools, wants, with_unmanaged};

#[test]
fn what_left_the_manifest_is_switched_off_and_dropped_but_its_bytes_stay() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    home.write("~/.config/zskills/skills.toml", wants(&["alpha"]));

    home.synced().says(&["beta@tools"]);

    assert_ne!(home.enabled("beta@tools"), Some(true));
    assert_eq!(home.record("beta@tools"), json!(null));
    assert!(home.exists("~/.claude/plugins/cache/tools/beta/2.0.0"));
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(!home.read("~/.config/zskills/skills.lock").contains("beta"));
}

#[test]
fn a_marketplace_that_left_the_manifest_is_unregistered() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    home.synced();
    assert_eq!(home.known("tools"), json!(null));
    let settings = home.json("~/.claude/settings.json");
    assert_eq!(settings["extraKnownMarketplaces"]["tools"], json!(null));
}

#[test]
fn an_unmanaged_plugin_is_reported_and_left_alone() {
    let home = with_unmanaged(Sandbox::new().manifest(&wants(&["alpha"])));
    tools(&home);
    home.zskills(&["sync"]).expect(0).says(&["gamma@other", "not in the manifest"]);
    assert_eq!(home.enabled("gamma@other"), Some(true));
    assert_eq!(home.record("gamma@other")["version"], "3.0.0");
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn prune_removes_the_unmanaged_once_it_was_confirmed() {
    let home = with_unmanaged(Sandbox::new().manifest(&wants(&["alpha"])));
    tools(&home);
    home.zskills(&["sync"]).expect(0);
    let before = home.subtree("~/.claude");

    let refused = home.zskills(&["sync", "--prune"]);
    assert_ne!(refused.code, Some(0), "no terminal and no --yes\n{refused}");
    refused.says(&["--yes"]);
    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0]);

    home.zskills(&["sync", "--prune", "--yes"]).expect(0).says(&["gamma@other"]);
    assert_ne!(home.enabled("gamma@other"), Some(true));
    assert_eq!(home.record("gamma@other"), json!(null));
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(home.exists("~/other/plugins/gamma"), "the user's own folder stays");
}

#[test]
fn prune_leaves_what_the_settings_of_a_project_declare() {
    let home = Sandbox::new().project("~/code/app").manifest("version = 1\n");
    let settings = "{ \"extraKnownMarketplaces\": { \"team\": { \"source\": \
        { \"source\": \"github\", \"repo\": \"acme/team\" } } } }\n";
    home.write("~/code/app/.claude/settings.json", settings);
    home.zskills(&["sync", "--prune", "--yes"]).expect(0);
    assert_eq!(home.read("~/code/app/.claude/settings.json"), settings);
}

#[test]
fn prune_with_a_dry_run_needs_no_confirmation() {
    let home = with_unmanaged(Sandbox::new().manifest("version = 1\n"));
    home.zskills(&["sync", "--prune", "--dry-run"]).expect(0).says(&["gamma@other"]);
    assert_eq!(home.enabled("gamma@other"), Some(true));
}

#[test]
fn a_typo_never_turns_into_a_removal() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    home.write(
        "~/.config/zskills/skills.toml",
        wants(&["alpha", "beta"]).replace("acme/tools", "acme/tols"),
    );
    home.zskills(&["sync"]).expect(1);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    home.write("~/.config/zskills/skills.toml", "version = 1\n[[skils]]\n");
    assert_ne!(home.zskills(&["sync"]).code, Some(0));
    assert_eq!(home.enabled("beta@tools"), Some(true));
}

#[test]
fn adopt_writes_the_manifest_and_the_lock_and_then_sync_has_nothing_to_do() {
    // What another tool installed is what we installed, once our own files are gone.
    let home = with_unmanaged(Sandbox::new().manifest(&wants(&["alpha", "beta"])));
    let tools = tools(&home);
    home.zskills(&["sync"]).expect(0);
    for ours in ["~/.config/zskills", "~/.local/state/zskills", "~/.cache/zskills"] {
        home.remove(ours);
    }
    let before = home.subtree("~/.claude");

    home.zskills(&["sync", "--adopt"]).expect(0).says(&["alpha@tools", "gamma@other"]);

    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0]);
    let manifest = home.read("~/.config/zskills/skills.toml");
    for part in ["alpha", "beta", "gamma", "acme/tools", "other"] {
        assert!(manifest.contains(part), "no {part} in\n{manifest}");
    }
    assert!(home.read("~/.config/zskills/skills.lock").contains(&tools.head()));
    home.zskills(&["sync", "--check"]).expect(0);
    home.synced();
    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0]);
}

#[test]
fn adopt_keeps_the_comments_of_the_manifest() {
    let text = format!("# mine\n{}# the end\n", declares("acme/tools"));
    let home = with_unmanaged(Sandbox::new().manifest(&text));
    tools(&home);
    home.zskills(&["sync", "--adopt"]).expect(0);
    let manifest = home.read("~/.config/zskills/skills.toml");
    assert!(manifest.starts_with("# mine\nversion = 1\n"), "{manifest}");
    assert!(manifest.contains("# the end"), "{manifest}");
    assert!(manifest.contains("gamma"), "{manifest}");
}

#[test]
fn adopt_writes_paths_of_the_home_without_the_home() {
    let home = with_unmanaged(Sandbox::new().manifest("version = 1\n"));
    home.zskills(&["sync", "--adopt"]).expect(0);
    for file in ["~/.config/zskills/skills.toml", "~/.config/zskills/skills.lock"] {
        let text = home.read(file);
        assert!(!text.contains(home.home().to_str().unwrap()), "{file}: {text}");
    }
}

#[test]
fn adopt_and_prune_exclude_each_other() {
    let home = Sandbox::new().manifest("version = 1\n");
    home.zskills(&["sync", "--adopt", "--prune"]).expect(2);
}

#[test]
fn a_plugin_that_was_installed_before_and_is_then_wanted_is_not_installed_again() {
    let home = with_unmanaged(Sandbox::new().manifest(
        "version = 1\n[[marketplaces]]\nname = \"other\"\nsource = \"~/other\"\n[[skills]]\nname = \"gamma@other\"\n",
    ));
    let inventory = home.read("~/.claude/plugins/installed_plugins.json");
    home.synced();
    assert_eq!(home.read("~/.claude/plugins/installed_plugins.json"), inventory);
}
