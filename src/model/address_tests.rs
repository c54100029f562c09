//! Every way to write one address is one place, and none that reads like another passes for it.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn a_place_has_one_spelling() {
    let check = |spellings: &[&str]| {
        for other in spellings {
            assert_eq!(at(spellings[0]), at(other), "{other}");
        }
    };
    check(&[
        "https://git.acme.example/a/b",
        "https://git.acme.example/a/b.git",
        "https://git.acme.example/a/b/",
        "https://git.acme.example:443/a/b",
        "https://git.acme.example./a/b",
        "HTTPS://Git.Acme.Example/a/b",
        "https://git.acme.example//a//b",
        "https://git.acme.example/%61/b",
        "https://git.acme.example/x/../a/./b",
        "https://git.acme.example/x/%2e%2e/a/b",
        "https://token@git.acme.example/a/b",
        "https://me:hunter2@git.acme.example/a/b",
        "https://git.acme.example/a/b#main",
    ]);
    check(&["http://h.example/x", "http://h.example:80/x.git/"]);
    check(&[
        "ssh://git@h.example/g/r",
        "ssh://h.example:22/g/r.git",
        "git@h.example:g/r",
        "git@H.example:/g/r",
    ]);
    check(&[
        "https://github.com/o/r",
        "https://www.GitHub.com/O/r.git",
        "ssh://git@github.com/o/R",
        "ssh://git@ssh.github.com:443/o/r.git",
        "git@github.com:O/r.git",
        "git@ssh.github.com:o/r",
    ]);
    check(&["file:///srv/r.git", "file:///srv//x/../r"]);
    assert_eq!(at("https://h.example/x?a"), at("https://h.example/x?a#b"));
}

#[test]
fn what_is_not_the_same_stays_apart() {
    for (one, other) in [
        ("https://h.example/x", "http://h.example/x"),
        ("https://h.example/x", "https://h.example:8443/x"),
        ("https://h.example/x", "https://h.example/X"),
        ("https://h.example/x", "https://h.example/x?y"),
        ("https://h.example/x", "https://h.example.evil.example/x"),
        ("https://h.example/a/b", "https://h.example/a%2Fb"),
        ("http://h.example:443/x", "http://h.example/x"),
        ("https://github.com/o/r", "http://github.com/o/r"),
    ] {
        assert_ne!(at(one), at(other), "{one} {other}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_no_address() {
    use AddressFault as F;
    let check = |text: &str, expected: F| {
        assert_eq!(Address::parse(text), Err(expected), "{text:?}");
    };
    check("http://127.0.0.1:8000\\@ok.example/x", F::Backslash);
    check("https://evil.example\\.ok.example/x", F::Backslash);
    check("https://ok.example@evil.example/x", F::Login);
    check("https://ok.example:443@evil.example/x", F::Login);
    check("https://ok.corp.internal@evil.example/x", F::Login);
    check("https://a@ok.example@evil.example/x", F::Login);
    check("https://a@@evil.example/x", F::Login);
    check("ok.example@evil.example:o/r", F::Login);
    check("ssh://github.com@evil.example/o/r", F::Login);
    check("https://evil.example?@ok.example/x", F::Path);
    check("https://evil.example#@ok.example/x", F::Path);
    check("https://127.1/x", F::UnusualHost);
    check("https://0x7f000001/x", F::UnusualHost);
    check("https://2130706433/x", F::UnusualHost);
    check("https://e%76il.example/x", F::UnusualHost);
    check("https://еvil.example/x", F::UnusualHost);
    check("https://ok.example\t.evil.example/x", F::Hidden);
    check("https://ok\u{200b}.example/x", F::Hidden);
    check("https://ok.example/\u{202e}x", F::Hidden);
    check("https:///x", F::Host);
    check("https://h.example:99999/x", F::Host);
    check("ext::sh", F::Scheme);
    check("git://h/r", F::Scheme);
    check("file://host/x", F::Host);
    for good in ["https://first.last:hunter2@h.example/x", "ssh://first.last@h.example:29418/x"] {
        assert!(Address::parse(good).is_ok(), "{good}");
    }
}

/// One way among many to write `scheme://host/a/b`, which differs in nothing that a server sees.
pub fn spelling(host: &'static str) -> impl Strategy<Value = String> {
    let letters = |text: &'static str| {
        prop::collection::vec(any::<bool>(), text.len()).prop_map(move |upper| {
            let cased = |(c, upper): (char, bool)| if upper { c.to_ascii_uppercase() } else { c };
            text.chars().zip(upper).map(cased).collect::<String>()
        })
    };
    let login = prop::sample::select(&["", "me@", "me:hunter2@", "x-access-token:abc@"]);
    let end = prop::sample::select(&["", ".git", "/", ".git/", "//", "#v1"]);
    let path = prop::sample::select(&[
        "/a/b",
        "//a/b",
        "/a//b",
        "/%61/b",
        "/./a/b",
        "/x/../a/b",
        "/a/%62",
    ]);
    let tail = prop::sample::select(&["", "."]);
    let port = prop::sample::select(&["", ":443"]);
    (letters("https"), login, letters(host), tail, port, path, end).prop_map(
        |(scheme, login, host, dot, port, path, end)| {
            format!("{scheme}://{login}{host}{dot}{port}{path}{end}")
        },
    )
}

proptest! {
    #[test]
    fn however_it_is_written_it_is_one_place(text in spelling("git.acme.example")) {
        prop_assert_eq!(Address::parse(&text), Address::parse("https://git.acme.example/a/b"));
    }

    #[test]
    fn whatever_is_read_leads_where_a_browser_would_go(text in "https?://[a-c.@:/\\\\?#%0-9x\\[\\]-]{1,24}") {
        if let Ok(address) = Address::parse(&text) {
            let browser = Url::parse(&text).unwrap();
            let host = browser.host_str().unwrap();
            prop_assert_eq!(address.host(), host.strip_suffix('.').unwrap_or(host));
            // And where somebody would say who reads the text up to the first slash.
            let shown = text.split("://").nth(1).unwrap().split('/').next().unwrap();
            let shown = shown.rsplit('@').next().unwrap();
            prop_assert!(shown.starts_with(address.host()), "{}", text);
        }
    }
}
