//! Marketplace sources as Claude Code spells them.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::clients::SourceFault;
use crate::clients::document::Draft;
use crate::formats::json::Key;
use crate::model::{Diagnostic, REMOTE_INDEX, RegistrySource, Source, without_login};

/// Returns the source that the client has noted.
pub fn decode(value: &Value) -> RegistrySource {
    known(value).map_or_else(
        || RegistrySource::Other {
            kind: value.get("source").and_then(Value::as_str).map(str::to_owned),
            text: value.to_string(),
        },
        RegistrySource::Known,
    )
}

/// Makes the client note a source; what it notes already is not spelled anew.
pub(super) fn encode(
    draft: &mut Draft,
    path: &[Key],
    after: &RegistrySource,
) -> Result<(), Diagnostic> {
    if draft.get(path).is_some_and(|current| decode(&current) == *after) {
        return Ok(());
    }
    draft.set(path, &to_json(after))
}

/// Returns the client's source object, without a login.
pub fn to_json(source: &RegistrySource) -> Value {
    match source {
        RegistrySource::Known(source) => known_to_json(source),
        RegistrySource::Other { text, .. } => serde_json::from_str(text).unwrap_or_default(),
    }
}

fn known_to_json(source: &Source) -> Value {
    let mut value = match source {
        Source::GitHub { repo, .. } => json!({"source": "github", "repo": repo}),
        Source::Git { url, .. } => json!({"source": "git", "url": without_login(url)}),
        Source::Directory { path } => json!({"source": "directory", "path": path}),
        Source::File { path } => json!({"source": "file", "path": path}),
        Source::Url { url } => json!({"source": "url", "url": without_login(url)}),
    };
    if let Some(reference) = source.reference() {
        value["ref"] = json!(reference);
    }
    value
}

/// Returns the source of an object that says nothing a manifest cannot say.
fn known(value: &Value) -> Option<Source> {
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
    complete.then(|| source.with_reference(text("ref")))
}

/// Returns the address in a source that a manifest cannot say.
pub(super) fn address(source: &RegistrySource) -> Option<String> {
    let RegistrySource::Other { text, .. } = source else { return None };
    let value: Value = serde_json::from_str(text).ok()?;
    value.get("url")?.as_str().map(str::to_owned)
}

/// Returns the repository of a source that names a catalog inside it, and the path of that.
pub(super) fn repository(source: &RegistrySource) -> Option<(Source, Option<String>)> {
    let RegistrySource::Other { text, .. } = source else { return None };
    let Ok(Value::Object(mut map)) = serde_json::from_str(text) else { return None };
    let path = map.remove("path")?.as_str().map(str::to_owned);
    let source = known(&Value::Object(map))?;
    source.git_url().is_some().then_some((source, path))
}

/// Says what is wrong with a source.
pub(super) fn describe(fault: &SourceFault) -> String {
    let unknown =
        |kind: &str| format!("the source kind `{kind}` is not one that Claude Code knows");
    match fault {
        SourceFault::UnknownKind(kind) => unknown(kind),
        SourceFault::RemoteIndex => unknown(REMOTE_INDEX),
        SourceFault::Missing(field) => format!("the source has no `{field}`"),
    }
}

/// Returns what Claude Code 2.1.329 holds against a source object; it then rejects the whole file.
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
        REMOTE_INDEX => return Some(SourceFault::RemoteIndex),
        _ => return Some(SourceFault::UnknownKind(kind.to_owned())),
    };
    (!map.get(needed).is_some_and(Value::is_string)).then_some(SourceFault::Missing(needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_back_as_it_was_written() {
        let reference = || Some("v1".to_owned());
        for (source, written) in [
            (
                Source::GitHub { repo: "o/r".into(), reference: reference() },
                json!({"source": "github", "repo": "o/r", "ref": "v1"}),
            ),
            (
                Source::Git { url: "https://h/r.git".into(), reference: reference() },
                json!({"source": "git", "url": "https://h/r.git", "ref": "v1"}),
            ),
            (Source::Directory { path: "/d".into() }, json!({"source": "directory", "path": "/d"})),
            (Source::File { path: "/f".into() }, json!({"source": "file", "path": "/f"})),
            (
                Source::Url { url: "https://h/m".into() },
                json!({"source": "url", "url": "https://h/m"}),
            ),
        ] {
            let source = RegistrySource::Known(source);
            assert_eq!(to_json(&source), written);
            assert_eq!(decode(&written), source);
        }
    }

    #[test]
    fn a_source_that_a_manifest_cannot_say_is_kept_as_it_is() {
        for value in [
            json!({"source": "npm", "package": "p"}),
            json!({"source": "settings", "name": "n", "plugins": []}),
            json!({"source": "hostPattern", "hostPattern": "h"}),
            json!({"source": "url", "url": "https://h", "headers": {"A": "b"}}),
            json!("o/r"),
        ] {
            let source = decode(&value);
            assert_eq!(source.source(), None, "{value}");
            assert_eq!(to_json(&source), value);
        }
    }
}
