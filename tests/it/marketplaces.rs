//! Where marketplaces come from, and how they are held.

use serde_json::{Value, json};

use crate::http::HttpServer;
use crate::sandbox::{Sandbox, changes};
use crate::{declares, plugin, tools, wants};

/// Syncs `alpha` from a source, twice, and returns the source as the client's registry has it.
#[track_caller]
fn registered(home: Sandbox, source: &str) -> Value {
    let home = home.manifest(&(declares(source) + &plugin("alpha", "")));
    home.synced();
    assert_eq!(home.enabled("alpha@tools"), Some(true), "{source}");
    let tree = home.tree();
    home.processes();
    home.synced();
    assert_eq!(changes(&tree, &home.tree()), [""; 0], "{source}");
    assert_eq!(home.processes(), [""; 0], "{source}");
    home.known("tools")["source"].clone()
}

/// A home with the marketplace, `alpha` 1.0.0 at the tag `v1` and 2.0.0 at the head.
fn released() -> Sandbox {
    let home = Sandbox::new();
    tools(&home).tag("v1").release("alpha", "2.0.0");
    home
}

#[test]
fn an_owner_and_a_name_mean_github() {
    let source = registered(released(), "acme/tools");
    assert_eq!(source, json!({ "source": "github", "repo": "acme/tools" }));
    let source = registered(released(), "acme/tools@v1");
    assert_eq!(source, json!({ "source": "github", "repo": "acme/tools", "ref": "v1" }));
}

#[test]
fn web_addresses_of_repositories_are_understood() {
    for address in [
        "https://github.com/acme/tools",
        "https://github.com/acme/tools.git",
        "https://github.com/acme/tools/",
    ] {
        assert_eq!(registered(released(), address)["ref"], json!(null), "{address}");
    }
    let source = registered(released(), "https://github.com/acme/tools/tree/v1");
    assert_eq!(source["ref"], "v1");
}

#[test]
fn git_addresses_are_understood() {
    let source = registered(released(), "git@github.com:acme/tools.git");
    assert_ne!(source["source"], "url");
    let home = released();
    let server = HttpServer::start(&home.remotes());
    let url = server.url("acme/tools.git");
    let source = registered(home, &format!("{url}#v1"));
    assert_eq!(source, json!({ "source": "git", "url": url, "ref": "v1" }));
    let home = released();
    let url = format!("file://{}/acme/tools.git", home.remotes().display());
    assert_eq!(registered(home, &url), json!({ "source": "git", "url": url }));
}

#[test]
fn a_reference_in_the_source_decides_the_version() {
    let home = released().manifest(&(declares("acme/tools@v1") + &plugin("alpha", "")));
    home.synced();
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
}

#[test]
fn a_folder_is_registered_in_place() {
    let home = Sandbox::new();
    home.local_marketplace("~/market", "tools").plugin("alpha", "1.0.0").folder();
    let path = home.path("~/market");
    let home = home.manifest(&(declares("~/market") + &plugin("alpha", "")));
    home.synced();
    let known = home.known("tools");
    assert_eq!(known["source"], json!({ "source": "directory", "path": path }));
    assert_eq!(known["installLocation"], path.to_str().unwrap());
    assert!(!home.exists("~/.claude/plugins/marketplaces/tools"));
    assert_eq!(home.record("alpha@tools")["gitCommitSha"], json!(null));
}

#[test]
fn a_catalog_file_is_registered_with_the_folder_it_describes() {
    let home = Sandbox::new();
    home.local_marketplace("~/market", "tools").plugin("alpha", "1.0.0").folder();
    let file = "~/market/.claude-plugin/marketplace.json";
    let home = home.manifest(&(declares(file) + &plugin("alpha", "")));
    home.synced();
    let known = home.known("tools");
    assert_eq!(known["source"], json!({ "source": "file", "path": home.path(file) }));
    assert_eq!(known["installLocation"], home.path("~/market").to_str().unwrap());
}

#[test]
fn a_catalog_address_is_registered_as_a_file() {
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    home.repo("acme/solo").plugin("solo", Some("1.0.0"));
    let entry = json!({ "name": "solo", "source": { "source": "url", "url": server.url("acme/solo.git") } });
    let web = home.remotes().join("web");
    crate::repo::Marketplace::new(crate::repo::Repo::new(&home, web), "tools")
        .entry(entry)
        .folder();
    let url = server.url("web/.claude-plugin/marketplace.json");
    let home = home.manifest(&(declares(&url) + &plugin("solo", "")));
    home.synced();
    assert_eq!(home.known("tools")["source"], json!({ "source": "url", "url": url }));
    assert!(home.path("~/.claude/plugins/marketplaces/tools").is_file());
    assert_eq!(home.enabled("solo@tools"), Some(true));
}

