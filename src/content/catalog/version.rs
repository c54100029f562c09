//! Which version a client gives a plugin.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Entry, EntrySource, PluginManifest};
use crate::model::Commit;

/// Returns the version as Claude Code records it: what `plugin.json` says, else the entry, else the
/// commit, else `unknown`. It is any text.
pub fn version(
    manifest: Option<&PluginManifest>,
    entry: &Entry,
    commit: Option<&Commit>,
) -> String {
    let written = manifest.and_then(|manifest| manifest.version.as_deref());
    let written = written.filter(|version| !version.is_empty());
    if let Some(version) = written.or(entry.version.as_deref()).filter(|v| !v.is_empty()) {
        return version.to_owned();
    }
    match (&entry.source, commit) {
        (EntrySource::Subdir { path, .. }, Some(commit)) => {
            format!("{}-{}", commit.short(), hash8(path))
        }
        (EntrySource::Archive { sha256, .. }, _) => sha256.chars().take(12).collect(),
        (_, Some(commit)) => commit.short().to_owned(),
        (_, None) => "unknown".to_owned(),
    }
}

fn hash8(path: &str) -> String {
    Sha256::digest(path.as_bytes()).iter().take(4).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string does not fail");
        hex
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::content::catalog;

    #[test]
    fn the_version_is_the_first_that_is_written_down() {
        let folder = json!("./p");
        let subdir = json!({"source": "git-subdir", "url": "o/r", "path": "./pkgs/sub/"});
        check(Some("1.0.0"), "2.0.0", &folder, true, "1.0.0");
        check(Some(""), "2.0.0", &folder, true, "2.0.0");
        check(None, "2.0.0", &subdir, true, "2.0.0");
        check(None, "", &folder, true, "de2dc155f3f2");
        check(None, "", &subdir, true, "de2dc155f3f2-9d44616e");
        check(None, "", &folder, false, "unknown");
        check(None, "", &json!({"source": "npm", "package": "x"}), false, "unknown");
    }

    fn check(manifest: Option<&str>, entry: &str, source: &Value, commit: bool, expected: &str) {
        let file = Path::new("f");
        let manifest = manifest.map(|version| {
            let text = json!({"name": "p", "version": version}).to_string();
            catalog::parse_plugin(file, text.as_bytes()).unwrap()
        });
        let plugins = json!([{"name": "p", "version": entry, "source": source}]);
        let text = json!({"name": "m", "owner": {"name": "o"}, "plugins": plugins}).to_string();
        let catalog = catalog::parse(file, text.as_bytes()).unwrap();
        let commit = commit.then(|| format!("de2dc155f3f2{}", "0".repeat(28)).parse().unwrap());
        assert_eq!(version(manifest.as_ref(), &catalog.entries[0], commit.as_ref()), expected);
    }
}
