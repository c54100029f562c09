//! Names of skills, and globs over them.

use globset::Glob;

/// Tells whether a pattern stands for more than one name.
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

/// Tells whether a name is the one, or one of those, that a pattern stands for.
pub fn matches(pattern: &str, name: &str) -> bool {
    if !is_glob(pattern) {
        return pattern == name;
    }
    // The manifest has checked the pattern.
    Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

/// Tells whether a name is one of some names and globs; none of them means all.
pub fn matches_any(patterns: &[String], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
}
