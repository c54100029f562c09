//! What a run has to say besides its changes.

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
        Self { level, about: about.into(), text: text.into(), hint: None }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
