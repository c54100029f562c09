//! What is in an installed plugin's folder, as far as doctor asks. A value of the bytes alone, so that
//! it can be remembered by their hash.

use serde::{Deserialize, Serialize};

use crate::clients::{PluginFiles, PluginLayout};
use crate::content::catalog::PluginManifest;
use crate::content::powers::{self, Tree};
use crate::content::skill::unicode;
use crate::model::{Diagnostic, Position};

/// What one look at a folder tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Why the folder must not be used; then the rest is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<HiddenIn>,
    /// What can run, start or be used without asking, as the lock spells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<Program>,
    /// What the client lists as errors when it loads the plugin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_faults: Vec<String>,
    /// Plugins that this one needs; a name without `@` is one of the same marketplace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
}

/// The hidden characters of one file, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenIn {
    pub path: String,
    pub line: usize,
    pub column: usize,
    pub point: u32,
    pub what: String,
    pub count: usize,
}

/// What a hook's command begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    pub event: String,
    pub start: Start,
}

/// Where the program of a command is to be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A bare name.
    OnPath(String),
    /// A path below the plugin's folder.
    InPlugin { path: String, there: bool },
}

/// Returns what a tree holds. In the commands of its hooks a variable of the client stands for its folder.
pub fn scan(
    tree: Tree<'_>,
    manifest: Option<&Result<PluginManifest, Diagnostic>>,
    layout: &dyn PluginLayout,
) -> Scan {
    let load_faults = load_faults(tree, manifest, layout);
    let manifest = manifest.and_then(|manifest| manifest.as_ref().ok());
    let name = manifest.map_or("", |manifest| manifest.name.as_str());
    let brought = powers::of_plugin(tree, name, None);
    let brought = match (brought, powers::hook_commands(tree, name, None)) {
        (Ok(brought), Ok(commands)) => (brought, commands),
        (Err(unreadable), _) | (_, Err(unreadable)) => {
            return Scan { fault: Some(unreadable.to_string()), load_faults, ..Scan::default() };
        }
    };
    let (brought, commands) = brought;
    let programs = commands
        .into_iter()
        .filter_map(|(event, command)| {
            let start = start(&command, layout.root_variable(), |path| {
                tree.files.iter().any(|f| f.path == path)
            })?;
            Some(Program { event, start })
        })
        .collect();
    let dependencies = manifest.map(|manifest| &manifest.dependencies).into_iter().flatten();
    Scan {
        fault: None,
        hidden: hidden(tree),
        capabilities: brought.in_words().into_keys().collect(),
        programs,
        load_faults,
        dependencies: dependencies
            .map(|dependency| match &dependency.marketplace {
                Some(marketplace) => format!("{}@{marketplace}", dependency.plugin),
                None => dependency.plugin.to_string(),
            })
            .collect(),
    }
}

/// Returns what the client holds against a plugin when it loads it; a manifest that it refuses is all.
fn load_faults(
    tree: Tree<'_>,
    manifest: Option<&Result<PluginManifest, Diagnostic>>,
    layout: &dyn PluginLayout,
) -> Vec<String> {
    let refused = match manifest {
        Some(Err(fault)) => Some(&fault.message),
        Some(Ok(manifest)) => manifest.fault.as_ref(),
        None => None,
    };
    if let Some(fault) = refused {
        return vec![format!("`plugin.json`: {fault}; nothing of it is loaded")];
    }
    let paths: Vec<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
    let manifest = manifest.and_then(|manifest| manifest.as_ref().ok());
    layout.load_faults(&PluginFiles {
        paths: &paths,
        read: &|path| (tree.read)(path).ok().flatten(),
        manifest: manifest.map(|manifest| &manifest.raw),
    })
}

fn hidden(tree: Tree<'_>) -> Vec<HiddenIn> {
    let is_text = |path: &str| {
        let end = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        matches!(end.as_str(), "md" | "mdc" | "json" | "toml" | "yaml" | "yml" | "txt")
    };
    let texts = tree.files.iter().filter(|file| is_text(&file.path));
    texts
        .filter_map(|file| {
            let bytes = (tree.read)(&file.path).ok()??;
            // Plain ASCII, as most of them are, hides nothing.
            if bytes.is_ascii() {
                return None;
            }
            let mut found = unicode::hidden(&String::from_utf8_lossy(&bytes));
            found.retain(|hidden| !hidden.stray);
            let first = found.first()?;
            let Position { line, column } = first.at;
            Some(HiddenIn {
                path: file.path.clone(),
                line,
                column,
                point: first.character.into(),
                what: first.what.to_owned(),
                count: found.len(),
            })
        })
        .collect()
}

/// Returns what a command line starts, where that can be told without being a shell.
fn start(command: &str, root: &str, is_there: impl Fn(&str) -> bool) -> Option<Start> {
    let root = format!("${{{root}}}");
    let inside = format!("{root}/");
    let command = command.trim().replace(&format!("\"{root}\"/"), &inside);
    let word = match command.strip_prefix('"') {
        Some(rest) => rest.split_once('"')?.0,
        None => command.split_whitespace().next()?,
    };
    if let Some(path) = word.strip_prefix(&inside) {
        let plain = !path.contains(['$', '`', '*', '?', '\'', '"', ';', '|', '&']);
        let there = is_there(path);
        return plain.then(|| Start::InPlugin { path: path.to_owned(), there });
    }
    let bare = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-.+".contains(c));
    let named = bare && !SHELL_WORDS.contains(&word) && !word.starts_with('.');
    named.then(|| Start::OnPath(word.to_owned()))
}

/// Words that a shell knows without a program.
const SHELL_WORDS: [&str; 32] = [
    "alias", "bg", "break", "case", "cd", "command", "continue", "do", "echo", "eval", "exec",
    "exit", "export", "false", "for", "if", "local", "printf", "pwd", "read", "return", "set",
    "shift", "source", "test", "then", "trap", "true", "type", "ulimit", "until", "while",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_only_when_it_can_be_told() {
        let check = |command: &str, expected: Option<Start>| {
            let start = start(command, "ROOT", |path| path == "bin/run");
            assert_eq!(start, expected, "{command}");
        };
        let on_path = |name: &str| Some(Start::OnPath(name.to_owned()));
        let inside = |path: &str, there| Some(Start::InPlugin { path: path.to_owned(), there });
        check("jq -r .x", on_path("jq"));
        check("  python3 ${ROOT}/a.py", on_path("python3"));
        check("${ROOT}/bin/run --fast", inside("bin/run", true));
        check("\"${ROOT}/bin/run\" x", inside("bin/run", true));
        check("\"${ROOT}\"/bin/gone x", inside("bin/gone", false));
        check("echo hi", None);
        check("A=1 b", None);
        check("$(which x)", None);
        check("[ -f x ] && y", None);
        check("/usr/bin/env x", None);
        check("", None);
    }
}
