//! marketplace add, remove, list and update; upgrade and outdated.

use serde_json::{Value, json};

use crate::http::{HttpServer, Mood};
use crate::repo::{Marketplace, Repo};
use crate::sandbox::{Sandbox, changes};
use crate::verbs_install::{in_step, with_tools};
use crate::{declares, plugin, tools, with_unmanaged};

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const CLONE: &str = "~/.claude/plugins/marketplaces/tools";

#[test]
fn a_marketplace_is_added_under_the_name_in_its_catalog() {
    let home = Sandbox::new();
    let head = tools(&home).head();
    home.zskills(&["marketplace", "add", "acme/tools"]).expect(0);
    assert_eq!(home.known("tools")["source"], json!({ "source": "github", "repo": "acme/tools" }));
    let manifest = home.read(MANIFEST);
    assert!(manifest.contains("name = \"tools\"\nsource = \"acme/tools\""), "{manifest}");
    assert!(home.read("~/.config/zskills/skills.lock").contains(&head));
    in_step(&home);
    let clones = |home: &Sandbox| home.processes().iter().filter(|l| l.contains(" clone ")).count();
    home.zskills(&["marketplace", "add", "acme/tools"]).expect(0).says(&["up to date"]);
    assert!(clones(&home) <= 1);
}

#[test]
fn a_local_marketplace_is_written_without_paths_of_this_machine() {
    let home = Sandbox::new().cwd("~/work");
    home.local_marketplace("~/work/market", "tools").plugin("alpha", "1.0.0").folder();
    home.zskills(&["marketplace", "add", "./market"]).expect(0);
    assert!(home.read(MANIFEST).contains("source = \"~/work/market\""));
    in_step(&home);
}

#[test]
fn the_same_name_from_another_source_is_refused_with_both() {
    let home = with_tools();
    Marketplace::new(home.repo("evil/tools"), "tools").plugin("alpha", "6.6.6").commit();
    let before = home.subtree("~/.claude");
    home.zskills(&["marketplace", "add", "evil/tools"])
        .expect(4)
        .says(&["acme/tools", "evil/tools"]);
    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0]);
    let home = with_unmanaged(Sandbox::new());
    Marketplace::new(home.repo("evil/other"), "other").plugin("gamma", "6.6.6").commit();
    home.zskills(&["marketplace", "add", "evil/other"]).expect(4).says(&["evil/other"]);
}

#[test]
fn names_that_the_client_keeps_are_for_anthropic_alone() {
    let home = Sandbox::new();
    Marketplace::new(home.repo("acme/skills"), "anthropic-agent-skills").commit();
    home.zskills(&["marketplace", "add", "acme/skills"]).expect(4).says(&["anthropic"]);
    assert!(home.known("anthropic-agent-skills").is_null());
    Marketplace::new(home.repo("anthropics/skills"), "anthropic-agent-skills").commit();
    home.zskills(&["marketplace", "add", "anthropics/skills"]).expect(0);
    assert!(!home.known("anthropic-agent-skills").is_null());
}

#[test]
fn what_is_no_source_or_has_no_catalog_is_named() {
    let home = Sandbox::new();
    home.repo("acme/empty").plugin("alpha", None);
    home.zskills(&["marketplace", "add", "acme/empty", "ext::sh", "acme/gone"]).expect(1).says(&[
        "marketplace.json",
        "ext::sh",
        "acme/gone",
    ]);
    assert!(!home.exists(MANIFEST));
}

#[test]
fn the_recommended_ones_come_together() {
    let home = Sandbox::new();
    for (repo, name) in [
        ("anthropics/skills", "anthropic-agent-skills"),
        ("anthropics/claude-code", "claude-code-plugins"),
        ("anthropics/claude-plugins-official", "claude-plugins-official"),
    ] {
        Marketplace::new(home.repo(repo), name).commit();
    }
    home.zskills(&["marketplace", "add-recommended"]).expect(0);
    assert!(!home.known("claude-plugins-official").is_null());
    in_step(&home);
}

