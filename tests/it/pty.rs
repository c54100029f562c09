//! The binary on a real terminal: keys go in, and what the screen shows comes out. It waits for words and
//! never sleeps.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use pty_process::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sandbox::Sandbox;

/// How long words may be on their way on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many lines that have left the screen are remembered.
const SCROLLBACK: usize = 1000;

/// A process on a terminal.
pub struct OnTerminal {
    child: Child,
    terminal: File,
    screen: vt100::Parser,
    /// Everything that was written, for whoever has to find out why a test fails.
    heard: Vec<u8>,
}

impl Sandbox {
    /// Starts the binary on a terminal of some columns and rows.
    pub fn on_terminal(&self, (columns, rows): (u16, u16), args: &[&str]) -> OnTerminal {
        let mut command = self.command(args);
        command.env("TERM", "xterm-256color");
        OnTerminal::start(command, columns, rows)
    }

    /// The same for a line of the shell.
    pub fn shell_on_terminal(&self, (columns, rows): (u16, u16), line: &str) -> OnTerminal {
        let mut command = self.program(OsStr::new("sh"), &["-c", line]);
        command.env("TERM", "xterm-256color").env("ZSKILLS", env!("CARGO_BIN_EXE_zskills"));
        OnTerminal::start(command, columns, rows)
    }
}

impl OnTerminal {
    fn start(command: Command, columns: u16, rows: u16) -> Self {
        let (pty, inner) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let child = pty_process::blocking::Command::from(command).spawn(inner).unwrap();
        let terminal = File::from(OwnedFd::from(pty));
        let screen = vt100::Parser::new(rows, columns, SCROLLBACK);
        Self { child, terminal, screen, heard: Vec::new() }
    }

    /// Waits until the screen shows some words.
    #[track_caller]
    pub fn shows(&mut self, words: &str) -> &mut Self {
        self.until(words, |screen| screen.contains(words))
    }

    /// Waits until the screen no longer shows some words.
    #[track_caller]
    pub fn hides(&mut self, words: &str) -> &mut Self {
        self.until(words, |screen| !screen.contains(words))
    }

    #[track_caller]
    fn until(&mut self, words: &str, holds: impl Fn(&str) -> bool) -> &mut Self {
        while !holds(&self.screen.screen().contents()) {
            assert!(self.hear(), "it ended before that: {words:?}\n{}", self.state());
        }
        self
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        self.terminal.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Returns what is on the screen now, a line each.
    pub fn screen(&self) -> Vec<String> {
        let contents = self.screen.screen().contents();
        contents.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits for the end, and returns how it ended as a shell tells it, and everything that was printed.
    #[track_caller]
    pub fn ends(&mut self) -> (i32, String) {
        while self.hear() {}
        let status = self.child.wait().unwrap();
        let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap();
        (code, String::from_utf8_lossy(&self.heard).replace('\r', ""))
    }

    /// Tells whether the terminal had to break a line, because it was longer than the screen is wide.
    pub fn broke_a_line(&mut self) -> bool {
        let screen = self.screen.screen_mut();
        let (rows, _) = screen.size();
        (0..=SCROLLBACK).step_by(usize::from(rows)).any(|back| {
            screen.set_scrollback(back);
            (0..rows).any(|row| screen.row_wrapped(row))
        })
    }

    /// Reads what comes next; false once nothing can come any more.
    #[track_caller]
    fn hear(&mut self) -> bool {
        let start = Instant::now();
        let wait = Timespec::try_from(PATIENCE).unwrap();
        let mut polled = [PollFd::new(&self.terminal, PollFlags::IN)];
        while poll(&mut polled, Some(&wait)) == Err(rustix::io::Errno::INTR) {}
        assert!(start.elapsed() < PATIENCE, "nothing comes any more\n{}", self.state());
        let mut buffer = [0; 4096];
        // Linux calls the end of a terminal an error.
        let length = self.terminal.read(&mut buffer).unwrap_or(0);
        self.heard.extend_from_slice(&buffer[..length]);
        self.screen.process(&buffer[..length]);
        length > 0
    }

    fn state(&self) -> String {
        format!("{}\n---\n{}", self.screen().join("\n"), self.heard.escape_ascii())
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind that waits for keys.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
