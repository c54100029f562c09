//! The ledger: which things zskills put into which client, and on behalf of which manifest.
//!
//! The clients erase fields that they do not know, so ownership is never stored in their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Diagnostic, Position, Roots, Scope, Thing};

/// What we own, keyed by the thing and the folder it was put into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    owned: BTreeMap<Key, PathBuf>,
    /// The installer commands that a person agreed to, by package.
    commands: BTreeMap<String, Vec<String>>,
    /// The value that we last gave to an owned thing, where others edit it by hand.
    applied: BTreeMap<Key, Value>,
}

/// A thing within one home of one client; project things carry their project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    client_dir: PathBuf,
    project: Option<PathBuf>,
    thing: Thing,
}

impl Key {
    fn new(roots: &Roots, thing: &Thing) -> Self {
        Self {
            client_dir: roots.claude_dir.clone(),
            project: (thing.scope() != Scope::User).then(|| roots.project.clone()),
            thing: thing.clone(),
        }
    }
}

impl Ledger {
    /// Tells whether we put a thing there, for whichever manifest.
    pub fn owns(&self, roots: &Roots, thing: &Thing) -> bool {
        self.owned.contains_key(&Key::new(roots, thing))
    }

    /// Returns what a manifest put into the user's own scope and the current project.
    pub fn of_manifest(&self, roots: &Roots, manifest: &Path) -> Vec<Thing> {
        self.owned
            .iter()
            .filter(|(key, by)| **key == Key::new(roots, &key.thing) && *by == manifest)
            .map(|(key, _)| key.thing.clone())
            .collect()
    }

    pub fn insert(&mut self, roots: &Roots, thing: &Thing, manifest: &Path) {
        self.owned.insert(Key::new(roots, thing), manifest.to_owned());
    }

    pub fn remove(&mut self, roots: &Roots, thing: &Thing) {
        self.owned.remove(&Key::new(roots, thing));
        self.applied.remove(&Key::new(roots, thing));
    }

    /// Returns the value that we last gave to an owned thing.
    pub fn applied(&self, roots: &Roots, thing: &Thing) -> Option<&Value> {
        self.applied.get(&Key::new(roots, thing))
    }

    /// Remembers the value given to a thing, if it is owned.
    pub fn set_applied(&mut self, roots: &Roots, thing: &Thing, value: Value) {
        let key = Key::new(roots, thing);
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
    pub fn parse(file: &Path, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let text = String::from_utf8_lossy(bytes);
        let stored: Stored = serde_json::from_str(&text).map_err(|error| {
            let at = Position { line: error.line().max(1), column: error.column().max(1) };
            Diagnostic::at(file, &text, at, format!("the ledger cannot be read: {error}"))
                .hint("restore it from a backup, or delete it: then nothing counts as put there by zskills")
        })?;
        let mut ledger = Self { commands: stored.commands, ..Self::default() };
        for entry in stored.owned {
            let applied = entry.applied.clone();
            let (key, manifest) = entry.into_pair();
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
        let mut text = serde_json::to_string_pretty(&Stored { version: 1, owned, commands })
            .expect("strings and paths from UTF-8 roots always serialise");
        text.push('\n');
        text
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
    client_dir: PathBuf,
    #[serde(flatten)]
    thing: StoredThing,
    #[serde(skip_serializing_if = "Option::is_none")]
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
        Self {
            client_dir: key.client_dir.clone(),
            thing: match &key.thing {
                Thing::Marketplace { name } => StoredThing::Marketplace { name: name.clone() },
                Thing::Plugin { id, scope } => {
                    StoredThing::Plugin { name: id.clone(), scope: (*scope).into() }
                }
                Thing::Server { name, scope } => {
                    StoredThing::Server { name: name.clone(), scope: (*scope).into() }
                }
                Thing::Skill { name, scope } => {
                    StoredThing::Skill { name: name.clone(), scope: (*scope).into() }
                }
            },
            project: key.project.clone(),
            manifest: manifest.to_owned(),
            applied: None,
        }
    }

    fn into_pair(self) -> (Key, PathBuf) {
        let thing = match self.thing {
            StoredThing::Marketplace { name } => Thing::Marketplace { name },
            StoredThing::Plugin { name, scope } => Thing::Plugin { id: name, scope: scope.into() },
            StoredThing::Server { name, scope } => Thing::Server { name, scope: scope.into() },
            StoredThing::Skill { name, scope } => Thing::Skill { name, scope: scope.into() },
        };
        (Key { client_dir: self.client_dir, project: self.project, thing }, self.manifest)
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

    #[test]
    fn an_applied_value_comes_back_and_goes_with_its_thing() {
        let roots = Roots::below(Path::new("/h"), Path::new("/p"));
        let thing = Thing::Server { name: "s".into(), scope: Scope::User };
        let mut ledger = Ledger::default();
        ledger.set_applied(&roots, &thing, json!(1));
        assert_eq!(ledger, Ledger::default(), "only what is owned has a value");
        ledger.insert(&roots, &thing, Path::new("/m"));
        ledger.set_applied(&roots, &thing, json!({"command": "x"}));
        let back = Ledger::parse(Path::new("l"), ledger.render().as_bytes()).unwrap();
        assert_eq!(back, ledger);
        ledger.remove(&roots, &thing);
        assert_eq!(ledger, Ledger::default());
    }
}
