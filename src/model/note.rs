//! What a run has to say besides its changes.

use super::Diagnostic;

/// How a note bears on the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Something that was asked for is not achieved: exit 1.
    Unmet,
    /// Refused for integrity, trust or policy: exit 4.
    Refused,
}

/// One remark about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub level: Level,
    /// A plugin id, a marketplace, a path.
    pub about: String,
    pub text: String,
    pub hint: Option<String>,
    /// The file that it is about, with the place.
    pub fault: Option<Box<Diagnostic>>,
}

impl Note {
    pub fn info(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Level::Info, about, text)
    }

    pub fn unmet(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Level::Unmet, about, text)
    }

    pub fn refused(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Level::Refused, about, text)
    }

    fn new(level: Level, about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { level, about: about.into(), text: text.into(), hint: None, fault: None }
    }

    /// Returns what a broken file costs.
    pub fn broken(fault: Diagnostic, cost: String) -> Self {
        let note = Self::unmet(fault.file.display().to_string(), cost);
        Self { hint: fault.hint.clone(), fault: Some(Box::new(fault)), ..note }
    }

    /// Returns the same as something that was asked for and is not achieved.
    #[must_use]
    pub fn counts(mut self) -> Self {
        self.level = Level::Unmet;
        self
    }

    /// Returns the same as a remark that does not count.
    #[must_use]
    pub fn mentioned(mut self) -> Self {
        self.level = Level::Info;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
