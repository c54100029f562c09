//! The skills that clients share: `.agents/skills`, with our inventory `.zskills.json` beside them.

pub mod inventory;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{
    ClientFile, Codec, Decoded, FileKind, FileProblem, Layout, Place, PluginLayout, ProblemKind,
    Variables,
};
use crate::formats::json::{self, Key};
use crate::model::{
    Change, Client, ClientHome, Diagnostic, Fact, Files, Item, Record, Roots, Scope, SkillName,
    SkillRecord, State,
};
use inventory::Inventory;

/// The codec of the inventories.
#[derive(Debug, Clone, Copy, Default)]
pub struct Agents;

/// The folder below a home or a project.
const FOLDER: &str = ".agents";

/// Returns the folder in which the skills of a scope live.
pub fn skills(roots: &Roots, scope: Scope) -> PathBuf {
    Agents.skills(roots, scope)
}

/// Returns the scopes that skills can have here: in the home itself the project is the user.
pub fn skill_scopes(roots: &Roots) -> Vec<Scope> {
    Agents.skill_scopes(roots)
}

/// Returns the fact that holds the record of a skill.
pub fn fact(roots: &Roots, name: &str, scope: Scope) -> Fact {
    Item::Skill { name: name.to_owned(), reach: roots.reach(scope) }.of(Client::Agents)
}

/// Returns where the inventory of a scope lies.
fn path(roots: &Roots, scope: Scope) -> PathBuf {
    skills(roots, scope).join(inventory::FILE)
}

impl Layout for Agents {
    fn files(&self, roots: &Roots) -> Vec<ClientFile> {
        let file = |scope| ClientFile::plain(path(roots, scope));
        self.skill_scopes(roots).into_iter().map(file).collect()
    }

    fn place(&self, roots: &Roots, item: &Item) -> Place {
        let thing = item.thing();
        Place::new(path(roots, thing.scope()), [inventory::SKILLS, thing.name()])
    }

    fn folder_name(&self) -> &'static str {
        FOLDER
    }

    fn skills(&self, roots: &Roots, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => roots.of(Client::Agents).dir.join("skills"),
            Scope::Project | Scope::Local => roots.project.join(FOLDER).join("skills"),
        }
    }

    fn plugins(&self) -> Option<&dyn PluginLayout> {
        None
    }
}

impl Codec for Agents {
    fn client(&self) -> Client {
        Client::Agents
    }

    fn variables(&self) -> &'static [&'static str] {
        &["AGENTS_HOME"]
    }

    fn home(&self, home: &Path, variables: &Variables) -> ClientHome {
        let dir = variables("AGENTS_HOME").unwrap_or_else(|| home.join(FOLDER));
        ClientHome {
            config: dir.join("skills").join(inventory::FILE),
            plugins: dir.join("plugins"),
            managed: Vec::new(),
            dir,
        }
    }

    fn layout(&self) -> &dyn Layout {
        self
    }

    fn decode(&self, roots: &Roots, files: &Files) -> Decoded {
        let mut decoded = Decoded::default();
        for scope in skill_scopes(roots) {
            let file = path(roots, scope);
            let Some(bytes) = files.get(&file) else { continue };
            let read = match json::text(&file, bytes) {
                Ok(text) => Inventory::parse(&file, text).map_err(|fault| *fault),
                Err(fault) => Err(fault),
            };
            match read {
                Ok(inventory) => decoded.state.extend(inventory.iter().map(|(name, record)| {
                    (fact(roots, name.as_str(), scope), Record::Skill(record))
                })),
                Err(diagnostic) => {
                    let kind = ProblemKind::Syntax(FileKind::Skills);
                    decoded.problems.push(FileProblem { diagnostic, kind });
                }
            }
        }
        decoded
    }

    fn encode(
        &self,
        roots: &Roots,
        files: &mut Files,
        changes: &[Change],
    ) -> Result<(), Diagnostic> {
        for scope in skill_scopes(roots) {
            let file = path(roots, scope);
            let own = |change: &&Change| matches!(&change.fact.item, Item::Skill { reach, .. } if *reach == roots.reach(scope));
            let own: Vec<&Change> = changes.iter().filter(own).collect();
            if own.is_empty() {
                continue;
            }
            let mut text = match files.get(&file) {
                Some(bytes) => json::text(&file, bytes)?.to_owned(),
                None => Inventory::default().to_text(),
            };
            Inventory::parse(&file, &text).map_err(|fault| *fault)?;
            for change in own {
                text = edited(&text, change).map_err(|error| {
                    Diagnostic::span(&file, &text, error.offset..error.offset, error.message)
                })?;
            }
            files.set(file, Some(text.into_bytes()));
        }
        Ok(())
    }
}

