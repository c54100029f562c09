//! Each rule on a small tree, whole skills on disk, and arbitrary bytes.

#![expect(clippy::disallowed_methods, reason = "the fixtures are files")]

use std::path::Path;

use proptest::prelude::*;

use super::super::tree::tests::listing;
use super::*;

fn ids(folder: &str, paths: &[&str], skill: &str) -> Vec<&'static str> {
    let found = lint(folder, &listing(paths), &|path| match path {
        SKILL => Some(skill.as_bytes().to_vec()),
        _ => Some(Vec::new()),
    });
    found.into_iter().map(|finding| finding.id).collect()
}

#[test]
fn the_frontmatter_is_held_to_the_specification() {
    let check = |skill: &str, expected: &[&str]| {
        assert_eq!(ids("a", &["SKILL.md"], skill), expected, "{skill:?}");
    };
    let long = format!("---\nname: a\ndescription: {}\n---\n", "é".repeat(1025));
    let fits = format!("---\nname: a\ndescription: {}\n---\n", "é".repeat(1024));
    check("---\nname: a\ndescription: d\n---\n", &[]);
    check(&fits, &[]);
    check(&long, &["description.long"]);
    check("# a\n", &["frontmatter.missing"]);
    check("---\nname: a\n", &["frontmatter.missing"]);
    check("---\nname: a\ndescription: x: y\n---\n", &["frontmatter.yaml"]);
    check("---\nname: b\ndescription: d\n---\n", &["name.folder"]);
    check("---\nname: A\ndescription: d\n---\n", &["name.charset", "name.folder"]);
    check("---\nname: a\n---\n", &["description.missing"]);
    check("---\nname: a\ndescription: ''\n---\n", &["description.missing"]);
    check("---\nname: a\ndescription: [d]\n---\n", &["description.missing"]);
    check("---\ndescription: d\n---\n", &["name.missing"]);
    check("---\nname: 5\ndescription: d\n---\n", &["name.charset"]);
    check("\u{FEFF}---\nname: a\ndescription: d\n---\n", &["bom"]);
    check("---\nname: a\ndescription: d\n---\n[x](../y.md)\n", &["link.outside"]);
    check("---\nname: a\ndescription: d\u{202E}\n---\n", &["unicode.hidden"]);
}

#[test]
fn names_are_portable_or_not() {
    for name in ["a", "a-1", "0", &"x".repeat(64)] {
        assert!(is_portable(name), "{name}");
    }
    for name in ["", "A", "a_b", "a--b", "-a", "a-", "naïve", "..evil", "Sp ace", &"x".repeat(65)]
    {
        assert!(!is_portable(name), "{name}");
    }
}

#[test]
fn the_files_of_a_skill_are_looked_at() {
    let good = "---\nname: a\ndescription: d\n---\n";
    let check = |paths: &[&str], expected: &[&str]| {
        assert_eq!(ids("a", paths, good), expected, "{paths:?}");
    };
    check(&["skill.md"], &["file.case"]);
    check(&["x.md"], &["file.missing"]);
    check(&["SKILL.md -> x.md", "x.md"], &["file.link"]);
    check(&["SKILL.md", "ref -> ../up"], &["link.escape"]);
    check(&["SKILL.md", "ref -> /etc"], &["link.escape"]);
    check(&["SKILL.md", "ref -> SKILL.md"], &[]);
    check(&["SKILL.md", "Notes.md", "notes.md"], &["file.collision"]);
    check(&["SKILL.md", "run*", "x.py"], &["file.script", "file.script"]);
    check(&["SKILL.md", "a\u{200B}b.md"], &["unicode.hidden"]);
}

#[test]
fn sizes_are_judged_without_reading_the_file() {
    let check = |size, expected: Option<Severity>| {
        let (tree, _) = Listing::new([("big.bin".to_owned(), Kind::File, size)]);
        let found = lint("a", &tree, &|_| Some(vec![0; 4]));
        let large = found.iter().find(|finding| finding.id == "file.large");
        assert_eq!(large.map(|finding| finding.severity), expected, "{size}");
    };
    check(SCANNED, None);
    check(SCANNED + 1, Some(Severity::Warning));
    check(LARGEST + 1, Some(Severity::Error));
}

#[test]
fn a_zero_byte_hides_nothing_in_a_text_file_and_a_flood_is_summed_up() {
    let text = format!("\0\u{FFFD}{}", "\u{200B}".repeat(100_000));
    let (tree, _) = Listing::new([("x.md".to_owned(), Kind::File, 9)]);
    let found = lint("a", &tree, &|_| Some(text.clone().into_bytes()));
    let hidden: Vec<_> = found.iter().filter(|f| f.id == "unicode.hidden").collect();
    assert_eq!(hidden.len(), 6);
    assert_eq!(hidden[0].message, "has U+200B, a zero width space");
    assert_eq!(hidden[5].message, "has 99995 more hidden characters");
}

#[test]
fn a_character_that_hides_nothing_is_a_warning() {
    let (tree, _) = Listing::new([("x.md".to_owned(), Kind::File, 9)]);
    let check = |text: &str, expected: &[(&str, Severity)]| {
        let found = lint("a", &tree, &|_| Some(text.to_owned().into_bytes()));
        let found = found.iter().filter(|found| found.id.starts_with("unicode"));
        let found: Vec<_> = found.map(|found| (found.id, found.severity)).collect();
        assert_eq!(found, expected, "{text:?}");
    };
    check("a\u{200B}b", &[("unicode.stray", Severity::Warning)]);
    check("a\u{200B}\u{200B}b", &[("unicode.hidden", Severity::Error); 2]);
}

#[test]
fn whole_skills_give_the_findings_that_they_were_made_for() {
    let check = |name: &str, expected: &[&str]| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/skills").join(name);
        let paths = ["SKILL.md", "assets/template.md", "scripts/count.sh"];
        let there = paths.into_iter().filter(|path| root.join(path).exists());
        let (tree, _) = Listing::new(there.map(|path| (path.to_owned(), Kind::File, 99)));
        let found = lint(name, &tree, &|path| std::fs::read(root.join(path)).ok());
        let shown = |f: &LintFinding| match f.at {
            Some(at) => format!("{} {}:{}:{}", f.id, f.path, at.line, at.column),
            None => format!("{} {}", f.id, f.path),
        };
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
    };
    check("good", &["file.script scripts/count.sh"]);
    check("no-frontmatter", &["frontmatter.missing SKILL.md"]);
    check(
        "loose-yaml",
        &[
            "frontmatter.yaml SKILL.md:3:22",
            "name.charset SKILL.md",
            "name.folder SKILL.md",
            "link.outside SKILL.md:5:17",
        ],
    );
    check(
        "hidden-text",
        &[
            "bom SKILL.md",
            "unicode.hidden SKILL.md:5:6",
            "unicode.hidden SKILL.md:5:7",
            "unicode.hidden SKILL.md:5:8",
            "unicode.hidden SKILL.md:5:9",
            "unicode.hidden SKILL.md:5:10",
            "unicode.hidden SKILL.md",
        ],
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_break_the_lint(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        lint("a", &listing(&["SKILL.md", "x.md", "y"]), &|_| Some(bytes.clone()));
    }

    #[test]
    fn arbitrary_frontmatter_never_breaks_the_lint(yaml in "([-a:\\[\\]{}&*!|>'\"#%@` \t\n\r,?0é.\u{202e}]|name: |- ){0,60}") {
        let text = format!("---\n{yaml}\n---\n[{yaml}]({yaml})");
        lint("a", &listing(&["SKILL.md"]), &|_| Some(text.clone().into_bytes()));
    }
}
