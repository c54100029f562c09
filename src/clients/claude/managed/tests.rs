use proptest::prelude::*;

use super::*;
use crate::model::spelling;

fn policy(text: &str) -> Policy {
    Policy::parse(&[("/etc/m.json".into(), text.as_bytes().to_vec())])
}

fn github(repo: &str, reference: Option<&str>) -> Source {
    Source::GitHub { repo: repo.into(), reference: reference.map(str::to_owned) }
}

fn git(url: &str) -> Source {
    Source::Git { url: url.into(), reference: None }
}

#[test]
fn rules_of_another_place_add_and_replace_nothing() {
    let rule = |key: &str, repo: &str| {
        policy(&format!(r#"{{"{key}": [{{"source": "github", "repo": "{repo}"}}]}}"#))
    };
    let own = "strictKnownMarketplaces";
    let wider = rule(own, "acme/tools").and(rule(own, "evil/x"));
    assert!(wider.forbids(&github("evil/x", None), None).is_some());
    assert!(wider.forbids(&github("acme/tools", None), None).is_some());
    let narrower = rule(own, "acme/tools").and(rule("blockedMarketplaces", "evil/x"));
    assert_eq!(narrower.forbids(&github("acme/tools", None), None), None);
    assert!(narrower.forbids(&github("evil/x", None), None).is_some());
    assert!(policy("{}").and(policy("{")).forbids(&github("a/b", None), None).is_some());
}

#[test]
fn without_rules_everything_goes() {
    let policy = policy("{\"model\": \"x\"}");
    assert_eq!(policy.forbids(&github("a/b", None), None), None);
    assert_eq!(policy.forbids_server("x", None, Some("https://h")), None);
}

#[test]
fn an_allow_list_allows_what_it_names_and_an_empty_one_nothing() {
    let rules = policy(
        r#"{"strictKnownMarketplaces": [
            {"source": "github", "repo": "acme/tools", "ref": "v1"},
            {"source": "hostPattern", "hostPattern": "^git\\.acme\\.com$"},
            {"source": "pathPattern", "pathPattern": "^/opt/"}]}"#,
    );
    let check = |source: Source, expected: bool| {
        assert_eq!(rules.forbids(&source, None).is_none(), expected, "{source:?}");
    };
    check(github("acme/tools", Some("v1")), true);
    check(github("acme/tools", None), false);
    check(github("acme/other", None), false);
    check(git("https://u@git.acme.com:8443/x.git"), true);
    check(git("git@git.acme.com:x/y.git"), true);
    check(git("https://git.acme.com.evil.com/x.git"), false);
    check(Source::Directory { path: "/opt/x".into() }, true);
    check(Source::Directory { path: "/home/x".into() }, false);
    let denial =
        policy("{\n  \"strictKnownMarketplaces\": []\n}").forbids(&github("a/b", None), None);
    let denial = denial.unwrap().to_string();
    assert!(denial.contains("/etc/m.json:2:"), "{denial}");
}

#[test]
fn a_blocked_source_is_blocked_however_it_is_spelled() {
    let rules = policy(r#"{"blockedMarketplaces": [{"source": "github", "repo": "evil/x"}]}"#);
    assert!(rules.forbids(&git("https://github.com/evil/x.git"), Some("v1")).is_some());
    assert!(rules.forbids(&github("evil/y", None), None).is_none());
}

#[test]
fn a_policy_that_cannot_be_read_forbids_everything() {
    for text in ["{", "[]", r#"{"blockedMarketplaces": {}}"#, r#"{"blockedMarketplaces": [1]}"#] {
        let rules = policy(text);
        assert!(rules.forbids(&github("a/b", None), None).is_some(), "{text}");
        assert!(rules.forbids_server("x", None, None).is_some(), "{text}");
    }
}

#[test]
fn servers_are_denied_by_name_command_and_url() {
    let rules = policy(
        r#"{"deniedMcpServers": [{"serverName": "bad"}, {"serverUrl": "https://*.evil.com/*"}],
            "allowedMcpServers": [{"serverName": "good"}, {"serverCommand": ["npx", "x"]}]}"#,
    );
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let check = |name: &str, command: Option<&str>, url: Option<&str>, expected: bool| {
        let command = command.map(words);
        let denied = rules.forbids_server(name, command.as_deref(), url);
        assert_eq!(denied.is_none(), expected, "{name} {command:?} {url:?}");
    };
    check("bad", None, Some("https://h/"), false);
    check("good", None, Some("https://a.evil.com/x"), false);
    check("good", None, Some("https://h/"), true);
    check("good", Some("npx y"), None, false);
    check("any", Some("npx x"), None, true);
    check("any", None, Some("https://h/"), false);
}

