//! Where a client keeps things, as paths and rules that plans, looks and checks ask for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::formats::json::Key;
use crate::model::{Item, PluginId, Roots, Scope, Source, State};

/// A file that a client reads, and how it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFile {
    pub path: PathBuf,
    /// The mode of a new file.
    pub mode: u32,
    /// The lock that the client holds around each write of it.
    pub lock: Option<LockFolder>,
    pub links: Links,
}

impl ClientFile {
    /// Returns a file as most are: for everybody to read, without a lock, written through links.
    pub fn plain(path: PathBuf) -> Self {
        Self { path, mode: 0o644, lock: None, links: Links::Through }
    }
}

/// How a client keeps two writers of a file apart: by a folder beside it, which one of them makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockFolder {
    /// What its name has after that of the file.
    pub ending: &'static str,
    /// After this long the client takes it for left behind.
    pub stale: Duration,
}

/// What a client does when one of its files is a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It writes to where the link leads.
    Through,
    /// It puts a file in the place of the link.
    Replaced,
    /// It refuses to write.
    Refused,
}

/// Where a fact is spelled: a file, and the keys that lead to it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    pub keys: Vec<String>,
}

impl Place {
    pub fn new<'k>(file: PathBuf, keys: impl IntoIterator<Item = &'k str>) -> Self {
        Self { file, keys: keys.into_iter().map(str::to_owned).collect() }
    }

    /// Returns the keys as the JSON reader takes them.
    pub fn path(&self) -> Vec<Key<'_>> {
        self.keys.iter().map(|key| Key::Name(key)).collect()
    }
}

/// A part of a fact that has a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Where it lies on the disk.
    Folder,
    /// Where it comes from.
    Source,
    /// When its source was last asked.
    Refreshed,
}

/// Where a client keeps things.
pub trait Layout: Sync {
    /// Returns every file that decoding wants to see.
    fn files(&self, roots: &Roots) -> Vec<ClientFile>;

    /// Returns where a fact is spelled, or would be.
    fn place(&self, roots: &Roots, item: &Item) -> Place;

    /// Returns the key below that place under which a part of the fact is spelled, if it has one.
    fn key(&self, _item: &Item, _field: Field) -> Option<&'static str> {
        None
    }

    /// Returns the scopes that skills can have here, each with a folder of its own.
    fn skill_scopes(&self, roots: &Roots) -> Vec<Scope> {
        let user = self.skills(roots, Scope::User);
        let apart = |scope: &Scope| *scope == Scope::User || self.skills(roots, *scope) != user;
        [Scope::User, Scope::Project].into_iter().filter(apart).collect()
    }

    /// Returns the name of the client's folder in a project.
    fn folder_name(&self) -> &'static str;

    /// Returns the folder in which the client looks for the skills of a scope.
    fn skills(&self, roots: &Roots, scope: Scope) -> PathBuf;

    /// Returns where plugins lie, for a client that has them.
    fn plugins(&self) -> Option<&dyn PluginLayout>;
}

/// The files of a plugin, as far as a client looks whether they are there and as they have to be.
pub struct PluginFiles<'a> {
    /// Every file, by its path from the plugin's folder.
    pub paths: &'a [&'a str],
    pub read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    pub manifest: Option<&'a Map<String, Value>>,
}

impl PluginFiles<'_> {
    pub fn has_file(&self, path: &str) -> bool {
        self.paths.contains(&path)
    }

    pub fn has_folder(&self, path: &str) -> bool {
        let below = |file: &&str| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        self.paths.iter().any(below)
    }
}

/// Where a client keeps plugins and marketplaces.
pub trait PluginLayout: Sync {
    /// Returns the folder that holds everything about plugins; what is staged in it is on its disk.
    fn folder(&self, roots: &Roots) -> PathBuf;

    /// Returns the folder in which each marketplace has one of its own.
    fn marketplaces(&self, roots: &Roots) -> PathBuf;

    /// Returns where the folder of a marketplace holds its catalog.
    fn catalog_file(&self) -> &'static str;

