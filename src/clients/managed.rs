//! What an administrator's settings and a manifest allow, as rules with their places. Files in, answers out.

mod rules;
mod servers;

use std::fmt;
use std::path::PathBuf;

use globset::GlobBuilder;
use serde_json::{Map, Value};

use crate::formats::json::{self, Bom, Key};
use crate::model::{Diagnostic, Intent, Position, Source, SourceRule};
use rules::Rule;
use servers::ServerRule;

/// The rules of the managed settings files together.
#[derive(Debug, Default, Clone)]
pub struct Policy {
    /// Absent when any marketplace will do.
    allowed: Option<Vec<Rule>>,
    blocked: Vec<Rule>,
    /// Absent when any server will do.
    allowed_servers: Option<Vec<ServerRule>>,
    denied_servers: Vec<ServerRule>,
    /// What could not be understood; then everything is forbidden.
    pub problems: Vec<Diagnostic>,
    /// The first file that has an allow list, for the message.
    allow_list: Option<Place>,
    server_allow_list: Option<Place>,
}

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    pub at: Option<Position>,
}

/// That something is forbidden, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub text: String,
    pub place: Place,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.text, self.place.file.display())?;
        if let Some(Position { line, column }) = self.place.at {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(")")
    }
}

impl Policy {
    /// Reads managed settings files, in the order in which the client does.
    pub fn parse(files: &[(PathBuf, Vec<u8>)]) -> Self {
        let mut policy = Self::default();
        for (file, bytes) in files {
            if let Err(problem) = policy.add(file, bytes) {
                policy.problems.push(problem);
            }
        }
        policy
    }

    /// Returns why a marketplace must not come from a source, if it must not.
    pub fn forbids(&self, source: &Source, reference: Option<&str>) -> Option<Denial> {
        if let Some(problem) = self.problems.first() {
            return Some(broken(problem));
        }
        if let Some(rule) = self.blocked.iter().find(|rule| rule.blocks(source, reference)) {
            let text = "its source is blocked by the administrator".to_owned();
            return Some(Denial { text, place: rule.place.clone() });
        }
        let allowed = self.allowed.as_ref()?;
        if allowed.iter().any(|rule| rule.allows(source, reference)) {
            return None;
        }
        let text = "its source is not among those that the administrator allows".to_owned();
        Some(Denial { text, place: self.allow_list.clone()? })
    }

    /// Returns why a server must not be used, if it must not. A server has a command with arguments, or a URL.
    pub fn forbids_server(
        &self,
        name: &str,
        command: Option<&[String]>,
        url: Option<&str>,
    ) -> Option<Denial> {
        if let Some(problem) = self.problems.first() {
            return Some(broken(problem));
        }
        let denied = self.denied_servers.iter().find(|rule| rule.matches(name, command, url));
        if let Some(rule) = denied {
            let text = "the server is denied by the administrator".to_owned();
            return Some(Denial { text, place: rule.place.clone() });
        }
        let allowed = self.allowed_servers.as_ref()?;
        if servers::allows(allowed, name, command, url) {
            return None;
        }
        let text = "the server is not among those that the administrator allows".to_owned();
        Some(Denial { text, place: self.server_allow_list.clone()? })
    }

    /// The same for an entry as the client holds it.
    pub fn forbids_entry(&self, name: &str, entry: &Value) -> Option<Denial> {
        let args = entry.get("args").and_then(Value::as_array).into_iter().flatten();
        let command = entry.get("command").and_then(Value::as_str).map(|command| {
            let words = std::iter::once(command).chain(args.filter_map(Value::as_str));
            words.map(str::to_owned).collect::<Vec<_>>()
        });
        let url = entry.get("url").and_then(Value::as_str);
        self.forbids_server(name, command.as_deref(), url)
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

fn broken(problem: &Diagnostic) -> Denial {
    Denial {
        text: format!("the administrator's policy cannot be read: {}", problem.message),
        place: Place { file: problem.file.clone(), at: problem.at },
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
        read: fn(&Value, Place) -> Result<T, String>,
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

    fn place(&self, path: &[Key]) -> Place {
        let span = json::locate(self.text, path);
        let at = span.map(|span| crate::model::position(self.text, span.start));
        Place { file: self.file.to_owned(), at }
    }
}

/// Returns why the manifest's own `[policy]` forbids a source, if it does.
pub fn team_forbids(intent: &Intent, source: &Source) -> Option<Denial> {
    team_forbids_any(intent, &spellings(source), &source.redacted())
}

/// The same for anything that has some spellings; `shown` is the one for people.
pub fn team_forbids_any(intent: &Intent, spellings: &[String], shown: &str) -> Option<Denial> {
    let policy = &intent.policy;
    let place = |at: Position| Place { file: intent.manifest.clone(), at: Some(at) };
    let matches = |rule: &SourceRule| {
        let mut glob = GlobBuilder::new(&rule.glob);
        let glob = glob.literal_separator(true).case_insensitive(true).build();
        glob.is_ok_and(|glob| {
            let matcher = glob.compile_matcher();
            spellings.iter().any(|spelling| matcher.is_match(spelling))
        })
    };
    if let Some(rule) = policy.deny.iter().find(|rule| matches(rule)) {
        let text = format!("`{shown}` is denied by `[policy]`");
        return Some(Denial { text, place: place(rule.at) });
    }
    let first = policy.allow.first()?;
    if policy.allow.iter().any(matches) {
        return None;
    }
    let text = format!("`{shown}` is not allowed by `[policy]`");
    Some(Denial { text, place: place(first.at) })
}

/// Returns what a glob may be written against: `owner/repo`, `host/path` and the whole address or path.
fn spellings(source: &Source) -> Vec<String> {
    let trimmed = |text: &str| text.trim_end_matches('/').trim_end_matches(".git").to_owned();
    let mut spellings = match source {
        Source::Directory { path } | Source::File { path } => vec![path.display().to_string()],
        Source::Url { url } => vec![url.clone()],
        Source::GitHub { repo, .. } => vec![repo.clone()],
        Source::Git { .. } => Vec::new(),
    };
    if let Some(url) = source.git_url() {
        let url = trimmed(&url);
        let bare = url.split_once("://").map_or_else(|| url.replacen(':', "/", 1), |s| s.1.into());
        let bare = bare.rsplit_once('@').map_or(bare.as_str(), |(_, rest)| rest).to_owned();
        if let Some(repo) = bare.strip_prefix("github.com/") {
            spellings.push(repo.to_owned());
        }
        spellings.extend([bare, url]);
    } else if let Source::Url { url } = source
        && let Some((_, bare)) = url.split_once("://")
    {
        spellings.push(bare.to_owned());
    }
    spellings
}

#[cfg(test)]
mod tests;
