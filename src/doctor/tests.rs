use std::collections::BTreeSet;

use super::*;

const PAGE: &str = include_str!("../../book/src/doctor.md");

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
