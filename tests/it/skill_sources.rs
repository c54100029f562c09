//! Agent Skills from packages, hosts and sources that mean harm.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http::HttpServer;
use crate::sandbox::{Sandbox, changes, hex, real};

fn skill_md(name: &str, body: &str) -> String {
    format!("---\nname: {name}\ndescription: Does {name}.\n---\n\n{body}\n")
}

fn wants(entry: &str) -> String {
    format!("version = 1\n\n[[agent_skills]]\n{entry}\n")
}

/// Publishes an index, and each file below the root of the server.
fn publish(home: &Sandbox, index: &Value, files: &[(&str, &str)]) -> HttpServer {
    let root = home.remotes().join("host");
    let folder = root.join(".well-known/agent-skills");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    HttpServer::start(&root)
}

fn index(entries: &[(&str, &str, &str)]) -> Value {
    let skills: Vec<Value> = entries
        .iter()
        .map(|(name, url, text)| {
            let digest = format!("sha256:{}", hex(&Sha256::digest(text)));
            json!({ "name": name, "type": "skill-md", "description": "x", "url": url, "digest": digest })
        })
        .collect();
    let schema = "https://schemas.agentskills.io/discovery/0.2.0/schema.json";
    json!({ "$schema": schema, "skills": skills })
}

#[test]
fn a_host_that_publishes_skills_is_a_source() {
    let home = Sandbox::new();
    let (good, other) = (skill_md("good", "one"), skill_md("other", "one"));
    let index = index(&[
        ("good", "good.md", &good),
        ("bad", "bad.md", "announced"),
        ("other", "other.md", &other),
    ]);
    let server =
        publish(&home, &index, &[("good.md", &good), ("bad.md", "replaced"), ("other.md", &other)]);
    let host = server.url("");
    let home =
        home.manifest(&wants(&format!("source = \"{host}\"\nnames = [\"good\", \"other\"]")));
    home.synced();
    assert_eq!(home.read("~/.claude/skills/good/SKILL.md"), good);
    let entry =
        home.json("~/.agents/skills/.zskills.json")["agent_skills"]["good"]["source"].clone();
    assert!(entry.as_str().unwrap().starts_with("wellknown:127.0.0.1"), "{entry}");
    let seen = server.requests().len();
    home.zskills(&["sync"]).expect(0).says(&["up to date"]);
    assert_eq!(server.requests().len(), seen, "a second sync asks nobody");
    home.remove("~/.agents");
    home.zskills(&["sync", "--frozen"]).expect(0);

    home.write(
        "~/.config/zskills/skills.toml",
        wants(&format!("source = \"{host}\"\nname = \"bad\"")),
    );
    home.zskills(&["sync"]).expect(4).says(&["bad", "do not have the digest"]);
    assert!(!home.exists("~/.agents/skills/bad"));
}

#[test]
fn an_index_that_climbs_is_refused_by_name() {
    let home = Sandbox::new();
    let good = skill_md("good", "one");
    let index = index(&[
        ("good", "good.md", &good),
        ("evil", "../../../evil.md", &good),
        ("../up", "good.md", &good),
    ]);
    let server = publish(&home, &index, &[("good.md", &good)]);
    let home = home.manifest(&wants(&format!("source = \"{}\"", server.url(""))));
    let before = home.tree();
    home.zskills(&["sync"]).says(&["evil", "..", "up"]);
    let outside = |line: &String| {
        ["~/.agents", "~/.claude", "~/.config", "~/.cache", "~/.local"]
            .iter()
            .all(|p| !line.contains(p))
    };
    assert!(!changes(&before, &home.tree()).iter().any(outside));
}

#[test]
fn a_package_of_skills_comes_through_npm() {
    if real("npm").is_none() {
        return;
    }
    let home = Sandbox::new();
    let package = home.path("~/package");
    home.write("~/package/package.json", "{\"name\": \"skill-pack\", \"version\": \"1.2.3\"}");
    home.write("~/package/skills/packed/SKILL.md", skill_md("packed", "one"));
    home.shim_with("npm", &format!("shift; while [ \"$1\" != --pack-destination ]; do shift; done; cd {} && tar -czf \"$2/p.tgz\" --transform 's,^./,package/,' . && echo '[{{\"name\":\"skill-pack\",\"version\":\"1.2.3\",\"filename\":\"p.tgz\"}}]'", package.display()));
    let home = home.manifest(&wants("npm = \"skill-pack\""));
    home.synced();
    let entry = home.json("~/.agents/skills/.zskills.json")["agent_skills"]["packed"].clone();
    assert_eq!((&entry["source"], &entry["pin"]), (&json!("npm:skill-pack"), &json!("1.2.3")));
    home.remove("~/.agents");
    home.zskills(&["sync", "--frozen"]).expect(0);
    assert!(home.exists("~/.agents/skills/packed/SKILL.md"));
}

