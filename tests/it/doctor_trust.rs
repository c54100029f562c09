//! What is here against what was reviewed, and what a policy lets in.

use crate::doctor_checks::{KNOWN, SETTINGS, finds, finds_and_fixes, found, synced};
use crate::sandbox::Sandbox;
use crate::{plugin, tools, wants};

const CLONE: &str = "~/.claude/plugins/marketplaces/tools";
const LOCK: &str = "~/.config/zskills/skills.lock";
const HOOK: &str =
    "{\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"echo hi\"}]}]}}";

#[test]
fn a_marketplace_name_that_points_elsewhere_is_pointed_back() {
    let home = synced();
    home.marketplace("evil").plugin("alpha", "1.0.0").commit();
    for file in [KNOWN, SETTINGS] {
        home.write(file, home.read(file).replace("acme/tools", "acme/evil"));
    }
    finds_and_fixes(&home, &["trust.source-changed"]);
    assert_eq!(home.known("tools")["source"]["repo"], "acme/tools");
}

#[test]
fn a_marketplace_that_only_the_client_names_is_not_followed_elsewhere() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    home.write("~/.config/zskills/skills.toml", format!("version = 1\n{}", plugin("alpha", "")));
    home.zskills(&["sync"]).expect(0);
    home.marketplace("evil").plugin("alpha", "6.6.6").commit();
    home.write(KNOWN, home.read(KNOWN).replace("acme/tools", "acme/evil"));
    let lock = home.read(LOCK);
    finds(&home, &["trust.source-changed"]);
    home.zskills(&["sync"]).expect(4).says(&["acme/evil", "acme/tools"]);
    assert_eq!(home.read(LOCK), lock);
}

#[test]
fn a_clone_that_moved_is_named_by_what_moved_it() {
    let home = Sandbox::new().manifest(
        &wants(&["alpha"])
            .replace("source = \"acme/tools\"", "source = \"acme/tools\"\npin = \"v1\""),
    );
    let repo = tools(&home);
    repo.tag("v1");
    home.synced();
    repo.release("beta", "3.0.0");
    repo.tag("v1");
    home.git(&home.path(CLONE), &["fetch", "--quiet", "--force", "--tags", "origin"]);
    home.git(&home.path(CLONE), &["tag", "--force", "v1", &repo.head()]);
    home.git(&home.path(CLONE), &["checkout", "--quiet", &repo.head()]);
    finds_and_fixes(&home, &["trust.tag-moved"]);

    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let repo = tools(&home);
    home.synced();
    repo.release("beta", "3.0.0");
    repo.rewrite();
    home.remove(CLONE);
    let clone = home.path(CLONE);
    let url = format!("file://{}", repo.path.display());
    home.git(&home.home(), &["clone", "--quiet", &url, clone.to_str().unwrap()]);
    finds_and_fixes(&home, &["trust.history-rewritten"]);
}

#[test]
fn a_name_that_looks_like_a_known_one_is_told() {
    let home = Sandbox::new().manifest(
        "version = 1\n[[marketplaces]]\nname = \"c1aude-plugins-official\"\nsource = \"acme/c1aude-plugins-official\"\n",
    );
    home.marketplace("c1aude-plugins-official").plugin("alpha", "1.0.0").commit();
    home.zskills(&["sync"]).expect(0);
    finds(&home, &["trust.look-alike"]);
}

#[test]
fn an_upgrade_that_brings_a_hook_stops_until_it_is_accepted() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    let repo = tools(&home);
    home.synced();
    assert!(!home.read(LOCK).contains("hook"));
    repo.write("plugins/alpha/hooks/hooks.json", HOOK);
    repo.release("beta", "2.1.0");
    repo.release("alpha", "1.1.0");
    let run = home.zskills(&["upgrade"]);
    run.expect(4).says(&["+ hook stop runs `echo hi`", "--accept-capabilities alpha@tools"]);
    assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
    assert_eq!(home.record("beta@tools")["version"], "2.1.0", "only that item stops");
    home.zskills(&["doctor", "--check"]).expect(0);
    home.zskills(&["upgrade", "--accept-capabilities", "alpha@tools"]).expect(0);
    assert_eq!(home.record("alpha@tools")["version"], "1.1.0");
    assert!(home.read(LOCK).contains(" hook Stop runs `echo hi`\",\n"));
    home.synced();
}

#[test]
fn a_local_folder_that_gains_a_hook_stops_sync_too() {
    let home = Sandbox::new().manifest(
        "version = 1\n[[marketplaces]]\nname = \"tools\"\nsource = \"~/tools\"\n[[skills]]\nname = \"alpha@tools\"\n",
    );
    let repo = home.local_marketplace("~/tools", "tools").plugin("alpha", "1.0.0").folder();
    home.synced();
    repo.write("plugins/alpha/hooks/hooks.json", HOOK);
    home.zskills(&["sync"]).expect(4).says(&["+ hook stop"]);
    home.zskills(&["sync", "--accept-capabilities", "alpha"]).expect(0);
    home.synced();
}

#[test]
fn a_first_install_records_what_it_brings_and_says_so_when_asked() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    let market = home.marketplace("tools").plugin("alpha", "1.0.0");
    market.file("plugins/alpha/hooks/hooks.json", HOOK).commit();
    home.zskills(&["sync", "-v"]).expect(0).says(&["alpha@tools brings hook stop runs `echo hi`"]);
    assert!(home.read(LOCK).contains("hook Stop runs"));
    home.synced();
}

