//! Where a setting holds: for the user everywhere, or in one project.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// The reach of a plugin, skill or server, as manifests and clients name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Scope {
    /// Everywhere for this user.
    #[default]
    User,
    /// In one project, shared through its repository.
    Project,
    /// In one project, for this user alone.
    Local,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::User, Self::Project, Self::Local];

    /// Returns the word that manifests and clients use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad`, so that columns line up.
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// A scope together with the project that it means: a fact about one project is none about another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reach {
    scope: Scope,
    project: Option<Arc<Path>>,
}

impl Reach {
    pub const USER: Self = Self { scope: Scope::User, project: None };

    /// Returns what a scope means in a project; the user's scope is the same in all of them.
    pub fn of(scope: Scope, project: &Path) -> Self {
        Self { scope, project: (scope != Scope::User).then(|| Arc::from(project)) }
    }

    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Returns the project; there is none in user scope.
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// Tells whether it counts for somebody who works in a project.
    pub fn holds_in(&self, project: &Path) -> bool {
        self.project().is_none_or(|own| own == project)
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scope.fmt(f)
    }
}
