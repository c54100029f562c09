//! Changes single entries of a manifest; every other byte stays.
//!
//! Works by cutting and inserting at the places that the parser reports, so that comments, blanks and
//! line ends need no care.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Item, TableLike};

use super::parse::holds_nothing;
use super::place::{Placed, entries, foreign_header, set_in, with_blank_line, word_in};
use super::raw::{diagnostic, document};
use super::render::{Block, quoted, quoted_list};
use super::servers;
use crate::model::{
    Diagnostic, MarketplaceName, PluginId, Scope, WantedServer, is_glob, matches, redact_url,
};

/// A `[[marketplaces]]` entry to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketplaceEntry {
    pub name: MarketplaceName,
    /// As it is to be written.
    pub source: Option<String>,
    pub pin: Option<String>,
    pub auto_update: Option<bool>,
}

/// A `[[skills]]` entry to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginEntry {
    pub id: PluginId,
    pub version: Option<semver::VersionReq>,
    pub enabled: bool,
    pub scope: Scope,
    pub pin: Option<String>,
}

/// An `[[agent_skills]]` entry to add. One name is written as `name`, more as `names`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SkillEntry {
    pub source: Option<String>,
    pub npm: Option<String>,
    pub install_cmd: Option<String>,
    pub names: Vec<String>,
    pub pin: Option<String>,
    pub claims: Vec<String>,
    pub scope: Scope,
}

