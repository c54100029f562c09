use std::fs;
use std::path::Path;
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::machine::archive::tests::zipped;
use crate::machine::git::GitFailure;
use crate::machine::git::tests::{hermetic, sh};
use crate::machine::http::tests::{ok, serve};
use crate::machine::store::tree;

/// A cache, and repositories beside it.
pub(super) struct World(pub TempDir);

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn start(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }
    fn done(&self, _: &str) {}
}

impl World {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn repo(&self, name: &str) -> String {
        let repo = self.0.path().join(name);
        fs::create_dir_all(repo.join("pkg")).unwrap();
        fs::write(repo.join("pkg/x"), "").unwrap();
        sh(&repo, "init -q -b main");
        sh(&repo, "add -A");
        sh(&repo, "commit -q -m one");
        format!("file://{}", repo.display())
    }

    pub fn commit(&self, name: &str) -> Commit {
        sh(&self.0.path().join(name), "rev-parse HEAD").parse().unwrap()
    }

    pub fn options<'a>(&self, progress: &'a dyn Progress) -> FetchOptions<'a> {
        let git = Git::new(Duration::from_secs(20)).with_environment(&hermetic());
        FetchOptions { git, ..FetchOptions::new(self.0.path().join("cache"), progress) }
    }

    /// Options under which whatever is not in the cache fails.
    pub fn cut_off(&self) -> FetchOptions<'static> {
        FetchOptions {
            offline: true,
            git: Git::new(Duration::ZERO).with_program("/nonexistent/git"),
            ..self.options(&Silent)
        }
    }

    pub fn staging(&self) -> usize {
        fs::read_dir(self.0.path().join("cache/staging")).unwrap().count()
    }
}

pub(super) fn git(url: &str, revision: Revision, subdir: Option<&str>) -> Request {
    Request::Git { url: url.to_owned(), revision, subdir: subdir.map(str::to_owned) }
}

#[test]
fn repositories_are_fetched_once_and_then_found_by_commit() {
    let world = World::new();
    let urls = ["a", "b", "c"].map(|name| world.repo(name));
    let requests = urls.iter().map(|url| git(url, Revision::Head, None)).collect();
    let heard = Heard::default();
    let results = fetch_all(&requests, &world.options(&heard));
    assert_eq!(heard.0.into_inner().unwrap().len(), 3);
    assert_eq!(world.staging(), 0);
    for (name, url) in ["a", "b", "c"].iter().zip(&urls) {
        let first = results[&git(url, Revision::Head, None)].as_ref().unwrap();
        assert_eq!(first.commit, Some(world.commit(name)));
        assert_eq!(first.tree, Some(tree::hash(&first.root).unwrap()));
        assert!(first.root.join("pkg/x").exists());
        for revision in
            [Revision::Commit(world.commit(name)), Revision::Named(world.commit(name).to_string())]
        {
            let again = fetch(&git(url, revision, None), &world.cut_off()).unwrap();
            assert_eq!(&again, first);
        }
    }
}

#[test]
fn a_whole_clone_serves_its_folders_and_a_narrow_one_is_its_own() {
    let world = World::new();
    let url = world.repo("a");
    let commit = Revision::Commit(world.commit("a"));
    let narrow = git(&url, commit.clone(), Some("./pkg/"));
    let one = fetch(&narrow, &world.options(&Silent)).unwrap();
    assert!(fetch(&git(&url, commit.clone(), None), &world.cut_off()).is_err());
    let whole = fetch(&git(&url, commit.clone(), None), &world.options(&Silent)).unwrap();
    assert_ne!(one.root, whole.root);
    fs::remove_dir_all(one.root.parent().unwrap()).unwrap();
    assert_eq!(fetch(&narrow, &world.cut_off()).unwrap(), whole);
    let gone = git(&url, commit, Some("gone"));
    let error = fetch(&gone, &world.cut_off()).unwrap_err();
    assert!(matches!(error, FetchError::NoFolder { .. }), "{error:?}");
}

#[test]
fn offline_names_what_it_would_have_fetched() {
    let world = World::new();
    for (revision, expected) in [
        (Revision::Head, "`https://h/r` is not in the cache, and the network is not to be used"),
        (Revision::Named("v1".into()), "`https://h/r at v1` is not in the cache, and"),
    ] {
        let request = git("https://me:secret@h/r", revision, None);
        let error = fetch(&request, &world.cut_off()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!error.is_refusal());
    }
}

