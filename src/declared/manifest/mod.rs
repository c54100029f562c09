//! `skills.toml`: text in, checked intent out; and edits that keep every comment.

use std::path::Path;

use crate::model::{Diagnostic, Intent, Roots};

pub mod edit;
mod history;
mod locate;
mod parse;
mod pattern;
mod place;
mod policy;
pub(crate) mod raw;
pub(crate) mod render;
mod servers;
mod skills;
mod when;
mod words;

pub use locate::locate;

/// Reads a manifest. `file` is absolute; relative sources lie beside it.
///
/// Reports all faults in the order of the text; a fault of TOML itself hides the others.
pub fn parse(file: &Path, text: &str, roots: &Roots) -> Result<Intent, Vec<Diagnostic>> {
    parse::intent(file, text, roots)
}
