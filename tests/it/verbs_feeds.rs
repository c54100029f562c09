//! Servers of other shapes: archives of GitHub, logins, tokens in paths, plugins with repositories of their own.

use serde_json::json;

use crate::declares;
use crate::http::{HttpServer, Mood};
use crate::plugin;
use crate::repo::{Marketplace, Repo};
use crate::sandbox::{Sandbox, changes};
use crate::tools;
use crate::verbs_install::in_step;

const MANIFEST: &str = "~/.config/zskills/skills.toml";
const CLONE: &str = "~/.claude/plugins/marketplaces/tools";

/// A home whose marketplace `tools` the client has unpacked from an archive.
fn unpacked(server: &HttpServer, home: Sandbox) -> Sandbox {
    let home = home
        .manifest(&(declares("acme/tools") + &plugin("alpha", "")))
        .var("ZSKILLS_GITHUB_URL", server.url(""));
    home.synced();
    let head = home.git(&home.path(CLONE), &["rev-parse", "HEAD"]);
    home.remove(&format!("{CLONE}/.git"));
    home.write(&format!("{CLONE}/.gcs-sha"), head);
    home
}

/// Packs a branch as GitHub does.
fn pack(home: &Sandbox, repo: &Repo, name: &str) {
    let folder = home.remotes().join("acme/tools/archive");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}.tar.gz"));
    let out = format!("--output={}", file.display());
    repo.git(&["archive", "--format=tar.gz", "--prefix=tools-1/", &out, "HEAD"]);
}

#[test]
fn an_unpacked_marketplace_is_refreshed_from_the_archive() {
    for name in ["HEAD", "main", "master"] {
        let home = Sandbox::new();
        tools(&home);
        let server = HttpServer::start(&home.remotes());
        let home = unpacked(&server, home);
        in_step(&home);
        let repo = Repo::new(&home, home.remotes().join("acme/tools.git"));
        let head = repo.release("alpha", "2.0.0");
        pack(&home, &repo, name);
        home.processes();
        home.zskills(&["update"]).expect(0);
        assert_eq!(home.read(&format!("{CLONE}/.gcs-sha")), head, "{name}");
        assert!(!home.exists(&format!("{CLONE}/.git")));
        assert!(home.exists(&format!("{CLONE}/plugins/alpha/CHANGES")));
        assert_eq!(home.processes(), [""; 0], "an archive needs no git");
        in_step(&home);
        home.zskills(&["upgrade"]).expect(0);
        assert_eq!(home.record("alpha@tools")["version"], "2.0.0");
        in_step(&home);
    }
}

#[test]
fn a_bad_download_leaves_the_unpacked_marketplace_as_it_was() {
    let home = Sandbox::new();
    tools(&home);
    let server = HttpServer::start(&home.remotes());
    let home = unpacked(&server, home);
    let repo = Repo::new(&home, home.remotes().join("acme/tools.git"));
    repo.release("alpha", "2.0.0");
    pack(&home, &repo, "HEAD");
    let before = home.subtree(CLONE);
    for mood in [Mood::Truncated, Mood::Status(404), Mood::Status(429), Mood::Status(500)] {
        server.set(mood);
        home.zskills(&["update"]).expect(1).says(&["stays"]);
        assert_eq!(changes(&before, &home.subtree(CLONE)), [""; 0], "{mood:?}");
    }
    let archive = home.remotes().join("acme/tools/archive/HEAD.tar.gz");
    server.set(Mood::Well);
    let whole = std::fs::read(&archive).unwrap();
    std::fs::write(&archive, &whole[..whole.len() / 2]).unwrap();
    home.zskills(&["update"]).expect(1).says(&["stays", "damaged"]);
    assert_eq!(changes(&before, &home.subtree(CLONE)), [""; 0]);
    std::fs::write(&archive, &whole).unwrap();
    home.zskills(&["update"]).expect(0);
    assert_ne!(changes(&before, &home.subtree(CLONE)), [""; 0]);
}

/// `ada:s3cret`
const LOGIN: &str = "Basic YWRhOnMzY3JldA==";

/// Every file below the home but git's own objects.
fn holds(home: &Sandbox, secret: &str) -> Vec<String> {
    home.tree()
        .into_keys()
        .filter(|path| {
            let path = home.path(path);
            path.is_file()
                && std::fs::read(path)
                    .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(secret))
        })
        .collect()
}

#[test]
fn a_login_in_an_address_is_used_and_stored_nowhere() {
    let home = Sandbox::new();
    tools(&home);
    let server = HttpServer::start(&home.remotes());
    server.set(Mood::Login(LOGIN));
    let url = server.url("acme/tools.git");
    home.zskills(&["marketplace", "add", &url]).expect(1).says(&["credential helper"]);
    let with = url.replace("http://", "http://ada:s3cret@");
    let run = home.zskills(&["marketplace", "add", &with]);
    run.expect(0).says(&["stored nowhere", "credential"]).is_silent_about(&["s3cret"]);
    assert_eq!(home.known("tools")["source"], json!({ "source": "git", "url": url }));
    assert!(home.read(MANIFEST).contains(&url));
    assert_eq!(holds(&home, "s3cret"), [""; 0]);
    assert!(!home.processes().iter().any(|line| line.contains("s3cret")));
    home.zskills(&["doctor"]).is_silent_about(&["secret.in-address"]);
}

