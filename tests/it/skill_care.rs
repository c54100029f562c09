//! Adopting, listing and examining Agent Skills.

use serde_json::json;

use crate::sandbox::Sandbox;
use crate::skill_verbs::kit;
use crate::skills::skill_md;

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const INVENTORY: &str = "~/.agents/skills/.zskills.json";

/// A home in which the `skills` tool has installed `pdf` from `acme/kit`, and a hand `mine`.
fn with_foreign(home: Sandbox) -> Sandbox {
    let lock = json!({ "version": 3, "skills": { "pdf": {
        "source": "acme/kit", "sourceType": "github",
        "sourceUrl": "https://github.com/acme/kit.git", "skillPath": "skills/pdf/SKILL.md",
        "skillFolderHash": "0".repeat(40), "installedAt": "2026-01-01T00:00:00.000Z",
    } }, "dismissed": {} });
    home.file("~/.agents/.skill-lock.json", &lock.to_string())
        .file("~/.agents/skills/pdf/SKILL.md", &skill_md("pdf", "one"))
        .file("~/.agents/skills/mine/SKILL.md", &skill_md("mine", "x"))
        .manifest("version = 1\n")
}

#[test]
fn what_others_installed_is_adopted_with_its_source() {
    let home = with_foreign(Sandbox::new());
    let repo = kit(&home, &["pdf", "docx"]);
    let before = home.read("~/.agents/.skill-lock.json");
    home.zskills(&["sync", "--adopt"]).expect(0).says(&["pdf", "acme/kit", "mine"]);
    let manifest = home.read(MANIFEST);
    assert!(manifest.contains("source = \"acme/kit\"\nname = \"pdf\""), "{manifest}");
    assert!(manifest.contains("[[agent_skills]]\nname = \"mine\""), "{manifest}");
    let entry = home.json(INVENTORY)["agent_skills"]["pdf"].clone();
    assert_eq!((&entry["source"], &entry["head_sha"]), (&json!("acme/kit"), &json!(repo.head())));
    home.synced();
    assert!(home.is_link("~/.claude/skills/pdf") && home.is_link("~/.claude/skills/mine"));
    assert_eq!(home.read("~/.agents/.skill-lock.json"), before);
    home.zskills(&["sync", "--adopt"]).expect(0).says(&["up to date"]);
}

#[test]
fn what_was_adopted_is_not_upgraded_by_a_sync() {
    let home = with_foreign(Sandbox::new());
    let repo = kit(&home, &["pdf"]);
    repo.write("skills/pdf/SKILL.md", &skill_md("pdf", "two")).commit();
    home.zskills(&["sync", "--adopt"]).expect(0).says(&["zskills upgrade pdf"]);
    home.synced();
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "one"));
    home.zskills(&["upgrade", "pdf"]).expect(0);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "two"));
    home.synced();
}

#[test]
fn the_frontmatter_of_another_installer_gives_the_source() {
    let front = "---\nname: pdf\ndescription: x\nmetadata:\n  github-repo: https://github.com/acme/kit\n  \
                 github-ref: refs/tags/v1\n  github-path: skills/pdf\n---\n";
    let home =
        Sandbox::new().manifest("version = 1\n").file("~/.agents/skills/pdf/SKILL.md", front);
    kit(&home, &["pdf"]).tag("v1");
    home.zskills(&["sync", "--adopt"]).expect(0);
    let manifest = home.read(MANIFEST);
    assert!(manifest.contains("source = \"acme/kit\"\nname = \"pdf\"\npin = \"v1\""), "{manifest}");
    home.synced();
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), front);
}

#[test]
fn an_inventory_of_an_older_zskills_is_kept_as_it_is() {
    let inventory = "{\"version\": 1, \"agent_skills\": {\"pdf\": {\"source\": \"acme/kit\", \
                     \"installed_at\": \"2026-01-01T00:00:00Z\", \"head_sha\": \"\"}}, \"x\": 1.10}";
    let home = Sandbox::new()
        .manifest("version = 1\n[[agent_skills]]\nsource = \"acme/kit\"\nname = \"pdf\"\n")
        .file(INVENTORY, inventory)
        .file("~/.agents/skills/pdf/SKILL.md", &skill_md("pdf", "old"));
    kit(&home, &["pdf"]);
    home.synced();
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "old"));
    assert!(home.read(INVENTORY).contains("\"x\": 1.10"));
}

