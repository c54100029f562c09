//! The pages tell the truth: every `console` block of README and book is run, in order, page by page.
//!
//! `$ zskills …` and `$ cargo run -- …` run the binary; other commands are left out. What
//! stands below a command is its output, both streams: a line `...` stands for any lines, `...` in a
//! line for anything. `? 3` says that it ends with 3; without that it ends with 0.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::repo::Marketplace;
use crate::sandbox::Sandbox;

/// One command of a page and what the page says of it.
#[derive(Debug, PartialEq)]
struct Example {
    line: usize,
    arguments: Vec<String>,
    exit: i32,
    output: Vec<String>,
}

#[test]
fn every_console_block_does_what_its_page_says() {
    let mut ran = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let home = home();
        for example in examples(&text) {
            let mut arguments =
                vec!["-c", r#"exec "$@" 2>&1"#, "sh", env!("CARGO_BIN_EXE_zskills")];
            arguments.extend(example.arguments.iter().map(String::as_str));
            let run = home.run(&mut home.program(OsStr::new("sh"), &arguments));
            let place = format!("{}:{}", page.display(), example.line);
            assert_eq!(run.code, Some(example.exit), "{place}\n{run}");
            let said: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
            let matches = example.output.is_empty() || matches(&example.output, &said);
            assert!(matches, "{place} shows other output than\n{run}");
            ran += 1;
        }
    }
    assert!(ran > 5, "only {ran} examples were found");
}

/// A clone of this repository as the working directory, a manifest, and the marketplace it names.
fn home() -> Sandbox {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = Sandbox::new().cwd("~/zskills");
    for name in ["skills.example.toml", "skills.example.lock"] {
        fs::copy(repository.join(name), home.path(name)).unwrap();
    }
    home.link("fixtures", repository.join("fixtures").to_str().unwrap());
    Marketplace::new(home.repo("obra/superpowers-marketplace"), "superpowers-marketplace")
        .plugin("superpowers", "1.0.0")
        .commit();
    let text = fs::read_to_string(repository.join("book/src/quick-start.md")).unwrap();
    home.manifest(manifests(&text).next().unwrap())
}

/// Returns the whole manifests that a page shows.
fn manifests(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).filter(|b| b.starts_with("version = 1"))
}

fn pages() -> Vec<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let book = fs::read_dir(repository.join("book/src")).unwrap();
    let mut pages: Vec<PathBuf> = book.map(|entry| entry.unwrap().path()).collect();
    pages.push(repository.join("README.md"));
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut inside, mut ours) = (false, false);
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            (inside, ours) = (line == "```console", false);
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let words = command.strip_prefix("zskills ");
            let words = words.or(command.strip_prefix("cargo run -- "));
            ours = words.is_some();
            examples.extend(words.map(|words| Example {
                line: index + 1,
                arguments: words.split_whitespace().map(str::to_owned).collect(),
                exit: 0,
                output: Vec::new(),
            }));
        } else if let Some(example) = examples.last_mut().filter(|_| ours) {
            match line.strip_prefix("? ") {
                Some(exit) => example.exit = exit.parse().unwrap(),
                None => example.output.push(line.to_owned()),
            }
        }
    }
    examples
}

/// Tells whether lines are as a page shows them; `...` stands for any number of lines.
fn matches(shown: &[String], said: &[String]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((line, rest)) if line == "..." => {
            (0..=said.len()).any(|skipped| matches(rest, &said[skipped..]))
        }
        Some((line, rest)) => {
            said.first().is_some_and(|said| is_like(line, said)) && matches(rest, &said[1..])
        }
    }
}

fn is_like(shown: &str, said: &str) -> bool {
    match shown.split_once("...") {
        None => shown == said,
        Some((start, end)) => said.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
    }
}

#[test]
fn every_manifest_on_a_page_can_be_read() {
    for page in pages() {
        for manifest in manifests(&fs::read_to_string(&page).unwrap()) {
            let home = Sandbox::new().manifest(manifest);
            assert_eq!(home.zskills(&["doctor"]).code, Some(0), "{}\n{manifest}", page.display());
        }
    }
}

#[test]
fn dots_stand_for_any_lines() {
    let check = |shown: &str, said: &str, expected: bool| {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(matches(&lines(shown), &lines(said)), expected, "{shown:?} {said:?}");
    };
    check("a\n...\nd", "a\nb\nc\nd", true);
    check("...", "", true);
    check("a", "a\nb", false);
    check("a ... d", "a b c d", true);
    check("a ... d", "a b c", false);
}

/// Returns the words in code spans of a page that are the names of tests.
fn named_tests(page: &str) -> Vec<&str> {
    let is_test = |word: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.matches('_').count() > 2 && word.chars().all(plain)
    };
    page.split('`').skip(1).step_by(2).filter(is_test).collect()
}

#[test]
fn the_proofs_on_the_page_about_security_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("book/src/security.md")).unwrap();
    let mut sources = String::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                sources += &fs::read_to_string(entry).unwrap_or_default();
            }
        }
    }
    let tests = named_tests(&page);
    assert!(tests.len() > 40, "{}", tests.len());
    for test in tests {
        assert!(sources.contains(&format!("fn {test}(")), "there is no test `{test}`");
    }
}
