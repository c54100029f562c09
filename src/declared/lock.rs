//! `skills.lock`: exactly which bytes. Text in, records out, and back; the same records give the same text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use toml_edit::TableLike;

use crate::declared::manifest::raw::{Reader, Spanned, TableAt, document};
use crate::declared::manifest::render::{Block, quoted_lines, quoted_list};
use crate::model::{
    Commit, Diagnostic, Elsewhere, MarketplaceName, PluginId, Powers, SkillName, TreeHash,
    WantedSkill,
};

const HEADER: &str =
    "# Written by zskills. Commit it; `zskills upgrade` moves it forward.\nversion = 1\n";

/// A checked `skills.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    pub marketplaces: BTreeMap<MarketplaceName, LockedMarketplace>,
    /// One entry a plugin, whatever scopes it is wanted in.
    pub plugins: BTreeMap<PluginId, LockedPlugin>,
    /// One entry a skill, whatever scopes it is wanted in.
    pub skills: BTreeMap<SkillName, LockedSkill>,
    /// What must not be used of a source that is wanted as a whole, by what notes call it.
    pub refused: BTreeMap<String, LockedRefusal>,
    /// What the manifest leaves out of a source, by the source as written: what is left out no longer
    /// is told by it from what came to the source since.
    pub excluded: BTreeMap<String, BTreeSet<SkillName>>,
}

/// Where a marketplace pointed when it was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedMarketplace {
    /// As written in the manifest.
    pub source: String,
    pub pin: Option<String>,
    pub commit: Option<Commit>,
    /// Of a catalog that has no commit.
    pub digest: Option<TreeHash>,
}

/// The bytes of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPlugin {
    pub version: String,
    pub commit: Option<Commit>,
    pub tree: TreeHash,
    pub pin: Option<String>,
    /// The version of the npm package it was taken from.
    pub package: Option<String>,
    pub dependencies: Vec<PluginId>,
    /// What it can run, start or use without asking: what was accepted when it was locked. Absent in
    /// what zskills 0.9 wrote.
    pub powers: Option<Powers>,
}

/// The bytes of an Agent Skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedSkill {
    /// As written in the manifest.
    pub source: String,
    pub pin: Option<String>,
    /// The glob that brought it, or `*` when all of the source is wanted.
    pub pattern: Option<String>,
    pub commit: Option<Commit>,
    /// The version of the npm package it was taken from.
    pub package: Option<String>,
    pub tree: TreeHash,
    /// As of a plugin.
    pub powers: Option<Powers>,
}

/// What would have come with a glob, had it been safe; every sync says it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRefusal {
    /// As written in the manifest.
    pub source: String,
    pub pin: Option<String>,
    pub pattern: String,
    pub why: String,
}

/// Reads a lock; anything unknown is an error, for a lock half understood protects nothing.
pub fn parse(file: &Path, text: &str) -> Result<Lock, Diagnostic> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = document(file, text)?;
    let root = document.as_table();
    let mut reader = Reader::new(file, text);
    if !root.contains_key("version") {
        reader.whole("`version` is missing", "write `version = 1` on the first line");
    }
    if let Some(Spanned { value, at }) = reader.integer(root, "version").filter(|v| v.value != 1) {
        let newer = value > 1;
        let message = if newer { "written by a newer zskills" } else { "`version` must be 1" };
        return Err(Diagnostic::span(file, text, at, message).hint("update zskills"));
    }
    let known = ["version", "marketplaces", "plugins", "agent_skills", "refused", "excluded"];
    reader.unknown_keys(root, &known);
    let lock = Lock {
        marketplaces: blocks(&mut reader, root, "marketplaces", "name", marketplace),
        plugins: blocks(&mut reader, root, "plugins", "id", plugin),
        skills: blocks(&mut reader, root, "agent_skills", "name", skill),
        refused: blocks(&mut reader, root, "refused", "name", refusal),
        excluded: blocks(&mut reader, root, "excluded", "source", |reader, entry| {
            reader.unknown_keys(entry.table, &["source", "names"]);
            let names = reader.strings(entry.table, "names");
            Some(names.iter().filter_map(|name| checked(reader, "names", name)).collect())
        }),
    };
    reader.into_faults().into_iter().next().map_or(Ok(lock), Err)
}

