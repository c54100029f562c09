//! Agent Skills: installed from every kind of source, owned, refreshed and removed.

use crate::repo::Repo;
use crate::sandbox::{Sandbox, changes};

const INVENTORY: &str = "~/.agents/skills/.zskills.json";

/// A `SKILL.md` that nobody has anything to say against.
pub fn skill_md(name: &str, body: &str) -> String {
    format!("---\nname: {name}\ndescription: Does {name}.\n---\n\n{body}\n")
}

/// The repository `acme/kit` with these skills.
fn kit<'a>(home: &'a Sandbox, names: &[&str]) -> Repo<'a> {
    let repo = home.repo("acme/kit");
    for name in names {
        repo.write(&format!("skills/{name}/SKILL.md"), &skill_md(name, "one"));
        repo.write(&format!("skills/{name}/references/more.md"), "more\n");
    }
    repo.commit();
    repo
}

fn wants(entry: &str) -> String {
    format!("version = 1\n\n[[agent_skills]]\n{entry}\n")
}

#[test]
fn a_repository_of_skills_is_installed_linked_and_recorded() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    let repo = kit(&home, &["pdf", "docx"]);
    home.synced().says(&["+ agent skill", "docx", "pdf", "acme/kit at"]);
    assert!(home.exists("~/.agents/skills/pdf/references/more.md"));
    assert!(home.is_link("~/.claude/skills/pdf"));
    assert_eq!(home.read("~/.claude/skills/pdf/SKILL.md"), skill_md("pdf", "one"));
    let link = std::fs::read_link(home.path("~/.claude/skills/docx")).unwrap();
    assert_eq!(link, std::path::Path::new("../../.agents/skills/docx"));
    let entry = &home.json(INVENTORY)["agent_skills"]["pdf"];
    assert_eq!(entry["source"], "acme/kit");
    assert_eq!(entry["head_sha"], repo.head());
    assert_eq!(entry["path"], "skills/pdf");
    assert_eq!(entry["links"]["claude-code"], "symlink");
}

#[test]
fn a_second_sync_starts_nothing_and_writes_nothing() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    kit(&home, &["pdf", "docx"]);
    home.synced();
    let (stamps, _) = (home.stamps(), home.processes());
    home.zskills(&["sync"]).expect(0).says(&["up to date", "2 skills"]);
    assert_eq!(home.processes(), [""; 0]);
    assert_eq!(changes(&stamps, &home.stamps()), [""; 0]);
}

#[test]
fn one_of_many_is_taken_and_globs_take_more() {
    let home =
        Sandbox::new().manifest(&wants("source = \"acme/kit\"\nnames = [\"pdf\", \"doc-*\"]"));
    kit(&home, &["pdf", "doc-a", "doc-b", "other"]);
    home.synced();
    assert!(home.exists("~/.agents/skills/doc-b/SKILL.md"));
    assert!(!home.exists("~/.agents/skills/other"));
    home.zskills(&["sync", "--frozen"]).expect(0).says(&["up to date"]);
}

#[test]
fn a_name_that_the_source_does_not_have_is_named_with_the_nearest() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\"\nname = \"pfd\""));
    kit(&home, &["pdf"]);
    home.zskills(&["sync"]).expect(1).says(&["pfd: is not in `acme/kit`", "did you mean `pdf`?"]);
}

#[test]
fn a_folder_that_somebody_else_put_there_is_never_replaced() {
    let home = Sandbox::new()
        .manifest(&wants("source = \"acme/kit\""))
        .file("~/.agents/skills/pdf/SKILL.md", "mine\n");
    kit(&home, &["pdf", "docx"]);
    home.zskills(&["sync"])
        .expect(1)
        .says(&["`~/.agents/skills/pdf` is there already", "acme/kit"]);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), "mine\n");
    assert!(home.exists("~/.agents/skills/docx/SKILL.md"));
}

#[test]
fn what_was_edited_here_stays_until_its_changes_are_discarded() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    kit(&home, &["pdf"]);
    home.synced();
    home.write("~/.agents/skills/pdf/SKILL.md", "edited\n");
    home.zskills(&["sync"]).expect(0).says(&["pdf: was edited here"]);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), "edited\n");
    home.zskills(&["sync", "--discard-changes", "pdf"]).expect(0);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "one"));
    home.synced();
}

