//! What people see: data on stdout, talk and progress on stderr, colour only where it is wanted, and on a
//! terminal no line that is wider than it.

mod chooser;
pub mod editor;
pub mod pager;
pub mod pick;
mod progress;
mod prompt;
mod screen;
mod wrap;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

use crate::model::paint::is_seen;
pub use crate::model::paint::{Paint, one_line, plain};
pub use pager::Pager;
pub use progress::Bars;
pub use prompt::confirm;

use crate::machine::interrupt;
use crate::model::{Diagnostic, Level, Note};
use screen::Size;

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

/// Prints talk.
pub fn say(text: &str) {
    draw(&fitted(text, screen::size(io::stderr())));
}

/// Puts text on stderr as it is. There is nobody to tell when that fails.
fn draw(text: &str) {
    let mut err = io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
}

/// Returns JSON with escapes for whatever a terminal would obey or not show.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_seen(c) || c == '\n' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(text, "\\u{unit:04x}").expect("strings take text");
            }
        }
    }
    text
}

impl Ui {
    /// Prints data.
    pub fn data(self, text: &str) {
        interrupt::rest();
        print(&fitted(text, screen::size(io::stdout())));
    }

    /// Prints data, in a pager where it is longer than the screen.
    pub fn page(self, text: &str, pager: &Pager) {
        let size = screen::size(io::stdout());
        let text = fitted(text, size);
        if !(is_longer(&text, size) && pager.show(&text)) {
            print(&text);
        }
    }

    /// Tells whether data would need a pager.
    pub fn needs_pager(self, text: &str) -> bool {
        let size = screen::size(io::stdout());
        is_longer(&fitted(text, size), size)
    }

    /// Returns a complaint about a file for stdout: its line is no wider than the terminal.
    pub fn complaint(self, fault: &Diagnostic) -> String {
        complaint(fault, screen::size(io::stdout()))
    }

    /// Prints one JSON document.
    pub fn json(self, value: &serde_json::Value) {
        let text = serde_json::to_string_pretty(value).expect("a value is JSON");
        print(&format!("{}\n", inert(&text)));
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
        interrupt::rest();
        let word = match note.level {
            Level::Info if self.verbosity == Verbosity::Quiet => return,
            Level::Info => self.err.dim("note:"),
            Level::Unmet => self.err.red("unmet:"),
            Level::Refused => self.err.red("refused:"),
        };
        say(&format!("{word} {}: {}\n", one_line(&note.about.to_string()), plain(&note.text)));
        if let Some(fault) = &note.fault {
            let said = !fault.message.is_empty() && note.text.starts_with(&fault.message);
            let fault = if said { &fault.without_message() } else { fault };
            let text = complaint(fault, screen::size(io::stderr()));
            say(&format!("{}\n", plain(&text)));
            return;
        }
        if let Some(hint) = &note.hint {
            self.hint(hint);
        }
    }

    pub fn error(self, text: &str) {
        interrupt::rest();
        say(&format!("{} {}\n", self.err.red("error:"), plain(text)));
    }

    /// Prints a complaint about a file.
    pub fn fault(self, fault: &Diagnostic) {
        self.error(&complaint(fault, screen::size(io::stderr())));
    }

    pub fn hint(self, text: &str) {
        say(&format!("{} {}\n", self.err.dim("hint:"), plain(text)));
    }
}

/// Returns a text with no line wider than the terminal of stdout, or than some columns.
pub fn wrapped(text: &str, most: usize) -> Cow<'_, str> {
    let size = screen::size(io::stdout());
    fitted(text, size.map(|size| Size { columns: size.columns.min(most), ..size }))
}

/// Prints data as it is. A reader that stopped listening is not our trouble; a full disk is.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Returns a text with no line wider than the terminal, if there is one.
fn fitted(text: &str, size: Option<Size>) -> Cow<'_, str> {
    match size {
        Some(size) => Cow::Owned(wrap::wrap(text, size.columns)),
        None => Cow::Borrowed(text),
    }
}

/// Tells whether a text leaves no room on the screen for the line that comes after it.
fn is_longer(text: &str, size: Option<Size>) -> bool {
    size.is_some_and(|size| text.lines().count() >= size.rows)
}

fn complaint(fault: &Diagnostic, size: Option<Size>) -> String {
    match size {
        Some(size) => fault.within(size.columns),
        None => fault.to_string(),
    }
}
