//! The command line: clap types on top, one file a command below.

mod agent_skills;
mod apply;
mod bug;
mod doctor;
mod edit;
mod enable;
mod examples;
mod failure;
mod flags;
mod gc;
mod history;
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
mod status;
mod sync;
mod undo;
mod upgrade;
mod verbs;
mod which;
mod why;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::flow::{Outcome, project};
use crate::machine::env::{self, Env};
use crate::machine::interrupt;
use crate::machine::process;
use crate::machine::store::disk;
use crate::machine::terminal::{self, Pager, Paint, Ui, Verbosity};
use crate::model::{Scope, redact_url};

/// Makes the plugins, skills and MCP servers of agentic coding clients match one file.
#[derive(Debug, Parser)]
#[command(name = "zskills", version, propagate_version = true, max_term_width = verbs::WIDEST)]
#[command(after_help = examples::ZSKILLS)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of a command line")]
struct Globals {
    /// Act on this home folder and ignore the variables that name others
    #[arg(long, global = true, value_name = "DIR", help_heading = flags::EVERYWHERE)]
    home: Option<PathBuf>,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = flags::EVERYWHERE)]
    color: Color,
    /// Print long texts as they are
    #[arg(long, global = true, help_heading = flags::EVERYWHERE)]
    no_pager: bool,
    /// Wait this long for another zskills that changes the same home [default: 600]
    #[arg(long, global = true, value_name = "SECONDS", help_heading = flags::EVERYWHERE)]
    wait: Option<u64>,
    /// Do not wait for another zskills
    #[arg(long, global = true, conflicts_with = "wait", help_heading = flags::EVERYWHERE)]
    no_wait: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = flags::EVERYWHERE)]
    quiet: bool,
    /// Say more, and each git command with the time it took
    #[arg(short, long, global = true, help_heading = flags::EVERYWHERE)]
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
    #[command(after_help = examples::SYNC)]
    Sync(sync::Args),
    #[command(after_help = examples::STATUS)]
    Status(status::Args),
    #[command(visible_alias = "ls", after_help = examples::LIST)]
    List(list::Args),
    #[command(after_help = examples::DOCTOR)]
    Doctor(doctor::Args),
    #[command(after_help = examples::WHY)]
    Why(why::Args),
    #[command(visible_alias = "add", after_help = examples::INSTALL)]
    Install(install::Args),
    #[command(visible_aliases = ["rm", "uninstall"], after_help = examples::REMOVE)]
    Remove(remove::Args),
    #[command(after_help = examples::PURGE)]
    Purge(remove::PurgeArgs),
    #[command(after_help = examples::ENABLE)]
    Enable(enable::Args),
    #[command(after_help = examples::DISABLE)]
    Disable(enable::DisableArgs),
    #[command(after_help = examples::UPGRADE)]
    Upgrade(upgrade::Args),
    #[command(after_help = examples::UPDATE)]
    Update(upgrade::UpdateArgs),
    #[command(after_help = examples::OUTDATED)]
    Outdated(outdated::Args),
    #[command(after_help = examples::SEARCH)]
    Search(search::Args),
    #[command(after_help = examples::INFO)]
    Info(info::Args),
    #[command(after_help = examples::INIT)]
    Init(init::Args),
    #[command(after_help = examples::EDIT)]
    Edit(edit::Args),
    #[command(after_help = examples::MARKETPLACE)]
    Marketplace(marketplace::Args),
    #[command(after_help = examples::APPLY)]
    Apply(apply::Args),
    #[command(after_help = examples::GC)]
    Gc(gc::Args),
    #[command(after_help = examples::HISTORY)]
    History(history::Args),
    #[command(after_help = examples::UNDO)]
    Undo(undo::Args),
    #[command(after_help = examples::LINT)]
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
    bug::tell_of_panics(json);
    bug::tell_of_signals(json);
    let (exit, ui) = match parse(&arguments) {
        Ok((cli, place)) => act(&cli, &place, history::command_line(&arguments), json),
        Err(error) => {
            let ui = ui(&Globals::default(), false, false);
            (misread(&error, json, ui), ui)
        }
    };
    interrupt::rest();
    match terminal::lost() {
        Some(error) => {
            ui.error(&format!("stdout cannot be written: {error}"));
            Exit::Unmet as u8
        }
        None => exit,
    }
}

/// Reads a command line.
fn parse(arguments: &[OsString]) -> Result<(Cli, Place), clap::Error> {
    let mut command = verbs::grouped(Cli::command());
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    let place = Place::of(&matches);
    let cli = Cli::from_arg_matches_mut(&mut matches);
    Ok((cli.map_err(|error| error.format(&mut command))?, place))
}

/// What a command line says of the manifest and of the project, whichever command it is.
struct Place {
    file: Option<PathBuf>,
    here: bool,
    /// It installs into the project, and so into the project's own manifest.
    into_project: bool,
}

impl Place {
    fn of(matches: &ArgMatches) -> Self {
        let mut deepest = matches;
        while let Some((_, below)) = deepest.subcommand() {
            deepest = below;
        }
        let is_set = |flag: &str| matches!(deepest.try_get_one::<bool>(flag), Ok(Some(true)));
        let scope = deepest.try_get_one::<Scope>("scope").ok().flatten();
        let installs = matches.subcommand_name() == Some("install") && !is_set("no_save");
        Self {
            file: deepest.try_get_one::<PathBuf>("file").ok().flatten().cloned(),
            here: is_set("here"),
            into_project: installs && scope == Some(&Scope::Project),
        }
    }

