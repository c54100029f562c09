//! The main job: what the manifest asks for is there, and only that is touched.

use serde_json::json;

use crate::sandbox::{Sandbox, changes};
use crate::{declares, plugin, tools, wants};

#[test]
fn a_fresh_home_gets_bytes_inventory_and_activation() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let tools = tools(&home);

    home.synced().says(&["skills.toml", "alpha@tools"]);

    let clone = "~/.claude/plugins/marketplaces/tools";
    let cache = "~/.claude/plugins/cache/tools/alpha/1.0.0";
    let known = home.known("tools");
    assert_eq!(known["source"], json!({ "source": "github", "repo": "acme/tools" }));
    assert_eq!(known["installLocation"], home.path(clone).to_str().unwrap());
    assert!(known["lastUpdated"].is_string());
    let record = home.record("alpha@tools");
    assert_eq!(record["scope"], "user");
    assert_eq!(record["version"], "1.0.0");
    assert_eq!(record["installPath"], home.path(cache).to_str().unwrap());
    assert_eq!(record["gitCommitSha"], tools.head());
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(home.exists(&format!("{cache}/skills/alpha/SKILL.md")));
    assert!(!home.exists(&format!("{cache}/.git")));
    assert_eq!(home.git(&home.path(clone), &["rev-parse", "HEAD"]), tools.head());
    assert_eq!(home.record("beta@tools"), json!(null));
}

#[test]
fn files_that_we_create_have_the_shape_the_client_gives_them() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();

    insta::assert_snapshot!(home.redacted("~/.claude/settings.json"), @r#"
    {
      "enabledPlugins": {
        "alpha@tools": true
      },
      "extraKnownMarketplaces": {
        "tools": {
          "source": {
            "source": "github",
            "repo": "acme/tools"
          }
        }
      }
    }
    "#);
    insta::assert_snapshot!(home.redacted("~/.claude/plugins/known_marketplaces.json"), @r#"
    {
      "tools": {
        "source": {
          "source": "github",
          "repo": "acme/tools"
        },
        "installLocation": "~/.claude/plugins/marketplaces/tools",
        "lastUpdated": "@TIME@"
      }
    }
    "#);
    insta::assert_snapshot!(home.redacted("~/.claude/plugins/installed_plugins.json"), @r#"
    {
      "version": 2,
      "plugins": {
        "alpha@tools": [
          {
            "scope": "user",
            "installPath": "~/.claude/plugins/cache/tools/alpha/1.0.0",
            "version": "1.0.0",
            "installedAt": "@TIME@",
            "lastUpdated": "@TIME@",
            "gitCommitSha": "@COMMIT@"
          }
        ]
      }
    }
    "#);
    assert!(home.read("~/.claude/settings.json").ends_with("}\n"));
    assert!(home.read("~/.claude/plugins/known_marketplaces.json").ends_with('}'));
    assert!(home.read("~/.claude/plugins/installed_plugins.json").ends_with('}'));
}

#[test]
fn a_second_sync_changes_nothing_and_starts_no_process() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    let (tree, stamps) = (home.tree(), home.stamps());
    home.processes();

    home.zskills(&["sync"]).expect(0);

    assert_eq!(home.processes(), [""; 0]);
    assert_eq!(changes(&tree, &home.tree()), [""; 0]);
    assert_eq!(changes(&stamps, &home.stamps()), [""; 0], "a file was written again");
}

#[test]
fn a_second_sync_opens_no_connection() {
    let home = Sandbox::new();
    let server = crate::http::HttpServer::start(&home.remotes());
    let url = server.url("acme/tools.git");
    let home = home.manifest(&(declares(&url) + &plugin("alpha", "")));
    tools(&home);
    home.synced();
    let before = server.requests();

    home.synced();

    assert_eq!(server.requests(), before);
}

#[test]
fn the_client_itself_is_never_called() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    let claude: Vec<_> =
        home.processes().into_iter().filter(|line| line.starts_with("claude")).collect();
    assert_eq!(claude, [""; 0]);
}

#[test]
fn a_dry_run_shows_the_plan_and_leaves_the_client_and_the_lock_alone() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.zskills(&["sync", "--dry-run"]).expect(0).says(&["alpha@tools"]);
    assert!(!home.exists("~/.claude"));
    assert!(!home.exists("~/.config/zskills/skills.lock"));
    assert!(!home.exists("~/.local/state/zskills"));
}

#[test]
fn check_ends_with_3_while_changes_are_pending_and_with_0_after() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.zskills(&["sync", "--check"]).expect(3).says(&["alpha@tools"]);
    assert!(!home.exists("~/.claude"));
    home.synced();
    home.zskills(&["sync", "--check"]).expect(0);
}

#[test]
fn json_is_one_document_on_stdout() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    let dry = home.zskills(&["sync", "--dry-run", "--json"]).expect(0).document("sync");
    assert!(dry.to_string().contains("alpha@tools"), "{dry}");
    home.zskills(&["sync", "--json"]).expect(0).document("sync");
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    home.zskills(&["sync", "--json"]).expect(0).document("sync");
}

