//! A secret that stands somewhere in a setup is on no screen, in no document and in no file of ours.

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

use crate::plugin;
use crate::sandbox::{Run, Sandbox};

/// A password that only its name gives away.
const WEAK: &str = "hunter2swordfish";
/// A key that gives itself away.
const STRONG: &str = "Zq7xK9fQ3vB8nT5mW1cR4pL2";

const MANIFEST: &str = "~/.config/zskills/skills.toml";

/// A server for each place in which people put secrets.
fn servers() -> Vec<(String, Value)> {
    let env = |name: &str, value: &str| json!({ "command": "true", "env": { name: value } });
    let header = |name: &str, value: &str| json!({ "type": "http", "url": "https://h.example/mcp", "headers": { name: value } });
    let args = |args: &[&str]| json!({ "command": "true", "args": args });
    let url = |url: &str| json!({ "type": "http", "url": url });
    let helper = |helper: &str| json!({ "type": "http", "url": "https://h.example/mcp", "headersHelper": helper });
    let bearer = format!("Bearer {WEAK}");
    let named = format!("Authorization: {bearer}");
    let all = [
        env("PGPASS", WEAK),
        env("PGPASSWORD", WEAK),
        env("API_KEY", WEAK),
        env("MYSQL_PWD", WEAK),
        env("PLAIN", STRONG),
        env("DSN", &format!("postgres://u:{WEAK}@db/x")),
        header("Authorization", &bearer),
        header("X-Api-Key", WEAK),
        header("Cookie", &format!("session={WEAK}")),
        header("X-Other", STRONG),
        args(&["--header", &named]),
        args(&["-H", &format!("X-Api-Key: {WEAK}")]),
        args(&["--token", WEAK]),
        args(&[&format!("--token={WEAK}")]),
        args(&["--api-key", WEAK, "x"]),
        args(&["--password", WEAK]),
        args(&["-e", &format!("API_KEY={WEAK}"), "image"]),
        args(&["-c", &format!("curl -H '{named}' https://h.example")]),
        args(&[&format!("postgres://u:{WEAK}@db/x")]),
        args(&["--x", STRONG]),
        url(&format!("https://h.example/mcp?key={WEAK}")),
        url(&format!("https://h.example/mcp?x=1&token={STRONG}")),
        url(&format!("https://h.example/mcp#access_token={WEAK}")),
        url(&format!("https://h.example/s/{STRONG}/mcp")),
        url(&format!("https://u:{WEAK}@h.example/mcp")),
        url(&format!("https://{WEAK}@h.example/mcp")),
        helper(&format!("printf '{named}'")),
        helper(&format!("get --token {WEAK}")),
    ];
    all.into_iter().enumerate().map(|(n, entry)| (format!("s{n}"), entry)).collect()
}

fn as_json() -> Value {
    json!({ "mcpServers": servers().into_iter().collect::<serde_json::Map<_, _>>() })
}

fn as_manifest() -> String {
    let line = |(key, value): (&String, &Value)| match (key.as_str(), value) {
        ("type", value) => format!("transport = {value}\n"),
        ("headersHelper", value) => format!("extra = {{ headersHelper = {value} }}\n"),
        (key, Value::Object(pairs)) => {
            let pair = |(name, value): (&String, &Value)| format!("\"{name}\" = {value}");
            format!("{key} = {{ {} }}\n", pairs.iter().map(pair).collect::<String>())
        }
        (key, value) => format!("{key} = {value}\n"),
    };
    let entry = |(name, entry): (String, Value)| {
        let lines: String = entry.as_object().unwrap().iter().map(line).collect();
        format!("[[mcps]]\nname = \"{name}\"\n{lines}")
    };
    format!("version = 1\n{}", servers().into_iter().map(entry).collect::<String>())
}

#[track_caller]
fn shows_none(what: &str, run: &Run) {
    for secret in [WEAK, STRONG] {
        let lines = run.stdout.lines().chain(run.stderr.lines());
        let bad: Vec<&str> = lines.filter(|line| line.contains(secret)).collect();
        assert!(bad.is_empty(), "{what} shows a secret:\n{}", bad.join("\n"));
    }
}

