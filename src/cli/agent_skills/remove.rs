//! Takes skills out of the manifest and off the machine.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::clients::agents;
use crate::declared::manifest::edit::{self, Target};
use crate::flow::Declared;
use crate::model::{Faults, Roots, Thing, WantedSkill, did_you_mean};
use crate::resolve::matches_any;

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
    if skills.iter().any(|want| want.names.iter().any(|wanted| wanted == name)) {
        return Ok(edit::remove_skill(file, text, name).map_err(Faults::from)?);
    }
    let Some(locked) = declared.lock.skills.iter().find(|(locked, _)| locked.as_str() == name)
    else {
        let known = names(declared);
        let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`zskills list` shows what there is".to_owned(),
        };
        bail!("the manifest asks for no skill `{name}`\nhint: {hint}");
    };
    let source = &locked.1.source;
    let entries: Vec<&WantedSkill> =
        skills.iter().filter(|want| want.written.as_ref() == Some(source)).collect();
    match entries.as_slice() {
        // All of a source but this one is the others by name.
        [want] if want.names.is_empty() => {
            let others: toml_edit::Array = declared
                .lock
                .skills
                .iter()
                .filter(|(other, entry)| entry.source == *source && other.as_str() != name)
                .map(|(other, _)| other.as_str())
                .collect();
            if others.is_empty() {
                let target = Target::SkillSource(source);
                return Ok(edit::remove(file, text, target).map_err(Faults::from)?);
            }
            let value = toml_edit::Value::from(others);
            let target = Target::SkillSource(source);
            Ok(edit::set(file, text, target, "names", Some(&value)).map_err(Faults::from)?)
        }
        _ => {
            let brings = entries.iter().find(|want| matches_any(&want.names, name));
            let line = brings.map(|want| format!(" on line {}", want.at.line)).unwrap_or_default();
            bail!(
                "`{name}` comes with a pattern{line} of `{}`\nhint: change the pattern there, then sync",
                file.display()
            )
        }
    }
}
