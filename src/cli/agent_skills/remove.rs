//! Takes skills out of the manifest and off the machine.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::clients::agents;
use crate::declared::lock::LockedSkill;
use crate::declared::manifest::edit::{self, Target};
use crate::flow::Declared;
use crate::model::{Faults, Roots, SkillName, Thing, WantedSkill, did_you_mean};

/// Returns what is declared without some skills, or all of some sources.
pub fn without_all(mut declared: Declared, names: &[String], roots: &Roots) -> Result<Declared> {
    for name in names {
        let text = without(&declared, name)?;
        declared = declared.with_text(text, roots)?;
    }
    Ok(declared)
}

/// Tells whether a manifest asks for a skill, by its name or with all of its source.
pub fn knows(declared: &Declared, name: &str) -> bool {
    names(declared).contains(name)
        || declared.intent.agent_skills.iter().any(|want| want.written.as_deref() == Some(name))
}

/// Returns the skills that the manifest and the lock name.
pub fn names(declared: &Declared) -> BTreeSet<String> {
    let wanted = declared.intent.agent_skills.iter().flat_map(|want| want.names.iter().cloned());
    wanted.chain(declared.lock.skills.keys().map(ToString::to_string)).collect()
}

/// Returns the things that some names are here: skills, or all skills of a source.
pub fn things(names: &[String], declared: &Declared, roots: &Roots) -> BTreeSet<Thing> {
    let of_source = |name: &String| {
        let rows = declared.lock.skills.iter().filter(move |(_, row)| row.source == *name);
        rows.map(|(skill, _)| skill.to_string()).collect::<Vec<_>>()
    };
    let all = names.iter().flat_map(|name| of_source(name).into_iter().chain([name.clone()]));
    let scopes = agents::skill_scopes(roots);
    all.flat_map(|name| {
        scopes
            .iter()
            .map(|scope| agents::fact(roots, &name, *scope).item.thing())
            .collect::<Vec<_>>()
    })
    .collect()
}

/// Returns the manifest's text without a skill.
fn without(declared: &Declared, name: &str) -> Result<String> {
    let (file, text) = (&declared.intent.manifest, declared.text.as_deref().unwrap_or_default());
    let skills = &declared.intent.agent_skills;
    if skills.iter().any(|want| want.written.as_deref() == Some(name)) {
        return Ok(edit::remove(file, text, Target::SkillSource(name)).map_err(Faults::from)?);
    }
    let mut text = text.to_owned();
    let is_named = skills.iter().any(|want| want.names.iter().any(|wanted| wanted == name));
    if is_named {
        text = edit::remove_skill(file, &text, name).map_err(Faults::from)?;
    }
    let locked = declared.lock.skills.iter().find(|(locked, _)| locked.as_str() == name);
    let swept = locked.filter(|(_, locked)| {
        let from = |want: &&WantedSkill| want.written.as_ref() == Some(&locked.source);
        skills.iter().filter(from).any(|want| want.sweeps_in(name))
    });
    match swept {
        Some((_, locked)) if is_last(declared, name, &locked.source) => {
            let target = Target::SkillSource(&locked.source);
            Ok(edit::remove(file, &text, target).map_err(Faults::from)?)
        }
        Some((_, locked)) => {
            Ok(edit::exclude(file, &text, &locked.source, name).map_err(Faults::from)?)
        }
        None if is_named => Ok(text),
        None => {
            let known = names(declared);
            let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`zskills list` shows what there is".to_owned(),
            };
            bail!("the manifest asks for no skill `{name}`\nhint: {hint}")
        }
    }
}

/// Tells whether a source that is wanted as a whole, in one entry, brings nothing but one skill.
fn is_last(declared: &Declared, name: &str, source: &str) -> bool {
    let of_source = |want: &&WantedSkill| want.written.as_deref() == Some(source);
    let mut entries = declared.intent.agent_skills.iter().filter(of_source);
    let is_whole = entries.next().is_some_and(|want| want.names.is_empty());
    let others = |(other, entry): (&SkillName, &LockedSkill)| {
        entry.source == source && other.as_str() != name
    };
    is_whole && entries.next().is_none() && !declared.lock.skills.iter().any(others)
}
