//! The catalogs of the marketplaces that the client has registered, as they lie on disk.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::clients::Decoded;
use crate::clients::claude::known_marketplaces;
use crate::clients::claude::source::from_client;
use crate::content::catalog::{self, Catalog};
use crate::machine::store::{disk, tree};
use crate::model::{
    Commit, Diagnostic, Files, Item, KnownMarketplace, MarketplaceName, PluginId, Record, Roots,
    Source, State,
};

/// A marketplace in the client's registry.
#[derive(Debug, Clone)]
pub struct Registered {
    pub name: String,
    pub known: KnownMarketplace,
}

/// Returns the marketplaces of a state, by name.
pub fn registered(state: &State) -> Vec<Registered> {
    let marketplace = |(item, record): (&Item, &Record)| match (item, record) {
        (Item::Marketplace { name }, Record::Marketplace(known)) => {
            Some(Registered { name: name.clone(), known: known.clone() })
        }
        _ => None,
    };
    state.iter().filter_map(marketplace).collect()
}

/// Reads the client's registry and nothing else.
pub fn read(roots: &Roots) -> Result<Vec<Registered>> {
    let path = known_marketplaces::path(roots);
    let bytes = disk::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let files: Files = [(path, bytes)].into_iter().collect();
    let mut decoded = Decoded::default();
    known_marketplaces::decode(roots, &files, &mut decoded);
    Ok(registered(&decoded.state))
}

impl Registered {
    /// Returns where it comes from, with the branch or tag; absent for what a manifest cannot say.
    pub fn source(&self) -> Option<Source> {
        from_client(&self.known.source).map(|(source, reference)| source.with_reference(reference))
    }

    /// Returns the file that holds its catalog.
    pub fn file(&self) -> PathBuf {
        let place = &self.known.install_location;
        match self.known.source.get("source").and_then(serde_json::Value::as_str) {
            Some("file") => match self.known.source.get("path").and_then(|path| path.as_str()) {
                Some(path) => path.into(),
                None => place.clone(),
            },
            _ if disk::is_dir(place) => place.join(".claude-plugin/marketplace.json"),
            _ => place.clone(),
        }
    }

    /// Returns the bytes of its catalog; nothing when they are not there.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        disk::read(&self.file()).ok()?
    }

    /// Reads its catalog.
    ///
    /// # Errors
    /// It is not there, or is none.
    pub fn catalog(&self) -> Result<Catalog, Diagnostic> {
        let file = self.file();
        match disk::read(&file) {
            Ok(Some(bytes)) => catalog::parse(&file, &bytes),
            Ok(None) => Err(Diagnostic::whole(&file, "the catalog is not there")),
            Err(error) => Err(Diagnostic::whole(&file, error.to_string())),
        }
    }

    /// Returns the commit that it stands at, as far as the disk says so.
    pub fn commit(&self) -> Option<Commit> {
        tree::head(&self.known.install_location).or_else(|| self.unpacked())
    }

    fn unpacked(&self) -> Option<Commit> {
        let marker = disk::read(&self.known.install_location.join(".gcs-sha")).ok()??;
        String::from_utf8_lossy(&marker).trim().parse().ok()
    }
}

/// Every plugin of every catalog that can be read, in the order of the names of the marketplaces.
pub fn plugins(registered: &[Registered]) -> Vec<PluginId> {
    let of =
        |market: &Registered| {
            let marketplace: MarketplaceName = market.name.parse().ok()?;
            Some(market.catalog().ok()?.entries.into_iter().map(move |entry| PluginId {
                plugin: entry.name,
                marketplace: marketplace.clone(),
            }))
        };
    registered.iter().filter_map(of).flatten().collect()
}
