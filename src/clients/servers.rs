//! What a client makes of MCP servers beyond the facts: which entries it uses, and how entries have to be
//! written so that it does.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{FromPlugin, Place, ServerEntry};
use crate::model::{Files, Roots, ServerRecord, State, Thing};

/// A client that starts servers.
pub trait Servers: Sync {
    /// Returns every entry, be it in use or not: by scope, then managed, plugins and ignored places.
    fn entries(
        &self,
        roots: &Roots,
        state: &State,
        files: &Files,
        plugins: &[FromPlugin],
    ) -> Vec<ServerEntry>;

    /// Returns the server that an entry in the client's shape means, wherever it stands.
    fn record(&self, entry: &Map<String, Value>) -> ServerRecord;

    /// Returns the file of an administrator that rules out every other server while it is there.
    fn exclusive(&self, _roots: &Roots) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Returns where shared files of the project approve servers for whoever clones it.
    fn approved_for_all(&self, _roots: &Roots, _files: &Files) -> Vec<Place> {
        Vec::new()
    }

    /// Returns the name under which the client knows a server of a plugin.
    fn name_of(&self, plugin: &str, server: &str) -> String;

    /// Tells whether the client itself sets a variable that entries may refer to.
    fn sets(&self, _variable: &str) -> bool {
        false
    }

    /// Returns what the client sets a variable to, for an entry of a plugin in that folder or of none.
    fn value(&self, _variable: &str, _roots: &Roots, _plugin: Option<&Path>) -> Option<String> {
        None
    }

    /// Returns the command with which people add a server without a manifest, if there is one.
    fn by_hand(&self) -> Option<&'static str> {
        None
    }

    /// Returns the files with servers put right that the client does not use because of where or how
    /// they are written.
    fn fixed(&self, _roots: &Roots, files: &Files) -> FixedServers {
        FixedServers { files: files.clone(), things: Vec::new() }
    }
}

/// What was put right, in words, and the files as they are then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FixedServers {
    pub files: Files,
    pub things: Vec<(Thing, String)>,
}
