//! The entries of servers that a client has, wherever they stand, and what it makes of each.

use std::fmt;
use std::path::{Path, PathBuf};

use super::ServerFault;
use crate::formats::json::{self, Key};
use crate::model::{Client, Files, Position, Scope, ServerRecord, position};

/// One entry of a server, wherever it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerEntry {
    pub client: Client,
    /// As the client calls it; those of plugins have a longer name than in their plugin.
    pub name: String,
    pub holder: Holder,
    pub record: ServerRecord,
    pub file: PathBuf,
    /// The keys that lead to the entry in the file.
    pub path: Vec<String>,
    pub effect: Effect,
    /// The folder of the plugin that it belongs to.
    pub root: Option<PathBuf>,
}

/// What kind of place an entry stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Scope(Scope),
    /// A file of an administrator.
    Managed,
    /// A plugin, by id.
    Plugin(String),
    /// Where the client does not look, and the scope that was meant.
    Ignored(Option<Scope>),
}

/// What the client makes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Used,
    /// Another entry with this name wins: the place of it.
    Shadowed(String),
    /// A project's server that the user has not approved yet, and what is missing.
    Pending(&'static str),
    /// A project's server that the user refused, and the key that says so.
    Rejected(&'static str),
    /// Switched off for this project.
    Disabled,
    /// An entry that the client skips, with the fault.
    Broken(ServerFault),
    /// The client does not read the place.
    Ignored(Client),
    /// What an administrator put there rules out every other server: its name.
    RuledOut(&'static str),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => scope.fmt(f),
            Self::Managed => f.write_str("managed"),
            Self::Plugin(_) => f.write_str("plugin"),
            Self::Ignored(_) => f.write_str("ignored"),
        }
    }
}

impl Effect {
    /// Returns one word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Shadowed(_) => "shadowed",
            Self::Pending(_) => "pending",
            Self::Rejected(_) => "rejected",
            Self::Disabled => "disabled",
            Self::Broken(_) => "broken",
            Self::Ignored(_) => "ignored",
            Self::RuledOut(_) => "ruled out",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used => f.write_str("in use"),
            Self::Shadowed(by) => write!(f, "shadowed by {by}"),
            Self::Pending(what) => write!(f, "pending approval: {what}"),
            Self::Rejected(key) => write!(f, "rejected in `{key}`"),
            Self::Disabled => f.write_str("disabled for this project"),
            Self::Broken(fault) => write!(f, "not in use: it {fault}"),
            Self::Ignored(client) => write!(f, "not in use: {client} does not read servers here"),
            Self::RuledOut(what) => write!(f, "not in use: {what} takes exclusive control"),
        }
    }
}

impl ServerEntry {
    /// Returns where the entry stands in its file.
    pub fn position(&self, files: &Files) -> Option<Position> {
        let text = str::from_utf8(files.get(&self.file)?).ok()?;
        let path: Vec<Key> = self.path.iter().map(|key| Key::Name(key)).collect();
        Some(position(text, json::locate(text, &path)?.start))
    }

    /// Returns a short name of the place for people.
    pub fn place_name(&self) -> String {
        match &self.holder {
            Holder::Plugin(id) => format!("plugin `{id}`"),
            place => format!("{place} scope"),
        }
    }
}

/// A server of an active plugin, as the caller read it from the plugin's folder.
#[derive(Debug, Clone, Copy)]
pub struct FromPlugin<'a> {
    pub id: &'a str,
    pub full_name: &'a str,
    pub record: &'a ServerRecord,
    pub file: &'a Path,
    /// The plugin's folder.
    pub root: &'a Path,
}
