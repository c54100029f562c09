//! The same catalog by our hand and by the client's, in two homes side by side.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde_json::Value;

use crate::catalogs::Catalog;
use crate::sandbox::{Run, Sandbox, Tree, changes};

/// The home in which the client itself installs.
const PEER: &str = "~/peer";

const CLIENT_FILES: [&str; 6] = [
    ".claude/settings.json",
    ".claude/plugins/known_marketplaces.json",
    ".claude/plugins/installed_plugins.json",
    ".claude.json",
    "code/app/.claude/settings.json",
    "code/app/.claude/settings.local.json",
];

/// Proves three things: the client lists what we installed, it would have installed the same, and
/// what it installed leaves us nothing to write.
#[track_caller]
pub fn check(catalog: fn(&Sandbox) -> Catalog, scope: &str) {
    let home = Sandbox::new().project("~/peer/code/app").project("~/code/app");
    let catalog = catalog(&home);
    let home = home.manifest(&catalog.manifest(scope));
    if let Some(registry) = &catalog.registry {
        for place in ["~/.npmrc", "~/peer/.npmrc"] {
            home.write(place, format!("registry={registry}\n"));
        }
    }
    by_client(&home, &catalog, scope);

    home.zskills(&["sync", "--here"]).expect(0);
    all_work(&listed(&home, "~"), &catalog, scope);
    home.zskills(&["doctor", "--check"]).expect(0);

    same_bytes(&home);
    same_records(&home);
    nothing_left_to_write(&home);
}

/// Adds the marketplace and installs every plugin with the client, in the home beside ours.
fn by_client(home: &Sandbox, catalog: &Catalog, scope: &str) {
    // A folder of this machine must not be declared in what a project commits; we never do that.
    let local = catalog.source.starts_with('/');
    let declared = if scope == "project" && local { "user" } else { scope };
    claude(home, PEER, &["plugin", "marketplace", "add", &catalog.source, "--scope", declared])
        .expect(0);
    for name in &catalog.plugins {
        let id = format!("{name}@tools");
        claude(home, PEER, &["plugin", "install", &id, "--scope", scope]).expect(0);
    }
    all_work(&listed(home, PEER), catalog, scope);
}

/// Returns the rows of the client's own list by id.
pub fn listed(home: &Sandbox, at: &str) -> BTreeMap<String, Value> {
    let run = claude(home, at, &["plugin", "list", "--json"]);
    let rows: Vec<Value> =
        serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{run}"));
    rows.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
}

/// Runs a local subcommand of the client in a home and in the project there.
pub fn claude(home: &Sandbox, at: &str, args: &[&str]) -> Run {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/target/clients/node_modules/.bin/claude");
    let folder = home.path(at);
    let mut command = home.program(OsStr::new(program), args);
    command.env("HOME", &folder).env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    if folder.join("code/app").is_dir() {
        command.current_dir(folder.join("code/app"));
    }
    home.run(&mut command)
}

#[track_caller]
fn all_work(rows: &BTreeMap<String, Value>, catalog: &Catalog, scope: &str) {
    for name in &catalog.plugins {
        let row = rows.get(&format!("{name}@tools"));
        let row = row.unwrap_or_else(|| panic!("{name} is not listed in {rows:#?}"));
        assert_eq!(row["enabled"], true, "{row:#}");
        assert_eq!(row["scope"], scope, "{row:#}");
        assert!(row["errors"].is_null(), "{row:#}");
    }
}

#[track_caller]
fn same_bytes(home: &Sandbox) {
    let cache = |at: &str| -> Tree {
        let tree = home.subtree(&format!("{at}/.claude/plugins/cache"));
        let ours = tree.into_iter().map(|(path, what)| (path.replacen(at, "", 1), what));
        ours.filter(|(path, _)| !path.contains("/.in_use")).collect()
    };
    assert_eq!(changes(&cache(PEER), &cache("~")), [""; 0], "`-` only the client, `+` only we");
}

#[track_caller]
fn same_records(home: &Sandbox) {
    for file in &CLIENT_FILES {
        // The client's own book-keeping; we have no part in it.
        if *file == ".claude.json" {
            continue;
        }
        let records = |at: &str| -> Value {
            let path = format!("{at}/{file}");
            if !home.exists(&path) {
                return Value::Null;
            }
            let text = home.redacted(&path).replace("~/peer/", "~/");
            serde_json::from_str(&text).unwrap()
        };
        let (client, ours) = (records(PEER), records("~"));
        assert_eq!(ours, client, "{file}\nours: {ours:#}\nthe client's: {client:#}");
    }
}

/// Syncs the client's own home: its files stay as they are.
#[track_caller]
fn nothing_left_to_write(home: &Sandbox) {
    let files = || -> Tree {
        let mut tree = home.subtree("~/peer/.claude/plugins");
        tree.retain(|path, _| !path.ends_with("/.last_inuse_sweep"));
        for file in &CLIENT_FILES {
            let path = format!("{PEER}/{file}");
            let text = if home.exists(&path) { home.read(&path) } else { "absent".to_owned() };
            tree.insert(path, text);
        }
        tree
    };
    for file in ["skills.toml", "skills.lock"] {
        let ours = home.read(&format!("~/.config/zskills/{file}"));
        home.write(&format!("~/peer/.config/zskills/{file}"), ours);
    }
    let before = files();
    let mut sync = home.command(&["--home", PEER, "sync", "--here"]);
    home.run(sync.current_dir(home.path("~/peer/code/app"))).expect(0);
    assert_eq!(changes(&before, &files()), [""; 0]);
}
