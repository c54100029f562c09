//! Hooks in settings. Only those that may refuse something cost the file; the client drops a broken hook of
//! any other event alone.

use super::keys::TEXTS;
use super::rule::Rule::{
    Alone, Flag, Hooks, List, Map, Number, Object, OrNull, Shaped, Tagged, Text, Word,
};
use super::rule::{Field, Rule, may, must};

/// The events whose hooks may refuse something.
pub const GUARDS: [&str; 2] = ["PreToolUse", "PermissionRequest"];

pub(super) const HOOKS: Rule = Hooks(&[
    may(GUARDS[0], EVENT),
    may(GUARDS[1], EVENT),
    may("PostToolUse", Alone(&EVENT)),
    may("PostToolUseFailure", Alone(&EVENT)),
    may("PostToolBatch", Alone(&EVENT)),
    may("Notification", Alone(&EVENT)),
    may("UserPromptSubmit", Alone(&EVENT)),
    may("UserPromptExpansion", Alone(&EVENT)),
    may("SessionStart", Alone(&EVENT)),
    may("SessionEnd", Alone(&EVENT)),
    may("Stop", Alone(&EVENT)),
    may("StopFailure", Alone(&EVENT)),
    may("SubagentStart", Alone(&EVENT)),
    may("SubagentStop", Alone(&EVENT)),
    may("PreCompact", Alone(&EVENT)),
    may("PostCompact", Alone(&EVENT)),
    may("PreModelSwitch", Alone(&EVENT)),
    may("PostModelSwitch", Alone(&EVENT)),
    may("PermissionDenied", Alone(&EVENT)),
    may("Setup", Alone(&EVENT)),
    may("TeammateIdle", Alone(&EVENT)),
    may("TaskCreated", Alone(&EVENT)),
    may("TaskCompleted", Alone(&EVENT)),
    may("Elicitation", Alone(&EVENT)),
    may("ElicitationResult", Alone(&EVENT)),
    may("ConfigChange", Alone(&EVENT)),
    may("WorktreeCreate", Alone(&EVENT)),
    may("WorktreeRemove", Alone(&EVENT)),
    may("InstructionsLoaded", Alone(&EVENT)),
    may("CwdChanged", Alone(&EVENT)),
    may("FileChanged", Alone(&EVENT)),
    may("DirectoryAdded", Alone(&EVENT)),
    may("MessageDisplay", Alone(&EVENT)),
]);

const EVENT: Rule = OrNull(&List(&Object(&[may("matcher", Text), must("hooks", List(&HOOK))])));

const HOOK: Rule = Tagged(
    "type",
    &[
        ("command", COMMAND),
        ("prompt", PROMPT),
        ("agent", AGENT),
        ("http", HTTP),
        ("mcp_tool", MCP_TOOL),
    ],
);

const SECONDS: Rule = Number(|number| number > 0.0, "a number above 0");
const ON_FAILURE: Rule = Word(&["continue", "block"]);
pub(super) const FILLED: Rule = Shaped(|text| !text.is_empty(), "a text with something in it", "x");

const COMMAND: &[Field] = &[
    must("command", Text),
    may("args", TEXTS),
    may("if", Text),
    may("shell", Word(&["bash", "powershell"])),
    may("timeout", SECONDS),
    may("onFailure", ON_FAILURE),
    may("statusMessage", Text),
    may("once", Flag),
    may("async", Flag),
    may("asyncRewake", Flag),
    may("holdsTools", Flag),
    may("rewakeMessage", FILLED),
    may("rewakeSummary", FILLED),
];

const PROMPT: &[Field] = &[
    must("prompt", Text),
    may("if", Text),
    may("timeout", SECONDS),
    may("model", Text),
    may("continueOnBlock", Flag),
    may("statusMessage", Text),
    may("once", Flag),
];

const AGENT: &[Field] = &[
    must("prompt", Text),
    may("if", Text),
    may("timeout", SECONDS),
    may("model", Text),
    may("statusMessage", Text),
    may("once", Flag),
];

const HTTP: &[Field] = &[
    must("url", ADDRESS),
    may("if", Text),
    may("timeout", SECONDS),
    may("onFailure", ON_FAILURE),
    may("headers", Map(&Text)),
    may("allowedEnvVars", TEXTS),
    may("statusMessage", Text),
    may("once", Flag),
];

const MCP_TOOL: &[Field] = &[
    must("server", Text),
    must("tool", Text),
    may("input", Object(&[])),
    may("if", Text),
    may("timeout", SECONDS),
    may("statusMessage", Text),
    may("once", Flag),
];

pub(super) const ADDRESS: Rule = Shaped(is_address, "an address", "https://example.com/");

/// Tells whether a text is an absolute address as browsers read one.
fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.trim().split_once(':') else { return false };
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let has_host = ["http", "https", "ws", "wss", "ftp"]
        .iter()
        .any(|special| scheme.eq_ignore_ascii_case(special));
    is_scheme && (!has_host || is_host(rest.trim_start_matches(['/', '\\'])))
}

/// Tells whether what follows the slashes of an address starts with a host, and a port if any.
fn is_host(rest: &str) -> bool {
    let place = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let (name, port) = match place.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (place, ""),
    };
    let is_port = port.is_empty() || port.parse::<u16>().is_ok();
    let is_name = |name: &str| !name.contains(|c: char| c.is_whitespace() || "<>^|%".contains(c));
    !name.is_empty() && is_name(name) && is_port
}