    /// Returns where the folder of a plugin may hold its manifest; the first that is there counts.
    fn manifest_files(&self) -> &'static [&'static str];

    /// Returns where a plugin has its manifest, or would have it.
    fn manifest_file(&self, is_there: &dyn Fn(&str) -> bool) -> &'static str {
        let files = self.manifest_files();
        files.iter().find(|path| is_there(path)).unwrap_or(&files[0])
    }

    /// Returns the folder that a catalog describes: the one that it lies in, or below.
    fn described_by(&self, catalog: &Path) -> PathBuf {
        let folder = catalog.parent().unwrap_or(Path::new("/"));
        let within = Path::new(self.catalog_file()).parent().unwrap_or(Path::new(""));
        let above = within.components().count();
        let described = if folder.ends_with(within) { folder.ancestors().nth(above) } else { None };
        described.unwrap_or(folder).to_owned()
    }

    /// Returns for whom the client keeps a marketplace name that comes from somebody else.
    fn kept_for(&self, _name: &str, _source: Option<&Source>) -> Option<&'static str> {
        None
    }

    /// Returns what the client itself uses a name for; such a name is never a marketplace's.
    fn uses_itself(&self, _name: &str) -> Option<&'static str> {
        None
    }

    /// Returns what the client would list as errors of a plugin, from the plugin's own files.
    fn load_faults(&self, _files: &PluginFiles) -> Vec<String> {
        Vec::new()
    }

    /// Returns the names at the top of the folder of a plugin that the client puts there beside its content.
    fn markers(&self) -> &'static [&'static str];

    /// Returns the folder of a marketplace.
    fn marketplace(&self, roots: &Roots, name: &str) -> PathBuf {
        self.marketplaces(roots).join(name)
    }

    /// Returns the folder that has a folder for each marketplace, plugin and version.
    fn cache(&self, roots: &Roots) -> PathBuf;

    /// Returns the folder of one version of a plugin.
    fn version(&self, roots: &Roots, id: &PluginId, version: &str) -> PathBuf {
        let cache = self.cache(roots);
        cache
            .join(id.marketplace.as_str())
            .join(id.plugin.as_str())
            .join(self.version_name(version))
    }

    /// Returns the name of the folder of a version.
    fn version_name(&self, version: &str) -> String;

    /// Returns the file below a marketplace's folder that says at which commit it was unpacked, when
    /// it came as an archive.
    fn snapshot_marker(&self) -> &'static str;

    /// Returns the file in the folder of a version that says that nothing uses it any more.
    fn orphan_marker(&self) -> &'static str;

    /// Returns the variable that stands for the folder of a plugin in what it runs.
    fn root_variable(&self) -> &'static str;

    /// Returns the file that records marketplaces, one a key.
    fn marketplace_registry(&self, roots: &Roots) -> PathBuf;

    /// Returns the files that record marketplaces and plugins.
    fn registries(&self, roots: &Roots) -> Vec<PathBuf>;

    /// Returns the files in which plugins are switched on and off, and the scope of each.
    fn switches(&self, roots: &Roots) -> Vec<(PathBuf, Scope)>;

    /// Returns how many other scopes decide over a switch in this one.
    fn rank(&self, scope: Scope) -> usize;

    /// Tells whether a plugin is switched on here, whichever of its switches wins.
    fn is_on(&self, roots: &Roots, state: &State, id: &str) -> bool;

    /// Returns the path in this plugin folder that has the same place as one of another machine; either
    /// slash counts, for it may come from another system.
    fn re_rooted(&self, roots: &Roots, path: &Path) -> Option<PathBuf>;

    /// Tells whether the client makes a plugin itself, so that nobody installed it.
    fn makes_itself(&self, id: &str) -> bool;

    /// Tells whether a name in one of the plugin folders is something left behind by an accident.
    fn is_litter(&self, name: &str) -> bool;

    /// Returns the places of an administrator's settings: the file, and the folder with more of them.
    fn managed(&self, roots: &Roots) -> Vec<(PathBuf, PathBuf)>;
}
