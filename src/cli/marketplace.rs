//! `zskills marketplace`: which catalogs there are, and where from.

pub mod add;
mod list;
mod remove;

use anyhow::Result;

use super::{Exit, upgrade};
use crate::machine::env::Env;
use crate::machine::terminal::Ui;

/// What to do where no marketplace is registered.
pub const BEGIN: &str = "`zskills marketplace add-recommended` registers the official one, \
     `zskills marketplace add SOURCE` another";

/// Add, remove, list and refresh marketplaces
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(add::Args),
    AddRecommended(add::RecommendedArgs),
    Remove(remove::Args),
    List(list::Args),
    Update(upgrade::UpdateArgs),
}

impl Args {
    pub fn only_reads(&self) -> bool {
        matches!(self.command, Command::List(_))
    }
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    match &args.command {
        Command::Add(args) => add::run(args, env, ui),
        Command::AddRecommended(args) => add::recommended(args, env, ui),
        Command::Remove(args) => remove::run(args, env, ui),
        Command::List(args) => list::run(args, env, ui),
        Command::Update(args) => upgrade::update(args, env, ui),
    }
}
