//! `.zskills.json` beside the installed skills: what we put there and where it came from.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::formats::json;
use crate::model::{Client, Diagnostic, SkillName};
pub use crate::model::{LinkKind as Link, SkillOrigin as SkillSource, SkillRecord as Installed};

/// The key of the records.
pub const SKILLS: &str = "agent_skills";

/// The file's name below a skills root.
pub const FILE: &str = ".zskills.json";

/// The file as found. Keys that we do not know, and the order of all keys, survive edits.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    document: Map<String, Value>,
}

impl Default for Inventory {
    fn default() -> Self {
        let Value::Object(document) = json!({"version": 1, "agent_skills": {}}) else {
            return Self { document: Map::new() };
        };
        Self { document }
    }
}

impl Inventory {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Anything that is not an inventory of version 1, with its place. An empty text is not an empty inventory.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Box<Diagnostic>> {
        let hint = "repair the file, or remove it to let `zskills doctor` rebuild it";
        let whole = |message: &str| Box::new(Diagnostic::whole(file, message).hint(hint));
        let document =
            json::object(file, text).map_err(|diagnostic| Box::new(diagnostic.hint(hint)))?;
        match document.get("version").map(Value::as_u64) {
            None | Some(Some(1)) => {}
            Some(Some(newer)) => {
                let message = format!("has version {newer}, which this zskills does not know");
                return Err(Box::new(Diagnostic::whole(file, message).hint("upgrade zskills")));
            }
            Some(None) => return Err(whole("`version` is not a number")),
        }
        match document.get("agent_skills") {
            None | Some(Value::Object(_)) => {}
            Some(_) => return Err(whole("`agent_skills` is not an object")),
        }
        let inventory = Self { document };
        for (name, entry) in inventory.entries() {
            read(name, entry).map_err(|problem| {
                let shown = name.escape_debug();
                whole(&format!("`agent_skills` entry `{shown}` {problem}"))
            })?;
        }
        Ok(inventory)
    }

    /// Returns the installed skills in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (SkillName, Installed)> {
        self.entries().filter_map(|(name, entry)| read(name, entry).ok())
    }

    pub fn get(&self, name: &SkillName) -> Option<Installed> {
        let (key, entry) = self.entries().find(|(key, _)| *key == name.as_str())?;
        read(key, entry).ok().map(|(_, installed)| installed)
    }

    /// Adds or changes a skill; keys of its entry that we do not know stay.
    pub fn set(&mut self, name: &SkillName, installed: &Installed) {
        let skills = self.document.entry("agent_skills").or_insert_with(|| json!({}));
        let Value::Object(skills) = skills else { return };
        let entry = skills.entry(name.as_str()).or_insert_with(|| json!({}));
        if let Value::Object(entry) = entry {
            write(entry, installed);
        }
    }

    pub fn remove(&mut self, name: &SkillName) {
        if let Some(Value::Object(skills)) = self.document.get_mut("agent_skills") {
            skills.shift_remove(name.as_str());
        }
    }

    /// Returns the file's text: two spaces, a line end at the end.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", Value::Object(self.document.clone()))
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        let skills = self.document.get("agent_skills").and_then(Value::as_object);
        skills.into_iter().flatten().map(|(name, entry)| (name.as_str(), entry))
    }
}

/// Reads one entry; the error ends a sentence about it.
fn read(name: &str, entry: &Value) -> Result<(SkillName, Installed), String> {
    let name = name.parse().map_err(|error| format!("is not a name: it {error}"))?;
    let entry = entry.as_object().ok_or("is not an object")?;
    let text = |key: &str| match entry.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("has a `{key}` that is not a text")),
    };
    let source = text("source")?.ok_or("has no `source`")?;
    Ok((
        name,
        Installed {
            source: source.parse().map_err(|()| "has an empty `source`")?,
            installed_at: text("installed_at")?,
            commit: typed("head_sha", text("head_sha")?)?,
            tree: typed("tree", text("tree")?)?,
            path: text("path")?,
            pin: text("pin")?,
            links: links(entry, text("link")?)?,
        },
    ))
}

/// Reads how each client reaches a skill. Inventories used to say it of one client alone, in `link`.
fn links(
    entry: &Map<String, Value>,
    one: Option<String>,
) -> Result<BTreeMap<Client, Link>, String> {
    let Some(links) = entry.get(LINKS) else {
        let one = typed("link", one)?;
        return Ok(one.map(|link| (Client::TARGET, link)).into_iter().collect());
    };
    let links = links.as_object().ok_or("has `links` that are not an object")?;
    let link = |client: Client| {
        let text = links.get(client.id())?.as_str().unwrap_or("?").to_owned();
        typed(LINKS, Some(text)).map(|link| Some((client, link?))).transpose()
    };
    Client::ALL.into_iter().filter_map(link).collect()
}

fn typed<T: FromStr<Err = ()>>(key: &str, text: Option<String>) -> Result<Option<T>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let shown = text.escape_debug();
    text.parse().map(Some).map_err(|()| format!("has the `{key}` `{shown}`, which is none"))
}

/// The keys of an entry that are ours.
pub const KEYS: [&str; 8] =
    ["source", "installed_at", "head_sha", "tree", "path", "pin", "link", LINKS];

const LINKS: &str = "links";

