//! Marketplace names that Claude Code 2.1.329 keeps for Anthropic or for itself.

use crate::model::Source;

const OFFICIAL: &[&str] = &[
    "agent-skills",
    "anthropic-agent-skills",
    "anthropic-marketplace",
    "anthropic-plugin-directory",
    "anthropic-plugins",
    "claude-code-marketplace",
    "claude-code-plugins",
    "claude-community",
    "claude-for-financial-services",
    "claude-for-legal",
    "claude-plugin-directory",
    "claude-plugins-community",
    "claude-plugins-official",
    "claude-tag-plugins",
    "financial-services-plugins",
    "first-party-plugins",
    "healthcare",
    "knowledge-work-plugins",
    "life-sciences",
];

/// Returns for whom the client keeps a marketplace name that comes from somebody else.
pub fn kept_for(name: &str, source: Option<&Source>) -> Option<&'static str> {
    let theirs = source.is_some_and(is_anthropics);
    (reserved(name) && !theirs).then_some("Anthropic")
}

/// Tells whether the client accepts a marketplace name only from Anthropic's own GitHub
/// organization, or takes it for an imitation of such a name.
fn reserved(name: &str) -> bool {
    let name = name.to_lowercase();
    OFFICIAL.contains(&name.as_str()) || imitates(&name)
}

/// Returns what the client itself uses a name for; such a name is never a marketplace's.
pub fn internal(name: &str) -> Option<&'static str> {
    match name.to_lowercase().as_str() {
        "builtin" => Some("the client's own plugins"),
        "claude-plugin-test" => Some("plugins under test"),
        "inline" => Some("plugins of the `--plugin-dir` flag"),
        "skills-dir" => Some("plugins in a skills folder"),
        "synced" => Some("plugins of the user's account"),
        _ => None,
    }
}

/// Tells whether a source is of Anthropic's own GitHub organization.
fn is_anthropics(source: &Source) -> bool {
    let Some(Ok(address)) = source.address() else { return false };
    address.is_on_github() && address.owner() == "anthropics"
}

/// Tells whether a name can be taken for one of Anthropic's, whatever stands between its words.
fn imitates(name: &str) -> bool {
    const KINDS: [&str; 4] = ["marketplace", "plugins", "official", "director"];
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_theirs = |brand: &&str| {
        joined.contains(&format!("official{brand}"))
            || joined.contains(&format!("{brand}official"))
            || joined
                .strip_prefix(brand)
                .is_some_and(|rest| KINDS.iter().any(|kind| rest.starts_with(kind)))
    };
    !name.is_ascii() || ["claude", "anthropic"].iter().any(is_theirs)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clients::roots_below;

    #[test]
    fn names_that_only_anthropic_may_use_are_known() {
        for name in ["healthcare", "Agent-Skills", "claude-official", "official-claude-x"] {
            assert!(reserved(name), "{name}");
        }
        for name in ["claude-marketplace-x", "anthropic-plugins-x", "superclaude-official"] {
            assert!(reserved(name), "{name}");
        }
        for name in
            ["claude_official", "o-fficial.claude", "claudeplugins", "anthropic-directories"]
        {
            assert!(reserved(name), "{name}");
        }
        for name in
            ["claude-code-x", "superclaude", "official", "my-claude-plugins", "claude-x-official"]
        {
            assert!(!reserved(name), "{name}");
        }
    }

    #[test]
    fn only_the_organization_itself_is_anthropic() {
        let roots = roots_below(Path::new("/h"), Path::new("/p"));
        let check = |text: &str, expected: Option<&str>| {
            let source = Source::parse(text, Path::new("/p"), &roots).unwrap();
            assert_eq!(kept_for("healthcare", Some(&source)), expected, "{text}");
            assert_eq!(kept_for("tools", Some(&source)), None, "{text}");
        };
        check("anthropics/skills", None);
        check("https://github.com/Anthropics/skills.git", None);
        check("git@github.com:anthropics/skills.git", None);
        check("ssh://git@github.com/anthropics/skills.git", None);
        check("anthropics-evil/skills", Some("Anthropic"));
        check("https://evil.example/github.com/anthropics/skills", Some("Anthropic"));
        check("./anthropics/skills", Some("Anthropic"));
        assert_eq!(kept_for("healthcare", None), Some("Anthropic"));
    }
}
