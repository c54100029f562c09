//! One folder a client: file contents in, facts out; facts in, file contents out. What a client
//! keeps where, and which rules it has for it, is known in its folder and nowhere else.

pub mod agents;
pub mod claude;
mod document;
mod layout;
mod problem;
mod repair;
mod server_entry;
mod servers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use claude::managed::Policy;
pub use layout::{ClientFile, Field, Layout, Links, LockFolder, Place, PluginFiles, PluginLayout};
pub use problem::{Cost, FileKind, FileProblem, ProblemKind, ServerFault, SourceFault};
pub use repair::Salvage;
pub use server_entry::{Effect, FromPlugin, Holder, ServerEntry};
pub use servers::{FixedServers, Servers};

use crate::model::{
    Change, Client, ClientHome, Diagnostic, Fact, Files, Machine, RegistrySource, Roots, Row,
    Source, State,
};

/// Every codec, in the order in which their files are written: inventories before what clients read.
pub const CODECS: [&dyn Codec; 2] = [&agents::Agents, &claude::Claude];

/// Returns the codec of a client.
pub fn codec(client: Client) -> &'static dyn Codec {
    match client {
        Client::Agents => &agents::Agents,
        Client::Claude => &claude::Claude,
    }
}

/// Returns where a client keeps things.
pub fn layout(client: Client) -> &'static dyn Layout {
    codec(client).layout()
}

/// Returns where the plugins of a client lie.
///
/// # Panics
/// The client has no plugins; facts about plugins are only ever made for clients that have.
pub fn plugin_layout(client: Client) -> &'static dyn PluginLayout {
    layout(client).plugins().expect("a client with facts about plugins has a place for them")
}

/// Returns the clients that have plugins, each with where they lie.
pub fn with_plugins() -> impl Iterator<Item = (Client, &'static dyn PluginLayout)> {
    CODECS.into_iter().filter_map(|codec| Some((codec.client(), codec.layout().plugins()?)))
}

/// Returns the names of the folders that clients have in a project, in the order of the codecs.
pub fn folder_names() -> Vec<&'static str> {
    CODECS.iter().map(|codec| codec.layout().folder_name()).collect()
}

/// Returns the names at the top of the folder of a plugin that clients put there beside its content.
pub fn markers() -> impl Iterator<Item = &'static str> {
    with_plugins().flat_map(|(_, layout)| layout.markers()).copied()
}

/// Returns the switches of plugins that count in this project, those first that decide over others.
pub fn switches<'s>(roots: &Roots, state: &'s State) -> Vec<Row<'s, bool>> {
    let here = state.switches().filter(|row| row.reach.holds_in(&roots.project));
    let mut here: Vec<Row<bool>> = here.collect();
    here.sort_by_key(|row| plugin_layout(row.client).rank(row.reach.scope()));
    here
}

/// Returns the clients that look for skills where they lie, or in a folder of their own.
pub fn with_skills() -> impl Iterator<Item = (Client, &'static dyn Layout)> {
    let readers = CODECS.into_iter().filter(|codec| codec.client() != Client::Agents);
    readers.map(|codec| (codec.client(), codec.layout()))
}

/// Returns the clients that start servers, each with what it makes of them.
pub fn with_servers() -> impl Iterator<Item = (Client, &'static dyn Servers)> {
    CODECS.into_iter().filter_map(|codec| Some((codec.client(), codec.servers()?)))
}

/// Returns the paths of the files of all clients.
pub fn files(roots: &Roots) -> Vec<ClientFile> {
    CODECS.iter().flat_map(|codec| codec.layout().files(roots)).collect()
}

/// Returns what holds for a home when no variable moves anything.
pub fn roots_below(home: &Path, project: &Path) -> Roots {
    Roots {
        clients: homes(home, &|_| None),
        config_dir: home.join(".config/zskills"),
        cache_dir: home.join(".cache/zskills"),
        state_dir: home.join(".local/state/zskills"),
        cwd: project.to_owned(),
        project: project.to_owned(),
        machine: Machine::new(std::env::consts::OS, "here"),
        home: home.to_owned(),
        real_home: home.to_owned(),
        binding: crate::model::Binding::Own,
    }
}

/// Returns where each client keeps its files.
pub fn homes(home: &Path, variables: &Variables) -> BTreeMap<Client, ClientHome> {
    CODECS.iter().map(|codec| (codec.client(), codec.home(home, variables))).collect()
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

/// Returns the folders in which things are made ready before they are put in place.
pub fn staged(roots: &Roots) -> Vec<PathBuf> {
    let layouts = || CODECS.into_iter().map(Codec::layout);
    let skills = layouts().flat_map(|layout| {
        layout.skill_scopes(roots).into_iter().map(|scope| layout.skills(roots, scope))
    });
    let plugins = with_plugins().map(|(_, layout)| layout.folder(roots));
    skills.chain(plugins).collect()
}

/// Returns where a fact is spelled, or would be.
pub fn place(roots: &Roots, fact: &Fact) -> Place {
    layout(fact.client).place(roots, &fact.item)
}

/// Looks up one of the variables that a codec names: an absolute path, where it is set.
pub type Variables<'a> = dyn Fn(&str) -> Option<PathBuf> + 'a;

/// How one client keeps our facts in its files. No file access.
pub trait Codec: Sync {
    /// Returns whose files these are; changes for others do not concern this codec.
    fn client(&self) -> Client;

    /// Returns the variables of the environment that move its files.
    fn variables(&self) -> &'static [&'static str];

    /// Returns where the client keeps its files, below a home or where the variables say.
    fn home(&self, home: &Path, variables: &Variables) -> ClientHome;

    fn layout(&self) -> &dyn Layout;

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

    /// Returns what it makes of servers, for a client that starts them.
    fn servers(&self) -> Option<&dyn Servers> {
        None
    }

    /// Returns the new text of each registry that the client would reject as a whole.
    fn repair(
        &self,
        _roots: &Roots,
        _files: &Files,
        _now: &str,
        _salvage: &Salvage,
    ) -> Vec<(PathBuf, String)> {
        Vec::new()
    }

    /// Returns the address in a source that a manifest cannot say.
    fn address(&self, _source: &RegistrySource) -> Option<String> {
        None
    }

    /// Returns the repository of a source that a manifest cannot say, and the path of the catalog in it.
    fn repository(&self, _source: &RegistrySource) -> Option<(Source, Option<String>)> {
        None
    }
}

/// What a client's files say, and what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decoded {
    pub state: State,
    pub problems: Vec<FileProblem>,
}
