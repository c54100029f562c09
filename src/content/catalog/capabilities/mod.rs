//! What a plugin can do to the machine or to the model, as a set: what an update adds is a difference.
//!
//! Everything that may take effect is listed, also where the client would pick one of two places.

mod components;
mod markdown;
mod servers;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::{Entry, PluginManifest};

pub use servers::servers;

/// One thing a plugin brings along. Sorts by weight: what runs code by itself comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
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
    /// A frontmatter key with which a Markdown file brings hooks or servers of its own.
    Frontmatter {
        file: String,
        key: String,
    },
    /// A file with the executable bit.
    Executable {
        path: String,
    },
    Skill {
        name: String,
    },
    Agent {
        name: String,
    },
    Command {
        name: String,
    },
}

/// A file of a plugin's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the plugin, with `/`.
    pub path: String,
    pub executable: bool,
}

/// The tree of a plugin: its files, and a way to read one.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    pub files: &'a [TreeFile],
    pub read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

/// Returns what a plugin brings along. Files that cannot be read or parsed bring nothing.
pub fn capabilities(
    tree: Tree<'_>,
    manifest: Option<&PluginManifest>,
    entry: &Entry,
) -> BTreeSet<Capability> {
    let declared = [manifest.map(|manifest| &manifest.raw), Some(&entry.raw)];
    capabilities_of(tree, entry.name.as_str(), declared.into_iter().flatten().collect())
}

/// Returns what a plugin of a name brings along; `declared` is what its manifest and its entry say.
pub fn capabilities_of(
    tree: Tree<'_>,
    name: &str,
    declared: Vec<&Map<String, Value>>,
) -> BTreeSet<Capability> {
    let plugin = components::Plugin { tree, name, declared };
    let executables = tree.files.iter().filter(|file| file.executable);
    executables
        .map(|file| Capability::Executable { path: file.path.clone() })
        .chain(components::hooks(&plugin))
        .chain(components::monitors(&plugin))
        .chain(components::documents(&plugin))
        .chain(servers::listed(&plugin))
        .collect()
}

/// Returns the command lines that a plugin's hooks run, each with its event.
pub fn hook_commands(
    tree: Tree<'_>,
    name: &str,
    declared: Vec<&Map<String, Value>>,
) -> Vec<(String, String)> {
    components::hook_commands(&components::Plugin { tree, name, declared })
}

/// Returns what runs code, starts a server or gives a permission, in words: what a lock holds of it.
pub fn powers(capabilities: &BTreeSet<Capability>) -> BTreeSet<String> {
    capabilities.iter().filter(|one| one.is_power()).map(ToString::to_string).collect()
}

impl Capability {
    fn is_power(&self) -> bool {
        match self {
            Self::Hook { .. }
            | Self::McpServer { .. }
            | Self::LspServer { .. }
            | Self::Monitor { .. }
            | Self::Shell { .. }
            | Self::Tool { .. }
            | Self::Frontmatter { .. }
            | Self::Executable { .. } => true,
            Self::Skill { .. } | Self::Agent { .. } | Self::Command { .. } => false,
        }
    }
}

impl fmt::Display for Capability {
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
            Self::Frontmatter { file, key } => write!(f, "`{}` has its own `{key}`", Line(file)),
            Self::Executable { path } => write!(f, "executable `{}`", Line(path)),
            Self::Skill { name } => write!(f, "skill `{}`", Line(name)),
            Self::Agent { name } => write!(f, "agent `{}`", Line(name)),
            Self::Command { name } => write!(f, "command `{}`", Line(name)),
        }
    }
}

/// A text from a plugin on one line, so that it cannot draw lines or colours of its own.
struct Line<'a>(&'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        self.0.chars().try_for_each(|c| match c {
            '\n' => f.write_str("⏎"),
            c if c.is_control() || turns(c) => f.write_str("\u{fffd}"),
            c => write!(f, "{c}"),
        })
    }
}
