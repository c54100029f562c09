//! Edits keep every byte that they are not about.

use proptest::prelude::*;

use super::*;
use crate::manifest::raw::Reader;

const FILE: &str = "/dots/skills.toml";

fn plugin(id: &str) -> PluginEntry {
    let id = id.parse().unwrap();
    PluginEntry { id, version: None, enabled: true, scope: Scope::User, pin: None }
}

fn added(text: &str, id: &str) -> String {
    add_plugin(Path::new(FILE), text, &plugin(id)).unwrap()
}

fn removed(text: &str, id: &str) -> String {
    remove(Path::new(FILE), text, Target::Plugin(&id.parse().unwrap(), None)).unwrap()
}

#[test]
fn the_first_entry_of_an_empty_text_brings_the_version() {
    let expected = "version = 1\n\n[[skills]]\nname = \"a\"\nmarketplace = \"m\"\n";
    assert_eq!(added("", "a@m"), expected);
    assert_eq!(added("\n", "a@m"), format!("\n{expected}"));
    assert_eq!(added("# mine", "a@m"), format!("# mine\n{expected}"));
    assert_eq!(added("\u{feff}", "a@m"), format!("\u{feff}{expected}"));
}

#[test]
fn a_new_entry_stands_behind_the_last_of_its_kind() {
    let check = |text: &str, expected: &str| assert_eq!(added(text, "b@m"), expected);
    check(
        "version = 1\n[[skills]]\nname = \"a@m\" # first\n\n# servers\n[[mcps]]\nname = \"s\"\n",
        "version = 1\n[[skills]]\nname = \"a@m\" # first\n\n[[skills]]\nname = \"b\"\nmarketplace = \"m\"\n\n# servers\n[[mcps]]\nname = \"s\"\n",
    );
    check(
        "version = 1\r\n[[skills]]\r\nname = \"a@m\"\r\n# scope = \"x\"\r\n\r\n# end",
        "version = 1\r\n[[skills]]\r\nname = \"a@m\"\r\n# scope = \"x\"\r\n\r\n[[skills]]\r\nname = \"b\"\r\nmarketplace = \"m\"\r\n\r\n# end",
    );
    check(
        "version = 1\n[[skills]]\nname = \"a@m\"\n# servers\n[[mcps]]\n",
        "version = 1\n[[skills]]\nname = \"a@m\"\n\n[[skills]]\nname = \"b\"\nmarketplace = \"m\"\n\n# servers\n[[mcps]]\n",
    );
    check("version = 1", "version = 1\n\n[[skills]]\nname = \"b\"\nmarketplace = \"m\"\n");
}

#[test]
fn all_keys_are_written_in_a_fixed_order() {
    let entry = PluginEntry {
        version: Some("^1.2".parse().unwrap()),
        enabled: false,
        scope: Scope::Local,
        pin: Some("v\"1".into()),
        ..plugin("a@m")
    };
    let text = add_plugin(Path::new(FILE), "version = 1\n", &entry).unwrap();
    assert_eq!(
        text,
        "version = 1\n\n[[skills]]\nname = \"a\"\nmarketplace = \"m\"\nversion = \"^1.2\"\nenabled = false\nscope = \"local\"\npin = \"v\\\"1\"\n"
    );
    let entry = MarketplaceEntry {
        name: "m".parse().unwrap(),
        source: Some("./m".into()),
        pin: None,
        auto_update: Some(true),
    };
    let text = add_marketplace(Path::new(FILE), "version = 1\n", &entry).unwrap();
    assert_eq!(
        text,
        "version = 1\n\n[[marketplaces]]\nname = \"m\"\nsource = \"./m\"\nauto_update = true\n"
    );
}

#[test]
fn an_entry_goes_with_its_own_lines_and_nothing_else() {
    let text = "version = 1\n\n# mine\n[[skills]]\nname = \"a\"\nmarketplace = \"m\"\n# pin = \"x\"\n\n[[skills]]\nname = \"b@m\"\n";
    assert_eq!(removed(text, "a@m"), "version = 1\n\n# mine\n[[skills]]\nname = \"b@m\"\n");
    assert_eq!(removed(text, "b@m"), text.replace("\n[[skills]]\nname = \"b@m\"\n", ""));
    let both = "[[skills]]\nname = \"a@m\"\n\n[[skills]]\nname = \"a@m\"\nscope = \"project\"\n";
    assert_eq!(removed(both, "a@m"), "");
    let id = "a@m".parse().unwrap();
    let one = remove(Path::new(FILE), both, Target::Plugin(&id, Some(Scope::Project))).unwrap();
    assert_eq!(one, "[[skills]]\nname = \"a@m\"\n");
}

