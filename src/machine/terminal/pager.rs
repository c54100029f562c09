//! Text that is longer than the screen, in the pager of whoever reads it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag::register_conditional_default;

use crate::machine::{interrupt, program};

/// What a shell says of a command that it cannot start.
const NOT_STARTED: [i32; 2] = [126, 127];

/// What long texts are read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pager {
    Never,
    /// `less`, if there is one.
    Less,
    /// A command, which the shell splits into words.
    Named(String),
}

impl Pager {
    /// Shows a text, and tells whether there was something to show it in. To leave it before the end is
    /// nobody's failure.
    pub(super) fn show(&self, text: &str) -> bool {
        match self {
            Self::Named(command) => show(command, text),
            Self::Less => program::command(OsStr::new("less")).is_ok() && show("less", text),
            Self::Never => false,
        }
    }
}

fn show(command: &str, text: &str) -> bool {
    // As git does it: short texts stay on the screen, colours are shown. The shell lives as long as the pager.
    let line = format!("trap : INT; : \"${{LESS=FRX}}\" \"${{LV=-c}}\"; export LESS LV; {command}");
    let Ok(mut shell) = program::command(OsStr::new("sh")) else { return false };
    // Ctrl-C is for the pager as long as there is one: without us it would fight the shell for the terminal.
    let is_over = Arc::new(AtomicBool::new(false));
    let Ok(_) = register_conditional_default(SIGINT, Arc::clone(&is_over)) else { return false };
    let _theirs = interrupt::pause();
    let shown = (|| {
        let mut running = shell.args(["-c", &line]).stdin(Stdio::piped()).spawn().ok()?;
        // It may be left before it has read everything.
        running.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
        running.wait().ok()
    })();
    is_over.store(true, Ordering::Relaxed);
    shown.is_some_and(|status| !status.code().is_some_and(|code| NOT_STARTED.contains(&code)))
}
