//! Starts git with the settings and the environment that keep it quiet and harmless: for a server
//! with what the user configured, for everything else with nothing but what we write.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::login::Login;
use super::{Git, GitError, GitFailure, protocol};
use crate::machine::env;
use crate::machine::process::{self, End, Ended, Limit};
use crate::machine::program::{self, Missing};
use crate::model::without_login;

/// Settings that outrank the user's and the repository's.
const SETTINGS: [&str; 14] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.ext.allow=never",
    "protocol.fd.allow=never",
    "credential.interactive=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "init.defaultRefFormat=files",
    "fetch.unpackLimit=1",
    "fetch.writeCommitGraph=false",
    "transfer.fsckObjects=true",
];

/// What git finds wrong in the history of honest repositories, and what changes no byte of a file.
const HARMLESS: [&str; 22] = [
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badFilemode",
    "badGpgsig",
    "badName",
    "badTagName",
    "badTimezone",
    "extraHeaderEntry",
    "gitattributesLarge",
    "gitattributesLineLength",
    "gitattributesMissing",
    "gitmodulesMissing",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "missingTaggerEntry",
    "multipleAuthors",
    "nulInCommit",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
];

/// Variables that would point git at another repository, or at other objects, than it is run for.
const REMOVED: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_ATTR_SOURCE",
    "LANGUAGE",
];

/// Variables that bring settings along.
const CONFIGURING: [&str; 5] = [
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_TEMPLATE_DIR",
];

/// What git said when all went well.
pub(super) struct Said {
    pub stdout: String,
    pub stderr: String,
}

impl Git {
    /// Runs git for a server, in a folder, as the user has configured it.
    ///
    /// Only the protocol of the address is allowed, also behind a redirect. What it puts into
    /// `packs` is counted on the way.
    pub(super) fn remote(
        &self,
        url: &str,
        args: &[&OsStr],
        folder: &Path,
        (until, packs): (Option<Instant>, Option<&Path>),
    ) -> Result<Said, GitError> {
        if !protocol::may_be_fetched(url) {
            return Err(GitError::new(url, GitFailure::Address, ""));
        }
        let too_much = || packs.is_some_and(|packs| size(packs) > self.most);
        let limit = Limit { until, too_much: &too_much };
        let by_user = env::value("GIT_ALLOW_PROTOCOL");
        let clean = without_login(url);
        let from = |url: &String| Login::of(url).filter(|_| without_login(url) == clean);
        let login = Login::of(url).or_else(|| self.logins.iter().find_map(from));
        // A name alone stays, for the user's own helper to know it. ssh asks for no password that it is told.
        let drops = login.is_some() || url.starts_with("ssh://");
        let shown = if drops { &clean } else { url };
        let args: Vec<&OsStr> =
            args.iter().map(|arg| if *arg == url { shown.as_ref() } else { *arg }).collect();
        let run = |allowed: String| {
            let command = self.users(login.as_ref(), &args, folder);
            let mut command = command.map_err(|missing| absent(url, &missing))?;
            command.env("GIT_ALLOW_PROTOCOL", allowed);
            self.finish(url, &mut command, folder, limit)
        };
        match run(protocol::allowed(url, by_user.as_deref())) {
            // The user has something else in place of this address, and it is the user's to say.
            Err(error) if error.said.contains("' not allowed") => {
                run(self.rules().allowed(url, by_user.as_deref()))
            }
            result => result,
        }
    }

    /// Runs git with the user's configuration for a question that no server is asked.
    pub(super) fn users_answer(
        &self,
        about: &str,
        args: &[&OsStr],
        folder: &Path,
        variables: &[(&str, &Path)],
    ) -> Result<String, GitError> {
        let command = self.users(None, args, folder);
        let mut command = command.map_err(|missing| absent(about, &missing))?;
        command.envs(variables.iter().copied());
        let limit = Limit::after(self.timeout);
        self.finish(about, &mut command, folder, limit).map(|said| said.stdout)
    }

    /// Returns a command that reads objects with a configuration of ours alone: in a repository
    /// that we made, of which only the objects lie elsewhere.
    pub(super) fn local(&self, repository: &Path, objects: &Path) -> Result<Command, Missing> {
        let mut command = program::command(&self.program)?;
        for name in REMOVED.iter().chain(&CONFIGURING) {
            command.env_remove(name);
        }
        command
            .current_dir(repository)
            .env("GIT_DIR", repository)
            .env("GIT_OBJECT_DIRECTORY", objects)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            // Before 2.32 git knows no other way to be without the user's settings.
            .env("HOME", repository)
            .env("XDG_CONFIG_HOME", repository)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        Ok(command)
    }

    /// Runs git in a repository that we made, and returns its stdout.
    pub(super) fn ours(
        &self,
        about: &str,
        args: &[&OsStr],
        repository: &Path,
        objects: &Path,
    ) -> Result<String, GitError> {
        let command = self.local(repository, objects);
        let mut command = command.map_err(|missing| absent(about, &missing))?;
        command.args(args);
        let limit = Limit::after(self.timeout);
        self.finish(about, &mut command, repository, limit).map(|said| said.stdout)
    }

    /// Returns a command with the user's configuration and environment, and a login of an address.
    fn users(
        &self,
        login: Option<&Login>,
        args: &[&OsStr],
        folder: &Path,
    ) -> Result<Command, Missing> {
        let mut command = program::command(&self.program)?;
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        if args.iter().any(|arg| *arg == "fetch" || *arg == "clone") {
            for message in HARMLESS {
                command.arg("-c").arg(format!("fetch.fsck.{message}=ignore"));
            }
        }
        if let Some(login) = login {
            login.pass_to(&mut command);
        }
        for name in REMOVED {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(folder)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            // No repository further up, whose settings would count.
            .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
            // Empty: git asks no program. For ssh, a program that always refuses takes the place
            // of the terminal; unlike GIT_SSH_COMMAND this leaves the user's core.sshCommand be.
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    fn finish(
        &self,
        about: &str,
        command: &mut Command,
        folder: &Path,
        limit: Limit,
    ) -> Result<Said, GitError> {
        let failed = |kind, said: &str| GitError::new(about, kind, said);
        match process::run(command, limit) {
            Ok(Ended { cut: true, stderr, .. }) => Err(failed(GitFailure::TooMuch, &stderr)),
            Ok(Ended { end: End::Status(status), stdout, stderr, .. }) if status.success() => {
                Ok(Said { stdout, stderr })
            }
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
}

fn absent(about: &str, missing: &Missing) -> GitError {
    match missing {
        Missing::Nowhere(_) => GitError::new(about, GitFailure::NotInstalled, ""),
        Missing::Apart { .. } => GitError::new(about, GitFailure::Apart, &missing.to_string()),
    }
}

/// Returns the bytes of the files in a folder; what comes and goes meanwhile does not count.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}
