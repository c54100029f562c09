//! Nobody but the folder of a client knows what is that client's: the sources are read for its words.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::layers::sources;

/// Words with which Claude Code's paths, keys and rules are spelled, its own name among them.
const WORDS: [&str; 29] = [
    "claude",
    "Claude",
    "CLAUDE",
    "anthropic",
    "Anthropic",
    ".gcs-sha",
    ".in_use",
    ".orphaned_at",
    "@builtin",
    "@inline",
    "@skills-dir",
    "McpServers",
    "Mcpjson",
    "autoUpdate",
    "enabledPlugins",
    "gitCommitSha",
    "hasTrust",
    "installLocation",
    "installPath",
    "installed_plugins",
    "known_marketplaces.json",
    "KnownMarketplaces",
    "lastUpdated",
    "managed-mcp",
    "managed-settings",
    "mcpServers",
    ".mcp.json",
    "plugin:{",
    "settings.json",
];

/// Where such a word may stand outside: the file, the words, and why.
const FINE: &[(&str, &[&str], &str)] = &[
    ("src/model/client.rs", &["Claude", "claude"], "the names of the clients"),
    ("src/clients/mod.rs", &["Claude", "claude"], "the list of the codecs"),
    ("src/declared/ledger/mod.rs", &["Claude"], "format 1 of the ledger names no client"),
    ("src/declared/manifest/parse.rs", &["mcpServers"], "what people write by mistake"),
    ("src/model/intent.rs", &["anthropic", "claude"], "marketplaces that go without a source"),
    ("src/cli/examples.rs", &["anthropic", "claude"], "commands for people to try"),
    ("src/cli/init.rs", &["anthropic", "claude"], "a manifest for people to start from"),
    (
        "src/content/powers/components.rs",
        &["mcpServers", "settings.json"],
        "the format of plugins, which several clients read",
    ),
    (
        "src/content/powers/documents.rs",
        &["mcpServers"],
        "the format of plugins, which several clients read",
    ),
    (
        "src/content/powers/servers.rs",
        &["mcpServers"],
        "the format of plugins, which several clients read",
    ),
    (
        "src/content/catalog/shape.rs",
        &["mcpServers"],
        "the format of plugins, which several clients read",
    ),
    (
        "src/content/catalog/mod.rs",
        &["mcpServers", ".mcp.json"],
        "the format of plugins, which several clients read",
    ),
];

#[test]
fn only_its_folder_knows_what_is_a_clients_own() {
    let found = spots();
    let fine = fine();
    let open: Vec<_> = found.difference(&fine).collect();
    assert!(open.is_empty(), "say it in `src/clients` and ask its layout or codec: {open:#?}");
}

#[test]
fn no_exemption_is_there_for_nothing() {
    let found = spots();
    let fine = fine();
    let idle: Vec<_> = fine.difference(&found).collect();
    assert!(idle.is_empty(), "nothing of the kind stands there any more: {idle:#?}");
}

/// Returns each file outside the client's folder with each word that stands in its code.
fn spots() -> BTreeSet<(PathBuf, &'static str)> {
    let mut spots = BTreeSet::new();
    for (file, code) in sources("src") {
        if file.starts_with("src/clients/claude") {
            continue;
        }
        let code = without_explanations(&code);
        let words = WORDS.into_iter().filter(|word| code.contains(word));
        spots.extend(words.map(|word| (file.clone(), word)));
    }
    spots
}

fn fine() -> BTreeSet<(PathBuf, &'static str)> {
    let each = FINE.iter().flat_map(|(file, words, _)| words.iter().map(|word| (*file, *word)));
    each.map(|(file, word)| (PathBuf::from(file), word)).collect()
}

/// Leaves out what `doctor --explain` says: it is for people, and calls files what they are called.
fn without_explanations(code: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in code.lines() {
        let text = line.trim();
        inside |= ["title: \"", "cause: \"", "fix: \""].iter().any(|field| text.starts_with(field));
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
        inside &= !text.ends_with("\",");
    }
    kept
}
