//! install, remove, purge, enable and disable: manifest, lock, ledger and client move together.

use serde_json::json;

use crate::sandbox::{Sandbox, changes};
use crate::{declares, plugin, tools, with_unmanaged};

const MANIFEST: &str = "~/.config/zskills/skills.toml";

/// Asserts that a sync after a verb finds nothing to do and doctor nothing to say.
#[track_caller]
pub fn in_step(home: &Sandbox) {
    let before = home.tree();
    home.processes();
    home.synced();
    assert_eq!(changes(&before, &home.tree()), [""; 0]);
    assert_eq!(home.processes(), [""; 0]);
}

/// A home with the marketplace `tools` registered and no plugin.
pub fn with_tools() -> Sandbox {
    let home = Sandbox::new().manifest(&("# mine\n".to_owned() + &declares("acme/tools")));
    tools(&home);
    home.synced();
    home
}

#[test]
fn a_plugin_is_installed_enabled_locked_and_written_down() {
    let home = with_tools();
    home.zskills(&["install", "alpha"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    let manifest = home.read(MANIFEST);
    assert!(manifest.starts_with("# mine\n"), "{manifest}");
    assert!(manifest.contains("name = \"alpha\"\nmarketplace = \"tools\"\n"), "{manifest}");
    assert!(home.read("~/.config/zskills/skills.lock").contains("alpha@tools"));
    in_step(&home);
    home.zskills(&["install", "alpha@tools"]).expect(0).says(&["up to date"]);
}

#[test]
fn the_first_install_begins_the_manifest_with_what_the_client_knows() {
    let home = Sandbox::new();
    let home = with_unmanaged(home);
    home.zskills(&["install", "gamma@other"]).expect(0);
    let manifest = home.read(MANIFEST);
    assert!(manifest.starts_with("version = 1\n"), "{manifest}");
    assert!(manifest.contains("source = \"~/other\""), "{manifest}");
    in_step(&home);
}

#[test]
fn one_bad_name_does_not_hold_back_the_others_and_the_exit_says_so() {
    let home = with_tools();
    let run = home.zskills(&["install", "alhpa", "beta", "nosuch@tools", "x@nowhere"]);
    run.expect(1).says(&["did you mean `alpha`", "nosuch", "nowhere"]);
    assert_eq!(home.enabled("beta@tools"), Some(true));
    let manifest = home.read(MANIFEST);
    assert!(!manifest.contains("nosuch") && !manifest.contains("nowhere"), "{manifest}");
    in_step(&home);
}

#[test]
fn a_name_of_two_marketplaces_lists_both() {
    let home = with_tools();
    home.marketplace("more").plugin("alpha", "9.0.0").commit();
    home.zskills(&["marketplace", "add", "acme/more"]).expect(0);
    home.zskills(&["install", "alpha"]).expect(1).says(&["alpha@more", "alpha@tools"]);
    home.zskills(&["install", "alpha@more"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), None);
    in_step(&home);
}

#[test]
fn a_one_off_leaves_manifest_and_lock_and_a_sync_leaves_it() {
    let home = with_tools();
    let (manifest, lock) = (home.read(MANIFEST), home.read("~/.config/zskills/skills.lock"));
    home.zskills(&["install", "alpha", "--no-save"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.read(MANIFEST), manifest);
    assert_eq!(home.read("~/.config/zskills/skills.lock"), lock);
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_dry_run_writes_nothing() {
    let home = with_tools();
    let before = home.subtree("~/.claude");
    home.zskills(&["install", "alpha", "--dry-run"]).expect(0).says(&["alpha@tools"]);
    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0]);
    assert!(!home.read(MANIFEST).contains("alpha"));
}

#[test]
fn a_scope_is_the_plugins_own() {
    let home = Sandbox::new().project("~/code/app").manifest(&declares("acme/tools"));
    tools(&home);
    home.zskills(&["sync"]).expect(0);
    home.zskills(&["install", "alpha", "--scope", "project"]).expect(0);
    assert_eq!(
        home.json("~/code/app/.claude/settings.json")["enabledPlugins"]["alpha@tools"],
        true
    );
    in_step(&home);
    home.zskills(&["remove", "alpha", "--file", "skills.toml"]).expect(0);
    assert_eq!(
        home.json("~/code/app/.claude/settings.json")["enabledPlugins"]["alpha@tools"],
        json!(null)
    );
    in_step(&home);
    home.zskills(&["install", "alpha", "--scope", "world"]).expect(2);
}

#[test]
fn what_was_removed_is_gone_from_manifest_lock_and_client() {
    let home = with_tools();
    home.zskills(&["install", "alpha", "beta"]).expect(0);
    home.zskills(&["remove", "alpha"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), None);
    assert_eq!(home.record("alpha@tools"), json!(null));
    assert!(!home.read(MANIFEST).contains("alpha"));
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0"), "bytes are the client's");
    assert_eq!(home.enabled("beta@tools"), Some(true));
    in_step(&home);
    home.zskills(&["remove", "bета", "betta"]).expect(1).says(&["did you mean `beta`"]);
    home.zskills(&["remove"]).expect(1).says(&["-i"]);
    home.zskills(&["remove", "-i"]).expect(1).says(&["terminal"]);
}

#[test]
fn what_somebody_else_installed_goes_when_it_is_named() {
    let home = with_unmanaged(Sandbox::new());
    home.zskills(&["remove", "gamma"]).expect(0);
    assert_eq!(home.record("gamma@other"), json!(null));
    assert!(!home.known("other").is_null(), "its marketplace was not named");
}

#[test]
fn what_another_plugin_needs_stays_and_is_named() {
    let home = Sandbox::new()
        .manifest(&(declares("acme/tools") + &plugin("lead", "") + &plugin("alpha", "")));
    home.marketplace("tools").plugin("alpha", "1.0.0").dependent("lead", &["alpha"]).commit();
    home.synced();
    home.zskills(&["remove", "alpha"]).expect(1).says(&["lead@tools", "depends"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_purge_takes_the_bytes_too_but_only_when_it_is_meant() {
    let home = with_tools();
    home.zskills(&["install", "alpha", "beta"]).expect(0);
    home.zskills(&["purge", "alpha"]).expect(1).says(&["--yes"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    home.zskills(&["purge", "alpha", "--yes"]).expect(0);
    assert!(!home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0"));
    assert!(home.exists("~/.claude/plugins/cache/tools/beta/2.0.0"));
    assert_eq!(home.record("alpha@tools"), json!(null));
    in_step(&home);
}

#[test]
fn a_purge_never_reaches_out_of_the_cache() {
    let home = with_unmanaged(Sandbox::new());
    home.zskills(&["purge", "gamma", "--yes"]).expect(0);
    assert!(home.exists("~/other/plugins/gamma"), "the marketplace's own folder stays");
    assert!(!home.exists("~/.claude/plugins/cache/other/gamma/3.0.0"));
}

#[test]
fn a_switch_moves_in_the_manifest_and_the_client() {
    let home = with_tools();
    home.zskills(&["install", "alpha"]).expect(0);
    home.zskills(&["disable", "alpha"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(false));
    assert!(home.read(MANIFEST).contains("enabled = false"));
    in_step(&home);
    home.zskills(&["enable", "alpha@tools"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(!home.read(MANIFEST).contains("enabled"));
    in_step(&home);
    home.zskills(&["disable", "alpha", "--no-save"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(false));
    assert!(!home.read(MANIFEST).contains("enabled"));
    home.zskills(&["enable", "alhpa"]).expect(1).says(&["did you mean `alpha`"]);
}

#[test]
fn switching_off_what_is_not_in_the_manifest_writes_it_there() {
    let home = with_unmanaged(Sandbox::new());
    home.zskills(&["disable", "gamma"]).expect(0);
    assert_eq!(home.enabled("gamma@other"), Some(false));
    in_step(&home);
}

#[test]
fn a_manifest_that_is_gone_is_not_begun_anew() {
    let home = with_tools();
    home.zskills(&["install", "alpha"]).expect(0);
    home.remove(MANIFEST);
    home.zskills(&["install", "beta@tools"]).expect(1).says(&["is gone", "bring it back"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn every_verb_prints_one_document() {
    let home = with_tools();
    let document = home.zskills(&["install", "alpha", "--json"]).document("install");
    assert_eq!((&document["applied"], &document["exit"]), (&json!(true), &json!(0)));
    home.zskills(&["disable", "alpha", "--json"]).document("disable");
    home.zskills(&["enable", "alpha", "--json"]).document("enable");
    home.zskills(&["remove", "alpha", "--json"]).document("remove");
    home.zskills(&["purge", "alpha", "--json", "--yes"]).document("purge");
}

#[test]
fn a_verb_ends_by_what_was_named_and_only_mentions_the_rest() {
    let home = with_tools();
    let rest = "\n[[skills]]\nname = \"nowhere\"\nmarketplace = \"tools\"\n\n\
                [[agent_skills]]\nsource = \"acme/nothing\"\n";
    let manifest = "~/.config/zskills/skills.toml";
    home.write(manifest, home.read(manifest) + rest);
    let beside = &["nowhere@tools", "acme/nothing", "not asked for now"];
    home.zskills(&["sync"]).expect(1).is_silent_about(&["not asked for"]);
    home.zskills(&["install", "alpha"]).expect(0).says(beside);
    home.zskills(&["disable", "alpha"]).expect(0).says(beside);
    home.zskills(&["enable", "alpha"]).expect(0).says(beside);
    home.zskills(&["upgrade", "alpha"]).expect(0).says(beside);
    home.zskills(&["update", "tools"]).expect(0).says(beside);
    home.zskills(&["remove", "alpha"]).expect(0).says(beside);
    home.zskills(&["install", "alpha", "alhpa"]).expect(1).says(beside);
    home.zskills(&["upgrade", "nowhere"]).expect(1);
    home.zskills(&["upgrade"]).expect(1).is_silent_about(&["not asked for"]);
    let repo = home.repo("acme/kit");
    repo.write("skills/pdf/SKILL.md", "---\nname: pdf\ndescription: Does it.\n---\n\nWell.\n");
    repo.commit();
    home.zskills(&["install", "acme/kit"]).expect(0).says(beside);
    home.zskills(&["upgrade", "pdf"]).expect(0).says(beside);
    home.zskills(&["remove", "pdf"]).expect(0).says(beside);
    let rival = home.repo("acme/rival");
    rival.write("skills/pdf/SKILL.md", "---\nname: pdf\ndescription: Other.\n---\n\nWell.\n");
    rival.commit();
    home.zskills(&["install", "acme/kit"]).expect(0);
    home.zskills(&["install", "acme/rival"]).expect(1).says(&["is wanted by two entries"]);
}
