//! Each check: a converged home broken in one way has that one finding, and `--fix` heals it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::{Sandbox, changes};
use crate::{tools, wants, with_unmanaged};

pub const KNOWN: &str = "~/.claude/plugins/known_marketplaces.json";
pub const INSTALLED: &str = "~/.claude/plugins/installed_plugins.json";
pub const SETTINGS: &str = "~/.claude/settings.json";
pub const CACHE: &str = "~/.claude/plugins/cache/tools/alpha/1.0.0";

pub fn synced() -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    tools(&home);
    home.synced();
    home
}

/// Returns the ids of the findings, each once.
#[track_caller]
pub fn found(home: &Sandbox) -> BTreeSet<String> {
    let document = home.zskills(&["doctor", "--json"]).expect(0).document("doctor");
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
pub fn finds(home: &Sandbox, ids: &[&str]) {
    let expected: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(found(home), expected, "{}", home.zskills(&["doctor"]));
}

/// Asserts that exactly these findings are there, that `--fix` heals them, and that a second one has nothing
/// to do.
#[track_caller]
pub fn finds_and_fixes(home: &Sandbox, ids: &[&str]) {
    finds(home, ids);
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    finds(home, &[]);
    let before = home.stamps();
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    home.zskills(&["sync", "--check"]).expect(0);
    assert_eq!(changes(&before, &home.stamps()), [""; 0], "a second --fix has nothing to do");
}

fn edit(home: &Sandbox, path: &str, from: &str, to: &str) {
    let text = home.read(path);
    assert!(text.contains(from), "{path} has no {from}: {text}");
    home.write(path, text.replace(from, to));
}

#[test]
fn a_broken_registry_is_rebuilt() {
    for text in ["", "{\n  \"tools\": {", "[]", "nope"] {
        let home = synced();
        let before = home.json(KNOWN);
        home.write(KNOWN, text);
        let id = if text == "[]" { "registry.schema" } else { "registry.syntax" };
        assert!(found(&home).contains(id), "{text}");
        home.zskills(&["doctor", "--fix"]).expect(0);
        finds(&home, &[]);
        assert_eq!(home.json(KNOWN)["tools"]["source"], before["tools"]["source"]);
        home.zskills(&["sync", "--check"]).expect(0);
    }
}

#[test]
fn a_broken_inventory_is_rebuilt() {
    for text in ["", "{\"version\": 2, \"plugins\": {", "[]", "{\"version\": 9, \"plugins\": {}}"] {
        let home = synced();
        home.write(INSTALLED, text);
        assert!(found(&home).iter().any(|id| id.starts_with("inventory.")), "{text}");
        home.zskills(&["doctor", "--fix"]).expect(0);
        finds(&home, &[]);
        assert_eq!(home.record("alpha@tools")["version"], "1.0.0");
        home.zskills(&["sync", "--check"]).expect(0);
    }
}

#[test]
fn what_no_manifest_names_comes_back_from_settings_and_disk() {
    let home = with_unmanaged(Sandbox::new());
    edit(
        &home,
        SETTINGS,
        "{\n  \"enabledPlugins\"",
        &format!(
            "{{\n  \"extraKnownMarketplaces\": {{ \"other\": {{ \"source\": {{ \"source\": \"directory\", \"path\": \"{}\" }} }} }},\n  \"enabledPlugins\"",
            home.path("~/other").display()
        ),
    );
    home.write(INSTALLED, "");
    home.write(KNOWN, "{\"other\": {");
    home.zskills(&["doctor", "--fix"]).expect(0);
    finds(&home, &[]);
    assert_eq!(home.record("gamma@other")["version"], "3.0.0");
    assert_eq!(home.known("other")["source"]["source"], "directory");
}

#[test]
fn comments_in_settings_go_only_when_somebody_agrees() {
    let home = synced();
    let text = home.read(SETTINGS);
    let commented = text.replacen('{', "{\n  // mine", 1);
    home.write(SETTINGS, &commented);
    finds(&home, &["settings.syntax"]);
    home.zskills(&["doctor", "--fix"]).expect(1).says(&["--yes"]);
    assert_eq!(home.read(SETTINGS), commented);
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    assert_eq!(home.read(SETTINGS), text);
    finds(&home, &[]);
    assert!(
        home.tree()
            .keys()
            .any(|path| path.contains("/backups/") && path.ends_with("settings.json"))
    );
}

#[test]
fn settings_that_are_not_only_commented_are_left_to_a_person() {
    let home = synced();
    home.write(SETTINGS, "{\n  \"a\": 1\n  \"b\": 2\n}\n");
    assert!(found(&home).contains("settings.syntax"));
    home.zskills(&["doctor", "--fix", "--yes"]).expect(1);
    assert_eq!(home.read(SETTINGS), "{\n  \"a\": 1\n  \"b\": 2\n}\n");
}

#[test]
fn paths_of_another_machine_are_re_rooted() {
    for from in ["/home/ada", "C:\\\\Users\\\\ada"] {
        let home = synced();
        let here = home.path("~").display().to_string();
        for file in [KNOWN, INSTALLED] {
            edit(&home, file, &here, from);
        }
        finds_and_fixes(&home, &["path.foreign"]);
        assert!(home.read(INSTALLED).contains(&here));
    }
}

#[test]
fn a_record_of_a_project_that_is_gone_is_dropped_when_somebody_agrees() {
    let home = synced();
    let mut inventory = home.json(INSTALLED);
    let mut record = inventory["plugins"]["alpha@tools"][0].clone();
    record["scope"] = "project".into();
    record["projectPath"] = home.path("~/gone").display().to_string().into();
    inventory["plugins"]["alpha@tools"].as_array_mut().unwrap().push(record);
    let text = serde_json::to_string_pretty(&inventory).unwrap();
    home.write(INSTALLED, &text);
    finds(&home, &["project.dangling"]);
    home.zskills(&["doctor", "--fix"]).expect(0).says(&["--yes"]);
    assert_eq!(home.read(INSTALLED), text);
    finds_and_fixes(&home, &["project.dangling"]);
    let unmounted = text.replace("/gone\"", "/disk/gone\"");
    home.write(INSTALLED, &unmounted);
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    assert_eq!(home.read(INSTALLED), unmounted, "a disk may not be mounted");
}

#[test]
fn a_record_that_no_settings_name_is_dropped_when_somebody_agrees() {
    let home = synced().project("~/work");
    let mut inventory = home.json(INSTALLED);
    let mut record = inventory["plugins"]["alpha@tools"][0].clone();
    record["scope"] = "project".into();
    record["projectPath"] = home.path("~/work").display().to_string().into();
    inventory["plugins"]["gamma@tools"] = serde_json::json!([record]);
    let text = serde_json::to_string_pretty(&inventory).unwrap();
    home.write(INSTALLED, &text);
    home.zskills(&["doctor", "--fix"]).expect(0).says(&["--yes"]);
    assert_eq!(home.read(INSTALLED), text);
    let off = "{\"enabledPlugins\": {\"gamma@tools\": false}}";
    home.write("~/work/.claude/settings.json", off);
    finds(&home, &[]);
    home.write("~/work/.claude/settings.json", "{}");
    finds_and_fixes(&home, &["project.dangling"]);
}

#[test]
fn a_switch_for_what_cannot_be_had_is_a_ghost() {
    let home = synced();
    edit(
        &home,
        SETTINGS,
        "\"enabledPlugins\": {",
        "\"enabledPlugins\": {\n    \"alpa@tools\": true,",
    );
    finds(&home, &["enabled.ghost"]);
    home.zskills(&["doctor"]).says(&["did you mean `alpha@tools`"]);
    home.zskills(&["doctor", "--check"]).expect(0);
    home.zskills(&["doctor", "--check", "--strict"]).expect(3);
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    assert_eq!(home.enabled("alpa@tools"), Some(true), "the switch is never taken away");
}

#[test]
fn altered_bytes_are_named_file_by_file_and_kept() {
    let home = synced();
    home.write(&format!("{CACHE}/skills/alpha/SKILL.md"), "mine");
    home.write(&format!("{CACHE}/extra.md"), "x");
    home.remove(&format!("{CACHE}/.claude-plugin/plugin.json"));
    home.zskills(&["doctor"]).says(&[
        "modified `skills/alpha/skill.md`",
        "extra `extra.md`",
        "missing `.claude-plugin/plugin.json`",
    ]);
    finds_and_fixes(&home, &["lock.drift"]);
    assert!(
        home.tree().keys().any(|path| path.contains("/backups/") && path.ends_with("extra.md"))
    );
}

#[test]
fn hidden_characters_in_deployed_documents_are_found_where_they_stand() {
    let home = Sandbox::new().doctor_may_complain().manifest(&wants(&["alpha"]));
    let text = "---\nname: alpha\ndescription: x\n---\n\nHi\u{200b}there\u{e0041}\n";
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .file("plugins/alpha/skills/alpha/SKILL.md", text)
        .commit();
    home.zskills(&["sync"]).expect(0);
    assert!(found(&home).contains("hidden.unicode"));
    home.zskills(&["doctor"]).says(&["SKILL.md:6:3", "U+200B", "1 more"]);
}

#[test]
fn a_link_that_leaves_a_deployed_folder_is_found() {
    let home = synced();
    home.link(&format!("{CACHE}/out"), "/etc/hostname");
    let ids = found(&home);
    assert!(ids.contains("tree.unsafe") && ids.contains("lock.drift"), "{ids:?}");
    home.zskills(&["doctor", "--fix"]).expect(0);
    finds(&home, &[]);
}

#[test]
fn hooks_whose_program_is_not_there_are_found_and_nothing_is_run() {
    let hook = |command: &str| {
        format!(
            "{{\"hooks\":{{\"Stop\":[{{\"hooks\":[{{\"type\":\"command\",\"command\":\"{command}\"}}]}}]}}}}"
        )
    };
    let check = |command: &str, expected: &[&str]| {
        let home = Sandbox::new().manifest(&wants(&["alpha"]));
        home.marketplace("tools")
            .plugin("alpha", "1.0.0")
            .file("plugins/alpha/hooks/hooks.json", &hook(command))
            .file("plugins/alpha/bin/there", "")
            .commit();
        home.zskills(&["sync"]).expect(0);
        home.processes();
        finds(&home, expected);
        assert_eq!(home.processes(), [""; 0]);
    };
    check("git status", &[]);
    check("${CLAUDE_PLUGIN_ROOT}/bin/there x", &[]);
    check("no-such-program-here --x", &["command.missing"]);
    check("${CLAUDE_PLUGIN_ROOT}/bin/gone", &["command.missing"]);
}

#[test]
fn a_missing_dependency_is_found_and_installed() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    home.marketplace("tools").dependent("alpha", &["beta"]).plugin("beta", "2.0.0").commit();
    home.synced();
    let mut inventory = home.json(INSTALLED);
    inventory["plugins"].as_object_mut().unwrap().remove("beta@tools");
    home.write(INSTALLED, serde_json::to_string_pretty(&inventory).unwrap());
    let ids = found(&home);
    assert!(ids.contains("dependency.missing"), "{ids:?}");
    home.zskills(&["doctor", "--fix"]).expect(0);
    finds(&home, &[]);
}

