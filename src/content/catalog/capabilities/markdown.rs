//! What a `SKILL.md`, agent or command asks for: tools, and commands that run as it is read.

use super::Capability;

/// Frontmatter keys with which a file brings something that runs.
const LOADED: [&str; 2] = ["hooks", "mcpServers"];

/// Returns what a Markdown file asks for. Loose YAML is read as far as it goes.
pub fn wishes(file: &str, text: &str) -> Vec<Capability> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (front, body) = split(text);
    let file = || file.to_owned();
    let tools = field(&front, "allowed-tools").into_iter().flat_map(|value| words(&value));
    let keys = LOADED.into_iter().filter(|key| field(&front, key).is_some());
    let keys = keys.map(|key| Capability::Frontmatter { file: file(), key: key.to_owned() });
    let commands =
        shell(&body).into_iter().map(|command| Capability::Shell { file: file(), command });
    tools.map(|tool| Capability::Tool { file: file(), tool }).chain(keys).chain(commands).collect()
}

/// Splits a file into the lines of its frontmatter and the lines after it.
fn split(text: &str) -> (Vec<&str>, Vec<&str>) {
    let mut lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().skip(1).position(|line| line.trim_end() == "---");
    match (lines.first(), end) {
        (Some(first), Some(end)) if first.trim_end() == "---" => {
            let body = lines.split_off(end + 2);
            (lines[1..=end].to_vec(), body)
        }
        _ => (Vec::new(), lines),
    }
}

/// Returns the text of a top-level key, following lines that are indented or list items included.
fn field(front: &[&str], key: &str) -> Option<String> {
    let starts =
        |line: &&str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let at = front.iter().position(starts)?;
    let (_, first) = front[at].split_once(':')?;
    let more = front[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t', '-']));
    let more = more.map(|line| line.trim()).map(|line| line.strip_prefix("- ").unwrap_or(line));
    Some(std::iter::once(first.trim()).chain(more).collect::<Vec<_>>().join("\n"))
}

/// Splits a list at commas and white space outside of parentheses.
fn words(value: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut words = vec![String::new()];
    for c in value.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let splits = c == '\n' || (depth == 0 && (c == ',' || c.is_whitespace()));
        if splits {
            depth = 0;
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let bare = words.iter().map(|word| word.trim_matches(['[', ']', '"', '\'', '|', '>', ' ']));
    bare.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Returns the commands that the client runs and replaces by their output: `` !`command` `` and
/// fences that open with `` ```! ``.
fn shell(body: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = body.iter();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("```!") {
            let fence: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.trim_start().starts_with("```"))
                .copied()
                .collect();
            found.push(fence.join("\n"));
        } else {
            found.extend(inline(line));
        }
    }
    found
}

fn inline(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    let mut before = None;
    while let Some(at) = rest.find("!`") {
        let last = rest[..at].chars().next_back().or(before);
        let after = &rest[at + 2..];
        if last.is_some_and(|c| !c.is_whitespace()) {
            (rest, before) = (after, Some('`'));
            continue;
        }
        let Some(end) = after.find('`') else { break };
        found.push(after[..end].to_owned());
        (rest, before) = (&after[end + 1..], Some('`'));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_read_from_every_spelling_of_the_list() {
        let check = |front: &str, expected: &[&str]| {
            let shown: Vec<String> = wishes("f", &format!("---\nname: a\n{front}\nx: y\n---\nhi"))
                .into_iter()
                .map(|wish| wish.to_string())
                .collect();
            let expected: Vec<String> =
                expected.iter().map(|t| format!("`f` may use `{t}`")).collect();
            assert_eq!(shown, expected, "{front}");
        };
        check("allowed-tools: Read, Bash(git add:*)", &["Read", "Bash(git add:*)"]);
        check("allowed-tools: Read Bash(git:*)", &["Read", "Bash(git:*)"]);
        check("allowed-tools: [\"Read\", 'Write']", &["Read", "Write"]);
        check("allowed-tools:\n  - Read\n  - Bash(a, b)", &["Read", "Bash(a, b)"]);
        check("allowed-tools:\n- Read", &["Read"]);
        check("allowed-tools: Bash(open", &["Bash(open"]);
        check("other: Read", &[]);
    }

    #[test]
    fn commands_that_run_as_the_file_is_read_are_found() {
        let check = |body: &str, expected: &[&str]| {
            let lines: Vec<&str> = body.lines().collect();
            assert_eq!(shell(&lines), expected, "{body}");
        };
        check("Now: !`git status` and !`ls`", &["git status", "ls"]);
        check("no!`x` here, nor `!`", &[]);
        check("```!\nmake\nls\n```\nplain", &["make\nls"]);
        check("!`open", &[]);
    }
}
