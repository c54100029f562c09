//! From the manifest as written to the checked intent.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use toml_edit::{Table, TableLike};

use super::raw::{Reader, Spanned, TableAt, document, key_span, listed};
use crate::model::{
    Diagnostic, Elsewhere, Intent, MarketplaceName, NameError, PluginId, PluginName, Roots, Scope,
    Source, Waiting, WantedMarketplace, WantedPlugin, check_reference, did_you_mean, redact_url,
};

const TABLES: [&str; 7] =
    ["version", "marketplaces", "skills", "agent_skills", "mcps", "policy", "history"];
const MARKETPLACE_KEYS: [&str; 5] = ["name", "source", "pin", "auto_update", "when"];
const PLUGIN_KEYS: [&str; 8] =
    ["name", "marketplace", "version", "enabled", "scope", "project", "pin", "when"];

/// What every part of a manifest is read with.
pub(super) struct Context<'a> {
    pub reader: Reader<'a>,
    pub base: &'a Path,
    pub roots: &'a Roots,
    /// What is for this machine and another project.
    pub waiting: Vec<Waiting>,
}

pub(super) fn intent(file: &Path, text: &str, roots: &Roots) -> Result<Intent, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = document(file, text).map_err(|fault| vec![fault])?;
    let root = document.as_table();
    let base = file.parent().unwrap_or(Path::new("/"));
    let mut context = Context { reader: Reader::new(file, text), base, roots, waiting: Vec::new() };
    if !is_ours(&mut context.reader, root) {
        return Err(context.reader.into_faults());
    }
    context.reader.unknown_keys_but(root, &TABLES, meant);
    let mut elsewhere = Elsewhere::default();
    let marketplaces = context.marketplaces(root, &mut elsewhere);
    let plugins = context.plugins(root, &mut elsewhere);
    let agent_skills = context.agent_skills(root, &mut elsewhere);
    let (servers, servers_off) = context.servers(root, &mut elsewhere);
    elsewhere.waiting.append(&mut context.waiting);
    let policy = context.policy(root);
    let history = context.history(root);
    if context.reader.is_clean() {
        let manifest = file.to_owned();
        Ok(Intent {
            manifest,
            marketplaces,
            plugins,
            agent_skills,
            servers,
            servers_off,
            elsewhere,
            policy,
            history,
        })
    } else {
        Err(context.reader.into_faults())
    }
}

/// Returns what people mean by the name of a table that other tools have.
fn meant(table: &str) -> Option<&'static str> {
    match table {
        "plugins" | "plugin" => {
            Some("a plugin is a `[[skills]]` entry with `name = \"plugin@marketplace\"`")
        }
        "mcpServers" | "mcp_servers" | "mcp" | "servers" => {
            Some("an MCP server is an `[[mcps]]` entry with `name` and `command` or `url`")
        }
        "agentSkills" | "agent-skills" => {
            Some("Agent Skills are `[[agent_skills]]` entries with `source`")
        }
        _ => None,
    }
}

/// Tells whether it makes sense to read on: the file is of this tool and of this version.
fn is_ours(reader: &mut Reader<'_>, root: &Table) -> bool {
    if root.get("skills").is_some_and(toml_edit::Item::is_table) {
        reader.fault_with_hint(
            &key_span(root, "skills"),
            "`[skills]` looks like the `skills.toml` of another tool (skillcask, skills-man)",
            "zskills reads one `[[skills]]` entry a plugin, with `name` and `marketplace`; \
             name another file with `--file`",
        );
        return false;
    }
    // Manifests written before there was a version have none; they read the same.
    match reader.integer(root, "version") {
        Some(Spanned { value: 2.., at }) => {
            let hint = "this one reads version 1; update zskills";
            reader.fault_with_hint(&at, "written for a newer zskills", hint);
            false
        }
        Some(Spanned { value: ..=0, at }) => {
            reader.fault(&at, "`version` must be 1");
            true
        }
        None if holds_nothing(root) && !root.contains_key("version") => {
            reader.fault_with_hint(
                &(0..0),
                "holds no entry, so everything that it once named would go",
                "write `version = 1` into it if nothing is wanted",
            );
            false
        }
        Some(_) | None => true,
    }
}

/// Tells whether a manifest has no entry of any kind.
pub(super) fn holds_nothing(root: &Table) -> bool {
    let is_empty = |name: &str| match root.get(name) {
        None | Some(toml_edit::Item::None) => true,
        Some(toml_edit::Item::ArrayOfTables(tables)) => tables.is_empty(),
        Some(toml_edit::Item::Value(value)) => {
            value.as_array().is_some_and(toml_edit::Array::is_empty)
        }
        Some(toml_edit::Item::Table(table)) => table.is_empty(),
    };
    ["marketplaces", "skills", "agent_skills", "mcps"].into_iter().all(is_empty)
}

