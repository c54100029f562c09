//! What a `SKILL.md`, agent or command asks for: keys that do something, tools, and commands that run as
//! it is read.

use serde_json::{Map, Value};

use super::components::field;
use super::{Found, Power, prose};
use crate::formats::yaml;

/// A longer frontmatter is not taken apart.
const LONGEST: usize = 64 * 1024;

/// Adds what a Markdown file asks for.
pub fn powers(file: &str, text: &str, found: &mut Found) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for yaml in fronts(text) {
        front(file, yaml, found);
    }
    for command in shell(text) {
        let power = Power::Shell { file: file.to_owned(), command: command.to_owned() };
        found.text(power, command);
    }
}

/// Returns the frontmatter as Claude Code 2.1 cuts it, at the first `---` wherever that stands, and as
/// everybody else does, at the first line that is one.
fn fronts(text: &str) -> Vec<&str> {
    let Some(rest) = text.strip_prefix("---") else { return Vec::new() };
    let blank = rest.len() - rest.trim_start_matches(is_blank).len();
    let Some(start) = rest[..blank].rfind('\n').map(|line| line + 1) else { return Vec::new() };
    let body = &rest[start..];
    let anywhere = body.find("---");
    let mut end = 0;
    let line = body.split_inclusive('\n').find_map(|line| {
        let here = end;
        end += line.len();
        (line.trim_end() == "---").then_some(here)
    });
    let mut ends: Vec<usize> = anywhere.into_iter().chain(line).collect();
    ends.dedup();
    ends.into_iter().map(|end| &body[..end]).collect()
}

fn front(file: &str, text: &str, found: &mut Found) {
    let read = (text.len() <= LONGEST).then(|| yaml::mapping(text).ok().or_else(|| by_line(text)));
    let Some(map) = read.flatten() else {
        return found.text(Power::Frontmatter { file: file.to_owned() }, text);
    };
    for (key, value) in &map {
        if prose::is_frontmatter(key) {
            continue;
        }
        let tools = if key == "allowed-tools" { tools(value) } else { None };
        match tools {
            None => found.value(field(file, key), value),
            Some(tools) => {
                for tool in tools {
                    let power = Power::Tool { file: file.to_owned(), tool: tool.clone() };
                    found.text(power, &tool);
                }
            }
        }
    }
}

/// Reads a text that is no YAML, when it has nothing but a key and a value on each line: `a: b: c` is what
/// people write.
fn by_line(text: &str) -> Option<Map<String, Value>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (key, value) = line.split_once(':')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_pair = !key.is_empty() && key.chars().all(plain) && value.starts_with([' ', '\t']);
        let opens = value.trim_start().starts_with(['|', '>', '&', '*', '!', '{', '[', '"', '\'']);
        (is_pair && !opens).then(|| (key.to_owned(), Value::from(value.trim())))
    };
    let mut map = Map::new();
    for line in lines {
        let (key, value) = pair(line)?;
        if map.insert(key, value).is_some() {
            return None;
        }
    }
    Some(map)
}

/// Returns the tools of a list, or of a text with commas and white space outside of parentheses.
fn tools(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(words(text)),
        Value::Array(items) => {
            let words = items.iter().map(|item| item.as_str().map(words));
            words.collect::<Option<Vec<_>>>().map(|words| words.concat())
        }
        _ => None,
    }
}

fn words(value: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut words = vec![String::new()];
    for c in value.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == '\n' || (depth == 0 && (c == ',' || c.is_whitespace())) {
            depth = 0;
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the commands that the client runs and replaces by their output: `` !`command` `` after white
/// space, and what stands between `` ```! `` and `` ``` ``; both wherever they begin and end.
fn shell(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("```!") {
        let Some((command, next)) = after.split_once("```") else { break };
        found.push(command.trim_matches(is_blank));
        rest = next;
    }
    let mut from = 0;
    while let Some(at) = text[from..].find("!`").map(|at| from + at) {
        let start = at + 2;
        from = start;
        if text[..at].chars().next_back().is_some_and(|c| !is_blank(c)) {
            continue;
        }
        let Some(length) = text[start..].find('`') else { break };
        if length > 0 {
            found.push(&text[start..start + length]);
            from = start + length + 1;
        }
    }
    found
}

/// Tells what JavaScript takes for white space.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Vec<String> {
        let mut found = Found::default();
        powers("f", text, &mut found);
        found.powers.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn tools_are_read_from_every_spelling_of_the_list() {
        let check = |front: &str, expected: &[&str]| {
            let expected: Vec<String> =
                expected.iter().map(|tool| format!("`f` may use `{tool}`")).collect();
            assert_eq!(asked(&format!("---\nname: a\n{front}\n---\nhi")), expected, "{front}");
        };
        check("allowed-tools: Read, Bash(git add:*)", &["Bash(git add:*)", "Read"]);
        check("allowed-tools: Read Bash(git:*)", &["Bash(git:*)", "Read"]);
        check("\"allowed-tools\": [\"Read\", 'Write']", &["Read", "Write"]);
        check("allowed-tools:\n  - Read\n  - Bash(a, b)", &["Bash(a, b)", "Read"]);
        check("allowed-tools:\n- Read", &["Read"]);
        check("allowed-tools: Bash(open", &["Bash(open"]);
        check("allowed-tools:", &[]);
        check("description: Read", &[]);
        assert_eq!(asked("---\n{name: a, allowed-tools: Read}\n---\n"), ["`f` may use `Read`"]);
    }

    #[test]
    fn a_frontmatter_that_cannot_be_taken_apart_is_one_power() {
        let check = |text: &str, expected: &[&str]| assert_eq!(asked(text), expected, "{text}");
        check("---\nname: a\ndescription: Use when: asked\n---\n", &[]);
        check("---\ndescription: a: b\nmodel: opus\n---\n", &["`f` has its own `model`"]);
        check("---\nname: *a\n---\n", &["frontmatter of `f`"]);
        check("---\nname: a: b\n  hooks: x\n---\n", &["frontmatter of `f`"]);
        check("---\nname: a\nname: b\nmodel: c\n---\n", &["frontmatter of `f`"]);
        check("---\n\n\nmodel: a\n---\n", &["`f` has its own `model`"]);
        check(
            "--- \nmodel: a\ndescription: b---\nhooks: c\n---\n",
            &["`f` has its own `hooks`", "`f` has its own `model`"],
        );
        check("# Title\n---\nmodel: a\n---\n", &[]);
        check("---\nmodel: a\n", &[]);
        let long = format!("---\ndescription: {}\n---\n", "x".repeat(LONGEST));
        check(&long, &["frontmatter of `f`"]);
    }

    #[test]
    fn commands_that_run_as_the_file_is_read_are_found() {
        let check = |body: &str, expected: &[&str]| assert_eq!(shell(body), expected, "{body}");
        check("Now: !`git status` and !`ls`", &["git status", "ls"]);
        check("no!`x` here, nor `!`", &[]);
        check("```!\nmake\nls\n```\nplain", &["make\nls"]);
        check("see ```! make ``` there", &["make"]);
        check("!`a\nb`", &["a\nb"]);
        check("\u{feff}!`a`", &["a"]);
        check("x\u{feff}!`a`", &["a"]);
        check("!``ls` !`pwd`", &["pwd"]);
        check("!`open", &[]);
    }
}
