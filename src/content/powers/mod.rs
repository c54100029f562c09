//! What a plugin or skill can do to the machine or to the model. Closed by default: of its catalog entry,
//! its manifest and each file of its tree, every part is known to be prose, or it is a power.
//!
//! Everything that may take effect counts, also where the client would pick one of two places.

mod components;
mod declared;
mod documents;
mod markdown;
mod prose;
mod servers;
mod tree;

#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use crate::model::{self, Digest, canonical_json};
use declared::Plugin;

pub use components::hook_commands;
pub use servers::servers;
pub use tree::{FileKind, Text, Tree, TreeFile};

/// One thing a plugin or skill can do. Sorts by weight: what runs code by itself comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Something the client runs at an event.
    Hook {
        event: String,
        matcher: Option<String>,
        action: String,
    },
    /// A server started for the model; the target is a command line, a URL or a bundle.
    McpServer {
        name: String,
        target: String,
    },
    /// A server started for source files.
    LspServer {
        name: String,
        command: String,
    },
    /// A command the client keeps running in the background.
    Monitor {
        command: String,
    },
    /// A command in a Markdown file that runs before the model reads it.
    Shell {
        file: String,
        command: String,
    },
    /// A tool that a Markdown file may use without being asked.
    Tool {
        file: String,
        tool: String,
    },
    /// A key of a file, of the manifest or of the entry that is not known to be prose.
    Field {
        place: String,
        key: String,
    },
    /// The frontmatter of a Markdown file, where its keys cannot be told apart.
    Frontmatter {
        file: String,
    },
    /// A setting of the client.
    Setting {
        key: String,
    },
    OutputStyle {
        path: String,
    },
    Workflow {
        path: String,
    },
    /// Packages that the client installs beside the plugin.
    Packages {
        path: String,
    },
    /// Another plugin that comes along.
    Dependency {
        id: String,
    },
    /// Where the bytes are fetched from, when that is not the marketplace.
    Source {
        address: String,
    },
    /// A file with the executable bit.
    Executable {
        path: String,
    },
    /// Any other file.
    Contents {
        path: String,
    },
    /// All other files, of which there are too many to name.
    AllContents,
}

/// A text for the model. Its powers are its own, its words are prose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    Skill { name: String },
    Agent { name: String },
    Command { name: String },
}

/// What a plugin or skill brings along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    pub powers: BTreeMap<Power, Digest>,
    pub documents: BTreeSet<Document>,
}

/// A part at a place that the client reads, and why nobody can say what it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {why}", Line(path))]
pub struct Unreadable {
    pub path: String,
    pub why: String,
}

/// More other files than these are one power.
const NAMED: usize = 200;

/// Returns what a plugin of a name brings along; `entry` is what its marketplace says of it.
///
/// # Errors
/// The first part at a place that the client reads which cannot be read.
pub fn of_plugin(
    tree: Tree<'_>,
    name: &str,
    entry: Option<&Map<String, Value>>,
) -> Result<Brought, Unreadable> {
    brought(&Plugin::read(tree, name, entry)?)
}

/// Returns what an Agent Skill of a name brings along. One with a manifest is a plugin to the client.
///
/// # Errors
/// As for a plugin.
pub fn of_skill(tree: Tree<'_>, name: &str) -> Result<Brought, Unreadable> {
    brought(&Plugin::skill(tree, name)?)
}

/// Returns what an entry alone brings along, whatever its tree holds.
///
/// # Errors
/// None that could be met: nothing is read.
pub fn of_entry(entry: &Map<String, Value>) -> Result<Brought, Unreadable> {
    let nothing = |_: &str| Ok(None);
    of_plugin(Tree { manifest: "", files: &[], read: &nothing }, "", Some(entry))
}

/// Tells whether a power, in words, is what a script says, and not that it is there.
pub fn is_contents(power: &str) -> bool {
    power.starts_with("contents of ") || power.starts_with("executable `")
}

fn brought(plugin: &Plugin<'_>) -> Result<Brought, Unreadable> {
    let mut found = Found::default();
    if plugin.loaded {
        components::powers(plugin, &mut found)?;
    }
    documents::powers(plugin, &mut found)?;
    Ok(found.into_brought())
}

impl Brought {
    /// Returns the powers in words, as a lock holds them.
    pub fn in_words(&self) -> model::Powers {
        let mut words: BTreeMap<String, BTreeSet<&Digest>> = BTreeMap::new();
        for (power, digest) in &self.powers {
            words.entry(power.to_string()).or_default().insert(digest);
        }
        words.into_iter().map(|(text, digests)| (text, Digest::of_all(digests))).collect()
    }

