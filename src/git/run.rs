//! Starts git, drains what it says, and ends it in time.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::{Git, GitError, GitFailure};

/// Settings that outrank the user's and the repository's.
const SETTINGS: [&str; 10] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "protocol.ext.allow=never",
    "protocol.fd.allow=never",
    "credential.interactive=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Variables that would point git at another repository than the one it is run for.
const REMOVED: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "LANGUAGE",
];

/// No answer of git that we read comes near this many bytes.
const MOST_OUTPUT: usize = 16 << 20;

impl Git {
    /// Runs git in a folder and returns its stdout. `about` is the address for error messages.
    pub(super) fn process(
        &self,
        about: &str,
        args: &[&OsStr],
        folder: &Path,
    ) -> Result<String, GitError> {
        let failed = |kind, said: &str| GitError::new(about, kind, said);
        let child = self.command(args, folder).spawn().map_err(|error| match error.kind() {
            // A missing working folder is the same error to the system as a missing program.
            io::ErrorKind::NotFound if folder.is_dir() => failed(GitFailure::NotInstalled, ""),
            _ => failed(GitFailure::Other, &error.to_string()),
        })?;
        match finish(child, self.timeout) {
            Ok(Ended { status: Some(status), stdout, .. }) if status.success() => Ok(stdout),
            Ok(Ended { status: Some(_), stderr, .. }) => {
                Err(failed(GitFailure::of(&stderr), &stderr))
            }
            Ok(Ended { status: None, stderr, .. }) => {
                Err(failed(GitFailure::Timeout(self.timeout), &stderr))
            }
            Err(error) => Err(failed(GitFailure::Other, &error.to_string())),
        }
    }

    fn command(&self, args: &[&OsStr], folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for name in REMOVED {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(folder)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            // Empty: git asks no program. For ssh, a program that always refuses takes the place
            // of the terminal; unlike GIT_SSH_COMMAND this leaves the user's core.sshCommand be.
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }
}

/// How a process ended; without a status it was killed at its time limit.
struct Ended {
    status: Option<ExitStatus>,
    stdout: String,
    stderr: String,
}

enum Said {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

fn finish(mut child: Child, timeout: Duration) -> io::Result<Ended> {
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