#[test]
fn one_key_is_set_where_it_stands() {
    let set = |text: &str, key: &str, value: Option<toml_edit::Value>| {
        let id = "a@m".parse().unwrap();
        set(Path::new(FILE), text, Target::Plugin(&id, None), key, value.as_ref()).unwrap()
    };
    let text = "[[skills]]\n  name = \"a@m\" # why\n  pin = 'v1'  # old\n\n[[mcps]]\n";
    assert_eq!(set(text, "pin", Some("v2".into())), text.replace("'v1'", "\"v2\""));
    assert_eq!(set(text, "pin", None), text.replace("  pin = 'v1'  # old\n", ""));
    assert_eq!(set(text, "scope", None), text);
    assert_eq!(
        set(text, "enabled", Some(false.into())),
        text.replace("# old\n", "# old\n  enabled = false\n")
    );
    assert_eq!(
        set("[[skills]]\r\nname=\"a@m\"", "enabled", Some(false.into())),
        "[[skills]]\r\nname=\"a@m\"\r\nenabled = false\r\n"
    );
}

#[test]
fn what_cannot_be_edited_says_why() {
    let file = Path::new(FILE);
    let id: PluginId = "a@m".parse().unwrap();
    let check = |result: Result<String, Diagnostic>, expected: &str| {
        assert_eq!(result.unwrap_err().message, expected);
    };
    let target = Target::Plugin(&id, None);
    check(remove(file, "version = 1", target), "plugin `a@m` is not there");
    check(set(file, "version = 1", target, "pin", None), "plugin `a@m` is not there");
    let there = "[[skills]]\nname = \"a@m\"\n";
    check(add_plugin(file, there, &plugin("a@m")), "plugin `a@m` in user scope is already there");
    let array = "skills = [{ name = \"a@m\" }]\n";
    check(remove(file, array, target), "`skills` is not written as `[[skills]]` entries");
    let apart = "[[skills]]\nname = \"a@m\"\n[[x]]\n[skills.more]\ny = 1\n";
    check(remove(file, apart, target), "the tables of this entry are not together");
    let woven = "[[x]]\n[[skills]]\nname = \"a@m\"\n[x.z]\n[skills.more]\ny = 1\n";
    check(remove(file, woven, target), "the tables of this entry are not together");
    check(set(file, apart, target, "more", None), "`more` is a table of its own");
    assert!(remove(file, "<<<<<<< a\n", target).is_err());
}

/// Texts made of pieces that a person may have written, in any order.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "# a comment\n",
        "\n",
        "[[skills]]\nname = \"x\"\nmarketplace = \"m\" # c\n",
        "[[skills]]\n  name = 'y@m'\n  # scope = \"local\"\n",
        "[[marketplaces]]\nname = \"m\"\nsource = \"o/r\"\n",
        "[[mcps]]\nname = \"s\"\n[mcps.env]\nA = \"1\"\n",
        "[[agent_skills]]\nnames = [\n  \"a\", # why\n]\n",
    ]);
    (prop::collection::vec(piece, 0..8), any::<bool>()).prop_map(|(pieces, windows)| {
        let text = format!("version = 1\n{}", pieces.concat());
        if windows { text.replace('\n', "\r\n") } else { text }
    })
}

proptest! {
    #[test]
    fn an_entry_that_comes_and_goes_leaves_the_other_bytes(text in texts()) {
        let with = added(&text, "new@m");
        let names = |text: &str| {
            let document = document(Path::new(FILE), text).unwrap();
            let entries = Reader::new(Path::new(FILE), text).entries(document.as_table(), "skills");
            entries.iter().map(|e| e.table.get("name").unwrap().to_string()).collect::<Vec<_>>()
        };
        prop_assert_eq!(names(&with).len(), names(&text).len() + 1);
        prop_assert_eq!(names(&with).last().map(|n| n.trim().to_owned()), Some("\"new\"".to_owned()));
        // Only lines were added.
        let mut rest = with.lines();
        prop_assert!(text.lines().all(|line| rest.any(|other| other == line)));

        let without = removed(&with, "new@m");
        let blank_apart = |text: &str| {
            text.split_inclusive('\n').filter(|l| !l.trim().is_empty()).collect::<String>()
        };
        prop_assert_eq!(blank_apart(&without), blank_apart(&text));
    }
}
