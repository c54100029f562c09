//! What other installers noted about the skills that they installed. Read for adoption, never written.

use std::path::Path;

use serde_json::{Map, Value};

use super::{frontmatter::Frontmatter, tree};
use crate::formats::json;
use crate::model::{Diagnostic, Note, SkillName};

/// Where another installer says that a skill came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    pub name: SkillName,
    /// As the inventory writes sources: `owner/repo`, an address, a path, `npm:<package>`, `wellknown:<host>`.
    /// A path is relative to the lock file, if it is relative.
    pub source: String,
    /// A tag or branch.
    pub reference: Option<String>,
    /// The skill's folder in its source; nothing at the root.
    pub path: Option<String>,
    pub commit: Option<String>,
    /// The git tree id of the folder.
    pub tree: Option<String>,
}

/// Reads `skills-lock.json` (version 1) of a project or `.skill-lock.json` (version 3) of a user.
///
/// Entries that make no sense are named in the notes.
///
/// # Errors
/// Text that is not such a file, and versions that are newer.
pub fn skills_lock(
    file: &Path,
    text: &str,
) -> Result<(Vec<Provenance>, Vec<Note>), Box<Diagnostic>> {
    let document = json::object(file, text)?;
    let fail = |message: String| Err(Box::new(Diagnostic::whole(file, message)));
    match document.get("version").and_then(Value::as_u64) {
        Some(1 | 3) => {}
        Some(2) => {
            let text = "has version 2, which its own tool discards";
            return Ok((Vec::new(), vec![Note::info(file.display().to_string(), text)]));
        }
        Some(other) => return fail(format!("has version {other}; known are 1 and 3")),
        None => return fail("has no `version`".to_owned()),
    }
    let Some(Value::Object(skills)) = document.get("skills") else {
        return fail("has no object `skills`".to_owned());
    };
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for (name, entry) in skills {
        match locked(name, entry) {
            Ok(provenance) => found.push(provenance),
            Err(why) => notes.push(Note::unmet(name.escape_debug().to_string(), why)),
        }
    }
    Ok((found, notes))
}

/// Returns what `gh skill` wrote into the frontmatter of an installed skill, under `metadata`.
pub fn gh_skill(name: &SkillName, front: &Frontmatter) -> Option<Provenance> {
    let metadata = front.extra.get("metadata")?.as_object()?;
    let repo = text(metadata, "github-repo")?;
    let source = match (text(metadata, "github-owner"), repo.contains('/')) {
        (Some(owner), false) => format!("{owner}/{repo}"),
        (None, false) => return None,
        (_, true) => short(&repo),
    };
    let reference = text(metadata, "github-ref").map(|reference| {
        let bare =
            ["refs/tags/", "refs/heads/"].into_iter().find_map(|p| reference.strip_prefix(p));
        bare.unwrap_or(&reference).to_owned()
    });
    Some(Provenance {
        name: name.clone(),
        source,
        reference,
        path: text(metadata, "github-path").and_then(|path| folder(&path).ok()?),
        commit: text(metadata, "github-sha").or_else(|| text(metadata, "github-commit")),
        tree: text(metadata, "github-tree-sha"),
    })
}

fn locked(name: &str, entry: &Value) -> Result<Provenance, String> {
    let name = name.parse().map_err(|error| format!("is not a name: it {error}"))?;
    let entry = entry.as_object().ok_or("is not an object")?;
    let path = text(entry, "skillPath").map_or(Ok(None), |path| folder(&path))?;
    let hash = text(entry, "skillFolderHash");
    Ok(Provenance {
        name,
        source: source(entry)?,
        reference: text(entry, "ref"),
        path,
        commit: None,
        // Only of GitHub sources; otherwise it is a SHA-256 of another making.
        tree: hash.filter(|hash| hash.len() == 40),
    })
}

fn source(entry: &Map<String, Value>) -> Result<String, String> {
    let source = text(entry, "source").ok_or("has no `source`")?;
    let address = text(entry, "sourceUrl");
    let kind = text(entry, "sourceType").ok_or("has no `sourceType`")?;
    Ok(match kind.as_str() {
        "github" => short(&source),
        "gitlab" if !source.contains(':') => {
            address.unwrap_or_else(|| format!("https://gitlab.com/{source}"))
        }
        "gitlab" | "git" | "download" => address.unwrap_or(source),
        "local" => source,
        "well-known" => {
            let bare = source.split_once("://").map_or(source.as_str(), |(_, rest)| rest);
            format!("wellknown:{}", bare.split('/').next().unwrap_or_default())
        }
        "node_modules" => format!("npm:{source}"),
        other => {
            return Err(format!(
                "has the source type `{}`, which is not known",
                other.escape_debug()
            ));
        }
    })
}

