//! Which remote indexes there are: `indexes.json` in our state folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::machine::store::disk::{self, Most};
use crate::model::{OwnFile, REMOTE_INDEX, Roots};

/// The registered indexes and the file that they are from.
#[derive(Debug, Clone, PartialEq)]
pub struct Indexes {
    /// The address of each, by name.
    pub urls: BTreeMap<String, String>,
    path: PathBuf,
    file: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Shape {
    version: u32,
    indexes: BTreeMap<String, StoredIndex>,
}

#[derive(Serialize, Deserialize)]
struct StoredIndex {
    url: String,
}

/// Reads the registered indexes; without the file there are none.
pub fn read(roots: &Roots) -> Result<Indexes> {
    let path = roots.state_dir.join("indexes.json");
    let file = disk::read(&path, Most::CLIENT)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let urls = match &file {
        None => BTreeMap::new(),
        Some(bytes) => parse(&path, bytes)?,
    };
    Ok(Indexes { urls, path, file })
}

fn parse(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let shape: Shape = serde_json::from_slice(bytes)
        .with_context(|| format!("`{}` is not a list of remote indexes", path.display()))?;
    anyhow::ensure!(shape.version == 1, "`{}` is of a newer zskills", path.display());
    Ok(shape.indexes.into_iter().map(|(name, entry)| (name, entry.url)).collect())
}

impl Indexes {
    /// Returns the file as it is to be with these indexes.
    pub fn own_file(&self) -> OwnFile {
        let indexes =
            self.urls.iter().map(|(name, url)| (name.clone(), StoredIndex { url: url.clone() }));
        let shape = Shape { version: 1, indexes: indexes.collect() };
        let mut after = serde_json::to_vec_pretty(&shape).expect("names and texts are JSON");
        after.push(b'\n');
        OwnFile {
            path: self.path.clone(),
            before: self.file.clone(),
            after,
            what: "the list of remote indexes",
        }
    }
}

/// Returns the indexes that stand in the client's registry, by name with their address.
pub fn in_registry(registry: &Map<String, Value>) -> BTreeMap<String, String> {
    let index = |(name, entry): (&String, &Value)| {
        let source = entry.get("source")?;
        let url = source.get("url").and_then(Value::as_str).unwrap_or_default();
        (source.get("source")?.as_str()? == REMOTE_INDEX).then(|| (name.clone(), url.to_owned()))
    };
    registry.iter().filter_map(index).collect()
}
