use serde_json::{Value, json};

use super::faults;
use crate::clients::Cost;

/// Returns what is held against some settings: `!` where it costs the file, the path and the words.
fn held_against(settings: &Value) -> Vec<String> {
    let map = settings.as_object().expect("settings are an object");
    let said = faults(map).into_iter().map(|fault| {
        let path: Vec<String> = fault
            .path()
            .map(|step| match step {
                super::Step::Key(key) => key.clone(),
                super::Step::Element(index) => index.to_string(),
            })
            .collect();
        let sign = if fault.cost == Cost::Effect { "! " } else { "" };
        format!("{sign}{} {}", path.join("/"), fault.text)
    });
    said.collect()
}

#[test]
fn what_the_client_takes_is_no_fault() {
    let settings = json!({
        "$schema": "https://example.com/schema",
        "model": "m",
        "unknown": { "deep": 5 },
        "effortLevel": "immense",
        "cleanupPeriodDays": 1.0,
        "enableAllProjectMcpServers": null,
        "attribution": true,
        "forceLoginOrgUUID": ["a"],
        "env": { "A": 5 },
        "permissions": { "allow": ["Bash("], "defaultMode": "plan", "unknown": 5 },
        "enabledPlugins": { "a@m": ["^1"], "b@m": false },
        "quietHours": { "start": "9:05" },
        "hooks": {
            "PreToolUse": [{ "matcher": "Bash", "hooks": [{ "type": "command", "command": "x" }] }],
            "PermissionRequest": null,
            "NoSuchEvent": 5,
        },
    });
    assert_eq!(held_against(&settings), [""; 0]);
}

#[test]
fn what_costs_the_file_is_told_with_its_path() {
    for (settings, said) in [
        (json!({ "model": null }), "! model is not a text"),
        (
            json!({ "cleanupPeriodDays": 0 }),
            "! cleanupPeriodDays is not a whole number of at least 1",
        ),
        (
            json!({ "permissions": { "defaultMode": "allowEdits" } }),
            "! permissions/defaultMode is not one of `default`, `acceptEdits`, `plan`, `auto`, \
             `dontAsk`, `bypassPermissions`, `manual`",
        ),
        (json!({ "permissions": { "allow": "x" } }), "! permissions/allow is not a list"),
        (json!({ "statusLine": { "type": "command" } }), "! statusLine has no `command`"),
        (
            json!({ "enabledPlugins": { "a@m": "yes" } }),
            "! enabledPlugins/a@m is not true or false or a list",
        ),
        (json!({ "enabledPlugins": { "a@m": [5] } }), "! enabledPlugins/a@m/0 is not a text"),
        (
            json!({ "hooks": { "PreToolUse": [{ "hooks": [{ "type": "command", "command": 5 }] }] } }),
            "! hooks/PreToolUse/0/hooks/0/command is not a text",
        ),
        (json!({ "hooks": [{}] }), "! hooks is not an object"),
        (
            json!({ "sandbox": { "network": { "allowMachLookup": ["a*b"] } } }),
            "! sandbox/network/allowMachLookup/0 is not a name with no `*` but one at its end",
        ),
        (
            json!({ "strictKnownMarketplaces": [{ "source": "zz" }] }),
            "! strictKnownMarketplaces/0/source is not one of `github`, `git`, `url`, `npm`, `file`, \
             `directory`, `skills-dir`, `hostPattern`, `pathPattern`, `settings`",
        ),
    ] {
        assert_eq!(held_against(&settings), [said]);
    }
}

#[test]
fn what_costs_itself_alone_is_told_apart() {
    for (settings, said) in [
        (json!({ "hooks": "x" }), "hooks is not an object"),
        (json!({ "hooks": { "Stop": 5 } }), "hooks/Stop is not a list"),
        (json!({ "permissions": { "deny": [5] } }), "permissions/deny/0 is not a text"),
    ] {
        assert_eq!(held_against(&settings), [said]);
    }
}

#[test]
fn addresses_are_told_from_other_texts_as_browsers_do() {
    let hook = |url: &str| {
        let hook = json!({ "type": "http", "url": url });
        held_against(&json!({ "hooks": { "PreToolUse": [{ "hooks": [hook] }] } }))
    };
    for good in ["https://h/x", "HTTP://h", "http:///h", "x:", "https://${HOST}/", "http://[::1]/"]
    {
        assert_eq!(hook(good), [""; 0], "{good}");
    }
    for bad in ["", "h/x", "/x", "https:", "http://", "http://a b", "http://h:99999", "${X}/hook"] {
        assert_eq!(hook(bad).len(), 1, "{bad}");
    }
}