#[test]
fn one_that_fails_leaves_the_others_and_the_cache_alone() {
    let world = World::new();
    let good = git(&world.repo("a"), Revision::Head, None);
    let bad = git(&format!("file://{}/none", world.0.path().display()), Revision::Head, None);
    let requests = [good.clone(), bad.clone()].into();
    let results = fetch_all(&requests, &world.options(&Silent));
    assert!(results[&good].is_ok());
    let Err(FetchError::Git(error)) = &results[&bad] else { panic!("{results:?}") };
    assert_eq!(error.kind, GitFailure::NotFound);
    assert_eq!(world.staging(), 0);
    assert_eq!(fs::read_dir(world.0.path().join("cache/repositories")).unwrap().count(), 1);
}

fn archive(bytes: &[u8], sha256: Option<&str>) -> Request {
    use sha2::Digest as _;
    let digest = crate::machine::store::hex(&sha2::Sha256::digest(bytes));
    Request::Archive { url: serve(ok(bytes)), sha256: sha256.unwrap_or(&digest).to_owned() }
}

#[test]
fn an_archive_is_unpacked_only_with_the_digest_it_must_have() {
    let world = World::new();
    let bytes = zipped(&[("p/a", 0o644, b"one")]);
    let wrong = archive(&bytes, Some(&"0".repeat(64)));
    let error = fetch(&wrong, &world.options(&Silent)).unwrap_err();
    assert!(matches!(error, FetchError::Digest { .. }) && error.is_refusal(), "{error:?}");
    assert!(!world.0.path().join("cache/archive").exists());
    let right = archive(&bytes, None);
    let first = fetch(&right, &world.options(&Silent)).unwrap();
    assert_eq!(fs::read_to_string(first.root.join("p/a")).unwrap(), "one");
    // What is in the cache is made from the archive again each time.
    fs::write(first.root.join("p/a"), "evil").unwrap();
    fs::write(first.root.join("p/b"), "evil").unwrap();
    assert_eq!(fetch(&right, &world.cut_off()).unwrap(), first);
    assert_eq!(fs::read_to_string(first.root.join("p/a")).unwrap(), "one");
    assert!(!first.root.join("p/b").exists());
    let packed = first.root.with_file_name("packed");
    fs::write(&packed, zipped(&[("p/a", 0o644, b"evil")])).unwrap();
    assert!(matches!(fetch(&right, &world.cut_off()), Err(FetchError::Damaged { .. })));
    assert!(matches!(fetch(&right, &world.cut_off()), Err(FetchError::Offline(_))), "it is gone");
}

#[test]
fn an_archive_whose_names_collide_is_refused() {
    let world = World::new();
    let request = archive(&zipped(&[("p/a", 0o644, b""), ("P/b", 0o644, b"")]), None);
    let error = fetch(&request, &world.options(&Silent)).unwrap_err();
    assert!(matches!(error, FetchError::Tree { .. }) && error.is_refusal(), "{error:?}");
}

#[test]
fn a_catalog_is_asked_for_each_time_and_remembered_for_offline() {
    let world = World::new();
    let request = Request::Catalog { url: serve(ok(b"{}")) };
    assert!(matches!(fetch(&request, &world.cut_off()), Err(FetchError::Offline(_))));
    let checkout = fetch(&request, &world.options(&Silent)).unwrap();
    assert_eq!(fs::read_to_string(checkout.root.join("marketplace.json")).unwrap(), "{}");
    assert_eq!(fetch(&request, &world.cut_off()).unwrap(), checkout);
}

#[test]
fn names_in_the_cache_cannot_leave_it() {
    let cache = Path::new("/c");
    for url in ["https://h/..", "https://h/o/r.git/", "x:..", "/", "https://h/é b"] {
        let place = cache::repository(cache, url);
        assert_eq!(place.parent(), Some(Path::new("/c/repositories")), "{url}");
        assert!(place.file_name().unwrap().len() > 16, "{url}");
    }
    assert_eq!(cache::package(cache, "../x", "1.0.0", None), None);
    assert_eq!(cache::package(cache, "x", "..", None), None);
    assert_eq!(cache::package(cache, "@s/x", "1.0.0", None), Some("/c/npm/@s/x/1.0.0".into()));
    assert_eq!(cache::archive(cache, "../x"), None);
}