/// A home whose manifest has a package with an installer that makes two skills.
fn with_installer() -> Sandbox {
    let home = Sandbox::new();
    let script = "#!/bin/sh\nfor n in gsd-a gsd-b; do mkdir -p ~/.agents/skills/$n; \
                  printf -- '---\\nname: %s\\ndescription: x\\n---\\n' $n > ~/.agents/skills/$n/SKILL.md; done\n";
    home.write("~/install.sh", script);
    home.set_mode("~/install.sh", 0o755);
    let command = home.path("~/install.sh").display().to_string();
    home.manifest(&wants(&format!(
        "npm = \"gsd\"\ninstall_cmd = \"{command} --all 'two words'\"\nclaims = [\"gsd-*\"]"
    )))
}

#[test]
fn an_installer_runs_only_once_somebody_agreed() {
    let home = with_installer();
    home.zskills(&["sync"]).expect(1).says(&["runs `", "install.sh --all two words`", "--yes"]);
    assert!(!home.exists("~/.agents/skills/gsd-a"));
    home.zskills(&["sync", "--yes"]).expect(0);
    assert_eq!(
        home.json("~/.agents/skills/.zskills.json")["agent_skills"]["gsd-b"]["source"],
        "npm:gsd"
    );
    assert!(home.is_link("~/.claude/skills/gsd-a"));
    home.synced().says(&["up to date"]);
    home.zskills(&["sync", "--prune", "--yes"]).expect(0);
    assert!(home.exists("~/.agents/skills/gsd-a"), "what is claimed is not pruned");

    home.remove("~/.agents");
    home.zskills(&["sync"]).expect(0);
    assert!(home.exists("~/.agents/skills/gsd-a"), "the same command needs no second answer");

    let text = home.read("~/.config/zskills/skills.toml").replace("--all", "--some");
    home.write("~/.config/zskills/skills.toml", text);
    home.zskills(&["sync"]).expect(1).says(&["--some", "--yes"]);
}

#[test]
fn an_installer_that_fails_is_an_error_with_its_words() {
    let home = with_installer();
    home.write("~/install.sh", "#!/bin/sh\necho no such luck >&2\nexit 7\n");
    home.zskills(&["sync", "--yes"]).expect(1).says(&["no such luck", "installer of `gsd`"]);
    home.zskills(&["sync"]).expect(1).says(&["--yes"]);
}

#[test]
fn hostile_skills_are_refused_by_name_and_the_others_installed() {
    let home = Sandbox::new().manifest(&wants("source = \"acme/evil\""));
    home.write("~/secret", "secret");
    let repo = home.repo("acme/evil");
    repo.write("skills/good/SKILL.md", &skill_md("good", "one"));
    repo.write("skills/escape/SKILL.md", &skill_md("escape", "one"));
    repo.link("skills/escape/data", "../../../../../home/secret");
    repo.link("skills/linked/SKILL.md", "/etc/passwd");
    repo.write("skills/..evil/SKILL.md", &skill_md("..evil", "one"));
    repo.write("skills/.hidden/SKILL.md", &skill_md("hidden", "one"));
    repo.write("skills/Sp ace/SKILL.md", "no frontmatter\n");
    repo.write("skills/bidi/SKILL.md", &skill_md("bidi", "a\u{202e}b"));
    repo.write("skills/case/SKILL.md", &skill_md("case", "one"));
    repo.write("skills/case/A.md", "a").write("skills/case/a.md", "b");
    repo.commit();
    home.zskills(&["sync"])
        .expect(4)
        .says(&["escape", "linked", "..evil", ".hidden", "Sp ace", "U+202E", "case"]);
    let there = fs::read_dir(home.path("~/.agents/skills")).unwrap();
    let mut names: Vec<_> = there.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".zskills.json", "good"]);

    home.processes();
    home.zskills(&["sync", "--locked"]).expect(4).says(&["escape", "..evil", "U+202E"]);
    assert!(home.processes().is_empty(), "what is refused is known without a look");
    home.write("~/.config/zskills/skills.toml", wants("source = \"acme/evil\"\nname = \"good\""));
    home.synced().is_silent_about(&["refused", "escape"]);
}

