use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use super::*;

/// A repository with a tag, a branch and three commits on `main`, and a place for clones.
struct Remote {
    folder: TempDir,
    first: Commit,
    main: Commit,
    tagged: Commit,
}

pub(crate) fn hermetic() -> Vec<(OsString, OsString)> {
    [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

fn git() -> Git {
    Git::new(Duration::from_secs(20)).with_environment(&hermetic())
}

/// Runs git in a folder for the arrangement of a test.
pub(crate) fn sh(folder: &Path, line: &str) -> String {
    let output = Command::new("git")
        .args(line.split(' '))
        .current_dir(folder)
        .envs(hermetic())
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Remote {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let repo = folder.path().join("repo");
        fs::create_dir_all(repo.join("pkgs/sub")).unwrap();
        fs::create_dir_all(repo.join("other")).unwrap();
        fs::write(repo.join("pkgs/sub/x"), "").unwrap();
        fs::write(repo.join("other/y"), "").unwrap();
        sh(&repo, "init -q -b main");
        sh(&repo, "config uploadpack.allowFilter true");
        let commit = |text: &str| {
            fs::write(repo.join("file"), text).unwrap();
            sh(&repo, "add -A");
            sh(&repo, &format!("commit -q -m {text}"));
            sh(&repo, "rev-parse HEAD").parse::<Commit>().unwrap()
        };
        let first = commit("one");
        let tagged = commit("two");
        sh(&repo, "tag -a v1 -m v1");
        sh(&repo, "branch old");
        let main = commit("three");
        Self { folder, first, main, tagged }
    }

    fn url(&self) -> String {
        format!("file://{}", self.path("repo").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[test]
fn a_clone_has_the_default_branch_a_branch_a_tag_or_a_commit() {
    let remote = Remote::new();
    let check = |reference: Option<&str>, expected: &Commit| {
        let into = remote.path(&format!("clone-{}", reference.unwrap_or("head")));
        let commit = git().shallow_clone(&remote.url(), reference, &into, None).unwrap();
        assert_eq!(&commit, expected);
        assert_eq!(sh(&into, "rev-parse HEAD"), expected.as_str());
        assert_eq!(sh(&into, "remote get-url origin"), remote.url());
        assert_eq!(sh(&into, "rev-list --count HEAD"), "1");
        assert!(git().status_is_clean(&into).unwrap());
    };
    check(None, &remote.main);
    check(Some("old"), &remote.tagged);
    check(Some("v1"), &remote.tagged);
    check(Some(remote.main.as_str()), &remote.main);
    check(Some(remote.first.as_str()), &remote.first);
}

#[test]
fn a_commit_is_part_of_a_history_or_is_not() {
    let remote = Remote::new();
    let repo = remote.path("repo");
    sh(&repo, "checkout -q old");
    sh(&repo, "commit -q --allow-empty -m side");
    let side: Commit = sh(&repo, "rev-parse HEAD").parse().unwrap();
    let nowhere: Commit = "7".repeat(40).parse().unwrap();
    let check = |old: &Commit, new: &Commit, expected: Option<bool>| {
        let empty = TempDir::new().unwrap();
        let found = git().is_ancestor(&remote.url(), (old, new), empty.path()).unwrap();
        assert_eq!(found, expected, "{old} in {new}");
    };
    check(&remote.first, &remote.main, Some(true));
    check(&remote.main, &remote.main, Some(true));
    check(&remote.main, &remote.first, Some(false));
    check(&remote.main, &side, Some(false));
    check(&nowhere, &remote.main, Some(false));
    let empty = TempDir::new().unwrap();
    assert!(git().is_ancestor(&remote.url(), (&side, &nowhere), empty.path()).is_err());
}

#[test]
fn a_plain_path_is_cloned_with_a_depth_of_one_too() {
    let remote = Remote::new();
    let into = remote.path("clone");
    let url = remote.path("repo").display().to_string();
    git().shallow_clone(&url, None, &into, None).unwrap();
    assert_eq!(sh(&into, "rev-list --count HEAD"), "1");
}

#[test]
fn a_server_that_hands_out_only_tips_is_asked_for_its_history() {
    let remote = Remote::new();
    let old = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "protocol.version")]
        .into_iter()
        .chain([("GIT_CONFIG_VALUE_0", "0")])
        .map(|(name, value)| (name.into(), value.into()))
        .collect::<Vec<_>>();
    let into = remote.path("clone");
    let git = git().with_environment(&old);
    git.fetch_commit(&remote.url(), &remote.first, &into, None).unwrap();
    assert_eq!(sh(&into, "rev-parse HEAD"), remote.first.as_str());
    let unknown = "1".repeat(40).parse().unwrap();
    let into = remote.path("other");
    let error = git.fetch_commit(&remote.url(), &unknown, &into, None).unwrap_err();
    assert_eq!(error.kind, GitFailure::NoSuchCommit, "{error:?}");
}

#[test]
fn a_sparse_clone_has_the_folder_and_not_its_neighbours() {
    let remote = Remote::new();
    for (name, reference) in [("a", None), ("b", Some(remote.first.as_str()))] {
        let into = remote.path(name);
        git().shallow_clone(&remote.url(), reference, &into, Some("pkgs/sub")).unwrap();
        assert!(into.join("pkgs/sub/x").exists());
        assert!(!into.join("other").exists());
        assert!(git().status_is_clean(&into).unwrap());
    }
}

#[test]
fn a_failure_says_which_kind_it_is() {
    let remote = Remote::new();
    let unknown = "1".repeat(40);
    let dead = format!("file://{}", remote.path("dead").display());
    let check = |url: &str, reference: Option<&str>, expected: GitFailure| {
        let into = remote.folder.path().join("never");
        let error = git().shallow_clone(url, reference, &into, None).unwrap_err();
        assert_eq!(error.kind, expected, "{error:?}");
        fs::remove_dir_all(&into).ok();
    };
    check(&remote.url(), Some("gone"), GitFailure::NoSuchRef);
    check(&remote.url(), Some(&unknown), GitFailure::NoSuchCommit);
    check(&dead, None, GitFailure::NotFound);
    check(&dead, Some(&unknown), GitFailure::NotFound);
    check("http://127.0.0.1:1/x", None, GitFailure::Network);
    for url in ["ext::sh -c true", "--upload-pack=x", "foo://x", "relative/path", "ssh://-oX/y"] {
        check(url, None, GitFailure::Address);
    }
}

#[test]
fn refs_of_a_remote_are_resolved_in_one_question() {
    let remote = Remote::new();
    let names = ["HEAD", "old", "v1", "gone", "refs/tags/v1"];
    let found = git().ls_remote(&remote.url(), &names).unwrap();
    let (main, tagged) = (Some(remote.main.clone()), Some(remote.tagged.clone()));
    assert_eq!(found, [main, tagged.clone(), tagged.clone(), None, tagged]);
}

#[test]
fn edits_and_unknown_files_make_a_clone_unclean() {
    let remote = Remote::new();
    let repo = remote.path("repo");
    assert!(git().status_is_clean(&repo).unwrap());
    fs::write(repo.join("new"), "").unwrap();
    assert!(!git().status_is_clean(&repo).unwrap());
}

#[test]
fn a_server_that_wants_a_password_is_refused_one_and_the_clone_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n";
            let _ = write!(stream, "{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let folder = TempDir::new().unwrap();
    for user in ["", "me:hunter2@"] {
        let url = format!("http://{user}127.0.0.1:{port}/r.git?token=secret");
        let error = git().shallow_clone(&url, None, &folder.path().join("c"), None).unwrap_err();
        assert_eq!(error.kind, GitFailure::Auth, "{error:?}");
        let all = format!("{error} {error:?}");
        assert!(!all.contains("hunter2") && !all.contains("secret"), "{all}");
    }
}

/// Writes a program that stands in for git.
fn fake(folder: &TempDir, script: &str) -> Git {
    let program = folder.path().join("fake-git");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Git::new(Duration::from_millis(300)).with_program(program)
}

#[test]
fn a_hanging_git_is_ended_with_all_that_it_started() {
    let folder = TempDir::new().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! > {}; echo before >&2; wait", pid.display());
    let start = Instant::now();
    let error = fake(&folder, &script).ls_remote("/r", &["HEAD"]).unwrap_err();
    assert!(matches!(error.kind, GitFailure::Timeout(_)), "{error:?}");
    assert_eq!(error.said, "before");
    assert!(start.elapsed() < Duration::from_secs(5));
    let process = PathBuf::from(format!("/proc/{}/stat", fs::read_to_string(pid).unwrap().trim()));
    let state = || fs::read_to_string(&process).unwrap_or_default();
    let gone = || state().is_empty() || state().contains(") Z ");
    while !gone() && start.elapsed() < Duration::from_secs(5) {
        std::thread::yield_now();
    }
    assert!(gone(), "{}", state());
}

#[test]
fn a_git_whose_descendant_keeps_the_pipes_open_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let start = Instant::now();
    let script = "sleep 2 & printf '%040d\\tHEAD\\n' 7";
    let found = fake(&folder, script).ls_remote("/r", &["HEAD"]).unwrap();
    assert_eq!(found[0].as_ref().unwrap().as_str(), format!("{:040}", 7));
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_missing_git_is_named() {
    let git = git().with_program("/nonexistent/git");
    let error = git.ls_remote("/r", &["HEAD"]).unwrap_err();
    assert_eq!(error.kind, GitFailure::NotInstalled);
}

#[test]
fn passwords_and_tokens_are_taken_out_of_texts() {
    for (text, expected) in [
        ("at https://u:p@h/r, at", "at https://h/r, at"),
        ("'https://tok@h/r?x=1&token=2' x", "'https://h/r?…' x"),
        ("https://u:p@ss@h", "https://h"),
        ("ssh://git@h/r and https://h/@x", "ssh://h/r and https://h/@x"),
        ("no url\u{1b}[31m", "no url[31m"),
        ("git@h:o/r.git", "git@h:o/r.git"),
    ] {
        assert_eq!(redact(text), expected);
    }
}

#[test]
fn a_clone_keeps_the_user_of_ssh_and_no_other() {
    for (url, expected) in [
        ("https://u:p@h/r", "https://h/r"),
        ("https://h/r", "https://h/r"),
        ("ssh://git@h/r", "ssh://git@h/r"),
        ("ssh://git:p@h/r", "ssh://git@h/r"),
        ("git@h:o/r", "git@h:o/r"),
        ("file:///a@b/c", "file:///a@b/c"),
    ] {
        assert_eq!(without_login(url), expected);
    }
}
