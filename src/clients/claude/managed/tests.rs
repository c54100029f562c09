use super::*;

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
