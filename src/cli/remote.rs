//! Remote indexes beside the catalogs on disk: asking them, and keeping the list of them.

use std::collections::BTreeMap;

use anyhow::Result;

use super::agent_skills::install::Choice;
use crate::machine::env::Env;
use crate::machine::index::{self, Index, IndexError, IndexHit};
use crate::model::{Note, SkillName, Thing};
use crate::plan::{Line, Repair, Sign};

/// A skill and the index that knows it.
pub struct RemoteSkill {
    pub index: String,
    pub hit: IndexHit,
}

/// Returns what the registered indexes know about the words; one that fails is a note.
pub fn search(query: &str, limit: usize, env: &Env) -> (Vec<RemoteSkill>, Vec<Note>) {
    ask(env, |index| index.search(query, limit))
}

/// Returns where the registered indexes have the skill of a name.
///
/// # Errors
/// Several repositories have one: which of them is meant is not for an index to say.
pub fn find(name: &SkillName, env: &Env) -> Result<(Option<RemoteSkill>, Vec<Note>), Note> {
    let (mut found, notes) = ask(env, |index| index.source_of(name));
    found.sort_by(|a, b| (b.hit.installs, &a.hit.repo).cmp(&(a.hit.installs, &b.hit.repo)));
    found.dedup_by(|a, b| a.hit.repo.eq_ignore_ascii_case(&b.hit.repo));
    if found.len() < 2 {
        return Ok((found.pop(), notes));
    }
    let commands: Vec<String> = found
        .iter()
        .take(5)
        .map(|found| format!("`zskills install {} --skill {name}`", found.hit.repo))
        .collect();
    let text = format!("{} has a skill of that name from {} places", found[0].index, found.len());
    Err(Note::unmet(name.as_str(), text).hint(format!("say which: {}", commands.join(", "))))
}

fn ask(
    env: &Env,
    question: impl Fn(&dyn Index) -> Result<Vec<IndexHit>, IndexError>,
) -> (Vec<RemoteSkill>, Vec<Note>) {
    let indexes = match index::read(&env.roots) {
        Ok(indexes) => indexes.urls,
        Err(error) => return (Vec::new(), vec![Note::info("indexes.json", format!("{error:#}"))]),
    };
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for (name, url) in &indexes {
        match index::open(name, url, env).and_then(|index| question(index.as_ref())) {
            Ok(hits) => {
                found.extend(hits.into_iter().map(|hit| RemoteSkill { index: name.clone(), hit }));
            }
            Err(error) => notes.push(
                Note::info(name.as_str(), format!("the index was left out: {error}"))
                    .hint(error.hint()),
            ),
        }
    }
    (found, notes)
}

/// Returns each repository once, with the skills that are wanted of it.
pub fn by_repository(found: impl IntoIterator<Item = IndexHit>) -> Vec<(String, Choice)> {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for hit in found {
        wanted.entry(hit.repo).or_default().push(hit.name.to_string());
    }
    wanted.into_iter().map(|(repo, skills)| (repo, Choice { skills, all: false })).collect()
}

/// Returns the list of indexes as it is to be, with the lines that say so; nothing when it is so already.
pub fn change(
    env: &Env,
    edit: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<Option<Repair>> {
    let mut indexes = index::read(&env.roots)?;
    let before = indexes.urls.clone();
    edit(&mut indexes.urls);
    let after = &indexes.urls;
    let line = |sign, name: &String| {
        Line::of(sign, Thing::Marketplace { name: name.clone() }, "remote index")
    };
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    let added = added.map(|name| line(Sign::Add, name));
    let lines = added.chain(removed.map(|name| line(Sign::Remove, name))).collect();
    Ok((*after != before).then(|| Repair { file: indexes.own_file(), lines }))
}
