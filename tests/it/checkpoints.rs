//! Ended at every point between two changes of the disk: what is there is valid, the next run heals, and
//! one undo goes back to before both.

#![expect(clippy::print_stdout, reason = "the figures stand in what the run prints")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use crate::sandbox::Sandbox;
use crate::{tools, wants};

const MANIFEST: &str = "~/.config/zskills/skills.toml";

/// What is in the home but not ours alone; times count for nothing.
type Seen = BTreeMap<String, String>;

fn seen(home: &Sandbox) -> Seen {
    let is_theirs = |path: &String| {
        !["~/.local", "~/.cache"].iter().any(|own| path.starts_with(own))
            && !path.contains("/.git/")
    };
    let entries = home.tree().into_iter().filter(|(path, _)| is_theirs(path));
    let without_times = |(path, what): (String, String)| {
        let what = if is_text(&path) && !home.is_link(&path) { home.redacted(&path) } else { what };
        (path, what)
    };
    entries.map(without_times).collect()
}

/// Tells whether a file is JSON or the lock.
fn is_text(path: &str) -> bool {
    let end = Path::new(path).extension().and_then(OsStr::to_str);
    end == Some("json") || path.ends_with("/skills.lock")
}

/// A plugin, skills of a repository and a server.
fn every_kind(home: &Sandbox, plugins: &[&str]) -> String {
    let repo = home.repo("acme/mono");
    for name in ["one", "two"] {
        let text = format!("---\nname: {name}\ndescription: Does {name}.\n---\n");
        repo.write(&format!("{name}/SKILL.md"), &text);
    }
    repo.commit();
    wants(plugins)
        + "\n[[agent_skills]]\nsource = \"acme/mono\"\n"
        + "\n[[mcps]]\nname = \"clock\"\ncommand = \"sh\"\n"
}

fn home() -> Sandbox {
    let home = Sandbox::new()
        .file("~/.claude/settings.json", "{\n  \"model\": \"opus\"\n}\n")
        .file("~/.claude.json", "{\n  \"numStartups\": 3\n}\n");
    tools(&home);
    let text = every_kind(&home, &["alpha", "beta"]);
    home.manifest(&text).doctor_may_complain()
}

fn synced() -> Sandbox {
    let home = home();
    home.synced();
    home
}

#[track_caller]
fn is_valid(home: &Sandbox, point: u32) {
    for path in home.tree().into_keys().filter(|path| is_text(path)) {
        let is_clients = path.matches('/').count() <= 3 && !path.starts_with("~/.local");
        if is_clients && !path.contains("skills.lock") && !home.is_link(&path) {
            home.json(&path);
        }
    }
    let settings = home.json("~/.claude/settings.json");
    for (id, on) in settings["enabledPlugins"].as_object().into_iter().flatten() {
        let path = home.record(id)["installPath"].clone();
        let has_bytes = path.as_str().is_some_and(|path| home.exists(path));
        assert!(on != true || has_bytes, "{id} is enabled without bytes at point {point}");
    }
    for link in home.subtree("~/.claude/skills").into_keys().filter(|path| home.is_link(path)) {
        assert!(home.path(&link).is_dir(), "{link} leads nowhere at point {point}");
    }
}

/// Runs a command to each of its points, and hands each home to `then` with the tree of a whole run.
fn at_every_point(name: &str, home: &Sandbox, args: &[&str], then: impl Fn(&Sandbox, &Seen, u32)) {
    home.save();
    home.zskills(args).expect(0);
    let whole = seen(home);
    for point in 1.. {
        home.restore();
        let mut command = home.command(args);
        command.env("ZSKILLS_END_AT", point.to_string());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if command.status().unwrap().code() == Some(0) {
            println!("{name}: ended at each of {} points", point - 1);
            assert!(point > 2, "{name} has hardly a point");
            return;
        }
        is_valid(home, point);
        then(home, &whole, point);
    }
}

#[track_caller]
fn is(home: &Sandbox, expected: &Seen, when: &str) {
    let differs = crate::sandbox::changes(expected, &seen(home));
    assert_eq!(differs, [""; 0], "{when}");
}