#[test]
fn leftovers_of_the_client_are_counted_and_kept() {
    let home = synced();
    home.write("~/.claude/plugins/cache/temp_git_1_x/file", "12345");
    home.write("~/.claude/plugins/installed_plugins.unreadable.2026.x.kept", "{");
    finds(&home, &["cache.garbage"]);
    home.zskills(&["doctor"]).says(&["5 bytes"]);
    home.zskills(&["doctor", "--fix", "--yes"]).expect(0);
    assert!(home.exists("~/.claude/plugins/cache/temp_git_1_x/file"));
}

#[test]
fn a_registry_that_is_a_link_and_settings_that_nobody_can_write_are_told() {
    let home = synced();
    home.write("~/dots/known.json", home.read(KNOWN));
    home.remove(KNOWN);
    home.link(KNOWN, "~/dots/known.json");
    finds(&home, &["symlink.broken-ledger"]);
    let home = synced();
    let git = |args: &[&str]| home.git(&home.path("~/.claude"), args);
    git(&["init", "--quiet"]);
    git(&["add", "plugins/installed_plugins.json"]);
    finds(&home, &["symlink.broken-ledger"]);
    home.zskills(&["doctor"]).says(&["under version control"]);
    git(&["rm", "--quiet", "--cached", "plugins/installed_plugins.json"]);
    finds(&home, &[]);
    let home = synced();
    home.set_mode(SETTINGS, 0o444);
    finds(&home, &["readonly.settings"]);
}

