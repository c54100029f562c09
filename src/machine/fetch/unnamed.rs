//! What the cache has and nothing asks for any more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::cache;
use crate::machine::store::disk::{self, Stands};

/// The words of manifests and locks: addresses, commits, digests, names of packages, versions.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// Adds every quoted word of a text.
    pub fn add(&mut self, text: &str) {
        for line in text.lines() {
            let words = line.split('"').skip(1).step_by(2);
            self.0.extend(words.map(str::to_owned));
        }
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Tells whether some word ends in another one, after a colon or as a whole.
    fn has_digest(&self, digest: &str) -> bool {
        self.has(digest) || self.has(&format!("sha256:{digest}"))
    }

    /// Returns where the cache keeps what some addresses lead to.
    fn places(&self, cache_dir: &Path) -> BTreeSet<PathBuf> {
        let places =
            |url: &String| [cache::catalog(cache_dir, url), cache::well_known(cache_dir, url)];
        self.0.iter().flat_map(places).collect()
    }
}

/// Fetches that are under way have no lock; what they make ready is younger than this.
const UNDER_WAY: Duration = Duration::from_secs(60 * 60);

/// Returns what none of the names asks for, and what was only made ready.
pub fn unnamed(cache_dir: &Path, names: &Names) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let below = |folder: &Path| -> Vec<(String, PathBuf)> {
        let entries = disk::entries(folder).into_iter();
        let folders = entries.filter(|(_, stands)| *stands == Stands::Folder);
        folders.map(|(name, _)| (name.clone(), folder.join(name))).collect()
    };
    for kind in ["repositories", "snapshots"] {
        for (_, repository) in below(&cache_dir.join(kind)) {
            let commits = below(&repository);
            let is_unnamed = |(name, _): &&(String, PathBuf)| {
                !names.has(name.split('-').next().unwrap_or_default())
            };
            let gone: Vec<PathBuf> =
                commits.iter().filter(is_unnamed).map(|(_, path)| path.clone()).collect();
            if gone.len() == commits.len() { found.push(repository) } else { found.extend(gone) }
        }
    }
    let archives = below(&cache_dir.join("archive")).into_iter();
    found.extend(archives.filter(|(name, _)| !names.has_digest(name)).map(|(_, path)| path));
    let places = names.places(cache_dir);
    for kind in ["catalogs", "well-known"] {
        let paths = below(&cache_dir.join(kind)).into_iter().map(|(_, path)| path);
        found.extend(paths.filter(|path| !places.contains(path)));
    }
    for (name, package) in below(&cache_dir.join("npm")) {
        // A scope has a folder of its own.
        let packages = if name.starts_with('@') { below(&package) } else { vec![(name, package)] };
        for (_, package) in packages {
            let versions = below(&package).into_iter();
            let version = |name: &str| names.0.iter().any(|word| is_version(name, word));
            found.extend(versions.filter(|(name, _)| !version(name)).map(|(_, path)| path));
        }
    }
    found.push(cache_dir.join("git"));
    found.retain(|path| disk::exists(path));
    let staging = cache_dir.join("staging");
    let staged = disk::entries(&staging).into_iter().map(|(name, _)| staging.join(name));
    found.extend(staged.filter(|path| is_old(path)));
    found
}

/// Tells whether the folder of a version, which may name a registry too, is of one that a word says.
fn is_version(folder: &str, word: &str) -> bool {
    let version = word.rsplit('@').next().unwrap_or_default();
    let rest = folder.strip_prefix(version).filter(|_| !version.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn is_old(path: &Path) -> bool {
    let age = disk::changed(path).and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age > UNDER_WAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lock_or_a_manifest_names_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let url = "https://example.com/marketplace.json";
        let kept = [
            format!("repositories/tools-0a/{one}"),
            format!("repositories/tools-0a/{one}-77aa"),
            format!("archive/{}", "a".repeat(64)),
            "npm/@acme/tool/1.0.0-77aa".to_owned(),
        ];
        let gone = [
            format!("repositories/tools-0a/{two}"),
            "repositories/old-0b".to_owned(),
            format!("archive/{}", "b".repeat(64)),
            "npm/@acme/tool/1.0.1".to_owned(),
            "git".to_owned(),
        ];
        for path in kept.iter().chain(&gone) {
            std::fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        std::fs::create_dir_all(dir.path().join(format!("repositories/old-0b/{two}"))).unwrap();
        std::fs::create_dir_all(cache::catalog(dir.path(), url)).unwrap();
        std::fs::create_dir_all(dir.path().join("staging/young")).unwrap();
        let mut names = Names::default();
        names.add(&format!("commit = \"{one}\"\nsha256 = \"sha256:{}\"", "a".repeat(64)));
        names.add(&format!("version = \"1.0.0\"\nurl = \"{url}\""));
        let mut expected: Vec<PathBuf> = gone.iter().map(|path| dir.path().join(path)).collect();
        let mut found = unnamed(dir.path(), &names);
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}