#[test]
fn a_marketplace_in_use_goes_with_its_plugins_or_not_at_all() {
    let home = with_tools();
    home.zskills(&["install", "alpha"]).expect(0);
    home.zskills(&["marketplace", "remove", "tools"]).expect(1).says(&["alpha@tools", "--yes"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    home.zskills(&["marketplace", "remove", "tools", "--yes"]).expect(0);
    assert!(home.known("tools").is_null() && home.record("alpha@tools").is_null());
    assert!(!home.read(MANIFEST).contains("tools"));
    in_step(&home);
    home.zskills(&["marketplace", "remove", "tolls"]).expect(1).says(&["tolls"]);
}

#[test]
fn a_marketplace_that_nobody_uses_goes_without_a_question() {
    let home = with_tools();
    home.zskills(&["marketplace", "remove", "tools"]).expect(0);
    assert!(home.known("tools").is_null());
    in_step(&home);
}

#[test]
fn the_list_is_the_clients_registry_and_more() {
    let home = Sandbox::new().manifest(&(declares("acme/tools") + "pin = \"v1\"\n"));
    let repo = tools(&home);
    repo.tag("v1");
    let head = repo.head();
    home.synced();
    let document = home.zskills(&["marketplace", "list", "--json"]).json();
    let entry = &document["tools"];
    assert_eq!(entry["source"], home.known("tools")["source"]);
    assert_eq!(entry["installLocation"], CLONE);
    assert_eq!((&entry["zskillsPin"], &entry["commit"]), (&json!("v1"), &json!(head)));
    assert_eq!((&entry["plugins"], &entry["reachable"]), (&json!(2), &json!(null)));
    home.zskills(&["marketplace", "list"]).expect(0).says(&["pinned to v1", "2 plugins"]);
    home.processes();
    home.zskills(&["marketplace", "list"]).expect(0);
    assert_eq!(home.processes(), [""; 0], "a list asks nobody");
    let document = home.zskills(&["marketplace", "list", "--json", "--online"]);
    assert_eq!(document.json()["tools"]["reachable"], true);
}

#[test]
fn an_update_moves_the_marketplace_and_leaves_the_plugins() {
    let home = Sandbox::new().manifest(&(declares("acme/tools") + &plugin("alpha", "")));
    let repo = tools(&home);
    home.synced();
    let head = repo.release("alpha", "2.0.0");
    home.processes();
    home.zskills(&["update"]).expect(0);
    assert_eq!(home.git(&home.path(CLONE), &["rev-parse", "HEAD"]), head);
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    assert!(!home.processes().iter().any(|line| line.contains(" pull ")));
    in_step(&home);
    home.zskills(&["update", "tolls"]).expect(1).says(&["did you mean `tools`"]);
}

#[test]
fn an_update_of_what_did_not_move_asks_once_and_fetches_nothing() {
    let home = with_tools();
    home.processes();
    home.zskills(&["marketplace", "update", "tools"]).expect(0).says(&["up to date"]);
    let processes = home.processes();
    assert_eq!(processes.len(), 1, "{processes:#?}");
    assert!(processes[0].contains("ls-remote"));
}

#[test]
fn a_marketplace_that_only_the_client_knows_is_refreshed_but_not_taken_over() {
    let home = with_tools();
    home.remove(MANIFEST);
    home.remove("~/.config/zskills/skills.lock");
    home.remove("~/.local/state/zskills/ledger.json");
    let head = Repo::new(&home, home.remotes().join("acme/tools.git")).release("alpha", "2.0.0");
    home.zskills(&["update"]).expect(0);
    assert_eq!(home.git(&home.path(CLONE), &["rev-parse", "HEAD"]), head);
    assert!(!home.exists(MANIFEST) && !home.exists("~/.config/zskills/skills.lock"));
}

#[test]
fn a_pinned_marketplace_is_put_back_to_its_pin_and_never_floats() {
    let home = Sandbox::new()
        .manifest(&(declares("acme/tools") + "pin = \"v1\"\n" + &plugin("alpha", "")));
    let repo = tools(&home);
    let pinned = repo.tag("v1").head();
    home.synced();
    let moved = repo.release("alpha", "2.0.0");
    home.git(&home.path(CLONE), &["fetch", "--quiet", "--depth=1", "origin", &moved]);
    home.git(&home.path(CLONE), &["checkout", "--quiet", &moved]);
    home.zskills(&["upgrade"]).expect(0);
    assert_eq!(home.git(&home.path(CLONE), &["rev-parse", "HEAD"]), pinned);
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    repo.tag("v1");
    home.zskills(&["update"]).expect(4).says(&["pin `v1`", &moved[..12], &pinned[..12]]);
    assert_eq!(home.git(&home.path(CLONE), &["rev-parse", "HEAD"]), pinned);
    repo.git(&["tag", "-d", "v1"]);
    home.zskills(&["update"]).expect(1).says(&["no branch or tag `v1`"]);
}

#[test]
fn an_upgrade_moves_marketplace_plugin_and_lock() {
    let home = Sandbox::new()
        .manifest(&(declares("acme/tools") + &plugin("alpha", "") + &plugin("beta", "")));
    let repo = tools(&home);
    home.synced();
    let head = repo.release("alpha", "1.1.0");
    repo.release("beta", "2.1.0");
    let run = home.zskills(&["outdated"]);
    run.expect(0).says(&["1.0.0", "1.1.0", "2.1.0"]);
    home.zskills(&["outdated", "--check"]).expect(3);
    home.zskills(&["upgrade", "--dry-run"]).expect(0).says(&["1.0.0 → 1.1.0"]);
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    home.zskills(&["upgrade", "alpha"]).expect(0);
    assert_eq!(home.record("alpha@tools")["version"], "1.1.0");
    assert_eq!(home.record("beta@tools")["version"], "2.0.0");
    assert_ne!(home.record("alpha@tools")["gitCommitSha"], json!(null), "{head}");
    in_step(&home);
    home.zskills(&["upgrade"]).expect(0);
    assert_eq!(home.record("beta@tools")["version"], "2.1.0");
    in_step(&home);
    home.zskills(&["outdated", "--check"]).expect(0).says(&["newest"]);
    home.zskills(&["upgrade", "alhpa"]).expect(1).says(&["did you mean `alpha`"]);
}

#[test]
fn new_content_under_the_same_version_is_named_and_installed() {
    let home = Sandbox::new().manifest(&(declares("acme/tools") + &plugin("alpha", "")));
    let repo = tools(&home);
    home.synced();
    repo.write("plugins/alpha/NEW.md", "new").commit();
    let document = home.zskills(&["outdated", "--json"]).document("outdated");
    assert_eq!(document["outdated"][0]["what"], "same-version");
    home.zskills(&["outdated"]).says(&["same version, new content"]);
    home.zskills(&["upgrade"]).expect(0).says(&["same version, new content"]);
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0/NEW.md"));
    in_step(&home);
}

#[test]
fn a_plugin_of_its_own_repository_moves_by_itself() {
    let home = Sandbox::new().manifest(&(declares("acme/tools") + &plugin("solo", "")));
    let solo = home.repo("acme/solo");
    solo.plugin("solo", Some("1.0.0"));
    let url = "https://github.com/acme/solo.git";
    home.marketplace("tools")
        .entry(json!({ "name": "solo", "source": { "source": "url", "url": url } }))
        .commit();
    home.synced();
    home.processes();
    home.zskills(&["upgrade"]).expect(0).says(&["up to date"]);
    let asked = home.processes();
    assert!(asked.len() == 2 && asked.iter().all(|l| l.contains("ls-remote")), "{asked:#?}");
    solo.plugin("solo", Some("1.2.0"));
    home.zskills(&["upgrade", "solo"]).expect(0);
    assert_eq!(home.record("solo@tools")["version"], "1.2.0");
    in_step(&home);
}

#[test]
fn a_delisted_plugin_is_reported_and_goes_with_prune() {
    let home = Sandbox::new()
        .manifest(&(declares("acme/tools") + &plugin("alpha", "") + &plugin("beta", "")));
    let repo = tools(&home);
    home.synced();
    repo.edit_catalog(|catalog| {
        catalog["plugins"].as_array_mut().unwrap().remove(0);
    });
    repo.commit();
    home.zskills(&["outdated"]).expect(0).says(&["no longer listed"]);
    home.zskills(&["upgrade"]).expect(1).says(&["alpha"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    home.zskills(&["upgrade", "--prune"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), None);
    assert!(!home.read(MANIFEST).contains("alpha"));
    in_step(&home);
}

#[test]
fn a_renamed_plugin_is_reported_with_its_new_name() {
    let home = Sandbox::new().manifest(&(declares("acme/tools") + &plugin("alpha", "")));
    let repo = tools(&home);
    home.synced();
    repo.edit_catalog(|catalog| {
        catalog["plugins"][0]["name"] = json!("omega");
        catalog["renames"] = json!({ "alpha": "omega" });
    });
    repo.commit();
    home.zskills(&["outdated"]).says(&["renamed to omega"]);
    let document = home.zskills(&["outdated", "--json"]).document("outdated");
    assert_eq!(document["outdated"][0]["available"]["renamed_to"], "omega");
}

#[test]
fn a_server_in_trouble_leaves_the_last_good_copy_and_says_which() {
    let home = Sandbox::new();
    let repo = tools(&home);
    let good = repo.head();
    let server = HttpServer::start(&home.remotes());
    let url = server.url("acme/tools.git");
    home.zskills(&["marketplace", "add", &url]).expect(0);
    home.zskills(&["install", "alpha"]).expect(0);
    repo.release("alpha", "2.0.0");
    for (status, word) in
        [(401, "credential helper"), (404, "revoked, expired or moved"), (429, "429"), (500, "500")]
    {
        server.set(Mood::Status(status));
        home.zskills(&["upgrade"]).expect(1).says(&["stays", &good[..12], word]);
        assert_eq!(home.git(&home.path(CLONE), &["rev-parse", "HEAD"]), good);
        assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    }
    server.set(Mood::Well);
    home.zskills(&["upgrade"]).expect(0);
    assert_eq!(home.record("alpha@tools")["version"], "2.0.0");
    in_step(&home);
}

#[test]
fn a_history_that_shares_nothing_with_the_last_is_taken_over() {
    let home = Sandbox::new();
    let repo = tools(&home);
    let server = HttpServer::start(&home.remotes());
    home.zskills(&["marketplace", "add", &server.url("acme/tools.git")]).expect(0);
    home.zskills(&["install", "alpha"]).expect(0);
    for version in ["2.0.0", "3.0.0"] {
        repo.release("alpha", version);
        let head = repo.rewrite();
        home.zskills(&["upgrade"]).expect(0).says(&["history rewritten", "no longer part of it"]);
        assert_eq!(home.git(&home.path(CLONE), &["rev-parse", "HEAD"]), head);
        assert_eq!(home.record("alpha@tools")["version"], version);
        in_step(&home);
    }
}

#[test]
fn a_catalog_behind_an_address_is_refreshed_or_stays() {
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    home.repo("acme/solo").plugin("solo", Some("1.0.0"));
    let entry = |name: &str| json!({ "name": name, "source": { "source": "url", "url": server.url("acme/solo.git") } });
    let web = Repo::new(&home, home.remotes().join("web"));
    Marketplace::new(web.clone(), "tools").entry(entry("solo")).folder();
    let url = server.url("web/.claude-plugin/marketplace.json");
    home.zskills(&["marketplace", "add", &url]).expect(0);
    home.zskills(&["install", "solo"]).expect(0);
    web.edit_catalog(|catalog| catalog["plugins"].as_array_mut().unwrap().push(entry("more")));
    server.set(Mood::Status(503));
    home.zskills(&["update"]).expect(1).says(&["stays", "503"]);
    server.set(Mood::Well);
    home.zskills(&["update"]).expect(0);
    let catalog: Value = home.json(CLONE);
    assert_eq!(catalog["plugins"].as_array().unwrap().len(), 2);
    in_step(&home);
}
