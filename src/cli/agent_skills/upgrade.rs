//! Which skills move to the newest of their sources.

use anyhow::{Result, bail};

use crate::flow::Declared;
use crate::model::{SkillName, did_you_mean};

/// Returns the skills that names and sources mean.
pub fn moving(names: &[String], declared: &Declared) -> Result<Vec<String>> {
    let mut moving = Vec::new();
    for name in names {
        let of_source: Vec<String> = declared
            .lock
            .skills
            .iter()
            .filter(|(_, entry)| entry.source == *name)
            .map(|(skill, _)| skill.to_string())
            .collect();
        let wanted = declared.intent.agent_skills.iter().flat_map(|want| &want.names);
        let known: Vec<&str> = declared
            .lock
            .skills
            .keys()
            .map(SkillName::as_str)
            .chain(wanted.map(String::as_str))
            .collect();
        if known.contains(&name.as_str()) {
            moving.push(name.clone());
        } else if of_source.is_empty() {
            let hint = did_you_mean(name, known).map(|near| format!("did you mean `{near}`?"));
            let hint = hint.unwrap_or_else(|| "`zskills list` shows what there is".to_owned());
            bail!("the manifest asks for no skill `{name}`\nhint: {hint}");
        } else {
            moving.extend(of_source);
        }
    }
    Ok(moving)
}
