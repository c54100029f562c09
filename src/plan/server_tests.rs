//! What holds for plans of servers, on generated wishes and client files.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clients::claude::Claude;
use crate::clients::{Layout as _, roots_below};
use crate::model::{Item, Record, ServerRecord, Thing, generated};
use crate::resolve::DesiredServer;

const MANIFEST: &str = "/dots/skills.toml";

fn roots() -> Roots {
    roots_below(Path::new("/home/u"), Path::new("/home/u/p"))
}

fn ledger(files: &Files) -> Ledger {
    let path = ledger_path(&roots());
    let text = files.get(&path);
    text.map_or_else(Ledger::default, |text| Ledger::parse(&path, text, &roots()).unwrap())
}

fn planned(files: &Files, wishes: &[DesiredServer]) -> Plan {
    let decoded = Claude.decode(&roots(), files);
    plan(Inputs {
        roots: &roots(),
        intent: &Intent { manifest: MANIFEST.into(), ..Intent::default() },
        client: Client::Claude,
        desired: &Desired { servers: wishes.to_vec(), ..Desired::default() },
        state: &decoded.state,
        files,
        problems: &decoded.problems,
        codecs: &[&Claude],
        shelves: &BTreeMap::new(),
        cached: &BTreeSet::new(),
        ledger: &ledger(files),
        ledger_file: files.get(&ledger_path(&roots())),
        lock: &Lock::default(),
        resolved: &[],
        own: &[],
        repairs: &[],
        adopted: &Adopted::default(),
        wishes: &Wishes::default(),
        now: "2026-01-02T03:04:05.000Z",
    })
}

fn applied(files: &mut Files, plan: &Plan) {
    for step in plan.steps() {
        let Action::Write { to, before, after } = &step.action else {
            unreachable!("servers are written and nothing else: {step:?}")
        };
        assert_eq!(files.get(&to.path), before.as_deref(), "{}", to.path.display());
        files.set(to.path.clone(), Some(after.clone()));
    }
}

fn wishes() -> impl Strategy<Value = Vec<DesiredServer>> {
    let name = prop::sample::select(vec!["a", "b", "theirs"]);
    let scope = prop::sample::select(Scope::ALL.to_vec());
    let wishes = prop::collection::btree_map((name, scope), generated::wanted(), 0..4);
    wishes.prop_map(|wishes| {
        let wish = |((name, scope), record): ((&str, Scope), ServerRecord)| DesiredServer {
            name: name.to_owned(),
            scope,
            record,
        };
        wishes.into_iter().map(wish).collect()
    })
}

fn item(name: &str, scope: Scope) -> Item {
    Item::Server { name: name.to_owned(), reach: roots().reach(scope) }
}

