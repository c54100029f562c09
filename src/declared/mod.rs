//! What people declare and what we remember of it: the manifest, its lock, and the ledger.

pub mod ledger;
pub mod lock;
pub mod manifest;
