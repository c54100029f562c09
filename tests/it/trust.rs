//! Whoever writes an address: what a policy forbids is asked for by no way, and no address passes for another.

use serde_json::{Value, json};

use crate::http::HttpServer;
use crate::sandbox::Sandbox;
use crate::{declares, plugin};

/// A folder of the user's own that lists one plugin, which lies elsewhere.
fn listing(home: &Sandbox, source: &Value) -> String {
    let market = home.local_marketplace("~/market", "tools");
    market.entry(json!({ "name": "alpha", "source": source })).folder();
    declares("~/market") + &plugin("alpha", "")
}

fn skills(entry: &str) -> String {
    format!("version = 1\n\n[[agent_skills]]\n{entry}\n")
}

/// The ways to ask a host, or for a package, each as a manifest.
type Way = fn(&Sandbox, &HttpServer) -> String;

const OVER_A_HOST: [Way; 7] = [
    |_, server| declares(&server.url("acme/tools.git")) + &plugin("alpha", ""),
    |_, server| declares(&server.url("m.json")) + &plugin("alpha", ""),
    |_, server| skills(&format!("source = \"{}\"", server.url("acme/tools.git"))),
    |_, server| skills(&format!("source = \"{}\"", server.url(""))),
    |home, server| listing(home, &json!({ "source": "url", "url": server.url("p.git") })),
    |home, server| {
        let url = server.url("p.git");
        listing(home, &json!({ "source": "git-subdir", "url": url, "path": "x" }))
    },
    |home, server| {
        let url = server.url("a.tgz").replace("http:", "https:");
        let sha256 = "0".repeat(64);
        listing(home, &json!({ "source": "archive", "url": url, "sha256": sha256 }))
    },
];

const AS_A_PACKAGE: [Way; 3] = [
    |home, _| listing(home, &json!({ "source": "npm", "package": "demo" })),
    |_, _| skills("npm = \"demo\""),
    |_, _| skills("npm = \"demo\"\ninstall_cmd = \"sh -c true\"\nclaims = [\"demo-*\"]"),
];

/// Syncs by some ways under rules, all in vain; nothing is asked and nothing runs.
#[track_caller]
fn refuses(ways: &[Way], policy: &str, managed: &str) {
    for (index, way) in ways.iter().enumerate() {
        let home = Sandbox::new().var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
        let server = HttpServer::start(&home.remotes());
        home.write("~/managed/managed-settings.json", managed);
        home.write("~/.config/zskills/skills.toml", way(&home, &server) + policy);
        let run = home.zskills(&["sync"]);
        assert_eq!(run.code, Some(4), "{index}: {policy}{managed}\n{run}");
        assert_eq!(home.processes(), [""; 0], "{index}: {policy}{managed}");
        assert_eq!(server.requests(), [""; 0], "{index}: {policy}{managed}");
    }
}

#[test]
fn the_rules_of_a_manifest_hold_for_everything_that_is_fetched() {
    refuses(&OVER_A_HOST, "[policy]\ndeny = [\"127.0.0.1:*/**\"]\n", "{}");
    refuses(&AS_A_PACKAGE, "[policy]\ndeny = [\"npm:demo\"]\n", "{}");
    refuses(&OVER_A_HOST, "[policy]\nallow = [\"/**\", \"ok.example/**\"]\n", "{}");
    refuses(&AS_A_PACKAGE, "[policy]\nallow = [\"/**\", \"ok.example/**\"]\n", "{}");
}

#[test]
fn the_rules_of_an_administrator_hold_for_everything_that_is_fetched() {
    let host = r#"{"source": "hostPattern", "hostPattern": "^127"}"#;
    refuses(&OVER_A_HOST, "", &format!("{{\"blockedMarketplaces\": [{host}]}}"));
    let package = r#"{"source": "npm", "package": "demo"}"#;
    refuses(&AS_A_PACKAGE, "", &format!("{{\"blockedMarketplaces\": [{package}]}}"));
    let ours = r#"{"strictKnownMarketplaces": [{"source": "pathPattern", "pathPattern": "/market$"},
        {"source": "hostPattern", "hostPattern": "^ok\\.example$"}]}"#;
    refuses(&OVER_A_HOST, "", ours);
    // The marketplace that is allowed vouches for the packages that it lists.
    refuses(&AS_A_PACKAGE[1..], "", ours);
}

