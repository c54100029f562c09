//! Remotes that are dead, lie, ask, hang or ship trouble.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::{HttpServer, Mood};
use crate::sandbox::{Run, Sandbox};
use crate::{declares, plugin, tools, wants};

/// Syncs `alpha` from a server in a mood.
fn sync_from(mood: Mood) -> (Sandbox, Run) {
    let home = Sandbox::new().var("ZSKILLS_GIT_TIMEOUT_SECS", "1");
    tools(&home);
    let server = HttpServer::start(&home.remotes());
    server.set(mood);
    let url = server.url("acme/tools.git").replace("http://", "http://ada:s3cret@");
    let home = home.manifest(&(declares(&url) + &plugin("alpha", "")));
    let run = home.zskills(&["sync"]);
    (home, run)
}

#[test]
fn a_server_in_trouble_is_an_unmet_wish_with_a_hint_and_without_secrets() {
    for mood in [
        Mood::Status(401),
        Mood::Status(403),
        Mood::Status(404),
        Mood::Status(429),
        Mood::Status(500),
        Mood::Truncated,
    ] {
        let (home, run) = sync_from(mood);
        run.expect(1).says(&["tools", "hint"]).is_silent_about(&["s3cret"]);
        assert!(!home.exists("~/.claude/settings.json"), "{mood:?}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_in_time() {
    let start = Instant::now();
    let (home, run) = sync_from(Mood::Hang);
    run.expect(1).says(&["tools", "ZSKILLS_GIT_TIMEOUT_SECS"]);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(!home.exists("~/.claude/settings.json"));
}

#[test]
fn a_git_that_hangs_is_ended_in_time() {
    let home = Sandbox::new().var("ZSKILLS_GIT_TIMEOUT_SECS", "1").manifest(&wants(&["alpha"]));
    tools(&home);
    home.shim_with("git", "sleep 60");
    let start = Instant::now();
    home.zskills(&["sync"]).expect(1).says(&["ZSKILLS_GIT_TIMEOUT_SECS"]);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_server_that_wants_a_password_is_not_waited_for() {
    let home = Sandbox::new();
    tools(&home);
    let server = HttpServer::start(&home.remotes());
    server.set(Mood::Status(401));
    let url = server.url("acme/tools.git");
    let home = home.manifest(&(declares(&url) + &plugin("alpha", "")));
    home.zskills(&["sync"]).expect(1).says(&["tools", "hint", "credential"]);
}

#[test]
fn a_repository_that_is_not_there_is_named() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.zskills(&["sync"]).expect(1).says(&["acme/tools", "hint"]);
}

#[test]
fn a_machine_without_git_is_told_so() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).var("PATH", "~/empty");
    home.zskills(&["sync"]).expect(1).says(&["git", "PATH"]);
}

#[test]
fn a_pin_that_is_nowhere_is_named() {
    for pin in ["v9", &"0".repeat(40)] {
        let home = Sandbox::new();
        tools(&home);
        let text = declares("acme/tools") + &format!("pin = \"{pin}\"\n") + &plugin("alpha", "");
        let home = home.manifest(&text);
        home.zskills(&["sync"]).expect(1).says(&[&pin[..2], "tools"]);
        assert_ne!(home.enabled("alpha@tools"), Some(true));
    }
}

#[test]
fn a_commit_in_an_entry_that_is_nowhere_is_named() {
    let home = Sandbox::new().manifest(&wants(&["solo", "alpha"]));
    home.repo("acme/solo").plugin("solo", None);
    let source = json!({ "source": "github", "repo": "acme/solo", "sha": "1".repeat(40) });
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "solo", "source": source }))
        .commit();
    home.zskills(&["sync"]).expect(1).says(&["solo@tools", "1111111"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn a_link_that_leaves_a_plugin_refuses_that_plugin() {
    for target in ["/etc/passwd", "../../../../../../etc/passwd", "../beta/skills"] {
        let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
        home.marketplace("tools")
            .plugin("alpha", "1.0.0")
            .plugin("beta", "2.0.0")
            .link("plugins/alpha/leak", target)
            .commit();
        home.zskills(&["sync"]).expect(4).says(&["alpha@tools", "leak"]);
        assert_ne!(home.enabled("alpha@tools"), Some(true), "{target}");
        assert_eq!(home.record("alpha@tools"), json!(null), "{target}");
        assert_eq!(home.enabled("beta@tools"), Some(true), "{target}");
    }
}

#[test]
fn a_plugin_folder_that_is_a_link_out_of_its_repository_is_refused() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "out"]));
    home.write("~/secret/key", "mine");
    let target = home.path("~/secret").display().to_string();
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "out", "source": "./plugins/out" }))
        .link("plugins/out", &target)
        .commit();
    home.zskills(&["sync"]).expect(4).says(&["out@tools", "link"]);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert_eq!(home.enabled("out@tools"), None);
}

