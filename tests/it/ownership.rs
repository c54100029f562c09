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

/// A manifest that wants two skills of a repository by name, and a plugin.
fn two_skills(names: &str) -> String {
    wants(&["alpha"]) + &format!("[[agent_skills]]\nsource = \"acme/kit\"\nnames = [{names}]\n")
}

fn with_skills() -> Sandbox {
    let home = Sandbox::new().manifest(&two_skills("\"docx\", \"pdf\""));
    tools(&home);
    let repo = home.repo("acme/kit");
    for name in ["docx", "pdf"] {
        let text = format!("---\nname: {name}\ndescription: d\n---\n");
        repo.write(&format!("skills/{name}/SKILL.md"), &text);
    }
    repo.commit();
    home
}

#[test]
fn a_misspelt_skill_removes_nothing_and_says_why() {
    let home = with_skills();
    home.synced();
    home.write("~/.config/zskills/skills.toml", two_skills("\"dcox\", \"pdf\""));

    home.zskills(&["sync"]).expect(1).says(&["docx", "stays until `dcox`"]);

    assert!(home.exists("~/.agents/skills/docx/SKILL.md"));
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
}

#[test]
fn a_misspelt_skill_holds_up_no_plugin() {
    let home = with_skills();
    home.synced();
    let text = two_skills("\"dcox\", \"pdf\"");
    home.write("~/.config/zskills/skills.toml", text.replace("alpha", "beta"));

    home.zskills(&["sync"]).expect(1);

    assert_eq!(home.enabled("beta@tools"), Some(true));
    assert_eq!(home.record("alpha@tools"), json!(null));
}

#[test]
fn a_dead_repository_whose_things_are_locked_holds_up_no_removal() {
    let home = with_skills();
    home.synced();
    std::fs::remove_dir_all(home.path("~/.claude/plugins/cache/tools/alpha")).unwrap();
    std::fs::remove_dir_all(home.path("~/.cache/zskills")).unwrap();
    home.write("~/.config/zskills/skills.toml", two_skills("\"pdf\""));

    home.zskills(&["sync", "--offline"]);

    assert!(!home.exists("~/.agents/skills/docx"), "what is locked is no slip");
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
}

#[test]
fn remove_never_waits_for_another_wish() {
    let home = with_skills();
    home.synced();
    home.write("~/.config/zskills/skills.toml", two_skills("\"docx\", \"pdf\", \"nope\""));
    home.zskills(&["remove", "docx"]).expect(0);
    assert!(!home.exists("~/.agents/skills/docx"));
}

#[test]
fn an_empty_manifest_is_taken_for_a_slip() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    for text in ["", "\n# nothing\n", "[policy]\nrequire_pin = true\n"] {
        home.write("~/.config/zskills/skills.toml", text);
        home.zskills(&["sync"]).expect(1).says(&["skills.toml:1:1", "version = 1"]);
        assert_eq!(home.enabled("alpha@tools"), Some(true));
    }
}

#[test]
fn most_of_a_manifest_goes_only_when_somebody_agrees() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    let server = "version = 1\n[[mcps]]\nname = \"s\"\ncommand = \"true\"\n";
    home.write("~/.config/zskills/skills.toml", server);

    home.zskills(&["sync"]).expect(1).says(&["`--yes`", "alpha@tools", "most"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(
        home.json("~/.claude.json")["mcpServers"]["s"]["command"],
        "true",
        "what comes goes on"
    );

    home.zskills(&["sync", "--yes"]).expect(0);
    assert_eq!(home.record("alpha@tools"), json!(null));
}

#[test]
fn the_last_entry_that_a_verb_removes_leaves_a_manifest_that_says_its_version() {
    let text = wants(&["alpha"]).replace("version = 1\n", "");
    let home = Sandbox::new().manifest(&text);
    tools(&home);
    home.synced();
    home.zskills(&["remove", "alpha"]).expect(0);
    home.zskills(&["marketplace", "remove", "tools"]).expect(0);
    assert_eq!(home.read("~/.config/zskills/skills.toml").trim(), "version = 1");
    home.synced();
}