impl Lock {
    /// Leaves out the powers of what an older lock, written by zskills 0.9, has without.
    pub fn forget_powers_unknown_to(&mut self, old: &Self) {
        for (id, entry) in &mut self.plugins {
            if old.plugins.get(id).is_some_and(|old| old.powers.is_none()) {
                entry.powers = None;
            }
        }
        for (name, entry) in &mut self.skills {
            if old.skills.get(name).is_some_and(|old| old.powers.is_none()) {
                entry.powers = None;
            }
        }
    }

    /// Takes over what an older lock has of the entries that are for other machines.
    pub fn keep_elsewhere(&mut self, old: &Self, elsewhere: &Elsewhere) {
        for wanted in &elsewhere.marketplaces {
            keep(&mut self.marketplaces, &old.marketplaces, &wanted.name);
        }
        for wanted in &elsewhere.plugins {
            keep(&mut self.plugins, &old.plugins, &wanted.id);
            // Its marketplace may have no entry of its own.
            keep(&mut self.marketplaces, &old.marketplaces, &wanted.id.marketplace);
        }
        for wanted in &elsewhere.agent_skills {
            let from = |source: &String| wanted.written.as_ref() == Some(source);
            for (name, _) in old.skills.iter().filter(|(_, entry)| from(&entry.source)) {
                keep(&mut self.skills, &old.skills, name);
            }
            for (name, _) in old.refused.iter().filter(|(_, entry)| from(&entry.source)) {
                keep(&mut self.refused, &old.refused, name);
            }
            self.keep_excluded(old, wanted);
        }
    }

    /// Takes over what an older lock has left out of the source of an entry.
    pub fn keep_excluded(&mut self, old: &Self, wanted: &WantedSkill) {
        if let Some((source, names)) =
            wanted.written.as_ref().and_then(|source| old.excluded.get_key_value(source))
        {
            self.excluded.entry(source.clone()).or_default().extend(names.iter().cloned());
        }
    }

    /// Returns the text of the file.
    pub fn render(&self) -> String {
        let mut blocks = vec![HEADER.to_owned()];
        blocks.extend(self.marketplaces.iter().map(|(name, locked)| {
            Block::new("marketplaces")
                .text("name", name.as_str())
                .text("source", &locked.source)
                .maybe("pin", locked.pin.as_ref())
                .maybe("commit", locked.commit.as_ref().map(Commit::as_str))
                .maybe("digest", locked.digest.as_ref().map(TreeHash::as_str))
                .finish()
        }));
        blocks.extend(self.plugins.iter().map(|(id, locked)| {
            let block = Block::new("plugins")
                .text("id", &id.to_string())
                .text("version", &locked.version)
                .maybe("pin", locked.pin.as_ref())
                .maybe("commit", locked.commit.as_ref().map(Commit::as_str))
                .maybe("package", locked.package.as_ref())
                .text("tree", locked.tree.as_str());
            let dependencies = locked.dependencies.iter().map(ToString::to_string);
            let block = match locked.dependencies.as_slice() {
                [] => block,
                _ => block.value("dependencies", &quoted_list(dependencies)),
            };
            with_powers(block, locked.powers.as_ref()).finish()
        }));
        blocks.extend(self.skills.iter().map(|(name, locked)| {
            let block = Block::new("agent_skills")
                .text("name", name.as_str())
                .text("source", &locked.source)
                .maybe("pin", locked.pin.as_ref())
                .maybe("pattern", locked.pattern.as_ref())
                .maybe("commit", locked.commit.as_ref().map(Commit::as_str))
                .maybe("package", locked.package.as_ref())
                .text("tree", locked.tree.as_str());
            with_powers(block, locked.powers.as_ref()).finish()
        }));
        blocks.extend(self.refused.iter().map(|(name, refusal)| {
            Block::new("refused")
                .text("name", name)
                .text("source", &refusal.source)
                .maybe("pin", refusal.pin.as_ref())
                .text("pattern", &refusal.pattern)
                .text("why", &refusal.why)
                .finish()
        }));
        blocks.extend(self.excluded.iter().map(|(source, names)| {
            let names = quoted_lines(names.iter().map(SkillName::as_str));
            Block::new("excluded").text("source", source).value("names", &names).finish()
        }));
        blocks.join("\n")
    }
}

