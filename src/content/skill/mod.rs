//! `SKILL.md`: frontmatter, discovery in a tree, portability lint and content scan; and the files that say
//! where installed skills came from.

pub mod budget;
pub mod discover;
pub mod foreign;
pub mod frontmatter;
mod links;
pub mod lint;
pub mod tree;
pub mod unicode;
pub mod wellknown;

pub use budget::{Budget, budget};
pub use discover::{Discovery, FoundSkill, discover};
pub use foreign::Provenance;
pub use frontmatter::Frontmatter;
pub use lint::{LintFinding, Severity, lint};
pub use tree::{Kind, Listing, TreePath};
