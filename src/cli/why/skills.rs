//! Why a skill is here: the entry that asks for it, its record, its folder, and how each client reaches it.

use super::{Case, Reason, Says};
use crate::clients::{self, agents};
use crate::flow::observe;
use crate::model::{Record, Scope, WantedSkill, redact_url};
use crate::resolve::{AtClient, Shelved};

impl Case<'_> {
    /// Returns the reason for the skill of each scope, and for those that plugins bring.
    pub(super) fn skills(&self) -> Vec<Reason> {
        let own =
            agents::skill_scopes(self.roots).into_iter().filter_map(|scope| self.skill(scope));
        let plugins = observe::plugin_skills(&self.snapshot.observed.state, self.roots);
        let brought = plugins.into_iter().filter(|(name, _)| name == self.name);
        let brought = brought.map(|(_, (plugin, folder))| Reason {
            kind: "agent skill",
            name: self.name.to_owned(),
            headline: format!("brought by the plugin `{plugin}`"),
            places: vec![Says {
                file: folder,
                at: None,
                text: format!("`zskills why {plugin}` says why the plugin is here"),
                decides: true,
            }],
        });
        own.chain(brought).collect()
    }

    fn skill(&self, scope: Scope) -> Option<Reason> {
        let stand = self.snapshot.observed.shelves.get(&scope)?;
        let fact = agents::fact(self.roots, self.name, scope);
        let record = match self.snapshot.observed.state.get(&fact) {
            Some(Record::Skill(record)) => Some(record),
            _ => None,
        };
        let on_disk = stand.skills.get(self.name);
        let wishes = self.skill_wishes(scope);
        if record.is_none() && on_disk.is_none() && wishes.is_empty() {
            return None;
        }
        let is_there = matches!(on_disk, Some(Shelved::Folder { is_skill: true, .. }));
        let headline = match (record, is_there) {
            (Some(record), true) => {
                format!("installed from `{}`", redact_url(&record.source.to_string()))
            }
            (Some(_), false) => "recorded, but its folder is not there".to_owned(),
            (None, true) => "on disk, but not managed".to_owned(),
            (None, false) => "not installed".to_owned(),
        };
        let mut places = wishes;
        if let Some(record) = record {
            let at = record.commit.as_ref().map(|commit| format!(" at {}", commit.short()));
            let text = format!("recorded in {scope} scope{}", at.unwrap_or_default());
            places.push(self.place(&clients::place(self.roots, &fact), text, false));
        }
        let disk =
            |file, text: &str| Says { file, at: None, text: text.to_owned(), decides: false };
        if on_disk.is_some() {
            places.push(disk(stand.folder.join(self.name), "the folder"));
        }
        places.extend(stand.clients.iter().map(|(client, at)| {
            let reached = match at.skills.get(self.name) {
                Some(AtClient::Linked) => format!("{client} reads it through this link"),
                Some(AtClient::Folder { .. }) => format!("{client} reads this copy"),
                Some(AtClient::Elsewhere { .. }) => {
                    format!("{client} reads what this link leads to instead")
                }
                Some(AtClient::Other) => format!("something else stands where {client} looks"),
                None if at.is_shared => format!("{client} reads the folder itself"),
                None => format!("nothing is there, so {client} does not see it"),
            };
            disk(at.folder.join(self.name), &reached)
        }));
        Some(Reason { kind: "agent skill", name: self.name.to_owned(), headline, places })
    }

    /// The entries of the manifest that ask for it.
    fn skill_wishes(&self, scope: Scope) -> Vec<Says> {
        let locked = self.declared.lock.skills.iter();
        let locked = locked.filter(|(name, _)| name.as_str() == self.name).map(|(_, entry)| entry);
        let source = locked.map(|entry| entry.source.as_str()).next();
        let wanted = self.declared.intent.agent_skills.iter().filter(|want| want.scope == scope);
        let excluded = &self.declared.lock.excluded;
        let left_out = |want: &WantedSkill| {
            let known = want.written.as_ref().and_then(|source| excluded.get(source));
            let known = known.is_some_and(|names| names.iter().any(|n| n.as_str() == self.name));
            known && want.excludes(self.name)
        };
        let asks = |want: &WantedSkill| match source {
            // An entry for everything of a source asks for what the lock says is of it.
            Some(source) if want.source.is_some() => {
                want.written.as_deref() == Some(source) && want.brings(self.name)
            }
            _ => want.names.iter().any(|name| name == self.name),
        };
        wanted
            .filter_map(|want| {
                let from = want.written.as_deref().map(redact_url);
                let from = from.map(|source| format!(" from `{source}`")).unwrap_or_default();
                let text = match (asks(want), left_out(want)) {
                    (true, _) if !want.enabled => {
                        format!("the manifest wants it in {scope} scope{from}, switched off")
                    }
                    (true, _) => format!("the manifest wants it in {scope} scope{from}"),
                    (false, true) => format!("`exclude` leaves it out of what comes{from}"),
                    (false, false) => return None,
                };
                Some(Says { decides: true, ..self.wish(want.at, text) })
            })
            .collect()
    }

    /// Returns the names of skills that somebody may have meant.
    pub(super) fn skill_names(&self) -> impl Iterator<Item = &str> {
        let shelves = self.snapshot.observed.shelves.values();
        let on_disk = shelves.flat_map(|shelf| shelf.skills.keys()).map(String::as_str);
        let recorded = self.snapshot.observed.state.skills().map(|row| row.name);
        on_disk.chain(recorded)
    }
}
