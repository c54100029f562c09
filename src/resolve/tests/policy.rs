//! What `[policy]` and an administrator keep from this machine.

use super::*;
use crate::model::TeamPolicy;

const MANIFEST: &str = "tools\na@tools";

fn rules(text: &str) -> TeamPolicy {
    let text = format!("version = 1\n[policy]\n{text}\n");
    manifest::parse(Path::new("/dots/skills.toml"), &text, &roots()).unwrap().policy
}

fn under(world: &World, text: &str, manifest: &str) -> Resolution {
    world.ask(&Intent { policy: rules(text), ..intent(manifest) }, &[])
}

/// Checks the first refusal; with no words, that there is none.
fn check(world: &World, text: &str, manifest: &str, expected: &str) {
    let out = under(world, text, manifest);
    let mut refusals = out.notes.iter().filter(|note| note.level == Level::Refused);
    match refusals.next() {
        Some(note) => {
            let said = format!("{}: {}", note.about, note.text);
            assert!(!expected.is_empty() && said.starts_with(expected), "{text}: {said}");
            assert_eq!(out.lock.plugins.len(), 0, "{text}: nothing of it is locked");
        }
        None => assert_eq!(expected, "", "{text}: {:?}", notes(&out)),
    }
}

#[test]
fn a_marketplace_is_held_to_the_rules_of_the_manifest() {
    let world = World::new().publish("tools", "main", '1', &[("a", &[])]);
    let world = world.publish("tools", "v2", '2', &[("a", &[])]);
    check(&world, "allow = [\"acme/*\"]", MANIFEST, "");
    check(&world, "allow = [\"o/*\"]", MANIFEST, "tools: `acme/tools` is not allowed");
    check(&world, "deny = [\"acme/tools\"]", MANIFEST, "tools: `acme/tools` is denied");
    check(
        &world,
        "require_pin = true",
        MANIFEST,
        "tools: `require_pin` of `[policy]` asks for a `pin`",
    );
    check(&world, "require_pin = true", "tools pin = \"v2\"\na@tools", "");
    check(&world, "require_pin = false", MANIFEST, "");
    let mut folder = intent("tools");
    folder.marketplaces[0].source = Some(Source::Directory { path: "/nowhere".into() });
    let out = world.ask(&Intent { policy: rules("require_pin = true"), ..folder }, &[]);
    assert!(out.notes.iter().all(|note| note.level != Level::Refused), "a folder has no pin");
}

#[test]
fn a_plugin_that_lies_elsewhere_is_held_to_the_same_rules() {
    let tools = || World::new().publish("tools", "main", '1', &[("a", &[])]);
    let elsewhere = |source: Value| World { elsewhere: Some(source), ..tools() };
    let address = |world: &World, shown: &str| {
        check(world, "", MANIFEST, "");
        let denied = format!("a@tools: `{shown}` is denied by `[policy]`");
        check(world, "deny = [\"**/evil/**\"]", MANIFEST, &denied);
        let only = format!("a@tools: `{shown}` is not allowed by `[policy]`");
        check(world, "allow = [\"acme/*\"]", MANIFEST, &only);
        check(world, "allow = [\"acme/*\", \"**/evil/**\"]", MANIFEST, "");
    };
    let url = "https://git.test/evil/x.git";
    address(&elsewhere(json!({ "source": "url", "url": url })), url);
    let subdir = json!({ "source": "git-subdir", "url": url, "path": "p" });
    address(&elsewhere(subdir), url);
    let archive = "https://files.test/evil/x.tgz";
    let sha256 = "0".repeat(64);
    address(&elsewhere(json!({ "source": "archive", "url": archive, "sha256": sha256 })), archive);
}

#[test]
fn a_package_is_named_by_npm_and_its_name() {
    let world = World {
        elsewhere: Some(json!({ "source": "npm", "package": "@evil/x" })),
        ..World::new().publish("tools", "main", '1', &[("a", &[])])
    };
    check(&world, "", MANIFEST, "");
    check(&world, "deny = [\"npm:@evil/*\"]", MANIFEST, "a@tools: `npm:@evil/x` is denied");
    check(&world, "allow = [\"acme/*\"]", MANIFEST, "a@tools: `npm:@evil/x` is not allowed");
    check(&world, "allow = [\"acme/*\", \"npm:@evil/*\"]", MANIFEST, "");
}

#[test]
fn an_administrator_goes_before_the_manifest() {
    let settings = br#"{ "strictKnownMarketplaces": [] }"#;
    let world = World {
        policy: Policy::parse(&[(Path::new("/etc/managed.json").into(), settings.to_vec())]),
        ..World::new().publish("tools", "main", '1', &[("a", &[])])
    };
    let out = under(&world, "allow = [\"acme/*\"]", MANIFEST);
    assert_eq!(out.notes[0].level, Level::Refused);
    assert!(out.notes[0].text.contains("/etc/managed.json"), "{}", out.notes[0].text);
}

#[test]
fn what_is_new_has_to_be_old_enough() {
    const DAY: u64 = 24 * 60 * 60;
    let at = |made: Option<u64>, now: u64, expected: &str| {
        let world =
            World { made, now, ..World::new().publish("tools", "main", '1', &[("a", &[])]) };
        check(&world, "min_age = 3", MANIFEST, expected);
    };
    at(Some(DAY), 4 * DAY, "");
    at(
        Some(DAY),
        4 * DAY - 1,
        "tools: its commit is 2 days old, `min_age` of `[policy]` asks for 3",
    );
    at(Some(DAY), 0, "tools: its commit is 0 days old");
    at(None, 9 * DAY, "tools: its commit is of unknown age");
    // What is locked was taken before.
    let locked = World { made: None, ..tools().after(MANIFEST, true) };
    assert_eq!(notes(&under(&locked, "min_age = 3", MANIFEST)), [""; 0]);
}

#[test]
fn a_name_that_leads_elsewhere_than_it_was_locked_from_is_refused() {
    let mut nameless = intent("tools");
    nameless.marketplaces[0].source = None;
    let mut world = tools().after("tools", true);
    assert_eq!(notes(&world.ask(&nameless, &[])), [""; 0]);
    world.lock.marketplaces.values_mut().for_each(|entry| entry.source = "other/tools".to_owned());
    // The manifest says itself where it is from, so there is nothing to compare.
    assert_eq!(notes(&world.resolve("tools")), [""; 0]);
    let out = world.ask(&nameless, &[]);
    let expected = "the client takes it from `acme/tools` now, it was locked from `other/tools`";
    assert_eq!((out.notes[0].level, out.notes[0].text.as_str()), (Level::Refused, expected));
    assert_eq!(out.lock, world.lock);
}