#[test]
fn a_marketplace_that_nobody_refreshed_is_told_until_it_is() {
    let home = synced();
    let mut known = home.json(KNOWN);
    known["tools"]["lastUpdated"] = "2020-01-01T00:00:00.000Z".into();
    home.write(KNOWN, serde_json::to_string_pretty(&known).unwrap());
    finds(&home, &["sync.refresh-failing"]);
    home.zskills(&["doctor"]).says(&["`zskills update tools`"]);
    home.zskills(&["sync", "--check"]).expect(0);
    home.zskills(&["update", "tools"]).expect(0);
    finds(&home, &[]);
    let before = home.stamps();
    home.zskills(&["update", "tools"]).expect(0);
    assert_eq!(changes(&before, &home.stamps()), [""; 0], "a day has one refresh");
}

#[test]
fn old_bytes_under_an_unchanged_version_are_found() {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    let repo = tools(&home);
    home.synced();
    home.remove("~/.config/zskills/skills.lock");
    home.remove("~/.local/state/zskills");
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    finds(&home, &[]);
    repo.write("plugins/alpha/new.md", "new").commit();
    home.remove("~/.claude/plugins/marketplaces/tools");
    let clone = home.path("~/.claude/plugins/marketplaces/tools");
    home.git(
        &home.home(),
        &["clone", "--quiet", "https://github.com/acme/tools", clone.to_str().unwrap()],
    );
    finds(&home, &["stale.same-version"]);
}

