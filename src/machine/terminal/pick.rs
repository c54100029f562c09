//! Choosing from a list: with `fzf` where there is one, else in a list of our own.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use console::{Term, measure_text_width};

use super::chooser::{Chooser, Step, page};
use super::screen::{self, Keys, Size};
use super::{Ui, draw, plain, say};
use crate::machine::{interrupt, program};

/// With what a person chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picker {
    /// `fzf`, if there is one.
    Fzf,
    /// A list of our own.
    BuiltIn,
    /// A line with numbers, for a terminal that cannot move its cursor.
    Numbers,
}

/// How many may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowMany {
    One,
    Some,
}

/// A name to choose, and a text that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub about: String,
}

impl Line {
    pub fn new(name: &str, about: &str) -> Self {
        let one_line = |text: &str| plain(text).replace(['\n', '\t'], " ");
        Self { name: one_line(name), about: one_line(about) }
    }
}

/// A list that a person chooses from.
#[derive(Debug)]
pub struct List<'a> {
    pub what: &'a str,
    pub lines: Vec<Line>,
    /// What is typed already.
    pub query: &'a str,
    pub picker: Picker,
}

impl List<'_> {
    /// Lets a person choose some of the names, at least one.
    ///
    /// # Errors
    /// There is no terminal, there is nothing to choose from, or nothing was chosen.
    pub fn some(&self, ui: Ui) -> Result<Vec<String>> {
        self.pick(HowMany::Some, ui)
    }

    /// Lets a person choose one of the names.
    ///
    /// # Errors
    /// The same.
    pub fn one(&self, ui: Ui) -> Result<String> {
        let chosen = self.pick(HowMany::One, ui)?;
        chosen.into_iter().next().context("nothing was chosen")
    }

    fn pick(&self, many: HowMany, ui: Ui) -> Result<Vec<String>> {
        if !ui.interactive {
            bail!("`-i` needs a terminal; name the {} instead", self.what);
        }
        if self.lines.is_empty() {
            bail!("there are no {} to choose from", self.what);
        }
        let fzf = if self.picker == Picker::Fzf { self.with_fzf(many) } else { None };
        let chosen = match (fzf, screen::size(io::stderr())) {
            (Some(chosen), _) => chosen,
            (None, Some(size)) if self.picker != Picker::Numbers => {
                self.built_in(many, size, ui)?
            }
            (None, _) => self.by_number(many),
        };
        if chosen.is_empty() {
            bail!("nothing was chosen, nothing was changed");
        }
        Ok(chosen)
    }

    /// Returns what was chosen in fzf; nothing when there is no fzf.
    fn with_fzf(&self, many: HowMany) -> Option<Vec<String>> {
        let mut fzf = program::command(OsStr::new("fzf")).ok()?;
        if many == HowMany::Some {
            fzf.arg("--multi");
        }
        let _theirs = interrupt::pause();
        let mut fzf = fzf
            .args(["--height=60%", "--reverse", "--prompt", &format!("{}> ", self.what)])
            .args(["--query", self.query])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut stdin = fzf.stdin.take()?;
        for Line { name, about } in &self.lines {
            // fzf may be left before it has read everything.
            if writeln!(stdin, "{name}  {about}").is_err() {
                break;
            }
        }
        drop(stdin);
        let output = fzf.wait_with_output().ok()?;
        let chosen = String::from_utf8_lossy(&output.stdout);
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        Some(chosen.lines().filter_map(first).collect())
    }

    fn built_in(&self, many: HowMany, size: Size, ui: Ui) -> Result<Vec<String>> {
        let mut chooser = Chooser::new(self.what, &self.lines, many, self.query);
        let keys = Keys::take().context("the terminal cannot be asked for keys")?;
        let step = loop {
            // A window may have been made smaller since.
            let size = screen::size(io::stderr()).unwrap_or(size);
            draw(&frame(&chooser, size, ui));
            let key = Term::stderr().read_key_raw().context("no key can be read")?;
            match chooser.press(&key, page(size)) {
                Step::On => {}
                step => break step,
            }
        };
        draw("\r\u{1b}[J");
        drop(keys);
        match step {
            Step::Chosen(chosen) => {
                Ok(chosen.into_iter().map(|index| self.lines[index].name.clone()).collect())
            }
            Step::Interrupted => {
                screen::interrupt();
                bail!("interrupted")
            }
            Step::On | Step::Left => Ok(Vec::new()),
        }
    }

    fn by_number(&self, many: HowMany) -> Vec<String> {
        for (index, Line { name, about }) in self.lines.iter().enumerate() {
            say(&format!("{:>4}  {name}  {about}\n", index + 1));
        }
        let how = if many == HowMany::Some { "such as 1 3-5" } else { "one" };
        say(&format!("{}, by number ({how}): ", self.what));
        let mut line = String::new();
        drop(io::stdin().lock().read_line(&mut line));
        let chosen = numbers(&line, self.lines.len());
        chosen.into_iter().map(|n| self.lines[n - 1].name.clone()).collect()
    }
}

/// Returns what draws a list where the cursor stands, and sets the cursor behind what is typed.
fn frame(chooser: &Chooser, size: Size, ui: Ui) -> String {
    let view = chooser.view(size, ui.err);
    let typed = measure_text_width(&chooser.prompt()).min(size.columns.saturating_sub(1));
    let mut frame = format!("\r\u{1b}[J{}\r", view.join("\r\n"));
    for (count, direction) in [(view.len() - 1, 'A'), (typed, 'C')] {
        // None would mean one.
        if count > 0 {
            write!(frame, "\u{1b}[{count}{direction}").expect("strings take text");
        }
    }
    frame
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
