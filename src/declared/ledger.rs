//! The ledger: which things zskills put into which client, and on behalf of which manifest.
//!
//! The clients erase fields that they do not know, so ownership is never stored in their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Client, Diagnostic, Position, Reach, Roots, Scope, Thing};

/// What we own, keyed by the thing and the folder it was put into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    owned: BTreeMap<Key, PathBuf>,
    /// The installer commands that a person agreed to, by package.
    commands: BTreeMap<String, Vec<String>>,
    /// The value that we last gave to an owned thing, where others edit it by hand.
    applied: BTreeMap<Key, Value>,
}

/// A thing within one home of one client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    client: Client,
    dir: PathBuf,
    thing: Thing,
}

impl Key {
    fn new(roots: &Roots, client: Client, thing: &Thing) -> Self {
        Self { client, dir: roots.of(client).dir.clone(), thing: thing.clone() }
    }
}

impl Ledger {
    /// Tells whether we put a thing into a client, for whichever manifest.
    pub fn owns(&self, roots: &Roots, client: Client, thing: &Thing) -> bool {
        self.owned.contains_key(&Key::new(roots, client, thing))
    }

    /// Returns what a manifest put into the user's own scope and the current project.
    pub fn of_manifest(&self, roots: &Roots, manifest: &Path) -> Vec<(Client, Thing)> {
        self.owned
            .iter()
            .filter(|(key, by)| {
                let here = key.thing.reach().holds_in(&roots.project);
                here && key.dir == roots.of(key.client).dir && *by == manifest
            })
            .map(|(key, _)| (key.client, key.thing.clone()))
            .collect()
    }

    pub fn insert(&mut self, roots: &Roots, client: Client, thing: &Thing, manifest: &Path) {
        self.owned.insert(Key::new(roots, client, thing), manifest.to_owned());
    }

    pub fn remove(&mut self, roots: &Roots, client: Client, thing: &Thing) {
        let key = Key::new(roots, client, thing);
        self.owned.remove(&key);
        self.applied.remove(&key);
    }

    /// Returns the value that we last gave to an owned thing.
    pub fn applied(&self, roots: &Roots, client: Client, thing: &Thing) -> Option<&Value> {
        self.applied.get(&Key::new(roots, client, thing))
    }

    /// Remembers the value given to a thing, if it is owned.
    pub fn set_applied(&mut self, roots: &Roots, client: Client, thing: &Thing, value: Value) {
        let key = Key::new(roots, client, thing);
        if self.owned.contains_key(&key) {
            self.applied.insert(key, value);
        }
    }

    /// Returns the installer command of a package that a person agreed to.
    pub fn accepted(&self, package: &str) -> Option<&Vec<String>> {
        self.commands.get(package)
    }

    pub fn accept(&mut self, package: &str, command: &[String]) {
        self.commands.insert(package.to_owned(), command.to_vec());
    }

    /// Reads a ledger; a broken one is an error, since taking it for empty would disown everything.
    pub fn parse(file: &Path, bytes: &[u8], roots: &Roots) -> Result<Self, Diagnostic> {
        let text = String::from_utf8_lossy(bytes);
        let stored: Stored = serde_json::from_str(&text).map_err(|error| {
            let at = Position { line: error.line().max(1), column: error.column().max(1) };
            Diagnostic::at(file, &text, at, format!("the ledger cannot be read: {error}"))
                .hint("restore it from a backup, or delete it: then nothing counts as put there by zskills")
        })?;
        if stored.version > VERSION {
            let text =
                format!("the ledger is of version {}, a newer zskills wrote it", stored.version);
            return Err(Diagnostic::whole(file, text).hint("update zskills"));
        }
        let mut ledger = Self { commands: stored.commands, ..Self::default() };
        for entry in stored.owned {
            let applied = entry.applied.clone();
            let Some((key, manifest)) = entry.into_pair(roots) else { continue };
            ledger.applied.extend(applied.map(|value| (key.clone(), value)));
            ledger.owned.insert(key, manifest);
        }
        Ok(ledger)
    }

    /// Returns the file's text, sorted.
    pub fn render(&self) -> String {
        let stored = |(key, by): (&Key, &PathBuf)| StoredEntry {
            applied: self.applied.get(key).cloned(),
            ..StoredEntry::new(key, by)
        };
        let owned = self.owned.iter().map(stored).collect();
        let commands = self.commands.clone();
        let mut text = serde_json::to_string_pretty(&Stored { version: VERSION, owned, commands })
            .expect("strings and paths from UTF-8 roots always serialise");
        text.push('\n');
        text
    }
}