#[test]
fn the_steps_of_a_fix_are_shown_under_each_finding_and_nothing_is_written() {
    let home = synced();
    home.write(INSTALLED, "{\"version\": 2, \"plugins\": {}}");
    let before = home.subtree("~/.claude");
    let run = home.zskills(&["doctor"]);
    run.says(&["+ plugin alpha@tools", "errors", "--fix` puts"]);
    assert_eq!(changes(&before, &home.subtree("~/.claude")), [""; 0]);
    let document = home.zskills(&["doctor", "--json"]).document("doctor");
    assert!(document["findings"][0]["fix"]["steps"][0].as_str().unwrap().contains("alpha@tools"));
}

#[test]
fn findings_are_printed_as_sarif() {
    let home = synced();
    home.write(INSTALLED, "{\"version\": 2, \"plugins\": {}}");
    let run = home.zskills(&["doctor", "--format", "sarif"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().unwrap().starts_with("file://"));
    }
}

#[test]
fn every_check_is_explained() {
    let home = Sandbox::new();
    let list = home.zskills(&["doctor", "--explain"]);
    assert!(list.stdout.lines().count() > 40, "{list}");
    for line in list.stdout.lines() {
        let id = line.split_whitespace().next().unwrap();
        home.zskills(&["doctor", "--explain", id]).expect(0).says(&[id, "Fix:"]);
    }
    home.zskills(&["doctor", "--explain", "lock.drfit"])
        .expect(1)
        .says(&["did you mean `lock.drift`"]);
}

/// A source of choices that is the same in every run.
struct Choices(u64);

impl Choices {
    fn next(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

#[test]
fn any_sequence_of_breakages_is_healed_by_one_fix_and_one_sync() {
    let breakages: [fn(&Sandbox); 12] = [
        |home| home.write(KNOWN, ""),
        |home| home.write(KNOWN, "{\"tools\": {"),
        |home| home.write(INSTALLED, ""),
        |home| home.write(INSTALLED, "{\"version\": 2, \"plugins\": {}}"),
        |home| home.write(SETTINGS, home.read(SETTINGS).replacen('{', "{ // c\n", 1)),
        |home| home.write(SETTINGS, "{}\n"),
        |home| drop(std::fs::remove_dir_all(home.path("~/.claude/plugins/cache/tools"))),
        |home| drop(std::fs::remove_dir_all(home.path("~/.claude/plugins/marketplaces/tools"))),
        |home| home.write(&format!("{CACHE}/skills/alpha/SKILL.md"), "altered"),
        |home| home.write(&format!("{CACHE}/new"), "extra"),
        |home| {
            let here = home.path("~").display().to_string();
            home.write(INSTALLED, home.read(INSTALLED).replace(&here, "/home/other"));
        },
        |home| home.write("~/.claude/plugins/cache/temp_git_1_x/file", "x"),
    ];
    let mut choices = Choices(7);
    for round in 0..6 {
        let home = synced();
        let chosen: Vec<usize> = (0..4).map(|_| choices.next(breakages.len())).collect();
        for index in &chosen {
            breakages[*index](&home);
        }
        let run = home.zskills(&["doctor", "--fix", "--yes"]);
        assert_eq!(run.code, Some(0), "round {round} {chosen:?}\n{run}");
        home.zskills(&["sync"]).expect(0);
        let mut left = found(&home);
        left.remove("cache.garbage");
        left.remove("bytes.no-inventory");
        assert!(left.is_empty(), "round {round} {chosen:?}: {left:?}");
        assert_eq!(home.enabled("alpha@tools"), Some(true));
    }
}
