//! What is inside a fetched tree: catalogs, plugin manifests, skills, and what they can do. Texts in, types out.

pub mod catalog;
pub mod powers;
pub mod skill;