#[test]
fn plugins_that_each_need_the_next_have_an_end() {
    let home = Sandbox::new();
    let mut market = home.local_marketplace("~/market", "tools");
    for n in 0..300 {
        let next = format!("p{}", n + 1);
        market = market.dependent(&format!("p{n}"), &[&next]);
    }
    market.plugin("p300", "1.0.0").folder();
    home.write("~/.config/zskills/skills.toml", declares("~/market") + &plugin("p0", ""));
    let start = std::time::Instant::now();
    home.zskills(&["sync"]).expect(4).says(&["p65@tools", "64 plugins that each need the next"]);
    assert!(start.elapsed() < std::time::Duration::from_secs(120));
}

#[test]
fn skills_are_held_to_pins_where_a_team_asks_for_them() {
    let home = Sandbox::new();
    home.marketplace("tools").plugin("alpha", "1.0.0").commit().tag("v1");
    let rule = "[policy]\nrequire_pin = true\n";
    for entry in ["source = \"acme/tools\"", "npm = \"demo\""] {
        home.write("~/.config/zskills/skills.toml", skills(entry) + rule);
        home.zskills(&["sync"]).expect(4).says(&["require_pin", "skills.toml:"]);
    }
    home.write("~/.config/zskills/skills.toml", skills("source = \"acme/tools@v1\"") + rule);
    home.synced();
}

#[test]
fn an_address_that_reads_like_another_is_asked_by_no_way() {
    let managed = r#"{"strictKnownMarketplaces": [{"source": "hostPattern", "hostPattern": "ok\\.example$"},
        {"source": "pathPattern", "pathPattern": "."}]}"#;
    let policy = "[policy]\nallow = [\"ok.example/**\", \"/**\"]\n";
    for rules in [("", managed), (policy, "{}"), ("", "{}")] {
        let home = Sandbox::new().var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
        home.write("~/managed/managed-settings.json", rules.1);
        let server = HttpServer::start(&home.remotes());
        let real = server.url("");
        let real = real.trim_start_matches("http://").trim_end_matches('/');
        let port = real.rsplit(':').next().unwrap();
        for spoof in [
            format!("http://{real}\\@ok.example/x.git"),
            format!("http://{real}\\.ok.example/x.git"),
            format!("http://ok.example@{real}/x.git"),
            format!("http://ok.example:80@{real}/x.git"),
            format!("http://a@ok.example@{real}/x.git"),
            format!("http://{real}?@ok.example/x.git"),
            format!("http://{real}#@ok.example/x.git"),
            format!("http://{real}\t.ok.example/x.git"),
            format!("http://{real}\u{200b}/ok.example/x.git"),
            format!("http://2130706433:{port}/ok.example/x.git"),
            format!("http://0x7f.1:{port}/ok.example/x.git"),
        ] {
            let shown = serde_json::to_string(&spoof).unwrap();
            let catalog = json!({ "source": "url", "url": spoof });
            let manifests = [
                format!("version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = {shown}\n"),
                skills(&format!("source = {shown}")),
                listing(&home, &catalog),
                // As the client has it already.
                format!("version = 1\n{}", plugin("alpha", "")),
            ];
            let known = json!({ "tools": {
                "source": { "source": "git", "url": spoof },
                "installLocation": home.path("~/.claude/plugins/marketplaces/tools"),
                "lastUpdated": "2026-01-01T00:00:00.000Z"
            } });
            for (index, manifest) in manifests.into_iter().enumerate() {
                home.write("~/.config/zskills/skills.toml", manifest + rules.0);
                if index == 3 {
                    home.write("~/.claude/plugins/known_marketplaces.json", known.to_string());
                }
                home.processes();
                let run = home.zskills(&["sync"]);
                assert!(matches!(run.code, Some(1 | 4)), "{index} {spoof}\n{run}");
                assert_eq!(server.requests(), [""; 0], "{index} {spoof}\n{run}");
                assert_eq!(home.processes(), [""; 0], "{index} {spoof}\n{run}");
            }
            home.remove("~/.claude/plugins/known_marketplaces.json");
        }
    }
}
