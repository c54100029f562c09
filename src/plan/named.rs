//! What somebody named: a verb has succeeded when that is achieved, whatever else of the manifest is not.

use std::collections::BTreeSet;

use crate::declared::lock::Lock;
use crate::model::{Level, Note, PluginId, redact_url};

/// What the notes that count are about.
#[derive(Debug, Clone, Default)]
pub struct Named(BTreeSet<String>);

impl Named {
    /// Words of the command line, as they are.
    pub fn words(words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(words.into_iter().map(|word| redact_url(word.as_ref())).collect())
    }

    /// Adds plugins alone: what becomes of their marketplaces does not matter.
    #[must_use]
    pub fn plugins<'a>(mut self, ids: impl IntoIterator<Item = &'a PluginId>) -> Self {
        self.0.extend(ids.into_iter().map(ToString::to_string));
        self
    }

    /// Adds plugins that have to come from somewhere.
    #[must_use]
    pub fn with_marketplaces<'a>(mut self, ids: impl IntoIterator<Item = &'a PluginId>) -> Self {
        for id in ids {
            self.0.extend([id.to_string(), id.marketplace.to_string()]);
        }
        self
    }

    /// Adds skills of a manifest, each with the source that it has to come from.
    #[must_use]
    pub fn skills(mut self, names: &[String], lock: &Lock) -> Self {
        for name in names {
            let locked = lock.skills.iter().filter(|(locked, _)| locked.as_str() == name);
            self.0.extend(locked.map(|(_, entry)| redact_url(&entry.source)));
            self.0.insert(name.clone());
        }
        self
    }

    /// Tells whether one of these names was named.
    pub(super) fn has_any(&self, names: &BTreeSet<&str>) -> bool {
        names.iter().any(|name| self.0.contains(*name))
    }

    /// Makes remarks of the notes about other entries of the manifest that cannot be had. What is
    /// about nothing that the manifest names still counts, and so does every refusal: that bytes are
    /// not the locked ones is never beside the point.
    pub(super) fn set_apart(&self, notes: &mut [Note]) {
        let apart = |note: &&mut Note| {
            note.level == Level::Unmet
                && note.about.is_entry()
                && !self.0.contains(&note.about.to_string())
        };
        for note in notes.iter_mut().filter(apart) {
            note.level = Level::Info;
            note.text = format!("{} (not asked for now)", note.text);
        }
    }
}
