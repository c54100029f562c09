//! Every check by id: what it finds, how that comes about, what `--fix` does. The book has a section for each.

mod files;
mod plugins;
mod servers;
mod skills;
mod trust;

use super::Severity;

/// One thing that doctor looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Stable: people and scripts refer to it.
    pub id: &'static str,
    /// That of most of its findings.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// How that comes about, and what the client makes of it.
    pub cause: &'static str,
    /// What `--fix` does, or what a person has to do.
    pub fix: &'static str,
}

/// Returns every check, by theme.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    GROUPS.iter().copied().flatten()
}

/// Returns the check of an id.
pub fn check_named(id: &str) -> Option<&'static Check> {
    checks().find(|check| check.id == id)
}

impl Check {
    /// Returns what there is to say about it, as Markdown without a heading.
    pub fn explain(&self) -> String {
        format!(
            "**{}**: {}.\n\n{}\n\nFix: {}\n",
            self.severity.as_str(),
            self.title,
            self.cause,
            self.fix
        )
    }
}

/// One list a theme; a theme with a file of its own may keep its list there.
const GROUPS: [&[Check]; 6] = [
    &plugins::PLUGINS,
    &trust::TRUST,
    &files::FILES,
    &plugins::DISK,
    &skills::SKILLS,
    &servers::SERVERS,
];

#[cfg(test)]
mod tests {
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
}
