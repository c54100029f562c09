//! What discovery takes and what it passes over.

use proptest::prelude::*;

use super::super::tree::tests::listing;
use super::*;
use crate::model::Level;

/// Reads every `SKILL.md` as one whose name is its folder's, except for those given.
fn with<'a>(texts: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<Vec<u8>> + 'a {
    |path| {
        let text = texts.iter().find(|(p, _)| *p == path).map(|(_, text)| (*text).to_owned());
        let text = text.unwrap_or_else(|| "---\ndescription: d\n---\n".to_owned());
        Some(text.into_bytes())
    }
}

fn folders_of(paths: &[&str]) -> Vec<String> {
    let found = discover(&listing(paths), "repo", &OWN, &with(&[])).skills;
    found.into_iter().map(|found| format!("{}={}", found.name, found.folder)).collect()
}

const OWN: [&str; 2] = [".agents", ".claude"];

#[test]
fn skills_are_found_where_repositories_keep_them() {
    let check = |paths: &[&str], expected: &[&str]| assert_eq!(folders_of(paths), expected);
    check(&["skills/a/SKILL.md", "skills/b/SKILL.md"], &["a=skills/a", "b=skills/b"]);
    check(&["skills/docs/pdf/SKILL.md"], &["pdf=skills/docs/pdf"]);
    check(&["skills/.curated/x/SKILL.md"], &["x=skills/.curated/x"]);
    check(&[".agents/skills/a/SKILL.md"], &["a=.agents/skills/a"]);
    check(&[".claude/skills/a/SKILL.md"], &["a=.claude/skills/a"]);
    check(&["plugins/p/skills/a/SKILL.md"], &["a=plugins/p/skills/a"]);
    check(&["packages/x/plugins/p/skills/a/SKILL.md"], &["a=packages/x/plugins/p/skills/a"]);
    check(&["pdf/SKILL.md", "docx/SKILL.md"], &["docx=docx", "pdf=pdf"]);
    check(&["SKILL.md", "src/main.rs"], &["repo="]);
    check(&["SKILL.md", "skills/a/SKILL.md"], &["a=skills/a", "repo="]);
    // Not found: too deep, hidden, installed packages, another case, a flat file.
    check(&["1/2/3/4/5/6/7/SKILL.md", ".git/x/SKILL.md", ".github/skills/x/SKILL.md"], &[]);
    check(&["node_modules/x/skills/a/SKILL.md", "skills/a/skill.md", "skills/a.md"], &[]);
    // Examples beside a `skills` folder, and what lies inside a skill.
    check(&["skills/a/SKILL.md", "tests/b/SKILL.md"], &["a=skills/a"]);
    check(&["skills/a/SKILL.md", "skills/a/templates/SKILL.md"], &["a=skills/a"]);
    check(&["SKILL.md", "references/skills/x/SKILL.md"], &["repo="]);
}

#[test]
fn a_skill_that_is_there_twice_is_taken_once_with_a_note() {
    let tree = listing(&[".claude/skills/a/SKILL.md", "skills/A/SKILL.md"]);
    let found = discover(&tree, "repo", &OWN, &with(&[]));
    assert_eq!(found.skills.len(), 1);
    assert_eq!(found.skills[0].folder, "skills/A");
    assert!(found.notes[0].text.contains("the first is taken"), "{:?}", found.notes);
}

#[test]
fn links_to_skills_lead_to_the_folder_that_they_point_to() {
    let check = |paths: &[&str], expected: &[&str]| assert_eq!(folders_of(paths), expected);
    let real = ".agents/skills/a/SKILL.md";
    check(&[real, ".claude/skills -> ../.agents/skills"], &["a=.agents/skills/a"]);
    check(&[real, ".claude/skills/a -> ../../.agents/skills/a"], &["a=.agents/skills/a"]);
    let both = [real, "src/b/SKILL.md", ".claude/skills/b -> ../../src/b"];
    check(&both, &["a=.agents/skills/a", "b=src/b"]);
    check(&[".claude/skills -> ../.hid", ".hid/c/SKILL.md"], &["c=.hid/c"]);
    check(&["skills/x -> /etc", "skills/y -> ../../up", "skills/z -> z"], &[]);
}