#[test]
fn a_catalog_behind_a_login_works_too() {
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    home.repo("acme/solo").plugin("solo", Some("1.0.0"));
    let web = Repo::new(&home, home.remotes().join("web"));
    let url = server.url("acme/solo.git");
    Marketplace::new(web, "tools")
        .entry(json!({ "name": "solo", "source": { "source": "url", "url": url } }))
        .folder();
    server.set(Mood::Login(LOGIN));
    let with =
        server.url("web/.claude-plugin/marketplace.json").replace("http://", "http://ada:s3cret@");
    home.zskills(&["marketplace", "add", &with]).says(&["stored nowhere"]);
    assert_eq!(holds(&home, "s3cret"), [""; 0]);
}

#[test]
fn a_login_in_the_manifest_is_used_but_goes_no_further_and_doctor_says_so() {
    let home = Sandbox::new();
    tools(&home);
    let server = HttpServer::start(&home.remotes());
    server.set(Mood::Login(LOGIN));
    let with = server.url("acme/tools.git").replace("http://", "http://ada:s3cret@");
    let home = home.manifest(&(declares(&with) + &plugin("alpha", "")));
    home.zskills(&["sync"]).expect(0);
    assert_eq!(holds(&home, "s3cret"), ["~/.config/zskills/skills.toml"]);
    let run = home.zskills(&["doctor"]);
    run.expect(0).says(&["secret.in-address", "skills.toml"]).is_silent_about(&["s3cret"]);
    let before = home.tree();
    home.zskills(&["sync"]).expect(0);
    assert_eq!(changes(&before, &home.tree()), [""; 0]);
}

#[test]
fn doctor_names_logins_that_others_stored() {
    let home = Sandbox::new().manifest(&declares("acme/tools"));
    tools(&home);
    home.synced();
    let config = format!("{CLONE}/.git/config");
    let text = home.read(&config).replace("https://github.com", "https://ada:s3cret@github.com");
    home.write(&config, text);
    let run = home.zskills(&["doctor"]);
    run.says(&["secret.in-address", ".git/config", "set-url"]).is_silent_about(&["s3cret"]);
}

#[test]
fn a_token_in_the_path_is_an_address_but_never_shown() {
    const TOKEN: &str = "9f8e7d6c5b4a39281706abcd";
    let home = Sandbox::new();
    let repo = home.repo(&format!("m/{TOKEN}/tools"));
    let repo = Marketplace::new(repo, "tools").plugin("alpha", "1.0.0").commit();
    let server = HttpServer::start(&home.remotes());
    let url = server.url(&format!("m/{TOKEN}/tools.git"));
    home.zskills(&["marketplace", "add", &url]).expect(0).is_silent_about(&[TOKEN]);
    home.zskills(&["install", "alpha"]).expect(0).is_silent_about(&[TOKEN]);
    repo.release("alpha", "2.0.0");
    server.set(Mood::Status(404));
    home.zskills(&["upgrade"])
        .expect(1)
        .says(&["revoked, expired or moved"])
        .is_silent_about(&[TOKEN]);
    server.set(Mood::Well);
    home.zskills(&["upgrade"]).expect(0).is_silent_about(&[TOKEN]);
    assert_eq!(home.record("alpha@tools")["version"], "2.0.0");
    home.zskills(&["marketplace", "list"]).expect(0).is_silent_about(&[TOKEN]);
    home.zskills(&["doctor"]).expect(0).says(&["secret.in-address"]).is_silent_about(&[TOKEN]);
}

#[test]
fn plugins_with_repositories_of_their_own_on_one_server_move_one_by_one() {
    let home = Sandbox::new();
    let server = HttpServer::start(&home.remotes());
    let mut market = home.marketplace("tools");
    for name in ["one", "two"] {
        home.repo(&format!("acme/{name}")).plugin(name, Some("1.0.0"));
        let url = server.url(&format!("acme/{name}.git"));
        market = market.entry(json!({ "name": name, "source": { "source": "url", "url": url } }));
    }
    market.commit();
    home.zskills(&["marketplace", "add", &server.url("acme/tools.git")]).expect(0);
    home.zskills(&["install", "one", "two"]).expect(0);
    Repo::new(&home, home.remotes().join("acme/two.git")).plugin("two", Some("2.0.0"));
    home.zskills(&["upgrade"]).expect(0);
    assert_eq!(home.record("one@tools")["version"], "1.0.0");
    assert_eq!(home.record("two@tools")["version"], "2.0.0");
    in_step(&home);
}