/// Names entries that are there; without a scope, those of every scope.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    Marketplace(&'a MarketplaceName),
    Plugin(&'a PluginId, Option<Scope>),
    /// The entry of one skill: by its `name`, or `names` with nothing else in it.
    Skill(&'a str),
    /// Everything from one `source` or `npm`, as written.
    SkillSource(&'a str),
    Server(&'a str, Option<Scope>),
}

/// Returns a manifest that says its version once no entry is left in it: an empty one is taken for a
/// slip when it is read.
pub fn with_version(file: &Path, text: String) -> String {
    match document(file, &text) {
        Ok(read) if holds_nothing(read.as_table()) && !read.contains_key("version") => {
            format!("version = 1\n{text}")
        }
        _ => text,
    }
}

/// Adds a marketplace behind the last one.
pub fn add_marketplace(
    file: &Path,
    text: &str,
    entry: &MarketplaceEntry,
) -> Result<String, Diagnostic> {
    let block = Block::new("marketplaces")
        .text("name", entry.name.as_str())
        .maybe("source", entry.source.as_ref())
        .maybe("pin", entry.pin.as_ref());
    let block = match entry.auto_update {
        Some(on) => block.value("auto_update", &on.to_string()),
        None => block,
    };
    add(file, text, Target::Marketplace(&entry.name), &block.finish())
}

/// Adds a plugin behind the last one.
pub fn add_plugin(file: &Path, text: &str, entry: &PluginEntry) -> Result<String, Diagnostic> {
    let block = Block::new("skills")
        .text("name", entry.id.plugin.as_str())
        .text("marketplace", entry.id.marketplace.as_str())
        .maybe("version", entry.version.as_ref().map(ToString::to_string));
    let block = if entry.enabled { block } else { block.value("enabled", "false") };
    let scope = (entry.scope != Scope::User).then_some(entry.scope.as_str());
    let block = block.maybe("scope", scope).maybe("pin", entry.pin.as_ref());
    add(file, text, Target::Plugin(&entry.id, Some(entry.scope)), &block.finish())
}

/// Adds a skill entry behind the last one.
pub fn add_skill(file: &Path, text: &str, entry: &SkillEntry) -> Result<String, Diagnostic> {
    let block = Block::new("agent_skills")
        .maybe("source", entry.source.as_ref())
        .maybe("npm", entry.npm.as_ref())
        .maybe("install_cmd", entry.install_cmd.as_ref());
    let block = match entry.names.as_slice() {
        [] => block,
        [name] => block.text("name", name),
        names => block.value("names", &quoted_list(names)),
    };
    let scope = (entry.scope != Scope::User).then_some(entry.scope.as_str());
    let block = block
        .maybe("pin", entry.pin.as_ref())
        .filled("claims", entry.claims.is_empty(), || quoted_list(&entry.claims))
        .maybe("scope", scope);
    insert(file, text, "agent_skills", &block.finish())
}

/// Adds a server behind the last one; its place in the file is ignored.
pub fn add_server(file: &Path, text: &str, server: &WantedServer) -> Result<String, Diagnostic> {
    let target = Target::Server(&server.name, Some(server.scope));
    let block = servers::block(server).ok_or_else(|| {
        let message =
            format!("`extra` of {} has a value that TOML does not know", target.describe());
        Diagnostic::whole(file, message)
    })?;
    add(file, text, target, &block)
}

/// Binds the entry of a kind that was added last to a project.
pub fn bind_last(file: &Path, text: &str, kind: &str, project: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let value = toml_edit::Value::from(project);
    let entries = entries(file, text, &document, kind)?;
    let last = entries.iter().max_by_key(|entry| entry.start);
    let cut = last.map(|entry| set_in(file, text, entry, "project", Some(&value))).transpose()?;
    Ok(replaced(text, cut.flatten().into_iter().collect()))
}

/// Removes one skill: its entry, or its word in the `names` of an entry with more.
pub fn remove_skill(file: &Path, text: &str, name: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let arrays = entries(file, text, &document, "agent_skills")?;
    let cuts: Vec<Range<usize>> = arrays
        .iter()
        .filter_map(|entry| entry.table.get("names")?.as_array())
        .filter(|names| names.len() > 1)
        .filter_map(|names| word_in(text, names, name))
        .collect();
    if cuts.is_empty() {
        return remove(file, text, Target::Skill(name));
    }
    Ok(replaced(text, cuts.into_iter().map(|cut| (cut, String::new())).collect()))
}

/// Leaves one skill out of what comes with all of a source, or with a glob.
pub fn exclude(file: &Path, text: &str, source: &str, name: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let target = Target::SkillSource(source);
    let mut cuts = Vec::new();
    for entry in entries(file, text, &document, target.kind())? {
        if target.names(entry.table) && sweeps_in(entry.table, name) {
            cuts.extend(excluding(file, text, &entry, name)?);
        }
    }
    Ok(replaced(text, cuts))
}

/// Returns what to replace by what so that an entry leaves out one skill more.
fn excluding(
    file: &Path,
    text: &str,
    entry: &Placed<'_>,
    name: &str,
) -> Result<Option<(Range<usize>, String)>, Diagnostic> {
    let words = entry.table.get("exclude").and_then(Item::as_array);
    if let Some(last) = words.and_then(|words| words.iter().last()?.span()) {
        return Ok(Some((last.end..last.end, format!(", {}", quoted(name)))));
    }
    let only = toml_edit::Value::from(toml_edit::Array::from_iter([name]));
    set_in(file, text, entry, "exclude", Some(&only))
}

/// Takes back that a skill of a source is left out; what is left out by a glob stays so.
pub fn include(file: &Path, text: &str, source: &str, name: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let target = Target::SkillSource(source);
    let mut cuts = Vec::new();
    for entry in entries(file, text, &document, target.kind())? {
        let words = entry.table.get("exclude").and_then(Item::as_array);
        let Some(words) = words.filter(|_| target.names(entry.table)) else { continue };
        let Some(word) = word_in(text, words, name) else { continue };
        if words.len() > 1 {
            cuts.push((word, String::new()));
        } else {
            cuts.extend(set_in(file, text, &entry, "exclude", None)?);
        }
    }
    Ok(replaced(text, cuts))
}

/// Switches one skill of a source, as the lock has it, on or off. One of many gets an entry of its own
/// for that, and gives it up again when it is as the others are.
pub fn switch_skill(
    file: &Path,
    text: &str,
    (name, source): (&str, Option<&str>),
    on: bool,
) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let (mut cuts, mut blocks) = (Vec::new(), Vec::new());
    let all = entries(file, text, &document, "agent_skills")?;
    for entry in &all {
        let from = |source| Target::SkillSource(source).names(entry.table);
        let names = entry.table.get("names").and_then(Item::as_array);
        let word = names.and_then(|names| word_in(text, names, name));
        let alone = Target::Skill(name).names(entry.table);
        let swept = !alone && source.is_some_and(from) && sweeps_in(entry.table, name);
        let was = is_on(entry.table);
        if was == on || !(alone || swept || word.is_some()) {
            continue;
        }
        let as_this = |other: &&Placed<'_>| {
            source.is_some_and(|source| Target::SkillSource(source).names(other.table))
                && is_on(other.table) == on
                && scope(other.table) == scope(entry.table)
        };
        let out = all.iter().filter(as_this).find_map(|other| {
            let words = other.table.get("exclude").and_then(Item::as_array)?;
            Some((other, words, word_in(text, words, name)?))
        });
        match (alone, out) {
            (true, Some((other, words, word))) => {
                cuts.push((with_blank_line(text, entry), String::new()));
                if words.len() > 1 {
                    cuts.push((word, String::new()));
                } else {
                    cuts.extend(set_in(file, text, other, "exclude", None)?);
                }
                continue;
            }
            (true, None) => {
                let off = toml_edit::Value::from(false);
                cuts.extend(set_in(file, text, entry, "enabled", (!on).then_some(&off))?);
                continue;
            }
            (false, _) => {}
        }
        cuts.extend(word.map(|word| (word, String::new())));
        if swept {
            cuts.extend(excluding(file, text, entry, name)?);
        }
        blocks.push(of_its_own(entry.table, name, on));
    }
    let mut text = replaced(text, cuts);
    for block in blocks {
        text = insert(file, &text, "agent_skills", &block)?;
    }
    Ok(text)
}

fn is_on(table: &dyn TableLike) -> bool {
    table.get("enabled").and_then(Item::as_bool) != Some(false)
}

fn scope(table: &dyn TableLike) -> &str {
    table.get("scope").and_then(Item::as_str).unwrap_or(Scope::User.as_str())
}

/// Returns an entry for one skill of another entry, from the same source and for the same machines.
fn of_its_own(table: &dyn TableLike, name: &str, on: bool) -> String {
    let mut block = Block::new("agent_skills");
    for (key, item) in table.iter() {
        let of_all = ["name", "names", "exclude", "claims", "enabled"].contains(&key);
        if let (false, Ok(value)) = (of_all, item.clone().into_value()) {
            block = block.value(key, &value.decorated("", "").to_string());
        }
    }
    let block = block.text("name", name);
    if on { block.finish() } else { block.value("enabled", "false").finish() }
}

/// Tells whether an entry has a skill of its source that it does not name alone.
fn sweeps_in(table: &dyn TableLike, name: &str) -> bool {
    let is_any = |key: &str, is_meant: fn(&str) -> bool| {
        let words = table.get(key).and_then(Item::as_array);
        let mut words = words.into_iter().flatten().filter_map(toml_edit::Value::as_str);
        words.any(|pattern| is_meant(pattern) && matches(pattern, name))
    };
    let by_glob = table.get("name").and_then(Item::as_str);
    let by_glob = by_glob.is_some_and(|pattern| is_glob(pattern) && matches(pattern, name));
    let is_whole = !["name", "names"].iter().any(|key| table.contains_key(key));
    (is_whole || by_glob || is_any("names", is_glob)) && !is_any("exclude", |_| true)
}

/// Removes all entries that `target` names; at least one must be there.
pub fn remove(file: &Path, text: &str, target: Target<'_>) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, target.kind())?;
    let mut found: Vec<&Placed<'_>> = entries.iter().filter(|e| target.names(e.table)).collect();
    if found.is_empty() {
        return Err(absent(file, target));
    }
    found.sort_by_key(|entry| entry.start);
    let mut text = text.to_owned();
    for entry in found.into_iter().rev() {
        if let Some(other) = foreign_header(&document, entry) {
            let message = "the tables of this entry are not together";
            return Err(diagnostic(file, &text, other, message)
                .hint("another entry stands between them; remove the entry by hand"));
        }
        text.replace_range(with_blank_line(&text, entry), "");
    }
    Ok(text)
}

/// Sets one key of all entries that `target` names, or removes it.
pub fn set(
    file: &Path,
    text: &str,
    target: Target<'_>,
    key: &str,
    value: Option<&toml_edit::Value>,
) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, target.kind())?;
    let mut cuts = Vec::new();
    for entry in entries.iter().filter(|entry| target.names(entry.table)) {
        cuts.extend(set_in(file, text, entry, key, value)?);
    }
    if cuts.is_empty() && !entries.iter().any(|entry| target.names(entry.table)) {
        return Err(absent(file, target));
    }
    Ok(replaced(text, cuts))
}