    /// Returns everything in words, by weight.
    pub fn lines(&self) -> Vec<String> {
        let powers = self.powers.keys().map(ToString::to_string);
        powers.chain(self.documents.iter().map(ToString::to_string)).collect()
    }
}

/// What was found so far. Two things that read alike are one power with both digests.
#[derive(Default)]
struct Found {
    powers: BTreeMap<Power, BTreeSet<Digest>>,
    documents: BTreeSet<Document>,
    /// Words of what runs that may be names of files.
    mentioned: BTreeSet<String>,
}

impl Found {
    fn value(&mut self, power: Power, says: &Value) {
        let text = canonical_json(says);
        self.mention(&text);
        self.add(power, Digest::of(text.as_bytes()));
    }

    fn text(&mut self, power: Power, says: &str) {
        self.mention(says);
        self.add(power, Digest::of(says.as_bytes()));
    }

    fn add(&mut self, power: Power, digest: Digest) {
        self.powers.entry(power).or_default().insert(digest);
    }

    /// Remembers what may be files that something runs.
    fn mention(&mut self, text: &str) {
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let words = text.split(|c| !in_name(c)).filter(|word| word.contains('.'));
        self.mentioned.extend(words.map(str::to_lowercase));
    }

    fn into_brought(mut self) -> Brought {
        let is_contents = |power: &Power| matches!(power, Power::Contents { .. });
        if self.powers.keys().filter(|power| is_contents(power)).count() > NAMED {
            let mut all = String::new();
            self.powers.retain(|power, digests| {
                if let Power::Contents { path } = power {
                    all.extend([path, "\0", Digest::of_all(&*digests).as_str(), "\0"]);
                }
                !is_contents(power)
            });
            self.add(Power::AllContents, Digest::of(all.as_bytes()));
        }
        let powers = self.powers.into_iter();
        let powers = powers.map(|(power, digests)| (power, Digest::of_all(&digests))).collect();
        Brought { powers, documents: self.documents }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook { event, matcher: Some(matcher), action } => {
                write!(f, "hook {}({}) runs `{}`", Line(event), Line(matcher), Line(action))
            }
            Self::Hook { event, matcher: None, action } => {
                write!(f, "hook {} runs `{}`", Line(event), Line(action))
            }
            Self::McpServer { name, target } => {
                write!(f, "MCP server `{}`: `{}`", Line(name), Line(target))
            }
            Self::LspServer { name, command } => {
                write!(f, "LSP server `{}`: `{}`", Line(name), Line(command))
            }
            Self::Monitor { command } => write!(f, "monitor runs `{}`", Line(command)),
            Self::Shell { file, command } => {
                write!(f, "`{}` runs `{}`", Line(file), Line(command))
            }
            Self::Tool { file, tool } => write!(f, "`{}` may use `{}`", Line(file), Line(tool)),
            Self::Field { place, key } => {
                write!(f, "`{}` has its own `{}`", Line(place), Line(key))
            }
            Self::Frontmatter { file } => write!(f, "frontmatter of `{}`", Line(file)),
            Self::Setting { key } => write!(f, "setting `{}`", Line(key)),
            Self::OutputStyle { path } => write!(f, "output style `{}`", Line(path)),
            Self::Workflow { path } => write!(f, "workflow `{}`", Line(path)),
            Self::Packages { path } => write!(f, "packages of `{}`", Line(path)),
            Self::Dependency { id } => write!(f, "needs the plugin `{}`", Line(id)),
            Self::Source { address } => write!(f, "comes from `{}`", Line(address)),
            Self::Executable { path } => write!(f, "executable `{}`", Line(path)),
            Self::Contents { path } => write!(f, "contents of `{}`", Line(path)),
            Self::AllContents => write!(f, "contents of more than {NAMED} other files"),
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skill { name } => write!(f, "skill `{}`", Line(name)),
            Self::Agent { name } => write!(f, "agent `{}`", Line(name)),
            Self::Command { name } => write!(f, "command `{}`", Line(name)),
        }
    }
}

/// A text from a plugin on one line that is not too long, so that it cannot draw lines or colours of its own.
struct Line<'a>(&'a str);

/// The digest says the rest.
const LONGEST: usize = 240;

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let mut chars = self.0.chars();
        chars.by_ref().take(LONGEST).try_for_each(|c| match c {
            '\n' => f.write_str("⏎"),
            c if c.is_control() || turns(c) => f.write_str("\u{fffd}"),
            c => write!(f, "{c}"),
        })?;
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}
