//! After each verb the client lists what we list.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::peer::{claude, listed};
use crate::sandbox::Sandbox;

/// Asserts that the client's lists and ours are the same, and that nothing in them has errors.
#[track_caller]
fn agree(home: &Sandbox) {
    let theirs: BTreeMap<String, (Value, Value)> = listed(home, "~")
        .into_iter()
        .map(|(id, row)| {
            assert!(row["errors"].is_null(), "{row}");
            (id, (row["version"].clone(), row["enabled"].clone()))
        })
        .collect();
    let document = home.zskills(&["list", "--json"]).document("list");
    let groups = ["active", "installed_disabled"];
    let ours: BTreeMap<String, (Value, Value)> = groups
        .iter()
        .flat_map(|group| document["plugins"][group].as_array().unwrap())
        .map(|row| {
            let id = row["id"].as_str().unwrap().to_owned();
            (id, (row["version"].clone(), row["enabled"].clone()))
        })
        .collect();
    assert_eq!(ours, theirs);
    let run = claude(home, "~", &["plugin", "marketplace", "list", "--json"]);
    let rows: Vec<Value> =
        serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{run}"));
    let mut theirs: Vec<String> =
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    theirs.sort();
    let document = home.zskills(&["marketplace", "list", "--json"]).json();
    let mut ours: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
    ours.sort();
    assert_eq!(ours, theirs);
}

#[test]
fn after_each_verb_the_client_lists_what_we_list() {
    let home = Sandbox::new();
    let repo = home.marketplace("tools").plugin("alpha", "1.0.0").plugin("beta", "2.0.0").commit();
    for args in [
        &["marketplace", "add", "acme/tools"][..],
        &["install", "alpha", "beta@tools"],
        &["disable", "beta"],
        &["enable", "beta"],
        &["remove", "beta"],
        &["install", "beta"],
        &["purge", "beta", "--yes"],
        &["update"],
    ] {
        home.zskills(args).expect(0);
        agree(&home);
    }
    repo.release("alpha", "1.5.0");
    home.zskills(&["upgrade"]).expect(0);
    agree(&home);
    repo.write("plugins/alpha/NEW.md", "new").commit();
    home.zskills(&["upgrade"]).expect(0);
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.5.0/NEW.md"));
    agree(&home);
    home.zskills(&["marketplace", "remove", "tools", "--yes"]).expect(0);
    agree(&home);
}