/// Asserts that no file of ours holds a secret, but for a manifest that the user wrote, and for what
/// a run was before, which is kept for the way back and which nobody else can read.
#[track_caller]
fn keeps_none(home: &Sandbox, but: &[&str]) {
    for folder in ["~/.config/zskills", "~/.local/state", "~/.cache", "~/.agents"] {
        for path in home.subtree(folder).into_keys() {
            let file = home.path(&path);
            if !file.is_file() || but.contains(&path.as_str()) {
                continue;
            }
            if path.starts_with("~/.local/state/zskills/generations/") {
                let mode = std::fs::metadata(&file).unwrap().permissions().mode();
                assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains(WEAK) && !text.contains(STRONG), "{path}\n{text}");
        }
    }
}

/// What only looks, in words and as a document.
const LOOKING: [&[&str]; 17] = [
    &["list"],
    &["list", "-v"],
    &["list", "--paths"],
    &["list", "--json"],
    &["status"],
    &["status", "--json"],
    &["sync", "--dry-run"],
    &["sync", "--dry-run", "--json"],
    &["doctor"],
    &["doctor", "-v"],
    &["doctor", "--json"],
    &["doctor", "--format", "sarif"],
    &["outdated"],
    &["outdated", "--json"],
    &["marketplace", "list"],
    &["marketplace", "list", "--json"],
    &["search", "s", "--json"],
];

#[track_caller]
fn looking_shows_none(home: &Sandbox) {
    for args in LOOKING {
        shows_none(&format!("{args:?}"), &home.zskills(args));
    }
    for (name, _) in servers() {
        for args in [&["why", &name][..], &["why", &name, "--json"]] {
            shows_none(&format!("{args:?}"), &home.zskills(args));
        }
        let server = format!("mcp:{name}");
        for args in [&["info", &server][..], &["info", &server, "--json"]] {
            shows_none(&format!("{args:?}"), &home.zskills(args));
        }
    }
}

#[test]
fn servers_of_a_manifest_keep_their_secrets() {
    let home = Sandbox::new().doctor_may_complain().manifest(&as_manifest());
    looking_shows_none(&home);
    shows_none("sync", &home.zskills(&["sync"]));
    keeps_none(&home, &[MANIFEST]);
    looking_shows_none(&home);
    // Each field of an entry is edited, and set back or shown.
    let text = home.read("~/.claude.json").replace(WEAK, "other").replace(STRONG, "another");
    home.write("~/.claude.json", text);
    shows_none("a changed sync", &home.zskills(&["sync", "--dry-run", "-v"]));
    shows_none("a changed sync", &home.zskills(&["sync", "--json"]));
    for (name, _) in servers() {
        for args in [
            &["disable", &name][..],
            &["enable", &name, "--json"],
            &["remove", &name, "--json", "--dry-run"],
            &["remove", &name],
        ] {
            shows_none(&format!("{args:?}"), &home.zskills(args));
        }
    }
    keeps_none(&home, &[MANIFEST]);
}

#[test]
fn servers_that_are_adopted_leave_their_secrets_behind() {
    for file in ["~/.claude.json", ".mcp.json"] {
        let home = Sandbox::new().doctor_may_complain().project("~/work").cwd("~/work");
        home.write(file, as_json().to_string());
        looking_shows_none(&home);
        shows_none("init", &home.zskills(&["init", "--print"]));
        for args in [&["sync", "--adopt", "--dry-run"][..], &["sync", "--adopt"], &["sync"]] {
            shows_none(&format!("{args:?} {file}"), &home.zskills(args));
        }
        keeps_none(&home, &[]);
        looking_shows_none(&home);
        shows_none("a fix", &home.zskills(&["doctor", "--fix", "--yes"]));
        keeps_none(&home, &[]);
    }
}

