//! Names that become folder names, checked once at the edge.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a name. The display leaves the offending text to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("is empty")]
    Empty,
    #[error("is longer than 255 characters")]
    Long,
    #[error("starts with `{0}`")]
    Start(char),
    #[error("has the character {0:?}; only letters, digits, `.`, `_` and `-` are allowed")]
    Character(char),
    #[error("has no `@marketplace`")]
    NoMarketplace,
}

/// What a folder may be called on every system.
const LONGEST: usize = 255;

/// Checks a text that is to become a folder name and an argument of a command; it does not start with one
/// of some characters.
fn check(text: &str, starts: &[char]) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if text.len() > LONGEST {
        return Err(NameError::Long);
    }
    if let Some(bad) =
        text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
    {
        return Err(NameError::Character(bad));
    }
    if starts.contains(&first) {
        return Err(NameError::Start(first));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, never $starts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text, &$starts)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The `name` in a `marketplace.json`.
    MarketplaceName, never ['.', '-', '_']
}
name! {
    /// The `name` of an entry in a marketplace. Clients load none that starts with `_`.
    PluginName, never ['.', '-', '_']
}
name! {
    /// The folder of an Agent Skill below a skills root.
    SkillName, never ['.', '-']
}

/// `plugin@marketplace`, the client's key for a plugin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId {
    pub plugin: PluginName,
    pub marketplace: MarketplaceName,
}

impl FromStr for PluginId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (plugin, marketplace) = text.split_once('@').ok_or(NameError::NoMarketplace)?;
        Ok(Self { plugin: plugin.parse()?, marketplace: marketplace.parse()? })
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.plugin, self.marketplace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_escape_a_folder_or_become_an_option_are_refused() {
        for bad in ["", "..", ".hidden", "-rf", "a/b", "a b", "a\nb", "a\\b", "é", "a:b"] {
            assert!(bad.parse::<PluginName>().is_err(), "{bad:?}");
            assert!(bad.parse::<SkillName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_seen_in_real_catalogs_are_accepted() {
        let long = "a".repeat(140);
        for good in ["alpha", "Alpha_2", "a.b-c", "3d", &long] {
            assert!(good.parse::<PluginName>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn only_a_skill_may_start_with_an_underscore() {
        assert!("_x".parse::<SkillName>().is_ok());
        assert_eq!("_x".parse::<PluginName>(), Err(NameError::Start('_')));
        assert_eq!("_x".parse::<MarketplaceName>(), Err(NameError::Start('_')));
    }

    #[test]
    fn an_id_prints_as_it_was_read() {
        let id: PluginId = "alpha@tools".parse().unwrap();
        assert_eq!(id.to_string(), "alpha@tools");
        assert!("alpha".parse::<PluginId>().is_err());
        assert!("a@b@c".parse::<PluginId>().is_err());
    }
}