#[test]
fn a_whole_repository_is_reported_and_installed_again_as_a_skill_alone() {
    let inventory = "{\"version\": 1, \"agent_skills\": {\"tool\": {\"source\": \"acme/tool\"}}}";
    let home = Sandbox::new().file(INVENTORY, inventory).manifest("version = 1\n");
    let repo = home.repo("acme/tool");
    repo.write("SKILL.md", &skill_md("tool", "one")).write("src/main.rs", "fn main() {}\n");
    repo.commit();
    home.git(
        &home.home(),
        &["clone", "--quiet", "https://github.com/acme/tool", "~/.agents/skills/tool"],
    );
    home.zskills(&["doctor"]).expect(0).says(&["skills.full-repo", "whole repository"]);
    home.write(
        MANIFEST,
        "version = 1\n[[agent_skills]]\nsource = \"acme/tool\"\nname = \"tool\"\n",
    );
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert!(
        !home.exists("~/.agents/skills/tool/.git") && !home.exists("~/.agents/skills/tool/src")
    );
    home.synced();
    let trash = home.subtree("~/.local/state/zskills/trash");
    assert!(trash.keys().any(|path| path.ends_with("-tool/src/main.rs")));
}

#[test]
fn list_groups_by_source_and_names_what_nobody_manages() {
    let home = Sandbox::new()
        .manifest("version = 1\n[[agent_skills]]\nsource = \"acme/kit\"\n")
        .file("~/.claude/skills/own/SKILL.md", &skill_md("own", "x"));
    kit(&home, &["a1", "b1", "c1", "d1", "e1", "f1"]);
    home.zskills(&["sync"]).expect(0);
    let document = home.zskills(&["list", "--json"]).document("list");
    let managed = &document["agent_skills"]["managed"][0];
    assert_eq!(managed["source"], "acme/kit");
    assert_eq!((managed["count"].as_u64(), managed["skills"][5].as_str()), (Some(6), Some("f1")));
    assert_eq!(document["agent_skills"]["untracked"], json!(["own"]));
    home.zskills(&["list"]).expect(0).says(&["acme/kit (6)", "and 1 more", "not managed", "own"]);
    home.zskills(&["-v", "list"]).expect(0).says(&["f1"]);
}

#[test]
fn skills_that_an_active_plugin_ships_are_not_unmanaged() {
    let home = Sandbox::new()
        .manifest(&crate::wants(&["alpha"]))
        .file("~/.claude/skills/alpha/SKILL.md", &skill_md("alpha", "x"));
    crate::tools(&home);
    home.zskills(&["sync"]).expect(0);
    let document = home.zskills(&["list", "--json"]).document("list");
    assert_eq!(document["agent_skills"]["untracked"], json!([]));
    home.zskills(&["doctor"]).expect(0).says(&["skills.collision", "alpha@tools"]);
}

#[test]
fn doctor_names_each_fault_and_fixes_what_the_manifest_has() {
    let home = Sandbox::new().manifest("version = 1\n[[agent_skills]]\nsource = \"acme/kit\"\n");
    kit(&home, &["pdf", "docx", "xlsx"]);
    home.synced();
    home.remove("~/.claude/skills/pdf");
    home.remove("~/.agents/skills/docx");
    home.write("~/.agents/skills/xlsx/SKILL.md", "edited\n");
    home.link("~/.claude/skills/gone", "~/nowhere");
    home.write("~/.agents/skills/mine/SKILL.md", skill_md("mine", "x"));
    home.zskills(&["doctor", "--check"]).expect(3).says(&[
        "skills.not-linked",
        "skills.missing",
        "`docx` is not installed",
        "skills.edited",
        "skills.dangling-link",
        "skills.unmanaged",
        "skills.portability",
    ]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert!(home.is_link("~/.claude/skills/pdf") && home.exists("~/.agents/skills/docx/SKILL.md"));
    assert_eq!(home.read("~/.agents/skills/xlsx/SKILL.md"), "edited\n");
    home.zskills(&["doctor", "--check"]).expect(0).is_silent_about(&["skills.missing"]);
}

#[test]
fn an_entry_without_bytes_is_dropped_when_nobody_wants_it() {
    let inventory = "{\"version\": 1, \"agent_skills\": {\"old\": {\"source\": \"acme/kit\"}}}";
    let home = Sandbox::new().manifest("version = 1\n").file(INVENTORY, inventory);
    home.zskills(&["doctor"]).expect(0).says(&["skills.no-bytes"]);
    home.zskills(&["doctor", "--fix"]).expect(0);
    assert!(home.json(INVENTORY)["agent_skills"]["old"].is_null());
}

#[test]
fn too_much_text_for_the_listing_is_reported() {
    let home = Sandbox::new().manifest("version = 1\n");
    for n in 0..9 {
        let text = format!("---\nname: s{n}\ndescription: {}\n---\n", "x".repeat(1000));
        home.write(&format!("~/.claude/skills/s{n}/SKILL.md"), text);
    }
    home.zskills(&["doctor"]).expect(0).says(&["skills.budget", "9 skills have 9018 characters"]);
}
