//! search, info and init.

use serde_json::json;

use crate::sandbox::Sandbox;
use crate::verbs_install::{in_step, with_tools};
use crate::with_unmanaged;

/// Two marketplaces that both have something about PDF.
fn shelves() -> Sandbox {
    let home = Sandbox::new();
    let entry = |name: &str, about: &str| json!({ "name": name, "description": about, "source": "./", "strict": false });
    home.marketplace("office")
        .entry(entry("word", "Writes text, and reads PDF"))
        .entry(entry("pdfium", "An engine"))
        .entry(entry("pdf", "Pages"))
        .commit();
    home.marketplace("more")
        .entry(entry("my-pdf", "Mine"))
        .entry(json!({ "name": "pack", "source": "./", "skills": ["./skills/pdf-forms"] }))
        .commit();
    home.zskills(&["marketplace", "add", "acme/office", "acme/more"]).expect(0);
    home
}

#[test]
fn names_come_first_and_nothing_is_asked() {
    let home = shelves();
    home.processes();
    let run = home.zskills(&["search", "PDF", "--json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&run.expect(0).stdout).unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["pdf", "my-pdf", "pdf-forms", "pdfium", "word"]);
    assert_eq!(rows[0]["kind"], "plugin");
    assert_eq!(rows[0]["marketplace"], "office");
    assert_eq!(rows[0]["source_repo"], "acme/office");
    assert_eq!((&rows[2]["kind"], &rows[2]["plugin"]), (&json!("skill"), &json!("pack@more")));
    assert_eq!(home.processes(), [""; 0]);
    home.zskills(&["search", "reads", "text"]).expect(0).says(&["word@office"]);
}

#[test]
fn a_limit_is_for_each_marketplace_and_no_hit_is_no_failure() {
    let home = shelves();
    let run = home.zskills(&["search", "pdf", "--json", "--limit", "1"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(rows.len(), 2);
    home.zskills(&["search", "nothing-of-the-kind"]).expect(0).says(&["nothing in 2"]);
    assert_eq!(home.zskills(&["search", "zzz", "--json"]).expect(0).stdout, "[]\n");
    home.zskills(&["search", "pdf", "-i"]).expect(1).says(&["terminal"]);
    Sandbox::new().zskills(&["search", "pdf"]).expect(1).says(&["add-recommended"]);
}

#[test]
fn a_broken_catalog_costs_only_itself() {
    let home = shelves();
    home.write("~/.claude/plugins/marketplaces/more/.claude-plugin/marketplace.json", "{ pdf");
    home.zskills(&["search", "pdf"]).expect(0).says(&["pdf@office"]);
}

#[test]
fn info_says_where_it_is_from_and_what_it_brings() {
    let home = Sandbox::new();
    let hooks = r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"echo bye"}]}]}}"#;
    home.marketplace("tools")
        .plugin("alpha", "1.0.0")
        .file("plugins/alpha/hooks/hooks.json", hooks)
        .commit();
    home.zskills(&["marketplace", "add", "acme/tools"]).expect(0);
    home.zskills(&["info", "alpha"]).expect(0).says(&["not in it", "echo bye", "skill `alpha`"]);
    home.zskills(&["install", "alpha"]).expect(0);
    home.zskills(&["info", "alpha"]).expect(0).says(&[
        "skills.toml:",
        "1.0.0",
        "user scope",
        "echo bye",
        "tokens",
    ]);
    let document = home.zskills(&["info", "alpha@tools", "--json"]).document("info");
    assert_eq!(document["installed"][0]["version"], "1.0.0");
    assert_eq!(document["tree"]["files"], 3);
    assert!(document["tree"]["tokens_always"].as_u64().unwrap() > 0);
    home.zskills(&["info", "alhpa"]).expect(1).says(&["did you mean `alpha`"]);
}

#[test]
fn init_writes_what_is_installed_and_refuses_to_write_over() {
    let home = with_unmanaged(Sandbox::new());
    home.zskills(&["init"]).expect(0);
    let manifest = home.read("~/.config/zskills/skills.toml");
    assert!(manifest.contains("# What this machine"), "{manifest}");
    assert!(manifest.contains("name = \"gamma\""), "{manifest}");
    in_step(&home);
    home.zskills(&["init"]).expect(1).says(&["there already", "--adopt"]);
}

#[test]
fn init_on_an_empty_machine_is_a_manifest_of_comments() {
    let home = Sandbox::new();
    home.zskills(&["init", "--dry-run"]).expect(0);
    assert!(!home.exists("~/.config/zskills/skills.toml"));
    home.zskills(&["init"]).expect(0);
    assert!(home.exists("~/.config/zskills/skills.toml"));
    home.zskills(&["sync"]).expect(0);
}

#[test]
fn a_marketplace_entry_of_ours_in_the_clients_registry_is_shown_for_what_it_is() {
    let home = with_tools();
    let file = "~/.claude/plugins/known_marketplaces.json";
    let mut registry = home.json(file);
    registry["skills.sh"] = json!({ "source": { "source": "remote-index", "url": "https://h" } });
    home.write(file, registry.to_string());
    home.zskills(&["marketplace", "list"]).expect(0).says(&["[remote-index]"]);
    home.zskills(&["doctor"]).says(&["registry.unknown-kind"]);
}

#[test]
fn skills_are_found_that_are_installed_or_in_a_source_that_is_used() {
    let home = shelves();
    let repo = home.repo("acme/kit");
    for name in ["pdf-forms", "pdf-merge", "docx"] {
        let text = format!("---\nname: {name}\ndescription: Does {name} for you.\n---\n\nWell.\n");
        repo.write(&format!("skills/{name}/SKILL.md"), &text);
    }
    repo.commit();
    home.zskills(&["install", "acme/kit", "--skill", "pdf-forms"]).expect(0);
    home.write("~/.agents/skills/pdf-mine/SKILL.md", "---\nname: pdf-mine\ndescription: X.\n---\n");
    home.processes();
    let run = home.zskills(&["search", "pdf", "--json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&run.expect(0).stdout).unwrap();
    let skills: Vec<_> = rows
        .iter()
        .filter(|row| !row["installed"].is_null())
        .map(|row| {
            (
                row["name"].as_str().unwrap(),
                row["marketplace"].as_str().unwrap(),
                row["installed"] == true,
            )
        })
        .collect();
    assert_eq!(
        skills,
        [
            ("pdf-forms", "acme/kit", true),
            ("pdf-merge", "acme/kit", false),
            ("pdf-mine", "unmanaged", true)
        ]
    );
    assert_eq!(rows[0]["name"], "pdf", "the best is still the first");
    home.zskills(&["search", "merge"]).expect(0).says(&["skill of acme/kit, not installed"]);
    assert_eq!(home.processes(), [""; 0]);
}
