//! Runs the command with which a package installs its own skills. A person has agreed to it.

use std::ffi::OsStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::machine::process::{self, End, Ended, Limit};
use crate::machine::program;
use crate::model::Roots;

/// How long an installer may take.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Runs a command without a shell and without stdin, in the home folder.
///
/// # Errors
/// It cannot be started, takes too long, or ends with a failure; its last words are in the error.
pub fn run(package: &str, words: &[String], roots: &Roots) -> Result<()> {
    let shown = words.join(" ");
    let Some((program, arguments)) = words.split_first() else {
        bail!("`install_cmd` of `{package}` is empty");
    };
    let context = || format!("cannot run `{shown}`, the installer of `{package}`");
    let mut command = program::command(OsStr::new(program)).with_context(context)?;
    command.args(arguments).current_dir(&roots.home);
    let ended = process::run(&mut command, Limit::after(TIMEOUT)).with_context(context)?;
    match ended {
        Ended { end: End::Status(status), .. } if status.success() => Ok(()),
        Ended { end: End::Status(status), stdout, stderr, .. } => {
            let said = if stderr.trim().is_empty() { stdout } else { stderr };
            let last: Vec<&str> = said.trim().lines().rev().take(5).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            bail!("`{shown}`, the installer of `{package}`, failed ({status}): {last}")
        }
        Ended { end: End::Timeout, .. } => {
            bail!("`{shown}`, the installer of `{package}`, took longer than {TIMEOUT:?}")
        }
        Ended { end: End::TooMuch, .. } => {
            bail!("`{shown}`, the installer of `{package}`, made too much")
        }
    }
}