#[test]
fn what_left_the_manifest_goes_to_the_trash() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    kit(&home, &["pdf", "docx"]);
    home.synced();
    home.write("~/.config/zskills/skills.toml", wants("source = \"acme/kit\"\nname = \"docx\""));
    home.synced().says(&["- agent skill", "pdf"]);
    assert!(!home.exists("~/.agents/skills/pdf"));
    assert!(!home.exists("~/.claude/skills/pdf"));
    assert!(home.json(INVENTORY)["agent_skills"]["pdf"].is_null());
    let trash = home.subtree("~/.local/state/zskills/trash");
    assert!(trash.keys().any(|path| path.ends_with("-pdf/SKILL.md")), "{trash:?}");
}

#[test]
fn an_edited_skill_that_left_the_manifest_is_kept() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    kit(&home, &["pdf"]);
    home.synced();
    home.write("~/.agents/skills/pdf/SKILL.md", "edited\n");
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    home.zskills(&["sync"]).expect(0).says(&["kept, because it was edited here"]);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), "edited\n");
}

#[test]
fn a_local_only_skill_is_tracked_and_never_deleted() {
    let home = Sandbox::new()
        .manifest(&wants("name = \"mine\""))
        .file("~/.agents/skills/mine/SKILL.md", &skill_md("mine", "x"));
    home.synced().says(&["tracked, never refreshed"]);
    assert_eq!(home.json(INVENTORY)["agent_skills"]["mine"]["source"], "local");
    assert!(home.is_link("~/.claude/skills/mine"));
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    home.zskills(&["sync"]).expect(0).says(&["released, its folder stays"]);
    home.zskills(&["sync"]).expect(0).says(&["up to date"]);
    home.zskills(&["sync", "--prune", "--yes"]).expect(0);
    assert!(home.exists("~/.agents/skills/mine/SKILL.md"), "nobody could bring it back");
    home.write("~/.config/zskills/skills.toml", wants("name = \"mine\""));
    home.synced();
    home.remove("~/.agents/skills/mine");
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    home.zskills(&["sync"]).expect(0);
    assert!(home.json(INVENTORY)["agent_skills"]["mine"].is_null());
}

#[test]
fn the_lock_restores_the_same_bytes_and_refuses_others() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    let repo = kit(&home, &["pdf"]);
    home.synced();
    repo.write("skills/pdf/SKILL.md", &skill_md("pdf", "two"));
    repo.commit();
    home.remove("~/.agents");
    home.remove("~/.claude/skills");
    home.zskills(&["sync", "--frozen"]).expect(0);
    assert_eq!(home.read("~/.claude/skills/pdf/SKILL.md"), skill_md("pdf", "one"));

    let lock = home.read("~/.config/zskills/skills.lock");
    let tree = lock.lines().find(|line| line.starts_with("tree")).unwrap();
    let other = format!("tree = \"sha256:{}\"", "0".repeat(64));
    home.write("~/.config/zskills/skills.lock", lock.replace(tree, &other));
    home.remove("~/.agents");
    home.zskills(&["sync"]).expect(4).says(&["pdf: its bytes are not the ones in the lock"]);
    assert!(!home.exists("~/.agents/skills/pdf"));
}

#[test]
fn a_skill_at_the_root_is_installed_without_the_rest_of_the_repository() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/root-skill\""));
    let repo = home.repo("acme/root-skill");
    repo.write("SKILL.md", "---\ndescription: Does it.\n---\nsee [guide](docs/guide.md)\n");
    repo.write("scripts/run.sh", "echo\n").write("docs/guide.md", "guide\n");
    repo.write("src/main.rs", "fn main() {}\n").write("package.json", "{}\n");
    repo.commit();
    home.zskills(&["sync"]).expect(0);
    let there: Vec<String> = home.subtree("~/.agents/skills/root-skill").into_keys().collect();
    let base = "~/.agents/skills/root-skill";
    let expected = ["", "/SKILL.md", "/docs", "/docs/guide.md", "/scripts", "/scripts/run.sh"];
    assert_eq!(there, expected[1..].iter().map(|p| format!("{base}{p}")).collect::<Vec<_>>());
}

