//! Names that become folder names, checked once at the edge.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a name. The display leaves the offending text to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("is empty")]
    Empty,
    #[error("is longer than 128 characters")]
    Long,
    #[error("starts with `{0}`")]
    Start(char),
    #[error("has the character {0:?}; only letters, digits, `.`, `_` and `-` are allowed")]
    Character(char),
    #[error("has no `@marketplace`")]
    NoMarketplace,
}

/// Checks a text that is to become a folder name and an argument of a command.
fn check(text: &str) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if text.len() > 128 {
        return Err(NameError::Long);
    }
    if let Some(bad) =
        text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
    {
        return Err(NameError::Character(bad));
    }
    if matches!(first, '.' | '-') {
        return Err(NameError::Start(first));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
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
                check(text)?;
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
    MarketplaceName
}
name! {
    /// The `name` of an entry in a marketplace.
    PluginName
}
name! {
    /// The folder of an Agent Skill below a skills root.
    SkillName
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
        for good in ["alpha", "Alpha_2", "a.b-c", "_x", "3d"] {
            assert!(good.parse::<PluginName>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_id_prints_as_it_was_read() {
        let id: PluginId = "alpha@tools".parse().unwrap();
        assert_eq!(id.to_string(), "alpha@tools");
        assert!("alpha".parse::<PluginId>().is_err());
        assert!("a@b@c".parse::<PluginId>().is_err());
    }
}
