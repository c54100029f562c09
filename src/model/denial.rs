//! That a rule forbids something, and where the rule stands.

use std::fmt;
use std::path::PathBuf;

use super::Position;

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlace {
    pub file: PathBuf,
    pub at: Option<Position>,
}

/// That something is forbidden, and by what. It is a fact about a rule and not yet about a run: a sync
/// makes a refusal of it, doctor a finding at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub text: String,
    pub place: RulePlace,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.text, self.place.file.display())?;
        if let Some(Position { line, column }) = self.place.at {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(")")
    }
}