#[test]
fn a_path_behind_two_slashes_and_a_pin_choose_a_part_and_a_commit() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit//extra/tool\"\npin = \"v1\""));
    let repo = kit(&home, &["pdf"]);
    repo.write("extra/tool/SKILL.md", &skill_md("tool", "one")).write("extra/tool/data.bin", "d");
    repo.commit();
    repo.tag("v1");
    repo.write("extra/tool/SKILL.md", &skill_md("tool", "two")).commit();
    home.synced();
    assert_eq!(home.read("~/.agents/skills/tool/SKILL.md"), skill_md("tool", "one"));
    assert!(home.exists("~/.agents/skills/tool/data.bin"), "a named folder is taken whole");
    assert!(!home.exists("~/.agents/skills/pdf"));
    assert_eq!(home.json(INVENTORY)["agent_skills"]["tool"]["path"], "extra/tool");
}

#[test]
fn a_local_directory_is_copied_and_followed() {
    let home = Sandbox::new()
        .manifest(&wants("source = \"~/my-skills\""))
        .file("~/my-skills/note/SKILL.md", &skill_md("note", "one"));
    home.synced();
    assert!(!home.is_link("~/.agents/skills/note"));
    home.write("~/my-skills/note/SKILL.md", skill_md("note", "two"));
    home.synced();
    assert_eq!(home.read("~/.claude/skills/note/SKILL.md"), skill_md("note", "two"));
    let lock = home.read("~/.config/zskills/skills.lock");
    assert!(!lock.contains(home.home().to_str().unwrap()), "{lock}");
}

#[test]
fn project_scope_goes_into_the_project() {
    let home = Sandbox::new()
        .project("~/code/app")
        .manifest(&wants("source = \"acme/kit\"\nscope = \"project\""));
    kit(&home, &["pdf"]);
    home.synced_with(&["--here"]);
    assert!(home.exists("~/code/app/.agents/skills/pdf/SKILL.md"));
    assert!(home.is_link("~/code/app/.claude/skills/pdf"));
    assert!(home.exists("~/code/app/.agents/skills/.zskills.json"));
    assert!(!home.exists("~/.agents/skills/pdf"));
}

#[test]
fn one_folder_for_both_needs_no_link() {
    let home = Sandbox::new()
        .var("CLAUDE_HOME", "~/both")
        .var("AGENTS_HOME", "~/both")
        .manifest(&wants("source = \"acme/kit\""));
    kit(&home, &["pdf"]);
    home.synced();
    assert!(home.exists("~/both/skills/pdf/SKILL.md"));
    assert!(!home.is_link("~/both/skills/pdf"));
}

#[test]
fn where_links_do_not_work_a_copy_is_made_and_refreshed() {
    let home = Sandbox::new().manifest(&wants("source = \"~/my-skills\""));
    home.write("~/my-skills/note/SKILL.md", skill_md("note", "one"));
    let folder = home.path("~/.claude/skills").display().to_string();
    let name: String =
        folder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    home.write(&format!("~/.local/state/zskills/no-links/{name}"), "");
    home.synced();
    assert!(!home.is_link("~/.claude/skills/note"));
    assert_eq!(home.json(INVENTORY)["agent_skills"]["note"]["links"]["claude-code"], "copy");
    home.write("~/my-skills/note/SKILL.md", skill_md("note", "two"));
    home.synced();
    assert_eq!(home.read("~/.claude/skills/note/SKILL.md"), skill_md("note", "two"));
    home.write("~/.config/zskills/skills.toml", "version = 1\n");
    home.synced();
    assert!(!home.exists("~/.claude/skills/note"));
}

#[test]
fn two_entries_that_want_one_folder_are_an_error_with_both_lines() {
    let text = wants("source = \"acme/kit\"") + "\n[[agent_skills]]\nsource = \"acme/kit2\"\n";
    let home = Sandbox::new().manifest(&text);
    kit(&home, &["pdf", "docx"]);
    let other = home.repo("acme/kit2");
    other.write("skills/PDF/SKILL.md", "---\nname: PDF\ndescription: x\n---\n").commit();
    home.zskills(&["sync"]).expect(1).says(&["line 3", "line 6", "acme/kit2"]);
    assert!(!home.exists("~/.agents/skills/pdf"));
    assert!(home.exists("~/.agents/skills/docx"));
}

#[test]
fn a_corrupt_inventory_stops_with_its_position_and_stays() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/kit\""));
    kit(&home, &["pdf"]);
    for text in ["", "{\n  oops\n}"] {
        home.write(INVENTORY, text);
        home.zskills(&["sync"]).expect(1).says(&[".zskills.json"]);
        assert_eq!(home.read(INVENTORY), text);
        assert!(!home.exists("~/.agents/skills/pdf"));
    }
}
