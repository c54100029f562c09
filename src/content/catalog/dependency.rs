//! What a plugin needs from other plugins.

use semver::VersionReq;
use serde_json::Value;

use crate::model::{MarketplaceName, PluginName};

/// One element of `dependencies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub plugin: PluginName,
    /// Absent when the dependency lives in the same marketplace.
    pub marketplace: Option<MarketplaceName>,
    pub version: Option<VersionReq>,
}

/// Reads `dependencies` and says what in it does not count.
pub fn list(value: Option<&Value>) -> (Vec<Dependency>, Vec<String>) {
    let mut notes = Vec::new();
    let elements = value.and_then(Value::as_array).into_iter().flatten();
    let found = elements
        .filter_map(|element| {
            let read = one(element, &mut notes);
            if read.is_none() {
                notes.push(format!("the dependency `{element}` is not one"));
            }
            read
        })
        .collect();
    (found, notes)
}

/// Tells whether the client accepts an element of `dependencies`.
pub fn readable(element: &Value) -> bool {
    one(element, &mut Vec::new()).is_some()
}

fn one(element: &Value, notes: &mut Vec<String>) -> Option<Dependency> {
    match element {
        Value::String(text) => {
            // Claude Code 2.1.329 accepts `name@^1` and `name@marketplace@^1`, and ignores the range.
            let id = text.split_once("@^").map_or(text.as_str(), |(id, _)| id);
            let (plugin, marketplace) = match id.split_once('@') {
                Some((plugin, marketplace)) => (plugin, Some(marketplace)),
                None => (id, None),
            };
            let marketplace = marketplace.map(str::parse).transpose().ok()?;
            if id != text {
                notes.push(format!("the range in the dependency `{text}` is ignored"));
            }
            Some(Dependency { plugin: plugin.parse().ok()?, marketplace, version: None })
        }
        Value::Object(object) => {
            let plugin: PluginName = object.get("name")?.as_str()?.parse().ok()?;
            let marketplace = match object.get("marketplace") {
                Some(name) => Some(name.as_str()?.parse().ok()?),
                None => None,
            };
            let version = object.get("version").and_then(Value::as_str);
            let version = version.map(str::trim).filter(|range| !range.is_empty());
            let range = version.and_then(requirement);
            if let (Some(version), None) = (version, &range) {
                notes
                    .push(format!("the range `{version}` of the dependency `{plugin}` is ignored"));
            }
            Some(Dependency { plugin, marketplace, version: range })
        }
        _ => None,
    }
}

/// Reads an npm range. Alternatives (`||`) and tags such as `latest` have no `VersionReq`.
fn requirement(range: &str) -> Option<VersionReq> {
    if let Some((low, high)) = range.split_once(" - ") {
        return VersionReq::parse(&format!(">={}, <={}", low.trim(), high.trim())).ok();
    }
    let mut comparators: Vec<String> = Vec::new();
    let mut operator = String::new();
    for word in range.split([' ', ',']).filter(|word| !word.is_empty()) {
        operator.push_str(word);
        if word.ends_with(|c: char| c.is_alphanumeric() || c == '*') {
            comparators.push(exact(&operator));
            operator.clear();
        }
    }
    if operator.is_empty() { VersionReq::parse(&comparators.join(", ")).ok() } else { None }
}

/// Makes a bare version exact: npm means `1.2.3` where cargo means `^1.2.3`.
fn exact(comparator: &str) -> String {
    let bare = comparator.strip_prefix('v').unwrap_or(comparator);
    let wild = bare.contains(['*', 'x', 'X']) && !bare.contains(['-', '+']);
    if bare.starts_with(|c: char| c.is_ascii_digit()) && !wild {
        format!("={bare}")
    } else {
        bare.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn npm_ranges_keep_their_meaning() {
        let check = |range: &str, expected: Option<&str>| {
            assert_eq!(requirement(range).map(|r| r.to_string()).as_deref(), expected, "{range}");
        };
        check("^1.2", Some("^1.2"));
        check("1.2.3", Some("=1.2.3"));
        check("v1.2.3", Some("=1.2.3"));
        check("1.2", Some("=1.2"));
        check("1.x", Some("1.*"));
        check("*", Some("*"));
        check(">=1 <2", Some(">=1, <2"));
        check(">= 1.0.0, < 2", Some(">=1.0.0, <2"));
        check("1.0 - 1.5", Some(">=1.0, <=1.5"));
        check("~2.1.0", Some("~2.1.0"));
        check("1 || 2", None);
        check("latest", None);
        check(">=", None);
    }

    #[test]
    fn every_form_of_a_dependency_is_read() {
        let check = |element: Value, expected: Option<&str>| {
            let shown = one(&element, &mut Vec::new()).map(|d| {
                let marketplace = d.marketplace.map(|m| format!("@{m}")).unwrap_or_default();
                let version = d.version.map(|v| format!(" {v}")).unwrap_or_default();
                format!("{}{marketplace}{version}", d.plugin)
            });
            assert_eq!(shown.as_deref(), expected, "{element}");
        };
        check(json!("a"), Some("a"));
        check(json!("a@m"), Some("a@m"));
        check(json!("a@1.2.3"), Some("a@1.2.3"));
        check(json!("a@^1"), Some("a"));
        check(json!("a@m@^1.0"), Some("a@m"));
        check(json!({"name": "a", "version": "^1", "marketplace": "m"}), Some("a@m ^1"));
        check(json!({"name": "a", "version": 1}), Some("a"));
        check(json!("a@m@n"), None);
        check(json!("a b"), None);
        check(json!(""), None);
        check(json!({"name": "a@m"}), None);
        check(json!({"name": "a", "marketplace": "m n"}), None);
        check(json!({"version": "1"}), None);
        check(json!(1), None);
    }
}