#[test]
fn a_hook_added_on_disk_is_more_than_was_accepted() {
    let home = synced();
    home.write("~/.claude/plugins/cache/tools/alpha/1.0.0/hooks/hooks.json", HOOK);
    finds_and_fixes(&home, &["lock.drift", "trust.capability-diff"]);
}

#[test]
fn what_the_administrator_forbids_is_never_fetched() {
    for (rules, forbidden) in [
        ("{\"strictKnownMarketplaces\": []}", true),
        (
            "{\"strictKnownMarketplaces\": [{\"source\": \"github\", \"repo\": \"acme/tools\"}]}",
            false,
        ),
        (
            "{\n  \"blockedMarketplaces\": [\n    {\"source\": \"github\", \"repo\": \"acme/tools\"}\n  ]\n}",
            true,
        ),
        ("{", true),
        ("{\"model\": \"x\"}", false),
    ] {
        let home = Sandbox::new()
            .manifest(&wants(&["alpha"]))
            .var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
        tools(&home);
        home.write("~/managed/managed-settings.d/10-x.json", rules);
        home.processes();
        let run = home.zskills(&["sync"]);
        if forbidden {
            run.expect(4).says(&["managed-settings.d/10-x.json"]);
            assert_eq!(home.processes(), [""; 0], "nothing is fetched");
        } else {
            run.expect(0);
        }
    }
}

#[test]
fn doctor_names_what_is_registered_against_a_rule() {
    let home = synced().var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
    home.write("~/managed/managed-settings.json", "{\n  \"strictKnownMarketplaces\": []\n}");
    finds(&home, &["policy.deny"]);
    home.zskills(&["doctor"]).says(&["managed-settings.json:2:"]);
    home.write("~/managed/managed-settings.json", "{");
    finds(&home, &["policy.syntax"]);
}

#[test]
fn a_team_allows_pins_and_ages_its_sources() {
    let check = |policy: &str, phrase: &str| {
        let home = Sandbox::new().manifest(&format!("{}\n[policy]\n{policy}\n", wants(&["alpha"])));
        tools(&home);
        home.processes();
        home.zskills(&["sync"]).expect(4).says(&[phrase, "skills.toml:"]);
        assert!(found(&home).contains("intent.missing"));
    };
    check("allow = [\"other/*\"]", "not allowed");
    check("deny = [\"acme/*\"]", "denied");
    check("require_pin = true", "require_pin");
    check("min_age = 3650", "min_age");
    let home = Sandbox::new()
        .manifest(&format!("{}\n[policy]\nallow = [\"acme/*\"]\nmin_age = 1\n", wants(&["alpha"])));
    tools(&home);
    home.synced();
}

#[test]
fn a_server_that_the_administrator_denies_is_not_written() {
    let manifest = "version = 1\n[[mcps]]\nname = \"one\"\nurl = \"https://a.example/mcp\"\n\
                    [[mcps]]\nname = \"two\"\nurl = \"https://b.example/mcp\"\n";
    let home = Sandbox::new().manifest(manifest).var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
    home.zskills(&["sync"]).expect(0);
    finds(&home, &[]);
    home.write(
        "~/managed/managed-settings.json",
        "{\n  \"deniedMcpServers\": [{\"serverUrl\": \"https://a.example/*\"}]\n}",
    );
    finds(&home, &["policy.deny"]);
    let home = Sandbox::new().manifest(manifest).var("ZSKILLS_MANAGED_SETTINGS", "~/managed");
    home.write(
        "~/managed/managed-settings.json",
        "{\"deniedMcpServers\": [{\"serverName\": \"one\"}]}",
    );
    home.zskills(&["sync"]).expect(4).says(&["one", "denied", "managed-settings.json"]);
    let servers = home.json("~/.claude.json")["mcpServers"].clone();
    assert!(servers["one"].is_null() && servers["two"].is_object(), "{servers}");
    home.zskills(&["outdated"]).expect(0);
}

#[test]
fn two_names_for_one_repository_are_told() {
    let home = synced();
    let mut known = home.json(KNOWN);
    known["again"] = known["tools"].clone();
    let write = |known: &serde_json::Value| {
        home.write(KNOWN, serde_json::to_string_pretty(known).unwrap());
    };
    known["again"]["source"] =
        serde_json::json!({"source": "git", "url": "https://github.com/Acme/tools.git"});
    write(&known);
    finds(&home, &["trust.source-changed"]);
    home.zskills(&["doctor"]).says(&["`again` and `tools`"]);
    home.zskills(&["doctor", "--check"]).expect(0);
    known["again"]["source"]["ref"] = "v1".into();
    write(&known);
    finds(&home, &[]);
}

#[test]
fn shared_settings_that_approve_servers_are_told() {
    let check = |file: &str, settings: &str, expected: &[&str]| {
        let home = Sandbox::new().manifest("version = 1\n").project("~/work");
        home.write(&format!("~/work/.claude/{file}"), settings);
        finds(&home, expected);
    };
    let id = "policy.project-approves";
    check("settings.json", "{\"enableAllProjectMcpServers\": true}", &[id]);
    check("settings.json", "{\"enabledMcpjsonServers\": [\"a\"]}", &[id]);
    check("settings.json", "{\"enabledMcpjsonServers\": []}", &[]);
    check("settings.json", "{\"enableAllProjectMcpServers\": false}", &[]);
    check("settings.local.json", "{\"enableAllProjectMcpServers\": true}", &[]);
}
