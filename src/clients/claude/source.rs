//! Marketplace sources as Claude Code spells them.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::model::{Source, without_login};

/// Returns the client's source object, without a login. The pin wins over the source's own reference.
pub fn to_client(source: &Source, pin: Option<&str>) -> Value {
    let (mut value, reference) = match source {
        Source::GitHub { repo, reference } => {
            (json!({"source": "github", "repo": repo}), reference.as_deref())
        }
        Source::Git { url, reference } => {
            (json!({"source": "git", "url": without_login(url)}), reference.as_deref())
        }
        Source::Directory { path } => return json!({"source": "directory", "path": path}),
        Source::File { path } => return json!({"source": "file", "path": path}),
        Source::Url { url } => return json!({"source": "url", "url": without_login(url)}),
    };
    if let Some(reference) = pin.or(reference) {
        value["ref"] = json!(reference);
    }
    value
}

/// Returns the source without its reference, and the reference. Absent for what a manifest cannot say.
pub fn from_client(value: &Value) -> Option<(Source, Option<String>)> {
    let map = value.as_object()?;
    let text = |key: &str| Some(map.get(key)?.as_str()?.to_owned());
    let (known, source): (&[&str], _) = match map.get("source")?.as_str()? {
        "github" => (&["repo", "ref"], Source::GitHub { repo: text("repo")?, reference: None }),
        "git" => (&["url", "ref"], Source::Git { url: text("url")?, reference: None }),
        "directory" => (&["path"], Source::Directory { path: PathBuf::from(text("path")?) }),
        "file" => (&["path"], Source::File { path: PathBuf::from(text("path")?) }),
        "url" => (&["url"], Source::Url { url: text("url")? }),
        _ => return None,
    };
    let complete = map.keys().all(|key| key == "source" || known.contains(&key.as_str()));
    complete.then(|| (source, text("ref")))
}

/// Why Claude Code 2.1.329 rejects a source object, and with it the whole file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    #[error("the source kind `{0}` is not one that Claude Code knows")]
    UnknownKind(String),
    #[error("the source has no `{0}`")]
    Missing(&'static str),
}

/// Returns what the client holds against a source object.
pub fn fault(value: Option<&Value>) -> Option<SourceFault> {
    let empty = Map::new();
    let map = value.and_then(Value::as_object).unwrap_or(&empty);
    let Some(kind) = map.get("source").and_then(Value::as_str) else {
        return Some(SourceFault::Missing("source"));
    };
    let needed = match kind {
        "github" => "repo",
        "git" | "url" => "url",
        "directory" | "file" => "path",
        "npm" => "package",
        "settings" => "name",
        "hostPattern" => "hostPattern",
        "pathPattern" => "pathPattern",
        "skills-dir" => "source",
        _ => return Some(SourceFault::UnknownKind(kind.to_owned())),
    };
    (!map.get(needed).is_some_and(Value::is_string)).then_some(SourceFault::Missing(needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_back_as_it_was_written() {
        for (source, written) in [
            (
                Source::GitHub { repo: "o/r".into(), reference: None },
                json!({"source": "github", "repo": "o/r", "ref": "v1"}),
            ),
            (
                Source::Git { url: "https://h/r.git".into(), reference: None },
                json!({"source": "git", "url": "https://h/r.git", "ref": "v1"}),
            ),
        ] {
            assert_eq!(to_client(&source, Some("v1")), written);
            assert_eq!(from_client(&written), Some((source, Some("v1".into()))));
        }
        for (source, written) in [
            (Source::Directory { path: "/d".into() }, json!({"source": "directory", "path": "/d"})),
            (Source::File { path: "/f".into() }, json!({"source": "file", "path": "/f"})),
            (
                Source::Url { url: "https://h/m".into() },
                json!({"source": "url", "url": "https://h/m"}),
            ),
        ] {
            assert_eq!(to_client(&source, None), written);
            assert_eq!(from_client(&written), Some((source, None)));
        }
    }

    #[test]
    fn the_pin_wins_over_the_reference() {
        let source = Source::GitHub { repo: "o/r".into(), reference: Some("main".into()) };
        assert_eq!(to_client(&source, Some("v2"))["ref"], "v2");
        assert_eq!(to_client(&source, None)["ref"], "main");
    }

    #[test]
    fn a_source_that_a_manifest_cannot_say_has_no_source() {
        for value in [
            json!({"source": "npm", "package": "p"}),
            json!({"source": "settings", "name": "n", "plugins": []}),
            json!({"source": "hostPattern", "hostPattern": "h"}),
            json!({"source": "url", "url": "https://h", "headers": {"A": "b"}}),
            json!("o/r"),
        ] {
            assert_eq!(from_client(&value), None, "{value}");
        }
    }
}