proptest! {
    #[test]
    fn a_managed_rule_says_the_same_of_every_spelling(text in spelling("git.acme.example"), rule in any::<prop::sample::Index>()) {
        let rules = [
            r#"{"source": "git", "url": "https://git.acme.example/a/b.git"}"#,
            r#"{"source": "git", "url": "https://git.acme.example:443//a/b"}"#,
            r#"{"source": "hostPattern", "hostPattern": "^git\\.acme\\.example$"}"#,
            r#"{"source": "hostPattern", "hostPattern": "^ok\\.example$"}"#,
            r#"{"source": "git", "url": "https://git.acme.example/other"}"#,
        ];
        let rule = rule.get(&rules);
        let plain = git("https://git.acme.example/a/b");
        for key in ["strictKnownMarketplaces", "blockedMarketplaces"] {
            let rules = policy(&format!("{{\"{key}\": [{rule}]}}"));
            let verdict = |source: &Source| rules.forbids(source, None).is_some();
            prop_assert_eq!(verdict(&git(&text)), verdict(&plain), "{} {} {}", key, rule, text);
        }
    }
}

#[test]
fn a_blocked_place_is_blocked_by_every_way_to_it() {
    let block = |rule: &str| policy(&format!("{{\"blockedMarketplaces\": [{rule}]}}"));
    let on_github = block(r#"{"source": "github", "repo": "evil/x"}"#);
    for url in [
        "http://github.com/evil/x",
        "git@github.com:Evil/X.git",
        "ssh://git@ssh.github.com:443/evil/x",
        "https://www.github.com//evil/x?y",
        "https://github.com./evil/%78",
    ] {
        assert!(on_github.forbids(&git(url), None).is_some(), "{url}");
    }
    let elsewhere = block(r#"{"source": "git", "url": "https://git.acme.example/a/b"}"#);
    for url in [
        "git@git.acme.example:a/b.git",
        "ssh://git.acme.example:2222/a/b",
        "http://git.acme.example/A/b",
    ] {
        assert!(elsewhere.forbids(&git(url), None).is_some(), "{url}");
    }
    let catalog = block(r#"{"source": "url", "url": "https://h.example/m.json"}"#);
    assert!(
        catalog.forbids(&Source::Url { url: "https://h.example/m.json?x".into() }, None).is_some()
    );
}

#[test]
fn an_allow_list_of_hosts_holds_for_what_entries_lead_to() {
    let hosts = policy(
        r#"{"strictKnownMarketplaces": [{"source": "hostPattern", "hostPattern": "^github\\.com$"}]}"#,
    );
    assert_eq!(hosts.forbids_upstream(&github("a/b", None), None), None);
    assert!(hosts.forbids_upstream(&git("https://evil.example/x"), None).is_some());
    let sources =
        policy(r#"{"strictKnownMarketplaces": [{"source": "github", "repo": "acme/tools"}]}"#);
    assert_eq!(sources.forbids_upstream(&github("a/b", None), None), None);
    assert!(sources.forbids_package("left-pad").is_some());
    let packages = policy(r#"{"blockedMarketplaces": [{"source": "npm", "package": "left-pad"}]}"#);
    assert!(packages.blocks_package("left-pad").is_some());
    assert_eq!(packages.forbids_package("right-pad"), None);
}
