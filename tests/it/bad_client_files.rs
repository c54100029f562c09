//! Client files that the client itself could not read: named with the place, never written.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;
use crate::{declares, plugin, tools, wants};

/// Syncs beside one bad file: exit 1, the place named, the file as it was, no plugin switched on; the
/// server of the manifest is there all the same.
#[track_caller]
fn costs_the_plugins(path: &str, text: &str, place: &str) {
    let server = "[[mcps]]\nname = \"s\"\ncommand = \"true\"\n";
    let home = Sandbox::new().manifest(&(wants(&["alpha"]) + server)).file(path, text);
    tools(&home);

    let run = home.zskills(&["sync"]);

    run.expect(1).says(&[&format!("{path}{place}"), "alpha@tools"]);
    assert_eq!(home.read(path), text);
    if !path.ends_with("settings.json") {
        assert_eq!(home.enabled("alpha@tools"), None, "{text:?}");
    }
    assert_eq!(home.json("~/.claude.json")["mcpServers"]["s"]["command"], "true", "{text:?}");
    home.zskills(&["doctor", "--check"]).expect(3).says(&[&format!("{path}{place}")]);
    home.zskills(&["doctor"]).expect(0);
}

#[test]
fn broken_settings_cost_the_plugins_and_nothing_else() {
    let settings = "~/.claude/settings.json";
    for (text, place) in [
        ("{\n  // mine\n  \"model\": \"x\"\n}\n", ":2:3"),
        ("{\n  \"model\": \"x\",\n}\n", ":"),
        ("{\n  \"model\": \"x\"", ":2:"),
        ("{\n  \"a\" 1\n}", ":2:"),
        ("[]\n", ":1:1"),
        ("\"text\"\n", ":1:1"),
    ] {
        costs_the_plugins(settings, text, place);
    }
}

#[test]
fn settings_without_a_place_for_our_keys_cost_the_plugins() {
    costs_the_plugins("~/.claude/settings.json", "{\n  \"enabledPlugins\": []\n}\n", ":2:");
}

#[test]
fn settings_that_the_client_ignores_whole_are_written_and_told_of_until_they_are_right() {
    for (text, place) in [
        ("{\n  \"enabledPlugins\": {\n    \"b@c\": \"yes\"\n  }\n}\n", ":3:5"),
        ("{\n  \"model\": 5\n}\n", ":2:3"),
        ("{\n  \"permissions\": {\n    \"defaultMode\": \"allowEdits\"\n  }\n}\n", ":3:5"),
        (
            "{\n  \"extraKnownMarketplaces\": {\n    \"m\": { \"source\": { \"source\": \"teleport\" } }\n  }\n}\n",
            ":3:12",
        ),
    ] {
        let settings = "~/.claude/settings.json";
        let home = Sandbox::new().manifest(&wants(&["alpha"])).file(settings, text);
        tools(&home);
        let place = format!("{settings}{place}");

        let run = home.zskills(&["sync"]);

        run.expect(1).says(&[&place, "Claude Code 2.1.329", "`alpha@tools` has no effect"]);
        assert_eq!(home.enabled("alpha@tools"), Some(true), "{text}");
        home.zskills(&["sync"]).expect(1).says(&[&place]);
        let list = home.zskills(&["list", "--json"]);
        list.expect(0).says(&[&place]);
        let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
        assert_eq!(list["plugins"]["active"].as_array().unwrap().len(), 0, "{text}");
        home.zskills(&["doctor", "--check"]).expect(3).says(&[&place]);

        // A person corrects the line, and all of it counts.
        let mut right = home.json(settings);
        for key in ["model", "permissions", "extraKnownMarketplaces"] {
            right.as_object_mut().unwrap().remove(key);
        }
        right["enabledPlugins"].as_object_mut().unwrap().remove("b@c");
        home.write(settings, right.to_string());
        home.zskills(&["sync"]).expect(0);
        home.zskills(&["list"]).expect(0).says(&["alpha@tools"]);
    }
}

#[test]
fn settings_that_the_client_takes_with_one_value_left_out_are_written_like_any_other() {
    for text in [
        "{\"hooks\": []}",
        "{\"enabledPlugins\": {\"b@c\": [\"^1\"]}}",
        "{\"env\": {\"A\": 5}}",
        "{\"extraKnownMarketplaces\": {\"m\": {\"source\": {\"source\": \"github\"}}}}",
        "{\"effortLevel\": \"immense\"}",
    ] {
        let home =
            Sandbox::new().manifest(&wants(&["alpha"])).file("~/.claude/settings.json", text);
        tools(&home);
        let home = home.doctor_may_complain();
        home.zskills(&["sync"]).expect(0);
        assert_eq!(home.enabled("alpha@tools"), Some(true), "{text}");
        home.zskills(&["list"]).expect(0).says(&["alpha@tools"]);
    }
}

#[test]
fn a_broken_inventory_costs_the_plugins_and_nothing_else() {
    let inventory = "~/.claude/plugins/installed_plugins.json";
    for (text, place) in [
        ("{\n  \"version\": 2,\n  \"plugins\": {\n", ":"),
        ("{\n  \"version\": 3,\n  \"plugins\": {}\n}", ":2:"),
        ("{\n  \"version\": 2,\n  \"plugins\": []\n}", ":3:"),
        (
            "{\n  \"version\": 2,\n  \"plugins\": {\n    \"a@b\": [ { \"scope\": \"user\" } ]\n  }\n}",
            ":4:",
        ),
    ] {
        costs_the_plugins(inventory, text, place);
    }
}

