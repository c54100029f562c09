use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
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
        fs::write(repo.join("other/y"), "y").unwrap();
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

/// Fetches into a folder of its own.
fn fetch(
    git: &Git,
    url: &str,
    revision: &Revision,
    narrow: bool,
) -> (TempDir, Result<Fetched, GitError>) {
    let into = TempDir::new().unwrap();
    let fetched = git.fetch(url, revision, narrow, into.path());
    (into, fetched)
}

fn named(name: &str) -> Revision {
    Revision::Named(name.to_owned())
}

/// Writes the files of what was fetched, or of a folder of it, and returns their paths.
fn written(fetched: &Fetched, within: Option<&str>) -> Result<Vec<String>, Broken> {
    let folder = TempDir::new().unwrap();
    let (tree, scratch) = (folder.path().join("tree"), folder.path().join("scratch"));
    fs::create_dir(&tree).unwrap();
    let id = Id::of(&fetched.commit);
    let mut objects = Objects::open(&git(), &fetched.objects, id, &scratch)?;
    let listed = objects.evidence(&fetched.commit, within)?.list(&fetched.commit, within)?;
    let hash = write(&mut objects, &listed, &tree)?;
    assert_eq!(tree::hash(&tree).unwrap(), hash);
    assert_eq!(verify(&listed, &tree, None).unwrap().hash, hash);
    Ok(listed.iter().map(|file| file.path.display().to_string()).collect())
}

#[test]
fn a_fetch_brings_the_default_branch_a_branch_a_tag_or_a_commit() {
    let remote = Remote::new();
    let check = |revision: Revision, expected: &Commit, branch: Option<&str>| {
        let (_into, fetched) = fetch(&git(), &remote.url(), &revision, false);
        let fetched = fetched.unwrap();
        assert_eq!((&fetched.commit, fetched.branch.as_deref()), (expected, branch));
        assert_eq!(fetched.shallow.trim(), expected.as_str());
        assert_eq!(written(&fetched, None).unwrap(), ["file", "other/y", "pkgs/sub/x"]);
        assert_eq!(written(&fetched, Some("pkgs/sub")).unwrap(), ["pkgs/sub/x"]);
        assert!(matches!(written(&fetched, Some("gone")), Err(Broken::NoFolder(_))));
    };
    check(Revision::Head, &remote.main, Some("main"));
    check(named("old"), &remote.tagged, Some("old"));
    check(named("v1"), &remote.tagged, None);
    check(named(remote.main.as_str()), &remote.main, None);
    check(Revision::Commit(remote.first.clone()), &remote.first, None);
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
fn a_plain_path_is_fetched_with_a_depth_of_one_too() {
    let remote = Remote::new();
    let url = remote.path("repo").display().to_string();
    let (_into, fetched) = fetch(&git(), &url, &Revision::Head, false);
    assert_eq!(fetched.unwrap().shallow.trim(), remote.main.as_str());
}

#[test]
fn a_server_that_hands_out_only_tips_is_asked_for_its_history() {
    let remote = Remote::new();
    let old = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "protocol.version")]
        .into_iter()
        .chain([("GIT_CONFIG_VALUE_0", "0")])
        .map(|(name, value)| (name.into(), value.into()))
        .collect::<Vec<_>>();
    let git = git().with_environment(&old);
    let (_into, fetched) =
        fetch(&git, &remote.url(), &Revision::Commit(remote.first.clone()), false);
    assert_eq!(written(&fetched.unwrap(), None).unwrap().len(), 3);
    let unknown = Revision::Commit("1".repeat(40).parse().unwrap());
    let (_into, error) = fetch(&git, &remote.url(), &unknown, false);
    assert_eq!(error.unwrap_err().kind, GitFailure::NoSuchCommit);
}

