//! A repository that holds nothing but a configuration of ours: what git is run in when it reads
//! objects that lie elsewhere.

use std::fs;
use std::io;
use std::path::Path;

use super::object::Format;

/// Makes the repository in an empty folder; `more` are further lines of its configuration.
pub(super) fn create(folder: &Path, format: Format, more: &str) -> io::Result<()> {
    fs::create_dir_all(folder.join("objects"))?;
    fs::create_dir_all(folder.join("refs"))?;
    fs::write(folder.join("HEAD"), "ref: refs/heads/none\n")?;
    fs::write(folder.join("config"), format!("{}{more}", core(format, true)))
}

/// Returns the first lines of a repository's configuration.
pub(super) fn core(format: Format, bare: bool) -> String {
    let (version, extensions) = match format {
        Format::Sha1 => (0, ""),
        Format::Sha256 => (1, "[extensions]\n\tobjectformat = sha256\n"),
    };
    format!(
        "[core]\n\trepositoryformatversion = {version}\n\tfilemode = true\n\tbare = {bare}\n\
         {}{extensions}",
        if bare { "" } else { "\tlogallrefupdates = true\n" }
    )
}
