//! Where plugins come from, and the version folder that each kind gets.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http::HttpServer;
use crate::repo::{Repo, publish};
use crate::sandbox::{Sandbox, hex, real};
use crate::{declares, plugin, wants};

/// Syncs one entry of a git marketplace and returns the inventory record.
#[track_caller]
fn installed(home: &Sandbox, entry: &Value) -> Value {
    home.marketplace("tools").entry(entry.clone()).commit();
    let name = entry["name"].as_str().unwrap();
    home.write("~/.config/zskills/skills.toml", wants(&[name]));
    home.synced();
    let record = home.record(&format!("{name}@tools"));
    assert_eq!(home.enabled(&format!("{name}@tools")), Some(true));
    let path = record["installPath"].as_str().unwrap().to_owned();
    let version = record["version"].as_str().unwrap();
    assert!(path.ends_with(&format!("cache/tools/{name}/{version}")), "{path}");
    assert!(home.exists(&path), "{path}");
    assert!(!home.exists(&format!("{path}/.git")), "{path}");
    record
}

/// A repository with a plugin in its root, at the tag `v1`, and another commit after it.
fn solo(home: &Sandbox) -> (Repo<'_>, String, String) {
    let repo = home.repo("acme/solo");
    let first = repo.plugin("solo", None);
    repo.tag("v1").write("more", "x");
    let second = repo.commit();
    (repo, first, second)
}

#[test]
fn a_relative_plugin_without_a_version_takes_the_commit_of_its_marketplace() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = home.marketplace("tools").unversioned("alpha").commit();
    home.synced();
    assert_eq!(home.record("alpha@tools")["version"], repo.head()[..12]);
    assert_eq!(home.record("alpha@tools")["gitCommitSha"], repo.head());
}

#[test]
fn a_plugin_of_a_folder_without_a_version_is_unknown() {
    let home = Sandbox::new().manifest(&(declares("~/market") + &plugin("alpha", "")));
    home.local_marketplace("~/market", "tools").unversioned("alpha").folder();
    home.synced();
    assert_eq!(home.record("alpha@tools")["version"], "unknown");
}

#[test]
fn the_version_in_plugin_json_beats_that_of_the_entry() {
    let home = Sandbox::new();
    let repo = home.repo("acme/tools");
    repo.plugin_in("plugins/alpha/", "alpha", Some("1.0.0"));
    let entry = json!({ "name": "alpha", "source": "./plugins/alpha", "version": "9.9.9" });
    assert_eq!(installed(&home, &entry)["version"], "1.0.0");
    let home = Sandbox::new();
    home.repo("acme/tools").plugin_in("plugins/alpha/", "alpha", None);
    assert_eq!(installed(&home, &entry)["version"], "9.9.9");
}

#[test]
fn a_bare_name_is_found_below_the_plugin_root() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.repo("acme/tools").plugin_in("beds/alpha/", "alpha", Some("1.0.0"));
    home.marketplace("tools")
        .set("metadata", json!({ "pluginRoot": "./beds" }))
        .entry(json!({ "name": "alpha", "source": "alpha" }))
        .commit();
    home.synced();
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0/skills/alpha/SKILL.md"));
}

#[test]
fn the_marketplace_itself_can_be_the_plugin() {
    let home = Sandbox::new();
    home.repo("acme/tools").plugin("self", Some("1.0.0"));
    installed(&home, &json!({ "name": "self", "source": "./" }));
}

#[test]
fn a_lax_entry_needs_no_plugin_json() {
    let home = Sandbox::new();
    home.repo("acme/tools").write("loose/skills/x/SKILL.md", "---\nname: x\ndescription: x\n---\n");
    let entry = json!({
        "name": "loose", "source": "./loose", "strict": false, "version": "0.2.0",
        "skills": ["./skills/x"], "commands": [], "hooks": {}, "mcpServers": {}
    });
    assert_eq!(installed(&home, &entry)["version"], "0.2.0");
}

#[test]
fn a_repository_of_its_own_gives_its_commit_as_version() {
    for source in [
        json!({ "source": "url", "url": "https://github.com/acme/solo.git" }),
        json!({ "source": "github", "repo": "acme/solo" }),
    ] {
        let home = Sandbox::new();
        let (_, _, head) = solo(&home);
        let record = installed(&home, &json!({ "name": "solo", "source": source }));
        assert_eq!(record["version"], head[..12]);
        assert_eq!(record["gitCommitSha"], head);
    }
}

#[test]
fn a_reference_holds_a_plugin_and_a_commit_beats_it() {
    let home = Sandbox::new();
    let (_, first, second) = solo(&home);
    for (more, expected) in [
        (json!({ "ref": "v1" }), &first),
        (json!({ "ref": "main" }), &second),
        (json!({ "sha": first }), &first),
        (json!({ "ref": "main", "sha": first }), &first),
    ] {
        let home = Sandbox::new();
        solo(&home);
        let mut source = json!({ "source": "url", "url": "https://github.com/acme/solo.git" });
        source.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let record = installed(&home, &json!({ "name": "solo", "source": source }));
        assert_eq!(record["gitCommitSha"], **expected, "{more}");
    }
}

