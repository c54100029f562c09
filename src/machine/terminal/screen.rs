//! The terminal behind a stream: how large it is, and keys as they are pressed.

use std::io;
use std::os::fd::AsFd;

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr,
};

use crate::machine::interrupt;

/// How many characters a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

/// Returns the size of the terminal that a stream leads to; nothing where it leads elsewhere, or where
/// the terminal does not say.
pub fn size(stream: impl AsFd) -> Option<Size> {
    if !isatty(&stream) {
        return None;
    }
    let size = tcgetwinsize(&stream).ok()?;
    let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
    (columns > 0 && rows > 0).then_some(Size { columns, rows })
}

/// The terminal of stdin with each key read as it is pressed and nothing echoed; as it was before when
/// this value goes.
#[derive(Debug)]
pub struct Keys(Termios);

impl Keys {
    pub fn take() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut raw = before.clone();
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(&stdin, OptionalActions::Drain, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// Ends this process as Ctrl-C does, so that a shell sees why; returns where nobody hears of that.
pub fn interrupt() {
    let _ = kill_process(getpid(), Signal::INT);
    interrupt::expected();
}
