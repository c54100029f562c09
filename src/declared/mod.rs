//! What people declare and what we remember of it: the manifest, its lock, the ledger, the generations.

pub mod generation;
pub mod ledger;
pub mod lock;
pub mod manifest;
mod stored;