#[test]
fn a_pin_in_the_manifest_holds_a_plugin() {
    let home = Sandbox::new();
    let (_, first, _) = solo(&home);
    let source = json!({ "source": "github", "repo": "acme/solo" });
    home.marketplace("tools").entry(json!({ "name": "solo", "source": source })).commit();
    let home = home.manifest(&(declares("acme/tools") + &plugin("solo", "pin = \"v1\"")));
    home.synced();
    let (_, again, _) = solo(&Sandbox::new());
    assert_eq!(first, again, "dates are fixed");
    assert_eq!(home.record("solo@tools")["gitCommitSha"], first);
}

#[test]
fn a_folder_of_a_repository_has_its_path_in_the_version() {
    let home = Sandbox::new();
    let mono = home.repo("acme/mono");
    mono.write("big/unrelated", "x");
    let head = mono.plugin_in("pkgs/sub/", "sub", None);
    let source = json!({
        "source": "git-subdir", "url": "https://github.com/acme/mono.git", "path": "pkgs/sub"
    });
    let record = installed(&home, &json!({ "name": "sub", "source": source }));
    let digest = Sha256::digest(b"pkgs/sub");
    assert_eq!(record["version"], format!("{}-{}", &head[..12], hex(&digest[..4])));
    assert!(
        home.exists(&format!("{}/skills/sub/SKILL.md", record["installPath"].as_str().unwrap()))
    );
    assert!(!home.exists(&format!("{}/big", record["installPath"].as_str().unwrap())));
}

#[test]
fn a_package_comes_through_npm() {
    // Without npm on this machine there is nothing to prove here.
    if real("npm").is_none() {
        return;
    }
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    publish(&home, &server);
    let home = home.file("~/.npmrc", &format!("registry={}\n", server.url("")));
    let source = json!({ "source": "npm", "package": "demo-plugin", "version": "^1.0.0" });
    let record = installed(&home, &json!({ "name": "demo", "source": source }));
    assert_eq!(record["version"], "unknown");
    let path = record["installPath"].as_str().unwrap();
    assert!(home.exists(&format!("{path}/skills/demo/SKILL.md")));
}

#[test]
fn without_npm_a_package_is_an_unmet_wish_with_the_reason() {
    let home = Sandbox::new().manifest(&wants(&["demo", "alpha"]));
    let source = json!({ "source": "npm", "package": "demo-plugin" });
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "demo", "source": source }))
        .commit();
    let git = real("git").unwrap();
    home.link("~/bin/git", git.to_str().unwrap());
    let home = home.var("PATH", "~/bin");
    home.zskills(&["sync"]).expect(1).says(&["demo@tools", "npm", "PATH"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_command_is_never_run() {
    let home = Sandbox::new().manifest(&wants(&["made", "alpha"]));
    let marker = home.path("~/was-run");
    let source = json!({ "source": "command", "command": format!("touch {}", marker.display()) });
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "made", "source": source }))
        .commit();
    home.zskills(&["sync"]).expect(1).says(&["made@tools", "command"]);
    assert!(!marker.exists());
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn an_archive_without_encryption_is_refused() {
    let home = Sandbox::new().manifest(&wants(&["zip"]));
    let server = HttpServer::start(&home.remotes());
    let source =
        json!({ "source": "archive", "url": server.url("x.zip"), "sha256": "0".repeat(64) });
    home.marketplace("tools").entry(json!({ "name": "zip", "source": source })).commit();
    let run = home.zskills(&["sync"]);
    assert_ne!(run.code, Some(0), "{run}");
    run.says(&["zip@tools", "https"]);
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn a_relative_path_that_climbs_is_refused() {
    for path in ["../outside", "./../outside", "./plugins/../../outside", "/etc"] {
        let home = Sandbox::new().manifest(&wants(&["out", "alpha"]));
        home.marketplace("tools")
            .plugin("alpha", "1.0.0")
            .entry(json!({ "name": "out", "source": path }))
            .commit();
        let run = home.zskills(&["sync"]);
        assert_ne!(run.code, Some(0), "{path}: {run}");
        assert_ne!(home.enabled("out@tools"), Some(true), "{path}");
        assert_eq!(home.enabled("alpha@tools"), Some(true), "{path}");
    }
}

#[test]
fn a_manifest_that_describes_itself_badly_is_installed_as_by_the_client() {
    let home = Sandbox::new();
    home.local_marketplace("~/tools", "tools").plugin("alpha", "1.0.0").folder();
    let manifest = "~/tools/plugins/alpha/.claude-plugin/plugin.json";
    let mut fields = home.json(manifest);
    fields["repository"] = serde_json::json!({ "type": "git", "url": "https://example.com/alpha" });
    fields["author"] = "Ada".into();
    fields["keywords"] = 5.into();
    home.write(manifest, fields.to_string());
    let home = home.manifest(
        "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"~/tools\"\n\
         [[skills]]\nname = \"alpha@tools\"\n",
    );
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_manifest_at_the_top_of_a_plugin_counts_where_there_is_no_other() {
    let home = Sandbox::new().manifest(
        "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"~/tools\"\n\
         [[skills]]\nname = \"alpha@tools\"\n",
    );
    home.local_marketplace("~/tools", "tools").plugin("alpha", "1.0.0").folder();
    home.remove("~/tools/plugins/alpha/.claude-plugin");
    home.write(
        "~/tools/plugins/alpha/plugin.json",
        "{\"name\": \"alpha\", \"version\": \"9.0.0\"}",
    );
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.record("alpha@tools")["version"], "9.0.0");
}
