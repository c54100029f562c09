//! What is not ours stays as it was, byte for byte.

use crate::sandbox::Sandbox;
use crate::{tools, wants};

const SETTINGS: &str = "~/.claude/settings.json";

fn home(settings: &str) -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file(SETTINGS, settings);
    tools(&home);
    home
}

/// Asserts that the parts are still there, in this order.
#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at =
            rest.find(part).unwrap_or_else(|| panic!("{part:?} is not there or moved in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn keys_numbers_order_and_tabs_of_settings_stay() {
    let home = home(
        "{\n\t\"zebra\": 12345678901234567890123,\n\t\"price\": 1.10,\n\t\"tiny\": 1e-7,\n\t\"enabledPlugins\": { \"mine@else\": false },\n\t\"apple\": [1,2,  3],\n\t\"hooks\": {}\n}\n",
    );
    home.zskills(&["sync"]).expect(0);
    let text = home.read(SETTINGS);
    holds(
        &text,
        &[
            "{\n\t\"zebra\": 12345678901234567890123,\n\t\"price\": 1.10,\n\t\"tiny\": 1e-7,\n\t\"enabledPlugins\": {",
            "\"mine@else\": false",
            "\"alpha@tools\": true",
            "\n\t\"apple\": [1,2,  3],\n\t\"hooks\": {}",
        ],
    );
}

#[test]
fn line_ends_of_another_system_stay() {
    let home = home(
        "{\r\n  \"model\": \"opus\",\r\n  \"enabledPlugins\": {\r\n    \"a@b\": true\r\n  }\r\n}\r\n",
    );
    home.zskills(&["sync"]).expect(0);
    let text = home.read(SETTINGS);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    holds(&text, &["\"model\": \"opus\",\r\n", "\"a@b\": true", "\"alpha@tools\": true"]);
}

#[test]
fn a_missing_last_line_end_stays_missing() {
    let home = home("{\"model\":\"opus\"}");
    home.zskills(&["sync"]).expect(0);
    assert!(home.read(SETTINGS).ends_with('}'));
    assert_eq!(home.enabled("alpha@tools"), Some(true));
}

#[test]
fn duplicate_keys_stay_as_they_are() {
    let home = home("{\n  \"env\": {},\n  \"note\": 1,\n  \"note\": 2\n}\n");
    home.zskills(&["sync"]).expect(0);
    holds(&home.read(SETTINGS), &["\"env\": {},\n  \"note\": 1,\n  \"note\": 2"]);
}

#[test]
fn a_byte_order_mark_that_the_client_reads_does_no_harm() {
    let home = home("\u{feff}{\n  \"model\": \"opus\"\n}\n");
    home.zskills(&["sync"]).expect(0);
    let text = home.read(SETTINGS);
    holds(&text, &["\"model\": \"opus\"", "\"alpha@tools\": true"]);
}

#[test]
fn linked_settings_stay_a_link_and_keep_their_mode() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file("~/dotfiles/settings.json", "{}\n");
    tools(&home);
    home.set_mode("~/dotfiles/settings.json", 0o600);
    home.link(SETTINGS, "~/dotfiles/settings.json");
    home.synced();
    assert!(home.is_link(SETTINGS));
    assert_eq!(home.mode("~/dotfiles/settings.json"), 0o600);
    assert!(home.read("~/dotfiles/settings.json").contains("alpha@tools"));
}

#[test]
fn a_link_to_nowhere_gets_its_target() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file("~/dotfiles/x", "");
    tools(&home);
    home.link(SETTINGS, "~/dotfiles/settings.json");
    home.synced();
    assert!(home.is_link(SETTINGS));
    assert!(home.exists("~/dotfiles/settings.json"));
}

#[test]
fn a_linked_client_folder_stays_a_link() {
    let home = Sandbox::new().manifest(&wants(&["alpha"])).file("~/dotfiles/claude/CLAUDE.md", "x");
    tools(&home);
    home.link("~/.claude", "~/dotfiles/claude");
    home.synced();
    assert!(home.is_link("~/.claude"));
    assert!(home.exists("~/dotfiles/claude/plugins/installed_plugins.json"));
}

#[test]
fn records_of_others_keep_keys_that_we_do_not_know() {
    let home = crate::with_unmanaged(Sandbox::new().manifest(&wants(&["alpha"])));
    tools(&home);
    let file = "~/.claude/plugins/installed_plugins.json";
    let before = home.read(file).replace(
        "\"version\": \"3.0.0\",",
        "\"version\": \"3.0.0\",\n        \"size\": 1.10,\n        \"odd\": {\"a\": 99999999999999999999},",
    );
    home.write(file, &before);
    home.zskills(&["sync"]).expect(0);
    let other = &before[before.find("\"gamma@other\"").unwrap()..before.rfind("\n    ]").unwrap()];
    holds(&home.read(file), &[other]);
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
}

#[test]
fn files_beside_ours_are_not_touched() {
    let others = [
        "~/.claude/CLAUDE.md",
        "~/.claude/skills/mine/SKILL.md",
        "~/.claude.json",
        "~/.claude/settings.local.json",
    ];
    let home = others
        .iter()
        .fold(Sandbox::new().manifest(&wants(&["alpha"])), |home, path| home.file(path, "{}"));
    tools(&home);
    let before = home.stamps();
    home.zskills(&["sync"]).expect(0);
    let after = home.stamps();
    for path in others {
        assert_eq!(before[path], after[path], "{path}");
    }
}