#[test]
fn strange_entries_of_a_local_folder_are_never_read() {
    let home = Sandbox::new().manifest(&wants("source = \"~/tree\""));
    home.write("~/tree/good/SKILL.md", skill_md("good", "one"));
    home.write("~/tree/pipe/SKILL.md", skill_md("pipe", "one"));
    home.write("~/tree/name/SKILL.md", skill_md("name", "one"));
    let odd = std::ffi::OsStr::from_bytes(b"\xff.md");
    fs::write(home.path("~/tree/name").join(odd), "x").unwrap();
    let made = std::process::Command::new("mkfifo").arg(home.path("~/tree/pipe/p")).status();
    assert!(made.unwrap().success());
    let huge = fs::File::create(home.path("~/tree/good/huge.bin")).unwrap();
    huge.set_len(1 << 30).unwrap();
    home.zskills(&["sync"]).expect(4).says(&["huge.bin", "pipe", "not UTF-8"]);
    assert!(!home.exists("~/.agents/skills/good") && !home.exists("~/.agents/skills/pipe"));
}

#[test]
fn nobody_gets_ten_thousand_skills_without_asking() {
    let home = Sandbox::new().manifest(&wants("source = \"~/many\""));
    for n in 0..1200 {
        home.write(&format!("~/many/skills/s{n}/SKILL.md"), skill_md(&format!("s{n}"), "x"));
    }
    home.zskills(&["sync"]).expect(4).says(&["1200 skills", "names"]);
    assert!(!home.exists("~/.agents/skills"));
    home.write("~/.config/zskills/skills.toml", wants("source = \"~/many\"\nname = \"s7\""));
    home.synced();
}

/// One entry of a hostile tree: a path, and a file or the target of a link.
fn entries() -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    let part = prop_oneof![
        "[a-c]",
        Just("skills".into()),
        Just("SKILL.md".into()),
        Just("..a".into()),
        Just(".claude".into())
    ];
    let path = prop::collection::vec(part, 1..5).prop_map(|parts: Vec<String>| parts.join("/"));
    let target = prop_oneof![
        Just("../../../../../victim".to_owned()),
        Just("/etc".into()),
        Just("..".into()),
        Just(".".into()),
        Just("../b".into()),
        Just("SKILL.md".into()),
        Just("../../../.claude".into()),
        "[a-c]",
    ];
    prop::collection::vec((path, prop::option::weighted(0.4, target)), 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn no_install_writes_or_reads_outside_its_root(entries in entries()) {
        let home = Sandbox::new().manifest(&wants("source = \"~/tree\""));
        home.write("~/victim/SKILL.md", skill_md("victim", "SECRET"));
        for (path, target) in &entries {
            let at = home.path("~/tree").join(path);
            if fs::create_dir_all(at.parent().unwrap()).is_err() || at.symlink_metadata().is_ok() {
                continue;
            }
            let through_a_link = !at.parent().unwrap().canonicalize().unwrap().starts_with(home.path("~/tree"));
            if through_a_link {
                continue;
            }
            let _ = match target {
                Some(target) => std::os::unix::fs::symlink(target, &at),
                None => fs::write(&at, skill_md("a", "x")),
            };
        }
        let before = home.tree();
        home.zskills(&["sync"]);
        let ours = ["~/.agents", "~/.claude", "~/.config/zskills/skills.lock", "~/.cache", "~/.local"];
        for line in changes(&before, &home.tree()) {
            prop_assert!(ours.iter().any(|path| line[2..].starts_with(path)), "{line}");
        }
        for (path, what) in home.subtree("~/.agents/skills") {
            prop_assert!(!fs::read_to_string(home.path(&path)).unwrap_or_default().contains("SECRET"), "{path} {what}");
        }
    }
}
