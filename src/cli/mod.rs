//! The command line: clap types on top, one file a command below.

mod agent_skills;
mod doctor;
mod edit;
mod enable;
mod failure;
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
use crate::machine::env::{self, Env};
use crate::machine::terminal::{self, Paint, Ui, Verbosity};

/// Makes the plugins, skills and MCP servers of agentic coding clients match one file.
#[derive(Debug, Parser)]
#[command(name = "zskills", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Default, clap::Args)]
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

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Color {
    #[default]
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
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let json = failure::wants_json(&arguments);
    let (exit, ui) = match Cli::try_parse_from(&arguments) {
        Ok(cli) => act(&cli, json),
        Err(error) => {
            let ui = ui(&Globals::default(), false, false);
            (misread(&error, json, ui), ui)
        }
    };
    match terminal::lost() {
        Some(error) => {
            ui.error(&format!("stdout cannot be written: {error}"));
            Exit::Unmet as u8
        }
        None => exit,
    }
}

/// Runs the command of a command line that was understood.
fn act(cli: &Cli, json: bool) -> (u8, Ui) {
    let (env, ui) = match env::read(cli.globals.home.as_deref()) {
        Ok(env) => {
            let ui = ui(&cli.globals, env.no_color, env.force_color);
            (env, ui)
        }
        Err(error) => {
            let ui = ui(&cli.globals, false, false);
            return (failed(&error, json, ui), ui);
        }
    };
    match run(&cli.command, &env, ui) {
        Ok(exit) => (exit as u8, ui),
        Err(error) => (failed(&error, json, ui), ui),
    }
}

fn run(command: &Command, env: &Env, ui: Ui) -> anyhow::Result<Exit> {
    match command {
        Command::Sync(args) => sync::run(args, env, ui),
        Command::List(args) => list::run(args, env, ui),
        Command::Doctor(args) => doctor::run(args, env, ui),
        Command::Why(args) => why::run(args, env, ui),
        Command::Install(args) => install::run(args, env, ui),
        Command::Remove(args) => remove::run(args, env, ui),
        Command::Purge(args) => remove::purge(args, env, ui),
        Command::Enable(args) => enable::run(args, env, ui),
        Command::Disable(args) => enable::disable(args, env, ui),
        Command::Upgrade(args) => upgrade::run(args, env, ui),
        Command::Update(args) => upgrade::update(args, env, ui),
        Command::Outdated(args) => outdated::run(args, env, ui),
        Command::Search(args) => search::run(args, env, ui),
        Command::Info(args) => info::run(args, env, ui),
        Command::Init(args) => init::run(args, env, ui),
        Command::Edit(args) => edit::run(args, env, ui),
        Command::Marketplace(args) => marketplace::run(args, env, ui),
        Command::Lint(args) => agent_skills::lint::run(args, env, ui),
    }
}

/// Says why a command could not go on, and returns the exit code.
fn failed(error: &anyhow::Error, json: bool, ui: Ui) -> u8 {
    let exit = failure::exit(error) as u8;
    failure::complain(ui, error);
    if json {
        ui.json(&failure::document(error, exit));
    }
    exit
}

/// Prints the help or the version that was asked for, or what is wrong with the command line.
fn misread(error: &clap::Error, json: bool, ui: Ui) -> u8 {
    let printed = error.print();
    if !error.use_stderr() {
        terminal::printed(printed);
        return Exit::Done as u8;
    }
    if json {
        ui.json(&failure::usage(error));
    }
    failure::USAGE
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
