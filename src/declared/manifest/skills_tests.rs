//! What an `[[agent_skills]]` entry says, and what is said about a wrong one.

use super::*;
use crate::declared::manifest::parse::tests::{faults, read};

fn one(entry: &str) -> WantedSkill {
    let text = format!("version = 1\n[[agent_skills]]\n{entry}\n");
    read(&text).unwrap_or_else(|faults| panic!("{faults:?}")).agent_skills.remove(0)
}

#[test]
fn an_entry_is_a_repository_one_of_many_a_package_or_a_name() {
    let check = |entry: &str, expected: &str| {
        let skill = one(entry);
        let source = match &skill.source {
            Some(SkillSource::Tree { source, path: None }) => format!("tree {source}"),
            Some(SkillSource::Tree { source, path: Some(path) }) => {
                format!("tree {source} in {path}")
            }
            Some(SkillSource::WellKnown { url }) => format!("host {url}"),
            Some(SkillSource::Npm { package }) => format!("npm {package}"),
            None => "none".to_owned(),
        };
        assert_eq!(format!("{source} {}", skill.names.join("+")).trim_end(), expected, "{entry}");
    };
    check("source = \"o/r\"", "tree o/r");
    check("source = \"o/r\"\nname = \"pdf\"", "tree o/r pdf");
    check("source = \"o/r\"\nnames = [\"pdf\", \"doc-*\"]", "tree o/r pdf+doc-*");
    check("source = \"o/r//a/b/\"", "tree o/r in a/b");
    check("source = \"o/r//a@v1\"", "tree o/r@v1 in a");
    check("source = \"o/r@v1//a\"", "tree o/r@v1 in a");
    check("source = \"https://h.example/r.git//a#v1\"", "tree https://h.example/r.git#v1 in a");
    check("source = \"file:///srv/r.git//a\"", "tree file:///srv/r.git in a");
    check("source = \"git@h:g/r.git//a\"", "tree git@h:g/r.git in a");
    check("source = \"./mine\"", "tree /dots/mine");
    check("source = \"https://docs.example/\"", "host https://docs.example");
    check("npm = \"@s/pkg@^1.2\"", "npm @s/pkg@^1.2");
    check("npm = \"pkg\"\nname = \"tool\"", "npm pkg tool");
    check("name = \"mine\"", "none mine");
    check("name = \"mine\"\nsource = \"\"", "none mine");
}

#[test]
fn the_other_keys_have_defaults() {
    let skill = one("source = \"o/r\"");
    assert_eq!((skill.scope, skill.link, skill.pin), (Scope::User, true, None));
    assert_eq!(skill.written.as_deref(), Some("o/r"));
    let skill = one(
        "npm = \"p\"\ninstall_cmd = \"npx p 'a b'\"\nclaims = [\"p-*\"]\nscope = \"project\"\nlink = false",
    );
    assert_eq!(skill.install_cmd.unwrap(), ["npx", "p", "a b"]);
    assert_eq!(
        (skill.claims, skill.scope, skill.link),
        (vec!["p-*".into()], Scope::Project, false)
    );
}

#[test]
fn every_fault_of_a_skill_is_reported() {
    let text = include_str!("../../../fixtures/manifests/faulty-skills.toml");
    insta::assert_snapshot!(faults(text).join("\n"), @r#"
    4:8 `name` `../x` starts with `.`
    8:1 unknown key `nmae` | did you mean `name`?
    10:1 this source is already in line 6
    14:10 `source` has the folder `../x`, which is no path in it
    15:10 `name` `-a` starts with `-`
    15:16 `name` `.b` starts with `.`
    15:22 `name` `c/d` has the character '/'; only letters, digits, `.`, `_` and `-` are allowed
    18:10 `source` is a JSON file; skills come from repositories and folders
    19:8 skill `ok` in user scope is already in line 15
    22:7 `npm` `-g pkg` is no package name | write `name`, `@scope/name` or `name@1.2.3`
    23:15 `install_cmd` has a `'` without its partner
    26:7 `npm` together with `source` | make two entries of it
    32:7 `pin` is for git, not for npm | write the version behind the name: `npm = "name@1.2.3"`
    34:1 the entry has neither `source`, `npm` nor `name`
    35:15 `install_cmd` needs `npm`
    35:15 `install_cmd` has `&`, but no shell runs it; quote it when it is part of an argument
    39:8 `name` together with `names` | put all of them in `names`
    41:9 unknown scope `local` | known are `user`, `project`
    42:8 `link` must be a boolean, not a string
    43:11 `claims` `[x` is no glob: unclosed character class; missing ']'
    47:1 `names` is empty | leave it out for all skills of the source
    48:7 `pin` needs a source that git fetches
    "#);
}

#[test]
fn what_is_left_out_of_a_source_is_not_what_is_named() {
    let brought = |entry: &str| {
        let skill = one(&format!("source = \"o/r\"\n{entry}"));
        let names = ["pdf", "pptx", "docx"];
        names.into_iter().filter(|name| skill.brings(name)).collect::<Vec<_>>()
    };
    assert_eq!(brought("exclude = [\"pdf\"]"), ["pptx", "docx"]);
    assert_eq!(brought("exclude = [\"p*\"]"), ["docx"]);
    assert_eq!(brought("names = [\"pdf\", \"*\"]\nexclude = [\"p*\"]"), ["pdf", "docx"]);
    let text = "version = 1\n[[agent_skills]]\nsource = \"o/r\"\nname = \"a\"\nexclude = [\"a\"]\n";
    assert_eq!(
        faults(text),
        [
            "5:1 `exclude` where each skill is named | take the name out of `names`, or leave `names` out for all of the source"
        ]
    );
}
