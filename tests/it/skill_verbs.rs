//! install, remove, upgrade and lint for Agent Skills.

use crate::repo::Repo;
use crate::sandbox::Sandbox;
use crate::skills::skill_md;

const MANIFEST: &str = "~/.config/zskills/skills.toml";

/// The repository `acme/kit` with these skills, nothing but a `SKILL.md` each.
pub fn kit<'a>(home: &'a Sandbox, names: &[&str]) -> Repo<'a> {
    let repo = home.repo("acme/kit");
    for name in names {
        repo.write(&format!("skills/{name}/SKILL.md"), &skill_md(name, "one"));
    }
    repo.commit();
    repo
}

#[test]
fn install_adds_the_source_and_keeps_comments() {
    let home = Sandbox::new().manifest("# mine\nversion = 1 # one\n");
    kit(&home, &["pdf", "docx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    assert_eq!(
        home.read(MANIFEST),
        "# mine\nversion = 1 # one\n\n[[agent_skills]]\nsource = \"acme/kit\"\n"
    );
    assert!(home.is_link("~/.claude/skills/pdf") && home.is_link("~/.claude/skills/docx"));
    home.synced().says(&["up to date"]);
    home.zskills(&["install", "acme/kit"]).expect(0).says(&["up to date"]);
}

#[test]
fn install_takes_single_skills_and_adds_more_of_the_same_source() {
    let home = Sandbox::new();
    kit(&home, &["pdf", "docx", "xlsx"]);
    home.zskills(&["install", "acme/kit", "--skill", "pdf"]).expect(0);
    home.zskills(&["install", "acme/kit", "--skill", "pdf", "--skill", "docx"]).expect(0);
    assert!(home.exists("~/.agents/skills/docx/SKILL.md"));
    assert!(!home.exists("~/.agents/skills/xlsx"));
    home.synced();
    home.zskills(&["install", "acme/kit", "--skill", "pfd"])
        .expect(1)
        .says(&["no skill `pfd`", "did you mean `pdf`?"]);
}

#[test]
fn more_than_five_skills_are_listed_and_nothing_is_installed() {
    let home = Sandbox::new();
    kit(&home, &["a1", "b1", "c1", "d1", "e1", "f1"]);
    let before = home.subtree("~/.agents");
    home.zskills(&["install", "acme/kit"]).expect(0).says(&["f1", "6 skills", "--all"]);
    assert_eq!(home.subtree("~/.agents"), before);
    home.zskills(&["install", "acme/kit", "--all"]).expect(0);
    assert!(home.exists("~/.agents/skills/f1/SKILL.md"));
}

#[test]
fn a_marketplace_is_pointed_out_and_its_servers_are_mentioned() {
    let home = Sandbox::new();
    home.marketplace("tools").plugin("alpha", "1.0.0").commit();
    home.zskills(&["install", "acme/tools"]).expect(0).says(&["marketplace add acme/tools"]);
    assert!(!home.exists(MANIFEST));
    let repo = kit(&home, &["pdf"]);
    repo.write(".mcp.json", "{\"mcpServers\": {\"docs\": {\"command\": \"x\"}}}\n").commit();
    home.zskills(&["install", "acme/kit"]).expect(0).says(&["MCP servers", "docs"]);
}

#[test]
fn without_saving_the_manifest_and_the_lock_stay_and_the_next_sync_leaves_it() {
    let home = Sandbox::new().manifest("version = 1\n");
    kit(&home, &["pdf"]);
    home.zskills(&["install", "acme/kit", "--no-save"]).expect(0);
    assert_eq!(home.read(MANIFEST), "version = 1\n");
    home.zskills(&["sync"]).expect(0).says(&["not in the manifest, left alone"]);
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
}

#[test]
fn a_folder_is_installed_by_its_path() {
    let home = Sandbox::new().cwd("~/code");
    home.write("~/code/skills/note/SKILL.md", skill_md("note", "one"));
    home.zskills(&["install", "./skills/note"]).expect(0);
    assert!(home.read(MANIFEST).contains("source = \"~/code/skills/note\""));
    assert!(home.exists("~/.agents/skills/note/SKILL.md"));
}

#[test]
fn remove_edits_the_manifest_and_trashes_the_folder() {
    let home = Sandbox::new();
    kit(&home, &["pdf", "docx", "xlsx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    home.zskills(&["remove", "pdf"]).expect(0);
    assert!(home.read(MANIFEST).contains("exclude = [\"pdf\"]"));
    assert!(!home.exists("~/.agents/skills/pdf") && home.exists("~/.agents/skills/docx"));
    home.zskills(&["remove", "docx"]).expect(0);
    home.zskills(&["remove", "pfd"])
        .expect(1)
        .says(&["pfd: no plugin, skill or MCP server of that name"]);
    home.zskills(&["remove", "xslx"])
        .expect(1)
        .says(&["no plugin, skill or MCP server of that name", "`xlsx`"]);
    home.zskills(&["upgrade", "xslx"])
        .expect(1)
        .says(&["no plugin, skill or MCP server of that name", "`xlsx`"]);
    home.zskills(&["remove", "acme/kit"]).expect(0);
    assert_eq!(home.read(MANIFEST), "version = 1\n");
    home.synced();
}

#[test]
fn upgrade_moves_what_moved_and_shows_what_came_and_went() {
    let home = Sandbox::new();
    let repo = kit(&home, &["pdf", "docx"]);
    let old = repo.head();
    home.zskills(&["install", "acme/kit"]).expect(0);
    repo.write("skills/pdf/SKILL.md", &skill_md("pdf", "two"));
    repo.write("skills/extra/SKILL.md", &skill_md("extra", "one"));
    std::fs::remove_dir_all(repo.path.join("skills/docx")).unwrap();
    let new = repo.commit();
    home.zskills(&["sync"]).expect(0).says(&["up to date"]);
    home.zskills(&["upgrade", "--dry-run"]).expect(0).says(&[
        &old[..12],
        &new[..12],
        "+ agent skill",
        "extra",
        "docx: is no longer in",
    ]);
    home.zskills(&["upgrade", "--dry-run"]).is_silent_about(&["rewritten"]);
    home.zskills(&["upgrade"]).expect(0);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "two"));
    assert!(!home.exists("~/.agents/skills/docx"));
    home.synced().says(&["up to date"]);
}

#[test]
fn upgrade_of_one_skill_leaves_the_others() {
    let home = Sandbox::new();
    let repo = kit(&home, &["pdf", "docx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    for name in ["pdf", "docx"] {
        repo.write(&format!("skills/{name}/SKILL.md"), &skill_md(name, "two"));
    }
    let old = repo.head();
    repo.rewrite();
    let lost = format!("history rewritten: {} is no longer part of it", &old[..12]);
    home.zskills(&["upgrade", "pdf"]).expect(0).says(&[&lost]);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "two"));
    assert_eq!(home.read("~/.agents/skills/docx/SKILL.md"), skill_md("docx", "one"));
    home.synced().says(&["up to date"]);
}

