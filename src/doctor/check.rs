//! What a check is and what it finds.

use super::{Evidence, Fix};
use crate::model::Diagnostic;

/// One thing that doctor looks for.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Stable: people and scripts refer to it, and the book has a section for it.
    pub id: &'static str,
    /// That of most of its findings.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// How that comes about, and what the client makes of it.
    pub cause: &'static str,
    /// What `--fix` does, or what a person has to do.
    pub fix: &'static str,
    /// Looks for it.
    pub run: fn(&Evidence) -> Vec<Symptom>,
}

/// Two checks are one when they have the same id.
impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Check {
    /// Returns everything of this kind that the evidence shows.
    pub fn findings(&'static self, evidence: &Evidence) -> impl Iterator<Item = Finding> {
        (self.run)(evidence).into_iter().map(move |symptom| Finding {
            check: self,
            severity: symptom.severity.unwrap_or(self.severity),
            about: symptom.about,
            diagnostic: symptom.diagnostic,
            fix: symptom.fix,
        })
    }

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

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Info,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a check saw at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Symptom {
    /// Only where it is not the check's.
    severity: Option<Severity>,
    about: String,
    pub(super) diagnostic: Diagnostic,
    pub(super) fix: Fix,
}

impl Symptom {
    /// Returns what is wrong with a plugin, marketplace or file: place and cause, and what `--fix` does.
    pub fn new(about: impl Into<String>, diagnostic: Diagnostic, fix: Fix) -> Self {
        Self { severity: None, about: about.into(), diagnostic, fix }
    }

    /// Gives it another severity than most of its kind have.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub check: &'static Check,
    pub severity: Severity,
    /// The plugin, marketplace or file.
    pub about: String,
    /// The place and the cause.
    pub diagnostic: Diagnostic,
    pub fix: Fix,
}
