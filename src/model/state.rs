//! What the clients' files say, as a flat map of facts; and the difference between two such maps.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::path::{Path, PathBuf};

use super::{Client, Reach, RegistrySource, Scope, ServerRecord, SkillRecord};

/// The name of one fact: whose files say it, and about what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    pub client: Client,
    pub item: Item,
}

/// What a fact is about. Names are as found: a client may hold what we would refuse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A marketplace in the client's registry.
    Marketplace {
        name: String,
    },
    /// A marketplace that settings declare.
    Declared {
        name: String,
        reach: Reach,
    },
    /// A plugin in the client's inventory.
    Plugin {
        id: String,
        reach: Reach,
    },
    /// The switch of a plugin in settings.
    Enabled {
        id: String,
        reach: Reach,
    },
    Server {
        name: String,
        reach: Reach,
    },
    /// An entry of a skills inventory.
    Skill {
        name: String,
        reach: Reach,
    },
}

impl Item {
    /// Returns the fact that one client holds about this.
    pub fn of(self, client: Client) -> Fact {
        Fact { client, item: self }
    }

    /// Returns what a person would call the thing that this is a part of.
    pub fn thing(&self) -> Thing {
        match self {
            Self::Marketplace { name } | Self::Declared { name, .. } => {
                Thing::Marketplace { name: name.clone() }
            }
            Self::Plugin { id, reach } | Self::Enabled { id, reach } => {
                Thing::Plugin { id: id.clone(), reach: reach.clone() }
            }
            Self::Server { name, reach } => {
                Thing::Server { name: name.clone(), reach: reach.clone() }
            }
            Self::Skill { name, reach } => {
                Thing::Skill { name: name.clone(), reach: reach.clone() }
            }
        }
    }
}

/// What a person names when they say "add" or "remove": one thing may be several facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    Marketplace { name: String },
    Plugin { id: String, reach: Reach },
    Server { name: String, reach: Reach },
    Skill { name: String, reach: Reach },
}

impl Thing {
    /// Returns the word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Marketplace { .. } => "marketplace",
            Self::Plugin { .. } => "plugin",
            Self::Server { .. } => "mcp server",
            Self::Skill { .. } => "agent skill",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Marketplace { name } | Self::Server { name, .. } | Self::Skill { name, .. } => {
                name
            }
            Self::Plugin { id, .. } => id,
        }
    }

    /// Returns where it holds; a marketplace is the user's, whatever its plugins are.
    pub fn reach(&self) -> &Reach {
        match self {
            Self::Marketplace { .. } => &Reach::USER,
            Self::Plugin { reach, .. } | Self::Server { reach, .. } | Self::Skill { reach, .. } => {
                reach
            }
        }
    }

    pub fn scope(&self) -> Scope {
        self.reach().scope()
    }
}

/// The value of one fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Marketplace(KnownMarketplace),
    Declared(RegistrySource),
    Plugin(InstallRecord),
    Enabled(bool),
    Server(ServerRecord),
    Skill(SkillRecord),
}

/// A marketplace in a client's registry.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMarketplace {
    pub source: RegistrySource,
    pub install_location: PathBuf,
    /// RFC 3339 with milliseconds.
    pub last_updated: String,
    pub auto_update: Option<bool>,
}

/// A plugin in a client's inventory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstallRecord {
    pub install_path: PathBuf,
    pub version: Option<String>,
    pub installed_at: Option<String>,
    pub last_updated: Option<String>,
    pub commit: Option<String>,
    /// Installed only because another plugin depends on it.
    pub auto: bool,
}

/// Everything that the clients' files say about the things we manage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State(BTreeMap<Fact, Record>);

/// One thing of a client's files: its name, where it holds, and what the client says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a, R> {
    pub fact: &'a Fact,
    pub client: Client,
    pub name: &'a str,
    pub reach: &'a Reach,
    pub record: R,
}

impl State {
    pub fn get(&self, fact: &Fact) -> Option<&Record> {
        self.0.get(fact)
    }

    pub fn has(&self, fact: &Fact) -> bool {
        self.0.contains_key(fact)
    }

    pub fn insert(&mut self, fact: Fact, record: Record) {
        self.0.insert(fact, record);
    }

    pub fn remove(&mut self, fact: &Fact) {
        self.0.remove(fact);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> btree_map::Iter<'_, Fact, Record> {
        self.0.iter()
    }

