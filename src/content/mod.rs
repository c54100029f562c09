//! What is inside a fetched tree: catalogs, plugin manifests and skills. Texts in, types out.

pub mod catalog;
pub mod skill;
