//! Bytes come from git's objects: the same on every machine, whatever git is told there, and whatever
//! somebody put into the cache.

use std::path::PathBuf;

use crate::sandbox::{Sandbox, Tree};
use crate::{tools, wants};

const CLONE: &str = "~/.claude/plugins/marketplaces/tools";
const PLUGINS: &str = "~/.claude/plugins/cache";

/// A marketplace whose attributes ask git for everything that it can do to a file.
fn odd() -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha", "beta"]));
    let repo = tools(&home);
    repo.write("plugins/alpha/dos.bat", "one\r\ntwo\r\n");
    repo.write("plugins/alpha/id.txt", "$Id$ and\nmore\n");
    repo.write("plugins/alpha/café.md", "é\n");
    repo.link("plugins/alpha/link", "id.txt");
    repo.git(&["add", "--all"]);
    repo.write(".gitattributes", "* text=auto eol=crlf ident filter=x\n*.md text eol=crlf\n");
    repo.git(&["add", ".gitattributes"]);
    repo.git(&["commit", "--quiet", "--message", "odd"]);
    home
}

/// Has git of this machine convert whatever it checks out.
fn converting(home: &Sandbox) -> PathBuf {
    let mark = home.path("~/was-run");
    let filter = format!("touch {}; tr a-z A-Z", mark.display());
    for (key, value) in [
        ("core.autocrlf", "true"),
        ("core.eol", "crlf"),
        ("core.symlinks", "false"),
        ("core.fileMode", "false"),
        ("core.precomposeUnicode", "true"),
        ("filter.x.smudge", &filter),
        ("filter.x.clean", &filter),
    ] {
        home.git(&home.home(), &["config", "--global", key, value]);
    }
    mark
}

fn bytes(home: &Sandbox) -> [Tree; 2] {
    let mut clone = home.subtree(CLONE);
    clone.retain(|path, _| !path.contains("/.git/"));
    [home.subtree(PLUGINS), clone]
}

#[test]
fn no_setting_of_a_machine_changes_a_byte_or_the_lock() {
    let plain = odd();
    plain.synced();
    let other = odd();
    let mark = converting(&other);
    other.synced();
    assert_eq!(bytes(&other), bytes(&plain));
    let lock = "~/.config/zskills/skills.lock";
    assert_eq!(other.read(lock), plain.read(lock));
    assert_eq!(other.read(&format!("{CLONE}/plugins/alpha/id.txt")), "$Id$ and\nmore\n");
    assert!(!mark.exists(), "a filter was run");
    other.zskills(&["sync", "--locked"]).expect(0).says(&["up to date"]);
    assert!(!mark.exists(), "a filter was run");
}

#[test]
fn the_clients_clone_is_the_one_that_git_would_have_made() {
    let home = odd();
    home.synced();
    let clone = home.path(CLONE);
    let remote = home.remotes().join("acme/tools.git");
    let theirs = home.path("~/theirs");
    let url = "https://github.com/acme/tools.git";
    home.git(&home.home(), &["clone", "--quiet", "--depth=1", url, theirs.to_str().unwrap()]);
    for args in [
        &["config", "--local", "--list"][..],
        &["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"],
        &["symbolic-ref", "HEAD"],
        &["rev-parse", "HEAD", "refs/remotes/origin/main"],
        &["rev-parse", "--is-shallow-repository"],
        &["log", "--format=%H"],
        &["ls-files", "--stage"],
    ] {
        assert_eq!(home.git(&clone, args), home.git(&theirs, args), "{args:?}");
    }
    home.git(&clone, &["fsck", "--strict"]);
    // The index says that every file is as git wrote it, so that none is read and converted.
    converting(&home);
    assert_eq!(home.git(&clone, &["status", "--porcelain"]), "");
    assert_eq!(home.git(&clone, &["diff-files", "--name-only"]), "");
    home.write("~/new", "x");
    home.git(&remote, &["commit", "--quiet", "--allow-empty", "--message", "next"]);
    home.git(&clone, &["pull", "--quiet", "--ff-only"]);
    assert_eq!(home.git(&clone, &["rev-parse", "HEAD"]), home.git(&remote, &["rev-parse", "HEAD"]));
}

/// Moves a synced home to another machine that has the lock and the cache of this one.
fn with_cache_only(home: &Sandbox) {
    home.remove("~/.claude");
    home.remove("~/.local");
}

#[test]
fn an_edited_cache_is_healed_or_refused_and_runs_nothing() {
    let home = odd();
    home.synced();
    let expected = bytes(&home);
    let mark = home.path("~/was-run");
    let run = format!("touch {}", mark.display());
    let files: Vec<String> = home.subtree("~/.cache/zskills/repositories").into_keys().collect();
    let entry = files.iter().find(|path| path.ends_with("/origin")).unwrap();
    let entry = entry.strip_suffix("/origin").unwrap().to_owned();
    let attacks: [(&str, &dyn Fn()); 5] = [
        ("a catalog", &|| {
            let file = format!("{entry}/tree/.claude-plugin/marketplace.json");
            home.write(&file, r#"{"name":"tools","owner":{"name":"E"},"plugins":[]}"#);
        }),
        ("a plugin", &|| {
            home.write(&format!("{entry}/tree/plugins/alpha/hooks/hooks.json"), "{}");
        }),
        ("settings", &|| {
            let config = format!("[filter \"x\"]\n\tsmudge = {run}\n[core]\n\tfsmonitor = {run}\n");
            home.write(&format!("{entry}/config"), &config);
            home.write(&format!("{entry}/tree/.git/config"), &config);
        }),
        ("no files", &|| {
            if home.exists(&format!("{entry}/tree")) {
                home.remove(&format!("{entry}/tree"));
            }
        }),
        ("a lock of git's", &|| home.write(&format!("{entry}/index.lock"), "")),
    ];
    for (name, attack) in attacks {
        attack();
        with_cache_only(&home);
        home.zskills(&["sync", "--frozen"]).expect(0);
        assert_eq!(bytes(&home), expected, "{name}");
        assert!(!mark.exists(), "{name}");
    }
    home.remove(&format!("{entry}/objects"));
    home.write(&format!("{entry}/tree/plugins/alpha/id.txt"), "evil");
    with_cache_only(&home);
    home.zskills(&["sync", "--frozen"]).expect(1).says(&["acme/tools", "damaged", "network"]);
    home.zskills(&["sync", "--locked"]).expect(0);
    assert_eq!(bytes(&home), expected);
}

#[test]
fn what_is_placed_leaves_what_it_was_made_from() {
    let home = odd();
    home.synced();
    let expected = bytes(&home);
    for _ in 0..2 {
        with_cache_only(&home);
        home.processes();
        home.zskills(&["sync", "--frozen"]).expect(0);
        assert_eq!(bytes(&home), expected);
    }
}
