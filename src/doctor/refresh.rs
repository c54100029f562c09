//! Marketplaces of which nobody looked at the source for long.

use std::time::Duration;

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::Field;
use crate::model::{Commit, KnownMarketplace, Row, Source};

/// After how many days without a refresh doctor says so.
const DAYS: u64 = 30;

const DAY: u64 = 24 * 60 * 60;

pub(super) const CHECKS: &[&Check] = &[&OVERDUE];

const OVERDUE: Check = Check {
    id: "sync.refresh-failing",
    severity: Severity::Warning,
    title: "a marketplace that was not refreshed for long",
    cause: "The client's `lastUpdated` of a marketplace with an address is older than 30 days: \
            nobody asked its source since, or it did not answer. The client says nothing of it.",
    fix: "by hand: `zskills update NAME` asks the source, and says what is in the way.",
    run: overdue,
};

fn overdue(evidence: &Evidence) -> Vec<Symptom> {
    let overdue = evidence.observed.state.marketplaces().filter_map(|row| {
        let days = age(&row.record.last_updated, evidence.now)?.as_secs() / DAY;
        (days >= DAYS && can_move(row.record)).then_some((row, days))
    });
    let symptom = |(row, days): (Row<&KnownMarketplace>, u64)| {
        let name = row.name;
        let text =
            format!("marketplace `{name}` was last refreshed {days} days ago, more than {DAYS}");
        let fix = Fix::by_hand(format!("`zskills update {name}`, which says what is in the way"));
        Symptom::new(name, evidence.at_field(row.fact, Field::Refreshed, text), fix)
    };
    overdue.map(symptom).collect()
}

/// A local folder is read where it lies, and a full commit never moves.
fn can_move(known: &KnownMarketplace) -> bool {
    let Some(source) = known.source.source() else { return false };
    let local = matches!(source, Source::Directory { .. } | Source::File { .. });
    !local && source.reference().is_none_or(|reference| reference.parse::<Commit>().is_err())
}

/// Returns how long ago something was; absent for what is no time, and for the future.
fn age(then: &str, now: &str) -> Option<Duration> {
    let then = humantime::parse_rfc3339(then).ok()?;
    humantime::parse_rfc3339(now).ok()?.duration_since(then).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RegistrySource;

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
        let check = |source: Source, expected: bool| {
            let shown = source.to_string();
            let known = KnownMarketplace {
                source: RegistrySource::Known(source),
                install_location: "/m".into(),
                last_updated: String::new(),
                auto_update: None,
            };
            assert_eq!(can_move(&known), expected, "{shown}");
        };
        let github = |reference: Option<&str>| Source::GitHub {
            repo: "o/r".into(),
            reference: reference.map(str::to_owned),
        };
        check(github(None), true);
        check(github(Some("v1")), true);
        check(github(Some("0123456789012345678901234567890123456789")), false);
        check(Source::Url { url: "https://a.example/m.json".into() }, true);
        check(Source::Directory { path: "/m".into() }, false);
    }
}
