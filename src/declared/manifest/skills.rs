//! The `[[agent_skills]]` entries.

use toml_edit::{Table, TableLike};

use super::parse::{Context, Seen, printable};
use super::pattern::check_pattern;
use super::raw::{Spanned, TableAt, key_span};
use super::words::words;
use crate::model::{Elsewhere, Scope, SkillSource, Source, WantedSkill, is_glob};

const KEYS: [&str; 13] = [
    "source",
    "npm",
    "install_cmd",
    "name",
    "names",
    "exclude",
    "pin",
    "claims",
    "scope",
    "project",
    "link",
    "enabled",
    "when",
];

impl Context<'_> {
    pub(super) fn agent_skills(
        &mut self,
        root: &Table,
        elsewhere: &mut Elsewhere,
    ) -> Vec<WantedSkill> {
        let mut seen = Seen::default();
        let mut wanted = Vec::new();
        for entry in self.reader.entries(root, "agent_skills") {
            if self.is_here(entry.table) {
                wanted.push(self.agent_skill(&entry, &mut seen));
            } else {
                // What another machine wants too is no repetition.
                let skill = self.agent_skill(&entry, &mut Seen::default());
                elsewhere.agent_skills.push(skill);
            }
        }
        wanted
    }

    fn agent_skill(
        &mut self,
        entry: &TableAt<'_>,
        seen: &mut Seen<(String, Scope)>,
    ) -> WantedSkill {
        let table = entry.table;
        self.reader.unknown_keys(table, &KEYS);
        let written = self.reader.filled(table, "source");
        let npm = self.reader.filled(table, "npm");
        let names = self.names(table);
        let scope = self.scope(table, &[Scope::User, Scope::Project]);
        self.skills_once(entry, seen, &names, scope);
        let source = self.skill_source(entry, written.as_ref(), npm.as_ref(), &names);
        let pin = self.pin(table);
        // Where the source is wrong already, a pin says nothing.
        let undecided = source.is_none() && (written.is_some() || npm.is_some());
        if let Some(pin) = pin.as_ref().filter(|_| !undecided) {
            self.skill_pin_fits(source.as_ref(), pin);
        }
        let exclude = self.exclude(table, &names);
        WantedSkill {
            exclude,
            written: written.or(npm).map(|text| text.value.to_owned()),
            names: names.into_iter().map(|name| name.value.to_owned()).collect(),
            pin: pin.map(|pin| pin.value),
            install_cmd: self.install_cmd(table),
            claims: self.patterns(table, "claims"),
            scope,
            link: self.reader.boolean(table, "link").is_none_or(|link| link.value),
            enabled: self.reader.boolean(table, "enabled").is_none_or(|on| on.value),
            at: self.reader.position(&entry.at),
            source,
        }
    }

    /// Reads `name` or `names`.
    fn names<'d>(&mut self, table: &'d dyn TableLike) -> Vec<Spanned<&'d str>> {
        let mut names = self.reader.strings(table, "names");
        if let Some(name) = self.reader.string(table, "name") {
            if table.contains_key("names") {
                let hint = "put all of them in `names`";
                self.reader.fault_with_hint(&name.at, "`name` together with `names`", hint);
            }
            names.push(name);
        } else if names.is_empty() && table.get("names").is_some_and(toml_edit::Item::is_array) {
            let hint = "leave it out for all skills of the source";
            self.reader.fault_with_hint(&key_span(table, "names"), "`names` is empty", hint);
        }
        names.retain(|name| self.is_pattern("name", name));
        names
    }

    /// Reads what is left out of all of a source, or of a glob.
    fn exclude(&mut self, table: &dyn TableLike, names: &[Spanned<&str>]) -> Vec<String> {
        let exclude = self.patterns(table, "exclude");
        if !exclude.is_empty() && !names.is_empty() && !names.iter().any(|n| is_glob(n.value)) {
            let message = "`exclude` where each skill is named";
            let hint = "take the name out of `names`, or leave `names` out for all of the source";
            self.reader.fault_with_hint(&key_span(table, "exclude"), message, hint);
        }
        exclude
    }

    fn patterns(&mut self, table: &dyn TableLike, key: &str) -> Vec<String> {
        let mut patterns = self.reader.strings(table, key);
        patterns.retain(|pattern| self.is_pattern(key, pattern));
        patterns.into_iter().map(|pattern| pattern.value.to_owned()).collect()
    }

    fn is_pattern(&mut self, key: &str, text: &Spanned<&str>) -> bool {
        let checked = check_pattern(text.value);
        if let Err(error) = &checked {
            self.reader.fault(&text.at, format!("`{key}` {} {error}", printable(text.value)));
        }
        checked.is_ok()
    }

    /// Complains about a skill that two entries bring.
    fn skills_once(
        &mut self,
        entry: &TableAt<'_>,
        seen: &mut Seen<(String, Scope)>,
        names: &[Spanned<&str>],
        scope: Scope,
    ) {
        for name in names.iter().filter(|name| !is_glob(name.value)) {
            let what = format!("skill `{}` in {scope} scope", name.value);
            self.once(seen, (name.value.to_owned(), scope), &what, name.at.clone());
        }
        let all_of = ["source", "npm"].iter().find_map(|key| entry.table.get(key)?.as_str());
        if let (true, Some(all_of)) = (names.is_empty(), all_of) {
            // A blank keeps it apart from the names of skills.
            let key = (format!("all of {all_of}"), scope);
            self.once(seen, key, "this source", entry.at.clone());
        }
    }

    fn skill_source(
        &mut self,
        entry: &TableAt<'_>,
        written: Option<&Spanned<&str>>,
        npm: Option<&Spanned<&str>>,
        names: &[Spanned<&str>],
    ) -> Option<SkillSource> {
        match (written, npm) {
            (Some(_), Some(npm)) => {
                let hint = "make two entries of it";
                self.reader.fault_with_hint(&npm.at, "`npm` together with `source`", hint);
                None
            }
            (Some(written), None) => self.tree_or_host(written),
            (None, Some(npm)) if is_package(npm.value) => {
                Some(SkillSource::Npm { package: npm.value.to_owned() })
            }
            (None, Some(npm)) => {
                let message = format!("`npm` {} is no package name", printable(npm.value));
                self.reader.fault_with_hint(
                    &npm.at,
                    message,
                    "write `name`, `@scope/name` or `name@1.2.3`",
                );
                None
            }
            (None, None) => {
                let has_name = ["name", "names"].iter().any(|key| entry.table.contains_key(key));
                if names.is_empty() && !has_name {
                    let message = "the entry has neither `source`, `npm` nor `name`";
                    self.reader.fault(&entry.at, message);
                }
                None
            }
        }
    }

    fn tree_or_host(&mut self, text: &Spanned<&str>) -> Option<SkillSource> {
        if let Some(url) = well_known(text.value) {
            return Some(SkillSource::WellKnown { url });
        }
        let (place, path) = match split_path(text.value) {
            Ok(split) => split,
            Err(message) => {
                self.reader.fault(&text.at, format!("`source` {message}"));
                return None;
            }
        };
        let source = self.source(&Spanned { value: place.as_str(), at: text.at.clone() })?;
        if matches!(source, Source::File { .. } | Source::Url { .. }) {
            let message = "`source` is a JSON file; skills come from repositories and folders";
            self.reader.fault(&text.at, message);
            return None;
        }
        Some(SkillSource::Tree { source, path })
    }

    fn skill_pin_fits(&mut self, source: Option<&SkillSource>, pin: &Spanned<String>) {
        match source {
            Some(SkillSource::Tree { source, .. }) => self.pin_fits(source, pin),
            Some(SkillSource::Npm { .. }) => {
                let hint = "write the version behind the name: `npm = \"name@1.2.3\"`";
                self.reader.fault_with_hint(&pin.at, "`pin` is for git, not for npm", hint);
            }
            Some(SkillSource::WellKnown { .. }) | None => {
                self.reader.fault(&pin.at, "`pin` needs a source that git fetches");
            }
        }
    }

    fn install_cmd(&mut self, table: &dyn TableLike) -> Option<Vec<String>> {
        let text = self.reader.filled(table, "install_cmd")?;
        if !table.contains_key("npm") {
            self.reader.fault(&text.at, "`install_cmd` needs `npm`");
        }
        words(text.value)
            .map_err(|error| self.reader.fault(&text.at, format!("`install_cmd` {error}")))
            .ok()
    }
}

