//! What an administrator's settings allow, as rules with their places. Files in, answers out.

mod rules;
mod servers;

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::formats::json::{self, Bom, Key};
use crate::model::{Denial, Diagnostic, RulePlace, ServerRecord, Source, Text};
use rules::Rule;
use servers::ServerRule;

/// What the administrator's settings forbid. Rules that come from further places add to them: nothing is
/// allowed there that is not allowed everywhere.
#[derive(Debug, Default, Clone)]
pub struct Policy {
    layers: Vec<Rules>,
    /// What could not be understood; then everything is forbidden.
    pub problems: Vec<Diagnostic>,
}

/// The rules of the managed settings files of one place together.
#[derive(Debug, Default, Clone)]
struct Rules {
    /// Absent when any marketplace will do.
    allowed: Option<Vec<Rule>>,
    blocked: Vec<Rule>,
    /// Absent when any server will do.
    allowed_servers: Option<Vec<ServerRule>>,
    denied_servers: Vec<ServerRule>,
    /// The first file that has an allow list, for the message.
    allow_list: Option<RulePlace>,
    server_allow_list: Option<RulePlace>,
}

impl Policy {
    /// Reads the managed settings files of one place, in the order in which the client does.
    pub fn parse(files: &[(PathBuf, Vec<u8>)]) -> Self {
        let (mut rules, mut problems) = (Rules::default(), Vec::new());
        for (file, bytes) in files {
            if let Err(problem) = rules.add(file, bytes) {
                problems.push(problem);
            }
        }
        Self { layers: vec![rules], problems }
    }

    /// Adds the rules of another place.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.layers.extend(more.layers);
        self.problems.extend(more.problems);
        self
    }

    /// Returns why a marketplace must not come from a source, if it must not.
    pub fn forbids(&self, source: &Source, reference: Option<&str>) -> Option<Denial> {
        self.any(|rules| {
            let blocked = rules.blocks(source, reference);
            blocked.or_else(|| rules.leaves_out(|rule| rule.allows(source, reference)))
        })
    }

    /// The same for what an entry of an allowed marketplace leads to: an allow list of marketplaces vouches
    /// for what they list, but one of hosts is about every host.
    pub fn forbids_upstream(&self, source: &Source, reference: Option<&str>) -> Option<Denial> {
        self.any(|rules| {
            let over_hosts = rules.allowed.iter().flatten().any(Rule::is_over_hosts);
            let allows = |rule: &Rule| !over_hosts || rule.allows(source, reference);
            let listed = rules.allowed.as_ref().is_some_and(|allowed| !allowed.is_empty());
            let blocked = rules.blocks(source, reference);
            blocked.or_else(|| listed.then(|| rules.leaves_out(allows)).flatten())
        })
    }

    /// Returns why a package must not be installed by itself, if it must not.
    pub fn forbids_package(&self, name: &str) -> Option<Denial> {
        self.blocks_package(name)
            .or_else(|| self.any(|rules| rules.leaves_out(|rule| rule.is_package(name))))
    }

    /// The same for a package that an allowed marketplace lists.
    pub fn blocks_package(&self, name: &str) -> Option<Denial> {
        self.any(|rules| {
            let rule = rules.blocked.iter().find(|rule| rule.is_package(name))?;
            Some(denial("the package is blocked by the administrator", &rule.place))
        })
    }

    /// Returns why a server must not be used, if it must not. A server has a command with arguments, or a URL.
    pub fn forbids_server(
        &self,
        name: &str,
        command: Option<&[String]>,
        url: Option<&str>,
    ) -> Option<Denial> {
        self.any(|rules| rules.forbids_server(name, command, url))
    }

    /// The same for a server as a manifest or a client has it.
    pub fn forbids_entry(&self, name: &str, server: &ServerRecord) -> Option<Denial> {
        let words = |command| std::iter::once(command).chain(&server.args).map(Text::to_string);
        let command: Option<Vec<String>> =
            server.command.as_ref().map(|command| words(command).collect());
        let url = server.url.as_ref().map(Text::to_string);
        self.forbids_server(name, command.as_deref(), url.as_deref())
    }

    fn any(&self, forbids: impl Fn(&Rules) -> Option<Denial>) -> Option<Denial> {
        self.problems.first().map(broken).or_else(|| self.layers.iter().find_map(forbids))
    }
}

