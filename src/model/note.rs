//! What a run has to say besides its changes.

use std::fmt;
use std::path::PathBuf;

use super::{Diagnostic, MarketplaceName, PluginId, SkillName};

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

impl Level {
    /// Returns how it counts that something could not be had, by whether that was a refusal.
    pub fn of_refusal(is_refusal: bool) -> Self {
        if is_refusal { Self::Refused } else { Self::Unmet }
    }
}

/// What a note is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A plugin that the manifest, the lock or a client names.
    Plugin(PluginId),
    Marketplace(MarketplaceName),
    Skill(String),
    Server(String),
    /// Where skills come from, as the manifest has it, without secrets.
    Source(String),
    File(PathBuf),
    /// Anything else, such as a word of the command line.
    Name(String),
}

impl About {
    /// Tells whether it is an entry of the manifest or comes with one, and no word that somebody typed.
    pub fn is_entry(&self) -> bool {
        match self {
            Self::Plugin(_)
            | Self::Marketplace(_)
            | Self::Skill(_)
            | Self::Server(_)
            | Self::Source(_) => true,
            Self::File(_) | Self::Name(_) => false,
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(id) => id.fmt(f),
            Self::Marketplace(name) => name.fmt(f),
            Self::Skill(name) | Self::Server(name) | Self::Source(name) | Self::Name(name) => {
                f.write_str(name)
            }
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl From<&str> for About {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for About {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<PathBuf> for About {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&String> for About {
    fn from(name: &String) -> Self {
        Self::Name(name.clone())
    }
}

impl From<&PluginId> for About {
    fn from(id: &PluginId) -> Self {
        Self::Plugin(id.clone())
    }
}

impl From<&MarketplaceName> for About {
    fn from(name: &MarketplaceName) -> Self {
        Self::Marketplace(name.clone())
    }
}

impl From<&SkillName> for About {
    fn from(name: &SkillName) -> Self {
        Self::Skill(name.to_string())
    }
}

/// One remark about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub level: Level,
    pub about: About,
    pub text: String,
    pub hint: Option<String>,
    /// The file that it is about, with the place.
    pub fault: Option<Box<Diagnostic>>,
}

impl Note {
    pub fn info(about: impl Into<About>, text: impl Into<String>) -> Self {
        Self::new(Level::Info, about, text)
    }

    pub fn unmet(about: impl Into<About>, text: impl Into<String>) -> Self {
        Self::new(Level::Unmet, about, text)
    }

    pub fn refused(about: impl Into<About>, text: impl Into<String>) -> Self {
        Self::new(Level::Refused, about, text)
    }

    fn new(level: Level, about: impl Into<About>, text: impl Into<String>) -> Self {
        Self { level, about: about.into(), text: text.into(), hint: None, fault: None }
    }

    /// Returns what a broken file costs.
    pub fn broken(fault: Diagnostic, cost: String) -> Self {
        let note = Self::unmet(About::File(fault.file.clone()), cost);
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

/// Why something could not be had: what a note will say once it is known what that costs, and whom.
/// One archive that cannot be fetched is the trouble of every plugin in it, each with its own note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub level: Level,
    pub text: String,
    pub hint: Option<String>,
}

impl Trouble {
    pub fn unmet(text: impl Into<String>) -> Self {
        Self::new(Level::Unmet, text)
    }

    pub fn refused(text: impl Into<String>) -> Self {
        Self::new(Level::Refused, text)
    }

    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self { level, text: text.into(), hint: None }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Returns the note that says so about something.
    pub fn about(self, about: impl Into<About>) -> Note {
        Note { hint: self.hint, ..Note::new(self.level, about, self.text) }
    }
}
