//! Whom a run talks to: a terminal, or a program that calls the library.

use super::Prepared;
use crate::machine::fetch::{self, Progress};
use crate::model::Note;

/// Whom a run shows its plan, asks what only a person can answer, and tells how far it is.
pub trait Host {
    /// Shows what is about to be done; called once for each plan that differs from what was shown.
    fn show(&self, prepared: &Prepared);

    /// Asks a question. Nothing when there is nobody to ask.
    fn ask(&self, question: Question) -> Option<bool>;

    /// Tells something on the way, such as that another run is waited for.
    fn tell(&self, note: &Note);

    /// Returns what is told of fetches under way.
    fn progress(&self) -> Box<dyn Progress + '_>;
}

/// What only a person can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether what zskills did not install is to go.
    RemoveForeign,
    /// Whether most of what the manifest put there is to go.
    RemoveMost,
    /// Whether the commands of installers are to be run.
    RunInstallers,
    /// Whether what was just told of one source is accepted.
    TakePowers,
    /// Whether several runs are to be taken back.
    GoBack,
}

impl Question {
    /// Returns the words for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::RemoveForeign => "Remove what zskills did not install?",
            Self::RemoveMost => "Remove most of what this manifest put there?",
            Self::RunInstallers => "Run these installers?",
            Self::TakePowers => "Take all that this source brings?",
            Self::GoBack => "Take these runs back?",
        }
    }
}

/// A host that shows nothing and answers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Host for Silent {
    fn show(&self, _: &Prepared) {}

    fn ask(&self, _: Question) -> Option<bool> {
        None
    }

    fn tell(&self, _: &Note) {}

    fn progress(&self) -> Box<dyn Progress + '_> {
        Box::new(fetch::Silent)
    }
}
