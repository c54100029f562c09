//! Runs a program to its end, or to its time limit.

#![expect(clippy::disallowed_methods, reason = "what a process says is heard by threads")]

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// No answer that we read comes near this many bytes.
const MOST_OUTPUT: usize = 16 << 20;

const SILENCE: Duration = Duration::from_millis(50);

/// On a busy machine the words of a process may be read that much later than its end is seen.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a process ended; without a status it was killed at its time limit.
pub(crate) struct Ended {
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
}

enum Said {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// Runs a command without stdin, in a process group of its own, and returns what it said.
pub(crate) fn run(command: &mut Command, timeout: Duration) -> io::Result<Ended> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (sender, said) = channel();
    if let Some(stdout) = child.stdout.take() {
        drain(stdout, Said::Out, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        drain(stderr, Said::Err, sender);
    }
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = wait(&mut child, timeout, &said, |said| match said {
        Said::Out(bytes) => keep(&mut stdout, &bytes),
        Said::Err(bytes) => keep(&mut stderr, &bytes),
    })?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ended { status, stdout: text(stdout), stderr: text(stderr) })
}

/// Waits until the process has ended, or kills it and all that it started at the time limit.
///
/// The end of both pipes usually tells, but a connection that ssh keeps for later
/// (`ControlPersist`) holds them open long after git is gone: a silent moment asks for the status.
/// What a process said last may still be on its way then, so one more, longer silence is waited for.
fn wait(
    child: &mut Child,
    timeout: Duration,
    said: &Receiver<Said>,
    mut keep: impl FnMut(Said),
) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + timeout;
    let mut ended = None;
    loop {
        let silence = if ended.is_none() { SILENCE } else { LAST_WORDS };
        match said.recv_timeout(silence) {
            Ok(part) => keep(part),
            Err(RecvTimeoutError::Timeout) if ended.is_some() => return Ok(ended),
            Err(RecvTimeoutError::Timeout) => ended = child.try_wait()?,
            Err(RecvTimeoutError::Disconnected) => {
                ended = child.try_wait()?;
                if ended.is_some() {
                    return Ok(ended);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        if Instant::now() >= deadline {
            if ended.is_none() {
                kill_group(child)?;
            }
            return Ok(ended);
        }
    }
}

fn kill_group(child: &mut Child) -> io::Result<()> {
    // The child leads its own group, and was not waited for: the number is still its own.
    rustix::process::kill_process_group(Pid::from_child(child), Signal::KILL)?;
    child.wait().map(drop)
}

fn drain(mut pipe: impl Read + Send + 'static, part: fn(Vec<u8>) -> Said, to: Sender<Said>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            if to.send(part(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
}

fn keep(all: &mut Vec<u8>, more: &[u8]) {
    if all.len() < MOST_OUTPUT {
        all.extend_from_slice(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_the_end_is_still_heard_and_an_open_pipe_is_not_waited_for() {
        let script = "(sleep 0.2; echo late >&2; sleep 20) & echo early; exit 3";
        let start = Instant::now();
        let ended = run(Command::new("sh").args(["-c", script]), Duration::from_secs(30)).unwrap();
        assert_eq!(ended.status.and_then(|status| status.code()), Some(3));
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("early\n", "late\n"));
        assert!(start.elapsed() < Duration::from_secs(15));
    }
}
