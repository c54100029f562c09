//! `SKILL.md`: frontmatter, discovery in a tree, portability lint and content scan.