/// The version that is written; older ones are read.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    owned: Vec<StoredEntry>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    commands: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    /// Absent in version 1, which knew of one client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(alias = "client_dir")]
    dir: PathBuf,
    #[serde(flatten)]
    thing: StoredThing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<PathBuf>,
    manifest: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied: Option<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredThing {
    Marketplace { name: String },
    Plugin { name: String, scope: StoredScope },
    Server { name: String, scope: StoredScope },
    Skill { name: String, scope: StoredScope },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredScope {
    User,
    Project,
    Local,
}

impl StoredEntry {
    fn new(key: &Key, manifest: &Path) -> Self {
        let name = key.thing.name().to_owned();
        let scope = key.thing.scope().into();
        Self {
            client: Some(key.client.id().to_owned()),
            dir: key.dir.clone(),
            thing: match &key.thing {
                Thing::Marketplace { .. } => StoredThing::Marketplace { name },
                Thing::Plugin { .. } => StoredThing::Plugin { name, scope },
                Thing::Server { .. } => StoredThing::Server { name, scope },
                Thing::Skill { .. } => StoredThing::Skill { name, scope },
            },
            project: key.thing.reach().project().map(Path::to_owned),
            manifest: manifest.to_owned(),
            applied: None,
        }
    }

    /// Returns nothing for a client that this zskills does not know, or a project that is not named.
    fn into_pair(self, roots: &Roots) -> Option<(Key, PathBuf)> {
        let reach = |scope: StoredScope| match (Scope::from(scope), &self.project) {
            (Scope::User, _) => Some(Reach::USER),
            (scope, Some(project)) => Some(Reach::of(scope, project)),
            (_, None) => None,
        };
        let thing = match self.thing {
            StoredThing::Marketplace { name } => Thing::Marketplace { name },
            StoredThing::Plugin { name, scope } => Thing::Plugin { id: name, reach: reach(scope)? },
            StoredThing::Server { name, scope } => Thing::Server { name, reach: reach(scope)? },
            StoredThing::Skill { name, scope } => Thing::Skill { name, reach: reach(scope)? },
        };
        let (client, dir) = match self.client {
            Some(id) => (Client::with_id(&id)?, self.dir),
            // Version 1 named the folder of the client that the skills were linked for.
            None if matches!(thing, Thing::Skill { .. }) => {
                (Client::Agents, roots.of(Client::Agents).dir.clone())
            }
            None => (Client::Claude, self.dir),
        };
        Some((Key { client, dir, thing }, self.manifest))
    }
}

impl From<Scope> for StoredScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::User => Self::User,
            Scope::Project => Self::Project,
            Scope::Local => Self::Local,
        }
    }
}

impl From<StoredScope> for Scope {
    fn from(scope: StoredScope) -> Self {
        match scope {
            StoredScope::User => Self::User,
            StoredScope::Project => Self::Project,
            StoredScope::Local => Self::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ClientHome;

    fn roots() -> Roots {
        let home = |dir: &str| ClientHome {
            dir: dir.into(),
            config: dir.into(),
            plugins: dir.into(),
            managed: dir.into(),
        };
        Roots {
            home: "/h".into(),
            clients: [(Client::Agents, home("/h/.agents")), (Client::Claude, home("/h/.claude"))]
                .into(),
            config_dir: "/h/c".into(),
            cache_dir: "/h/k".into(),
            state_dir: "/h/s".into(),
            cwd: "/p".into(),
            project: "/p".into(),
        }
    }

    #[test]
    fn an_applied_value_comes_back_and_goes_with_its_thing() {
        let (roots, claude) = (roots(), Client::Claude);
        let thing = Thing::Server { name: "s".into(), reach: Reach::USER };
        let mut ledger = Ledger::default();
        ledger.set_applied(&roots, claude, &thing, json!(1));
        assert_eq!(ledger, Ledger::default(), "only what is owned has a value");
        ledger.insert(&roots, claude, &thing, Path::new("/m"));
        ledger.set_applied(&roots, claude, &thing, json!({"command": "x"}));
        let back = Ledger::parse(Path::new("l"), ledger.render().as_bytes(), &roots).unwrap();
        assert_eq!(back, ledger);
        assert!(!ledger.owns(&roots, Client::Agents, &thing), "another client's is another thing");
        ledger.remove(&roots, claude, &thing);
        assert_eq!(ledger, Ledger::default());
    }

    #[test]
    fn a_ledger_of_version_1_is_read_and_written_as_version_2() {
        let old = json!({"version": 1, "owned": [
            {"client_dir": "/h/.claude", "kind": "plugin", "name": "a@m", "scope": "user", "manifest": "/m"},
            {"client_dir": "/h/.claude", "kind": "server", "name": "s", "scope": "local",
             "project": "/p", "manifest": "/m", "applied": {"command": "x"}},
            {"client_dir": "/h/.claude", "kind": "skill", "name": "pdf", "scope": "project",
             "project": "/q", "manifest": "/m"},
        ]});
        let read = |text: &str| Ledger::parse(Path::new("l"), text.as_bytes(), &roots()).unwrap();
        let ledger = read(&old.to_string());
        let plugin = Thing::Plugin { id: "a@m".into(), reach: Reach::USER };
        let server =
            Thing::Server { name: "s".into(), reach: Reach::of(Scope::Local, Path::new("/p")) };
        let skill =
            Thing::Skill { name: "pdf".into(), reach: Reach::of(Scope::Project, Path::new("/q")) };
        assert!(ledger.owns(&roots(), Client::Claude, &plugin));
        assert!(ledger.applied(&roots(), Client::Claude, &server).is_some());
        assert!(ledger.owns(&roots(), Client::Agents, &skill));
        let here = ledger.of_manifest(&roots(), Path::new("/m"));
        assert_eq!(here, [(Client::Claude, plugin), (Client::Claude, server)]);
        let text = ledger.render();
        assert!(text.starts_with("{\n  \"version\": 2"), "{text}");
        assert_eq!(read(&text), ledger);
    }

    #[test]
    fn a_ledger_of_a_newer_version_is_an_error() {
        let text = json!({"version": 3, "owned": []}).to_string();
        let error = Ledger::parse(Path::new("l"), text.as_bytes(), &roots()).unwrap_err();
        assert!(error.message.contains("newer"), "{error}");
    }
}