#[test]
fn one_unmet_wish_does_not_hold_back_the_rest_and_is_never_a_success() {
    let home = Sandbox::new().manifest(&wants(&["alhpa", "beta"]));
    tools(&home);

    let run = home.zskills(&["sync"]);

    run.expect(1).says(&["alhpa@tools", "did you mean `alpha", "hint"]);
    run.is_silent_about(&["up to date", "in sync", "nothing to do", "✓"]);
    assert_eq!(home.enabled("beta@tools"), Some(true));
    assert_eq!(home.record("beta@tools")["version"], "2.0.0");
    assert_eq!(home.enabled("alhpa@tools"), None);
    home.zskills(&["sync"]).expect(1).says(&["alhpa@tools"]);
}

#[test]
fn a_marketplace_that_cannot_be_had_does_not_hold_back_another() {
    let gone = "\n[[marketplaces]]\nname = \"gone\"\nsource = \"acme/gone\"\n\n[[skills]]\nname = \"x@gone\"\n";
    let home = Sandbox::new().manifest(&(wants(&["alpha"]) + gone));
    tools(&home);
    // git's own words come along.
    home.zskills(&["sync"]).expect(1).says(&["gone", "fatal: "]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.known("gone"), json!(null));
}

#[test]
fn a_version_requirement_that_is_not_met_is_an_unmet_wish() {
    let text = declares("acme/tools") + &plugin("alpha", "version = \"^2\"");
    let home = Sandbox::new().manifest(&(text + &plugin("beta", "version = \"^2\"")));
    tools(&home);
    home.zskills(&["sync"]).expect(1).says(&["alpha@tools", "1.0.0", "^2"]);
    assert_eq!(home.enabled("beta@tools"), Some(true));
}

#[test]
fn a_plugin_can_be_wanted_but_switched_off() {
    let home = Sandbox::new();
    let home = home.manifest(&(declares("acme/tools") + &plugin("alpha", "enabled = false")));
    tools(&home);
    home.synced();
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    assert_eq!(home.enabled("alpha@tools"), Some(false));
}

#[test]
fn the_manifest_wins_over_a_switch_turned_by_hand() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    let settings = home.read("~/.claude/settings.json");
    let off = settings.replace("\"alpha@tools\": true", "\"alpha@tools\": false");
    home.write("~/.claude/settings.json", off);
    home.zskills(&["sync", "--check"]).expect(3).says(&["alpha@tools"]);
    home.synced();
    assert_eq!(home.read("~/.claude/settings.json"), settings);
}

#[test]
fn dependencies_come_along_as_automatic_and_go_with_the_last_that_needs_them() {
    let home = Sandbox::new().manifest(&wants(&["needs"]));
    home.marketplace("tools").plugin("alpha", "1.0.0").dependent("needs", &["alpha"]).commit();
    home.synced();
    assert_eq!(home.record("alpha@tools")["auto"], true);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.record("needs@tools")["auto"], json!(null));

    home.write("~/.config/zskills/skills.toml", declares("acme/tools"));
    home.synced();
    assert_ne!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.record("alpha@tools"), json!(null));
}

#[test]
fn a_dependency_that_is_also_wanted_is_not_automatic() {
    let home = Sandbox::new().manifest(&wants(&["needs", "alpha"]));
    home.marketplace("tools").plugin("alpha", "1.0.0").dependent("needs", &["alpha"]).commit();
    home.synced();
    assert_ne!(home.record("alpha@tools")["auto"], true);
}

#[test]
fn a_missing_dependency_leaves_the_plugin_unmet() {
    let home = Sandbox::new().manifest(&wants(&["needs"]));
    home.marketplace("tools").dependent("needs", &["nowhere"]).commit();
    home.zskills(&["sync"]).expect(1).says(&["needs@tools", "nowhere"]);
}

#[test]
fn a_renamed_plugin_is_an_unmet_wish_with_its_new_name() {
    let home = Sandbox::new().manifest(&wants(&["old"]));
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .set("renames", json!({ "old": "alpha" }))
        .commit();
    home.zskills(&["sync"]).expect(1).says(&["old@tools", "renamed", "`alpha`"]);
    assert_eq!(home.enabled("alpha@tools"), None);
    assert_eq!(home.enabled("old@tools"), None);
}

#[test]
fn one_malformed_entry_is_a_note_and_the_others_work() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.marketplace("tools")
        .entry(json!(5))
        .entry(json!({ "source": "./nameless" }))
        .entry(json!({ "name": "../escape", "source": "./x" }))
        .entry(json!({ "name": "odd", "source": { "source": "teleport" } }))
        .plugin("alpha", "1.0.0")
        .commit();
    home.synced();
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_pipe_gets_no_progress_and_no_escapes() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    let run = home.zskills(&["sync"]);
    assert!(!run.text().contains(['\r', '\u{1b}']), "{run}");
}

#[test]
fn the_example_manifest_works_without_a_network() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/skills.example.toml");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let home = Sandbox::new();
    home.write("~/try/skills.example.toml", std::fs::read(manifest).unwrap());
    home.link("~/try/fixtures", fixtures);

    home.zskills(&["sync", "--file", "~/try/skills.example.toml"]).expect(0);

    for id in ["commit-craft@workshop", "field-notes@workshop", "watering@garden"] {
        assert_eq!(home.enabled(id), Some(true), "{id}");
    }
    assert_eq!(home.enabled("guard-rails@workshop"), Some(false));
    assert_eq!(home.record("weeding@garden")["version"], "unknown");
}
