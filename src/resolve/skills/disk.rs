//! Whose the folder of a skill is, and whether it may be replaced.

use super::{Resolver, Stop};
use crate::clients::agents;
use crate::model::{SkillName, SkillOrigin, SkillRecord, TreeHash, WantedSkill};
use crate::resolve::Shelved;

/// What stands where a skill is to be.
pub(super) enum Disk<'a> {
    Absent,
    /// The wanted bytes, whoever put them there.
    Same,
    /// Ours, and as we left it.
    Ours,
    /// Ours, with edits made here.
    Edited(&'a SkillRecord),
}

impl<'a> Resolver<'a> {
    /// Looks at the folder of a skill. One that somebody else put there is never replaced.
    pub(super) fn disk(
        &self,
        want: &WantedSkill,
        name: &SkillName,
        wanted: Option<&TreeHash>,
    ) -> Result<Disk<'a>, Stop> {
        let Some(shelved) = self.shelved(name, want.scope) else {
            return Ok(Disk::Absent);
        };
        let record = self.record_of(name, want.scope);
        match (shelved, record) {
            (Shelved::Folder { tree: Some(tree), is_clone: false, .. }, _)
                if Some(tree) == wanted =>
            {
                Ok(Disk::Same)
            }
            (Shelved::Other, _) | (_, None) => Err(self.foreign(want, name)),
            (_, Some(record)) if record.source == SkillOrigin::Local => {
                Err(self.foreign(want, name))
            }
            (Shelved::Folder { tree, .. }, Some(record)) => {
                let untouched = record.tree.is_none() || (tree.is_some() && *tree == record.tree);
                if untouched || self.discards(name) {
                    Ok(Disk::Ours)
                } else {
                    Ok(Disk::Edited(record))
                }
            }
        }
    }

    fn foreign(&self, want: &WantedSkill, name: &SkillName) -> Stop {
        let place = agents::skills(self.question.roots, want.scope).join(name.as_str());
        let theirs = self.question.observed.provenance.get(&(want.scope, name.to_string()));
        let local = self.record_of(name, want.scope).map(|record| &record.source);
        let from = match (local, theirs) {
            (Some(SkillOrigin::Local), _) => "tracked as local".to_owned(),
            (_, Some(theirs)) => format!("by another installer from `{}`", theirs.source),
            (_, None) => "from an unknown source".to_owned(),
        };
        Stop::unmet_hint(
            format!(
                "`{}` is there already, {from}; the manifest wants it from `{}`",
                place.display(),
                super::origin(want.source.as_ref())
            ),
            "zskills never replaces what it did not put there: move the folder away, then sync",
        )
    }
}