#[test]
fn a_broken_registry_costs_the_plugins_and_nothing_else() {
    let registry = "~/.claude/plugins/known_marketplaces.json";
    for (text, place) in [
        ("\u{feff}{}", ":1:1"),
        ("[]", ":1:1"),
        ("{\n  // mine\n}", ":2:3"),
        (
            "{\n  \"m\": {\n    \"source\": { \"source\": \"remote-index\" },\n    \"installLocation\": \"/x\",\n    \"lastUpdated\": \"x\"\n  }\n}",
            ":3:",
        ),
        (
            "{\n  \"m\": {\n    \"source\": { \"source\": \"github\", \"repo\": \"o/r\" },\n    \"lastUpdated\": \"x\"\n  }\n}",
            ":2:",
        ),
    ] {
        costs_the_plugins(registry, text, place);
    }
}

#[test]
fn what_the_client_tolerates_we_tolerate() {
    for (path, text) in [
        (
            "~/.claude/settings.json",
            "{\"unknown\": {\"deep\": 1}, \"enabledPlugins\": {\"no-at\": true}}",
        ),
        ("~/.claude/settings.json", "{\"hooks\": {\"NoSuchHook\": []}}"),
        ("~/.claude/plugins/known_marketplaces.json", "{}"),
        ("~/.claude/plugins/installed_plugins.json", "{\"version\": 2, \"plugins\": {}}"),
    ] {
        let home = Sandbox::new().manifest(&wants(&["alpha"])).file(path, text);
        tools(&home);
        home.zskills(&["sync"]).expect(0);
        assert_eq!(home.enabled("alpha@tools"), Some(true), "{text}");
    }
}

#[test]
fn an_inventory_of_version_1_is_read() {
    let home = crate::with_unmanaged(Sandbox::new().manifest(&wants(&["alpha"])));
    tools(&home);
    let cached = home.path("~/.claude/plugins/cache/other/gamma/3.0.0").display().to_string();
    home.write(
        "~/.claude/plugins/installed_plugins.json",
        format!("{{\"version\": 1, \"plugins\": {{\"gamma@other\": {{\"version\": \"3.0.0\", \"installPath\": \"{cached}\"}}}}}}"),
    );
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.enabled("alpha@tools"), Some(true));
    assert!(home.read("~/.claude/plugins/installed_plugins.json").contains("gamma@other"));
    assert!(home.zskills(&["list", "--json"]).stdout.contains("gamma"));
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file("~/.claude/settings.json/x", "");
    tools(&home);
    home.zskills(&["sync"]).expect(1).says(&["~/.claude/settings.json"]);
    assert!(!home.exists("~/.claude/plugins/installed_plugins.json"));
}

#[test]
fn a_pipe_or_a_device_where_a_file_belongs_is_named_and_nobody_waits() {
    for (file, target) in [
        (".mcp.json", "/dev/zero"),
        (".claude/settings.json", "/dev/zero"),
        (".claude/settings.json", "pipe"),
        (".claude/settings.local.json", "/dev/tty"),
    ] {
        let home = Sandbox::new().manifest("version = 1\n").project("project");
        let pipe = home.program(OsStr::new("mkfifo"), &["pipe"]).status().unwrap();
        assert!(pipe.success());
        let target = if target == "pipe" { home.path("pipe") } else { target.into() };
        home.link(file, target.to_str().unwrap());
        for command in ["list", "doctor", "why", "sync"] {
            let start = Instant::now();
            let args: &[&str] = if command == "why" { &["why", "x@y"] } else { &[command] };
            let run = home.zskills(args);
            let name = file.rsplit('/').next().unwrap();
            run.expect(1).says(&[name, "cannot read"]);
            assert!(start.elapsed() < Duration::from_secs(10), "{command} with {file}");
        }
    }
}

#[test]
fn half_pairs_of_surrogates_end_no_command() {
    // JavaScript reads and writes them.
    let strings =
        [r"\ud800 \\uaé€", r"\ud800\u00", r"\udc00\ud800", r"a\uD83D\\", r"\ud8é€\\ud8é€"];
    let files = [
        "~/.claude/settings.json",
        "~/.claude.json",
        "~/.claude/plugins/known_marketplaces.json",
        "~/.claude/plugins/installed_plugins.json",
        "~/.agents/.zskills.json",
        ".mcp.json",
        ".claude/settings.json",
        ".claude/settings.local.json",
        "~/market/.claude-plugin/marketplace.json",
        "~/market/plugins/alpha/.claude-plugin/plugin.json",
        "~/market/plugins/alpha/.mcp.json",
        "~/market/plugins/alpha/hooks/hooks.json",
    ];
    for file in files {
        let home = Sandbox::new().doctor_may_complain().project("project");
        home.local_marketplace("~/market", "tools").plugin("alpha", "1.0.0").folder();
        let home = home.manifest(&(declares("~/market") + &plugin("alpha", "")));
        for string in strings {
            home.write(file, format!("{{\"x\": \"{string}\", \"{string}\": {{}}}}"));
            let commands =
                [&["list"][..], &["why", "alpha@tools"], &["doctor"], &["sync", "--dry-run"]];
            for command in commands {
                let run = home.zskills(command);
                assert!(matches!(run.code, Some(0 | 1 | 4)), "{command:?} {file} {string}\n{run}");
                run.is_silent_about(&["wrong itself", "panicked"]);
            }
        }
    }
}

#[test]
fn a_file_that_grew_beyond_all_measure_is_named_and_not_read() {
    let home = Sandbox::new();
    home.write("~/.claude/settings.json", "");
    let file = std::fs::OpenOptions::new().write(true).open(home.path("~/.claude/settings.json"));
    file.unwrap().set_len(1 << 36).unwrap();
    home.zskills(&["list"]).expect(1).says(&["settings.json", "more than 67108864 bytes"]);
}
