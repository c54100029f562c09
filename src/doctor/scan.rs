//! What is in an installed plugin's folder, as far as doctor asks. A value of the bytes alone, so that
//! it can be remembered by their hash.

use serde::{Deserialize, Serialize};

use crate::content::catalog::{self, PluginManifest, Tree};
use crate::content::skill::unicode;
use crate::model::Position;

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
    /// A bare name to be found on PATH, or `./path` in the plugin.
    pub name: String,
    /// A path in the plugin that is there.
    pub there: bool,
}

/// Returns what a tree holds.
pub fn scan(tree: Tree<'_>, manifest: Option<&PluginManifest>) -> Scan {
    let name = manifest.map_or("", |manifest| manifest.name.as_str());
    let declared: Vec<_> = manifest.iter().map(|manifest| &manifest.raw).collect();
    let found = catalog::capabilities_of(tree, name, declared.clone());
    let programs = catalog::hook_commands(tree, name, declared)
        .into_iter()
        .filter_map(|(event, command)| {
            let name = program(&command)?;
            let path = name.strip_prefix("./");
            let there = path.is_some_and(|path| tree.files.iter().any(|file| file.path == path));
            Some(Program { event, name, there })
        })
        .collect();
    let dependencies = manifest.map(|manifest| &manifest.dependencies).into_iter().flatten();
    Scan {
        fault: None,
        hidden: hidden(tree),
        capabilities: catalog::powers(&found).into_iter().collect(),
        programs,
        dependencies: dependencies
            .map(|dependency| match &dependency.marketplace {
                Some(marketplace) => format!("{}@{marketplace}", dependency.plugin),
                None => dependency.plugin.to_string(),
            })
            .collect(),
    }
}

fn hidden(tree: Tree<'_>) -> Vec<HiddenIn> {
    let is_text = |path: &str| {
        let end = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        matches!(end.as_str(), "md" | "mdc" | "json" | "toml" | "yaml" | "yml" | "txt")
    };
    let texts = tree.files.iter().filter(|file| is_text(&file.path));
    texts
        .filter_map(|file| {
            let bytes = (tree.read)(&file.path)?;
            // Plain ASCII, as most of them are, hides nothing.
            if bytes.is_ascii() {
                return None;
            }
            let found = unicode::hidden(&String::from_utf8_lossy(&bytes));
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
fn program(command: &str) -> Option<String> {
    const ROOT: &str = "${CLAUDE_PLUGIN_ROOT}/";
    let command = command.trim().replace("\"${CLAUDE_PLUGIN_ROOT}\"/", ROOT);
    let word = match command.strip_prefix('"') {
        Some(rest) => rest.split_once('"')?.0,
        None => command.split_whitespace().next()?,
    };
    if let Some(path) = word.strip_prefix(ROOT) {
        let plain = !path.contains(['$', '`', '*', '?', '\'', '"', ';', '|', '&']);
        return plain.then(|| format!("./{path}"));
    }
    let bare = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-.+".contains(c));
    (bare && !SHELL_WORDS.contains(&word) && !word.starts_with('.')).then(|| word.to_owned())
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
        let check = |command: &str, expected: Option<&str>| {
            assert_eq!(program(command).as_deref(), expected, "{command}");
        };
        check("jq -r .x", Some("jq"));
        check("  python3 ${CLAUDE_PLUGIN_ROOT}/a.py", Some("python3"));
        check("${CLAUDE_PLUGIN_ROOT}/bin/run --fast", Some("./bin/run"));
        check("\"${CLAUDE_PLUGIN_ROOT}/bin/run\" x", Some("./bin/run"));
        check("\"${CLAUDE_PLUGIN_ROOT}\"/bin/run x", Some("./bin/run"));
        check("echo hi", None);
        check("A=1 b", None);
        check("$(which x)", None);
        check("[ -f x ] && y", None);
        check("/usr/bin/env x", None);
        check("", None);
    }
}
