//! Choosing from a list: with `fzf` where there is one, else by numbers.

#![expect(clippy::disallowed_methods, reason = "fzf is a program")]

use std::io::{BufRead as _, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::{Ui, plain, say};

/// Lets a person choose some of the names; each line is a name and a text that helps.
///
/// # Errors
/// There is no terminal, or there is nothing to choose from.
pub fn pick(what: &str, lines: &[(String, String)], no_fzf: bool, ui: Ui) -> Result<Vec<String>> {
    if !ui.interactive {
        bail!("`-i` needs a terminal; name the {what} instead");
    }
    if lines.is_empty() {
        bail!("there are no {what} to choose from");
    }
    match if no_fzf { None } else { with_fzf(what, lines) } {
        Some(chosen) => Ok(chosen),
        None => Ok(by_number(what, lines)),
    }
}

/// Returns what was chosen in fzf; nothing when there is no fzf.
fn with_fzf(what: &str, lines: &[(String, String)]) -> Option<Vec<String>> {
    let mut fzf = Command::new("fzf")
        .args(["--multi", "--prompt", &format!("{what}> "), "--height=60%", "--reverse"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = fzf.stdin.take()?;
    for (name, text) in lines {
        // fzf may be left before it has read everything.
        if writeln!(stdin, "{}  {}", one_line(name), one_line(text)).is_err() {
            break;
        }
    }
    drop(stdin);
    let output = fzf.wait_with_output().ok()?;
    let chosen = String::from_utf8_lossy(&output.stdout);
    Some(
        chosen
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect(),
    )
}

fn by_number(what: &str, lines: &[(String, String)]) -> Vec<String> {
    for (index, (name, text)) in lines.iter().enumerate() {
        say(&format!("{:>4}  {}  {}\n", index + 1, one_line(name), one_line(text)));
    }
    say(&format!("{what}, by number (such as 1 3-5): "));
    let mut line = String::new();
    drop(std::io::stdin().lock().read_line(&mut line));
    numbers(&line, lines.len()).into_iter().map(|n| lines[n - 1].0.clone()).collect()
}

/// Returns the numbers from 1 to `most` that a line names, singly or as `a-b`.
fn numbers(line: &str, most: usize) -> Vec<usize> {
    let mut numbers = Vec::new();
    for word in line.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty()) {
        let (from, to) = word.split_once('-').unwrap_or((word, word));
        let (Ok(from), Ok(to)) = (from.parse::<usize>(), to.parse::<usize>()) else { continue };
        for n in from.max(1)..=to.min(most) {
            if !numbers.contains(&n) {
                numbers.push(n);
            }
        }
    }
    numbers
}

fn one_line(text: &str) -> String {
    plain(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_within_the_list_are_chosen_once() {
        let check =
            |line: &str, expected: &[usize]| assert_eq!(numbers(line, 5), expected, "{line}");
        check("1 3-5", &[1, 3, 4, 5]);
        check("2,2 2", &[2]);
        check("0 6 9-12 x", &[]);
        check("4-", &[]);
        check("", &[]);
    }
}
