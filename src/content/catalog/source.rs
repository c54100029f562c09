//! Where the bytes of a plugin come from, as a catalog entry says it.

use serde_json::{Map, Value};

use super::json;
use crate::model::{Commit, PluginName};

/// The `source` of an entry. A commit wins over a reference. No path leaves its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntrySource {
    /// A folder of the marketplace itself: `/` between parts, no `./`, empty for the root.
    Folder { path: String },
    /// A git repository: https, http, ssh, scp-like or `file:///`.
    Git { url: String, reference: Option<String>, commit: Option<Commit> },
    /// `owner/repo` on GitHub.
    GitHub { repo: String, reference: Option<String>, commit: Option<Commit> },
    /// A folder of a git repository, with the path as the client hashes it: no `./` before it and
    /// no `/` after it, `.` for the root.
    Subdir { url: String, path: String, reference: Option<String>, commit: Option<Commit> },
    /// An npm package; the version is a range or a tag.
    Npm { package: String, version: Option<String>, registry: Option<String> },
    /// An archive behind https, with the 64 lower-case hex digits of its SHA-256.
    Archive { url: String, sha256: String },
    /// An entry that cannot be installed, with the reason.
    Unsupported { reason: String },
}

/// Reads a source.
///
/// # Errors
/// Returns the reason why the entry cannot be installed.
pub fn parse(value: Option<&Value>, plugin_root: Option<&str>) -> Result<EntrySource, String> {
    match value {
        None => Err("has no `source`".to_owned()),
        Some(Value::String(text)) => folder(text, plugin_root),
        Some(Value::Object(object)) => match object.get("source").and_then(Value::as_str) {
            Some(kind) => object_source(kind, object),
            None => Err("the `source` object has no `source` that names its kind".to_owned()),
        },
        Some(other) => Err(format!("`source` is {}", json::kind(other))),
    }
}

fn object_source(kind: &str, object: &Map<String, Value>) -> Result<EntrySource, String> {
    match kind {
        "url" => Ok(EntrySource::Git {
            url: git_url(required(object, "url")?)?,
            reference: reference(object)?,
            commit: commit(object)?,
        }),
        "github" => Ok(EntrySource::GitHub {
            repo: repository(required(object, "repo")?)?,
            reference: reference(object)?,
            commit: commit(object)?,
        }),
        "git-subdir" => {
            let url = required(object, "url")?;
            Ok(EntrySource::Subdir {
                // The client reads a bare `owner/repo` as a repository on GitHub.
                url: match repository(url) {
                    Ok(repo) => format!("https://github.com/{repo}.git"),
                    Err(_) => git_url(url)?,
                },
                path: subdir(required(object, "path")?)?,
                reference: reference(object)?,
                commit: commit(object)?,
            })
        }
        "npm" => npm(object),
        "archive" => archive(object),
        "command" => {
            Err("runs a command, and zskills never runs a marketplace's commands".to_owned())
        }
        other => Err(format!("the source kind `{}` is unknown", other.escape_debug())),
    }
}

fn folder(text: &str, plugin_root: Option<&str>) -> Result<EntrySource, String> {
    let shown = text.escape_debug();
    let path = if text == "." {
        String::new()
    } else if let Some(rest) = text.strip_prefix("./") {
        normal(rest).ok_or(format!("the path `{shown}` leaves the marketplace"))?
    } else if text.parse::<PluginName>().is_ok() {
        let root = plugin_root.filter(|root| !root.is_empty()).and_then(normal);
        let root = root.ok_or(format!("the bare path `{shown}` needs a `metadata.pluginRoot`"))?;
        if root.is_empty() { text.to_owned() } else { format!("{root}/{text}") }
    } else {
        return Err(format!("the path `{shown}` does not start with `./`"));
    };
    Ok(EntrySource::Folder { path })
}

/// Drops `.` and empty parts; `None` when the path is absolute, climbs or is no path everywhere.
pub fn normal(path: &str) -> Option<String> {
    let hostile = |c: char| c == '\\' || c.is_control();
    if path.starts_with('/') || path.contains(hostile) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") { None } else { Some(parts.join("/")) }
}

fn subdir(text: &str) -> Result<String, String> {
    let path = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
    match normal(text) {
        None => Err(format!("the path `{}` leaves the repository", text.escape_debug())),
        Some(_) if text.is_empty() => Err("`source.path` is empty".to_owned()),
        Some(_) if path.is_empty() => Ok(".".to_owned()),
        Some(_) => Ok(path.to_owned()),
    }
}

