//! The sandbox itself, so that a failing scenario means the binary.

use std::ffi::OsStr;

use serde_json::json;

use crate::http::{HttpServer, Mood};
use crate::sandbox::{Sandbox, changes};

#[test]
fn a_repository_answers_under_its_public_address() {
    let home = Sandbox::new();
    let tools = home.marketplace("tools").plugin("alpha", "1.0.0").commit();
    for url in ["https://github.com/acme/tools", "https://github.com/acme/tools.git"] {
        let refs = home.git(&home.home(), &["ls-remote", url, "HEAD"]);
        assert_eq!(refs, format!("{}\tHEAD", tools.head()));
    }
    let tagged = tools.tag("v1").head();
    assert_ne!(tools.release("alpha", "2.0.0"), tagged);
    assert_ne!(tools.rewrite(), tagged);
    assert_eq!(tools.git(&["rev-list", "--count", "main"]), "1");
}

#[test]
fn a_shallow_clone_works_over_http_and_stops_when_told() {
    let home = Sandbox::new();
    home.marketplace("tools").plugin("alpha", "1.0.0").commit();
    let server = HttpServer::start(&home.remotes());
    let url = server.url("acme/tools.git");
    home.git(&home.home(), &["clone", "--quiet", "--depth", "1", &url, "copy"]);
    assert!(home.exists("~/copy/plugins/alpha/skills/alpha/SKILL.md"));
    assert!(!server.requests().is_empty());

    for mood in [Mood::Status(404), Mood::Status(500), Mood::Truncated] {
        server.set(mood);
        let mut ls = home.program(OsStr::new("git"), &["ls-remote", &url]);
        assert_ne!(home.run(&mut ls).code, Some(0), "{mood:?}");
    }
}

#[test]
fn the_processes_that_a_command_starts_are_seen() {
    let home = Sandbox::new();
    let mut git = home.program(OsStr::new("git"), &["version"]);
    home.run(&mut git).expect(0).says(&["git version"]);
    assert_eq!(home.processes(), ["git version"]);
}

#[test]
fn two_trees_differ_in_what_was_added_removed_and_changed() {
    let home = Sandbox::new().file("~/a", "1").file("~/b", "1").file("~/c", "1");
    let before = home.tree();
    home.remove("~/a");
    home.write("~/b", "2");
    home.write("~/d/e", "1");
    home.link("~/f", "a");
    let seen: Vec<_> = changes(&before, &home.tree())
        .iter()
        .map(|l| l[..l.find(':').unwrap_or(l.len())].to_owned())
        .collect();
    assert_eq!(seen, ["- ~/a", "~ ~/b", "+ ~/d", "+ ~/d/e", "+ ~/f"]);
}

#[test]
fn a_catalog_is_written_as_built() {
    let home = Sandbox::new();
    let folder = home
        .local_marketplace("~/market", "local")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "odd", "source": 5 }))
        .set("renames", json!({ "old": "alpha" }))
        .folder();
    folder.edit_catalog(|catalog| catalog["plugins"][0]["version"] = "9".into());
    let catalog = home.json("~/market/.claude-plugin/marketplace.json");
    assert_eq!(catalog["plugins"][0]["version"], "9");
    assert_eq!(catalog["renames"]["old"], "alpha");
}
