//! The editor of the person who is asked.

#![expect(clippy::disallowed_methods, reason = "an editor is a program")]

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::machine::interrupt;

/// Opens a file in an editor and waits for its end; the editor may come with arguments, as in `code --wait`.
pub fn open(editor: &str, file: &Path) -> Result<()> {
    let _theirs = interrupt::pause();
    // Split by the shell, as git does it.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), editor])
        .arg(file)
        .status()
        .with_context(|| format!("cannot start the editor `{editor}`"))?;
    if !status.success() {
        bail!("the editor `{editor}` ended with {status}");
    }
    Ok(())
}
