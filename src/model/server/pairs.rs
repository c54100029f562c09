//! The variables or headers of a server.

use crate::model::Text;

/// Texts by name. They keep their order for writing and compare without it.
#[derive(Debug, Clone, Default)]
pub struct Pairs(Vec<(String, Text)>);

impl Pairs {
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.iter().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// Gives a name its text: where it stands, or at the end.
    pub fn set(&mut self, name: &str, text: Text) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = text,
            None => self.0.push((name.to_owned(), text)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn copy(&mut self, name: &str, from: &Self) {
        match from.get(name) {
            Some(text) => self.set(name, text.clone()),
            None => self.remove(name),
        }
    }
}

impl PartialEq for Pairs {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, text)| other.get(name) == Some(text))
    }
}

impl<N: Into<String>, T: Into<Text>> FromIterator<(N, T)> for Pairs {
    /// Of texts with one name the last counts.
    fn from_iter<I: IntoIterator<Item = (N, T)>>(pairs: I) -> Self {
        let mut all = Self::default();
        for (name, text) in pairs {
            all.set(&name.into(), text.into());
        }
        all
    }
}