/// Reads the `[[kind]]` blocks, each under the name at `key`.
fn blocks<K: Ord + FromStr, V>(
    reader: &mut Reader<'_>,
    root: &toml_edit::Table,
    kind: &str,
    key: &str,
    read: impl Fn(&mut Reader<'_>, &TableAt<'_>) -> Option<V>,
) -> BTreeMap<K, V> {
    let mut blocks = BTreeMap::new();
    for entry in reader.entries(root, kind) {
        let value = read(reader, &entry);
        let Some(name) = reader.required(&entry, key) else { continue };
        let parsed = checked::<K>(reader, key, &name);
        let (Some(parsed), Some(value)) = (parsed, value) else { continue };
        if blocks.insert(parsed, value).is_some() {
            let message = format!("`{}` is locked twice", name.value);
            reader.fault_with_hint(&name.at, message, "keep the right one");
        }
    }
    blocks
}

fn marketplace(reader: &mut Reader<'_>, entry: &TableAt<'_>) -> Option<LockedMarketplace> {
    reader.unknown_keys(entry.table, &["name", "source", "pin", "commit", "digest"]);
    let source = reader.required(entry, "source").map(|source| source.value.to_owned());
    let pin = reader.string(entry.table, "pin").map(|pin| pin.value.to_owned());
    let commit = optional(reader, entry.table, "commit");
    let digest = optional(reader, entry.table, "digest");
    Some(LockedMarketplace { source: source?, pin, commit, digest })
}

fn plugin(reader: &mut Reader<'_>, entry: &TableAt<'_>) -> Option<LockedPlugin> {
    let known = [
        "id",
        "version",
        "pin",
        "commit",
        "package",
        "tree",
        "dependencies",
        "capabilities",
        "powers",
    ];
    reader.unknown_keys(entry.table, &known);
    let version = reader.required(entry, "version").map(|version| version.value.to_owned());
    let pin = reader.string(entry.table, "pin").map(|pin| pin.value.to_owned());
    let commit = optional(reader, entry.table, "commit");
    let tree = reader.required(entry, "tree").and_then(|tree| checked(reader, "tree", &tree));
    let dependencies = reader
        .strings(entry.table, "dependencies")
        .iter()
        .filter_map(|id| checked(reader, "dependencies", id))
        .collect();
    let package = reader.string(entry.table, "package").map(|package| package.value.to_owned());
    let powers = powers(reader, entry);
    let version = version?;
    Some(LockedPlugin { version, commit, tree: tree?, pin, package, dependencies, powers })
}

/// Reads the powers of an entry, one a line: the digest and what it is of.
fn powers(reader: &mut Reader<'_>, entry: &TableAt<'_>) -> Option<Powers> {
    let is_there = entry.table.contains_key("powers");
    let mut powers = Powers::new();
    for line in reader.strings(entry.table, "powers") {
        let (digest, power) = line.value.split_once(' ').unwrap_or_default();
        let digest = Spanned { value: digest, at: line.at.clone() };
        if let Some(digest) = checked(reader, "powers", &digest) {
            powers.insert(power.to_owned(), digest);
        }
    }
    is_there.then_some(powers)
}

fn with_powers(block: Block, powers: Option<&Powers>) -> Block {
    match powers {
        None => block,
        Some(powers) if powers.is_empty() => block.value("powers", "[]"),
        Some(powers) => {
            let lines = powers.iter().map(|(power, digest)| format!("{digest} {power}"));
            block.value("powers", &quoted_lines(lines))
        }
    }
}

fn skill(reader: &mut Reader<'_>, entry: &TableAt<'_>) -> Option<LockedSkill> {
    let known = ["name", "source", "pin", "pattern", "commit", "package", "tree", "powers"];
    reader.unknown_keys(entry.table, &known);
    let source = reader.required(entry, "source").map(|source| source.value.to_owned());
    let pin = reader.string(entry.table, "pin").map(|pin| pin.value.to_owned());
    let commit = optional(reader, entry.table, "commit");
    let pattern = reader.string(entry.table, "pattern").map(|pattern| pattern.value.to_owned());
    let package = reader.string(entry.table, "package").map(|package| package.value.to_owned());
    let tree = reader.required(entry, "tree").and_then(|tree| checked(reader, "tree", &tree));
    let powers = powers(reader, entry);
    Some(LockedSkill { source: source?, pin, pattern, commit, package, tree: tree?, powers })
}

