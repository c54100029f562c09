//! What a client takes from a change of one thing, and what is only words.

use serde_json::json;

use super::tests::Sample;

const MANIFEST: &str = ".claude-plugin/plugin.json";
const HOOKS: &str = "hooks/hooks.json";

/// A plugin with something of everything, which each case changes in one place.
fn base() -> Sample {
    let hooks = r#"{"description":"d","hooks":{"Stop":[{"matcher":"x","hooks":[
        {"type":"command","command":"run","timeout":1}]}]}}"#;
    Sample::new(&[
        (MANIFEST, r#"{"name":"p","version":"1.0.0","description":"d"}"#),
        (HOOKS, hooks),
        (".mcp.json", r#"{"mcpServers":{"s":{"command":"node","args":["a.js"],"env":{"A":"1"}}}}"#),
        ("b.mcpb", "bundle"),
        ("commands/c.md", "---\ndescription: d\n---\nwords\n"),
        ("skills/a/SKILL.md", "---\nname: a\ndescription: d\n---\nwords\n"),
        ("skills/a/scripts/x.py", "print()"),
        ("else/commands/evil.md", "words\n"),
        (
            "else/hooks/hooks.json",
            r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"evil"}]}]}}"#,
        ),
        ("README.md", "# Words"),
    ])
    .listed_with("name", json!("p"))
    .listed_with("description", json!("d"))
}

fn hooks_json(body: &str) -> Sample {
    base().with(HOOKS, body)
}

fn server(body: &str) -> Sample {
    base().with(".mcp.json", body)
}

fn command(text: &str) -> Sample {
    base().with("commands/c.md", text)
}

/// A hook of a kind, with a field more.
fn one_hook(fields: &str) -> Sample {
    hooks_json(&format!(r#"{{"hooks":{{"Stop":[{{"matcher":"x","hooks":[{{{fields}}}]}}]}}}}"#))
}

type Cases = Vec<(&'static str, Sample)>;

const EVIL: &str = r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"evil"}]}]}}"#;

#[test]
fn every_change_of_what_runs_changes_the_powers_or_is_refused() {
    let cases = [
        of_the_entry(),
        of_hooks_json(),
        of_links(),
        of_paths(),
        of_servers(),
        of_hooks(),
        of_other_places(),
        of_documents(),
        of_files(),
    ]
    .concat();
    let before = base().words().unwrap();
    for (name, sample) in &cases {
        assert_ne!(sample.words().as_ref(), Ok(&before), "{name}");
    }
    assert_eq!(cases.len(), 89, "the book gives this number");
}

fn of_the_entry() -> Cases {
    vec![
        ("entry hooks", base().listed_with("hooks", serde_json::from_str(EVIL).unwrap())),
        ("entry server", base().listed_with("mcpServers", json!({"t": {"command": "evil"}}))),
        ("entry server path", base().listed_with("hooks", json!("./else/hooks/hooks.json"))),
        ("entry lsp", base().listed_with("lspServers", json!({"t": {"command": "evil"}}))),
        ("entry commands", base().listed_with("commands", json!({"c": {"content": "!`evil`"}}))),
        ("entry monitors", base().listed_with("monitors", json!([{"command": "evil"}]))),
        (
            "entry experimental",
            base().listed_with("experimental", json!({"monitors": [{"command": "e"}]})),
        ),
        ("entry strict", base().listed_with("strict", json!(false))),
        ("entry dependency", base().listed_with("dependencies", json!(["other"]))),
        ("entry channels", base().listed_with("channels", json!([{"server": "s"}]))),
        (
            "entry source",
            base().listed_with("source", json!({"source": "github", "repo": "evil/r"})),
        ),
    ]
}