#[test]
fn upgrade_with_nothing_moved_asks_each_repository_once_and_fetches_nothing() {
    let home = Sandbox::new();
    kit(&home, &["pdf", "docx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    home.processes();
    home.zskills(&["upgrade"]).expect(0).says(&["up to date"]);
    let processes = home.processes();
    assert_eq!(processes.len(), 1, "{processes:?}");
    assert!(processes[0].contains("ls-remote"), "{processes:?}");
}

#[test]
fn an_edited_skill_is_not_upgraded_over() {
    let home = Sandbox::new();
    let repo = kit(&home, &["pdf"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    home.write("~/.agents/skills/pdf/SKILL.md", "edited\n");
    repo.write("skills/pdf/SKILL.md", &skill_md("pdf", "two")).commit();
    home.zskills(&["upgrade"]).expect(1).says(&["pdf: was edited here", "--discard-changes pdf"]);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), "edited\n");
    home.zskills(&["sync", "--discard-changes", "pdf"]).expect(0);
    assert_eq!(home.read("~/.agents/skills/pdf/SKILL.md"), skill_md("pdf", "two"));
    home.synced();
}

#[test]
fn lint_names_what_is_wrong_with_its_place() {
    let home = Sandbox::new().cwd("~/code");
    home.write("~/code/skills/ok/SKILL.md", skill_md("ok", "fine"));
    home.zskills(&["lint"]).expect(0).says(&["1 skills: 0 errors, 0 warnings"]);
    home.write("~/code/skills/loose/SKILL.md", "---\nname: loose\ndescription: Use: it\n---\n");
    home.zskills(&["lint"]).expect(0).says(&["frontmatter.yaml", "skills/loose/SKILL.md:3:17"]);
    home.write("~/code/skills/bad/SKILL.md", skill_md("bad", "a\u{202e}b"));
    home.zskills(&["lint", "."]).expect(4).says(&["unicode.hidden", "U+202E", ":6:2"]);
    home.write("~/code/skills/stray/SKILL.md", skill_md("stray", "a\u{200b}b"));
    home.zskills(&["lint", "skills/stray"]).expect(0).says(&["unicode.stray", "U+200B"]);
    let document = home.zskills(&["lint", "--json"]).document("lint");
    assert_eq!(document["skills"].as_array().unwrap().len(), 4);
}

#[test]
fn why_says_where_a_skill_is_from_and_how_the_client_reaches_it() {
    let home = Sandbox::new();
    kit(&home, &["pdf", "docx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    home.write("~/.agents/skills/mine/SKILL.md", skill_md("mine", "x"));
    let says =
        &["installed from `acme/kit`", "skills.toml:", ".zskills.json:", "through this link"];
    home.zskills(&["why", "pdf"]).expect(0).says(says);
    let folder = home.path("~/.agents/skills/pdf/SKILL.md");
    home.zskills(&["why", folder.to_str().unwrap()]).expect(0).says(says);
    home.zskills(&["why", "mine"]).expect(0).says(&["not managed", "does not see it"]);
    home.zskills(&["why", "pfd"]).expect(1).says(&["did you mean `pdf`?"]);
    let document = home.zskills(&["why", "docx", "--json"]).document("why");
    assert_eq!(document["reasons"][0]["kind"], "agent skill");
    home.zskills(&["info", "pdf"]).expect(0).says(&["pdf (skill)", "acme/kit"]);
}

/// Everything of `acme/kit` but some of it.
fn all_but(exclude: &str) -> String {
    format!("version = 1\n\n[[agent_skills]]\nsource = \"acme/kit\"\nexclude = [{exclude}]\n")
}

#[test]
fn what_a_source_is_wanted_without_is_not_installed_and_comes_when_it_is_wanted_again() {
    let home = Sandbox::new().manifest(&all_but("\"pdf\", \"old-*\""));
    let repo = kit(&home, &["pdf", "docx", "old-a", "old-b"]);
    home.synced();
    assert!(home.exists("~/.agents/skills/docx/SKILL.md"));
    assert!(!home.exists("~/.agents/skills/pdf") && !home.exists("~/.agents/skills/old-a"));
    home.zskills(&["sync", "--frozen"]).expect(0).says(&["up to date"]);
    home.zskills(&["why", "pdf"]).expect(0).says(&["`exclude` leaves it out", "skills.toml:3"]);
    repo.write("skills/docx/SKILL.md", &skill_md("docx", "two"));
    repo.write("skills/later/SKILL.md", &skill_md("later", "one")).commit();
    home.write(MANIFEST, all_but("\"old-b\""));
    home.synced();
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    assert!(home.exists("~/.agents/skills/old-a/SKILL.md"));
    assert!(!home.exists("~/.agents/skills/old-b") && !home.exists("~/.agents/skills/later"));
    assert_eq!(home.read("~/.agents/skills/docx/SKILL.md"), skill_md("docx", "one"));
    home.zskills(&["sync", "--frozen"]).expect(0).says(&["up to date"]);
    home.zskills(&["upgrade"]).expect(0);
    assert!(home.exists("~/.agents/skills/later/SKILL.md"));
    assert!(!home.exists("~/.agents/skills/old-b"));
    home.write(MANIFEST, all_but("\"old-b\", \"lter\""));
    home.zskills(&["sync", "--frozen"]).expect(0).says(&["up to date"]);
    home.write(MANIFEST, all_but("\"old-b\", \"docx\""));
    home.zskills(&["sync", "--offline"]).expect(0).says(&["- agent skill", "docx"]);
}

#[test]
fn remove_leaves_a_skill_out_of_all_of_a_source_and_install_takes_it_back() {
    let home = Sandbox::new();
    kit(&home, &["pdf", "docx", "xlsx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    home.zskills(&["remove", "pdf"]).expect(0);
    assert_eq!(home.read(MANIFEST), all_but("\"pdf\""));
    home.zskills(&["remove", "docx"]).expect(0);
    assert_eq!(home.read(MANIFEST), all_but("\"pdf\", \"docx\""));
    assert!(!home.exists("~/.agents/skills/docx"));
    home.synced().says(&["up to date"]);
    home.zskills(&["install", "acme/kit", "--skill", "pdf"]).expect(0);
    assert_eq!(home.read(MANIFEST), all_but("\"docx\""));
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    home.zskills(&["add", "acme/kit", "--skill", "docx"]).expect(0);
    assert!(!home.read(MANIFEST).contains("exclude"));
    home.synced().says(&["up to date"]);
}

#[test]
fn one_skill_of_a_glob_is_left_out_as_well() {
    let home = Sandbox::new().manifest(
        "version = 1\n\n[[agent_skills]]\nsource = \"acme/kit\"\nnames = [\"pdf\", \"p*\"] # mine\n",
    );
    kit(&home, &["pdf", "ppt", "docx"]);
    home.synced();
    home.zskills(&["remove", "pdf"]).expect(0);
    let text = home.read(MANIFEST);
    assert!(text.contains("names = [\"p*\"] # mine\nexclude = [\"pdf\"]\n"), "{text}");
    assert!(!home.exists("~/.agents/skills/pdf") && home.exists("~/.agents/skills/ppt"));
    home.synced().says(&["up to date"]);
}

#[test]
fn a_name_in_exclude_that_the_source_does_not_have_is_pointed_out() {
    let home = Sandbox::new().manifest(&all_but("\"pfd\""));
    kit(&home, &["pdf"]);
    home.zskills(&["sync"]).expect(0).says(&["has no skill `pfd`", "did you mean `pdf`?"]);
}

#[test]
fn disable_unlinks_a_skill_and_enable_undoes_it_without_the_network() {
    let home = Sandbox::new();
    kit(&home, &["pdf", "docx"]);
    home.zskills(&["install", "acme/kit"]).expect(0);
    let (before, lock) = (home.read(MANIFEST), home.read("~/.config/zskills/skills.lock"));
    home.processes();
    home.zskills(&["disable", "pdf"]).expect(0).says(&["~ agent skill", "pdf", "switched off"]);
    assert!(!home.is_link("~/.claude/skills/pdf") && home.is_link("~/.claude/skills/docx"));
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    let text = home.read(MANIFEST);
    assert!(text.contains("name = \"pdf\"\nenabled = false\n"), "{text}");
    home.synced().says(&["up to date"]);
    home.zskills(&["disable", "pdf"]).expect(0).says(&["up to date"]);
    home.zskills(&["list"]).expect(0).says(&["docx, pdf (off)"]);
    home.zskills(&["why", "pdf"]).expect(0).says(&["switched off"]);
    let info = home.zskills(&["info", "pdf", "--json"]).document("info");
    assert_eq!(info["enabled"], false);
    home.link("~/.claude/skills/pdf", "../../.agents/skills/pdf");
    home.zskills(&["doctor"]).says(&["skills.not-off", "pdf"]);
    home.synced();
    assert!(!home.is_link("~/.claude/skills/pdf"));
    home.zskills(&["enable", "pdf"]).expect(0).says(&["linked into Claude Code"]);
    assert!(home.is_link("~/.claude/skills/pdf"));
    assert_eq!((home.read(MANIFEST), home.read("~/.config/zskills/skills.lock")), (before, lock));
    home.synced().says(&["up to date"]);
    assert_eq!(home.processes(), [""; 0]);
}

#[test]
fn one_of_several_names_gets_an_entry_of_its_own_to_be_switched() {
    let home = Sandbox::new().manifest(
        "version = 1\n\n[[agent_skills]]\nsource = \"acme/kit\"\nnames = [\"pdf\", \"docx\"]\nwhen = { os = [\"linux\", \"macos\", \"freebsd\"] }\n",
    );
    kit(&home, &["pdf", "docx"]);
    home.synced();
    home.zskills(&["disable", "pdf", "docx"]).expect(0);
    assert!(!home.is_link("~/.claude/skills/pdf") && !home.is_link("~/.claude/skills/docx"));
    let text = home.read(MANIFEST);
    assert_eq!(text.matches("when = { os").count(), 2, "{text}");
    assert_eq!(text.matches("enabled = false").count(), 2, "{text}");
    home.zskills(&["enable", "docx"]).expect(0);
    assert!(!home.is_link("~/.claude/skills/pdf") && home.is_link("~/.claude/skills/docx"));
    home.zskills(&["disable", "pfd"]).expect(1).says(&["did you mean `pdf`?"]);
    home.synced().says(&["up to date"]);
}

#[test]
fn what_is_switched_off_and_stands_in_the_clients_folder_itself_is_said() {
    let home = Sandbox::new()
        .manifest("version = 1\n\n[[agent_skills]]\nsource = \"acme/kit\"\nenabled = false\n")
        .file("~/.claude/skills/pdf/SKILL.md", "mine\n");
    kit(&home, &["pdf", "docx"]);
    home.zskills(&["sync"]).expect(1).says(&["pdf: is switched off, but Claude Code still sees"]);
    assert!(home.exists("~/.agents/skills/docx/SKILL.md"));
    assert!(!home.exists("~/.claude/skills/docx"));
    assert_eq!(home.read("~/.claude/skills/pdf/SKILL.md"), "mine\n");
}