#[test]
fn hostile_names_never_become_folders() {
    let tree = listing(&["skills/..evil/SKILL.md", "skills/Sp ace/SKILL.md", "skills/ok/SKILL.md"]);
    let texts = [("skills/ok/SKILL.md", "---\nname: ../../evil\n---\n")];
    let found = discover(&tree, "repo", &OWN, &with(&texts));
    assert_eq!(found.skills.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["ok"]);
    assert_eq!(found.skills[0].notes.len(), 1);
    let about: Vec<_> = found.notes.iter().map(|n| (n.level, n.about.to_string())).collect();
    let refused: Vec<_> = about.iter().map(|(level, about)| (*level, about.as_str())).collect();
    let dots = "skills/..evil/SKILL.md";
    assert_eq!(refused, [(Level::Refused, dots), (Level::Refused, "Sp ace")]);
}

#[test]
fn a_skill_file_that_is_a_link_a_device_or_huge_is_refused_unread() {
    let (tree, _) = Listing::new([
        ("skills/a/SKILL.md".into(), Kind::Link { target: "/etc/passwd".into() }, 0),
        ("skills/b/SKILL.md".into(), Kind::Special, 0),
        ("skills/c/SKILL.md".into(), Kind::File, 1 << 30),
    ]);
    let found = discover(&tree, "repo", &OWN, &|path| panic!("{path} is read"));
    assert_eq!(found.skills, []);
    assert_eq!(found.notes.len(), 3);
}

#[test]
fn a_skill_at_the_root_takes_only_what_it_names() {
    let tree = listing(&[
        ".git/config",
        ".env",
        "FORMS.md",
        "SKILL.md",
        "assets/a.png",
        "references/x/y.md",
        "scripts/run.py*",
        "src/main.rs",
        "tools/go.sh",
        "target/debug/app*",
    ]);
    let text = "---\nname: pdf\n---\n[f](FORMS.md) `bash tools/go.sh` `.env` [s](src) [x](../x)\n";
    let found = discover(&tree, "repo", &OWN, &with(&[("SKILL.md", text)]));
    assert_eq!(found.skills[0].name.as_str(), "pdf");
    let expected = [
        "FORMS.md",
        "SKILL.md",
        "assets/a.png",
        "references/x/y.md",
        "scripts/run.py",
        "tools/go.sh",
    ];
    assert_eq!(found.skills[0].files, expected);
}

#[test]
fn links_inside_a_skill_stay_and_links_out_of_the_source_refuse_it() {
    let tree = listing(&[
        "LICENSE",
        "skills/a/SKILL.md",
        "skills/a/LICENSE -> ../../LICENSE",
        "skills/a/b.md -> SKILL.md",
        "skills/evil/SKILL.md",
        "skills/evil/key -> ../../../.ssh/id",
    ]);
    let found = discover(&tree, "repo", &OWN, &with(&[]));
    assert_eq!(found.skills.len(), 1);
    assert_eq!(found.skills[0].files, ["skills/a/SKILL.md", "skills/a/b.md"]);
    assert_eq!(found.notes[0].about.to_string(), "skills/evil/key");
}

#[test]
fn ten_thousand_skills_are_read_once_each() {
    let paths: Vec<String> = (0..10_000).map(|i| format!("skills/s{i}/SKILL.md")).collect();
    let tree = listing(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let reads = std::cell::Cell::new(0);
    let found = discover(&tree, "repo", &OWN, &|_| {
        reads.set(reads.get() + 1);
        Some(Vec::new())
    });
    assert_eq!((found.skills.len(), reads.get()), (10_000, 10_000));
}

proptest! {
    #[test]
    fn discovery_takes_only_paths_of_the_listing_and_safe_names(
        paths in prop::collection::vec(
            "((skills|\\.claude|\\.agents|a|\\.\\.|references|[.a-z ]{0,3})/){0,4}(SKILL\\.md|skills|x)( -> [./a-z]{0,9})?",
            0..12,
        ),
        text in "(---\nname: .{0,9}\n---\n)?.{0,40}",
    ) {
        let tree = listing(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let found = discover(&tree, "repo", &OWN, &|_| Some(text.clone().into_bytes()));
        for skill in found.skills {
            prop_assert!(skill.name.as_str().parse::<SkillName>().is_ok());
            for file in &skill.files {
                prop_assert!(tree.get(file).is_some());
                prop_assert!(inside(file, &skill.folder).is_some());
                prop_assert!(!file.split('/').any(|part| part == ".." || part == ".git"));
            }
        }
    }
}
