//! What people see: data on stdout, talk and progress on stderr, colour only where it is wanted.

mod chooser;
pub mod editor;
pub mod pick;
mod progress;
mod prompt;
mod screen;

use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

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

/// What kept data from being printed, the first time.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Returns why data that somebody waits for could not be printed.
pub fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

/// Remembers that data could not be printed, unless the reader stopped listening.
pub fn printed(result: io::Result<()>) {
    if let Err(error) = result
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| error);
    }
}

/// Prints talk. There is nobody to tell when that fails.
pub fn say(text: &str) {
    let mut err = io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
}

impl Ui {
    /// Prints data. A reader that stopped listening is not our trouble; a full disk is.
    pub fn data(self, text: &str) {
        let mut out = io::stdout().lock();
        printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
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
            say(&format!("{}\n", plain(text)));
        }
    }

    /// Prints a line of talk that only `-v` asks for.
    pub fn detail(self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            say(&format!("{}\n", plain(text)));
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
        say(&format!("{word} {}: {}\n", plain(&note.about.to_string()), plain(&note.text)));
        if let Some(fault) = &note.fault {
            let said = !fault.message.is_empty() && note.text.starts_with(&fault.message);
            let place = if said { fault.place() } else { fault.to_string() };
            say(&format!("{}\n", plain(&place)));
            return;
        }
        if let Some(hint) = &note.hint {
            self.hint(hint);
        }
    }

    pub fn error(self, text: &str) {
        say(&format!("{} {}\n", self.err.red("error:"), plain(text)));
    }

    pub fn hint(self, text: &str) {
        say(&format!("{} {}\n", self.err.dim("hint:"), plain(text)));
    }
}
