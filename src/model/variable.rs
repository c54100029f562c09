//! References to variables in the texts of a server, and the spellings of other clients.

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// `${NAME:-default}`.
    pub has_default: bool,
    /// As written, when it is a spelling of others, which is not replaced: `$NAME` or `${env:NAME}`.
    pub foreign: Option<String>,
}

/// Returns the references in a text, in order.
pub fn variables_in(text: &str) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let (variable, used) = match after.strip_prefix('{') {
            Some(inner) => braced(inner),
            None => bare(after),
        };
        found.extend(variable);
        rest = &after[used..];
    }
    found
}

/// Returns a reference that nothing closes, as written: `${NAME`.
pub fn unclosed_in(text: &str) -> Option<&str> {
    let open = text.rfind("${").filter(|at| !text[*at..].contains('}'))?;
    let name = &text[open + 2..];
    let end = name.find(|c: char| !is_name_char(c)).unwrap_or(name.len());
    Some(&text[open..open + 2 + end])
}

/// Reads what follows `${`, and says how much behind the `$` was used.
fn braced(inner: &str) -> (Option<Variable>, usize) {
    let Some(end) = inner.find('}') else { return (None, 1) };
    let body = &inner[..end];
    let (name, default) = match body.split_once(":-") {
        Some((name, _)) => (name, true),
        None => (body, false),
    };
    let used = end + 2;
    if is_name(name) {
        return (
            Some(Variable { name: name.to_owned(), has_default: default, foreign: None }),
            used,
        );
    }
    let foreign = ["env:", "input:", "env."].iter().find_map(|prefix| name.strip_prefix(prefix));
    let foreign = foreign.filter(|name| is_name(name)).map(|name| Variable {
        name: name.to_owned(),
        has_default: default,
        foreign: Some(format!("${{{body}}}")),
    });
    (foreign, used)
}

fn bare(after: &str) -> (Option<Variable>, usize) {
    let end = after.find(|c: char| !is_name_char(c)).unwrap_or(after.len());
    let name = &after[..end];
    let variable = is_name(name).then(|| Variable {
        name: name.to_owned(),
        has_default: false,
        foreign: Some(format!("${name}")),
    });
    (variable, end)
}

pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_foreign_spellings_are_told_apart() {
        let check = |text: &str, expected: &[(&str, bool, Option<&str>)]| {
            let found = variables_in(text);
            let found: Vec<_> = found
                .iter()
                .map(|v| (v.name.as_str(), v.has_default, v.foreign.as_deref()))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check("Bearer ${T}", &[("T", false, None)]);
        check("${A:-x}/${B}", &[("A", true, None), ("B", false, None)]);
        check(
            "$HOME/x ${env:TOKEN}",
            &[("HOME", false, Some("$HOME")), ("TOKEN", false, Some("${env:TOKEN}"))],
        );
        check("${input:key}", &[("key", false, Some("${input:key}"))]);
        check("cost $5, $ and ${", &[]);
        check("${}", &[]);
    }
}
