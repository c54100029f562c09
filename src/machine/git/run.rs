//! Starts git with the settings and the environment that keep it quiet and harmless.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::machine::process::{self, End, Ended, Limit};
use crate::machine::program::{self, Missing};

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

impl Git {
    /// Runs git in a folder and returns its stdout. `about` is the address for error messages.
    pub(super) fn process(
        &self,
        about: &str,
        args: &[&OsStr],
        folder: &Path,
    ) -> Result<String, GitError> {
        let failed = |kind, said: &str| GitError::new(about, kind, said);
        let mut command = self.command(args, folder).map_err(|missing| match missing {
            Missing::Nowhere(_) => failed(GitFailure::NotInstalled, ""),
            Missing::Apart { .. } => failed(GitFailure::Apart, &missing.to_string()),
        })?;
        match process::run(&mut command, Limit::after(self.timeout)) {
            Ok(Ended { cut: true, stderr, .. }) => Err(failed(GitFailure::TooMuch, &stderr)),
            Ok(Ended { end: End::Status(status), stdout, .. }) if status.success() => Ok(stdout),
            Ok(Ended { end: End::Status(_), stderr, .. }) => {
                Err(failed(GitFailure::of(&stderr), &stderr))
            }
            Ok(Ended { end: End::Timeout, stderr, .. }) => {
                Err(failed(GitFailure::Timeout(self.timeout), &stderr))
            }
            Ok(Ended { end: End::TooMuch, stderr, .. }) => {
                Err(failed(GitFailure::TooMuch, &stderr))
            }
            // A missing working folder is the same error to the system as a missing program.
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                Err(failed(GitFailure::NotInstalled, ""))
            }
            Err(error) => Err(failed(GitFailure::Other, &error.to_string())),
        }
    }

    fn command(&self, args: &[&OsStr], folder: &Path) -> Result<Command, Missing> {
        let mut command = program::command(&self.program)?;
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
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }
}