#[test]
fn a_narrow_fetch_has_the_contents_of_the_folder_and_not_of_its_neighbours() {
    let remote = Remote::new();
    for revision in [Revision::Head, Revision::Commit(remote.first.clone())] {
        let (_into, fetched) = fetch(&git(), &remote.url(), &revision, true);
        let fetched = fetched.unwrap();
        assert!(matches!(written(&fetched, Some("pkgs/sub")), Err(Broken::Missing(_))));
        let scratch = TempDir::new().unwrap();
        let id = Id::of(&fetched.commit);
        let mut objects = Objects::open(&git(), &fetched.objects, id, scratch.path()).unwrap();
        let evidence = objects.evidence(&fetched.commit, Some("pkgs/sub")).unwrap();
        let listed = evidence.list(&fetched.commit, Some("pkgs/sub")).unwrap();
        let ids: Vec<Id> = listed.iter().map(|file| file.id).collect();
        git().fetch_more(&remote.url(), &fetched, &ids).unwrap();
        assert_eq!(written(&fetched, Some("pkgs/sub")).unwrap(), ["pkgs/sub/x"]);
        assert!(matches!(written(&fetched, Some("other")), Err(Broken::Missing(_))));
    }
}

#[test]
fn a_failure_says_which_kind_it_is() {
    let remote = Remote::new();
    let unknown = "1".repeat(40);
    let dead = format!("file://{}", remote.path("dead").display());
    fs::create_dir(remote.path("empty")).unwrap();
    sh(&remote.path("empty"), "init -q");
    let empty = format!("file://{}", remote.path("empty").display());
    let check = |url: &str, revision: Revision, expected: GitFailure| {
        let (_into, error) = fetch(&git(), url, &revision, false);
        assert_eq!(error.unwrap_err().kind, expected, "{url}");
    };
    check(&remote.url(), named("gone"), GitFailure::NoSuchRef);
    check(&remote.url(), named(&unknown), GitFailure::NoSuchCommit);
    check(&dead, Revision::Head, GitFailure::NotFound);
    check(&dead, named(&unknown), GitFailure::NotFound);
    check(&empty, Revision::Head, GitFailure::Empty);
    check("http://127.0.0.1:1/x", Revision::Head, GitFailure::Network);
    for url in ["ext::sh -c true", "--upload-pack=x", "foo://x", "relative/path", "ssh://-oX/y"] {
        check(url, Revision::Head, GitFailure::Address);
    }
}

#[test]
fn more_than_is_taken_for_one_fetch_ends_it() {
    let folder = TempDir::new().unwrap();
    // Says where it would write, and goes on writing.
    let script = "for into; do :; done; mkdir -p \"$into/.git/objects/pack\"\n\
                  head -c 100000 /dev/zero > \"$into/.git/objects/pack/tmp_pack_x\"; sleep 60";
    let git = Git { timeout: Duration::from_secs(30), ..fake(&folder, script) }.with_most(99_999);
    let start = Instant::now();
    let (_into, error) = fetch(&git, "/r", &Revision::Head, false);
    assert_eq!(error.unwrap_err().kind, GitFailure::TooMuch);
    assert!(start.elapsed() < Duration::from_secs(20));
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
    let nothing = remote.path("nothing");
    fs::create_dir(&nothing).unwrap();
    assert!(git().status_is_clean(&nothing).unwrap());
    sh(&repo, &format!("worktree add -q {}", remote.path("tree").display()));
    assert!(!git().status_is_clean(&remote.path("tree")).unwrap(), "it is somebody else's");
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
    for user in ["", "me:hunter2@"] {
        let url = format!("http://{user}127.0.0.1:{port}/r.git?token=secret");
        let (_into, error) = fetch(&git(), &url, &Revision::Head, false);
        let error = error.unwrap_err();
        assert_eq!(error.kind, GitFailure::Auth, "{error:?}");
        let all = format!("{error} {error:?}");
        assert!(!all.contains("hunter2") && !all.contains("secret"), "{all}");
    }
}

