//! The commands that are about Agent Skills alone, and the skill side of those that are not.

pub mod install;
pub mod lint;
pub mod remove;
pub mod search;
pub mod upgrade;

/// Tells whether a word of the command line names a repository, an address or a folder, and not a plugin.
pub fn is_source(spec: &str) -> bool {
    let plugin = spec.contains('@') && !spec.contains('/') && !spec.starts_with("git@");
    !plugin && (spec.contains('/') || spec.starts_with("npm:") || matches!(spec, "." | ".."))
}
