//! The catalogs of the marketplaces that the client has registered, as they lie on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::clients;
use crate::content::catalog::{self, Catalog};
use crate::machine::store::disk::{self, Most};
use crate::machine::store::tree;
use crate::model::{
    Client, Commit, Diagnostic, Files, KnownMarketplace, MarketplaceName, PluginId, Roots, Row,
    Source, State,
};

/// A marketplace in the client's registry.
#[derive(Debug, Clone)]
pub struct Registered {
    pub client: Client,
    pub name: String,
    pub known: KnownMarketplace,
}

/// Returns the marketplaces of a state, by name.
pub fn registered(state: &State) -> Vec<Registered> {
    let marketplace = |row: Row<&KnownMarketplace>| Registered {
        client: row.client,
        name: row.name.to_owned(),
        known: row.record.clone(),
    };
    state.marketplaces().map(marketplace).collect()
}

/// Reads the client's registries and nothing else.
pub fn read(roots: &Roots) -> Result<Vec<Registered>> {
    let paths = clients::with_plugins().flat_map(|(_, layout)| layout.registries(roots));
    let files = paths.map(|path| {
        let bytes = disk::read(&path, Most::CLIENT)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path, bytes))
    });
    let files: Files = files.collect::<Result<_>>()?;
    Ok(registered(&clients::decode(roots, &files).state))
}

impl Registered {
    /// Returns where it comes from, with the branch or tag; absent for what a manifest cannot say.
    pub fn source(&self) -> Option<Source> {
        self.known.source.source().cloned()
    }

    /// Returns the file that holds its catalog.
    pub fn file(&self) -> PathBuf {
        let place = &self.known.install_location;
        match self.known.source.source() {
            Some(Source::File { path }) => path.clone(),
            _ => catalog_file(self.client, place),
        }
    }

    /// Returns the bytes of its catalog; nothing when they are not there.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        disk::read(&self.file(), Most::CATALOG).ok()?
    }

    /// Reads its catalog.
    ///
    /// # Errors
    /// It is not there, or is none.
    pub fn catalog(&self) -> Result<Catalog, Diagnostic> {
        let file = self.file();
        match disk::read(&file, Most::CATALOG) {
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
        unpacked(&self.known.install_location)?.parse().ok()
    }
}

/// Returns the file that holds the catalog of the marketplace at a place: the place itself, or a file
/// below it.
pub fn catalog_file(client: Client, place: &Path) -> PathBuf {
    if disk::is_dir(place) {
        place.join(clients::plugin_layout(client).catalog_file())
    } else {
        place.to_owned()
    }
}

/// Returns what a client noted in a marketplace that it unpacked from an archive.
pub fn unpacked(place: &Path) -> Option<String> {
    let marker = clients::with_plugins().find_map(|(_, layout)| {
        disk::read(&place.join(layout.snapshot_marker()), Most::WORD).ok().flatten()
    })?;
    Some(String::from_utf8_lossy(&marker).trim().to_owned())
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
