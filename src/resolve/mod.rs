//! Intent, lock, what is observed and what was fetched in; what should be, a new lock, notes and
//! open questions out.
//!
//! Resolving never fetches. It says what it would have to know, the caller finds out, and the same
//! question is asked again with the answers until nothing is needed any more.

mod answers;
mod gate;
mod marketplaces;
mod plugins;
mod servers;
mod skills;
mod team;
mod trust;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::clients::{self, PluginLayout};
use crate::model::{About, Commit, MarketplaceName, Note, Revision, Trouble};
use marketplaces::Market;

pub use answers::{
    Answers, CatalogAt, History, Move, Origin, Part, SkillAt, SkillsAt, SkillsWanted, Table,
    TipWanted, TreeAt, TreeWanted,
};
pub use gate::Contents;
pub use skills::{origin, survey, survey_locked};
pub use team::team_forbids;
pub use types::*;

/// Resolves everything that is wanted, and what the plugins depend on. That is final when the
/// answers are complete; what is open in them afterwards has to be found out first.
pub fn resolve(question: Question, answers: &mut Answers) -> Resolution {
    let mut resolver = Resolver {
        question,
        answers,
        out: Resolution::default(),
        markets: BTreeMap::new(),
        noted: BTreeSet::new(),
        held: BTreeSet::new(),
    };
    resolver.marketplaces();
    resolver.plugins();
    resolver.hold_marketplaces();
    resolver.skills();
    resolver.other_marketplaces();
    resolver.servers();
    resolver.out
}

/// What is known so far in one round. Each kind of thing has a file of its own.
struct Resolver<'a> {
    question: Question<'a>,
    answers: &'a mut Answers,
    out: Resolution,
    markets: BTreeMap<MarketplaceName, Result<Market, Stop>>,
    noted: BTreeSet<MarketplaceName>,
    /// Those of which a plugin is refused.
    held: BTreeSet<MarketplaceName>,
}

impl Resolver<'_> {
    /// Returns where the client keeps plugins.
    fn plugin_layout(&self) -> &'static dyn PluginLayout {
        clients::plugin_layout(self.question.client)
    }

    /// Finds out whether what replaces a commit continues its history; the plan says it if not.
    fn compare(&mut self, url: &str, old: &Commit, new: &Commit) {
        let moved = Move { url: url.to_owned(), old: old.clone(), new: new.clone() };
        if let Ok(History::Rewritten) = self.answers.histories.ask(moved) {
            self.out.desired.rewritten.insert((new.clone(), old.clone()));
        }
    }
}

/// Why resolving one thing stopped.
#[derive(Debug, Clone)]
enum Stop {
    /// A question was noted; the next round goes on.
    Later,
    /// It cannot be had.
    Never(Trouble),
}

impl Stop {
    fn unmet(text: impl Into<String>) -> Self {
        Self::Never(Trouble::unmet(text))
    }

    fn unmet_hint(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Never(Trouble::unmet(text).hint(hint))
    }

    fn refused(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Never(Trouble::refused(text).hint(hint))
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
