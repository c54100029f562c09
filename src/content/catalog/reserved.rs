//! Marketplace names that Claude Code 2.1.329 keeps for Anthropic or for itself.

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

/// Tells whether the client accepts a marketplace name only from Anthropic's own GitHub
/// organization, or takes it for an imitation of such a name.
pub fn reserved(name: &str) -> bool {
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

fn imitates(name: &str) -> bool {
    let joined = name.replace('-', "");
    ["claude", "anthropic"].into_iter().any(|brand| {
        joined.contains(&format!("official{brand}"))
            || joined.contains(&format!("{brand}official"))
            || name.strip_prefix(brand).is_some_and(|rest| {
                ["-marketplace", "-plugins"].iter().any(|word| rest.starts_with(word))
            })
    })
}
