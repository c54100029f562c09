//! Tables of Agent Skills: wanted, recorded, linked, and seen by the client.

use serde_json::json;

use super::home::{Home, SKILLS, hash};
use super::{Row, row};
use crate::content::skill::{LintFinding, Severity};
use crate::doctor::SeenSkill;
use crate::model::Position;
use crate::resolve::{AtClient, Shelved};

pub(super) fn rows() -> Vec<Row> {
    [wanted(), recorded(), on_disk(), seen()].into_iter().flatten().collect()
}

/// A skill `s` of `o/r`: recorded, there and linked, and nobody wants it.
fn kept() -> Home {
    let tree = format!("sha256:{}", "a".repeat(64));
    let record = json!({"source": "o/r", "tree": tree, "link": "symlink"});
    let text = format!("{:#}", json!({"version": 1, "agent_skills": {"s": record}}));
    Home::empty().text(SKILLS, text).but(|home| {
        home.shelf().skills.insert("s".into(), folder('a', false));
        home.at_client().skills.insert("s".into(), AtClient::Linked);
    })
}

/// The same, wanted by the manifest.
fn managed() -> Home {
    kept().but(|home| home.want("[[agent_skills]]\nsource = \"o/r\"\nnames = [\"s\"]\n"))
}

fn folder(tree: char, is_clone: bool) -> Shelved {
    Shelved::Folder { tree: Some(hash(tree)), is_skill: true, is_clone }
}

fn gone(home: &mut Home) {
    home.shelf().skills.clear();
}

fn wanted() -> Vec<Row> {
    let missing = |case, home, expected| row("skills.missing", case, home, expected);
    vec![
        row("skills.inventory", "it can be read", kept(), &[]),
        row(
            "skills.inventory",
            "it is empty",
            kept().text(SKILLS, ""),
            &["error .zskills.json ~/.agents/skills/.zskills.json by hand"],
        ),
        row(
            "skills.inventory",
            "it is of the future",
            kept().text(SKILLS, "{\"version\": 2}"),
            &["error .zskills.json ~/.agents/skills/.zskills.json by hand"],
        ),
        missing("it is there", managed(), &[]),
        missing("it is not there", managed().but(gone), &["error s ~/dots/skills.toml:2 sync"]),
        missing(
            "it is not recorded",
            managed().text(SKILLS, "{\"version\": 1}"),
            &["error s ~/dots/skills.toml:2 sync"],
        ),
        missing(
            "it is of another source",
            kept().but(|home| home.want("[[agent_skills]]\nsource = \"o/other\"\nnames = [\"s\"]\n")),
            &["error s ~/dots/skills.toml:2 sync"],
        ),
        missing(
            "the lock has it for a glob",
            Home::empty().but(|home| {
                home.shelf();
                home.want("[[agent_skills]]\nsource = \"o/r\"\nnames = [\"t*\"]\n");
                for name in ["t1", "u1"] {
                    home.lock(&format!(
                        "[[agent_skills]]\nname = \"{name}\"\nsource = \"o/r\"\npattern = \"t*\"\ntree = \"sha256:{}\"\n",
                        "a".repeat(64)
                    ));
                }
            }),
            &["error t1 ~/dots/skills.toml:2 sync"],
        ),
    ]
}

