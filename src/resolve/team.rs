//! What the manifest's own `[policy]` allows.

use globset::GlobBuilder;

use crate::model::{Denial, Intent, Position, RulePlace, Source, SourceRule};

/// Returns why the manifest's own `[policy]` forbids a source, if it does.
pub fn team_forbids(intent: &Intent, source: &Source) -> Option<Denial> {
    forbids(intent, &Names::of(source), &source.redacted())
}

/// The same for a package, which globs call `npm:<package>`.
pub fn team_forbids_package(intent: &Intent, package: &str) -> Option<Denial> {
    forbids(intent, &Names::of_package(package), &format!("npm:{package}"))
}

/// Tells whether `[policy]` lets the known scripts of a source change.
pub(super) fn team_accepts_changes(intent: &Intent, from: &Names) -> bool {
    intent.policy.accept_changes.iter().any(|rule| fits(rule, &from.own))
}

/// What globs may be written against.
pub(super) struct Names {
    /// For what allows: the place, by the way in which it would be asked for.
    own: Vec<String>,
    /// For what denies: the place, by every way.
    all: Vec<String>,
}

impl Names {
    /// `owner/repo`, `host/path` and the whole address, or a path.
    pub(super) fn of(source: &Source) -> Self {
        match (source, source.address()) {
            (_, Some(Ok(address))) => {
                Self { own: address.own_spellings(), all: address.all_spellings() }
            }
            (Source::Directory { path } | Source::File { path }, _) => {
                let path = path.display().to_string();
                Self { own: vec![path.clone()], all: vec![path] }
            }
            // An address that can be read in two ways is allowed by nothing.
            _ => Self { own: Vec::new(), all: vec![source.to_string()] },
        }
    }

    /// Returns the one for people.
    pub(super) fn shown(&self) -> Option<&str> {
        self.own.first().map(String::as_str)
    }

    /// `npm:<package>`.
    pub(super) fn of_package(package: &str) -> Self {
        let name = format!("npm:{package}");
        Self { own: vec![name.clone()], all: vec![name] }
    }
}

fn fits(rule: &SourceRule, names: &[String]) -> bool {
    let mut glob = GlobBuilder::new(&rule.glob);
    let glob = glob.literal_separator(true).case_insensitive(true).build();
    glob.is_ok_and(|glob| {
        let matcher = glob.compile_matcher();
        names.iter().any(|name| matcher.is_match(name))
    })
}

fn forbids(intent: &Intent, names: &Names, shown: &str) -> Option<Denial> {
    let policy = &intent.policy;
    let place = |at: Position| RulePlace { file: intent.manifest.clone(), at: Some(at) };
    if let Some(rule) = policy.deny.iter().find(|rule| fits(rule, &names.all)) {
        let text = format!("`{shown}` is denied by `[policy]`");
        return Some(Denial { text, place: place(rule.at) });
    }
    let first = policy.allow.first()?;
    if policy.allow.iter().any(|rule| fits(rule, &names.own)) {
        return None;
    }
    let text = format!("`{shown}` is not allowed by `[policy]`");
    Some(Denial { text, place: place(first.at) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::TeamPolicy;
    use crate::model::spelling;

    fn github(repo: &str) -> Source {
        Source::GitHub { repo: repo.into(), reference: None }
    }

    fn git(url: &str) -> Source {
        Source::Git { url: url.into(), reference: None }
    }

    #[test]
    fn the_manifest_allows_and_denies_by_globs() {
        let at = Position { line: 3, column: 9 };
        let rules = |globs: &[&str]| {
            globs.iter().map(|glob| SourceRule { glob: (*glob).into(), at }).collect::<Vec<_>>()
        };
        let intent = |allow: &[&str], deny: &[&str]| Intent {
            policy: TeamPolicy { allow: rules(allow), deny: rules(deny), ..TeamPolicy::default() },
            ..Intent::default()
        };
        let check = |allow: &[&str], deny: &[&str], source: Source, expected: bool| {
            let denial = team_forbids(&intent(allow, deny), &source);
            assert_eq!(denial.is_none(), expected, "{allow:?} {deny:?} {source:?}");
        };
        check(&[], &[], github("a/b"), true);
        check(&["acme/*"], &[], github("Acme/tools"), true);
        check(&["acme/*"], &[], git("git@github.com:acme/tools.git"), true);
        check(&["acme/*"], &[], github("evil/tools"), false);
        check(&["github.com/acme/*"], &[], github("acme/tools"), true);
        check(&["git.acme.com/**"], &[], git("https://git.acme.com/a/b/c.git"), true);
        check(&["*"], &[], github("acme/tools"), false);
        let catalog = || Source::Url { url: "https://files.test/a/catalog.json".into() };
        check(&["files.test/a/*"], &[], catalog(), true);
        check(&["files.test/b/*"], &[], catalog(), false);
        check(&["acme/*"], &["acme/old"], github("acme/old"), false);
        check(&[], &["https://github.com/evil/*"], git("https://github.com/evil/x"), false);
    }

    proptest! {
        #[test]
        fn a_rule_says_the_same_of_every_spelling(text in spelling("git.acme.example"), rule in any::<prop::sample::Index>()) {
            let at = Position { line: 3, column: 9 };
            let globs = [
                "git.acme.example/**",
                "git.acme.example/a/*",
                "https://git.acme.example/a/b",
                "https://git.acme.example/a/*.git",
                "ssh://git@git.acme.example/a/b",
                "git.acme.example/c/*",
                "evil.example/**",
            ];
            let rule = vec![SourceRule { glob: rule.get(&globs).to_string(), at }];
            let plain = git("https://git.acme.example/a/b.git");
            let allow = TeamPolicy { allow: rule.clone(), ..TeamPolicy::default() };
            let deny = TeamPolicy { deny: rule, ..TeamPolicy::default() };
            for policy in [allow, deny] {
                let intent = Intent { policy, ..Intent::default() };
                let same = |source: &Source| team_forbids(&intent, source).is_some();
                prop_assert_eq!(same(&git(&text)), same(&plain), "{}", text);
            }
        }
    }
}
