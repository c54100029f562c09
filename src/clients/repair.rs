//! What registries that tell nothing any more can be written anew from.

use std::collections::BTreeMap;

use crate::model::{InstallRecord, RegistrySource};

/// What the disk tells about registries that tell nothing any more.
#[derive(Debug, Clone, Default)]
pub struct Salvage {
    /// The folders of marketplaces, and the source of each as far as the clone itself knows it.
    pub clones: BTreeMap<String, Option<RegistrySource>>,
    /// The folder of each plugin that is in the cache: the locked version, or the only one.
    pub versions: BTreeMap<String, InstallRecord>,
}