/// Sets the keys that are ours in the entry of a skill; links of clients that we do not know stay.
pub fn write(entry: &mut Map<String, Value>, installed: &Installed) {
    let texts = [
        ("source", Some(installed.source.to_string())),
        ("installed_at", installed.installed_at.clone()),
        ("head_sha", installed.commit.as_ref().map(ToString::to_string)),
        ("tree", installed.tree.as_ref().map(ToString::to_string)),
        ("path", installed.path.clone()),
        ("pin", installed.pin.clone()),
        ("link", None),
    ];
    for (key, text) in texts {
        match text {
            Some(text) => drop(entry.insert(key.to_owned(), Value::String(text))),
            None => drop(entry.shift_remove(key)),
        }
    }
    let mut links = match entry.shift_remove(LINKS) {
        Some(Value::Object(links)) => links,
        _ => Map::new(),
    };
    for client in Client::ALL {
        match installed.links.get(&client) {
            Some(link) => drop(links.insert(client.id().to_owned(), json!(link.as_str()))),
            None => drop(links.shift_remove(client.id())),
        }
    }
    if !links.is_empty() {
        entry.insert(LINKS.to_owned(), Value::Object(links));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Position;

    const TEXT: &str = r#"{
  "version": 1,
  "note": "mine",
  "agent_skills": {
    "zeta": {
      "source": "o/r",
      "stars": 1.10,
      "installed_at": "2026-01-02T03:04:05Z",
      "head_sha": "0123456789012345678901234567890123456789"
    },
    "alpha": {
      "source": "npm:@o/pkg"
    }
  }
}
"#;

    fn parse(text: &str) -> Result<Inventory, Box<Diagnostic>> {
        Inventory::parse(Path::new(FILE), text)
    }

    fn installed() -> Installed {
        Installed {
            source: SkillSource::Git("o/r".to_owned()),
            installed_at: Some("2026-01-02T03:04:05Z".to_owned()),
            commit: "0".repeat(40).parse().ok(),
            tree: format!("sha256:{}", "a".repeat(64)).parse().ok(),
            path: Some("skills/pdf".to_owned()),
            pin: Some("v1".to_owned()),
            links: BTreeMap::from([(Client::Claude, Link::Copy)]),
        }
    }

    #[test]
    fn what_is_not_edited_stays_as_it_was() {
        let mut inventory = parse(TEXT).unwrap();
        assert_eq!(inventory.to_text(), TEXT);
        for (name, installed) in parse(TEXT).unwrap().iter() {
            inventory.set(&name, &installed);
        }
        assert_eq!(inventory.to_text(), TEXT);
    }

    #[test]
    fn a_skill_is_read_as_it_was_written() {
        let mut inventory = Inventory::default();
        let name: SkillName = "pdf".parse().unwrap();
        let installed = installed();
        inventory.set(&name, &installed);
        let read = parse(&inventory.to_text()).unwrap();
        assert_eq!(read.get(&name), Some(installed));
        inventory.remove(&name);
        assert_eq!(inventory, Inventory::default());
    }

    #[test]
    fn links_are_of_clients_and_those_of_unknown_clients_stay() {
        let links = |keys: &str| {
            let text = format!(r#"{{"agent_skills": {{"pdf": {{"source": "o/r"{keys}}}}}}}"#);
            let inventory = parse(&text).map_err(|fault| fault.message);
            inventory.map(|inventory| inventory.get(&"pdf".parse().unwrap()).unwrap().links)
        };
        let claude = |link| BTreeMap::from([(Client::Claude, link)]);
        assert_eq!(links(""), Ok(BTreeMap::new()));
        assert_eq!(links(r#", "link": "symlink""#), Ok(claude(Link::Symlink)));
        let both = r#", "links": {"claude-code": "copy", "other": 1}"#;
        assert_eq!(links(both), Ok(claude(Link::Copy)));
        for broken in [r#", "link": "x""#, r#", "links": []"#, r#", "links": {"claude-code": 1}"#] {
            assert!(links(broken).is_err(), "{broken}");
        }
        let written = |links| {
            let mut entry = json!({"source": "o/r", "links": {"claude-code": "copy", "other": 1}});
            let record = Installed { links, ..installed() };
            write(entry.as_object_mut().unwrap(), &record);
            entry["links"].clone()
        };
        assert_eq!(written(BTreeMap::new()), json!({"other": 1}));
        let symlink = claude(Link::Symlink);
        assert_eq!(written(symlink), json!({"other": 1, "claude-code": "symlink"}));
    }

    #[test]
    fn sources_are_typed_by_their_prefix() {
        let check = |text: &str, expected: SkillSource| {
            assert_eq!(text.parse(), Ok(expected));
            assert_eq!(text.parse::<SkillSource>().unwrap().to_string(), text);
        };
        check("o/r", SkillSource::Git("o/r".to_owned()));
        check("https://x.y/z", SkillSource::Git("https://x.y/z".to_owned()));
        check("git@x.y:z", SkillSource::Git("git@x.y:z".to_owned()));
        check("npm:@o/p", SkillSource::Npm("@o/p".to_owned()));
        check("local", SkillSource::Local);
        check("wellknown:x.y", SkillSource::WellKnown("x.y".to_owned()));
        assert!("".parse::<SkillSource>().is_err() && "npm:".parse::<SkillSource>().is_err());
    }

    #[test]
    fn a_damaged_inventory_is_never_an_empty_one() {
        let error = parse("{\n  \"version\": 1,\n  oops\n}").unwrap_err();
        assert_eq!(error.at, Some(Position { line: 3, column: 3 }));
        for text in [
            "",
            "[]",
            "null",
            r#"{"version": 2}"#,
            r#"{"version": "1"}"#,
            r#"{"version": 1, "agent_skills": []}"#,
            r#"{"version": 1, "agent_skills": {"a": 1}}"#,
            r#"{"version": 1, "agent_skills": {"a": {}}}"#,
            r#"{"version": 1, "agent_skills": {"../a": {"source": "o/r"}}}"#,
            r#"{"version": 1, "agent_skills": {"a": {"source": "o/r", "head_sha": "main"}}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
