//! What the manifest's own `[policy]` allows.

use globset::GlobBuilder;

use crate::model::{Denial, Intent, Position, RulePlace, Source, SourceRule};

/// Returns why the manifest's own `[policy]` forbids a source, if it does.
pub fn team_forbids(intent: &Intent, source: &Source) -> Option<Denial> {
    team_forbids_any(intent, &spellings(source), &source.redacted())
}

/// The same for anything that has some spellings; `shown` is the one for people.
pub fn team_forbids_any(intent: &Intent, spellings: &[String], shown: &str) -> Option<Denial> {
    let policy = &intent.policy;
    let place = |at: Position| RulePlace { file: intent.manifest.clone(), at: Some(at) };
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
mod tests {
    use super::*;
    use crate::model::TeamPolicy;

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
        check(&["acme/*"], &["acme/old"], github("acme/old"), false);
        check(&[], &["https://github.com/evil/*"], git("https://github.com/evil/x"), false);
    }
}
