//! Things as our own files spell them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Reach, Scope, Thing};

/// A thing with the project that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredThing {
    #[serde(flatten)]
    named: Named,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Named {
    Marketplace { name: String },
    Plugin { name: String, scope: StoredScope },
    Server { name: String, scope: StoredScope },
    Skill { name: String, scope: StoredScope },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredScope {
    User,
    Project,
    Local,
}

impl StoredThing {
    /// Returns the thing; nothing for one in a project that is not named.
    pub fn thing(self) -> Option<Thing> {
        let reach = |scope: StoredScope| match (Scope::from(scope), &self.project) {
            (Scope::User, _) => Some(Reach::USER),
            (scope, Some(project)) => Some(Reach::of(scope, project)),
            (_, None) => None,
        };
        Some(match self.named {
            Named::Marketplace { name } => Thing::Marketplace { name },
            Named::Plugin { name, scope } => Thing::Plugin { id: name, reach: reach(scope)? },
            Named::Server { name, scope } => Thing::Server { name, reach: reach(scope)? },
            Named::Skill { name, scope } => Thing::Skill { name, reach: reach(scope)? },
        })
    }
}

impl From<&Thing> for StoredThing {
    fn from(thing: &Thing) -> Self {
        let (name, scope) = (thing.name().to_owned(), thing.scope().into());
        Self {
            named: match thing {
                Thing::Marketplace { .. } => Named::Marketplace { name },
                Thing::Plugin { .. } => Named::Plugin { name, scope },
                Thing::Server { .. } => Named::Server { name, scope },
                Thing::Skill { .. } => Named::Skill { name, scope },
            },
            project: thing.reach().project().map(Path::to_owned),
        }
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

/// Stores a thing where a record has one.
pub(super) mod thing {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{StoredThing, Thing};

    #[expect(clippy::ref_option, reason = "serde hands a field over like this")]
    pub fn serialize<S: Serializer>(thing: &Option<Thing>, to: S) -> Result<S::Ok, S::Error> {
        thing.as_ref().map(StoredThing::from).serialize(to)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Thing>, D::Error> {
        Ok(Option::<StoredThing>::deserialize(from)?.and_then(StoredThing::thing))
    }
}
