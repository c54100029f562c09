//! What somebody types in the first minutes, and what a machine without a manifest answers.

use std::fs;

use crate::sandbox::Sandbox;
use crate::{tools, wants, with_unmanaged};

const MANIFEST: &str = "~/.config/zskills/skills.toml";

#[test]
fn status_says_in_a_line_each_what_sync_would_do() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    let before = home.stamps();
    home.zskills(&["status"]).expect(0).says(&["to add", "+ plugin alpha@tools", "beta@tools"]);
    assert_eq!(home.zskills(&["status", "--check"]).code, Some(3));
    let document = home.zskills(&["status", "--json"]).expect(0).document("status");
    assert_eq!(document["exit"], 0);
    assert!(document["changes"].as_array().unwrap().len() > 1, "{document}");
    let kept = |mut tree: crate::sandbox::Tree| {
        tree.retain(|path, _| !path.starts_with("~/.cache"));
        tree
    };
    assert_eq!(kept(home.stamps()), kept(before));
    home.synced();
    home.zskills(&["status", "--check"]).expect(0).says(&["up to date"]);
}

#[test]
fn status_names_what_cannot_be_had_and_still_exits_0() {
    let home = Sandbox::new().manifest(&wants(&["gone"]));
    tools(&home);
    home.zskills(&["status"]).expect(0).says(&["1 not to be had", "! gone@tools"]);
    home.zskills(&["status", "--check"]).expect(1);
}

#[test]
fn an_empty_home_says_what_to_do_next() {
    let home = Sandbox::new();
    for line in ["sync", "status", "upgrade", "outdated"] {
        home.zskills(&[line]).expect(1).says(&["zskills init", "zskills install"]);
    }
    home.zskills(&["doctor"]).expect(0).says(&["zskills init", "zskills install"]);
    for line in [["install", "superpowers"], ["install", "-i"], ["search", "git"]] {
        home.zskills(&line).expect(1).says(&["no marketplace is registered", "add-recommended"]);
    }
}

#[test]
fn without_a_manifest_upgrade_moves_what_is_installed_and_claims_nothing() {
    let home = with_unmanaged(Sandbox::new());
    home.write(
        "~/other/plugins/gamma/.claude-plugin/plugin.json",
        "{\"name\":\"gamma\",\"version\":\"3.1.0\"}",
    );
    let catalog = home.read("~/other/.claude-plugin/marketplace.json").replace("3.0.0", "3.1.0");
    home.write("~/other/.claude-plugin/marketplace.json", catalog);
    home.zskills(&["upgrade", "gamma"]).expect(0);
    assert_eq!(home.record("gamma@other")["version"], "3.1.0");
    assert_eq!(home.enabled("gamma@other"), Some(true));
    assert!(!home.exists(MANIFEST));
    home.zskills(&["list", "--json"]).expect(0).is_silent_about(&["\"owner\": \"zskills\""]);
    home.zskills(&["upgrade"]).expect(0).says(&["up to date"]);
    home.zskills(&["update"]).expect(0);
    home.zskills(&["upgrade", "gama"]).expect(1).says(&["did you mean `gamma`"]);
}

#[test]
fn a_variable_names_the_manifest_and_a_home_from_the_command_line_outranks_it() {
    let home = Sandbox::new()
        .file(
            "~/dotfiles/skills.toml",
            "version = 1\n[[mcps]]\nname = \"clock\"\ncommand = \"true\"\n",
        )
        .var("ZSKILLS_MANIFEST", "~/dotfiles/skills.toml");
    home.zskills(&["sync"]).expect(0).says(&["~/dotfiles/skills.toml"]);
    assert!(!home.exists(MANIFEST));
    assert!(home.read("~/.claude.json").contains("clock"));
    let other = home.path("~/other-home").display().to_string();
    fs::create_dir(&other).unwrap();
    home.zskills(&["sync", "--home", &other]).expect(1).says(&["other-home/.config/zskills"]);
    home.var("ZSKILLS_MANIFEST", "").zskills(&["list"]).expect(1).says(&["ZSKILLS_MANIFEST"]);
}

#[test]
fn a_home_that_is_not_there_is_an_error_for_whoever_only_reads() {
    let home = Sandbox::new().file("~/m.toml", "version = 1\n");
    for line in [
        "list",
        "status",
        "doctor",
        "why x",
        "info x",
        "search x",
        "outdated",
        "marketplace list",
        "sync --check --file ~/m.toml",
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--home", "~/nowhere"]).collect();
        home.zskills(&words).expect(1).says(&["the home", "nowhere", "is not there"]);
    }
    home.zskills(&["sync", "--home", "~/nowhere", "--file", "~/m.toml"]).expect(0);
}

#[test]
fn a_manifest_that_is_a_link_to_nothing_is_the_same_trouble_everywhere() {
    let home = Sandbox::new();
    home.link(MANIFEST, "~/dotfiles/skills.toml");
    let said = "is a link to `~/dotfiles/skills.toml`, which is not there";
    for line in [
        "sync",
        "sync --adopt",
        "status",
        "doctor",
        "upgrade",
        "update",
        "outdated",
        "install x",
        "remove x",
        "enable x",
        "init",
        "edit",
        "why x",
        "info x",
        "marketplace list",
        "marketplace add ./x",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        home.zskills(&words).expect(1).says(&[said, "bring that file back"]);
    }
}

#[test]
fn verbose_shows_each_git_command_with_its_time_and_no_secret() {
    let home = Sandbox::new();
    tools(&home);
    let manifest = wants(&["alpha"]);
    let home = home.manifest(&manifest);
    home.processes();
    let run = home.zskills(&["sync", "-v"]);
    let started = home.processes().len();
    assert_eq!(run.stderr.matches(" ms  git ").count(), started, "{run}");
    run.expect(0).says(&[" ms  git ", "https://github.com/acme/tools"]);
    assert!(!run.stderr.contains("core.hooksPath"), "{run}");
    home.zskills(&["sync"]).expect(0).is_silent_about(&[" ms  git "]);
}

#[test]
fn help_sorts_its_flags_and_ends_with_examples() {
    let home = Sandbox::new();
    let run = home.zskills(&["sync", "--help"]);
    run.expect(0).says(&["How it runs:", "Everywhere:", "Examples:", "zskills sync --frozen"]);
    let run = home.zskills(&["--help"]);
    run.expect(0).says(&["Make it so:", "add]", "aliases: rm", "status", "Examples:"]);
}
