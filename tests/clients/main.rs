//! The real Claude Code, which `install.sh` fetches: what we write it lists, what it writes we read.
//! Only local subcommands are run, in homes of their own, against servers on the loopback.

#![expect(clippy::disallowed_methods, reason = "tests read and write their sandbox")]

#[expect(dead_code, reason = "the scenarios use the rest")]
#[path = "../it/http.rs"]
mod http;
#[expect(dead_code, reason = "the scenarios use the rest")]
#[path = "../it/repo.rs"]
mod repo;
#[expect(dead_code, reason = "the scenarios use the rest")]
#[path = "../it/sandbox.rs"]
mod sandbox;

mod catalogs;
mod doctor;
mod loading;
mod names;
mod peer;
mod powers;
mod servers;
mod settings;
mod skills;
mod verbs;

use catalogs::Catalog;
use peer::{check, claude, listed};
use sandbox::Sandbox;

#[test]
fn a_git_marketplace_is_the_same_by_either_hand() {
    check(Catalog::over_http, "user");
}

#[test]
fn a_github_marketplace_is_the_same_by_either_hand() {
    check(Catalog::on_github, "user");
}

#[test]
fn a_folder_marketplace_is_the_same_by_either_hand() {
    check(Catalog::in_a_folder, "user");
}

#[test]
fn a_catalog_file_is_the_same_by_either_hand() {
    check(Catalog::as_a_file, "user");
}

#[test]
fn a_catalog_address_is_the_same_by_either_hand() {
    check(Catalog::behind_an_address, "user");
}

#[test]
fn packages_are_the_same_by_either_hand() {
    check(Catalog::of_packages, "user");
}

#[test]
fn project_scope_is_the_same_by_either_hand() {
    check(Catalog::over_http, "project");
    check(Catalog::in_a_folder, "project");
    check(Catalog::behind_an_address, "project");
}

#[test]
fn local_scope_is_the_same_by_either_hand() {
    check(Catalog::over_http, "local");
    check(Catalog::in_a_folder, "local");
    check(Catalog::behind_an_address, "local");
}

#[test]
fn the_example_manifest_works_in_the_client() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/skills.example.toml");
    let home = Sandbox::new();
    home.write("~/try/skills.example.toml", std::fs::read(manifest).unwrap());
    home.link("~/try/fixtures", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    home.zskills(&["sync", "--file", "~/try/skills.example.toml"]).expect(0);
    let rows = listed(&home, "~");
    assert_eq!(rows.len(), 7, "{rows:#?}");
    for (id, row) in rows {
        assert_eq!(row["enabled"], id != "guard-rails@workshop", "{row}");
        assert!(row["errors"].is_null(), "{row}");
    }
}

#[test]
fn what_was_removed_the_client_no_longer_lists() {
    let home = Sandbox::new();
    let catalog = Catalog::in_a_folder(&home);
    let home = home.manifest(&catalog.manifest("user"));
    home.zskills(&["sync"]).expect(0);
    assert_eq!(listed(&home, "~").len(), catalog.plugins.len() + 1, "and one dependency");
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    home.zskills(&["sync", "--yes"]).expect(0);
    assert!(listed(&home, "~").is_empty());
}

#[test]
fn addresses_are_registered_as_the_client_registers_them() {
    for address in [
        "acme/tools",
        "acme/tools@v1",
        "https://github.com/acme/tools",
        "https://github.com/acme/tools/",
        "https://github.com/acme/tools.git",
        "https://github.com/acme/tools.git#v1",
        "https://gitlab.com/acme/tools",
        "git@github.com:acme/tools.git",
        "git@github.com:acme/tools.git#v1",
    ] {
        let home = Sandbox::new().cwd("~/peer");
        home.marketplace("tools").plugin("alpha", "1.0.0").commit().tag("v1");
        claude(&home, "~/peer", &["plugin", "marketplace", "add", address]).expect(0);
        let known = home.json("~/peer/.claude/plugins/known_marketplaces.json");
        let home = home.manifest(&format!(
            "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"{address}\"\n"
        ));
        home.zskills(&["sync"]).expect(0);
        assert_eq!(home.known("tools")["source"], known["tools"]["source"], "{address}");
    }
}
