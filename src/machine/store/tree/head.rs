//! Reads what a clone has checked out, without a process.

use std::path::{Component, Path};

use crate::machine::store::read::{Most, read};
use crate::model::Commit;

/// Returns the commit that is checked out in a clone, or nothing when its `.git` says it in a way
/// that only git understands (a worktree, reftables) or not at all.
pub fn head(clone: &Path) -> Option<Commit> {
    let git = clone.join(".git");
    let head = text(&git.join("HEAD"), Most::WORD)?;
    let Some(name) = head.strip_prefix("ref:").map(str::trim) else {
        return head.trim().parse().ok();
    };
    let plain = Path::new(name).components().all(|c| matches!(c, Component::Normal(_)));
    if !plain || !name.starts_with("refs/") {
        return None;
    }
    let loose = text(&git.join(name), Most::WORD).and_then(|text| text.trim().parse().ok());
    loose.or_else(|| packed(&text(&git.join("packed-refs"), Most::GIT)?, name))
}

fn packed(refs: &str, name: &str) -> Option<Commit> {
    refs.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(_, found)| *found == name)
        .and_then(|(commit, _)| commit.parse().ok())
}

/// Tells whether a clone has a tag of this name.
pub fn has_tag(clone: &Path, name: &str) -> bool {
    let git = clone.join(".git");
    let reference = format!("refs/tags/{name}");
    let plain = Path::new(name).components().all(|c| matches!(c, Component::Normal(_)));
    plain
        && (git.join(&reference).is_file()
            || text(&git.join("packed-refs"), Most::GIT).is_some_and(|refs| {
                refs.lines().any(|line| line.split_once(' ').is_some_and(|(_, n)| n == reference))
            }))
}

/// Tells whether a clone lacks a part of its history.
pub fn is_shallow(clone: &Path) -> bool {
    clone.join(".git/shallow").exists()
}

/// Returns the address that a clone came from.
pub fn origin(clone: &Path) -> Option<String> {
    let config = text(&clone.join(".git/config"), Most::GIT)?;
    let mut lines = config.lines().map(str::trim);
    lines.by_ref().find(|line| *line == "[remote \"origin\"]")?;
    let section = lines.take_while(|line| !line.starts_with('['));
    let mut urls = section.filter_map(|line| line.split_once('='));
    urls.find(|(key, _)| key.trim() == "url").map(|(_, url)| url.trim().to_owned())
}

/// Reads what git wrote; what cannot be read says nothing.
fn text(path: &Path, most: Most) -> Option<String> {
    String::from_utf8(read(path, most).ok()??).ok()
}