/// Returns a text with other words at some places.
fn replaced(text: &str, mut cuts: Vec<(Range<usize>, String)>) -> String {
    cuts.sort_by_key(|(range, _)| range.start);
    let mut text = text.to_owned();
    for (range, with) in cuts.into_iter().rev() {
        text.replace_range(range, &with);
    }
    text
}

impl Target<'_> {
    /// Returns the name of the array of tables.
    fn kind(self) -> &'static str {
        match self {
            Self::Marketplace(_) => "marketplaces",
            Self::Plugin(..) => "skills",
            Self::Skill(_) | Self::SkillSource(_) => "agent_skills",
            Self::Server(..) => "mcps",
        }
    }

    fn names(self, table: &dyn TableLike) -> bool {
        let text = |key: &str| table.get(key).and_then(Item::as_str);
        let name = text("name").unwrap_or_default();
        let scope = text("scope").unwrap_or(Scope::User.as_str());
        let in_scope = |wanted: Option<Scope>| wanted.is_none_or(|s| s.as_str() == scope);
        match self {
            Self::Marketplace(wanted) => name == wanted.as_str(),
            Self::Plugin(id, wanted) => {
                let apart = name == id.plugin.as_str()
                    && text("marketplace") == Some(id.marketplace.as_str());
                (apart || name == id.to_string()) && in_scope(wanted)
            }
            Self::Skill(wanted) => {
                let names = table.get("names").and_then(Item::as_array);
                let only = names.filter(|names| names.len() == 1).and_then(|names| names.get(0));
                name == wanted || only.and_then(toml_edit::Value::as_str) == Some(wanted)
            }
            Self::SkillSource(wanted) => {
                [text("source"), text("npm")].into_iter().flatten().any(|place| place == wanted)
            }
            Self::Server(wanted, scope) => name == wanted && in_scope(scope),
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Marketplace(name) => format!("marketplace `{name}`"),
            Self::Plugin(id, None) => format!("plugin `{id}`"),
            Self::Plugin(id, Some(scope)) => format!("plugin `{id}` in {scope} scope"),
            Self::Skill(name) => format!("skill `{name}`"),
            Self::SkillSource(place) => format!("skills from `{}`", redact_url(place)),
            Self::Server(name, None) => format!("server `{name}`"),
            Self::Server(name, Some(scope)) => format!("server `{name}` in {scope} scope"),
        }
    }
}

