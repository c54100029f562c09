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
    /// The content and its `.git`; git's immutable object files are hard-linked where possible.
    Clone,
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
        let git = name == ".git" && what == Copy::Clone;
        if git || !walk::is_marker(&name) {
            let how = if git { Bytes::Git } else { Bytes::Copied };
            any(&entry.path(), &to.join(&name), how)?;
        }
    }
    Ok(())
}

/// Copies the `.git` of a clone into a folder that does not exist yet, and nothing else.
pub fn copy_git(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    any(&from.join(".git"), &to.join(".git"), Bytes::Git)
}

/// How the bytes of files get to the other side.
#[derive(Clone, Copy)]
enum Bytes {
    Copied,
    /// In `.git`: the objects linked, the rest copied.
    Git,
    Linked,
}

fn any(from: &Path, to: &Path, how: Bytes) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)
    } else if kind.is_file() {
        file(from, to, how)
    } else if kind.is_dir() {
        folder(from, to, how)
    } else {
        let text = format!("`{}` is neither a file, a folder nor a link", super::shown(from));
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}

fn folder(from: &Path, to: &Path, how: Bytes) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let how = match how {
            Bytes::Git if name == "objects" => Bytes::Linked,
            Bytes::Git => Bytes::Copied,
            how => how,
        };
        any(&entry.path(), &to.join(&name), how)?;
    }
    Ok(())
}

fn file(from: &Path, to: &Path, how: Bytes) -> io::Result<()> {
    if matches!(how, Bytes::Linked) && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(drop)
}
