//! Runs programs, each to its end or to a limit, and with it all that it has started.
//!
//! One thread does it: it waits for whatever comes first, words or the limit.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the pipes of a process are files, and it has a time limit"
)]

mod talk;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal};

use crate::machine::{checkpoint, interrupt};

pub(crate) use talk::Talk;

/// No answer that we read comes near this many bytes.
const MOST_OUTPUT: usize = 16 << 20;

const SILENCE: Duration = Duration::from_millis(50);

/// On a busy machine the words of a process may be read that much later than its end is seen.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a process ended, and what it said.
pub(crate) struct Ended {
    pub end: End,
    pub stdout: String,
    pub stderr: String,
    /// It said more on stdout than was kept.
    pub cut: bool,
}

/// By itself, or killed with all that it had started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Status(ExitStatus),
    /// It took too long.
    Timeout,
    /// It made too much.
    TooMuch,
}

/// What ends a process before its own end.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'a> {
    /// Nothing is for ever: a time that no clock can show.
    pub until: Option<Instant>,
    /// Asked now and then whether the process has made too much.
    pub too_much: &'a dyn Fn() -> bool,
}

impl Limit<'_> {
    /// Ends a process after some time, however long.
    pub fn after(timeout: Duration) -> Self {
        Self { until: Instant::now().checked_add(timeout), too_much: &|| false }
    }
}

/// Is told the words of each process that has ended, and how long it took.
type Watcher = fn(&[OsString], Duration);

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Has each process told of from now on.
pub(crate) fn watch(watcher: Watcher) {
    WATCHER.get_or_init(|| watcher);
}

/// A process that is told of when this value goes.
struct Watched {
    watcher: Watcher,
    words: Vec<OsString>,
    start: Instant,
}

impl Watched {
    /// Nothing while nobody wants to know.
    fn start(command: &Command) -> Option<Self> {
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let words = || words.map(OsStr::to_owned).collect();
        WATCHER.get().map(|watcher| Self {
            watcher: *watcher,
            words: words(),
            start: Instant::now(),
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        (self.watcher)(&self.words, self.start.elapsed());
    }
}

/// Runs a command without stdin, in a process group of its own, and returns what it said.
pub(crate) fn run(command: &mut Command, limit: Limit) -> io::Result<Ended> {
    let _watched = Watched::start(command);
    let mut running = Running::start(command.stdin(Stdio::null()))?;
    let [mut out, mut err] = [Pipe::of(running.0.stdout.take()), Pipe::of(running.0.stderr.take())];
    let end = wait(&mut running, [&mut out, &mut err], limit)?;
    let (cut, text) = (out.cut, |pipe: Pipe| String::from_utf8_lossy(&pipe.heard).into_owned());
    Ok(Ended { end, stdout: text(out), stderr: text(err), cut })
}

/// Waits until the process has ended, or kills it and all that it started at a limit.
///
/// The end of both pipes usually tells, but a connection that ssh keeps for later
/// (`ControlPersist`) holds them open long after git is gone: a silent moment asks for the status.
/// What a process said last may still be on its way then, so one more, longer silence is waited for.
fn wait(running: &mut Running, mut pipes: [&mut Pipe; 2], limit: Limit) -> io::Result<End> {
    let mut ended = None;
    let mut looked = Instant::now();
    loop {
        let silence = if ended.is_none() { SILENCE } else { LAST_WORDS };
        let heard = hear(&mut pipes, remaining(limit.until, silence))?;
        let all = pipes.iter().all(|pipe| pipe.file.is_none());
        match ended {
            Some(status) if all || !heard => return Ok(End::Status(status)),
            None if all || !heard => ended = running.try_wait()?,
            _ => {}
        }
        if all && ended.is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let late = limit.until.is_some_and(|until| Instant::now() >= until);
        match ended {
            Some(status) if late => return Ok(End::Status(status)),
            None if late => return Ok(End::Timeout),
            _ => {}
        }
        if looked.elapsed() >= SILENCE {
            if (limit.too_much)() {
                return Ok(End::TooMuch);
            }
            looked = Instant::now();
        }
    }
}

/// A process in a group of its own; the group ends with this value.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut groups = interrupt::groups();
        if interrupt::ends() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        checkpoint::here();
        let child = command.spawn()?;
        groups.insert(Pid::from_child(&child).as_raw_nonzero().get());
        Ok(Self(child))
    }

    /// Returns the status once there is one. From then on the number may be that of another process.
    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let mut groups = interrupt::groups();
        let status = self.0.try_wait()?;
        if status.is_some() {
            groups.remove(&Pid::from_child(&self.0).as_raw_nonzero().get());
        }
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The child leads its own group, and was not waited for: the number is still its own.
        if let Ok(None) = self.try_wait() {
            let _ = rustix::process::kill_process_group(Pid::from_child(&self.0), Signal::KILL);
            drop(self.0.wait());
            interrupt::groups().remove(&Pid::from_child(&self.0).as_raw_nonzero().get());
        }
    }
}

/// What a process says on one of its pipes.
struct Pipe {
    /// Nothing once it has been closed.
    file: Option<File>,
    heard: Vec<u8>,
    /// There was more than is kept.
    cut: bool,
}

impl Pipe {
    fn of(pipe: Option<impl Into<OwnedFd>>) -> Self {
        let file = pipe.map(|pipe| File::from(pipe.into()));
        Self { file, heard: Vec::new(), cut: false }
    }

    /// Reads what there is, which does not wait once there is something.
    fn hear(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut buffer = [0; 16 * 1024];
        match file.read(&mut buffer) {
            Ok(0) => self.file = None,
            Ok(length) if self.heard.len() < MOST_OUTPUT => {
                self.heard.extend_from_slice(&buffer[..length]);
            }
            Ok(_) => self.cut = true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Hears all pipes on which something is said within a time; says no after a silence.
fn hear(pipes: &mut [&mut Pipe], time: Duration) -> io::Result<bool> {
    let open: Vec<usize> = (0..pipes.len()).filter(|n| pipes[*n].file.is_some()).collect();
    if open.is_empty() {
        return Ok(false);
    }
    let files = open.iter().filter_map(|n| pipes[*n].file.as_ref());
    let mut polled: Vec<PollFd> = files.map(|file| PollFd::new(file, PollFlags::IN)).collect();
    let ready = ready(&mut polled, time)?;
    for (n, ready) in open.into_iter().zip(&ready) {
        if *ready {
            pipes[n].hear()?;
        }
    }
    Ok(ready.contains(&true))
}

/// Waits until something can be done, and says with which of the files.
fn ready(polled: &mut [PollFd], time: Duration) -> io::Result<Vec<bool>> {
    let time =
        Timespec::try_from(time).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 });
    match poll(polled, Some(&time)) {
        Ok(_) => Ok(polled.iter().map(|one| !one.revents().is_empty()).collect()),
        Err(rustix::io::Errno::INTR) => Ok(vec![false; polled.len()]),
        Err(error) => Err(error.into()),
    }
}

/// Returns how long to wait at most, and no longer than until a limit.
fn remaining(until: Option<Instant>, most: Duration) -> Duration {
    until.map_or(most, |until| until.saturating_duration_since(Instant::now()).min(most))
}

#[cfg(test)]
pub(crate) mod tests;
