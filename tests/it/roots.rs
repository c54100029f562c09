//! Which home is acted on, and where things are in it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::sandbox::Sandbox;
use crate::{declares, plugin, tools, wants};

fn home() -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home
}

#[test]
fn claude_config_dir_moves_everything_of_the_client() {
    let home = home().var("CLAUDE_CONFIG_DIR", "~/cfg");
    home.synced();
    assert!(!home.exists("~/.claude"));
    assert_eq!(home.json("~/cfg/settings.json")["enabledPlugins"]["alpha@tools"], true);
    let known = home.json("~/cfg/plugins/known_marketplaces.json");
    let place = home.path("~/cfg/plugins/marketplaces/tools");
    assert_eq!(known["tools"]["installLocation"], place.to_str().unwrap());
}

#[test]
fn claude_home_moves_the_folder_of_the_client() {
    let home = home().var("CLAUDE_HOME", "~/moved");
    home.synced();
    assert!(!home.exists("~/.claude"));
    assert!(home.exists("~/moved/plugins/cache/tools/alpha/1.0.0"));
}

#[test]
fn the_plugin_cache_variable_of_the_client_moves_the_plugins_alone() {
    let home = home().var("CLAUDE_CODE_PLUGIN_CACHE_DIR", "~/plugs");
    home.synced();
    assert!(home.exists("~/plugs/installed_plugins.json"));
    assert!(!home.exists("~/.claude/plugins"));
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn the_xdg_folders_are_honoured() {
    let home = Sandbox::new()
        .file("~/x/config/zskills/skills.toml", &wants(&["alpha"]))
        .var("XDG_CONFIG_HOME", "~/x/config")
        .var("XDG_STATE_HOME", "~/x/state")
        .var("XDG_CACHE_HOME", "~/x/cache");
    tools(&home);
    home.synced();
    assert!(home.exists("~/x/state/zskills") && home.exists("~/x/cache/zskills"));
    for path in ["~/.config", "~/.local", "~/.cache"] {
        assert!(!home.exists(path), "{path}");
    }
}

#[test]
fn the_home_flag_beats_every_variable() {
    let home = Sandbox::new()
        .file("~/there/.config/zskills/skills.toml", &wants(&["alpha"]))
        .var("CLAUDE_CONFIG_DIR", "~/a")
        .var("CLAUDE_HOME", "~/b")
        .var("AGENTS_HOME", "~/c")
        .var("XDG_CONFIG_HOME", "~/d")
        .var("XDG_STATE_HOME", "~/e")
        .var("XDG_CACHE_HOME", "~/f")
        .var("CLAUDE_CODE_PLUGIN_CACHE_DIR", "~/g");
    tools(&home);
    home.zskills(&["--home", "~/there", "sync"]).expect(0);
    home.zskills(&["--home", "~/there", "doctor", "--check"]).expect(0);
    let settings = home.json("~/there/.claude/settings.json");
    assert_eq!(settings["enabledPlugins"]["alpha@tools"], true);
    let top: Vec<_> = home.tree().into_keys().filter(|p| p.matches('/').count() == 1).collect();
    assert_eq!(top, ["~/there"]);
}

#[test]
fn the_home_may_be_relative_and_need_not_exist() {
    let home = Sandbox::new().cwd("~/work").file("~/work/my.toml", &wants(&["alpha"]));
    tools(&home);
    home.zskills(&["--home", "target/demo", "sync", "--file", "my.toml"]).expect(0);
    let known = home.json("~/work/target/demo/.claude/plugins/known_marketplaces.json");
    let place = known["tools"]["installLocation"].as_str().unwrap();
    assert_eq!(
        place,
        home.path("~/work/target/demo/.claude/plugins/marketplaces/tools").to_str().unwrap()
    );
}

#[test]
fn an_empty_variable_is_named_or_taken_as_absent_but_never_half_used() {
    for name in ["CLAUDE_CONFIG_DIR", "CLAUDE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        let home = home().cwd("~/elsewhere").var(name, "");
        let run = home.zskills(&["sync"]);
        if run.code != Some(0) {
            run.says(&[name]);
        }
        assert!(
            home.subtree("~/elsewhere").is_empty(),
            "{name}: {:?}",
            home.subtree("~/elsewhere")
        );
    }
}

#[test]
fn an_empty_home_is_an_error() {
    let home = home().var("HOME", "").cwd("~/elsewhere");
    let run = home.zskills(&["list"]);
    assert_ne!(run.code, Some(0), "{run}");
    run.says(&["HOME"]);
    assert!(home.subtree("~/elsewhere").is_empty());
}

#[test]
fn a_variable_that_is_not_text_is_named_and_the_real_home_is_left_alone() {
    for name in ["CLAUDE_CONFIG_DIR", "CLAUDE_HOME"] {
        let home = home();
        let value = [home.path("~/odd-").as_os_str().as_bytes(), b"\xff"].concat();
        let home = home.var(name, OsStr::from_bytes(&value));
        let run = home.zskills(&["sync"]);
        assert_ne!(run.code, Some(0), "{run}");
        run.says(&[name]);
        assert!(!home.exists("~/.claude"), "{name}");
    }
}

#[test]
fn a_manifest_in_the_working_folder_is_mentioned_but_not_loaded() {
    let home = Sandbox::new().cwd("~/project").file("~/project/skills.toml", &wants(&["alpha"]));
    tools(&home);
    home.zskills(&["sync"]).says(&["--file skills.toml"]);
    assert!(!home.exists("~/.claude/settings.json"));
    let home = home.manifest(&wants(&["beta"]));
    home.zskills(&["sync"]).expect(0).says(&["--file skills.toml"]);
    assert_eq!(home.enabled("alpha@tools"), None);
    assert_eq!(home.enabled("beta@tools"), Some(true));
    home.zskills(&["sync", "--file", "skills.toml", "--dry-run"]).expect(0).says(&["alpha@tools"]);
}

#[test]
fn without_any_manifest_sync_says_where_it_looked() {
    let home = Sandbox::new();
    let run = home.zskills(&["sync"]);
    run.says(&["~/.config/zskills/skills.toml"]);
    assert!(!home.exists("~/.claude"));
}

#[test]
fn relative_sources_start_at_the_manifest_and_become_absolute() {
    let home = Sandbox::new()
        .file("~/dotfiles/skills.toml", &(declares("./market") + &plugin("alpha", "")));
    home.local_marketplace("~/dotfiles/market", "tools").plugin("alpha", "1.0.0").folder();
    home.zskills(&["sync", "--file", "~/dotfiles/skills.toml"]).expect(0);
    let place = home.path("~/dotfiles/market");
    assert_eq!(home.known("tools")["source"]["path"], place.to_str().unwrap());
    let lock = home.read("~/dotfiles/skills.lock");
    assert!(lock.contains("./market") && !lock.contains(place.to_str().unwrap()), "{lock}");
}

#[test]
fn a_home_with_spaces_and_letters_of_the_world_works() {
    let home = Sandbox::new();
    tools(&home);
    let there = "~/Über den Wolken/ホーム";
    home.write(&format!("{there}/.config/zskills/skills.toml"), wants(&["alpha"]));
    home.zskills(&["--home", there, "sync"]).expect(0);
    home.zskills(&["--home", there, "doctor", "--check"]).expect(0);
}
