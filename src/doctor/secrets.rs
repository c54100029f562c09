//! Logins and tokens in addresses that are stored: in the manifest, the client's files and clones.

use std::path::PathBuf;

use super::{Check, Evidence, Fix, Severity, Symptom, evidence};
use crate::clients;
use crate::model::{
    Client, Diagnostic, Fact, Position, RegistrySource, Source, WantedMarketplace, is_token,
    redact_url, without_login,
};

pub(super) const CHECKS: &[&Check] = &[&IN_ADDRESS];

const IN_ADDRESS: Check = Check {
    id: "secret.in-address",
    severity: Severity::Warning,
    title: "an address that holds a login or a token",
    cause: "The address of a marketplace holds a secret: in the manifest, in a file of the client, \
            or in the `.git/config` of a clone. Only the place is shown.",
    fix: "`--fix` takes a login out of the client's files where the manifest has the clean address. \
          Otherwise take it out by hand and let git keep it with a credential helper. A token in the \
          path cannot be taken out: keep such a file private.",
    run: |evidence| [in_manifest(evidence), in_client(evidence), in_clones(evidence)].concat(),
};

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

fn symptom(about: &str, url: &str, what: Secret, diagnostic: Diagnostic, fix: Fix) -> Symptom {
    let fix = match what {
        Secret::Login => fix,
        Secret::PathToken => Fix::by_hand(
            "the address itself is the secret: keep the file private, and ask for a new address \
             if it was shared",
        ),
    };
    debug_assert!(!diagnostic.message.contains(url) || redact_url(url) == url);
    Symptom::new(about, diagnostic, fix)
}

fn message(name: &str, url: &str, what: Secret) -> String {
    let holds = match what {
        Secret::Login => "a login",
        Secret::PathToken => "what looks like a token",
    };
    format!("the address of `{name}` holds {holds}: `{}`", redact_url(url))
}

fn in_manifest(evidence: &Evidence) -> Vec<Symptom> {
    let Some(intent) = evidence.intent else { return Vec::new() };
    let of = |wanted: &WantedMarketplace| {
        let url = match wanted.source.as_ref()? {
            Source::Git { url, .. } | Source::Url { url } => url,
            Source::GitHub { .. } | Source::Directory { .. } | Source::File { .. } => return None,
        };
        let what = secret(url)?;
        let name = wanted.name.as_str();
        let diagnostic = evidence::in_manifest(intent, wanted.at, message(name, url, what));
        Some(symptom(name, url, what, diagnostic, Fix::by_hand(CREDENTIALS)))
    };
    intent.marketplaces.iter().filter_map(of).collect()
}

const CREDENTIALS: &str = "take it out of the address and let git keep it: \
     `git config --global credential.helper store` (or your system's helper), then \
     `git credential approve`";

fn in_client(evidence: &Evidence) -> Vec<Symptom> {
    let state = &evidence.observed.state;
    let registered = state.marketplaces().map(|row| (row.fact, row.name, &row.record.source));
    let declared = state.declared().map(|row| (row.fact, row.name, row.record));
    let of = |(fact, name, source): (&Fact, &str, &RegistrySource)| {
        let url = address(fact.client, source)?;
        let what = secret(&url)?;
        let ours = evidence.intent.is_some_and(|intent| {
            intent.marketplaces.iter().any(|wanted| wanted.name.as_str() == name)
        });
        let fix = if ours { Fix::Sync } else { Fix::by_hand(CREDENTIALS) };
        let place = clients::place(evidence.roots, fact);
        // The line of the address is not shown: it is the secret.
        let diagnostic = evidence.near_key(&place.file, &place.path(), message(name, &url, what));
        Some(symptom(name, &url, what, diagnostic, fix))
    };
    registered.chain(declared).filter_map(of).collect()
}

/// Returns the address in a source, of whatever kind.
fn address(client: Client, source: &RegistrySource) -> Option<String> {
    match source.source() {
        Some(Source::Git { url, .. } | Source::Url { url }) => Some(url.clone()),
        Some(Source::GitHub { .. } | Source::Directory { .. } | Source::File { .. }) => None,
        None => clients::codec(client).address(source),
    }
}

fn in_clones(evidence: &Evidence) -> Vec<Symptom> {
    let of = |(file, text): (&PathBuf, &String)| {
        let name = file.parent()?.parent()?.file_name()?.to_string_lossy().into_owned();
        let (line, url) = text.lines().enumerate().find_map(|(line, text)| {
            let url = text.trim().strip_prefix("url")?.trim_start().strip_prefix('=')?.trim();
            secret(url).map(|_| (line, url))
        })?;
        let what = secret(url)?;
        let at = Position { line: line + 1, column: 1 };
        let diagnostic = Diagnostic::whole(file, message(&name, url, what)).near(Some(at));
        let clone = file.parent()?.parent()?.display().to_string();
        let set = format!(
            "`git -C {clone} remote set-url origin {}`, and let a credential helper keep the login",
            without_login(url)
        );
        Some(symptom(&name, url, what, diagnostic, Fix::by_hand(set)))
    };
    evidence.git_configs.iter().filter_map(of).collect()
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