/// Returns the text with one entry set or removed; keys of the entry that are not ours stay.
fn edited(text: &str, change: &Change) -> Result<String, json::EditError> {
    let Item::Skill { name, .. } = &change.fact.item else { return Ok(text.to_owned()) };
    let entry = [Key::Name(inventory::SKILLS), Key::Name(name)];
    let Some(Record::Skill(record)) = &change.after else { return json::remove(text, &entry) };
    let old = match json::get(text, &entry) {
        Some(Value::Object(old)) => Some(old),
        _ => None,
    };
    let mut wanted = old.clone().unwrap_or_default();
    inventory::write(&mut wanted, record);
    let Some(old) = old else { return json::set(text, &entry, &Value::Object(wanted)) };
    let mut text = text.to_owned();
    for key in inventory::KEYS {
        let path = [entry[0], entry[1], Key::Name(key)];
        text = match wanted.get(key) {
            Some(value) if old.get(key) == Some(value) => text,
            Some(value) => json::set(&text, &path, value)?,
            None if old.contains_key(key) => json::remove(&text, &path)?,
            None => text,
        };
    }
    Ok(text)
}

/// Returns the record of a skill, if an inventory has one.
pub fn record<'s>(
    state: &'s State,
    roots: &Roots,
    name: &SkillName,
    scope: Scope,
) -> Option<&'s SkillRecord> {
    match state.get(&fact(roots, name.as_str(), scope)) {
        Some(Record::Skill(record)) => Some(record),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::model::SkillOrigin;

    fn roots() -> Roots {
        crate::clients::roots_below(Path::new("/h"), Path::new("/p"))
    }

    fn change(name: &str, before: Option<SkillRecord>, after: Option<SkillRecord>) -> Change {
        Change {
            fact: fact(&roots(), name, Scope::User),
            before: before.map(Record::Skill),
            after: after.map(Record::Skill),
        }
    }

    fn record(commit: char) -> SkillRecord {
        SkillRecord {
            source: SkillOrigin::Git("o/r".into()),
            installed_at: Some("2026-01-02T03:04:05.000Z".into()),
            commit: commit.to_string().repeat(40).parse().ok(),
            tree: None,
            path: None,
            pin: None,
            links: BTreeMap::new(),
        }
    }

    fn files(text: Option<&str>) -> Files {
        let file = PathBuf::from("/h/.agents/skills/.zskills.json");
        Files::from_iter([(file, text.map(|text| text.as_bytes().to_vec()))])
    }

    fn text(files: &Files) -> &str {
        let file = Path::new("/h/.agents/skills/.zskills.json");
        std::str::from_utf8(files.get(file).unwrap()).unwrap()
    }

    #[test]
    fn what_was_written_is_read_back_and_removed_again() {
        let mut have = files(None);
        Agents.encode(&roots(), &mut have, &[change("pdf", None, Some(record('a')))]).unwrap();
        let read = Agents.decode(&roots(), &have);
        assert_eq!(read.problems, []);
        assert_eq!(
            read.state.get(&fact(&roots(), "pdf", Scope::User)),
            Some(&Record::Skill(record('a')))
        );
        Agents.encode(&roots(), &mut have, &[change("pdf", Some(record('a')), None)]).unwrap();
        assert!(Agents.decode(&roots(), &have).state.is_empty());
    }

    #[test]
    fn keys_and_bytes_that_are_not_ours_stay() {
        let old = "{\"version\":1, \"by\": 1.10,\n\"agent_skills\":{\"pdf\":{\"source\":\"o/r\",\"x\":[1, 2],\n\
                   \"installed_at\":\"2026-01-02T03:04:05.000Z\",\"head_sha\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}}";
        let mut have = files(Some(old));
        let moved = change("pdf", Some(record('a')), Some(record('b')));
        Agents.encode(&roots(), &mut have, &[moved]).unwrap();
        assert_eq!(text(&have), old.replace(&"a".repeat(40), &"b".repeat(40)));
    }

    #[test]
    fn a_broken_inventory_is_a_problem_and_is_never_written() {
        for broken in ["", "{", "[]", "{\"version\": 9}"] {
            let mut have = files(Some(broken));
            assert_eq!(Agents.decode(&roots(), &have).problems.len(), 1, "{broken:?}");
            let add = change("pdf", None, Some(record('a')));
            assert!(Agents.encode(&roots(), &mut have, &[add]).is_err(), "{broken:?}");
            assert_eq!(text(&have), broken);
        }
    }
}