#[test]
fn what_others_wrote_forges_no_line_and_hides_nothing() {
    let odd = "x\n  + plugin evil@m  forged\r\u{1b}[2K\u{202e}\u{200b}\u{e0041}\u{9b}y";
    let home = Sandbox::new().doctor_may_complain().project("~/work").cwd("~/work");
    home.local_marketplace("~/market", "tools")
        .set("description", odd.into())
        .entry(json!({ "name": "a", "source": "./a", "version": odd, "description": odd }))
        .entry(json!({ "name": odd, "source": "./a" }))
        .entry(json!({ "name": "c", "source": odd }))
        .entry(json!({ "name": "d", "source": { "source": odd } }))
        .folder();
    let front = format!("---\nname: a\ndescription: {}\n---\n", json!(odd));
    home.write("~/market/a/skills/a/SKILL.md", &front);
    home.write("~/skills/b/SKILL.md", front.replace("name: a", "name: b"));
    let servers = json!({ "mcpServers": {
        odd: { "command": odd, "args": [odd], "env": { odd: odd } },
        "u": { "type": "http", "url": format!("https://h.example/{odd}"), "headers": { odd: odd } },
        "k": { "type": odd },
    } });
    home.write("~/.claude.json", servers.to_string());
    home.write(".mcp.json", servers.to_string());
    let switched = json!({ "enabledPlugins": { format!("{odd}@tools"): true } });
    home.write(".claude/settings.json", switched.to_string());
    let record = json!({
        "scope": "user", "installPath": odd, "version": odd, "installedAt": odd, "lastUpdated": odd
    });
    let installed = json!({ "version": 2, "plugins": { "z@tools": [record] } });
    home.write("~/.claude/plugins/installed_plugins.json", installed.to_string());
    let wanted: String = ["a", "c", "d"].iter().map(|name| plugin(name, "")).collect();
    let skills = "[[agent_skills]]\nsource = \"~/skills\"\n";
    home.write(MANIFEST, crate::declares("~/market") + &wanted + skills);
    let more: [&[&str]; 8] = [
        &["sync", "-v"],
        &["sync", "--json"],
        &["sync", "--adopt", "--dry-run"],
        &["why", "u"],
        &["info", "a@tools"],
        &["info", "mcp:u"],
        &["search", "a"],
        &["lint", "~/skills"],
    ];
    for args in LOOKING.iter().chain(&more) {
        let run = home.zskills(args);
        for line in run.stdout.lines().chain(run.stderr.lines()) {
            assert!(!line.trim_start().starts_with("+ plugin evil"), "{args:?}: {line:?}");
            let seen = |c: char| !c.is_control() && !"\u{202e}\u{200b}\u{e0041}".contains(c);
            assert!(line.chars().all(seen), "{args:?}: {line:?}");
        }
    }
}

#[test]
fn addresses_of_sources_keep_their_logins() {
    for address in [
        format!("https://me:{WEAK}@h.example/r.git"),
        format!("https://{STRONG}@h.example/r.git"),
        format!("https://h.example/m.json?token={WEAK}"),
        format!("https://h.example/m/{STRONG}/r.git"),
        format!("ssh://me:{WEAK}@h.example/r.git"),
    ] {
        let home = Sandbox::new().doctor_may_complain().manifest(&format!(
            "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"{address}\"\n{}\
             [[agent_skills]]\nsource = \"{address}\"\n",
            plugin("alpha", "")
        ));
        home.shim_with("git", "echo \"fatal: cannot reach $*\" >&2; exit 128");
        let known = json!({ "other": {
            "source": { "source": "git", "url": address },
            "installLocation": home.path("~/.claude/plugins/marketplaces/other"),
            "lastUpdated": "2026-01-01T00:00:00.000Z"
        } });
        home.write("~/.claude/plugins/known_marketplaces.json", known.to_string());
        for args in LOOKING {
            shows_none(&format!("{args:?} {address}"), &home.zskills(args));
        }
        home.processes();
        for args in [
            &["sync"][..],
            &["sync", "--json"],
            &["sync", "-v"],
            &["upgrade"],
            &["update", "--json"],
            &["marketplace", "add", &address],
            &["install", &address, "--json"],
            &["why", "alpha@tools"],
            &["sync", "--adopt", "--dry-run"],
        ] {
            shows_none(&format!("{args:?} {address}"), &home.zskills(args));
        }
        keeps_none(&home, &[MANIFEST]);
        let started = home.processes();
        let tells = |line: &&String| line.contains(&format!(":{WEAK}@"));
        let found: Vec<&str> =
            started.iter().filter(tells).filter_map(|line| line.split(" -- ").nth(1)).collect();
        assert!(found.is_empty(), "in the arguments of a process: {found:?}");
    }
}
