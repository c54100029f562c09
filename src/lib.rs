//! zskills: makes the plugins, skills and MCP servers of agentic coding clients match one file.
//!
//! Each folder is a room named after what it holds, and names only rooms below it:
//! `cli → flow → {doctor, plan, resolve, machine} → {content, declared, clients} → formats → model`.
//!
//! A program that wants what the commands do calls the engine in [`flow`]: [`flow::manifest`] reads
//! what is declared, [`flow::observe`] looks, [`flow::converge()`] resolves, plans, shows and applies,
//! and [`flow::inspect`] runs the checks. Whom it talks to is a [`flow::Host`].
//!
//! ```
//! use zskills::flow::{Ask, Mode, Outcome, Silent, converge, manifest};
//! use zskills::machine::env;
//!
//! # fn main() -> anyhow::Result<()> {
//! let home = tempfile::tempdir()?;
//! let file = home.path().join("skills.toml");
//! std::fs::write(&file, "version = 1\n[[mcps]]\nname = \"clock\"\ncommand = \"clock-mcp\"\n")?;
//!
//! // Every folder lies below this home, and the variables that would move them count for nothing.
//! let env = env::read(Some(home.path()))?;
//! let declared = || manifest::declared(Some(&file), &env);
//!
//! let planned = converge(Ask { mode: Mode::Check, ..Ask::new(&declared) }, &env, &Silent)?;
//! assert_eq!(planned.outcome, Outcome::Pending);
//! assert_eq!(planned.prepared.plan.lines().len(), 2, "the server, and what zskills put there");
//!
//! let done = converge(Ask::new(&declared), &env, &Silent)?;
//! assert_eq!(done.outcome, Outcome::Done);
//! assert!(std::fs::read_to_string(home.path().join(".claude.json"))?.contains("clock-mcp"));
//! # Ok(())
//! # }
//! ```

pub mod cli;
pub mod clients;
pub mod content;
pub mod declared;
pub mod doctor;
pub mod flow;
pub mod formats;
pub mod machine;
pub mod model;
pub mod plan;
pub mod resolve;
