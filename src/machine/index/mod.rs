//! Remote indexes: services that know skills by name and say which repository has each.
//!
//! An index is asked two things, both behind [`Index`]. The *request* is words and how many answers
//! are wanted, or one exact name. The *response* is a list of [`IndexHit`]: the name of a skill, the
//! GitHub repository it is in, and what is known about it. An index never hands out bytes; what it
//! names is fetched, checked and locked like any other source.
//!
//! A driver talks to one kind of service: `skills_sh`, with the cargo feature `skills-sh`. Which
//! indexes there are is written in a file of our own, for one entry of that kind makes Claude Code
//! 2.1.329 refuse its whole `known_marketplaces.json`.

mod registered;
#[cfg(feature = "skills-sh")]
mod skills_sh;

use std::time::Duration;

pub use registered::{Indexes, in_registry, read};

use crate::machine::env::Env;
use crate::machine::http::HttpError;
use crate::model::SkillName;

/// The public address of skills.sh.
pub const SKILLS_SH: &str = "https://skills.sh";

/// The name under which skills.sh is registered.
const NAME: &str = "skills.sh";

/// How long an index may take for an answer, and how many bytes the answer may have.
pub const TIMEOUT: Duration = Duration::from_secs(5);
pub const BYTES: u64 = 1 << 20;

/// A service that knows skills by name.
pub trait Index {
    /// Returns at most `limit` skills that fit the words, the best first.
    fn search(&self, query: &str, limit: usize) -> Result<Vec<IndexHit>, IndexError>;

    /// Returns every skill of exactly this name; more than one when several repositories have one.
    fn source_of(&self, name: &SkillName) -> Result<Vec<IndexHit>, IndexError>;
}

/// A skill that an index knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexHit {
    pub name: SkillName,
    /// `owner/repo` on GitHub.
    pub repo: String,
    pub description: String,
    /// How often it was installed, as far as the index counts.
    pub installs: Option<u64>,
}

/// Why an index has no answer. Nothing in it holds the key.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("this build has no driver for it")]
    NoDriver,
    #[error("it wants a key, and `ZSKILLS_SKILLS_SH_API_KEY` is not set")]
    NoKey,
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("its answer is not the JSON that was expected: {0}")]
    Answer(String),
}

impl IndexError {
    /// Says what the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoDriver => "only skills.sh is known, to a build with the feature `skills-sh`",
            Self::NoKey => "set the variable, or `zskills marketplace remove` the index",
            Self::Http(error) if error.is_login() => "check `ZSKILLS_SKILLS_SH_API_KEY`",
            Self::Http(error) => error.hint(),
            Self::Answer(_) => "the service may have changed; a newer zskills may know it",
        }
    }
}

/// Tells whether this build can ask any index.
pub const fn is_built_in() -> bool {
    cfg!(feature = "skills-sh")
}

/// Returns the name of the index that a word of the command line, or an address, means.
pub fn recognize(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let host = text.strip_prefix("https://").unwrap_or(&text);
    let host = host.strip_prefix("www.").unwrap_or(host);
    (host.trim_end_matches('/') == NAME).then_some(NAME)
}

/// Returns the driver of a registered index.
///
/// # Errors
/// There is none, or it lacks its key.
#[cfg(feature = "skills-sh")]
pub fn open(name: &str, url: &str, env: &Env) -> Result<Box<dyn Index + Send + Sync>, IndexError> {
    // The key goes to the one service that it is for, whatever address a file names.
    if recognize(name).or_else(|| recognize(url)).is_none() {
        return Err(IndexError::NoDriver);
    }
    let key = env.skills_sh_key.clone().ok_or(IndexError::NoKey)?;
    Ok(Box::new(skills_sh::SkillsSh::new(&env.skills_sh, key)))
}

/// Returns the driver of a registered index; this build has none.
#[cfg(not(feature = "skills-sh"))]
pub fn open(_: &str, _: &str, _: &Env) -> Result<Box<dyn Index + Send + Sync>, IndexError> {
    Err(IndexError::NoDriver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_known_by_its_name_and_address() {
        let check = |text: &str, expected: bool| {
            assert_eq!(recognize(text).is_some(), expected, "{text}");
        };
        check("skills.sh", true);
        check("Skills.sh", true);
        check("https://skills.sh/", true);
        check("https://www.skills.sh", true);
        check("http://skills.sh", false);
        check("https://skills.sh.evil.example", false);
        check("https://skills.sh/acme/kit", false);
        check("./skills.sh", false);
    }
}