/// Shortens a GitHub address to `owner/repo`.
fn short(source: &str) -> String {
    let bare = source.strip_prefix("https://github.com/").unwrap_or(source);
    let bare = bare.trim_end_matches('/');
    if bare == source { source.to_owned() } else { bare.trim_end_matches(".git").to_owned() }
}

/// Returns the folder of a `SKILL.md`, or the folder itself; nothing at the root.
fn folder(path: &str) -> Result<Option<String>, String> {
    let path = tree::resolve("", path).ok_or_else(|| {
        format!("has the path `{}`, which leaves its source", path.escape_debug())
    })?;
    let folder = if tree::base(&path) == "SKILL.md" { tree::parent(&path) } else { &path };
    Ok(Some(folder.to_owned()).filter(|folder| !folder.is_empty()))
}

fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::frontmatter;
    use super::*;

    fn read(text: &str) -> (Vec<Provenance>, Vec<Note>) {
        skills_lock(Path::new("skills-lock.json"), text).unwrap()
    }

    fn one(entry: &str) -> Provenance {
        let (found, notes) = read(&format!(r#"{{"version":3,"skills":{{"a":{entry}}}}}"#));
        assert_eq!(notes, []);
        found.into_iter().next().unwrap()
    }

    #[test]
    fn every_kind_of_source_becomes_one_of_ours() {
        let check = |kind: &str, source: &str, url: &str, expected: &str| {
            let entry =
                format!(r#"{{"sourceType":"{kind}","source":"{source}","sourceUrl":"{url}"}}"#);
            assert_eq!(one(&entry).source, expected, "{entry}");
        };
        check("github", "o/r", "https://github.com/o/r.git", "o/r");
        check("github", "https://github.com/o/r.git", "", "o/r");
        check("gitlab", "g/s/r", "", "https://gitlab.com/g/s/r");
        check("gitlab", "g/r", "https://gl.example/g/r.git", "https://gl.example/g/r.git");
        check("git", "x", "ssh://git@h/x.git", "ssh://git@h/x.git");
        check("local", "../src", "", "../src");
        check("well-known", "https://h.example/x", "", "wellknown:h.example");
        check("well-known", "h.example", "", "wellknown:h.example");
        check("node_modules", "@o/p", "", "npm:@o/p");
    }

    #[test]
    fn the_path_reference_and_tree_are_kept() {
        let tree = "0123456789012345678901234567890123456789";
        let found = one(&format!(
            r#"{{"source":"o/r","sourceType":"github","ref":"v1","skillPath":"skills/a/SKILL.md","skillFolderHash":"{tree}"}}"#
        ));
        assert_eq!(found.path.as_deref(), Some("skills/a"));
        assert_eq!(found.reference.as_deref(), Some("v1"));
        assert_eq!(found.tree.as_deref(), Some(tree));
        let root = one(
            r#"{"source":"o/r","sourceType":"github","skillPath":"SKILL.md","skillFolderHash":""}"#,
        );
        assert_eq!((root.path, root.tree), (None, None));
    }

    #[test]
    fn hostile_entries_are_named_and_the_others_read() {
        let (found, notes) = read(
            r#"{"version":1,"skills":{
                "../x":{"source":"o/r","sourceType":"github"},
                "b":{"source":"o/r","sourceType":"github","skillPath":"../../etc"},
                "c":{"source":"o/r","sourceType":"magic"},
                "d":7,
                "e":{"source":"o/r","sourceType":"github"}}}"#,
        );
        assert_eq!(found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["e"]);
        assert_eq!(notes.len(), 4);
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_an_error() {
        for text in ["", "[]", "{}", r#"{"version":4,"skills":{}}"#, r#"{"version":1,"skills":[]}"#]
        {
            assert!(skills_lock(Path::new("f"), text).is_err(), "{text}");
        }
        assert_eq!(read(r#"{"version":2,"skills":{}}"#).1.len(), 1);
    }

    #[test]
    fn frontmatter_by_gh_skill_names_the_source() {
        let front = frontmatter::read(
            b"---\nname: a\nmetadata:\n  github-repo: https://github.com/o/r\n  github-path: skills/a\n  \
              github-ref: refs/tags/v1\n  github-tree-sha: abc\n---\n",
        )
        .best;
        let found = gh_skill(&"a".parse().unwrap(), &front).unwrap();
        assert_eq!((found.source.as_str(), found.path.as_deref()), ("o/r", Some("skills/a")));
        assert_eq!((found.reference.as_deref(), found.tree.as_deref()), (Some("v1"), Some("abc")));
        let front =
            frontmatter::read(b"---\nmetadata: {github-owner: o, github-repo: r}\n---\n").best;
        assert_eq!(gh_skill(&"a".parse().unwrap(), &front).unwrap().source, "o/r");
        assert_eq!(gh_skill(&"a".parse().unwrap(), &Frontmatter::default()), None);
    }
}