#[test]
fn a_link_out_of_a_plugin_in_a_local_folder_is_refused() {
    let text = "version = 1\n[[marketplaces]]\nname = \"near\"\nsource = \"~/near\"\n";
    let home = Sandbox::new().manifest(&format!("{text}[[skills]]\nname = \"alpha@near\"\n"));
    let near = home.local_marketplace("~/near", "near").plugin("alpha", "1.0.0");
    near.link("plugins/alpha/leak", "/etc/hostname").folder();
    home.zskills(&["sync"]).expect(4).says(&["alpha@near", "leak"]);
    assert_eq!(home.enabled("alpha@near"), None);
}

#[test]
fn a_link_inside_a_plugin_stays_a_link() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .link("plugins/alpha/guide.md", "skills/alpha/SKILL.md")
        .commit();
    home.synced();
    let link = "~/.claude/plugins/cache/tools/alpha/1.0.0/guide.md";
    assert!(home.is_link(link));
    assert!(home.read(link).contains("name: alpha"));
}

#[test]
fn executables_stay_executable() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = home.marketplace("tools").plugin("alpha", "1.0.0").folder();
    repo.write("plugins/alpha/run.sh", "#!/bin/sh\n");
    repo.git(&["add", "--all"]);
    repo.git(&["update-index", "--chmod=+x", "plugins/alpha/run.sh"]);
    repo.git(&["commit", "--quiet", "--message", "x"]);
    home.synced();
    assert_eq!(home.mode("~/.claude/plugins/cache/tools/alpha/1.0.0/run.sh") & 0o111, 0o111);
    assert_eq!(
        home.mode("~/.claude/plugins/cache/tools/alpha/1.0.0/skills/alpha/SKILL.md") & 0o111,
        0
    );
}

#[test]
fn hooks_of_a_remote_and_of_the_user_do_not_run() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    let marker = home.path("~/was-run");
    let hook = format!("#!/bin/sh\ntouch {}\n", marker.display());
    home.write("~/hooks/post-checkout", &hook);
    home.set_mode("~/hooks/post-checkout", 0o755);
    home.git(
        &home.home(),
        &["config", "--global", "core.hooksPath", home.path("~/hooks").to_str().unwrap()],
    );
    home.synced();
    assert!(!marker.exists());
}

#[test]
fn control_characters_of_a_catalog_are_not_printed() {
    let home = Sandbox::new().manifest(&wants(&["gone", "alpha"]));
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .entry(json!({ "name": "\u{1b}[31mred", "source": "./x" }))
        .entry(json!({ "name": "gone", "source": { "source": "\u{1b}]0;title\u{7}" } }))
        .commit();
    let run = home.zskills(&["sync"]);
    assert!(!run.text().contains(['\u{1b}', '\u{7}']), "{run}");
}

#[test]
fn a_broken_catalog_is_an_error_with_its_place() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = tools(&home);
    repo.write(".claude-plugin/marketplace.json", "{\n  \"name\": \"tools\",\n  oops\n}\n")
        .commit();
    home.zskills(&["sync"]).expect(1).says(&["marketplace.json:3:3"]);
    assert_eq!(home.known("tools"), json!(null));
}

#[test]
fn a_repository_that_is_no_marketplace_is_told_apart() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.repo("acme/tools").write("README.md", "x").commit();
    home.zskills(&["sync"]).expect(1).says(&["tools", "marketplace.json"]);
    assert_eq!(home.known("tools"), json!(null));
}

/// Puts a git that leaves a mark into a folder, and returns where the mark would be.
fn planted_git(home: &Sandbox, folder: &str) -> std::path::PathBuf {
    let mark = home.path("~/was-run");
    let real = crate::sandbox::real("git").unwrap();
    let script = format!("#!/bin/sh\ntouch {}\nexec {} \"$@\"\n", mark.display(), real.display());
    home.write(&format!("{folder}/git"), script);
    home.set_mode(&format!("{folder}/git"), 0o755);
    mark
}

#[test]
fn a_git_that_a_repository_brings_along_does_not_run() {
    for path in [".", "", "bin", "./bin", "~/../work/project/bin", "~/.cache/zskills/x"] {
        let home = Sandbox::new().manifest(&wants(&["alpha"])).project("project");
        tools(&home);
        let folder = match path {
            "" | "." => ".",
            "./bin" => "bin",
            path => path,
        };
        let mark = planted_git(&home, folder);
        let shown = home.path(path);
        let entry = if path.starts_with('~') { shown.to_str().unwrap() } else { path };
        let shims = home.path("~/../shims");
        let home = home.var("PATH", format!("{entry}:{}:/usr/bin:/bin", shims.display()));
        home.zskills(&["sync"]).expect(0);
        assert!(!mark.exists(), "{path}");
        let home = home.var("PATH", entry);
        let run = home.zskills(&["upgrade"]);
        run.expect(1).says(&["git", "PATH"]);
        assert!(!mark.exists(), "{path}");
    }
}

#[test]
fn a_git_in_the_repository_that_holds_the_home_is_the_users_own() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).project("~");
    tools(&home);
    let mark = planted_git(&home, "~/bin");
    let entry = home.path("~/bin").display().to_string();
    let home = home.var("PATH", format!("{entry}:/usr/bin:/bin"));
    home.zskills(&["sync"]).expect(0);
    assert!(mark.exists());
}