/// The command is run once more, and then taken back.
fn heals(name: &str, home: &Sandbox, args: &[&str]) {
    let before = seen(home);
    at_every_point(name, home, args, |home, whole, point| {
        home.zskills(args).expect(0);
        is(home, whole, &format!("{name}: healed from point {point}"));
        if seen(home) != before {
            home.zskills(&["undo", "--yes"]).expect(0);
            is(home, &before, &format!("{name}: taken back after point {point}"));
        }
    });
}

#[test]
fn a_first_sync_of_every_kind() {
    heals("a first sync", &home(), &["sync"]);
}

#[test]
fn a_sync_with_removals() {
    let home = synced();
    let text = every_kind(&home, &["alpha"]);
    home.write(MANIFEST, text.split("\n[[agent_skills]]").next().unwrap());
    heals("removals", &home, &["sync", "--yes"]);
}

#[test]
fn an_upgrade() {
    let home = synced();
    home.marketplace("tools").plugin("alpha", "1.1.0").plugin("beta", "2.0.0").commit();
    let repo = home.repo("acme/mono");
    repo.write("one/SKILL.md", "---\nname: one\ndescription: Does one better.\n---\n");
    repo.commit();
    heals("an upgrade", &home, &["upgrade"]);
}

#[test]
fn a_verb_that_removes() {
    let home = synced();
    let before = seen(&home);
    at_every_point("remove", &home, &["remove", "alpha"], |home, whole, point| {
        // What left the manifest is no longer a name that could be removed.
        home.zskills(&["sync", "--yes"]).expect(0);
        if home.read(MANIFEST).contains("alpha") {
            home.zskills(&["remove", "alpha"]).expect(0);
        }
        is(home, whole, &format!("removed after point {point}"));
        home.zskills(&["undo", "--yes"]).expect(0);
        is(home, &before, &format!("taken back after point {point}"));
    });
}

#[test]
fn a_repair() {
    let home = synced();
    home.remove("~/.claude/plugins/cache/tools/alpha");
    let settings = home
        .read("~/.claude/settings.json")
        .replace("\"alpha@tools\": true", "\"alpha@tools\": false");
    home.write("~/.claude/settings.json", settings);
    home.remove("~/.claude/skills/one");
    let args = ["doctor", "--fix"];
    at_every_point("a repair", &home, &args, |home, whole, point| {
        home.zskills(&args).expect(0);
        is(home, whole, &format!("repaired after point {point}"));
    });
}

#[test]
fn an_adoption() {
    let home = synced();
    home.write(MANIFEST, "version = 1\n\n[[mcps]]\nname = \"clock\"\ncommand = \"sh\"\n");
    home.remove("~/.config/zskills/skills.lock");
    home.remove("~/.local/state/zskills/ledger.json");
    let args = ["sync", "--adopt"];
    at_every_point("an adoption", &home, &args, |home, whole, point| {
        home.zskills(&args).expect(0);
        is(home, whole, &format!("adopted after point {point}"));
    });
}

#[test]
fn an_undo() {
    let home = synced();
    let before = seen(&home);
    at_every_point("an undo", &home, &["undo"], |home, whole, point| {
        home.zskills(&["undo", "1", "--yes"]).expect(0);
        is(home, whole, &format!("taken back after point {point}"));
        home.zskills(&["sync"]).expect(0);
        is(home, &before, &format!("synced again after point {point}"));
    });
}

#[test]
fn a_clearing() {
    let home = home();
    let text = home.read(MANIFEST) + "\n[history]\nkeep = 1\n";
    home.write(MANIFEST, &text);
    home.synced();
    home.write(MANIFEST, text.replace("\n[[agent_skills]]\nsource = \"acme/mono\"\n", ""));
    home.synced();
    home.zskills(&["disable", "alpha"]).expect(0);
    let args = ["gc", "--yes"];
    at_every_point("gc", &home, &args, |home, whole, point| {
        home.zskills(&args).expect(0);
        is(home, whole, &format!("cleared after point {point}"));
        let left = home.zskills(&["gc", "--dry-run", "--json"]).document("gc");
        assert_eq!(left["bytes"], 0, "{left}");
    });
}
