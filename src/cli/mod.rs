//! The command line: clap types on top, one file a command below.

mod agent_skills;
mod doctor;
mod edit;
mod enable;
mod flags;
mod info;
mod init;
mod install;
mod list;
mod marketplace;
mod outdated;
mod remote;
mod remove;
mod report;
mod search;
mod sync;
mod upgrade;
mod why;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::flow::Outcome;
use crate::machine::env;
use crate::machine::terminal::{Paint, Ui, Verbosity};
use crate::model::Faults;

/// Makes the plugins, skills and MCP servers of agentic coding clients match one file.
#[derive(Debug, Parser)]
#[command(name = "zskills", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Globals {
    /// Act on this home folder and ignore the variables that name others
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sync(sync::Args),
    List(list::Args),
    Doctor(doctor::Args),
    Why(why::Args),
    Install(install::Args),
    Remove(remove::Args),
    Purge(remove::PurgeArgs),
    Enable(enable::Args),
    Disable(enable::DisableArgs),
    Upgrade(upgrade::Args),
    Update(upgrade::UpdateArgs),
    Outdated(outdated::Args),
    Search(search::Args),
    Info(info::Args),
    Init(init::Args),
    Edit(edit::Args),
    Marketplace(marketplace::Args),
    Lint(agent_skills::lint::Args),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// Something that was asked for was not achieved.
    Unmet = 1,
    /// `--check` found changes or errors.
    Pending = 3,
    /// Refused for integrity, trust or policy.
    Refused = 4,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Unmet => Self::Unmet,
            Outcome::Pending => Self::Pending,
            Outcome::Refused => Self::Refused,
        }
    }
}

/// Runs the command line and returns the process's exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            drop(error.print());
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let env = match env::read(cli.globals.home.as_deref()) {
        Ok(env) => env,
        Err(error) => {
            complain(ui(&cli.globals, false, false), &error);
            return Exit::Unmet as u8;
        }
    };
    let ui = ui(&cli.globals, env.no_color, env.force_color);
    let done = match &cli.command {
        Command::Sync(args) => sync::run(args, &env, ui),
        Command::List(args) => list::run(args, &env, ui),
        Command::Doctor(args) => doctor::run(args, &env, ui),
        Command::Why(args) => why::run(args, &env, ui),
        Command::Install(args) => install::run(args, &env, ui),
        Command::Remove(args) => remove::run(args, &env, ui),
        Command::Purge(args) => remove::purge(args, &env, ui),
        Command::Enable(args) => enable::run(args, &env, ui),
        Command::Disable(args) => enable::disable(args, &env, ui),
        Command::Upgrade(args) => upgrade::run(args, &env, ui),
        Command::Update(args) => upgrade::update(args, &env, ui),
        Command::Outdated(args) => outdated::run(args, &env, ui),
        Command::Search(args) => search::run(args, &env, ui),
        Command::Info(args) => info::run(args, &env, ui),
        Command::Init(args) => init::run(args, &env, ui),
        Command::Edit(args) => edit::run(args, &env, ui),
        Command::Marketplace(args) => marketplace::run(args, &env, ui),
        Command::Lint(args) => agent_skills::lint::run(args, &env, ui),
    };
    match done {
        Ok(exit) => exit as u8,
        Err(error) => {
            complain(ui, &error);
            Exit::Unmet as u8
        }
    }
}

fn ui(globals: &Globals, no_color: bool, force_color: bool) -> Ui {
    let paint = |terminal: bool| {
        let colour = match globals.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => force_color || (terminal && !no_color),
        };
        if colour { Paint::Colour } else { Paint::Plain }
    };
    let live = std::io::stderr().is_terminal();
    Ui {
        out: paint(std::io::stdout().is_terminal()),
        err: paint(live),
        verbosity: match (globals.quiet, globals.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        },
        live,
        interactive: live && std::io::stdin().is_terminal(),
    }
}

/// Prints an error with its causes; a complaint about a file prints as it stands.
fn complain(ui: Ui, error: &anyhow::Error) {
    if let Some(faults) = error.downcast_ref::<Faults>() {
        for fault in &faults.0 {
            ui.error(&fault.to_string());
        }
        return;
    }
    ui.error(&format!("{error:#}"));
}
