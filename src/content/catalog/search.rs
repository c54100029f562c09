//! Looking for words in catalogs: names before descriptions, whole words before parts of them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::Entry;
use crate::model::PluginName;

/// What somebody looks for: words that all have to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
    whole: String,
}

/// How well something fits; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(usize);

/// A plugin of a catalog, or a skill that one of its plugins names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub rank: Rank,
    pub kind: Kind,
    pub name: String,
    pub description: String,
    /// The plugin to install.
    pub plugin: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plugin,
    Skill,
}

impl Query {
    pub fn new(text: &str) -> Self {
        let whole = text.trim().to_lowercase();
        let words = whole.split_whitespace().map(str::to_owned).collect();
        Self { words, whole: whole.replace(' ', "-") }
    }

    /// Tells whether the text of a catalog can hold a hit at all: what has none need not be parsed.
    pub fn may_be_in(&self, bytes: &[u8]) -> bool {
        // An escape may stand for any letter, and so may letters beyond ASCII in another case.
        let plain = |word: &String| word.is_ascii();
        !self.words.iter().all(plain)
            || memmem(bytes, b"\\u")
            || self.words.iter().all(|word| contains(bytes, word.as_bytes()))
    }

    /// Returns how well a name and the texts about it fit, if they do.
    pub fn rank(&self, name: &str, tags: &[&str], description: &str) -> Option<Rank> {
        let name = name.to_lowercase();
        if name == self.whole {
            return Some(Rank(0));
        }
        let description = description.to_lowercase();
        let one = |word: &String| {
            if words(&name).any(|part| part == word) {
                Some(1)
            } else if name.contains(word.as_str()) {
                Some(2)
            } else if tags.iter().any(|tag| words(&tag.to_lowercase()).any(|part| part == word)) {
                Some(3)
            } else if words(&description).any(|part| part == word) {
                Some(4)
            } else {
                description.contains(word.as_str()).then_some(5)
            }
        };
        self.words.iter().map(one).sum::<Option<usize>>().map(Rank)
    }
}

/// Returns the hits in the text of a catalog, the best first; a catalog that cannot be read has none.
pub fn search(query: &Query, file: &Path, bytes: &[u8]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = match serde_json::from_slice::<Shelf>(bytes) {
        Ok(shelf) => shelf.entries().flat_map(|entry| of_entry(query, entry)).collect(),
        // What does not have the usual shape is read with all the care that it needs.
        Err(_) => match super::parse(file, bytes) {
            Ok(catalog) => {
                catalog.entries.iter().flat_map(|entry| of_entry(query, &card(entry))).collect()
            }
            Err(_) => Vec::new(),
        },
    };
    hits.sort_by(|a, b| (a.rank, &a.name).cmp(&(b.rank, &b.name)));
    hits
}

/// A catalog as far as a search looks at it.
#[derive(Deserialize)]
struct Shelf<'a> {
    #[serde(borrow)]
    plugins: Vec<Card<'a>>,
}

#[derive(Deserialize)]
struct Card<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    description: Cow<'a, str>,
    #[serde(borrow, default)]
    category: Cow<'a, str>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    skills: Vec<String>,
}

impl<'a> Shelf<'a> {
    /// Returns the entries that have a usable name, each name once.
    fn entries(&self) -> impl Iterator<Item = &Card<'a>> {
        let mut seen = BTreeSet::new();
        self.plugins
            .iter()
            .filter(move |card| card.name.parse::<PluginName>().is_ok() && seen.insert(&card.name))
    }
}

fn card(entry: &Entry) -> Card<'_> {
    let listed = entry.raw.get("skills").and_then(serde_json::Value::as_array);
    let paths = listed.into_iter().flatten().filter_map(serde_json::Value::as_str);
    Card {
        name: entry.name.as_str().into(),
        description: entry.description.as_deref().unwrap_or_default().into(),
        category: entry.category.as_deref().unwrap_or_default().into(),
        keywords: entry.keywords.clone(),
        skills: paths.map(str::to_owned).collect(),
    }
}

fn of_entry(query: &Query, card: &Card) -> Vec<Hit> {
    let tags: Vec<&str> =
        card.keywords.iter().map(String::as_str).chain([card.category.as_ref()]).collect();
    let hit = |kind, name: &str, rank| Hit {
        rank,
        kind,
        name: name.to_owned(),
        description: card.description.to_string(),
        plugin: card.name.to_string(),
    };
    let plugin = query
        .rank(&card.name, &tags, &card.description)
        .map(|rank| hit(Kind::Plugin, &card.name, rank));
    // An entry lists skills by path.
    let skills =
        card.skills.iter().filter_map(|path| path.trim_end_matches('/').rsplit('/').next());
    let skills = skills.filter(|skill| *skill != card.name).filter_map(|skill| {
        let rank = query.rank(skill, &[], "")?;
        Some(hit(Kind::Skill, skill, rank))
    });
    plugin.into_iter().chain(skills).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len().max(1)).any(|part| part.eq_ignore_ascii_case(word))
}

fn memmem(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_before_descriptions_and_words_before_parts() {
        let check = |query: &str, name: &str, about: &str, expected: Option<usize>| {
            let rank = Query::new(query).rank(name, &["office"], about);
            assert_eq!(rank, expected.map(Rank), "{query} {name}");
        };
        check("pdf", "pdf", "", Some(0));
        check("PDF tools", "pdf-tools", "", Some(0));
        check("pdf", "my-pdf", "", Some(1));
        check("pdf", "pdfium", "", Some(2));
        check("office", "x", "", Some(3));
        check("pdf", "x", "Reads PDF files", Some(4));
        check("pdf", "x", "Reads PDFs", Some(5));
        check("pdf read", "my-pdf", "Reads it", Some(6));
        check("pdf sing", "my-pdf", "Reads it", None);
    }

    #[test]
    fn a_catalog_without_the_words_is_not_read() {
        let check = |query: &str, text: &str, expected: bool| {
            assert_eq!(Query::new(query).may_be_in(text.as_bytes()), expected, "{query} {text}");
        };
        check("pdf", "{\"name\":\"PDF-tools\"}", true);
        check("pdf", "{\"name\":\"word\"}", false);
        check("pdf word", "{\"name\":\"pdf\"}", false);
        check("pdf", "{\"name\":\"\\u0070df\"}", true);
        check("größe", "{}", true);
    }
}
