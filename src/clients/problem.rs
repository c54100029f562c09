//! What can be wrong with a client's file: which file, which entry, and how. The words for it are the
//! codec's, in the diagnostic; whoever has to decide something asks the kind.

use crate::model::Diagnostic;

/// Something in a file that makes the client ignore a part or all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FileProblem {
    pub diagnostic: Diagnostic,
    pub kind: ProblemKind,
}

/// What is wrong, and in which kind of file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The reader does not take the text.
    Syntax(FileKind),
    /// The whole, or the part that holds every entry, has another type than it has to have.
    Shape(FileKind),
    /// One value has another type than it has to have, or is not there.
    Value(FileKind),
    /// A value of settings is not what the client wants there.
    Setting(Cost),
    /// A marketplace comes from what the client does not take for a source.
    Source(FileKind, SourceFault),
    /// The inventory is of a version that we do not know.
    Version,
    /// One server is not written as the client wants it.
    Server(ServerFault),
    /// Servers stand at the top of a file that has a key for them.
    Unwrapped,
    /// A file that is there for servers has no place for them.
    NoServers,
    /// Servers stand where the client does not look.
    NotRead,
    /// The file is a link, and the client refuses to write through it.
    Link,
}

/// What a file is there for, and so who depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Which plugins are on, and which marketplaces are declared.
    Settings,
    /// The marketplaces on disk.
    Registry,
    /// The plugins on disk.
    Inventory,
    Servers,
    /// Our own record of skills.
    Skills,
}

/// Why a client does not take an object for the source of a marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceFault {
    UnknownKind(String),
    /// It is a remote index: a kind of ours that no client knows.
    RemoteIndex,
    /// A field is not there, or is no text.
    Missing(&'static str),
}

/// Why a client skips the entry of a server, in words that go on from its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerFault {
    #[error("is not an object")]
    NotAnObject,
    #[error("has the unknown type `{0}`")]
    UnknownType(String),
    #[error("has a `url` but no `type`")]
    Untyped,
    #[error("has no `{0}`")]
    Missing(&'static str),
}

/// What is lost until a problem is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Everything in the file, which cannot be written either.
    File,
    /// The effect of everything in the file; it can be read and written all the same.
    Effect,
    /// What the problem is about and no more.
    Entry,
    /// Nothing, but the file cannot be written.
    Writing,
}

impl ProblemKind {
    /// Returns what the file is there for.
    pub fn file(&self) -> FileKind {
        match self {
            Self::Syntax(file) | Self::Shape(file) | Self::Value(file) | Self::Source(file, _) => {
                *file
            }
            Self::Setting(_) => FileKind::Settings,
            Self::Version => FileKind::Inventory,
            Self::Server(_) | Self::Unwrapped | Self::NoServers | Self::NotRead | Self::Link => {
                FileKind::Servers
            }
        }
    }

    pub fn cost(&self) -> Cost {
        match self {
            Self::Setting(cost) => *cost,
            Self::Source(FileKind::Settings, SourceFault::Missing(_))
            | Self::Server(_)
            | Self::NoServers
            | Self::NotRead => Cost::Entry,
            Self::Source(FileKind::Settings, _) => Cost::Effect,
            Self::Syntax(_)
            | Self::Shape(_)
            | Self::Value(_)
            | Self::Source(..)
            | Self::Version
            | Self::Unwrapped => Cost::File,
            Self::Link => Cost::Writing,
        }
    }
}