    /// Returns the marketplace that a client has registered under a name.
    pub fn marketplace(&self, client: Client, name: &str) -> Option<&KnownMarketplace> {
        match self.get(&Item::Marketplace { name: name.to_owned() }.of(client))? {
            Record::Marketplace(known) => Some(known),
            _ => None,
        }
    }

    /// Returns the client's record of a plugin.
    pub fn plugin(&self, client: Client, id: &str, reach: &Reach) -> Option<&InstallRecord> {
        match self.get(&Item::Plugin { id: id.to_owned(), reach: reach.clone() }.of(client))? {
            Record::Plugin(install) => Some(install),
            _ => None,
        }
    }

    /// Returns whether settings switch a plugin on or off; nothing where they do not name it.
    pub fn switch(&self, client: Client, id: &str, reach: &Reach) -> Option<bool> {
        match self.get(&Item::Enabled { id: id.to_owned(), reach: reach.clone() }.of(client))? {
            Record::Enabled(on) => Some(*on),
            _ => None,
        }
    }

    /// Returns a server as a client holds it.
    pub fn server(&self, client: Client, name: &str, reach: &Reach) -> Option<&ServerRecord> {
        match self.get(&Item::Server { name: name.to_owned(), reach: reach.clone() }.of(client))? {
            Record::Server(server) => Some(server),
            _ => None,
        }
    }

    pub fn marketplaces(&self) -> impl Iterator<Item = Row<'_, &KnownMarketplace>> {
        self.rows(|item, record| match (item, record) {
            (Item::Marketplace { name }, Record::Marketplace(known)) => {
                Some((name.as_str(), &Reach::USER, known))
            }
            _ => None,
        })
    }

    pub fn declared(&self) -> impl Iterator<Item = Row<'_, &RegistrySource>> {
        self.rows(|item, record| match (item, record) {
            (Item::Declared { name, reach }, Record::Declared(source)) => {
                Some((name.as_str(), reach, source))
            }
            _ => None,
        })
    }

    pub fn plugins(&self) -> impl Iterator<Item = Row<'_, &InstallRecord>> {
        self.rows(|item, record| match (item, record) {
            (Item::Plugin { id, reach }, Record::Plugin(install)) => {
                Some((id.as_str(), reach, install))
            }
            _ => None,
        })
    }

    /// Returns the records of plugins that count for somebody who works in a project.
    pub fn plugins_in<'a>(
        &'a self,
        project: &'a Path,
    ) -> impl Iterator<Item = Row<'a, &'a InstallRecord>> {
        self.plugins().filter(|row| row.reach.holds_in(project))
    }

    pub fn switches(&self) -> impl Iterator<Item = Row<'_, bool>> {
        self.rows(|item, record| match (item, record) {
            (Item::Enabled { id, reach }, Record::Enabled(on)) => Some((id.as_str(), reach, *on)),
            _ => None,
        })
    }

    pub fn servers(&self) -> impl Iterator<Item = Row<'_, &ServerRecord>> {
        self.rows(|item, record| match (item, record) {
            (Item::Server { name, reach }, Record::Server(server)) => {
                Some((name.as_str(), reach, server))
            }
            _ => None,
        })
    }

    pub fn skills(&self) -> impl Iterator<Item = Row<'_, &SkillRecord>> {
        self.rows(|item, record| match (item, record) {
            (Item::Skill { name, reach }, Record::Skill(skill)) => {
                Some((name.as_str(), reach, skill))
            }
            _ => None,
        })
    }

    fn rows<'a, R>(
        &'a self,
        pick: impl Fn(&'a Item, &'a Record) -> Option<(&'a str, &'a Reach, R)>,
    ) -> impl Iterator<Item = Row<'a, R>> {
        self.0.iter().filter_map(move |(fact, record)| {
            let (name, reach, record) = pick(&fact.item, record)?;
            Some(Row { fact, client: fact.client, name, reach, record })
        })
    }
}

impl Extend<(Fact, Record)> for State {
    fn extend<I: IntoIterator<Item = (Fact, Record)>>(&mut self, facts: I) {
        self.0.extend(facts);
    }
}

impl FromIterator<(Fact, Record)> for State {
    fn from_iter<I: IntoIterator<Item = (Fact, Record)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a State {
    type Item = (&'a Fact, &'a Record);
    type IntoIter = btree_map::Iter<'a, Fact, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for State {
    type Item = (Fact, Record);
    type IntoIter = btree_map::IntoIter<Fact, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One fact that is to become another; `None` is absence.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub fact: Fact,
    pub before: Option<Record>,
    pub after: Option<Record>,
}
