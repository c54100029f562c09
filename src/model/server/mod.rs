//! One MCP server as data: how it is reached and what it is given, whatever a client's file looks like.

mod field;
mod pairs;

use std::fmt;

use serde_json::{Map, Value};

pub use field::{Field, FieldValue};
pub use pairs::Pairs;

use super::Text;

/// How a client talks to a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    Stdio,
    Http,
    Sse,
    Ws,
    /// A word that no client of ours knows.
    Other(String),
}

impl Transport {
    /// The ones that a manifest can ask for.
    pub const ALL: [Self; 4] = [Self::Stdio, Self::Http, Self::Sse, Self::Ws];

    /// Returns the transport that manifests call so.
    pub fn known(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.as_str() == word)
    }

    /// Returns the word that manifests use.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::Sse => "sse",
            Self::Ws => "ws",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A server as a manifest or a client's file has it. Two records are equal when they mean the same
/// server: neither the order of pairs counts, nor the spelling of a number.
#[derive(Debug, Clone, Default)]
pub struct ServerRecord {
    /// Absent when an entry does not say how it is reached, and nothing in it tells.
    pub transport: Option<Transport>,
    pub command: Option<Text>,
    pub args: Vec<Text>,
    pub env: Pairs,
    pub url: Option<Text>,
    pub headers: Pairs,
    /// What only some clients know, by key. Under the path of a [`Field`] it is what stands there in
    /// its stead and is of another kind, such as a number where a text belongs.
    pub extra: Map<String, Value>,
}

impl ServerRecord {
    /// Returns every field that says something, in the order in which clients write them.
    pub fn fields(&self) -> Vec<Field> {
        let named = [
            (self.transport.is_some(), Field::Transport),
            (self.command.is_some(), Field::Command),
            (!self.args.is_empty(), Field::Args),
        ];
        let url = self.url.is_some().then_some(Field::Url);
        let env = self.env.names().map(|name| Field::Env(name.to_owned()));
        let headers = self.headers.names().map(|name| Field::Header(name.to_owned()));
        let mut fields: Vec<Field> =
            named.into_iter().filter(|(says, _)| *says).map(|(_, field)| field).collect();
        fields.extend(env.chain(url).chain(headers));
        fields.extend(field::leaves(&self.extra).into_iter().map(Field::Extra));
        fields
    }

    /// Returns what a field says.
    pub fn get(&self, field: &Field) -> Option<FieldValue<'_>> {
        match field {
            Field::Transport => self.transport.as_ref().map(FieldValue::Transport),
            Field::Command => self.command.as_ref().map(FieldValue::Text),
            Field::Args => (!self.args.is_empty()).then_some(FieldValue::Texts(&self.args)),
            Field::Env(name) => self.env.get(name).map(FieldValue::Text),
            Field::Url => self.url.as_ref().map(FieldValue::Text),
            Field::Header(name) => self.headers.get(name).map(FieldValue::Text),
            Field::Extra(path) => field::at(&self.extra, path).map(FieldValue::Json),
        }
    }

    /// Makes a field say what it says in another record, which may be nothing.
    pub fn copy(&mut self, field: &Field, from: &Self) {
        self.drop_misfit(field);
        match field {
            Field::Transport => self.transport.clone_from(&from.transport),
            Field::Command => self.command.clone_from(&from.command),
            Field::Args => self.args.clone_from(&from.args),
            Field::Env(name) => self.env.copy(name, &from.env),
            Field::Url => self.url.clone_from(&from.url),
            Field::Header(name) => self.headers.copy(name, &from.headers),
            Field::Extra(path) => match field::at(&from.extra, path) {
                Some(value) => field::set(&mut self.extra, path, value),
                None => field::remove(&mut self.extra, path),
            },
        }
    }

    /// Makes a field say nothing.
    pub fn remove(&mut self, field: &Field) {
        self.copy(field, &Self::default());
    }

    /// Returns the fields in which two records differ.
    pub fn differences(&self, other: &Self) -> Vec<Field> {
        let mut fields = self.fields();
        fields.extend(other.fields().into_iter().filter(|field| self.get(field).is_none()));
        fields.retain(|field| self.get(field) != other.get(field));
        fields
    }

    /// Returns every text into which a client puts variables.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let pairs = self.env.iter().chain(self.headers.iter()).map(|(_, text)| text);
        self.command.iter().chain(&self.url).chain(&self.args).chain(pairs)
    }

    /// Removes what stands in the place of a field and is of another kind.
    fn drop_misfit(&mut self, field: &Field) {
        let path = field.path();
        let table = matches!(field, Field::Env(_) | Field::Header(_));
        match path.as_slice() {
            _ if matches!(field, Field::Extra(_)) => {}
            [table_name, _] if table && self.extra.get(*table_name).is_some_and(not_a_table) => {
                self.extra.shift_remove(*table_name);
            }
            path => {
                let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
                field::remove(&mut self.extra, &path);
            }
        }
    }
}

fn not_a_table(value: &Value) -> bool {
    !value.is_object()
}

impl PartialEq for ServerRecord {
    fn eq(&self, other: &Self) -> bool {
        self.differences(other).is_empty()
    }
}

#[cfg(test)]
pub mod generated;
#[cfg(test)]
mod tests;
