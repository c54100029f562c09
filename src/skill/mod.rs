//! `SKILL.md`: frontmatter, discovery in a tree, portability lint and content scan; and the files that say
//! where installed skills came from.

pub mod frontmatter;
mod yaml;
