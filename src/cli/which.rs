//! A name that several plugins have: somebody at a terminal is asked which of them is meant.

use anyhow::Result;

use crate::flow::names::Known;
use crate::machine::env::Env;
use crate::machine::terminal::Ui;
use crate::machine::terminal::pick::{Line, List};
use crate::model::{PluginId, Scope};

/// Returns the names, with an id in place of each that several plugins have. Where nobody can be asked they
/// stay as they are, and are answered with the candidates.
///
/// # Errors
/// The list was left without a choice.
pub fn each(names: &[String], known: &Known, env: &Env, ui: Ui) -> Result<Vec<String>> {
    names.iter().map(|name| one(name, known, env, ui)).collect()
}

/// The same for one name.
pub fn one(name: &str, known: &Known, env: &Env, ui: Ui) -> Result<String> {
    let several = known.meant(name);
    if several.len() < 2 || !ui.interactive {
        return Ok(name.to_owned());
    }
    let line = |id: &&PluginId| {
        let scopes: Vec<&str> = known.scopes(id).into_iter().map(Scope::as_str).collect();
        Line::new(&id.to_string(), &scopes.join(", "))
    };
    let lines = several.iter().map(line).collect();
    let what = format!("which `{name}`");
    List { what: &what, lines, query: "", picker: env.picker }.one(ui)
}
