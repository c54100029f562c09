//! What a manifest says, and what is said about a wrong one.

use super::*;
use crate::model::{Position, well_known_marketplace};

fn roots() -> Roots {
    crate::clients::roots_below(Path::new("/home/u"), Path::new("/home/u"))
}

pub(in crate::declared::manifest) fn read(text: &str) -> Result<Intent, Vec<Diagnostic>> {
    intent(Path::new("/dots/skills.toml"), text, &roots())
}

/// Returns each fault as `line:column message`, with hints behind ` | `.
pub(in crate::declared::manifest) fn faults(text: &str) -> Vec<String> {
    let faults = read(text).expect_err("the manifest should be refused");
    let line = |fault: &Diagnostic| {
        let at = fault.at.map_or(String::new(), |p| format!("{}:{} ", p.line, p.column));
        let hint = fault.hint.as_ref().map_or(String::new(), |hint| format!(" | {hint}"));
        format!("{at}{}{hint}", fault.message)
    };
    faults.iter().map(line).collect()
}

#[test]
fn a_manifest_says_what_is_wanted_and_where() {
    let intent = read(include_str!("../../../fixtures/manifests/plugins.toml")).unwrap();
    let [tools, local, bare] = intent.marketplaces.as_slice() else { panic!("{intent:?}") };
    assert_eq!(tools.source.as_ref().unwrap().to_string(), "acme/tools");
    assert_eq!(tools.pin.as_deref(), Some("v1.2"));
    assert_eq!(tools.auto_update, Some(false));
    assert_eq!(tools.at, Position { line: 4, column: 1 });
    assert_eq!(local.source, Some(Source::Directory { path: "/dots/market".into() }));
    assert_eq!(local.written.as_deref(), Some("./market"));
    assert_eq!((&bare.source, &bare.pin), (&None, &None));
    assert_eq!(
        well_known_marketplace(&bare.name).unwrap().to_string(),
        "anthropics/claude-plugins-official"
    );

    let plugins: Vec<String> = intent
        .plugins
        .iter()
        .map(|p| {
            let version = p.version.as_ref().map(ToString::to_string);
            format!("{} {} {} {version:?} {:?} {}", p.id, p.scope, p.enabled, p.pin, p.at.line)
        })
        .collect();
    assert_eq!(
        plugins,
        [
            "alpha@tools user true Some(\"^1.2\") Some(\"v2\") 17",
            "alpha@tools project false None Some(\"v2\") 23",
            "beta@elsewhere user true None None 29",
        ]
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let intent = read("\u{feff}version = 1\r\n[[skills]]\r\nname = \"a@m\"\r\n").unwrap();
    assert_eq!(intent.plugins[0].at, Position { line: 2, column: 1 });
    assert_eq!(read("version = 1\nskills = [{ name = \"a@m\" }]").unwrap().plugins.len(), 1);
}

#[test]
fn every_fault_is_reported_in_the_order_of_the_text() {
    let text = include_str!("../../../fixtures/manifests/faulty.toml");
    assert_eq!(
        faults(text),
        [
            "1:1 unknown key `marketplace` | did you mean `marketplaces`?",
            "3:1 `name` is missing",
            "4:1 unknown key `sorce` | did you mean `source`?",
            "5:7 `pin` must be a string, not an integer",
            "8:8 `name` has the character ' '; only letters, digits, `.`, `_` and `-` are allowed",
            "9:10 `source` `git://host/r`: has the scheme `git`; only https, http, ssh and file are fetched",
            "10:15 `auto_update` must be a boolean, not a string",
            "17:7 `pin` contradicts the ref in `source` | keep one of the two",
            "20:8 marketplace `m` is already in line 15",
            "22:7 `pin` needs a source that git fetches",
            "25:8 `marketplace` is missing | add `marketplace = \"…\"`, or `name = \"alpha@…\"`",
            "29:15 `marketplace` contradicts the one in `name` | leave `marketplace` out",
            "30:11 `version` is no requirement: unexpected character 'l' while parsing major version number \
             | write `^1.2`, `~1.2.3` or `=1.2.3`; leave it out for any version",
            "31:9 scope `managed` belongs to the administrator's settings, not to a manifest \
             | known are `user`, `project`, `local`",
            "34:8 `alpha@m` in user scope is already in line 28",
            "35:7 `pin` is a ref with `..`",
            "39:9 unknown scope `prject` | did you mean `project`?",
        ]
    );
}

#[test]
fn files_that_are_not_ours_get_one_clear_answer() {
    let check = |text: &str, expected: &str| {
        let found = faults(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}");
    };
    check(
        "[skills]\na = \"o/r\"\n",
        "1:2 `[skills]` looks like the `skills.toml` of another tool (skillcask, skills-man)",
    );
    check("version = 2\n[[new]]\n", "1:11 written for a newer zskills");
    check("version = 0\n", "1:11 `version` must be 1");
    check("version = \"1\"\n", "1:11 `version` must be an integer, not a string");
    check("version = 1\n<<<<<<< HEAD\na = 1\n", "2:1 a merge left a conflict here");
    check("version = 1\nversion = 1\n", "2:1 duplicate key");
    check("version = 1\n[skills.a]\n", "2:2 `[skills]` looks like");
    check("version = 1\nskills = [1]\n", "2:11 `skills` must hold tables, not an integer");
    check("version = 1\n[marketplaces.a]\n", "2:2 `marketplaces` must be written as");
    check("", "1:1 holds no entry");
    let old = "[[marketplaces]]\nname = \"m\"\nsource = \"o/r\"\n";
    assert_eq!(read(old).unwrap().marketplaces.len(), 1, "no version is version 1");
}

#[test]
fn a_line_with_a_secret_is_named_but_not_shown() {
    let text = "version = 1\n[[marketplaces]]\nname = \"m\"\nsource = \"ftp://u:hunter2@h/r\"\n";
    let shown = read(text).unwrap_err()[0].to_string();
    assert!(shown.starts_with("/dots/skills.toml:4:10: `source` `ftp://h/r`: "), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