fn recorded() -> Vec<Row> {
    let edited = |home: &mut Home| home.shelf().skills.insert("s".into(), folder('b', false));
    let cloned = |home: &mut Home| home.shelf().skills.insert("s".into(), folder('b', true));
    let unlinked = |home: &mut Home| home.at_client().skills.clear();
    let elsewhere = |home: &mut Home| {
        let elsewhere = AtClient::Elsewhere { target: "/x".into(), dangling: false };
        home.at_client().skills.insert("s".into(), elsewhere);
    };
    vec![
        row("skills.no-bytes", "it is there", kept(), &[]),
        row("skills.not-off", "it is on", kept(), &[]),
        row(
            "skills.not-off",
            "it is off and linked",
            kept().but(|home| {
                home.want("[[agent_skills]]\nsource = \"o/r\"\nname = \"s\"\nenabled = false\n");
            }),
            &["error s ~/.claude/skills/s sync"],
        ),
        row(
            "skills.no-bytes",
            "it is gone",
            kept().but(gone),
            &["warning s ~/.agents/skills/.zskills.json sync"],
        ),
        row("skills.no-bytes", "it is gone and wanted", managed().but(gone), &[]),
        row("skills.full-repo", "it is a skill alone", kept(), &[]),
        row(
            "skills.full-repo",
            "it is a clone",
            kept().but(cloned),
            &["warning s ~/.agents/skills/s by hand"],
        ),
        row(
            "skills.full-repo",
            "it is a clone and wanted",
            managed().but(cloned),
            &["warning s ~/.agents/skills/s sync"],
        ),
        row(
            "skills.full-repo",
            "it is a clone that somebody works in",
            kept().but(cloned).text(SKILLS, r#"{"agent_skills": {"s": {"source": "local"}}}"#),
            &[],
        ),
        row("skills.edited", "it is as it was", kept(), &[]),
        row(
            "skills.edited",
            "it has other bytes",
            kept().but(edited),
            &["warning s ~/.agents/skills/s by hand"],
        ),
        row("skills.edited", "it is a clone", kept().but(cloned), &[]),
        row("skills.not-linked", "it is linked", kept(), &[]),
        row(
            "skills.not-linked",
            "it is not linked",
            kept().but(unlinked),
            &["error s ~/.claude/skills/s by hand"],
        ),
        row(
            "skills.not-linked",
            "it is wanted and not linked",
            managed().but(unlinked),
            &["error s ~/.claude/skills/s sync"],
        ),
        row(
            "skills.not-linked",
            "its name leads to another place",
            kept().but(elsewhere),
            &["error s ~/.claude/skills/s by hand"],
        ),
        row(
            "skills.not-linked",
            "both are one folder",
            kept().but(unlinked).but(|home| home.at_client().is_shared = true),
            &[],
        ),
    ]
}

fn on_disk() -> Vec<Row> {
    let dangling = |home: &mut Home| {
        let elsewhere = AtClient::Elsewhere { target: "/x".into(), dangling: true };
        home.at_client().skills.insert("s".into(), elsewhere);
    };
    vec![
        row("skills.dangling-link", "it leads to the skill", kept(), &[]),
        row(
            "skills.dangling-link",
            "the skill is gone",
            kept().but(gone),
            &["warning s ~/.claude/skills/s by hand"],
        ),
        row(
            "skills.dangling-link",
            "it leads nowhere",
            Home::empty().but(dangling),
            &["warning s ~/.claude/skills/s by hand"],
        ),
        row("skills.dangling-link", "a sync makes it anew", managed().but(gone), &[]),
        row("skills.unmanaged", "it is recorded", kept(), &[]),
        row(
            "skills.unmanaged",
            "it is not recorded",
            kept().text(SKILLS, "{\"version\": 1}"),
            &["info s ~/.agents/skills/s by hand"],
        ),
        row(
            "skills.unmanaged",
            "it is no skill",
            Home::empty().but(|home| home.shelf().skills.insert("s".into(), Shelved::Other)),
            &[],
        ),
    ]
}

fn seen() -> Vec<Row> {
    let skill = |name: &str, from: &str| SeenSkill {
        name: name.into(),
        from: from.into(),
        path: format!("/h/{from}/{name}").into(),
        description: "does it".into(),
        findings: Vec::new(),
    };
    let of = |skills: Vec<SeenSkill>| Home::empty().but(|home| home.skills = skills);
    let linted = |severities: &[Severity]| {
        let findings = severities.iter().map(|severity| LintFinding {
            id: "x",
            severity: *severity,
            path: "SKILL.md".into(),
            at: Some(Position { line: 2, column: 1 }),
            message: "is so".into(),
            hint: None,
        });
        of(vec![SeenSkill { findings: findings.collect(), ..skill("s", "user") }])
    };
    let long = |length: usize| {
        of(vec![SeenSkill { description: "x".repeat(length), ..skill("s", "user") }])
    };
    vec![
        row("skills.collision", "two names", of(vec![skill("s", "user"), skill("t", "user")]), &[]),
        row(
            "skills.collision",
            "one name twice",
            of(vec![skill("s", "user"), skill("s", "project")]),
            &["info s ~/user/s by hand"],
        ),
        row("skills.budget", "as much as the client shows", long(7_999), &[]),
        row(
            "skills.budget",
            "more than the client shows",
            long(8_000),
            &["warning skills ~/.claude/skills by hand"],
        ),
        row("skills.unsafe", "nothing is wrong", linted(&[]), &[]),
        row("skills.unsafe", "only a rule is broken", linted(&[Severity::Warning]), &[]),
        row(
            "skills.unsafe",
            "it hides something",
            linted(&[Severity::Warning, Severity::Error]),
            &["error s ~/user/s/SKILL.md:2 by hand"],
        ),
        row("skills.portability", "only a remark", linted(&[Severity::Info]), &[]),
        row(
            "skills.portability",
            "a rule is broken",
            linted(&[Severity::Info, Severity::Warning]),
            &["info s ~/user/s/SKILL.md:2 by hand"],
        ),
        row(
            "skills.portability",
            "it hides something, which is told as that",
            linted(&[Severity::Warning, Severity::Error]),
            &[],
        ),
    ]
}