fn git_url(text: &str) -> Result<String, String> {
    let refused = || format!("`{}` is not an address git fetches from safely", text.escape_debug());
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(refused());
    }
    let host = match text.split_once("://") {
        Some(("file", rest)) if rest.starts_with('/') => return Ok(text.to_owned()),
        Some(("https" | "http" | "ssh" | "git+ssh" | "ssh+git", rest)) => rest,
        Some(_) => return Err(refused()),
        None => match text.split_once(':') {
            Some((login, path)) if login.contains('@') && !path.starts_with(':') => login,
            _ => return Err(refused()),
        },
    };
    // A host or login that starts with `-` would be an option of ssh.
    if host.is_empty() || host.split('@').any(|part| part.is_empty() || part.starts_with('-')) {
        return Err(refused());
    }
    Ok(match text.split_once("://") {
        Some(("git+ssh" | "ssh+git", rest)) => format!("ssh://{rest}"),
        _ => text.to_owned(),
    })
}

fn repository(text: &str) -> Result<String, String> {
    let part = |part: &str| part.parse::<PluginName>().is_ok() || part == ".github";
    let repo = text.strip_suffix(".git").unwrap_or(text);
    match repo.split_once('/') {
        Some((owner, name)) if part(owner) && part(name) => Ok(repo.to_owned()),
        _ => Err(format!("`{}` is not `owner/repo`", text.escape_debug())),
    }
}

fn npm(object: &Map<String, Value>) -> Result<EntrySource, String> {
    let package = required(object, "package")?;
    let bare = package.strip_prefix('@').map_or(Some(package), |scoped| {
        let (scope, name) = scoped.split_once('/')?;
        scope.parse::<PluginName>().ok().map(|_| name)
    });
    if bare.is_none_or(|bare| bare.parse::<PluginName>().is_err()) {
        return Err(format!("`{}` is not the name of an npm package", package.escape_debug()));
    }
    let version = optional(object, "version")?;
    // Anything else than a range or a tag (`git+ssh://…`, `file:…`, an option) fetches from elsewhere.
    let elsewhere = |c: char| c.is_control() || matches!(c, ':' | '/' | '\\' | '@');
    if let Some(bad) = version.filter(|text| text.starts_with('-') || text.contains(elsewhere)) {
        return Err(format!("`{}` is not a version of an npm package", bad.escape_debug()));
    }
    let registry = optional(object, "registry")?;
    let web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    if registry.is_some_and(|url| !web(url)) {
        return Err("`source.registry` is not a web address".to_owned());
    }
    Ok(EntrySource::Npm {
        package: package.to_owned(),
        version: version.map(str::to_owned),
        registry: registry.map(str::to_owned),
    })
}

fn archive(object: &Map<String, Value>) -> Result<EntrySource, String> {
    let url = required(object, "url")?;
    if !url.starts_with("https://") || url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err("the archive is not behind https".to_owned());
    }
    let sha256 = optional(object, "sha256")?
        .ok_or("the archive has no `sha256`, so nothing says which bytes are meant")?;
    if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("`source.sha256` is not 64 hex digits".to_owned());
    }
    Ok(EntrySource::Archive { url: url.to_owned(), sha256: sha256.to_lowercase() })
}

fn reference(object: &Map<String, Value>) -> Result<Option<String>, String> {
    let text = optional(object, "ref")?.filter(|text| !text.is_empty());
    let hostile = |c: char| c.is_control() || c.is_whitespace() || ":~^?*[\\".contains(c);
    match text {
        Some(text) if text.starts_with('-') || text.contains(hostile) || text.contains("..") => {
            Err(format!("`{}` is not a tag or branch", text.escape_debug()))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn commit(object: &Map<String, Value>) -> Result<Option<Commit>, String> {
    let Some(text) = optional(object, "sha")? else { return Ok(None) };
    match text.parse() {
        Ok(commit) if text.len() == 40 => Ok(Some(commit)),
        _ => Err("`source.sha` is not 40 lower-case hex digits".to_owned()),
    }
}

fn required<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, String> {
    match optional(object, key)? {
        Some("") => Err(format!("`source.{key}` is empty")),
        Some(text) => Ok(text),
        None => Err(format!("`source.{key}` is missing")),
    }
}

fn optional<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match object.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("`source.{key}` is {}, not a string", json::kind(other))),
    }
}
