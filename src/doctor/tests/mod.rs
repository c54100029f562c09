#![expect(clippy::disallowed_methods, reason = "reads the sources")]

mod files;
mod home;
mod plugins;
mod servers;
mod skills;
mod trust;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use home::{Home, spelled};

const PAGE: &str = include_str!("../../../book/src/doctor.md");

/// One line of a check's table: a home, and what the check finds there.
struct Row {
    check: &'static str,
    case: &'static str,
    home: Home,
    expected: &'static [&'static str],
}

impl Row {
    /// The severity, what it is about, the place and what `--fix` does, for each finding.
    fn found(&self) -> Vec<String> {
        let check = check_named(self.check).unwrap_or_else(|| panic!("no check {}", self.check));
        let found: Vec<Finding> = self.home.look(|evidence| check.findings(evidence).collect());
        found.iter().map(spelled).collect()
    }
}

fn row(
    check: &'static str,
    case: &'static str,
    home: Home,
    expected: &'static [&'static str],
) -> Row {
    Row { check, case, home, expected }
}

fn rows() -> Vec<Row> {
    let themes = [plugins::rows(), trust::rows(), files::rows(), skills::rows(), servers::rows()];
    themes.into_iter().flatten().collect()
}

#[test]
fn each_check_finds_what_its_table_says() {
    let wrong: Vec<String> = rows()
        .iter()
        .filter(|row| row.found() != row.expected)
        .map(|row| format!("{}, {}: {:#?}", row.check, row.case, row.found()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_check_has_a_row_that_finds_something_and_one_that_does_not() {
    let rows = rows();
    for check in checks() {
        let mut mine = rows.iter().filter(|row| row.check == check.id);
        assert!(mine.clone().any(|row| !row.expected.is_empty()), "{} finds nothing", check.id);
        assert!(mine.any(|row| row.expected.is_empty()), "{} always finds something", check.id);
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for home in [Home::empty(), Home::unmanaged(), Home::synced()] {
        let found: Vec<String> =
            home.look(|evidence| check(evidence).iter().map(spelled).collect());
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn every_constant_that_is_a_check_is_in_the_list_of_its_theme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/doctor");
    let texts = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = texts.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    let constants: usize = texts.map(|text| text.matches(": Check = Check {").count()).sum();
    assert_eq!(constants, checks().count());
}

#[test]
fn every_check_has_a_section_in_the_book_and_every_section_a_check() {
    let ids: BTreeSet<&str> = checks().map(|check| check.id).collect();
    assert_eq!(ids.len(), checks().count(), "an id is there twice");
    let sections: BTreeSet<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter(|title| title.contains('.'))
        .collect();
    assert_eq!(ids, sections);
}

#[test]
fn the_book_says_what_explain_says() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(PAGE);
    for check in checks() {
        let section = words(&format!("## {}\n\n{}", check.id, check.explain()));
        assert!(page.contains(&section), "the section of `{}` should be\n{section}", check.id);
    }
}
