//! What the client lists as errors of a plugin doctor names as well, and nothing else.

use serde_json::{Value, json};

use crate::peer::listed;
use crate::sandbox::Sandbox;

const MANIFEST: &str = ".claude-plugin/plugin.json";

/// Plugins by what is special about them: the fields of their manifest, and further files.
fn plugins() -> Vec<(Value, Vec<(&'static str, Value)>)> {
    let declares = |manifest: Value| (manifest, vec![]);
    let hooks = |hooks: Value| (json!({}), vec![("hooks/hooks.json", hooks)]);
    let mut plugins = vec![
        declares(json!({})),
        declares(json!({ "skills": "./nope" })),
        declares(json!({ "skills": ["./nope"] })),
        declares(json!({ "skills": "nope" })),
        declares(json!({ "skills": "./../other" })),
        declares(json!({ "skills": 5 })),
        declares(json!({ "commands": "./nope" })),
        declares(json!({ "commands": { "x": { "source": "./nope.md" } } })),
        declares(json!({ "commands": { "x": { "content": "hi" } } })),
        declares(json!({ "agents": "./nope.md" })),
        declares(json!({ "agents": "./nope" })),
        declares(json!({ "outputStyles": "./nope" })),
        declares(json!({ "themes": "./nope" })),
        declares(json!({ "workflows": ["./nope"] })),
        declares(json!({ "hooks": "./nope.json" })),
        declares(json!({ "hooks": { "PreToolUse": 5 } })),
        declares(json!({ "mcpServers": "./nope.json" })),
        declares(json!({ "monitors": ["./nope.json"] })),
        declares(json!({ "version": 5 })),
        declares(json!({ "dependencies": 5 })),
        declares(json!({ "name": "a b" })),
        (json!({ "skills": "./a.md" }), vec![("a.md", json!("x"))]),
        (json!({ "skills": "./x/../s/" }), vec![("s/a/SKILL.md", json!("x"))]),
        (json!({ "skills": "./S" }), vec![("s/a/SKILL.md", json!("x"))]),
        (json!({ "hooks": ["./a.json", "./a.json"] }), vec![("a.json", json!({ "hooks": {} }))]),
        (json!({ "hooks": "./a.json" }), vec![("a.json", json!([]))]),
        (
            json!({ "hooks": "./hooks/hooks.json" }),
            vec![("hooks/hooks.json", json!({ "hooks": {} }))],
        ),
        hooks(json!([])),
        hooks(json!("x")),
        hooks(json!({})),
        hooks(json!({ "PreToolUse": [] })),
        hooks(json!({ "hooks": [] })),
        hooks(json!({ "hooks": {}, "PreToolUse": [{ "hooks": [] }] })),
        hooks(json!({ "hooks": {}, "description": 5 })),
        hooks(json!({ "hooks": { "PreToolUse": {} } })),
        hooks(json!({ "hooks": { "PreToolUse": [{ "hooks": [{ "type": "no" }] }] } })),
        hooks(json!({ "hooks": { "PermissionRequest": [{ "matcher": 5, "hooks": [] }] } })),
        hooks(json!({ "hooks": { "Stop": [{ "hooks": [{ "type": "no" }] }], "NoEvent": 5 } })),
        (json!({}), vec![(".mcp.json", json!([]))]),
    ];
    for key in ["author", "repository", "homepage", "keywords", "license", "description", "tags"] {
        plugins.push(declares(json!({ key: 5 })));
    }
    plugins
}

#[test]
fn doctor_names_what_the_client_would_list_as_errors_of_a_plugin() {
    let home = Sandbox::new();
    let mut market = home.local_marketplace("~/tools", "tools");
    let plugins = plugins();
    let name = |index: usize| format!("p{index}");
    for index in 0..plugins.len() {
        market = market.plugin(&name(index), "1.0.0");
    }
    market.folder();
    let mut installed = json!({});
    let mut switches = json!({});
    for (index, (fields, files)) in plugins.iter().enumerate() {
        let folder = format!("~/tools/plugins/{}", name(index));
        let mut manifest = home.json(&format!("{folder}/{MANIFEST}"));
        manifest.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        home.write(&format!("{folder}/{MANIFEST}"), manifest.to_string());
        for (file, value) in files {
            home.write(&format!("{folder}/{file}"), value.to_string());
        }
        let id = format!("{}@tools", name(index));
        let place = home.path(&folder).display().to_string();
        installed[&id] = json!([{ "scope": "user", "installPath": place, "version": "1.0.0" }]);
        switches[&id] = true.into();
    }
    let source = home.path("~/tools").display().to_string();
    let known = json!({ "tools": {
        "source": { "source": "directory", "path": source },
        "installLocation": source,
        "lastUpdated": "2026-01-01T00:00:00.000Z",
    }});
    let records = json!({ "version": 2, "plugins": installed });
    home.write("~/.claude/plugins/known_marketplaces.json", known.to_string());
    home.write("~/.claude/plugins/installed_plugins.json", records.to_string());
    home.write("~/.claude/settings.json", json!({ "enabledPlugins": switches }).to_string());

    let rows = listed(&home, "~");
    let found = home.zskills(&["doctor", "--json"]).expect(0).stdout.clone();
    let found: Value = serde_json::from_str(&found).unwrap();
    let found = found["findings"].as_array().unwrap();

    for (index, (fields, files)) in plugins.iter().enumerate() {
        let id = format!("{}@tools", name(index));
        let theirs = &rows[&id]["errors"];
        let is_ours =
            |finding: &&Value| finding["id"] == "plugin.load-error" && finding["about"] == id;
        let ours: Vec<_> =
            found.iter().filter(is_ours).map(|finding| &finding["message"]).collect();
        assert_eq!(
            !ours.is_empty(),
            theirs.is_array(),
            "{fields} {files:?}: {theirs}, we {ours:?}"
        );
    }
}
