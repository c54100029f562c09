//! Edits keep every byte that they are not about.

use proptest::prelude::*;

use super::*;
use crate::declared::manifest::parse::tests::read;
use crate::model::{ServerRecord, Transport, WantedPlugin};

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

    let server = Target::Server("s", None);
    for text in
        ["[[mcps]]\nname = \"s\"\nenv.T = \"hunter2\"\n", "mcps = [{ env.T = \"hunter2\" }]\n"]
    {
        let fault = set(file, text, server, "env", None).unwrap_err().to_string();
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}

#[test]
fn skills_and_servers_come_and_go() {
    let file = Path::new(FILE);
    let skill = SkillEntry {
        source: Some("o/r//skills".into()),
        names: vec!["a".into(), "b-*".into()],
        pin: Some("v1".into()),
        ..SkillEntry::default()
    };
    let text = add_skill(file, "version = 1\n", &skill).unwrap();
    let npm = SkillEntry {
        npm: Some("pkg@1".into()),
        install_cmd: Some("npx pkg 'a b'".into()),
        claims: vec!["pkg-*".into()],
        scope: Scope::Project,
        ..SkillEntry::default()
    };
    let text = add_skill(file, &text, &npm).unwrap();
    let mut server = WantedServer {
        name: "s".into(),
        record: ServerRecord {
            transport: Some(Transport::Stdio),
            command: Some("run me".into()),
            args: vec!["-a\n".into()],
            env: [("Z", "${Z}"), ("A.b", "\"")].into_iter().collect(),
            extra: serde_json::from_str(r#"{"timeout": 5, "x y": {"z": [1.5, true, "t"]}}"#)
                .unwrap(),
            ..ServerRecord::default()
        },
        scope: Scope::Local,
        at: crate::model::Position { line: 1, column: 1 },
    };
    let text = add_server(file, &text, &server).unwrap();
    insta::assert_snapshot!(text, @r#"
    version = 1

    [[agent_skills]]
    source = "o/r//skills"
    names = ["a", "b-*"]
    pin = "v1"

    [[agent_skills]]
    npm = "pkg@1"
    install_cmd = "npx pkg 'a b'"
    claims = ["pkg-*"]
    scope = "project"

    [[mcps]]
    name = "s"
    command = "run me"
    args = ["-a\n"]
    env = { Z = "${Z}", "A.b" = "\"" }
    scope = "local"
    extra = { timeout = 5, "x y" = { z = [1.5, true, "t"] } }
    "#);

    let intent = read(&text).unwrap();
    assert_eq!(intent.agent_skills[0].names, ["a", "b-*"]);
    assert_eq!(intent.agent_skills[1].install_cmd.as_deref().unwrap(), ["npx", "pkg", "a b"]);
    server.at = intent.servers[0].at;
    assert_eq!(intent.servers, [server.clone()]);

    assert!(add_server(file, &text, &server).is_err());
    let text = remove(file, &text, Target::Server("s", None)).unwrap();
    let text = remove(file, &text, Target::SkillSource("pkg@1")).unwrap();
    let text = remove_skill(file, &text, "a").unwrap();
    assert!(text.contains("names = [\"b-*\"]\n"), "{text}");
    assert_eq!(remove_skill(file, &text, "b-*").unwrap(), "version = 1\n");
    assert!(remove_skill(file, &text, "a").is_err());

    server.record.extra.insert("n".into(), serde_json::Value::Null);
    assert!(add_server(file, &text, &server).is_err());
}

#[test]
fn one_of_many_skills_goes_with_its_own_comment() {
    let check = |names: &str, expected: &str| {
        let text = format!("[[agent_skills]]\nnames = {names}\n");
        let expected = format!("[[agent_skills]]\nnames = {expected}\n");
        assert_eq!(remove_skill(Path::new(FILE), &text, "b").unwrap(), expected);
    };
    check("[\"a\", \"b\", \"c\"]", "[\"a\", \"c\"]");
    check("[\"b\", \"c\"]", "[\"c\"]");
    check("[\"a\", \"b\"]", "[\"a\"]");
    check("[\n  \"a\", # A\n  \"b\", # B\n  \"c\", # C\n]", "[\n  \"a\", # A\n  \"c\", # C\n]");
    check("[\n  \"a\", # A\n  \"b\",\n]", "[\n  \"a\", # A\n  \n]");
}

/// Texts made of pieces that a person may have written, in any order.
fn texts() -> impl Strategy<Value = String> {
    let piece = (0..8_usize, 0..1000_usize).prop_map(|(kind, n)| match kind {
        0 => "# a comment\n".into(),
        1 => "\n".into(),
        2 => format!("[[skills]]\nname = \"x{n}\"\nmarketplace = \"m\" # c\n"),
        3 => format!("[[skills]]\n  name = 'y{n}@m'\n  # scope = \"local\"\n"),
        4 => format!("[[marketplaces]]\nname = \"m{n}\"\nsource = \"o/r\"\n"),
        5 => format!("[[mcps]]\nname = \"s{n}\"\ncommand = \"c\"\n[mcps.env]\nA = \"1\"\n"),
        6 => format!("[[mcps]]\nname = \"h{n}\"\nurl = \"https://h/{n}\"\n"),
        _ => format!("[[agent_skills]]\nnames = [\n  \"a{n}\", # why\n]\n"),
    });
    (prop::collection::vec(piece, 0..8), any::<bool>()).prop_map(|(pieces, windows)| {
        let text = format!("version = 1\n{}", pieces.concat());
        if windows { text.replace('\n', "\r\n") } else { text }
    })
}

/// Returns the plugins wanted, without their places.
fn plugins(text: &str) -> Vec<WantedPlugin> {
    let mut plugins = read(text).unwrap().plugins;
    for plugin in &mut plugins {
        plugin.at = crate::model::Position { line: 0, column: 0 };
    }
    plugins
}

proptest! {
    #[test]
    fn an_entry_that_comes_and_goes_leaves_the_other_bytes(text in texts()) {
        // Names drawn twice are faults of their own.
        prop_assume!(read(&text).is_ok());
        let before = plugins(&text);
        let with = added(&text, "new@m");
        let (last, rest) = plugins(&with).split_last().map(|(l, r)| (l.id.to_string(), r.to_vec())).unwrap();
        prop_assert_eq!((last.as_str(), &rest), ("new@m", &before));
        prop_assert_eq!(read(&with).unwrap().servers.len(), read(&text).unwrap().servers.len());
        // Only lines were added, and the same line ends.
        let mut lines = with.split_inclusive('\n');
        prop_assert!(text.split_inclusive('\n').all(|line| lines.any(|other| other == line)));

        let id = "new@m".parse().unwrap();
        let off = false.into();
        let target = Target::Plugin(&id, None);
        let disabled = set(Path::new(FILE), &with, target, "enabled", Some(&off)).unwrap();
        prop_assert!(!plugins(&disabled).last().unwrap().enabled);
        prop_assert_eq!(set(Path::new(FILE), &disabled, target, "enabled", None).unwrap(), with.clone());

        let without = removed(&with, "new@m");
        prop_assert_eq!(plugins(&without), before);
        let filled = |text: &str| {
            text.split_inclusive('\n').filter(|l| !l.trim().is_empty()).collect::<String>()
        };
        prop_assert_eq!(filled(&without), filled(&text));
    }
}
