//! Rules over MCP servers, as the client's managed settings spell them.

use globset::Glob;
use serde_json::Value;

use crate::model::RulePlace;

/// One element of `allowedMcpServers` or `deniedMcpServers`.
#[derive(Debug, Clone)]
pub(super) struct ServerRule {
    pub place: RulePlace,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Name(String),
    Command(Vec<String>),
    /// With `*` for anything.
    Url(String),
}

impl ServerRule {
    pub fn read(value: &Value, place: RulePlace) -> Result<Self, String> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let words = |key: &str| -> Option<Vec<String>> {
            let words = value.get(key)?.as_array()?.iter();
            words.map(|word| word.as_str().map(str::to_owned)).collect()
        };
        let what = text("serverName")
            .map(What::Name)
            .or_else(|| words("serverCommand").map(What::Command))
            .or_else(|| text("serverUrl").map(What::Url))
            .ok_or("the rule has none of `serverName`, `serverCommand` and `serverUrl`")?;
        Ok(Self { place, what })
    }

    pub fn matches(&self, name: &str, command: Option<&[String]>, url: Option<&str>) -> bool {
        match &self.what {
            What::Name(allowed) => allowed == name,
            What::Command(words) => command == Some(words.as_slice()),
            What::Url(pattern) => url.is_some_and(|url| fits(pattern, url)),
        }
    }
}

/// Tells whether a list of allowed servers has one. As soon as the list has rules over commands, a
/// name is not enough for a server with a command; the same goes for URLs.
pub(super) fn allows(
    rules: &[ServerRule],
    name: &str,
    command: Option<&[String]>,
    url: Option<&str>,
) -> bool {
    let over_commands = rules.iter().any(|rule| matches!(rule.what, What::Command(_)));
    let over_urls = rules.iter().any(|rule| matches!(rule.what, What::Url(_)));
    rules.iter().any(|rule| {
        let counts = match rule.what {
            What::Name(_) => !(command.is_some() && over_commands || url.is_some() && over_urls),
            What::Command(_) | What::Url(_) => true,
        };
        counts && rule.matches(name, command, url)
    })
}

/// Compares a URL with a pattern in which only `*` is special.
fn fits(pattern: &str, url: &str) -> bool {
    let quoted: String = pattern
        .chars()
        .map(|c| if "?[]{}\\!".contains(c) { format!("[{c}]") } else { c.to_string() })
        .collect();
    let quoted = quoted.replace("[\\]", "\\\\").replace("[!]", "!");
    Glob::new(&quoted).is_ok_and(|glob| glob.compile_matcher().is_match(url))
}
