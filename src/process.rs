//! Runs a program to its end, or to its time limit.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// No answer that we read comes near this many bytes.
const MOST_OUTPUT: usize = 16 << 20;

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
fn wait(
    child: &mut Child,
    timeout: Duration,
    said: &Receiver<Said>,
    mut keep: impl FnMut(Said),
) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + timeout;
    loop {
        match said.recv_timeout(Duration::from_millis(50)) {
            Ok(part) => keep(part),
            Err(silence) => {
                if let Some(status) = child.try_wait()? {
                    return Ok(Some(status));
                }
                if silence == RecvTimeoutError::Disconnected {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        if Instant::now() >= deadline {
            kill_group(child)?;
            return Ok(None);
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
