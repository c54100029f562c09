//! Killed at any time, or two at once: never something enabled without bytes, and the next run heals.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, Tree};
use crate::{tools, wants};

fn home() -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home
}

/// Asserts that everything that is enabled is registered, installed and there.
fn nothing_is_enabled_without_bytes(home: &Sandbox) {
    let settings = home.json("~/.claude/settings.json");
    for id in settings["enabledPlugins"].as_object().into_iter().flat_map(|map| map.keys()) {
        let record = home.record(id);
        let path = record["installPath"].as_str().unwrap_or_else(|| panic!("{id} has no record"));
        assert!(home.exists(&format!("{path}/.claude-plugin/plugin.json")), "{id} has no bytes");
        assert!(home.known("tools").is_object(), "{id} has no marketplace");
    }
}

fn paths(tree: &Tree) -> Vec<&String> {
    tree.keys().filter(|path| !path.contains("/.git/")).collect()
}

#[test]
fn a_run_killed_at_any_time_leaves_a_valid_state_and_the_next_heals() {
    let whole = home();
    let start = Instant::now();
    whole.synced();
    let time = start.elapsed();
    for step in 0..16 {
        let home = home();
        let mut run =
            home.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The moment is the point of the test: an even sweep over the time of a whole run.
        thread::sleep(time * step / 16);
        let _ = run.kill();
        run.wait().unwrap();

        nothing_is_enabled_without_bytes(&home);
        home.synced();
        assert_eq!(
            paths(&home.subtree("~/.claude")),
            paths(&whole.subtree("~/.claude")),
            "step {step}"
        );
    }
}

#[test]
fn a_removal_killed_at_any_time_heals_too() {
    for step in 0..8 {
        let home = home();
        home.synced();
        home.write("~/.config/zskills/skills.toml", wants(&["alpha"]));
        let mut run =
            home.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(3) * step);
        let _ = run.kill();
        run.wait().unwrap();

        nothing_is_enabled_without_bytes(&home);
        home.synced();
        assert_ne!(home.enabled("beta@tools"), Some(true));
        assert_eq!(home.record("beta@tools"), serde_json::json!(null));
    }
}

/// A repository with skills in two folders, and a home that wants them by these entries.
fn skilled(sources: &[&str]) -> Sandbox {
    let entry = |source: &&str| format!("\n[[agent_skills]]\nsource = \"{source}\"\n");
    let entries: String = sources.iter().map(entry).collect();
    let home = Sandbox::new().manifest(&format!("version = 1\n{entries}"));
    let repo = home.repo("acme/mono");
    for name in ["a1", "a2", "b1", "b2"] {
        let text = format!("---\nname: {name}\ndescription: Does {name}.\n---\n");
        repo.write(&format!("{}/skills/{name}/SKILL.md", &name[..1]), &text);
    }
    repo.commit();
    home
}

/// Kills a first sync and a removal at some moments of each, and lets another run heal.
fn skills_survive_a_kill(sources: &[&str]) {
    let whole = skilled(sources);
    let start = Instant::now();
    whole.synced();
    let time = start.elapsed();
    let skills = |home: &Sandbox| {
        let both = ["~/.agents", "~/.claude/skills"].map(|path| home.subtree(path));
        both.iter().flat_map(|tree| tree.keys().cloned()).collect::<Vec<_>>()
    };
    assert_eq!(skills(&whole).iter().filter(|path| path.ends_with("/SKILL.md")).count(), 4);
    let killed = |home: &Sandbox, after: Duration| {
        let mut run =
            home.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(after);
        let _ = run.kill();
        run.wait().unwrap();
        let inventory = home.json("~/.agents/skills/.zskills.json");
        for link in home.subtree("~/.claude/skills").keys() {
            let name = link.rsplit('/').next().unwrap();
            assert!(home.path(link).join("SKILL.md").is_file(), "{link} leads nowhere");
            assert!(inventory["agent_skills"][name].is_object(), "{name} is nobody's");
        }
    };
    for step in 0..5 {
        let home = skilled(sources);
        killed(&home, time * step / 5);
        home.synced();
        assert_eq!(skills(&home), skills(&whole), "step {step}");

        home.write("~/.config/zskills/skills.toml", "version = 1\n");
        killed(&home, Duration::from_millis(2) * step);
        // All that the manifest put there goes, which needs a yes.
        home.synced_with(&["--yes"]);
        let left = skills(&home);
        assert!(!left.iter().any(|path| path.contains("/a1")), "step {step}: {left:?}");
    }
}

#[test]
fn skills_of_a_repository_survive_a_kill_at_any_time() {
    skills_survive_a_kill(&["acme/mono"]);
}

#[test]
fn two_entries_of_one_repository_survive_a_kill_at_any_time() {
    skills_survive_a_kill(&["acme/mono//a", "acme/mono//b"]);
}

#[test]
fn two_runs_at_once_end_in_the_same_state() {
    let home = home();
    let runs: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| home.zskills(&["sync"]))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for run in runs {
        run.expect(0);
    }
    home.synced();
    nothing_is_enabled_without_bytes(&home);
}

#[test]
fn what_a_killed_run_left_behind_does_not_stay() {
    let home = home();
    home.synced();
    let clean = home.subtree("~/.claude");
    home.write("~/.claude/settings.json.tmp.1.0123456789ab", "{");
    home.zskills(&["sync"]).expect(0);
    for (path, content) in clean {
        assert_eq!(home.subtree("~/.claude")[&path], content, "{path}");
    }
}

#[test]
fn a_clone_without_its_objects_is_replaced() {
    let home = home();
    home.synced();
    home.remove("~/.claude/plugins/marketplaces/tools/.git/objects");
    home.remove("~/.claude/plugins/cache");
    home.synced();
    assert!(home.exists("~/.claude/plugins/cache/tools/alpha/1.0.0/skills/alpha/SKILL.md"));
}

#[test]
fn a_ledger_that_cannot_be_read_removes_nothing() {
    let home = home();
    home.synced();
    for path in home.subtree("~/.local/state/zskills").into_keys() {
        if home.path(&path).is_file() {
            home.write(&path, "{ broken");
        }
    }
    home.write("~/.config/zskills/skills.toml", wants(&["alpha"]));
    home.zskills(&["sync"]);
    assert_eq!(home.enabled("beta@tools"), Some(true), "no proof of ownership, no removal");
}