/// A home in which another hand has made `theirs` in some scopes, and keys that are not ours.
fn homes() -> impl Strategy<Value = Files> {
    prop::collection::btree_map(
        prop::sample::select(Scope::ALL.to_vec()),
        generated::records(),
        0..3,
    )
    .prop_map(|theirs| {
        let mut files: Files =
            Claude.files(&roots()).into_iter().map(|file| (file.path, None)).collect();
        let path = clients::place(&roots(), &item("x", Scope::User).of(Client::Claude)).file;
        files.set(path, Some(b"{\"big\": 12345678901234567890123, \"odd\": \"\\ud83d\"}".to_vec()));
        let add = |(scope, record)| Change {
            fact: item("theirs", scope).of(Client::Claude),
            before: None,
            after: Some(Record::Server(record)),
        };
        let changes: Vec<Change> = theirs.into_iter().map(add).collect();
        Claude.encode(&roots(), &mut files, &changes).unwrap();
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn servers_converge_and_what_is_not_ours_stays(
        mut files in homes(), first in wishes(), second in wishes(),
    ) {
        for wishes in [first, second] {
            let before = Claude.decode(&roots(), &files).state;
            let owned = ledger(&files);
            let asked = |thing: &Thing| {
                wishes.iter().any(|wish| item(&wish.name, wish.scope).thing() == *thing)
            };
            let plan = planned(&files, &wishes);
            prop_assert!(!plan.removes_foreign());
            applied(&mut files, &plan);
            let again = planned(&files, &wishes);
            prop_assert_eq!(again.steps(), [].as_slice());
            let after = Claude.decode(&roots(), &files).state;
            for row in before.servers() {
                let thing = row.fact.item.thing();
                if !asked(&thing) && !owned.owns(&roots(), Client::Claude, &thing) {
                    prop_assert_eq!(after.get(row.fact), before.get(row.fact));
                }
            }
            for wish in &wishes {
                let there = after.server(Client::Claude, &wish.name, &roots().reach(wish.scope));
                prop_assert!(there.is_some_and(|there| is_met(&wish.record, there)));
            }
            for row in after.servers() {
                let thing = row.fact.item.thing();
                prop_assert!(asked(&thing) || !ledger(&files).owns(&roots(), Client::Claude, &thing));
            }
            let path = clients::place(&roots(), &item("x", Scope::User).of(Client::Claude)).file;
            let text = str::from_utf8(files.get(&path).unwrap()).unwrap();
            prop_assert!(text.contains("12345678901234567890123") && text.contains("\\ud83d"));
        }
    }

    #[test]
    fn a_hand_edit_is_set_back_and_told_as_one(
        record in generated::wanted(), args in any::<bool>(),
    ) {
        let mut files: Files =
            Claude.files(&roots()).into_iter().map(|file| (file.path, None)).collect();
        let wish = DesiredServer { name: "a".into(), scope: Scope::User, record: record.clone() };
        let wishes = std::slice::from_ref(&wish);
        let first = planned(&files, wishes);
        applied(&mut files, &first);
        let mut edited = record.clone();
        if args {
            edited.args.push("--more".into());
        } else {
            edited.env = edited.env.iter().map(|(name, _)| (name, "mine")).collect();
            edited.headers = edited.headers.iter().map(|(name, _)| (name, "mine")).collect();
        }
        let change = Change {
            fact: item("a", Scope::User).of(Client::Claude),
            before: Some(Record::Server(record.clone())),
            after: Some(Record::Server(edited.clone())),
        };
        Claude.encode(&roots(), &mut files, &[change]).unwrap();
        let plan = planned(&files, wishes);
        prop_assert_eq!(plan.is_empty(), edited == record);
        for line in plan.lines() {
            prop_assert!(line.text.starts_with("edited by hand, set back"), "{}", line.text);
        }
        applied(&mut files, &plan);
        let state = Claude.decode(&roots(), &files).state;
        let there = state.server(Client::Claude, "a", &roots().reach(Scope::User));
        prop_assert_eq!(there, Some(&record));
    }
}

#[test]
fn what_a_ledger_of_version_1_remembers_still_decides() {
    let entry = json!({"type": "stdio", "command": "x", "args": [],
        "env": {"OLD": "1", "MINE": "1", "TOKEN": null}});
    let stored = json!({"version": 1, "owned": [{"client_dir": "/home/u/.claude", "kind": "server",
        "name": "a", "scope": "user", "manifest": MANIFEST, "applied": entry}]});
    let current = json!({"mcpServers": {"a": {"type": "stdio", "command": "y", "args": [],
        "env": {"OLD": "1", "MINE": "2", "TOKEN": "hunter2"}}}});
    let path = clients::place(&roots(), &item("a", Scope::User).of(Client::Claude)).file;
    let text = |value: serde_json::Value| Some(value.to_string().into_bytes());
    let mut files =
        Files::from_iter([(path.clone(), text(current)), (ledger_path(&roots()), text(stored))]);
    let wish = DesiredServer {
        name: "a".into(),
        scope: Scope::User,
        record: ServerRecord {
            transport: Some(crate::model::Transport::Stdio),
            command: Some("x".into()),
            env: [("TOKEN", "${TOKEN}")].into_iter().collect(),
            ..ServerRecord::default()
        },
    };
    let plan = planned(&files, std::slice::from_ref(&wish));
    let shown = &plan.lines()[0].text;
    assert_eq!(shown, "edited by hand, set back: command `y` → `x`, -env.OLD");
    applied(&mut files, &plan);
    let after: serde_json::Value = serde_json::from_slice(files.get(&path).unwrap()).unwrap();
    let expected = json!({"type": "stdio", "command": "x", "args": [],
        "env": {"MINE": "2", "TOKEN": "hunter2"}});
    assert_eq!(after["mcpServers"]["a"], expected);
    let ledger = str::from_utf8(files.get(&ledger_path(&roots())).unwrap()).unwrap();
    assert!(ledger.contains("\"TOKEN\": \"literal\"") && !ledger.contains("hunter2"), "{ledger}");
    assert_eq!(planned(&files, &[wish]).steps(), []);
}