    /// Settles which manifest and which project the command is about.
    fn settle(&self, env: &mut Env) -> anyhow::Result<()> {
        if self.file.is_none() && self.into_project {
            if env.roots.project == env.roots.home {
                bail!("this folder is the home and no project\nhint: go into the project first");
            }
            env.manifest = env.roots.project.join("skills.toml");
            return Ok(());
        }
        project::settle(env, self.file.as_deref(), self.here)
    }
}

/// Runs the command of a command line that was understood.
fn act(cli: &Cli, place: &Place, command: String, json: bool) -> (u8, Ui) {
    let (mut env, ui) = match env::read(cli.globals.home.as_deref()) {
        Ok(mut env) => {
            env.command = command;
            if let Some(seconds) = cli.globals.wait.or(cli.globals.no_wait.then_some(0)) {
                env.patience = Duration::from_secs(seconds);
            }
            let ui = ui(&cli.globals, env.no_color, env.force_color);
            if cli.globals.no_pager {
                env.pager = Pager::Never;
            }
            (env, ui)
        }
        Err(error) => {
            let ui = ui(&cli.globals, false, false);
            return (failed(&error, json, ui), ui);
        }
    };
    if ui.verbosity == Verbosity::Verbose {
        process::watch(tell_of_process);
    }
    let settled = there(cli, &env).and_then(|()| place.settle(&mut env));
    match settled.and_then(|()| run(&cli.command, &env, ui)) {
        Ok(exit) => (exit as u8, ui),
        Err(error) => (failed(&error, json, ui), ui),
    }
}

fn run(command: &Command, env: &Env, ui: Ui) -> anyhow::Result<Exit> {
    match command {
        Command::Sync(args) => sync::run(args, env, ui),
        Command::Status(args) => status::run(args, env, ui),
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
        Command::Apply(args) => apply::run(args, env, ui),
        Command::Gc(args) => gc::run(args, env, ui),
        Command::History(args) => history::run(args, env, ui),
        Command::Undo(args) => undo::run(args, env, ui),
        Command::Lint(args) => agent_skills::lint::run(args, env, ui),
    }
}

/// Makes sure that a command that only reads is not answered from a home that is not there.
fn there(cli: &Cli, env: &Env) -> anyhow::Result<()> {
    let named = cli.globals.home.is_some();
    if named && cli.command.only_reads() && !disk::is_dir(&env.roots.home) {
        bail!(
            "the home `{}` is not there\nhint: look at the path behind `--home`",
            env.roots.home.display()
        );
    }
    Ok(())
}

impl Command {
    fn only_reads(&self) -> bool {
        match self {
            Self::Status(_)
            | Self::List(_)
            | Self::Why(_)
            | Self::Outdated(_)
            | Self::Search(_)
            | Self::Info(_)
            | Self::History(_)
            | Self::Undo(_) => true,
            Self::Doctor(args) => args.only_reads(),
            Self::Marketplace(args) => args.only_reads(),
            Self::Sync(args) => args.only_reads(),
            Self::Install(_)
            | Self::Remove(_)
            | Self::Purge(_)
            | Self::Enable(_)
            | Self::Disable(_)
            | Self::Upgrade(_)
            | Self::Update(_)
            | Self::Init(_)
            | Self::Edit(_)
            | Self::Gc(_)
            | Self::Apply(_)
            | Self::Lint(_) => false,
        }
    }
}

/// Tells of a process that has ended: its words without logins and settings, and its time.
fn tell_of_process(words: &[OsString], took: Duration) {
    let Some((program, arguments)) = words.split_first() else { return };
    let program = Path::new(program).file_name().unwrap_or_default();
    let mut words = vec![program.to_string_lossy().into_owned()];
    let mut arguments = arguments.iter().map(|word| word.to_string_lossy());
    while let Some(word) = arguments.next() {
        // The settings that git always gets say nothing about this call.
        if word == "-c" {
            arguments.next();
        } else {
            words.push(redact_url(&word));
        }
    }
    terminal::say(&format!("{} ms  {}\n", took.as_millis(), terminal::plain(&words.join(" "))));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_every_command_ends_with_examples_that_clap_understands() {
        let check = |command: &mut clap::Command| {
            let help = command.render_help().to_string();
            let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{help}"));
            let lines: Vec<&str> = examples.lines().filter(|line| !line.is_empty()).collect();
            assert!(!lines.is_empty(), "{help}");
            for line in lines {
                let words = line.split("  #").next().unwrap_or_default().split_whitespace();
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        };
        let mut zskills = Cli::command();
        zskills.build();
        check(&mut zskills);
        zskills.get_subcommands_mut().filter(|c| c.get_name() != "help").for_each(check);
    }

    #[test]
    fn the_words_that_people_type_are_commands() {
        for line in ["add x", "rm x", "uninstall x", "ls", "status --check"] {
            let words = ["zskills"].into_iter().chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
    }
}
