//! `zskills edit`: the manifest in an editor; what cannot be read never takes its place.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::Exit;
use super::report::Terminal;
use crate::cli::flags::RUN;
use crate::declared::manifest;
use crate::flow;
use crate::flow::converge;
use crate::machine::env::Env;
use crate::machine::store::disk::{self, Most};
use crate::machine::terminal::{Ui, confirm, editor};
use crate::model::{Diagnostic, Faults};

/// Open the manifest in VISUAL or EDITOR
///
/// The editor gets a copy, which takes the place of the manifest when it can be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The manifest [default: ~/.config/zskills/skills.toml]
    #[arg(long, value_name = "FILE", help_heading = RUN)]
    file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, help_heading = RUN)]
    json: bool,
}

pub fn run(args: &Args, env: &Env, ui: Ui) -> Result<Exit> {
    let named = flow::manifest::manifest_path(args.file.as_deref(), env);
    let before = flow::manifest::bytes(&named)?;
    let path = disk::follow_links(&named);
    let Some(before) = before else {
        bail!("there is no manifest at `{}`\nhint: `zskills init` writes one", path.display());
    };
    let program = match &env.editor {
        Some(editor) => editor,
        None if ui.interactive => "vi",
        None => bail!("no editor is named\nhint: set `VISUAL` or `EDITOR`"),
    };
    let copy = path.with_extension("edit.toml");
    if disk::exists(&copy) {
        bail!(
            "`{}` is left from another edit\nhint: take over what you want of it, then delete it",
            copy.display()
        );
    }
    disk::replace(&copy, None, &before, 0o600)?;
    let after = edited(program, &copy, &before, env, ui)?;
    let changed = after != before;
    if changed {
        let _lock = converge::locked(env, &Terminal { ui, json: args.json })?;
        disk::replace(&path, Some(&before), &after, 0o644)
            .with_context(|| format!("your text is in `{}`", copy.display()))?;
    }
    disk::remove(&copy)?;
    if args.json {
        ui.json(&json!({ "schema": "zskills/edit/1", "manifest": path, "changed": changed }));
    } else if changed {
        ui.talk(&format!("changed `{}`", path.display()));
        ui.hint("`zskills sync` makes the machine match");
    } else {
        ui.talk("nothing was changed");
    }
    Ok(Exit::Done)
}

/// Returns the text that somebody made of the copy, once it can be read.
///
/// # Errors
/// They gave up.
fn edited(program: &str, copy: &Path, before: &[u8], env: &Env, ui: Ui) -> Result<Vec<u8>> {
    loop {
        let ended = editor::open(program, copy);
        let after = disk::read(copy, Most::OWN)?
            .with_context(|| format!("`{}` is gone", copy.display()))?;
        if let Err(error) = ended {
            if after == before {
                disk::remove(copy)?;
                return Err(error);
            }
            return Err(error.context(format!("your text is in `{}`", copy.display())));
        }
        // A manifest that was broken before is no reason to keep somebody.
        if after == before {
            return Ok(after);
        }
        let faults = faults(copy, &after, env);
        if faults.is_empty() {
            return Ok(after);
        }
        let stays = format!("the manifest stays as it was; your text is in `{}`", copy.display());
        if !ui.interactive {
            return Err(anyhow::Error::from(Faults(faults)).context(stays));
        }
        for fault in &faults {
            ui.error(&fault.to_string());
        }
        if !confirm("Edit it again?") {
            bail!(stays);
        }
    }
}

/// Returns what is wrong with a text of the manifest.
fn faults(copy: &Path, text: &[u8], env: &Env) -> Vec<Diagnostic> {
    let Ok(text) = std::str::from_utf8(text) else {
        return vec![Diagnostic::whole(copy, "it is not UTF-8")];
    };
    manifest::parse(copy, text, &env.roots).err().unwrap_or_default()
}
