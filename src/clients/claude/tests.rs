#![expect(clippy::disallowed_methods, reason = "reads the captured files")]

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::clients::FileKind::{Inventory, Registry, Settings};
use crate::clients::ProblemKind::{self, Shape, Syntax, Value, Version};
use crate::clients::{Cost, SourceFault};
use crate::formats::json::{self, Key};
use crate::model::{Client, InstallRecord, KnownMarketplace, RegistrySource, Scope, Source, State};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/clients/claude/2.1.329");

pub(super) fn roots() -> Roots {
    crate::clients::roots_below(Path::new("/home/u"), Path::new("/home/u/p"))
}

/// A captured case: folder `home` is the home, folder `project` the project.
fn captured(case: &Path) -> Files {
    let roots = roots();
    let place = |path: &Path| match path.strip_prefix(&roots.project) {
        Ok(rest) => case.join("project").join(rest),
        Err(_) => case
            .join("home")
            .join(path.strip_prefix(&roots.home).unwrap_or(path.strip_prefix("/").unwrap())),
    };
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(place(&path)).ok();
        (path, text.map(|text| filled(&text).into_bytes()))
    };
    Claude.files(&roots).into_iter().map(|file| file.path).map(read).collect()
}

fn filled(text: &str) -> String {
    text.replace("@HOME@", "/home/u")
        .replace("@PROJECT@", "/home/u/p")
        .replace("@FIX@", "/fix")
        .replace("@SRV@", "http://127.0.0.1:9")
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What would make the state true from nothing, in the order in which the names stand in the files.
fn creating(state: &State, files: &Files) -> Vec<Change> {
    let all: String = files.iter().filter_map(|(_, bytes)| str::from_utf8(bytes?).ok()).collect();
    let mut changes: Vec<Change> = state
        .iter()
        .map(|(fact, record)| Change {
            fact: fact.clone(),
            before: None,
            after: Some(record.clone()),
        })
        .collect();
    changes.sort_by_key(|change| {
        let name = match &change.fact.item {
            Item::Marketplace { name }
            | Item::Declared { name, .. }
            | Item::Server { name, .. }
            | Item::Skill { name, .. } => name,
            Item::Plugin { id, .. } | Item::Enabled { id, .. } => id,
        };
        all.find(&format!("\"{name}\":"))
    });
    changes
}

const FOREIGN: [&str; 9] = [
    "pluginConfigs",
    "firstStartTime",
    "firstStartVersion",
    "machineID",
    "opusProMigrationComplete",
    "seenNotifications",
    "hasResetAutoModeOptInForDefaultOffer",
    "migrationVersion",
    "userID",
];

/// The files without what the codec does not hold.
fn without_foreign(files: &Files) -> Files {
    let without = |text: &str| {
        let foreign = FOREIGN.iter();
        let mut text = foreign
            .fold(text.to_owned(), |text, key| json::remove(&text, &[Key::Name(key)]).unwrap());
        for key in ["sourceCommand", "sourceProducerPath"] {
            let path = ["plugins", "cmdp@mpc"].map(Key::Name);
            let path = [path[0], path[1], Key::Index(0), Key::Name(key)];
            text = json::remove(&text, &path).unwrap_or(text);
        }
        // `mcp add-json` leaves out what `mcp add` and we write.
        let path = ["mcpServers", "bad2"].map(Key::Name);
        if json::locate(&text, &path).is_some() {
            let entry = serde_json::json!({
                "type": "stdio", "command": "true", "args": [], "env": {}, "alwaysLoad": true
            });
            text = json::remove(&text, &path)
                .and_then(|text| json::set(&text, &path, &entry))
                .unwrap();
        }
        text
    };
    files
        .iter()
        .map(|(path, bytes)| {
            let text = bytes.map(|bytes| without(str::from_utf8(bytes).unwrap()).into_bytes());
            (path.to_owned(), text)
        })
        .collect()
}

#[test]
fn what_the_client_wrote_is_written_again_to_the_byte() {
    for case in cases() {
        let files = captured(&case);
        let decoded = Claude.decode(&roots(), &files);
        assert_eq!(decoded.problems, [], "{}", case.display());
        let changes = creating(&decoded.state, &files);
        let mut same = files.clone();
        Claude.encode(&roots(), &mut same, &[]).unwrap();
        assert_eq!(same, files);
        Claude.encode(&roots(), &mut same, &changes).unwrap();
        assert_eq!(same, files, "{}: true changes change nothing", case.display());

        let mut fresh: Files = files.iter().map(|(path, _)| (path.to_owned(), None)).collect();
        Claude.encode(&roots(), &mut fresh, &changes).unwrap();
        for (path, bytes) in without_foreign(&files).iter() {
            let text = |bytes| str::from_utf8(bytes).unwrap();
            assert_eq!(fresh.get(path).map(text), bytes.map(text), "{}", path.display());
        }
    }
}

pub(super) fn one(path: &Path, text: &str) -> Files {
    Files::from_iter([(path.to_owned(), Some(text.as_bytes().to_vec()))])
}

#[track_caller]
pub(super) fn check_problems(
    path: &Path,
    text: &str,
    expected: &[ProblemKind],
    facts: usize,
) -> Decoded {
    let decoded = Claude.decode(&roots(), &one(path, text));
    let found: Vec<_> = decoded.problems.iter().map(|problem| problem.kind.clone()).collect();
    assert_eq!(found, expected, "{text}");
    assert_eq!(decoded.state.iter().count(), facts, "{text}");
    decoded
}

#[test]
fn settings_that_the_client_would_ignore_are_a_problem() {
    let path = settings::path(&roots(), Scope::User);
    let check = |text: &str, expected: &[ProblemKind], facts| {
        check_problems(&path, text, expected, facts);
    };
    let ignored = ProblemKind::Setting(Cost::Effect);
    check("{\"enabledPlugins\":{\"a@m\":true},\"x\":1}", &[], 1);
    check("\u{feff}{\"enabledPlugins\":{\"a@m\":true}}", &[], 1);
    check("", &[Syntax(Settings)], 0);
    check("{\"enabledPlugins\":{\"a@m\":true}} // c", &[Syntax(Settings)], 1);
    check("{\"enabledPlugins\":{\"a@m\":true,}}", &[Syntax(Settings)], 1);
    check("{\"enabledPlugins\":{\"a@m\":tr", &[Syntax(Settings)], 0);
    check("[]", &[Shape(Settings)], 0);
    check("{\"enabledPlugins\":[]}", &[Shape(Settings)], 0);
    check("{\"permissions\":5,\"model\":5}", &[ignored.clone(), ignored.clone()], 0);
    check("{\"enabledPlugins\":{\"a@m\":\"yes\",\"b@m\":false}}", &[ignored], 1);
    check("{\"hooks\":{\"Stop\":5}}", &[ProblemKind::Setting(Cost::Entry)], 0);
    check(
        "{\"extraKnownMarketplaces\":{\"m\":{\"source\":{\"source\":\"remote-index\"}}}}",
        &[ProblemKind::Source(Settings, SourceFault::RemoteIndex)],
        1,
    );
}

#[test]
fn a_registry_that_the_client_would_reject_is_a_problem() {
    let path = known_marketplaces::path(&roots());
    let check = |text: &str, expected: &[ProblemKind], facts| {
        check_problems(&path, text, expected, facts);
    };
    let good = "\"g\":{\"source\":{\"source\":\"github\",\"repo\":\"o/r\"},\"installLocation\":\"/g\",\"lastUpdated\":\"x\"}";
    check(&format!("{{{good}}}"), &[], 1);
    check(&format!("\u{feff}{{{good}}}"), &[Syntax(Registry)], 1);
    check("[]", &[Shape(Registry)], 0);
    check("{\"m\":{}}", &[ProblemKind::Source(Registry, SourceFault::Missing("source"))], 0);
    for (kind, fault) in [
        ("remote-index", SourceFault::RemoteIndex),
        ("new", SourceFault::UnknownKind("new".into())),
    ] {
        let text = format!("{{{good},\"m\":{{\"source\":{{\"source\":\"{kind}\"}}}}}}");
        check(&text, &[ProblemKind::Source(Registry, fault)], 1);
    }
    let stale = good.replace(",\"lastUpdated\":\"x\"", "");
    check(&format!("{{{stale}}}"), &[Value(Registry)], 1);
}

#[test]
fn a_problem_names_the_line() {
    let path = settings::path(&roots(), Scope::User);
    let text = "{\n  \"enabledPlugins\": {\n    \"a@m\": \"yes\"\n  }\n}\n";
    let decoded = check_problems(&path, text, &[ProblemKind::Setting(Cost::Effect)], 0);
    assert_eq!(
        decoded.problems[0].diagnostic.to_string(),
        "/home/u/.claude/settings.json:3:5: `enabledPlugins.a@m` is not true or false or a list; Claude \
         Code 2.1.329 ignores the whole file without a word\n 3 |     \"a@m\": \"yes\"\n   |     ^^^^^^^^^^^^"
    );
}

#[test]
fn old_and_unknown_inventories_are_told_apart() {
    let path = installed_plugins::path(&roots());
    let old = "{\"version\":1,\"plugins\":{\"a@m\":{\"installPath\":\"/a\",\"x\":1}}}";
    let decoded = check_problems(&path, old, &[], 1);
    assert!(decoded.state.plugin(Client::Claude, "a@m", &Reach::USER).is_some());
    check_problems(&path, "{\"version\":3,\"plugins\":{}}", &[Version], 0);
    check_problems(
        &path,
        "{\"version\":2,\"plugins\":{\"a@m\":[{\"scope\":\"user\"},{\"scope\":\"user\",\"installPath\":\"/a\"}]}}",
        &[Value(Inventory)],
        1,
    );

    let mut files = one(&path, old);
    let after = InstallRecord { install_path: "/b".into(), ..InstallRecord::default() };
    Claude.encode(&roots(), &mut files, &[plugin("a@m", Scope::User, Some(after))]).unwrap();
    assert_eq!(
        str::from_utf8(files.get(&path).unwrap()).unwrap(),
        "{\"version\":2,\"plugins\":{\"a@m\":[{\"scope\":\"user\",\"installPath\":\"/b\",\"x\":1}]}}"
    );
}

pub(super) fn change(item: Item, after: Option<Record>) -> Change {
    Change { fact: item.of(Client::Claude), before: None, after }
}

fn plugin(id: &str, scope: Scope, after: Option<InstallRecord>) -> Change {
    let item = Item::Plugin { id: id.into(), reach: roots().reach(scope) };
    change(item, after.map(Record::Plugin))
}

#[test]
fn each_scope_has_its_own_record_of_a_plugin() {
    let path = installed_plugins::path(&roots());
    let record = |place: &str| InstallRecord {
        install_path: place.into(),
        version: Some("1".into()),
        ..InstallRecord::default()
    };
    let mut files = Files::default();
    let add = [
        plugin("a@m", Scope::User, Some(record("/a"))),
        plugin("a@m", Scope::Local, Some(record("/b"))),
        plugin("b@m", Scope::Project, Some(record("/c"))),
    ];
    Claude.encode(&roots(), &mut files, &add).unwrap();
    let text = str::from_utf8(files.get(&path).unwrap()).unwrap();
    let squeezed: String = text.split_whitespace().collect();
    assert_eq!(
        squeezed,
        "{\"version\":2,\"plugins\":{\"a@m\":[\
         {\"scope\":\"user\",\"installPath\":\"/a\",\"version\":\"1\"},\
         {\"scope\":\"local\",\"installPath\":\"/b\",\"version\":\"1\",\"projectPath\":\"/home/u/p\"}],\
         \"b@m\":[{\"scope\":\"project\",\"projectPath\":\"/home/u/p\",\"installPath\":\"/c\",\"version\":\"1\"}]}}"
    );
    let gone = [plugin("a@m", Scope::User, None), plugin("b@m", Scope::Project, None)];
    Claude.encode(&roots(), &mut files, &gone).unwrap();
    let state = Claude.decode(&roots(), &files).state;
    assert_eq!(state.iter().count(), 1);
    Claude.encode(&roots(), &mut files, &[plugin("a@m", Scope::Local, None)]).unwrap();
    assert_eq!(files.get(&path).unwrap(), b"{\n  \"version\": 2,\n  \"plugins\": {}\n}");
}

#[test]
fn a_file_that_cannot_be_edited_leaves_all_files_as_they_were() {
    let path = settings::path(&roots(), Scope::User);
    let mut files = one(&path, "{\"enabledPlugins\": [");
    let before = files.clone();
    let item = Item::Enabled { id: "a@m".into(), reach: Reach::USER };
    let changes = [
        plugin("a@m", Scope::User, Some(InstallRecord::default())),
        change(item, Some(Record::Enabled(true))),
    ];
    assert!(Claude.encode(&roots(), &mut files, &changes).is_err());
    assert_eq!(files, before);
}

#[test]
fn in_the_home_folder_the_settings_are_the_users() {
    let home = Roots { project: roots().home, ..roots() };
    assert_eq!(Claude.files(&home).len(), 11);
    let item = Item::Enabled { id: "a@m".into(), reach: home.reach(Scope::Project) };
    let changes = [change(item, Some(Record::Enabled(true)))];
    assert!(Claude.encode(&home, &mut Files::default(), &changes).is_err());
}

fn record_change() -> impl Strategy<Value = Change> {
    let id = prop::sample::select(&["a@m", "b@m", "x y", "q\"@m"]);
    let scope = prop::sample::select(&Scope::ALL);
    let kind = prop::sample::select(&[0, 1, 2, 3]);
    (id, scope, kind, any::<bool>(), any::<bool>()).prop_map(
        |(name, scope, kind, present, flag)| {
            let name = name.to_owned();
            let (item, record) = match kind {
                0 => (
                    Item::Marketplace { name },
                    Record::Marketplace(KnownMarketplace {
                        source: RegistrySource::Known(Source::Url { url: "u".into() }),
                        install_location: "/i".into(),
                        last_updated: "t".into(),
                        auto_update: flag.then_some(true),
                    }),
                ),
                1 => (
                    Item::Declared { name, reach: roots().reach(scope) },
                    Record::Declared(RegistrySource::Known(Source::Directory {
                        path: if flag { "/a" } else { "/b" }.into(),
                    })),
                ),
                2 => {
                    (Item::Enabled { id: name, reach: roots().reach(scope) }, Record::Enabled(flag))
                }
                _ => {
                    let after = InstallRecord {
                        install_path: "/p".into(),
                        commit: flag.then(|| "c".into()),
                        auto: flag,
                        ..InstallRecord::default()
                    };
                    return plugin(&name, scope, present.then_some(after));
                }
            };
            change(item, present.then_some(record))
        },
    )
}

/// Files as people leave them: comments, tabs, big numbers, foreign keys, or nothing.
fn started() -> impl Strategy<Value = Files> {
    let settings = prop::sample::select(&[
        None,
        Some("{}\n"),
        Some("{\"env\":{\"A\":\"1\"},\"big\":12345678901234567890123}"),
        Some(
            "{\r\n\t\"model\": \"x\", // best\r\n\t\"enabledPlugins\": {\"a@m\": true, \"z@m\": false}\r\n}\r\n",
        ),
    ]);
    let inventory = prop::sample::select(&[
        None,
        Some(
            "{\"version\":2,\"plugins\":{\"z@m\":[{\"scope\":\"user\",\"installPath\":\"/z\",\"x\":1.10}]}}",
        ),
        Some("{\"version\":1,\"plugins\":{\"z@m\":{\"installPath\":\"/z\"}}}"),
    ]);
    (settings, inventory).prop_map(|(settings, inventory)| {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        Files::from_iter([
            (settings::path(&roots(), Scope::User), bytes(settings)),
            (installed_plugins::path(&roots()), bytes(inventory)),
        ])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn what_was_written_is_read_and_the_rest_is_kept(
        files in started(), changes in prop::collection::vec(record_change(), 0..6),
    ) {
        let mut expected = Claude.decode(&roots(), &files).state;
        for early in [true, false] {
            for change in &changes {
                if early != matches!(change.fact.item, Item::Declared { .. }) {
                    match &change.after {
                        Some(record) => expected.insert(change.fact.clone(), record.clone()),
                        None => expected.remove(&change.fact),
                    }
                }
            }
        }
        let mut after = files.clone();
        Claude.encode(&roots(), &mut after, &changes).unwrap();
        prop_assert_eq!(&Claude.decode(&roots(), &after).state, &expected);

        let settled = after.clone();
        let again: Vec<Change> = expected
            .iter()
            .map(|(fact, record)| change(fact.item.clone(), Some(record.clone())))
            .collect();
        Claude.encode(&roots(), &mut after, &again).unwrap();
        prop_assert_eq!(&after, &settled);

        let kept = after.get(&settings::path(&roots(), Scope::User)).unwrap_or_default();
        let kept = str::from_utf8(kept).unwrap();
        for (path, bytes) in files.iter() {
            if path.ends_with("settings.json") {
                let text = str::from_utf8(bytes.unwrap_or_default()).unwrap();
                for foreign in ["// best", "\"z@m\": false", "\"big\":12345678901234567890123", "\r\n}\r\n"] {
                    prop_assert_eq!(text.contains(foreign), kept.contains(foreign));
                }
            }
        }
    }
}
