//! Where the bytes of a plugin come from: what its catalog entry, the lock and the pin say together.

use super::Want;
use crate::content::catalog::{Entry, EntrySource};
use crate::declared::lock::LockedPlugin;
use crate::model::{Commit, Request, Revision, Source};
use crate::resolve::marketplaces::Market;
use crate::resolve::{Origin, Stop, revision};

/// Returns where a plugin's bytes come from, and the folder in it.
pub(super) fn origin(
    want: &Want,
    market: &Market,
    entry: &Entry,
    locked: Option<&LockedPlugin>,
) -> Result<(Origin, String), Stop> {
    let locked_commit = locked.and_then(|l| l.commit.clone());
    let git = |url: String, reference: Option<&str>, commit: Option<&Commit>, path: &str| {
        let commit = if want.pin.is_some() { None } else { commit };
        let revision = match locked_commit.as_ref().or(commit) {
            Some(commit) => Revision::Commit(commit.clone()),
            None => revision(want.pin.as_deref().or(reference)),
        };
        let subdir = (!path.is_empty()).then(|| path.to_owned());
        (Origin::Fetched(Request::Git { url, revision, subdir }), path.to_owned())
    };
    Ok(match &entry.source {
        EntrySource::Folder { path } => {
            (folder_origin(want, market, locked_commit.as_ref())?, path.clone())
        }
        EntrySource::Git { url, reference, commit } => {
            git(url.clone(), reference.as_deref(), commit.as_ref(), "")
        }
        EntrySource::GitHub { repo, reference, commit } => {
            git(github_url(repo), reference.as_deref(), commit.as_ref(), "")
        }
        EntrySource::Subdir { url, path, reference, commit } => {
            git(url.clone(), reference.as_deref(), commit.as_ref(), path)
        }
        EntrySource::Npm { package, version, registry } => {
            let version = locked.and_then(|l| l.package.clone()).or_else(|| version.clone());
            let registry = registry.clone();
            let package = package.clone();
            (Origin::Fetched(Request::Npm { package, version, registry }), String::new())
        }
        EntrySource::Archive { url, sha256 } => {
            let (url, sha256) = (url.clone(), sha256.clone());
            (Origin::Fetched(Request::Archive { url, sha256 }), String::new())
        }
        EntrySource::Unsupported { reason } => return Err(Stop::unmet(reason.clone())),
    })
}

/// Returns the marketplace tree that a plugin given by a relative path lies in.
fn folder_origin(want: &Want, market: &Market, locked: Option<&Commit>) -> Result<Origin, Stop> {
    let Some(url) = market.source.git_url() else {
        return match market.source {
            Source::Url { .. } => Err(Stop::unmet_hint(
                "its entry is a relative path, but its marketplace is a single file behind a URL",
                "use the marketplace's git repository as the source",
            )),
            _ => Ok(Origin::Local(market.location.clone())),
        };
    };
    let revision = match (locked, &want.pin) {
        (Some(commit), _) => Revision::Commit(commit.clone()),
        (None, Some(pin)) => revision(Some(pin)),
        (None, None) => return Ok(market.catalog.clone()),
    };
    Ok(Origin::Fetched(Request::Git { url, revision, subdir: None }))
}

fn github_url(repo: &str) -> String {
    format!("https://github.com/{repo}.git")
}