impl Context<'_> {
    fn marketplaces(&mut self, root: &Table, elsewhere: &mut Elsewhere) -> Vec<WantedMarketplace> {
        let mut seen = Seen::default();
        let mut wanted = Vec::new();
        for entry in self.reader.entries(root, "marketplaces") {
            self.reader.unknown_keys(entry.table, &MARKETPLACE_KEYS);
            let name = self.reader.required(&entry, "name");
            let at = name.as_ref().map_or(entry.at.clone(), |name| name.at.clone());
            let name = name.and_then(|name| self.name::<MarketplaceName>("name", &name));
            let written = self.reader.string(entry.table, "source");
            let source = written.as_ref().and_then(|text| self.source(text));
            let pin = self.pin(entry.table);
            if let (Some(source), Some(pin)) = (&source, &pin) {
                self.pin_fits(source, pin);
            }
            let auto_update = self.reader.boolean(entry.table, "auto_update").map(|b| b.value);
            let is_here = self.is_here(entry.table);
            let Some(name) = name else { continue };
            if is_here {
                self.once(&mut seen, name.clone(), &format!("marketplace `{name}`"), at);
            }
            let list = if is_here { &mut wanted } else { &mut elsewhere.marketplaces };
            list.push(WantedMarketplace {
                name,
                source,
                written: written.map(|text| text.value.to_owned()),
                pin: pin.map(|pin| pin.value),
                auto_update,
                at: self.reader.position(&entry.at),
            });
        }
        wanted
    }

    fn plugins(&mut self, root: &Table, elsewhere: &mut Elsewhere) -> Vec<WantedPlugin> {
        let mut seen = Seen::default();
        let mut wanted = Vec::new();
        for entry in self.reader.entries(root, "skills") {
            if self.is_of_a_repository(&entry) {
                continue;
            }
            self.reader.unknown_keys(entry.table, &PLUGIN_KEYS);
            let id = self.plugin_id(&entry);
            let version = self.version(entry.table);
            let enabled = self.reader.boolean(entry.table, "enabled").is_none_or(|b| b.value);
            let scope = self.scope(entry.table, &Scope::ALL);
            let pin = self.pin(entry.table).map(|pin| pin.value);
            let waiting = self.waiting.len();
            let is_here = self.is_here(entry.table);
            let Some(Spanned { value: id, at }) = id else { continue };
            // What waits for a project is locked with the others.
            if is_here || self.waiting.len() > waiting {
                self.same_pin(&wanted, &id, pin.as_ref(), &at);
            }
            if is_here {
                self.once(&mut seen, (id.clone(), scope), &format!("`{id}` in {scope} scope"), at);
            }
            let at = self.reader.position(&entry.at);
            let list = if is_here { &mut wanted } else { &mut elsewhere.plugins };
            list.push(WantedPlugin { id, version, enabled, scope, pin, at });
        }
        wanted
    }

    /// Complains about skills of a repository that are written as plugins.
    fn is_of_a_repository(&mut self, entry: &TableAt<'_>) -> bool {
        let named = entry.table.get("name").and_then(toml_edit::Item::as_str);
        let is = ["source", "npm", "names"].into_iter().find(|key| entry.table.contains_key(key));
        let is = is.filter(|_| {
            !entry.table.contains_key("marketplace")
                && !named.is_some_and(|name| name.contains('@'))
        });
        if let Some(key) = is {
            let message = format!("`{key}` in `[[skills]]`, which is a plugin of a marketplace");
            let hint = "write skills of a repository, folder or package as `[[agent_skills]]`";
            self.reader.fault_with_hint(&key_span(entry.table, key), message, hint);
        }
        is.is_some()
    }

    /// Complains when a plugin has another pin in another scope: the lock holds one entry for both.
    fn same_pin(
        &mut self,
        before: &[WantedPlugin],
        id: &PluginId,
        pin: Option<&String>,
        at: &Range<usize>,
    ) {
        if let Some(first) =
            before.iter().find(|other| other.id == *id && other.pin.as_ref() != pin)
        {
            let line = first.at.line;
            let message = format!("`{id}` has another pin than in line {line}");
            self.reader.fault_with_hint(at, message, "give it the same `pin` in every scope");
        }
    }

    /// Reads `name = "plugin@marketplace"`, or `name` and `marketplace` apart.
    fn plugin_id(&mut self, entry: &TableAt<'_>) -> Option<Spanned<PluginId>> {
        let apart = self.reader.string(entry.table, "marketplace");
        let name = self.reader.required(entry, "name")?;
        let Some((plugin, marketplace)) = name.value.split_once('@') else {
            let plugin = self.name::<PluginName>("name", &name);
            let Some(apart) = apart else {
                if !entry.table.contains_key("marketplace") {
                    let hint =
                        format!("add `marketplace = \"…\"`, or `name = \"{}@…\"`", name.value);
                    self.reader.fault_with_hint(&name.at, "`marketplace` is missing", hint);
                }
                return None;
            };
            let marketplace = self.name::<MarketplaceName>("marketplace", &apart)?;
            return Some(Spanned { value: PluginId { plugin: plugin?, marketplace }, at: name.at });
        };
        if let Some(apart) = apart.filter(|apart| apart.value != marketplace) {
            let message = "`marketplace` contradicts the one in `name`";
            self.reader.fault_with_hint(&apart.at, message, "leave `marketplace` out");
        }
        let at = name.at;
        let plugin = self.name("name", &Spanned { value: plugin, at: at.clone() });
        let marketplace = self.name("name", &Spanned { value: marketplace, at: at.clone() });
        Some(Spanned { value: PluginId { plugin: plugin?, marketplace: marketplace? }, at })
    }

    fn name<N: FromStr<Err = NameError>>(&mut self, key: &str, text: &Spanned<&str>) -> Option<N> {
        let name = text.value.parse();
        name.map_err(|error| self.reader.fault(&text.at, format!("`{key}` {error}"))).ok()
    }

    pub(super) fn source(&mut self, text: &Spanned<&str>) -> Option<Source> {
        Source::parse(text.value, self.base, self.roots)
            .map_err(|error| {
                let shown = redact_url(text.value);
                self.reader.fault(&text.at, format!("`source` {}: {error}", printable(&shown)));
            })
            .ok()
    }

    /// Reads a tag, branch or commit; a blank one is none.
    pub(super) fn pin(&mut self, table: &dyn TableLike) -> Option<Spanned<String>> {
        let pin = self.reader.filled(table, "pin")?;
        match check_reference(pin.value) {
            Ok(()) => Some(Spanned { value: pin.value.to_owned(), at: pin.at }),
            Err(error) => {
                self.reader.fault(&pin.at, format!("`pin` is {error}"));
                None
            }
        }
    }

    /// Complains about a pin of something without versions, and about two different ones.
    pub(super) fn pin_fits(&mut self, source: &Source, pin: &Spanned<String>) {
        if source.git_url().is_none() {
            self.reader.fault(&pin.at, "`pin` needs a source that git fetches");
        } else if source.reference().is_some_and(|reference| reference != pin.value) {
            let hint = "keep one of the two";
            self.reader.fault_with_hint(&pin.at, "`pin` contradicts the ref in `source`", hint);
        }
    }

    fn version(&mut self, table: &dyn TableLike) -> Option<semver::VersionReq> {
        let text = self.reader.filled(table, "version")?;
        semver::VersionReq::parse(text.value)
            .map_err(|error| {
                self.reader.fault_with_hint(
                    &text.at,
                    format!("`version` is no requirement: {error}"),
                    "write `^1.2`, `~1.2.3` or `=1.2.3`; leave it out for any version",
                );
            })
            .ok()
    }

    /// Reads `scope`; user scope when it is absent.
    pub(super) fn scope(&mut self, table: &dyn TableLike, allowed: &[Scope]) -> Scope {
        let Some(text) = self.reader.string(table, "scope") else {
            return Scope::User;
        };
        if let Some(scope) = allowed.iter().find(|scope| scope.as_str() == text.value) {
            return *scope;
        }
        let words: Vec<&str> = allowed.iter().map(|scope| scope.as_str()).collect();
        let near = match text.value {
            "global" => Some("user".to_owned()),
            other => did_you_mean(other, words.iter().copied()),
        };
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", listed(&words)),
        };
        let message = match text.value {
            "managed" => {
                "scope `managed` belongs to the administrator's settings, not to a manifest".into()
            }
            other => format!("unknown scope {}", printable(other)),
        };
        self.reader.fault_with_hint(&text.at, message, hint);
        Scope::User
    }

    /// Complains when `key` was there before.
    pub(super) fn once<K: Hash + Eq>(
        &mut self,
        seen: &mut Seen<K>,
        key: K,
        what: &str,
        at: Range<usize>,
    ) {
        match seen.0.get(&key) {
            Some(first) => {
                let line = self.reader.position(first).line;
                self.reader.fault(&at, format!("{what} is already in line {line}"));
            }
            None => {
                seen.0.insert(key, at);
            }
        }
    }
}

/// What was already there, and where.
pub(super) struct Seen<K>(HashMap<K, Range<usize>>);

impl<K> Default for Seen<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// Returns a text in backticks, without control characters.
pub(super) fn printable(text: &str) -> String {
    format!("`{}`", text.chars().filter(|c| !c.is_control()).collect::<String>())
}

#[cfg(test)]
#[path = "parse_tests.rs"]
pub(super) mod tests;