#[test]
fn a_catalog_address_has_no_folder_for_relative_plugins() {
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    tools(&home);
    let text = std::fs::read(home.remotes().join("acme/tools.git/.claude-plugin/marketplace.json"));
    std::fs::write(home.remotes().join("catalog.json"), text.unwrap()).unwrap();
    let home = home.manifest(&(declares(&server.url("catalog.json")) + &plugin("alpha", "")));
    home.zskills(&["sync"]).expect(1).says(&["alpha@tools", "relative"]);
    assert_ne!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_name_that_differs_from_the_catalog_is_an_error_with_both() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]).replace("acme/tools", "acme/other"));
    home.marketplace("other").plugin("alpha", "1.0.0").commit();
    home.zskills(&["sync"]).expect(1).says(&["`tools`", "`other`"]);
    assert_eq!(home.known("other"), json!(null));
    assert_eq!(home.known("tools"), json!(null));
}

#[test]
fn the_official_marketplace_needs_no_declaration() {
    let name = "claude-plugins-official";
    let home =
        Sandbox::new().manifest(&format!("version = 1\n[[skills]]\nname = \"alpha@{name}\"\n"));
    let repo = home.repo(&format!("anthropics/{name}"));
    crate::repo::Marketplace::new(repo, name).plugin("alpha", "1.0.0").commit();
    home.synced();
    assert_eq!(home.enabled(&format!("alpha@{name}")), Some(true));
    assert_eq!(home.known(name)["source"]["repo"], format!("anthropics/{name}"));
}

#[test]
fn an_undeclared_marketplace_is_an_unmet_wish() {
    let home = Sandbox::new().manifest("version = 1\n[[skills]]\nname = \"alpha@nowhere\"\n");
    home.zskills(&["sync"]).expect(1).says(&["nowhere", "[[marketplaces]]"]);
}

#[test]
fn a_pin_is_a_tag_a_branch_or_a_commit() {
    let home = Sandbox::new();
    let repo = tools(&home);
    let first = repo.tag("v1").head();
    repo.git(&["branch", "stable"]);
    repo.release("alpha", "2.0.0");
    for pin in ["v1", "stable", &first] {
        let there = format!("~/homes/{}", &pin[..2]);
        let text = declares("acme/tools") + &format!("pin = \"{pin}\"\n") + &plugin("alpha", "");
        home.write(&format!("{there}/.config/zskills/skills.toml"), text);
        home.zskills(&["--home", &there, "sync"]).expect(0);
        home.zskills(&["--home", &there, "doctor", "--check"]).expect(0);
        let inventory = home.json(&format!("{there}/.claude/plugins/installed_plugins.json"));
        let record = &inventory["plugins"]["alpha@tools"][0];
        assert_eq!((&record["version"], &record["gitCommitSha"]), (&json!("1.0.0"), &json!(first)));
    }
}

#[test]
fn auto_update_is_written_and_kept() {
    let text = declares("acme/tools") + "auto_update = true\n" + &plugin("alpha", "");
    let home = Sandbox::new().manifest(&text);
    tools(&home);
    home.synced();
    assert_eq!(home.known("tools")["autoUpdate"], true);
}

#[test]
fn a_clone_with_edits_is_reported_and_kept() {
    let home = released().manifest(&(declares("acme/tools@v1") + &plugin("alpha", "")));
    home.synced();
    home.write("~/.claude/plugins/marketplaces/tools/plugins/alpha/mine.md", "mine");
    home.write("~/.config/zskills/skills.toml", wants(&["alpha"]));
    home.zskills(&["sync"]).says(&["tools"]);
    assert!(home.exists("~/.claude/plugins/marketplaces/tools/plugins/alpha/mine.md"));
}

#[test]
fn each_repository_is_fetched_once() {
    let home = Sandbox::new().manifest(&wants(&["one", "two", "alpha"]));
    let mono = home.repo("acme/mono");
    mono.plugin_in("pkgs/one/", "one", None);
    mono.plugin_in("pkgs/two/", "two", None);
    let sub = |name: &str| {
        json!({ "name": name, "source": {
        "source": "git-subdir", "url": "https://github.com/acme/mono.git", "path": format!("pkgs/{name}") } })
    };
    home.marketplace("tools").plugin("alpha", "1.0.0").entry(sub("one")).entry(sub("two")).commit();
    home.synced();
    let processes = home.processes();
    for repo in ["acme/tools", "acme/mono"] {
        let fetches: Vec<_> = processes
            .iter()
            .filter(|line| line.contains(repo))
            .filter(|line| line.contains(" fetch ") || line.contains(" clone "))
            .collect();
        assert!(fetches.len() <= 1, "{fetches:#?}");
    }
}