fn refusal(reader: &mut Reader<'_>, entry: &TableAt<'_>) -> Option<LockedRefusal> {
    reader.unknown_keys(entry.table, &["name", "source", "pin", "pattern", "why"]);
    let mut text = |key: &str| reader.required(entry, key).map(|text| text.value.to_owned());
    let (source, pattern, why) = (text("source"), text("pattern"), text("why"));
    let pin = reader.string(entry.table, "pin").map(|pin| pin.value.to_owned());
    Some(LockedRefusal { source: source?, pin, pattern: pattern?, why: why? })
}

fn optional<T: FromStr>(reader: &mut Reader<'_>, table: &dyn TableLike, key: &str) -> Option<T> {
    let text = reader.string(table, key)?;
    checked(reader, key, &text)
}

fn checked<T: FromStr>(reader: &mut Reader<'_>, key: &str, text: &Spanned<&str>) -> Option<T> {
    let value = text.value.parse().ok();
    if value.is_none() {
        let hint = "the lock is written by zskills; take it back from version control";
        reader.fault_with_hint(&text.at, format!("`{key}` is damaged"), hint);
    }
    value
}

/// Copies an entry that is missing.
fn keep<K: Ord + Clone, V: Clone>(new: &mut BTreeMap<K, V>, old: &BTreeMap<K, V>, key: &K) {
    if let Some(entry) = old.get(key) {
        new.entry(key.clone()).or_insert_with(|| entry.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::model::Digest;

    fn read(text: &str) -> Result<Lock, String> {
        parse(Path::new("skills.lock"), text).map_err(|fault| {
            let at = fault.at.map_or(String::new(), |at| format!("{}:{} ", at.line, at.column));
            format!("{at}{}", fault.message)
        })
    }

    #[test]
    fn a_lock_has_one_key_a_line_and_a_fixed_order() {
        let tree: TreeHash = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let commit: Commit = "a".repeat(40).parse().unwrap();
        let lock = Lock {
            marketplaces: BTreeMap::from([(
                "tools".parse().unwrap(),
                LockedMarketplace {
                    source: "o/r".into(),
                    pin: Some("v1".into()),
                    commit: Some(commit),
                    digest: None,
                },
            )]),
            plugins: BTreeMap::from([(
                "alpha@tools".parse().unwrap(),
                LockedPlugin {
                    version: "1.2.0".into(),
                    commit: None,
                    tree: tree.clone(),
                    pin: None,
                    package: None,
                    dependencies: vec!["b@tools".parse().unwrap(), "c@tools".parse().unwrap()],
                    powers: Some(Powers::from([
                        ("executable `x`".into(), Digest::of(b"x")),
                        ("hook \"A\"".into(), Digest::of(b"A")),
                    ])),
                },
            )]),
            skills: BTreeMap::from([(
                "pdf".parse().unwrap(),
                LockedSkill {
                    source: "o/s".into(),
                    pin: None,
                    pattern: None,
                    commit: None,
                    package: None,
                    tree,
                    powers: Some(Powers::new()),
                },
            )]),
            refused: BTreeMap::from([(
                "bad".to_owned(),
                LockedRefusal {
                    source: "o/s".into(),
                    pin: None,
                    pattern: "*".into(),
                    why: "hides text".into(),
                },
            )]),
            excluded: BTreeMap::from([(
                "o/s".to_owned(),
                ["docx", "xlsx"].map(|name| name.parse().unwrap()).into(),
            )]),
        };
        insta::assert_snapshot!(lock.render(), @r#"
        # Written by zskills. Commit it; `zskills upgrade` moves it forward.
        version = 1

        [[marketplaces]]
        name = "tools"
        source = "o/r"
        pin = "v1"
        commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

        [[plugins]]
        id = "alpha@tools"
        version = "1.2.0"
        tree = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
        dependencies = ["b@tools", "c@tools"]
        powers = [
          "2d711642b726b04401627ca9fbac32f5c8530fb1 executable `x`",
          "559aead08264d5795d3909718cdd05abd49572e8 hook \"A\"",
        ]

        [[agent_skills]]
        name = "pdf"
        source = "o/s"
        tree = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
        powers = []

        [[refused]]
        name = "bad"
        source = "o/s"
        pattern = "*"
        why = "hides text"

        [[excluded]]
        source = "o/s"
        names = [
          "docx",
          "xlsx",
        ]
        "#);
        assert_eq!(read(&lock.render()), Ok(lock));
    }

    #[test]
    fn a_lock_that_is_not_fully_understood_is_refused() {
        let check = |text: &str, expected: &str| {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        };
        let tree = format!("tree = \"sha256:{}\"\n", "0".repeat(64));
        check("", "`version` is missing");
        check("version = 2\n", "1:11 written by a newer zskills");
        check("version = 1\n[[plugin]]\n", "2:3 unknown key `plugin`");
        check("version = 1\n=======\n>>>>>>> theirs\n", "3:1 a merge left a conflict here");
        check("version = 1\n[[plugins]]\nid = \"a\"\n", "2:1 `version` is missing");
        check(
            "version = 1\n[[plugins]]\nid = \"a@m\"\nversion = \"1\"\ntree = \"sha1:0\"\n",
            "5:8 `tree` is damaged",
        );
        check(
            &format!("version = 1\n[[agent_skills]]\nname = \"../x\"\nsource = \"o/r\"\n{tree}"),
            "3:8 `name` is damaged",
        );
        let twice = format!("[[plugins]]\nid = \"a@m\"\nversion = \"1\"\n{tree}").repeat(2);
        check(&format!("version = 1\n{twice}"), "7:6 `a@m` is locked twice");
        check(
            &format!("version = 1\n[[plugins]]\nid = \"a\"\nversion = \"1\"\n{tree}"),
            "3:6 `id` is damaged",
        );
    }

    fn commits() -> impl Strategy<Value = Option<Commit>> {
        option::of("[0-9a-f]{40}".prop_map(|text| text.parse().unwrap()))
    }

    fn trees() -> impl Strategy<Value = TreeHash> {
        "[0-9a-f]{64}".prop_map(|text| format!("sha256:{text}").parse().unwrap())
    }

    fn digests() -> impl Strategy<Value = Digest> {
        any::<Vec<u8>>().prop_map(|bytes| Digest::of(&bytes))
    }

    fn ids() -> impl Strategy<Value = PluginId> {
        "[a-z0-9]{1,4}@[a-z]{1,4}".prop_map(|text| text.parse().unwrap())
    }

    prop_compose! {
        fn locked_marketplaces()(
            source in any::<String>(), pin in option::of(any::<String>()), commit in commits(),
            digest in option::of(trees()),
        ) -> LockedMarketplace {
            LockedMarketplace { source, pin, commit, digest }
        }
    }

    prop_compose! {
        fn locked_plugins()(
            version in any::<String>(), pin in option::of(any::<String>()), commit in commits(),
            tree in trees(), dependencies in vec(ids(), 0..3),
            powers in option::of(btree_map(any::<String>(), digests(), 0..3)),
        ) -> LockedPlugin {
            LockedPlugin { version, commit, tree, pin, package: None, dependencies, powers }
        }
    }

    prop_compose! {
        fn locked_skills()(
            source in any::<String>(), pin in option::of(any::<String>()), commit in commits(),
            pattern in option::of(any::<String>()), tree in trees(),
        ) -> LockedSkill {
            LockedSkill { source, pin, pattern, commit, package: None, tree, powers: None }
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            marketplaces in btree_map("[a-z]{1,4}".prop_map(|n| n.parse().unwrap()), locked_marketplaces(), 0..4),
            plugins in btree_map(ids(), locked_plugins(), 0..4),
            skills in btree_map("[a-z]{1,4}".prop_map(|n| n.parse().unwrap()), locked_skills(), 0..4),
        ) {
            let lock = Lock { marketplaces, plugins, skills, ..Lock::default() };
            let text = lock.render();
            let again = parse(Path::new("skills.lock"), &text).unwrap();
            prop_assert_eq!(again.render(), text);
            prop_assert_eq!(again, lock);
        }
    }
}
