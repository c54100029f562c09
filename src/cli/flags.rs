//! The flags that every command that changes something has.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::flow::manifest;
use crate::flow::{Ask, Declared, Mode};
use crate::machine::env::Env;
use crate::model::Scope;

/// The heading of flags that say how a command runs, and not what it is about.
pub const RUN: &str = "How it runs";

/// The heading of flags that every command has.
pub const EVERYWHERE: &str = "Everywhere";

/// The flags of every command that changes something.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
pub struct Flags {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    pub file: Option<PathBuf>,
    /// Print the plan and change nothing
    #[arg(long, help_heading = RUN)]
    pub dry_run: bool,
    /// Fetch nothing
    #[arg(long, help_heading = RUN)]
    pub offline: bool,
    /// Answer yes to every question
    #[arg(short, long, help_heading = RUN)]
    pub yes: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    pub json: bool,
}

impl Flags {
    /// Returns what a verb asks for.
    pub fn ask<'a>(&self, declared: &'a dyn Fn() -> Result<Declared>) -> Ask<'a> {
        Ask {
            mode: if self.dry_run { Mode::Show } else { Mode::Apply },
            offline: self.offline,
            yes: self.yes,
            ..Ask::new(declared)
        }
    }

    /// Reads the manifest; without one a verb begins it.
    pub fn declared(&self, env: &Env) -> Result<Declared> {
        let declared = manifest::declared_or_none(self.file.as_deref(), env)?;
        if declared.text.is_none() {
            let manifest = &declared.intent.manifest;
            let ours = manifest::owned(&env.roots)?.ledger.of_manifest(&env.roots, manifest);
            // To begin a new one would take away everything that the old one had asked for.
            if !ours.is_empty() {
                bail!(
                    "the manifest `{}` is gone, and {} things are there on its behalf\n\
                     hint: bring it back, or write one with `zskills init`",
                    manifest.display(),
                    ours.len()
                );
            }
        }
        Ok(declared)
    }
}

/// Reads a scope from the command line.
pub fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|()| "is not one of user, project, local".to_owned())
}
