//! The ledger: which things zskills put into which client, and on behalf of which manifest.
//!
//! The clients erase fields that they do not know, so ownership is never stored in their files.

mod marks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use marks::{Mark, Marks};

use super::stored::StoredThing;
use crate::model::{Client, Diagnostic, Position, Roots, Thing};
use marks::StoredMarks;

/// What we own, keyed by the thing and the folder it was put into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    owned: BTreeMap<Key, PathBuf>,
    /// The installer commands that a person agreed to, by package.
    commands: BTreeMap<String, Vec<String>>,
    /// What we last gave to an owned thing, where others edit it by hand.
    applied: BTreeMap<Key, Marks>,
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

    /// Returns the manifests on whose behalf something is there.
    pub fn manifests(&self) -> BTreeSet<PathBuf> {
        self.owned.values().cloned().collect()
    }

    /// Returns the manifest on whose behalf a thing is there.
    pub fn owner(&self, roots: &Roots, client: Client, thing: &Thing) -> Option<&Path> {
        self.owned.get(&Key::new(roots, client, thing)).map(PathBuf::as_path)
    }

    /// Returns the projects that a manifest put something into.
    pub fn projects(&self, manifest: &Path) -> BTreeSet<PathBuf> {
        let own = self.owned.iter().filter(|(_, by)| *by == manifest);
        own.filter_map(|(key, _)| Some(key.thing.reach().project()?.to_owned())).collect()
    }

    pub fn insert(&mut self, roots: &Roots, client: Client, thing: &Thing, manifest: &Path) {
        self.owned.insert(Key::new(roots, client, thing), manifest.to_owned());
    }

    pub fn remove(&mut self, roots: &Roots, client: Client, thing: &Thing) {
        let key = Key::new(roots, client, thing);
        self.owned.remove(&key);
        self.applied.remove(&key);
    }

    /// Returns what we last gave to an owned thing.
    pub fn applied(&self, roots: &Roots, client: Client, thing: &Thing) -> Option<&Marks> {
        self.applied.get(&Key::new(roots, client, thing))
    }

    /// Remembers what was given to a thing, if it is owned.
    pub fn set_applied(&mut self, roots: &Roots, client: Client, thing: &Thing, marks: Marks) {
        let key = Key::new(roots, client, thing);
        if self.owned.contains_key(&key) {
            self.applied.insert(key, marks);
        }
    }

    /// Returns the installer command of a package that a person agreed to.
    pub fn accepted(&self, package: &str) -> Option<&Vec<String>> {
        self.commands.get(package)
    }

    pub fn accept(&mut self, package: &str, command: &[String]) {
        self.commands.insert(package.to_owned(), command.to_vec());
    }

    /// Returns the ledger with what one run changed as it was before it, but for the things that are kept.
    #[must_use]
    pub fn undone(&self, before: &Self, after: &Self, is_kept: &dyn Fn(&Thing) -> bool) -> Self {
        let mut ledger = self.clone();
        let keys = before.owned.keys().chain(after.owned.keys());
        for key in keys.filter(|key| !is_kept(&key.thing)) {
            set_back(&mut ledger.owned, &before.owned, &after.owned, key);
            set_back(&mut ledger.applied, &before.applied, &after.applied, key);
        }
        for package in before.commands.keys().chain(after.commands.keys()) {
            set_back(&mut ledger.commands, &before.commands, &after.commands, package);
        }
        ledger
    }

    /// Returns what is owned here or there: what a run may lose on its way without disowning anything.
    #[must_use]
    pub fn with_all_of(mut self, other: &Self) -> Self {
        for (key, manifest) in &other.owned {
            self.owned.entry(key.clone()).or_insert_with(|| manifest.clone());
        }
        for (key, marks) in &other.applied {
            self.applied.entry(key.clone()).or_insert_with(|| marks.clone());
        }
        self
    }

    /// Reads a ledger; a broken one is an error, since taking it for empty would disown everything.
    pub fn parse(file: &Path, bytes: &[u8], roots: &Roots) -> Result<Self, Diagnostic> {
        let text = String::from_utf8_lossy(bytes);
        let stored: Stored = serde_json::from_str(&text).map_err(|error| {
            let at = Position { line: error.line().max(1), column: error.column().max(1) };
            Diagnostic::at(file, &text, at, format!("the ledger cannot be read: {error}"))
                .hint(HINT)
        })?;
        if stored.version > VERSION {
            let text =
                format!("the ledger is of version {}, a newer zskills wrote it", stored.version);
            return Err(Diagnostic::whole(file, text).hint("update zskills"));
        }
        let mut ledger = Self { commands: stored.commands, ..Self::default() };
        for mut entry in stored.owned {
            let applied = entry.applied.take().map(|value| read_marks(stored.version, value));
            let applied = applied.transpose().map_err(|error| {
                Diagnostic::whole(file, format!("the ledger cannot be read: {error}")).hint(HINT)
            })?;
            let Some((key, manifest)) = entry.into_pair(roots) else { continue };
            ledger.applied.extend(applied.map(|marks| (key.clone(), marks)));
            ledger.owned.insert(key, manifest);
        }
        Ok(ledger)
    }

    /// Returns the file's text, sorted.
    pub fn render(&self) -> String {
        let stored = |(key, by): (&Key, &PathBuf)| StoredEntry {
            applied: self.applied.get(key).map(stored_marks),
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

/// Gives one entry the value that it had before, if it was changed since.
fn set_back<K: Ord + Clone, V: Clone + PartialEq>(
    now: &mut BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    key: &K,
) {
    match before.get(key) {
        old if old == after.get(key) => {}
        Some(old) => drop(now.insert(key.clone(), old.clone())),
        None => drop(now.remove(key)),
    }
}

/// The version that is written; older ones are read.
const VERSION: u32 = 2;

const HINT: &str =
    "restore it from a backup, or delete it: then nothing counts as put there by zskills";

fn stored_marks(marks: &Marks) -> Value {
    serde_json::to_value(StoredMarks::from(marks)).expect("texts by name always serialise")
}

/// Reads what was given to a thing. Version 1 held the values themselves.
fn read_marks(version: u32, stored: Value) -> serde_json::Result<Marks> {
    match stored {
        Value::Object(entry) if version == 1 => Ok(marks::of_version_1(&entry)),
        stored => serde_json::from_value(stored).map(|stored: StoredMarks| stored.into()),
    }
}

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
    manifest: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied: Option<Value>,
}

impl StoredEntry {
    fn new(key: &Key, manifest: &Path) -> Self {
        Self {
            client: Some(key.client.id().to_owned()),
            dir: key.dir.clone(),
            thing: StoredThing::from(&key.thing),
            manifest: manifest.to_owned(),
            applied: None,
        }
    }

    /// Returns nothing for a client that this zskills does not know, or a project that is not named.
    fn into_pair(self, roots: &Roots) -> Option<(Key, PathBuf)> {
        let thing = self.thing.thing()?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{ClientHome, Reach, Scope, ServerRecord, Text, generated};

    fn roots() -> Roots {
        let home = |dir: &str| ClientHome {
            dir: dir.into(),
            config: dir.into(),
            plugins: dir.into(),
            managed: Vec::new(),
        };
        Roots {
            home: "/h".into(),
            real_home: "/h".into(),
            binding: crate::model::Binding::Own,
            clients: [(Client::Agents, home("/h/.agents")), (Client::Claude, home("/h/.claude"))]
                .into(),
            config_dir: "/h/c".into(),
            cache_dir: "/h/k".into(),
            state_dir: "/h/s".into(),
            cwd: "/p".into(),
            project: "/p".into(),
            machine: crate::model::Machine::new("linux", "here"),
        }
    }

    #[test]
    fn an_applied_value_comes_back_and_goes_with_its_thing() {
        let (roots, claude) = (roots(), Client::Claude);
        let thing = Thing::Server { name: "s".into(), reach: Reach::USER };
        let mut ledger = Ledger::default();
        ledger.set_applied(&roots, claude, &thing, Marks::default());
        assert_eq!(ledger, Ledger::default(), "only what is owned has a value");
        ledger.insert(&roots, claude, &thing, Path::new("/m"));
        let server = ServerRecord { command: Some("x".into()), ..ServerRecord::default() };
        ledger.set_applied(&roots, claude, &thing, Marks::of(&server));
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
             "project": "/p", "manifest": "/m", "applied": {"command": "x", "env": {"A": "hunter2"}, "timeout": 1.50}},
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
        let given = ServerRecord {
            command: Some("x".into()),
            env: [("A", "hunter2")].into_iter().collect(),
            extra: [("timeout".to_owned(), json!(1.5))].into_iter().collect(),
            ..ServerRecord::default()
        };
        let marks = ledger.applied(&roots(), Client::Claude, &server);
        assert_eq!(marks, Some(&Marks::of(&given)));
        assert!(ledger.owns(&roots(), Client::Agents, &skill));
        let here = ledger.of_manifest(&roots(), Path::new("/m"));
        assert_eq!(here, [(Client::Claude, plugin), (Client::Claude, server)]);
        let text = ledger.render();
        assert!(text.starts_with("{\n  \"version\": 2"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(read(&text), ledger);
    }

    proptest! {
        #[test]
        fn no_value_that_was_given_to_a_server_is_in_the_file(
            server in generated::records(), secret in "[a-z]{4}[0-9]{4}",
        ) {
            let mut server = server;
            let text = Text::from(format!("Bearer {secret}"));
            server.command = Some(text.clone());
            server.args.push(text.clone());
            server.url = Some(text.clone());
            server.env.set("A", text.clone());
            server.headers.set("H", text.clone());
            server.extra.insert("deep".into(), json!({"deeper": [text.to_string()]}));
            let (roots, claude) = (roots(), Client::Claude);
            let thing = Thing::Server { name: "s".into(), reach: Reach::USER };
            let mut ledger = Ledger::default();
            ledger.insert(&roots, claude, &thing, Path::new("/m"));
            ledger.set_applied(&roots, claude, &thing, Marks::of(&server));
            let file = ledger.render();
            prop_assert!(!file.contains(&secret), "{}", file);
            prop_assert_eq!(Ledger::parse(Path::new("l"), file.as_bytes(), &roots).unwrap(), ledger);
        }
    }

    #[test]
    fn marks_that_cannot_be_read_are_an_error_that_repeats_nothing() {
        let entry = json!({"client": "claude-code", "dir": "/h/.claude", "kind": "server", "name": "s",
            "scope": "user", "manifest": "/m", "applied": {"command": "hunter2"}});
        let text = json!({"version": 2, "owned": [entry]}).to_string();
        let error = Ledger::parse(Path::new("l"), text.as_bytes(), &roots()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("cannot be read") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_ledger_of_a_newer_version_is_an_error() {
        let text = json!({"version": 3, "owned": []}).to_string();
        let error = Ledger::parse(Path::new("l"), text.as_bytes(), &roots()).unwrap_err();
        assert!(error.message.contains("newer"), "{error}");
    }
}