impl Rules {
    fn blocks(&self, source: &Source, reference: Option<&str>) -> Option<Denial> {
        let rule = self.blocked.iter().find(|rule| rule.blocks(source, reference))?;
        Some(denial("its source is blocked by the administrator", &rule.place))
    }

    /// Says that something is in no line of the list of what is allowed, if there is one.
    fn leaves_out(&self, allows: impl Fn(&Rule) -> bool) -> Option<Denial> {
        if self.allowed.as_ref()?.iter().any(allows) {
            return None;
        }
        let text = "its source is not among those that the administrator allows";
        Some(denial(text, self.allow_list.as_ref()?))
    }

    fn forbids_server(
        &self,
        name: &str,
        command: Option<&[String]>,
        url: Option<&str>,
    ) -> Option<Denial> {
        let denied = self.denied_servers.iter().find(|rule| rule.matches(name, command, url));
        if let Some(rule) = denied {
            return Some(denial("the server is denied by the administrator", &rule.place));
        }
        let allowed = self.allowed_servers.as_ref()?;
        if servers::allows(allowed, name, command, url) {
            return None;
        }
        let text = "the server is not among those that the administrator allows";
        Some(denial(text, self.server_allow_list.as_ref()?))
    }

    fn add(&mut self, file: &std::path::Path, bytes: &[u8]) -> Result<(), Diagnostic> {
        let text = json::text(file, bytes)?;
        let value = json::parse(file, bytes, Bom::Allowed)?;
        let Value::Object(map) = value else {
            return Err(Diagnostic::whole(file, "is not a JSON object"));
        };
        let page = Page { file, text, map };
        if let Some(rules) = page.list("strictKnownMarketplaces", Rule::read)? {
            self.allow_list.get_or_insert(page.place(&[Key::Name("strictKnownMarketplaces")]));
            self.allowed.get_or_insert_default().extend(rules);
        }
        if let Some(rules) = page.list("blockedMarketplaces", Rule::read)? {
            self.blocked.extend(rules);
        }
        if let Some(rules) = page.list("allowedMcpServers", ServerRule::read)? {
            self.server_allow_list.get_or_insert(page.place(&[Key::Name("allowedMcpServers")]));
            self.allowed_servers.get_or_insert_default().extend(rules);
        }
        if let Some(rules) = page.list("deniedMcpServers", ServerRule::read)? {
            self.denied_servers.extend(rules);
        }
        Ok(())
    }
}

fn denial(text: &str, place: &RulePlace) -> Denial {
    Denial { text: text.to_owned(), place: place.clone() }
}

fn broken(problem: &Diagnostic) -> Denial {
    Denial {
        text: format!("the administrator's policy cannot be read: {}", problem.message),
        place: RulePlace { file: problem.file.clone(), at: problem.at },
    }
}

/// A managed settings file.
struct Page<'a> {
    file: &'a std::path::Path,
    text: &'a str,
    map: Map<String, Value>,
}

impl Page<'_> {
    /// Reads the list at a key, if there is one.
    fn list<T>(
        &self,
        key: &str,
        read: fn(&Value, RulePlace) -> Result<T, String>,
    ) -> Result<Option<Vec<T>>, Diagnostic> {
        let complaint = |path: &[Key], message: String| match json::locate(self.text, path) {
            Some(span) => Diagnostic::span(self.file, self.text, span, message),
            None => Diagnostic::whole(self.file, message),
        };
        let Some(value) = self.map.get(key) else { return Ok(None) };
        let Some(rules) = value.as_array() else {
            return Err(complaint(&[Key::Name(key)], format!("`{key}` is not a list")));
        };
        let read = |(index, rule): (usize, &Value)| {
            let path = [Key::Name(key), Key::Index(index)];
            read(rule, self.place(&path)).map_err(|fault| complaint(&path, fault))
        };
        rules.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
    }

    fn place(&self, path: &[Key]) -> RulePlace {
        let span = json::locate(self.text, path);
        let at = span.map(|span| crate::model::position(self.text, span.start));
        RulePlace { file: self.file.to_owned(), at }
    }
}

#[cfg(test)]
mod tests;