/// Returns the address of a host without a path; such an address is no repository.
fn well_known(text: &str) -> Option<String> {
    let local = ["http://127.0.0.1", "http://localhost"].iter().any(|host| {
        // Without encryption only from this machine.
        text.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    let scheme = if local { "http" } else { "https" };
    let host = text.strip_prefix(scheme)?.strip_prefix("://")?;
    let host = host.trim_end_matches('/');
    let is_host = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b))
        && !matches!(host, "github.com" | "www.github.com" | "gitlab.com");
    is_host.then(|| format!("{scheme}://{host}"))
}

/// Splits `place//path[@ref]`; a ref goes with the place.
fn split_path(text: &str) -> Result<(String, Option<String>), String> {
    let start = text.find("://").map_or(0, |i| i + 3);
    // `file:///x` has its third slash right there.
    let start = start + usize::from(text[start..].starts_with('/'));
    let Some(mark) = text[start..].find("//").map(|i| start + i) else {
        return Ok((text.to_owned(), None));
    };
    let (place, rest) = (&text[..mark], &text[mark + 2..]);
    let (path, reference) = match rest.find(['@', '#']) {
        Some(mark) => (&rest[..mark], Some(&rest[mark + 1..])),
        None => (rest, None),
    };
    let path = path.trim_end_matches('/');
    let is_name = |name: &str| {
        !matches!(name, "" | "." | "..") && !name.starts_with('-') && !name.contains('\\')
    };
    if !path.split('/').all(is_name) {
        return Err(format!("has the folder {}, which is no path in it", printable(path)));
    }
    let place = reference.map_or(place.to_owned(), |reference| format!("{place}#{reference}"));
    Ok((place, Some(path.to_owned())))
}

/// Tells whether a text is `name`, `@scope/name` or either with `@version`.
fn is_package(text: &str) -> bool {
    let (scope, rest) = match text.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
        Some(Some((scope, rest))) => (scope, rest),
        Some(None) => return false,
        None => ("scope", text),
    };
    let (name, version) = rest.split_once('@').unwrap_or((rest, "latest"));
    let is_word = |word: &str, first: &str, more: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric() || first.contains(c))
            && word.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    is_word(scope, "_", "._-") && is_word(name, "_", "._-") && is_word(version, "^~=", "._-+^~=")
}

#[cfg(test)]
#[path = "skills_tests.rs"]
mod tests;
