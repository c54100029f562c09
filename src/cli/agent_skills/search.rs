//! Looking for words in the skills that are here, and in those that the sources of the manifest also have.

use std::collections::BTreeMap;
use std::path::Path;

use crate::clients::agents;
use crate::content::catalog::{Query, Rank};
use crate::flow::gather;
use crate::flow::{Declared, manifest, observe};
use crate::machine::env::Env;
use crate::machine::store::disk;
use crate::machine::terminal::{Bars, Ui};
use crate::model::{SkillSource, Source, State, WantedSkill};
use crate::resolve;

/// A skill that fits.
pub struct Hit {
    pub rank: Rank,
    pub name: String,
    pub description: String,
    /// As the manifest or the inventory has it; `unmanaged` for what somebody else put there.
    pub source: String,
    /// `owner/repo` on GitHub, where it is from there.
    pub repo: Option<String>,
    pub is_installed: bool,
}

/// Returns the skills that fit, at most `limit` of each source, the best first. Nothing is fetched.
pub fn search(query: &Query, limit: usize, env: &Env, ui: Ui) -> Vec<Hit> {
    search_in(None, query, limit, env, ui)
}

/// The same with the sources of a manifest that `--file` names.
pub fn search_in(file: Option<&Path>, query: &Query, limit: usize, env: &Env, ui: Ui) -> Vec<Hit> {
    // A manifest that cannot be read has no say in a search; `sync` and `doctor` complain of it.
    let declared = manifest::declared_or_none(file, env).ok();
    let mut hits = BTreeMap::new();
    for hit in installed(query, env, declared.as_ref()) {
        hits.insert((hit.source.clone(), hit.name.clone()), hit);
    }
    for hit in declared.iter().flat_map(|declared| cached(query, declared, env, ui)) {
        hits.entry((hit.source.clone(), hit.name.clone())).or_insert(hit);
    }
    let mut hits: Vec<Hit> = hits.into_values().collect();
    hits.sort_by(|a, b| (a.rank, &a.name, &a.source).cmp(&(b.rank, &b.name, &b.source)));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    hits.retain(|hit| {
        let count = seen.entry(hit.source.clone()).or_default();
        *count += 1;
        *count <= limit
    });
    hits
}

/// What stands in the folders of skills.
fn installed(query: &Query, env: &Env, declared: Option<&Declared>) -> Vec<Hit> {
    let mut found = Vec::new();
    for scope in agents::skill_scopes(&env.roots) {
        let folder = agents::skills(&env.roots, scope);
        for path in disk::folders(&folder) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(description) = gather::description(&path) else { continue };
            if let Some(rank) = query.rank(name, &[], &description) {
                found.push((scope, name.to_owned(), description, rank));
            }
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let state = observe::state(&env.roots).unwrap_or_default();
    let hit = |(scope, name, description, rank): (_, String, _, _)| {
        let locked = declared.and_then(|declared| {
            let mut locked = declared.lock.skills.iter();
            locked.find(|(other, _)| other.as_str() == name).map(|(_, entry)| entry.source.clone())
        });
        let source = locked.or_else(|| recorded(&state, &name, scope));
        Hit {
            rank,
            description,
            repo: source.as_deref().and_then(|source| repo(source, declared)),
            source: source.unwrap_or_else(|| "unmanaged".to_owned()),
            name,
            is_installed: true,
        }
    };
    found.into_iter().map(hit).collect()
}

fn recorded(state: &State, name: &str, scope: crate::model::Scope) -> Option<String> {
    let mut skills = state.skills();
    let row = skills.find(|row| row.name == name && row.reach.scope() == scope);
    row.map(|row| row.record.source.to_string())
}

/// What the checkouts in our cache have that the lock of the manifest stands on.
fn cached(query: &Query, declared: &Declared, env: &Env, ui: Ui) -> Vec<Hit> {
    if declared.intent.agent_skills.is_empty() {
        return Vec::new();
    }
    let bars = Bars::new(ui);
    let fetch = crate::flow::converge::fetch_options(true, env, &bars);
    let mut hits = Vec::new();
    for want in &declared.intent.agent_skills {
        let Some(wanted) = resolve::survey_locked(want, &declared.lock) else { continue };
        let Ok(at) = gather::skills_of(&wanted, &fetch) else { continue };
        let source = want.written.clone().unwrap_or_default();
        hits.extend(at.names.into_iter().filter_map(|(name, description)| {
            let description = description.unwrap_or_default();
            Some(Hit {
                rank: query.rank(name.as_str(), &[], &description)?,
                name: name.to_string(),
                description,
                source: source.clone(),
                repo: repo_of(want),
                is_installed: false,
            })
        }));
    }
    hits
}

fn repo(source: &str, declared: Option<&Declared>) -> Option<String> {
    let wanted = declared?.intent.agent_skills.iter();
    wanted.filter(|want| want.written.as_deref() == Some(source)).find_map(repo_of)
}

fn repo_of(want: &WantedSkill) -> Option<String> {
    match &want.source {
        Some(SkillSource::Tree { source: Source::GitHub { repo, .. }, .. }) => Some(repo.clone()),
        _ => None,
    }
}
