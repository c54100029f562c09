//! What is wrong with a name of a skill, or with a glob over them.

use globset::Glob;

/// Checks a name or glob; returns what is wrong with it.
pub(super) fn check_pattern(text: &str) -> Result<(), String> {
    check(text, "*?[]{},!")?;
    Glob::new(text).map(|_| ()).map_err(|error| format!("is no glob: {}", error.kind()))
}

fn check(text: &str, more: &str) -> Result<(), String> {
    let is_known = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c) || more.contains(*c);
    if text.is_empty() {
        Err("is empty".into())
    } else if text.len() > 128 {
        Err("is longer than 128 characters".into())
    } else if text.starts_with(['.', '-']) {
        Err(format!("starts with `{}`", &text[..1]))
    } else if text.contains("..") {
        Err("has `..`".into())
    } else if let Some(bad) = text.chars().find(|c| !is_known(c)) {
        Err(format!(
            "has the character {bad:?}; only letters, digits, `.`, `_` and `-` are allowed"
        ))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for bad in ["", ".", "..", "a..b", "a/b", "a\\b", ".git", "-x", "a b", "a\n", "*"] {
            assert!(check(bad, "").is_err(), "{bad:?}");
        }
        for bad in ["../*", "/*", ".*", "-*", "[a", "{a"] {
            assert!(check_pattern(bad).is_err(), "{bad:?}");
        }
        for good in ["pdf", "my_skill-2.0", "Az"] {
            assert_eq!((check(good, ""), check_pattern(good)), (Ok(()), Ok(())), "{good}");
        }
        for good in ["*", "pdf-*", "{a,b}", "a?c", "[a-c]x"] {
            assert_eq!(check_pattern(good), Ok(()), "{good}");
        }
    }
}
