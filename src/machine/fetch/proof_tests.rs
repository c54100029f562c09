//! What lies in the cache proves nothing: whoever can write there changes no byte and runs nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tests::{World, git};
use super::*;
use crate::machine::git::tests::{hermetic, sh};
use crate::machine::store::tree;

/// A repository whose attributes name everything that git can be made to do with a file.
fn world() -> (World, Request, Commit) {
    let world = World::new();
    world.repo("a");
    let repo = world.0.path().join("a");
    let attributes = "* text eol=crlf ident filter=x working-tree-encoding=UTF-16\n";
    fs::write(repo.join(".gitattributes"), attributes).unwrap();
    fs::write(repo.join("text"), "one\ntwo $Id$\n").unwrap();
    fs::write(repo.join("run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(repo.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("text", repo.join("link")).unwrap();
    // The files are what they are, whatever the attributes say of them.
    for file in [".gitattributes", "text", "run", "pkg/x"] {
        let mode = if file == "run" { "100755" } else { "100644" };
        let id = sh(&repo, &format!("hash-object -w --no-filters -- {file}"));
        sh(&repo, &format!("update-index --add --cacheinfo {mode},{id},{file}"));
    }
    sh(&repo, "add link");
    sh(&repo, "commit -q -m two");
    let commit = world.commit("a");
    let url = format!("file://{}", repo.display());
    (world, git(&url, Revision::Commit(commit.clone()), None), commit)
}

/// What is below a folder: kinds, modes and bytes.
fn contents(root: &Path) -> BTreeMap<PathBuf, String> {
    let describe = |path: &PathBuf| {
        let at = root.join(path);
        let metadata = fs::symlink_metadata(&at).unwrap();
        if metadata.is_symlink() {
            return format!("-> {}", fs::read_link(&at).unwrap().display());
        }
        let executable = metadata.permissions().mode() & 0o111 != 0;
        format!("{executable} {:?}", String::from_utf8_lossy(&fs::read(&at).unwrap()))
    };
    let paths = tree::paths(root, 20).unwrap();
    paths.into_iter().map(|path| (path.clone(), describe(&path))).collect()
}

#[test]
fn files_are_those_of_the_objects_whatever_attributes_and_settings_say() {
    let (world, request, commit) = world();
    let settings = world.0.path().join("gitconfig");
    let mark = world.0.path().join("was-run");
    let filter = format!("touch {} && tr a-z A-Z", mark.display());
    fs::write(
        &settings,
        format!(
            "[core]\n\tautocrlf = true\n\teol = crlf\n\tsymlinks = false\n\tfilemode = false\n\
             [filter \"x\"]\n\tsmudge = {filter}\n\tclean = {filter}\n\trequired = true\n"
        ),
    )
    .unwrap();
    let mut options = world.options(&Silent);
    options.git = options.git.with_environment(&[("GIT_CONFIG_GLOBAL".into(), settings.into())]);
    let checkout = fetch(&request, &options).unwrap();
    let expected = "one\ntwo $Id$\n";
    assert_eq!(fs::read_to_string(checkout.root.join("text")).unwrap(), expected);
    assert!(fs::symlink_metadata(checkout.root.join("link")).unwrap().is_symlink());
    assert_eq!(checkout.tree, Some(tree::hash(&checkout.root).unwrap()));
    assert!(!mark.exists());
    let repo = world.0.path().join("a");
    let size = sh(&repo, &format!("cat-file -s {commit}:text"));
    assert_eq!(size, expected.len().to_string());
}

/// One way to change what lies in the cache: the entry, and a file that must never be made.
type Attack = fn(&Path, &Path);

const SCRIPT: &str = "#!/bin/sh\ntouch MARK\n";

fn plant(at: &Path, mark: &Path) {
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::write(at, SCRIPT.replace("MARK", mark.to_str().unwrap())).unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Settings of a repository with which git runs what they name.
fn settings(mark: &Path) -> String {
    let run = format!("touch {}", mark.display());
    format!(
        "[core]\n\trepositoryformatversion = 1\n\tfsmonitor = {run}\n\tsshCommand = {run}\n\
         \thooksPath = hooks\n\tworktree = /\n\tpager = {run}\n\teditor = {run}\n\
         \talternateRefsCommand = {run}\n\tgitProxy = {run}\n\
         [extensions]\n\tpartialClone = origin\n\
         [remote \"origin\"]\n\turl = ext::sh -c {run}\n\tpromisor = true\n\
         \tuploadpack = {run}\n[filter \"x\"]\n\tsmudge = {run}\n\tclean = {run}\n\tprocess = {run}\n\
         [include]\n\tpath = more\n[protocol]\n\tallow = always\n"
    )
}

/// What is healed from the objects, so that no network is needed.
const HEALED: &[(&str, Attack)] = &[
    ("edited", |entry, _| fs::write(entry.join("tree/text"), "evil").unwrap()),
    ("same length", |entry, _| fs::write(entry.join("tree/text"), "two\none $Id$\n").unwrap()),
    ("added", |entry, _| fs::write(entry.join("tree/evil"), "").unwrap()),
    ("added marker", |entry, _| fs::write(entry.join("tree/.orphaned_at"), "").unwrap()),
    ("removed", |entry, _| fs::remove_file(entry.join("tree/pkg/x")).unwrap()),
    ("executable", |entry, _| {
        fs::set_permissions(entry.join("tree/text"), fs::Permissions::from_mode(0o755)).unwrap();
    }),
    ("a link instead", |entry, _| {
        fs::write(entry.join("copy"), fs::read(entry.join("tree/text")).unwrap()).unwrap();
        fs::remove_file(entry.join("tree/text")).unwrap();
        symlink("../copy", entry.join("tree/text")).unwrap();
    }),
    ("another link", |entry, _| {
        fs::remove_file(entry.join("tree/link")).unwrap();
        symlink("/etc/passwd", entry.join("tree/link")).unwrap();
    }),
    ("a folder behind a link", |entry, _| {
        fs::rename(entry.join("tree/pkg"), entry.join("pkg")).unwrap();
        symlink("../pkg", entry.join("tree/pkg")).unwrap();
    }),
    ("a pipe", |entry, _| {
        fs::remove_file(entry.join("tree/text")).unwrap();
        assert!(Command::new("mkfifo").arg(entry.join("tree/text")).status().unwrap().success());
    }),
    ("no files", |entry, _| fs::remove_dir_all(entry.join("tree")).unwrap()),
    ("half of them", |entry, _| {
        fs::remove_dir_all(entry.join("tree/pkg")).unwrap();
        fs::write(entry.join("tree/text"), "").unwrap();
    }),
    ("a repository", |entry, mark| {
        fs::create_dir_all(entry.join("tree/.git/objects")).unwrap();
        fs::create_dir_all(entry.join("tree/.git/refs")).unwrap();
        fs::write(entry.join("tree/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(entry.join("tree/.git/config"), settings(mark)).unwrap();
        fs::remove_file(entry.join("tree/text")).unwrap();
    }),
    ("settings", |entry, mark| {
        for name in ["config", "objects/config", "tree/config", "more", "config.worktree"] {
            fs::write(entry.join(name), settings(mark)).unwrap();
        }
        for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
            plant(&entry.join("hooks").join(hook), mark);
        }
        fs::write(entry.join("commondir"), ".").unwrap();
        fs::write(entry.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::create_dir(entry.join("refs")).unwrap();
        fs::remove_file(entry.join("tree/text")).unwrap();
    }),
    ("replaced objects", |entry, _| {
        shell(
            entry,
            "git init -q --bare r; rm -rf r/objects; ln -s ../objects r/objects
            evil=$(echo evil | git -C r hash-object -w --stdin)
            git -C r update-ref refs/replace/$(git -C r rev-parse $(basename $PWD):text) $evil
            mv r/refs refs; rm tree/text",
        );
    }),
];

fn pack(entry: &Path, end: &str) -> PathBuf {
    let files = fs::read_dir(entry.join("objects/pack")).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    let path = paths.find(|path| path.extension().is_some_and(|found| found == end)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    path
}

/// What leaves nothing to go by: fetched again, and without the network an error that says so.
const LOST: &[(&str, Attack)] = &[
    ("no objects", |entry, _| {
        fs::remove_dir_all(entry.join("objects")).unwrap();
        fs::write(entry.join("tree/text"), "evil").unwrap();
    }),
    ("half a pack", |entry, _| {
        let pack = pack(entry, "pack");
        let bytes = fs::read(&pack).unwrap();
        fs::write(&pack, &bytes[..bytes.len() / 2]).unwrap();
        fs::remove_dir_all(entry.join("tree")).unwrap();
    }),
    ("no index of the pack", |entry, _| {
        fs::remove_file(pack(entry, "idx")).unwrap();
        fs::remove_dir_all(entry.join("tree")).unwrap();
    }),
    ("another object by that name", |entry, _| {
        shell(
            entry,
            "git init -q --bare r; git -C r unpack-objects -q < $(ls objects/pack/*.pack)
            text=$(git -C r rev-parse $(basename $PWD):text)
            evil=$(printf 'one\\ntwo $Ix$\\n' | git -C r hash-object -w --stdin)
            at() { echo r/objects/$(echo $1 | cut -c1-2)/$(echo $1 | cut -c3-); }
            rm -f $(at $text); cp $(at $evil) $(at $text)
            rm -rf objects tree; mv r/objects objects",
        );
    }),
    ("objects elsewhere", |entry, _| {
        fs::create_dir_all(entry.join("objects/info")).unwrap();
        fs::write(entry.join("objects/info/alternates"), "/somewhere\n").unwrap();
    }),
    ("no evidence", |entry, _| fs::remove_file(entry.join("evidence")).unwrap()),
    ("evidence of something else", |entry, _| {
        let mut text = fs::read(entry.join("evidence")).unwrap();
        let at = text.len() - 5;
        text[at] ^= 1;
        fs::write(entry.join("evidence"), text).unwrap();
    }),
    ("an endless file", |entry, _| {
        fs::remove_file(entry.join("evidence")).unwrap();
        symlink("/dev/zero", entry.join("evidence")).unwrap();
    }),
    ("another origin", |entry, _| {
        let text = fs::read_to_string(entry.join("origin")).unwrap();
        fs::write(entry.join("origin"), text.replace("file://", "https://evil")).unwrap();
    }),
    ("half an origin", |entry, _| {
        let text = fs::read(entry.join("origin")).unwrap();
        fs::write(entry.join("origin"), &text[..text.len() / 2]).unwrap();
    }),
];

/// Runs a script in an entry; the first failure ends it.
fn shell(entry: &Path, script: &str) {
    let mut command = Command::new("sh");
    command.args(["-ec", script]).current_dir(entry).envs(hermetic());
    assert!(command.status().unwrap().success(), "{script}");
}

/// Attacks the entry of a fetched commit, and returns what the next fetch says of it.
fn attacked(attack: Attack, online: bool) -> (World, Result<Checkout, FetchError>) {
    let (world, request, _) = world();
    let first = fetch(&request, &world.options(&Silent)).unwrap();
    let pristine = contents(&first.root);
    let mark = world.0.path().join("was-run");
    attack(first.root.parent().unwrap(), &mark);
    let options = FetchOptions { offline: !online, ..world.options(&Silent) };
    let second = fetch(&request, &options);
    assert!(!mark.exists(), "something was run");
    if let Ok(second) = &second {
        assert_eq!(second, &first);
        assert_eq!(contents(&second.root), pristine);
        let third = fetch(&request, &world.cut_off()).unwrap();
        assert_eq!(third, first, "it is healed, so that nothing need be run");
    }
    assert_eq!(world.staging(), 0);
    (world, second)
}

#[test]
fn files_that_are_not_those_of_the_commit_are_written_again_without_the_network() {
    for (name, attack) in HEALED {
        let (_world, checkout) = attacked(*attack, false);
        assert!(checkout.is_ok(), "{name}: {checkout:?}");
    }
}

#[test]
fn an_entry_that_proves_nothing_is_fetched_again_before_anything_is_refused() {
    for (name, attack) in LOST {
        let (_world, checkout) = attacked(*attack, true);
        assert!(checkout.is_ok(), "{name}: {checkout:?}");
    }
}

#[test]
fn without_the_network_an_entry_that_proves_nothing_is_named_for_what_it_is() {
    for (name, attack) in LOST {
        let (_world, checkout) = attacked(*attack, false);
        let error = checkout.unwrap_err();
        assert!(matches!(error, FetchError::Damaged { .. }), "{name}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("file://") && text.contains("the network"), "{name}: {text}");
    }
}

#[test]
fn a_part_of_an_entry_is_no_entry() {
    let (world, request, _) = world();
    let first = fetch(&request, &world.options(&Silent)).unwrap();
    let entry = first.root.parent().unwrap();
    for part in ["origin", "objects"] {
        drop(fs::remove_file(entry.join(part)));
        drop(fs::remove_dir_all(entry.join(part)));
        assert!(fetch(&request, &world.cut_off()).is_err(), "{part}");
    }
    assert_eq!(fetch(&request, &world.options(&Silent)).unwrap(), first);
}
