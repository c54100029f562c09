//! Remembers what is in folders by the hash of their bytes, so that a folder is read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clients::plugin_layout;
use crate::content::catalog;
use crate::content::powers::Tree;
use crate::doctor::{self, Scan};
use crate::machine::parallel;
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree::{self, Limits};
use crate::model::{Client, TreeHash};

/// What was found in trees, by hash.
pub struct Scans {
    file: PathBuf,
    known: BTreeMap<String, Scan>,
    /// How many were added since it was loaded.
    new: usize,
}

/// A few folders are read again as fast as the memory of them, so that a small look writes nothing.
const WORTH: usize = 16;

/// Another number whenever a scan says something else about the same bytes.
const FORMAT: u32 = 4;

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    scans: BTreeMap<String, Scan>,
}

impl Scans {
    /// Reads what was saved in a cache folder; a missing or damaged file is an empty memory.
    pub fn load(cache_dir: &Path) -> Self {
        let file = cache_dir.join("scans.json");
        let bytes = disk::read(&file, Most::OWN).ok().flatten();
        let stored = bytes.and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok());
        let known = stored.filter(|stored| stored.format == FORMAT).map(|stored| stored.scans);
        Self { file, known: known.unwrap_or_default(), new: 0 }
    }

    /// Returns what is in some folders; reads those that were not read before, side by side.
    pub fn of(&mut self, folders: &[(&Path, &TreeHash)]) -> BTreeMap<PathBuf, Scan> {
        let new: Vec<_> =
            folders.iter().filter(|(_, hash)| !self.known.contains_key(hash.as_str())).collect();
        let scans = parallel::map(&new, |(path, _)| read(path));
        for ((_, hash), scan) in new.iter().zip(scans) {
            self.known.insert(hash.as_str().to_owned(), scan);
            self.new += 1;
        }
        let known = |(path, hash): &(&Path, &TreeHash)| {
            let scan = self.known.get(hash.as_str())?;
            Some(((*path).to_owned(), scan.clone()))
        };
        folders.iter().filter_map(known).collect()
    }

    /// Writes the memory if enough was added to it. It is only a cache: failing is no matter.
    pub fn save_if_worth_it(&mut self) {
        if self.new < WORTH {
            return;
        }
        let stored = Stored { format: FORMAT, scans: std::mem::take(&mut self.known) };
        if let Ok(text) = serde_json::to_vec(&stored) {
            let before = disk::read(&self.file, Most::OWN).ok().flatten();
            drop(disk::replace(&self.file, before.as_deref(), &text, 0o600));
        }
        self.known = stored.scans;
        self.new = 0;
    }
}

fn read(root: &Path) -> Scan {
    let (files, _) = match tree::contents(root, Limits::DEFAULT) {
        Ok(contents) => contents,
        Err(error) => return Scan { fault: Some(error.to_string()), ..Scan::default() },
    };
    let read =
        |path: &str| disk::read(&root.join(path), Most::TEXT).map_err(|error| error.to_string());
    let layout = plugin_layout(Client::TARGET);
    let is_there = |path: &str| files.iter().any(|file| file.path == path);
    let path = layout.manifest_file(&is_there);
    let manifest = read(path).ok().flatten();
    let manifest = manifest.map(|bytes| catalog::parse_plugin(&root.join(path), &bytes));
    let tree = Tree { manifest: path, files: &files, read: &read };
    doctor::scan(tree, manifest.as_ref(), layout)
}
