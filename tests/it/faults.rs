//! Other programs, full disks and broken downloads: the rest is done, nothing is lost, the next run heals.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::{HttpServer, Mood};
use crate::repo::{Marketplace, Repo};
use crate::sandbox::{Run, Sandbox};
use crate::{declares, plugin, tools, wants};

/// Returns the files of ours that should never outlive a run.
fn leftovers(home: &Sandbox) -> Vec<String> {
    let ours = |path: &String| path.contains(".zskills-") || path.contains("zskills/staging/");
    home.tree().into_keys().filter(ours).collect()
}

#[test]
fn what_a_client_writes_while_a_run_fetches_is_kept() {
    let settings = "{\n  \"enabledPlugins\": {\n    \"gamma@other\": true\n  }\n}\n";
    let home =
        Sandbox::new().manifest(&wants(&["alpha"])).file("~/.claude/settings.json", settings);
    tools(&home);
    let path = home.path("~/.claude/settings.json").display().to_string();
    let theirs = r#"{ "model": "opus", "enabledPlugins": { "gamma@other": false } }"#;
    home.shim_with("git", &format!("echo '{theirs}' > {path}\nexec {{}} \"$@\""));
    let run = home.zskills(&["sync"]);
    run.expect(0).says(&["done", "alpha@tools"]);
    let written = home.json("~/.claude/settings.json");
    assert_eq!(written["model"], "opus");
    assert_eq!(written["enabledPlugins"], json!({ "gamma@other": false, "alpha@tools": true }));
    home.synced().says(&["up to date"]);
    assert_eq!(leftovers(&home), [""; 0]);
}

#[test]
fn runs_at_once_double_nothing() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| home.zskills(&["sync"]))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for run in &runs {
        run.expect(0);
    }
    let inventory = home.json("~/.claude/plugins/installed_plugins.json");
    for id in ["alpha@tools", "beta@tools"] {
        assert_eq!(inventory["plugins"][id].as_array().unwrap().len(), 1, "{id}");
    }
    let clones = home.processes().iter().filter(|line| line.contains("clone")).count();
    assert!(clones <= 1, "the second run found what the first had brought");
    home.synced().says(&["up to date"]);
    assert_eq!(leftovers(&home), [""; 0]);
}

#[test]
fn a_read_only_settings_file_is_named_and_left() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file("~/.claude/settings.json", "{}\n");
    tools(&home);
    home.set_mode("~/.claude/settings.json", 0o444);
    home.zskills(&["sync"]).expect(1).says(&["settings.json", "read-only"]);
    assert_eq!(home.read("~/.claude/settings.json"), "{}\n");
    home.set_mode("~/.claude/settings.json", 0o644);
    home.synced();
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_disk_that_fills_up_leaves_the_old_file_and_no_half_one() {
    let filler: String = "  \"key\": 1,\n".repeat(2000);
    let settings = format!("{{\n{filler}  \"last\": 1\n}}\n");
    let home = Sandbox::new().file("~/.claude/settings.json", &settings);
    home.local_marketplace("~/market", "tools").plugin("alpha", "1.0.0").folder();
    let home = home.manifest(&(declares("~/market") + &plugin("alpha", "")));
    // No file may grow beyond this limit: writing more fails as it does on a full disk.
    let limited =
        format!("trap '' XFSZ; ulimit -f 32; exec {} sync", env!("CARGO_BIN_EXE_zskills"));
    let run = home.run(&mut home.program(OsStr::new("sh"), &["-c", &limited]));
    run.expect(1).says(&["settings.json", "cannot be written"]);
    assert_eq!(home.read("~/.claude/settings.json"), settings);
    assert_eq!(leftovers(&home), [""; 0]);
    home.synced();
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn half_a_catalog_is_no_catalog() {
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    home.repo("acme/solo").plugin("solo", Some("1.0.0"));
    let source = json!({ "source": "url", "url": server.url("acme/solo.git") });
    Marketplace::new(Repo::new(&home, home.remotes().join("web")), "tools")
        .entry(json!({ "name": "solo", "source": source }))
        .folder();
    let url = server.url("web/.claude-plugin/marketplace.json");
    let home = home.manifest(&(declares(&url) + &plugin("solo", "")));
    server.set(Mood::Truncated);
    home.zskills(&["sync"]).expect(1).says(&["tools", "hint"]);
    assert!(!home.exists("~/.claude/settings.json"));
    assert_eq!(leftovers(&home), [""; 0]);
    server.set(Mood::Well);
    home.synced();
}

#[test]
fn without_further_threads_one_does_the_work() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    // No stack of this size can be had, so that no thread can be started.
    let home = home.var("RUST_MIN_STACK", (1_u64 << 47).to_string());
    home.synced();
    for command in [&["list"][..], &["doctor"], &["upgrade"], &["outdated"], &["search", "a"]] {
        home.zskills(command).expect(0);
    }
    let web = "https://127.0.0.1:1/marketplace.json";
    let run = home.zskills(&["marketplace", "add", web]);
    run.expect(1).says(&["127.0.0.1"]).is_silent_about(&["wrong itself", "panicked"]);
}

#[test]
fn the_longest_time_limit_that_can_be_written_is_one() {
    let home = Sandbox::new().var("ZSKILLS_GIT_TIMEOUT_SECS", u64::MAX.to_string());
    let server = HttpServer::start(&home.remotes());
    home.repo("acme/solo").plugin("solo", Some("1.0.0"));
    let source = json!({ "source": "url", "url": server.url("acme/solo.git") });
    Marketplace::new(Repo::new(&home, home.remotes().join("web")), "tools")
        .entry(json!({ "name": "solo", "source": source }))
        .folder();
    let url = server.url("web/.claude-plugin/marketplace.json");
    let home = home.manifest(&(declares(&url) + &plugin("solo", "")));
    home.synced();
}

#[test]
fn an_npm_that_hangs_is_ended_in_time() {
    let home =
        Sandbox::new().var("ZSKILLS_GIT_TIMEOUT_SECS", "1").manifest(&wants(&["demo", "alpha"]));
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "demo", "source": { "source": "npm", "package": "demo" } }))
        .commit();
    home.shim_with("npm", "sleep 60");
    let start = Instant::now();
    home.zskills(&["sync"]).expect(1).says(&["demo@tools", "npm"]);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(home.enabled("alpha@tools"), Some(true), "the rest is done");
    assert_eq!(leftovers(&home), [""; 0]);
}

#[test]
fn a_home_behind_a_link_is_one_home() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.link("~/../linked", "~");
    let home = home.var("HOME", "~/../linked").cwd("~");
    home.synced();
    home.zskills(&["sync"]).expect(0).says(&["up to date"]).is_silent_about(&["left alone"]);
}

#[test]
fn a_relative_home_is_the_same_home_from_everywhere() {
    let home = Sandbox::new();
    tools(&home);
    home.write("skills.toml", wants(&["alpha"]));
    let sync = ["--home", "../x/y", "sync", "--file", "skills.toml"];
    home.zskills(&sync).expect(0);
    let place = home.path("../x/y/.claude/plugins/known_marketplaces.json");
    let text = std::fs::read_to_string(place).unwrap();
    assert!(!text.contains(".."), "{text}");
}

#[test]
fn names_in_client_files_cannot_move_the_cursor() {
    let home = Sandbox::new()
        .file("~/.claude/settings.json", "{ \"enabledPlugins\": { \"evil\\u001b[2J@m\": true } }");
    for args in [["list", "-v"], ["doctor", "-v"], ["list", "--paths"]] {
        assert!(!home.zskills(&args).text().contains('\u{1b}'), "{args:?}");
    }
}
