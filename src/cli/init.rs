//! `zskills init`: a manifest that says what is installed now, with words about what else can stand there.

use anyhow::{Result, bail};

use super::Exit;
use super::report::{self, Terminal};
use crate::cli::flags::RUN;
use crate::flow::{Ask, Declared, Mode, adopt, manifest};
use crate::machine::env::Env;
use crate::machine::store::disk;
use crate::machine::terminal::Ui;

/// Write a manifest from what is installed now
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<std::path::PathBuf>,
    /// Say what it would name and write nothing
    #[arg(long, help_heading = RUN)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

const START: &str = "\
# What this machine's coding agents are to have. `zskills sync` makes it so and writes skills.lock
# beside this file; commit both. `zskills doctor` says what does not fit.
version = 1

# A marketplace: `owner/repo`, an address or a path. `pin` holds it to a tag, branch or commit.
# [[marketplaces]]
# name = \"claude-plugins-official\"
# source = \"anthropics/claude-plugins-official\"

# A plugin. `enabled`, `scope` (user, project, local), `version` and `pin` may follow.
# [[skills]]
# name = \"example@claude-plugins-official\"

# Agent Skills of a repository or folder.
# [[agent_skills]]
# source = \"anthropics/skills\"
# name = \"pdf\"

# An MCP server. Write secrets as ${NAME}; the client fills them in.
# [[mcps]]
# name = \"example\"
# command = \"npx\"
# args = [\"-y\", \"example-mcp@1.0.0\"]
";

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let path = manifest::manifest_path(args.file.as_deref(), env);
    if manifest::bytes(&path)?.is_some() {
        bail!(
            "`{}` is there already\nhint: `zskills sync --adopt` adds what is installed to it",
            path.display()
        );
    }
    let file = disk::follow_links(&path);
    let declared = || Ok(Declared::nothing(file.clone()).with_text(START.to_owned(), &env.roots)?);
    let host = Terminal { ui, json: args.json };
    let mode = if args.dry_run { Mode::Show } else { Mode::Apply };
    let ask = Ask { mode, ..Ask::new(&declared) };
    report::run_with("zskills/init/1", ask, env, host, &|ask, fingerprints| {
        adopt::prepare(ask, env, &host, fingerprints)
    })
}
