//! `SKILL.md`: frontmatter, discovery in a tree, portability lint and content scan; and the files that say
//! where installed skills came from.

pub mod budget;
pub mod discover;
pub mod frontmatter;
pub mod inventory;
mod json;
mod links;
pub mod lint;
pub mod tree;
pub mod unicode;
mod yaml;

pub use discover::{Discovery, Found, discover};
pub use frontmatter::Frontmatter;
pub use lint::{LintFinding, Severity, lint};
pub use tree::{Entry, Kind, Listing};
