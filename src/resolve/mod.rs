//! Intent, lock, what is observed and what was fetched in; what should be, a new lock, notes and
//! open needs out.
//!
//! Resolving never fetches. It says what it would have to know, the caller finds out, and the same
//! question is asked again with the answers until nothing is needed any more.

mod marketplaces;
mod plugins;
mod servers;
mod skills;
mod team;
mod trust;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::clients::{self, PluginLayout};
use crate::model::{About, Commit, Level, MarketplaceName, Note, Revision};
use marketplaces::Market;

pub use skills::{matches_any, origin, survey, survey_locked};
pub use team::team_forbids;
pub use trust::Contents;
pub use types::*;

/// Resolves everything that is wanted, and what the plugins depend on.
pub fn resolve(question: Question, answers: &Answers) -> Resolution {
    let mut resolver = Resolver {
        question,
        answers,
        out: Resolution::default(),
        markets: BTreeMap::new(),
        noted: BTreeSet::new(),
    };
    resolver.marketplaces();
    resolver.plugins();
    resolver.skills();
    resolver.other_marketplaces();
    resolver.servers();
    resolver.out
}

/// What is known so far in one round. Each kind of thing has a file of its own.
struct Resolver<'a> {
    question: Question<'a>,
    answers: &'a Answers,
    out: Resolution,
    markets: BTreeMap<MarketplaceName, Result<Market, Stop>>,
    noted: BTreeSet<MarketplaceName>,
}

impl Resolver<'_> {
    /// Returns where the client keeps plugins.
    fn plugin_layout(&self) -> &'static dyn PluginLayout {
        clients::plugin_layout(self.question.client)
    }

    /// Returns what was found out, or notes that it has to be.
    fn ask(&mut self, need: &Need) -> Result<&Answer, Stop> {
        match self.answers.get(need) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(trouble)) => Err(Stop::Never(trouble.clone())),
            None => {
                self.out.needs.insert(need.clone());
                Err(Stop::Later)
            }
        }
    }

    /// Finds out whether what replaces a commit continues its history; the plan says it if not.
    fn compare(&mut self, url: &str, old: &Commit, new: &Commit) {
        let need = Need::History { url: url.to_owned(), old: old.clone(), new: new.clone() };
        if let Ok(Answer::History(History::Rewritten)) = self.ask(&need) {
            self.out.desired.rewritten.insert((new.clone(), old.clone()));
        }
    }
}

/// Why resolving one thing stopped.
#[derive(Debug, Clone)]
enum Stop {
    /// A need was noted; the next round goes on.
    Later,
    /// It cannot be had.
    Never(Trouble),
}

impl Stop {
    fn unmet(text: impl Into<String>) -> Self {
        Self::Never(Trouble { level: Level::Unmet, text: text.into(), hint: None })
    }

    fn unmet_hint(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Never(Trouble { level: Level::Unmet, text: text.into(), hint: Some(hint.into()) })
    }

    fn refused(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Never(Trouble { level: Level::Refused, text: text.into(), hint: Some(hint.into()) })
    }
}

fn note(about: impl Into<About>, trouble: &Trouble) -> Note {
    trouble.clone().about(about)
}

/// Returns what a tag, branch or commit in a manifest or catalog means to git.
fn revision(reference: Option<&str>) -> Revision {
    match reference {
        None => Revision::Head,
        Some(text) => match text.parse() {
            Ok(commit) => Revision::Commit(commit),
            Err(()) => Revision::Named(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
