//! A process that is asked and answers until it is let go.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{OFlags, fcntl_setfl};

use super::{Pipe, Running, Watched, hear, ready, remaining};

/// A running process. Questions are sent while its answers are read, so that neither side waits for
/// the other with full hands. It is killed when this value goes.
pub(crate) struct Talk {
    /// Nothing once the process no longer listens.
    input: Option<File>,
    output: File,
    words: Pipe,
    /// What is still to be asked.
    outgoing: Vec<u8>,
    sent: usize,
    until: Option<Instant>,
    _running: Running,
    _watched: Option<Watched>,
}

impl Talk {
    /// Starts a process that is given up at some time.
    pub fn start(command: &mut Command, until: Option<Instant>) -> io::Result<Self> {
        let watched = Watched::start(command);
        let mut running = Running::start(command.stdin(Stdio::piped()))?;
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let input = File::from(OwnedFd::from(running.0.stdin.take().ok_or_else(broken)?));
        let output = File::from(OwnedFd::from(running.0.stdout.take().ok_or_else(broken)?));
        let words = Pipe::of(running.0.stderr.take());
        fcntl_setfl(&input, OFlags::NONBLOCK)?;
        let (input, outgoing) = (Some(input), Vec::new());
        Ok(Self {
            input,
            output,
            words,
            outgoing,
            sent: 0,
            until,
            _running: running,
            _watched: watched,
        })
    }

    /// Asks; the question leaves while answers are read.
    pub fn ask(&mut self, question: &[u8]) {
        if self.sent == self.outgoing.len() {
            self.outgoing.clear();
            self.sent = 0;
        }
        self.outgoing.extend_from_slice(question);
    }

    /// Returns what the process complained about so far.
    pub fn complaints(&mut self) -> String {
        while let Ok(true) = hear(&mut [&mut self.words], Duration::from_millis(10)) {}
        String::from_utf8_lossy(&self.words.heard).into_owned()
    }

    fn send(&mut self) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        match input.write(&self.outgoing[self.sent..]) {
            Ok(length) => self.sent += length,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.input = None,
            Err(error) if is_nothing(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Read for Talk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut polled = vec![PollFd::new(&self.output, PollFlags::IN)];
            let unsent = self.sent < self.outgoing.len();
            let input = self.input.as_ref().filter(|_| unsent);
            polled.extend(input.map(|file| PollFd::new(file, PollFlags::OUT)));
            let asks = polled.len() == 2;
            polled.extend(self.words.file.as_ref().map(|file| PollFd::new(file, PollFlags::IN)));
            let ready = ready(&mut polled, remaining(self.until, Duration::from_secs(1)))?;
            if asks && ready[1] {
                self.send()?;
            }
            if self.words.file.is_some() && ready.last() == Some(&true) {
                self.words.hear()?;
            }
            if ready[0] {
                match self.output.read(buffer) {
                    Err(error) if is_nothing(&error) => {}
                    result => return result,
                }
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
