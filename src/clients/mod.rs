//! One folder a client: file contents in, facts out; facts in, file contents out.

pub mod agents;
pub mod claude;
pub mod managed;

use std::path::PathBuf;

use crate::model::{Change, Client, Diagnostic, Files, Roots, State};

/// Every codec, in the order in which their files are written: inventories before what clients read.
pub const CODECS: [&dyn Codec; 2] = [&agents::Agents, &claude::Claude];

/// Returns the files of all clients.
pub fn files(roots: &Roots) -> Vec<PathBuf> {
    CODECS.iter().flat_map(|codec| codec.files(roots)).collect()
}

/// Returns what the files of all clients say.
pub fn decode(roots: &Roots, files: &Files) -> Decoded {
    let mut all = Decoded::default();
    for codec in CODECS {
        let decoded = codec.decode(roots, files);
        all.state.extend(decoded.state);
        all.problems.extend(decoded.problems);
    }
    all
}

/// How one client keeps our facts in its files. No file access.
pub trait Codec: Sync {
    /// Returns whose files these are; changes for others do not concern this codec.
    fn client(&self) -> Client;

    /// Returns every file that `decode` wants to see.
    fn files(&self, roots: &Roots) -> Vec<PathBuf>;

    /// Returns what the files say. A broken file is a problem, never the loss of the others.
    fn decode(&self, roots: &Roots, files: &Files) -> Decoded;

    /// Makes the changes true in `files` and keeps every byte that they do not concern.
    ///
    /// # Errors
    /// A file cannot be edited; `files` is then as it was.
    fn encode(
        &self,
        roots: &Roots,
        files: &mut Files,
        changes: &[Change],
    ) -> Result<(), Diagnostic>;
}

/// What a client's files say, and what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decoded {
    pub state: State,
    pub problems: Vec<FileProblem>,
}

/// Something in a file that makes the client ignore a part or all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FileProblem {
    pub diagnostic: Diagnostic,
    /// A stable name, such as `settings.syntax`.
    pub id: &'static str,
    /// The text cannot be parsed or edited at all.
    pub unreadable: bool,
}
