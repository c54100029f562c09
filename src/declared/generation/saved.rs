//! A plan that was saved: what it is made from, and what it would change, so that it can be told later
//! whether it is still that plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Diagnostic;

/// A saved plan. Of what it reads and writes it holds digests only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    pub version: u32,
    /// When it was made: records get this time.
    pub time: String,
    pub manifest: PathBuf,
    /// The project in which it was made.
    pub project: PathBuf,
    /// The lock as it is to be: with it the same plan can be made again without the network.
    pub lock: String,
    /// Whether unmanaged things go.
    pub prune: bool,
    pub discard: Vec<String>,
    pub accepted: Vec<String>,
    /// What each place holds and is to hold.
    pub effects: BTreeMap<String, String>,
    pub lines: Vec<String>,
}

const VERSION: u32 = 1;

impl Saved {
    /// Reads a saved plan.
    pub fn parse(file: &Path, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let saved: Self = serde_json::from_slice(bytes).map_err(|error| {
            Diagnostic::whole(file, format!("is no saved plan: {error}"))
                .hint("`zskills sync --dry-run --out FILE` writes one")
        })?;
        if saved.version != VERSION {
            let text = format!("is a plan of version {}; this one reads {VERSION}", saved.version);
            return Err(Diagnostic::whole(file, text).hint("make it again"));
        }
        Ok(saved)
    }

    /// Returns the text of its file.
    ///
    /// # Panics
    /// A path is not UTF-8, which no root is.
    pub fn render(&self) -> String {
        let saved = Self { version: VERSION, ..self.clone() };
        let mut text =
            serde_json::to_string_pretty(&saved).expect("texts and UTF-8 paths serialise");
        text.push('\n');
        text
    }

    /// Returns the places where another plan has another effect.
    pub fn differing<'a>(&'a self, other: &'a BTreeMap<String, String>) -> Vec<&'a str> {
        let places =
            self.effects.keys().chain(other.keys().filter(|one| !self.effects.contains_key(*one)));
        places
            .filter(|place| self.effects.get(*place) != other.get(*place))
            .map(String::as_str)
            .collect()
    }
}
