//! Copies a tree.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::walk;

/// What of a folder is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// Only the content of the tree.
    Content,
    /// Whatever is in it.
    All,
}

/// Copies a folder to a path that does not exist yet, writing into it directly.
///
/// Executable bits are kept and links stay links. A failure leaves a part of the copy behind:
/// the caller stages.
pub fn copy(from: &Path, to: &Path, what: Copy) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if what == Copy::All || !walk::is_marker(&name) {
            any(&entry.path(), &to.join(&name))?;
        }
    }
    Ok(())
}

fn any(from: &Path, to: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)
    } else if kind.is_file() {
        fs::copy(from, to).map(drop)
    } else if kind.is_dir() {
        copy_folder(from, to)
    } else {
        let text = format!("`{}` is neither a file, a folder nor a link", super::shown(from));
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        any(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