fn absent(file: &Path, target: Target<'_>) -> Diagnostic {
    Diagnostic::whole(file, format!("{} is not there", target.describe()))
}

fn add(file: &Path, text: &str, target: Target<'_>, block: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, target.kind())?;
    // What is bound to another project is another entry.
    let is_bound = |entry: &&Placed<'_>| entry.table.contains_key("project");
    let mut named = entries.iter().filter(|entry| target.names(entry.table));
    if let Some(entry) = named.find(|entry| !is_bound(entry)) {
        let message = format!("{} is already there", target.describe());
        return Err(diagnostic(file, text, entry.header.clone(), message));
    }
    insert(file, text, target.kind(), block)
}

/// Puts a block behind the last entry of its kind.
fn insert(file: &Path, text: &str, kind: &str, block: &str) -> Result<String, Diagnostic> {
    let document = document(file, text)?;
    let entries = entries(file, text, &document, kind)?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let at = entries.iter().map(|entry| entry.end).max().unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    let mut added = before.to_owned();
    let blank = before.trim_start_matches('\u{feff}').trim().is_empty();
    if !blank && !before.ends_with('\n') {
        added.push_str(newline);
    }
    if document.is_empty() {
        added.push_str("version = 1");
        added.push_str(newline);
    }
    if !added.ends_with(&newline.repeat(2)) {
        added.push_str(newline);
    }
    added.push_str(&block.replace('\n', newline));
    if !after.is_empty() && !after.starts_with(['\n', '\r']) {
        added.push_str(newline);
    }
    Ok(added + after)
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