/// Writes a program that stands in for git.
fn fake(folder: &TempDir, script: &str) -> Git {
    let program = folder.path().join("fake-git");
    crate::machine::process::tests::program(&program, script);
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
fn where_a_server_sends_git_is_reported_without_a_login() {
    let remote = Remote::new();
    let folder = TempDir::new().unwrap();
    let script = "echo 'warning: redirecting to https://u:hunter2@other.example/r.git/' >&2\n\
                  exec git \"$@\"";
    let sent = Git { timeout: Duration::from_secs(20), ..fake(&folder, script) };
    let sent = sent.with_environment(&hermetic());
    for revision in [Revision::Head, Revision::Commit(remote.main.clone())] {
        let (_into, fetched) = fetch(&sent, &remote.url(), &revision, false);
        let expected = Some("https://other.example/r.git/".to_owned());
        assert_eq!(fetched.unwrap().redirect, expected);
    }
    let (_into, fetched) = fetch(&git(), &remote.url(), &Revision::Head, false);
    assert_eq!(fetched.unwrap().redirect, None);
}

#[test]
fn what_is_wrong_in_a_history_and_changes_no_byte_is_no_reason_to_refuse() {
    let remote = Remote::new();
    let repo = remote.path("repo");
    let tree = sh(&repo, "rev-parse HEAD^{tree}");
    let make = |text: String, kind: &str| {
        fs::write(repo.join(".git/raw"), text).unwrap();
        sh(&repo, &format!("hash-object -t {kind} --literally -w .git/raw"))
    };
    // A time zone, an email and a date that no git of today would write.
    let odd = format!("tree {tree}\nauthor A <a@b 0012 +051800\ncommitter A<a@b> 012 +0000\n\nx\n");
    let commit = make(odd, "commit");
    sh(&repo, &format!("update-ref refs/heads/odd {commit}"));
    let (_into, fetched) = fetch(&git(), &remote.url(), &named("odd"), false);
    assert_eq!(written(&fetched.unwrap(), None).unwrap().len(), 3);
}

#[test]
fn a_folder_that_no_git_would_make_is_refused_before_a_file_is_written() {
    let remote = Remote::new();
    let repo = remote.path("repo");
    let blob = sh(&repo, "rev-parse HEAD:other/y");
    for name in [".git", "..", "a/b", ".GIT", "git~1"] {
        let raw = Id::parse(blob.as_bytes()).unwrap();
        let tree = [format!("100644 {name}\0").as_bytes(), raw.raw()].concat();
        fs::write(repo.join(".git/raw"), tree).unwrap();
        let tree = sh(&repo, "hash-object -t tree --literally -w .git/raw");
        let commit = sh(&repo, &format!("commit-tree {tree} -m x"));
        sh(&repo, &format!("update-ref refs/heads/evil {commit}"));
        let (_into, fetched) = fetch(&git(), &remote.url(), &named("evil"), false);
        assert!(fetched.is_err(), "{name}");
    }
}

#[test]
fn a_question_about_a_clone_runs_nothing_that_its_own_settings_name() {
    let remote = Remote::new();
    let repo = remote.path("repo");
    let mark = remote.path("was-run");
    let run = format!("touch {}", mark.display());
    fs::write(repo.join(".gitattributes"), "* filter=x diff=x\n").unwrap();
    sh(&repo, "add .gitattributes");
    sh(&repo, "commit -q -m attributes");
    let head: Commit = sh(&repo, "rev-parse HEAD").parse().unwrap();
    // The times of a file are new, so that git has to look into it.
    fs::write(repo.join("file"), "three").unwrap();
    let config = format!(
        "[core]\n\tfsmonitor = {run}\n\thooksPath = hooks\n\tpager = {run}\n\tsshCommand = {run}\n\
         \tworktree = /\n[filter \"x\"]\n\tclean = {run}\n\tsmudge = {run}\n\tprocess = {run}\n\
         [diff \"x\"]\n\ttextconv = {run}\n\tcommand = {run}\n[extensions]\n\tpartialClone = origin\n\
         [remote \"origin\"]\n\tpromisor = true\n\turl = ext::{run}\n[gpg]\n\tprogram = {run}\n\
         [log]\n\tshowSignature = true\n[include]\n\tpath = more\n"
    );
    fs::write(repo.join(".git/config"), &config).unwrap();
    fs::write(repo.join(".git/more"), &config).unwrap();
    assert!(git().status_is_clean(&repo).unwrap());
    assert!(git().descends_from(&repo, &remote.first));
    assert!(!git().descends_from(&repo, &"7".repeat(40).parse().unwrap()));
    assert!(git().commit_time(&repo).is_some());
    assert!(!mark.exists(), "something was run");
    // What is placed of a commit is asked for its time without git, and so is a clone of the client.
    assert_eq!(tree::head(&repo), Some(head));
    fs::write(repo.join("file"), "edited").unwrap();
    assert!(!git().status_is_clean(&repo).unwrap());
    assert!(!mark.exists(), "something was run");
}
