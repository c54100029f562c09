//! What people see: data on stdout, talk and progress on stderr, colour only where it is wanted.
#![expect(clippy::print_stderr, reason = "this folder is where printing lives")]

pub mod editor;
pub mod pick;
mod progress;
mod prompt;

use std::io::Write as _;

pub use crate::model::paint::{Paint, plain};
pub use progress::Bars;
pub use prompt::confirm;

use crate::model::{Level, Note};

/// How much is said, and how.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    pub out: Paint,
    pub err: Paint,
    pub verbosity: Verbosity,
    /// stderr is a terminal.
    pub live: bool,
    /// stdin and stderr are terminals, so a question can be answered.
    pub interactive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl Ui {
    /// Prints data. A reader that stopped listening is not our trouble.
    pub fn data(self, text: &str) {
        let mut out = std::io::stdout().lock();
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Prints one JSON document.
    pub fn json(self, value: &serde_json::Value) {
        let mut text = serde_json::to_string_pretty(value).expect("a value is JSON");
        text.push('\n');
        self.data(&text);
    }

    /// Prints a line of talk, unless asked to be quiet.
    pub fn talk(self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            eprintln!("{}", plain(text));
        }
    }

    /// Prints a line of talk that only `-v` asks for.
    pub fn detail(self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            eprintln!("{}", plain(text));
        }
    }

    /// Prints a note: what it is about, what it says, and what to do.
    pub fn note(self, note: &Note) {
        let word = match note.level {
            Level::Info if self.verbosity == Verbosity::Quiet => return,
            Level::Info => self.err.dim("note:"),
            Level::Unmet => self.err.red("unmet:"),
            Level::Refused => self.err.red("refused:"),
        };
        eprintln!("{word} {}: {}", plain(&note.about.to_string()), plain(&note.text));
        if let Some(fault) = &note.fault {
            eprintln!("{}", plain(&fault.to_string()));
            return;
        }
        if let Some(hint) = &note.hint {
            self.hint(hint);
        }
    }

    pub fn error(self, text: &str) {
        eprintln!("{} {}", self.err.red("error:"), plain(text));
    }

    pub fn hint(self, text: &str) {
        eprintln!("{} {}", self.err.dim("hint:"), plain(text));
    }
}