fn of_hooks_json() -> Cases {
    let deep = format!(
        r#"{{"deep":{}1{},"hooks":{{"Stop":[{{"hooks":[{{"type":"command","command":"evil"}}]}}]}}}}"#,
        "[".repeat(300),
        "]".repeat(300)
    );
    vec![
        ("nested", hooks_json(&deep)),
        ("surrogate", hooks_json(&EVIL.replace("evil", r"\ud800"))),
        (
            "number key",
            hooks_json(r#"{"hooks":{"Stop":[{"hooks":[{"$serde_json::private::Number":"1"}]}]}}"#),
        ),
        ("bad byte", base().with(HOOKS, [EVIL.as_bytes(), b"\xFF"].concat())),
        (
            "bad byte in a text",
            base().with(HOOKS, [b"{\"x\":\"\xFF\",", &EVIL.as_bytes()[1..]].concat()),
        ),
        ("padding", base().with(HOOKS, " ".repeat(5 << 20) + EVIL)),
        ("padding of 3 MiB", base().with(HOOKS, " ".repeat(3 << 20) + EVIL)),
        ("mark", base().with(HOOKS, ["\u{feff}", EVIL].concat())),
        (
            "twice",
            hooks_json(&EVIL.replace("{\"hooks\":{\"Stop\"", "{\"hooks\":{},\"hooks\":{\"Stop\"")),
        ),
        ("modules", hooks_json(r#"{"modules":["./m.js"],"hooks":{}}"#)),
        ("no json", hooks_json("{")),
        ("list", hooks_json(r#"["x"]"#)),
    ]
}

fn of_links() -> Cases {
    vec![
        ("linked folder", base().without(HOOKS).with("hooks -> else/hooks", "")),
        (
            "linked file",
            base().without(HOOKS).with("hooks/hooks.json -> ../else/hooks/hooks.json", ""),
        ),
        ("linked out", base().with("agents -> ../../agents", "")),
        ("linked out absolutely", base().with("agents -> /agents", "")),
        (
            "commands linked",
            base()
                .without("commands/c.md")
                .with("else/commands/evil.md", "!`evil`")
                .with("commands -> else/commands", ""),
        ),
        (
            "skills linked",
            base()
                .with("else/s/SKILL.md", "")
                .with("skills/t -> ../else/s", "")
                .with("else/s/SKILL.md", "!`evil`"),
        ),
        (
            "agents linked",
            base().with("else/a/e.md", "---\nhooks: {}\n---\n").with("agents -> else/a", ""),
        ),
        (
            "link through a link",
            base()
                .with("one -> else", "")
                .with("agents -> one/a", "")
                .with("else/a/e.md", "---\nmodel: x\n---\n"),
        ),
    ]
}

fn of_paths() -> Cases {
    vec![
        ("dots", base().with(MANIFEST, r#"{"name":"p","hooks":"./x/../else/hooks/hooks.json"}"#)),
        (
            "named command",
            base()
                .with(MANIFEST, r#"{"name":"p","commands":["./else/commands/"]}"#)
                .with("else/commands/evil.md", "!`evil`"),
        ),
        (
            "named text",
            base()
                .with(MANIFEST, r#"{"name":"p","agents":["./README.md"]}"#)
                .with("README.md", "---\ntools: Bash\n---\n"),
        ),
        (
            "root manifest",
            base()
                .without(MANIFEST)
                .with("plugin.json", r#"{"name":"p","mcpServers":{"t":{"command":"evil"}}}"#),
        ),
    ]
}

fn of_servers() -> Cases {
    let stdio = r#"{"mcpServers":{"s":{"command":"node","args":["a.js"],"#;
    vec![
        (
            "env",
            server(&format!(
                "{stdio}\"env\":{{\"A\":\"1\",\"NODE_OPTIONS\":\"--require x\"}}}}}}}}"
            )),
        ),
        ("preload", server(&format!("{stdio}\"env\":{{\"LD_PRELOAD\":\"x\"}}}}}}}}"))),
        (
            "helper",
            server(&format!("{stdio}\"env\":{{\"A\":\"1\"}},\"headersHelper\":\"evil\"}}}}}}")),
        ),
        (
            "switch",
            server(&format!(
                "{stdio}\"env\":{{\"A\":\"1\"}},\"type\":\"http\",\"url\":\"https://evil\"}}}}}}"
            )),
        ),
        ("flat", server(r#"{"s":{"command":"node","args":["a.js"],"env":{"A":"1"},"cwd":"/"}}"#)),
        (
            "beside",
            server(
                r#"{"mcpServers":{"s":{"command":"node","args":["a.js"],"env":{"A":"1"}}},"x":{"command":"evil"}}"#,
            ),
        ),
        ("bundle", base().with("b.mcpb", "other bundle")),
        ("lsp", base().with(".lsp.json", r#"{"s":{"command":"evil"}}"#)),
    ]
}

fn of_hooks() -> Cases {
    let plain = r#""type":"command","command":"run","timeout":1"#;
    vec![
        ("http", one_hook(r#""type":"http","url":"https://evil""#)),
        ("agent", one_hook(r#""type":"agent","prompt":"do it""#)),
        ("mcp tool", one_hook(r#""type":"mcp_tool","server":"s","tool":"t""#)),
        ("headers", one_hook(&format!(r#"{plain},"headers":{{"A":"$TOKEN"}}"#))),
        ("shell", one_hook(&format!(r#"{plain},"shell":"powershell""#))),
        ("async", one_hook(&format!(r#"{plain},"async":true"#))),
        ("timeout", one_hook(&plain.replace('1', "2"))),
        (
            "matcher",
            hooks_json(
                r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"run","timeout":1}]}]}}"#,
            ),
        ),
        (
            "event",
            hooks_json(
                r#"{"hooks":{"PreToolUse":[{"matcher":"x","hooks":[{"type":"command","command":"run","timeout":1}]}]}}"#,
            ),
        ),
    ]
}

fn of_other_places() -> Cases {
    vec![
        ("settings", base().with("settings.json", r#"{"subagentStatusLine":{"command":"evil"}}"#)),
        ("manifest settings", base().with(MANIFEST, r#"{"name":"p","settings":{"agent":"x"}}"#)),
        ("workflow", base().with("workflows/w.js", "evil()")),
        ("output style", base().with("output-styles/o.md", "words")),
        ("theme", base().with("themes/t.json", "{}")),
        ("monitor", base().with("monitors/monitors.json", r#"[{"command":"evil"}]"#)),
        (
            "user config",
            base().with(MANIFEST, r#"{"name":"p","userConfig":{"a":{"type":"string"}}}"#),
        ),
        ("unknown key", base().with(MANIFEST, r#"{"name":"p","whatever":1}"#)),
        ("dependency", base().with(MANIFEST, r#"{"name":"p","dependencies":[{"name":"q"}]}"#)),
        ("packages", base().with("package-lock.json", "{}")),
        ("case", base().with("Hooks/Hooks.json", EVIL).without(HOOKS)),
    ]
}

fn of_documents() -> Cases {
    vec![
        ("upper case", base().with("commands/C2.MD", "!`evil`")),
        ("over lines", command("!`a\nb`")),
        ("after a mark", command("\u{feff}!`evil`")),
        ("after a mark in a line", command("x\u{feff}!`evil`")),
        ("fence on a line", command("see ```! evil ``` there")),
        ("fence", command("```!\nevil\n```\n")),
        ("in the frontmatter", command("---\ndescription: x !`evil`\n---\n")),
        ("quoted key", command("---\n\"allowed-tools\": Bash\n---\n")),
        ("flow", command("---\n{description: d, allowed-tools: Bash}\n---\n")),
        ("flow over lines", command("---\n{description: d,\nallowed-tools: Bash}\n---\n")),
        ("early end", command("---\nallowed-tools: Bash # ---\n---\n")),
        ("anchor", command("---\nx: &a Bash\nallowed-tools: *a\n---\n")),
        ("tab", command("---\nallowed-tools:\n\t- Bash\n---\n")),
        ("spelled otherwise", command("---\nallowed_tools: Bash\n---\n")),
        (
            "hooks",
            command(
                "---\nhooks:\n  Stop:\n    - hooks:\n        - type: command\n          command: evil\n---\n",
            ),
        ),
        ("model", command("---\nmodel: opus\n---\n")),
        ("loose", command("---\ndescription: a: b\nallowed-tools: Bash\n---\n")),
        ("skill", base().with("skills/b/SKILL.md", "---\nallowed-tools: Bash(*)\n---\n")),
        ("skill hooks", base().with("skills/a/SKILL.md", "---\nname: a\nhooks: {Stop: []}\n---\n")),
        ("root skill", base().with("SKILL.md", "!`evil`")),
    ]
}

fn of_files() -> Cases {
    vec![
        ("executable", base().with("bin/x*", "")),
        ("made executable", base().without("README.md").with("README.md*", "# Words")),
        ("script", base().with("skills/a/scripts/x.py", "evil()")),
        ("new script", base().with("skills/a/scripts/y.py", "")),
        ("no end", base().with("run", "")),
        ("text that runs", one_hook(r#""type":"command","command":"sh $X/README.md""#)),
    ]
}

#[test]
fn a_change_inside_of_a_power_changes_it() {
    let frontmatter = |hook: &str| {
        command(&format!(
            "---\nhooks:\n  Stop:\n    - hooks:\n        - type: command\n          command: {hook}\n---\n"
        ))
    };
    let runs = |text: &str| {
        one_hook(r#""type":"command","command":"sh notes.txt""#).with("notes.txt", text)
    };
    let named = |text: &str| {
        base().with(MANIFEST, r#"{"name":"p","outputStyles":"./else/"}"#).with("else/o.md", text)
    };
    let linked = |text: &str| base().with("lib/s.py", text).with("skills/a/lib -> ../../lib", "");
    let config = |value: i32| {
        base().with(MANIFEST, json!({"name": "p", "userConfig": {"a": value}}).to_string())
    };
    for (name, change) in [
        ("frontmatter", [frontmatter("a"), frontmatter("b")]),
        ("text that runs", [runs("a"), runs("b")]),
        ("style", [named("a"), named("b")]),
        ("linked", [linked("a"), linked("b")]),
        ("config", [config(1), config(2)]),
    ] {
        let [was, is] = change.map(|sample| sample.words().unwrap());
        assert_ne!(was, is, "{name}");
        assert!(was.keys().eq(is.keys()), "{name}: the power is the same, what it says is not");
    }
}

#[test]
fn words_may_change_freely() {
    let before = base().words().unwrap();
    let manifest = r#"{"version":"2.0.0","name":"p","description":"other","author":{"name":"me"},
        "keywords":["k"],"homepage":"https://x","license":"MIT"}"#;
    let hooks = r#"{"hooks":{"Stop":[{"hooks":[{"timeout":1.0,"command":"run","type":"command"}],
        "matcher":"x"}]},"description":"other"}"#;
    for (name, sample) in [
        ("manifest", base().with(MANIFEST, manifest)),
        ("spelling", base().with(HOOKS, hooks)),
        ("flat", server(r#"{"s":{"args":["a.js"],"env":{"A":"1"},"command":"node"}}"#)),
        (
            "entry",
            base().listed_with("description", json!("other")).listed_with("version", json!("2")),
        ),
        ("place of the plugin", base().listed_with("source", json!("./elsewhere"))),
        ("body", command("---\ndescription: other\n---\nother words\n")),
        ("loose", command("---\ndescription: Use when: asked\n---\n")),
        ("metadata", command("---\nmetadata:\n  short: x\nversion: 2\n---\n")),
        ("new skill", base().with("skills/b/SKILL.md", "---\nname: b\ndescription: d\n---\n")),
        ("new command", base().with("commands/d.md", "words, `code` and `!`\n")),
        ("reference", base().with("skills/a/references/r.md", "!`an example`")),
        (
            "documents",
            base().with("README.md", "# Other").with("LICENSE", "MIT").with("docs/a.png", "x"),
        ),
    ] {
        assert_eq!(sample.words().as_ref(), Ok(&before), "{name}");
    }
}
