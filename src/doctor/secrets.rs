//! Logins and tokens in addresses that are stored: in the manifest, the client's files and clones.

use std::path::Path;

use serde_json::Value;

use super::{Facts, Finding, Fix, Severity};
use crate::clients::claude::{known_marketplaces, settings};
use crate::formats::json::{self, Key};
use crate::model::{Diagnostic, Item, Record, Source, is_token, redact_url, without_login};

/// Returns a finding for each stored address that holds a secret.
pub(super) fn in_addresses(facts: &Facts) -> Vec<Finding> {
    [in_manifest(facts), in_client(facts), in_clones(facts)].concat()
}

/// What an address gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secret {
    Login,
    PathToken,
}

fn secret(url: &str) -> Option<Secret> {
    if without_login(url) != url {
        return Some(Secret::Login);
    }
    let path = url.split_once("://")?.1.split(['?', '#']).next()?;
    path.split('/').skip(1).any(is_token).then_some(Secret::PathToken)
}

fn finding(about: &str, url: &str, what: Secret, diagnostic: Diagnostic, fix: Fix) -> Finding {
    let fix = match what {
        Secret::Login => fix,
        Secret::PathToken => Fix::ByHand(
            "the address itself is the secret: keep the file private, and ask for a new address \
             if it was shared"
                .into(),
        ),
    };
    debug_assert!(!diagnostic.message.contains(url) || redact_url(url) == url);
    Finding {
        id: "secret.in-address",
        severity: Severity::Warning,
        about: about.to_owned(),
        diagnostic,
        fix,
    }
}

fn message(name: &str, url: &str, what: Secret) -> String {
    let holds = match what {
        Secret::Login => "a login",
        Secret::PathToken => "what looks like a token",
    };
    format!("the address of `{name}` holds {holds}: `{}`", redact_url(url))
}

fn in_manifest(facts: &Facts) -> Vec<Finding> {
    let Some(intent) = facts.intent else { return Vec::new() };
    let of = |wanted: &crate::model::WantedMarketplace| {
        let url = match wanted.source.as_ref()? {
            Source::Git { url, .. } | Source::Url { url } => url,
            Source::GitHub { .. } | Source::Directory { .. } | Source::File { .. } => return None,
        };
        let what = secret(url)?;
        let name = wanted.name.as_str();
        let mut diagnostic = Diagnostic::whole(&intent.manifest, message(name, url, what));
        diagnostic.at = Some(wanted.at);
        Some(finding(name, url, what, diagnostic, Fix::ByHand(CREDENTIALS.into())))
    };
    intent.marketplaces.iter().filter_map(of).collect()
}

const CREDENTIALS: &str = "take it out of the address and let git keep it: \
     `git config --global credential.helper store` (or your system's helper), then \
     `git credential approve`";

fn in_client(facts: &Facts) -> Vec<Finding> {
    let of = |(item, record): (&Item, &Record)| {
        let (name, source, file, path) = match (item, record) {
            (Item::Marketplace { name }, Record::Marketplace(known)) => (
                name,
                &known.source,
                known_marketplaces::path(facts.roots),
                vec![Key::Name(name), Key::Name("source")],
            ),
            (Item::Declared { name, scope }, Record::Declared(source)) => (
                name,
                source,
                settings::path(facts.roots, *scope),
                vec![Key::Name("extraKnownMarketplaces"), Key::Name(name)],
            ),
            _ => return None,
        };
        let url = source.get("url").and_then(Value::as_str)?;
        let what = secret(url)?;
        let ours = facts.intent.is_some_and(|intent| {
            intent.marketplaces.iter().any(|wanted| wanted.name.as_str() == name)
        });
        let fix = if ours { Fix::Sync } else { Fix::ByHand(CREDENTIALS.into()) };
        let diagnostic = at_key(facts, &file, &path, message(name, url, what));
        Some(finding(name, url, what, diagnostic, fix))
    };
    facts.observed.state.iter().filter_map(of).collect()
}

/// The line of the address is not shown: it is the secret.
fn at_key(facts: &Facts, file: &Path, path: &[Key], text: String) -> Diagnostic {
    let mut diagnostic = Diagnostic::whole(file, text);
    diagnostic.at = facts.files.get(file).and_then(|bytes| {
        let content = String::from_utf8_lossy(bytes);
        json::locate(&content, path).map(|span| crate::model::position(&content, span.start))
    });
    diagnostic
}

fn in_clones(facts: &Facts) -> Vec<Finding> {
    let of = |(file, text): (&std::path::PathBuf, &String)| {
        let name = file.parent()?.parent()?.file_name()?.to_string_lossy().into_owned();
        let (line, url) = text.lines().enumerate().find_map(|(line, text)| {
            let url = text.trim().strip_prefix("url")?.trim_start().strip_prefix('=')?.trim();
            secret(url).map(|_| (line, url))
        })?;
        let what = secret(url)?;
        let mut diagnostic = Diagnostic::whole(file, message(&name, url, what));
        diagnostic.at = Some(crate::model::Position { line: line + 1, column: 1 });
        let clone = file.parent()?.parent()?.display().to_string();
        let set = format!(
            "`git -C {clone} remote set-url origin {}`, and let a credential helper keep the login",
            without_login(url)
        );
        Some(finding(&name, url, what, diagnostic, Fix::ByHand(set)))
    };
    facts.git_configs.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_or_a_token_in_the_path_is_a_secret() {
        let check =
            |url: &str, expected: Option<Secret>| assert_eq!(secret(url), expected, "{url}");
        check("https://u:p@h.example/r.git", Some(Secret::Login));
        check("https://token@h.example/r.git", Some(Secret::Login));
        check("https://h.example/m/0a1b2c3d4e5f6a7b8c9d0e1f/r.git", Some(Secret::PathToken));
        check("https://h.example/o/r.git", None);
        check("ssh://git@h.example/r.git", None);
        check("git@h.example:o/r.git", None);
    }
}
