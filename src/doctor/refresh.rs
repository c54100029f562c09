//! Marketplaces of which nobody looked at the source for long.

use std::time::Duration;

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::known_marketplaces;
use crate::clients::claude::source::from_client;
use crate::formats::json::Key;
use crate::model::{Commit, Item, KnownMarketplace, Record, Source};

/// After how many days without a refresh doctor says so.
const DAYS: u64 = 30;

const DAY: u64 = 24 * 60 * 60;

/// Marketplaces with a source that can move, whose last refresh is long ago.
pub(super) fn overdue(facts: &Facts) -> Vec<Finding> {
    let file = known_marketplaces::path(facts.roots);
    let overdue = facts.observed.state.iter().filter_map(|(item, record)| {
        let (Item::Marketplace { name }, Record::Marketplace(known)) = (item, record) else {
            return None;
        };
        let days = age(&known.last_updated, facts.now)?.as_secs() / DAY;
        (days >= DAYS && can_move(known)).then_some((name, days))
    });
    overdue
        .map(|(name, days)| Finding {
            id: "sync.refresh-failing",
            severity: Severity::Warning,
            about: name.clone(),
            diagnostic: facts.at_key(
                &file,
                &[Key::Name(name), Key::Name("lastUpdated")],
                format!(
                    "marketplace `{name}` was last refreshed {days} days ago, more than {DAYS}"
                ),
            ),
            fix: Fix::ByHand(format!("`zskills update {name}`, which says what is in the way")),
        })
        .collect()
}

/// A local folder is read where it lies, and a full commit never moves.
fn can_move(known: &KnownMarketplace) -> bool {
    let Some((source, reference)) = from_client(&known.source) else { return false };
    let local = matches!(source, Source::Directory { .. } | Source::File { .. });
    let reference = reference.as_deref().or_else(|| source.reference());
    !local && reference.is_none_or(|reference| reference.parse::<Commit>().is_err())
}

/// Returns how long ago something was; absent for what is no time, and for the future.
fn age(then: &str, now: &str) -> Option<Duration> {
    let then = humantime::parse_rfc3339(then).ok()?;
    humantime::parse_rfc3339(now).ok()?.duration_since(then).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_of_times_in_the_past() {
        let check = |then: &str, expected: Option<u64>| {
            let age = age(then, "2026-02-01T00:00:00.000Z");
            assert_eq!(age.map(|age| age.as_secs() / DAY), expected, "{then}");
        };
        check("2026-01-02T00:00:00.000Z", Some(30));
        check("2026-01-02T00:00:01Z", Some(29));
        check("2027-01-01T00:00:00.000Z", None);
        check("x", None);
    }

    #[test]
    fn only_a_source_that_can_move_is_overdue() {
        let check = |source: serde_json::Value, expected: bool| {
            let known = KnownMarketplace {
                source,
                install_location: "/m".into(),
                last_updated: String::new(),
                auto_update: None,
            };
            assert_eq!(can_move(&known), expected, "{}", known.source);
        };
        let github = serde_json::json!({"source": "github", "repo": "o/r"});
        check(github.clone(), true);
        let mut held = github;
        held["ref"] = "v1".into();
        check(held.clone(), true);
        held["ref"] = "0123456789012345678901234567890123456789".into();
        check(held, false);
        check(serde_json::json!({"source": "url", "url": "https://a.example/m.json"}), true);
        check(serde_json::json!({"source": "directory", "path": "/m"}), false);
    }
}
