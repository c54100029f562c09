//! Makes the `.git` of a clone for the client from what was fetched, as `git clone` would have.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::bare;
use super::evidence::Listed;
use super::index;
use super::kept::Origin;
use super::object::Id;
use crate::model::{Commit, without_login};

/// Files of a commit that stand in a folder, with what the disk says of each.
pub(super) struct Files<'a> {
    pub listed: &'a [Listed],
    pub stats: &'a [Option<Metadata>],
}

/// Writes a `.git` into a folder that does not exist yet. Everything in it is made from values that
/// were checked; of what was fetched only the objects are taken over.
pub(super) fn create(
    at: &Path,
    commit: &Commit,
    origin: &Origin,
    objects: &Path,
    files: &Files<'_>,
) -> io::Result<()> {
    for folder in ["", "info", "objects", "objects/info", "refs", "refs/heads", "refs/tags"] {
        fs::create_dir(at.join(folder))?;
    }
    take_objects(objects, &at.join("objects"))?;
    let branch = origin.branch.as_deref().filter(|name| is_branch(name));
    let write = |name: &str, text: &str| fs::write(at.join(name), text);
    write("config", &config(commit, &origin.url, branch))?;
    write("packed-refs", &packed(commit, branch, &origin.refs))?;
    let shallow: String =
        origin.shallow.lines().filter(|line| is_id(line)).flat_map(|l| [l, "\n"]).collect();
    if !shallow.is_empty() {
        write("shallow", &shallow)?;
    }
    let format = Id::of(commit).format();
    fs::write(at.join("index"), index::render(files.listed, files.stats, format))?;
    match branch {
        Some(branch) => write("HEAD", &format!("ref: refs/heads/{branch}\n")),
        None => write("HEAD", &format!("{commit}\n")),
    }
}

/// Links the packs and other objects, which never change, and copies them where links do not work.
fn take_objects(from: &Path, to: &Path) -> io::Result<()> {
    for folder in fs::read_dir(from)? {
        let folder = folder?;
        let name = folder.file_name();
        let name = name.to_string_lossy();
        let is_loose = name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(is_loose || name == "pack") || !folder.file_type()?.is_dir() {
            continue;
        }
        let into = to.join(&*name);
        fs::create_dir(&into)?;
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let (from, to) = (file.path(), into.join(file.file_name()));
            if file.file_type()?.is_file() && fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
    }
    Ok(())
}

fn config(commit: &Commit, url: &str, branch: Option<&str>) -> String {
    let core = bare::core(Id::of(commit).format(), false);
    let url = quoted(&without_login(url));
    let fetch = branch.unwrap_or("*");
    let tracked = branch.map(|branch| {
        format!("[branch \"{branch}\"]\n\tremote = origin\n\tmerge = refs/heads/{branch}\n")
    });
    format!(
        "{core}[remote \"origin\"]\n\turl = {url}\n\
         \tfetch = +refs/heads/{fetch}:refs/remotes/origin/{fetch}\n{}",
        tracked.unwrap_or_default()
    )
}

/// Returns the refs that came along, those of the commit itself in any case.
fn packed(commit: &Commit, branch: Option<&str>, refs: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in refs.lines() {
        if line.strip_prefix('^').is_some_and(is_id) {
            // What the tag on the line before is of.
            if let Some(last) = lines.last_mut() {
                last.extend(["\n", line]);
            }
        } else if line.split_once(' ').is_some_and(|(id, name)| is_id(id) && is_ref(name)) {
            lines.push(line.to_owned());
        }
    }
    if let Some(branch) = branch {
        let own = [
            format!("{commit} refs/heads/{branch}"),
            format!("{commit} refs/remotes/origin/{branch}"),
        ];
        lines.retain(|line| own.iter().all(|own| name(own) != name(line)));
        lines.extend(own);
    }
    lines.sort_by(|a, b| name(a).cmp(name(b)));
    let header = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    lines.iter().fold(header, |text, line| text + line + "\n")
}

fn name(line: &str) -> &str {
    line.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, name)| name)
}

fn is_id(text: &str) -> bool {
    text.parse::<Commit>().is_ok()
}

fn is_ref(name: &str) -> bool {
    name.strip_prefix("refs/").is_some_and(is_branch)
}

/// Tells whether a name is one that git takes for a branch, and that needs no quotes anywhere.
fn is_branch(name: &str) -> bool {
    let part = |part: &str| {
        let is_lock = part.strip_suffix(".lock").is_some();
        !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !is_lock
    };
    let odd = |c: char| c.is_control() || c.is_whitespace() || " ~^:?*[\\\"".contains(c);
    !name.starts_with('-')
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && !name.contains(odd)
        && name.split('/').all(part)
}

/// Returns a value as git's configuration has it.
fn quoted(value: &str) -> String {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "/:.@-_~%+=,".contains(c)) {
        return value.to_owned();
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> Commit {
        "1".repeat(40).parse().unwrap()
    }

    #[test]
    fn a_branch_is_a_name_that_means_nothing_else() {
        for good in ["main", "a/b", "v1.2", "feature-x_y", "é"] {
            assert!(is_branch(good), "{good}");
        }
        for bad in [
            "", "-x", "a b", "a\"b", "a\nb", "a]\n[x", "a..b", "/a", "a/", "a//b", ".a", "a/.b",
            "a.lock", "a.", "@", "a@{1}", "a\\b", "a:b", "a*", "a[b",
        ] {
            assert!(!is_branch(bad), "{bad}");
        }
    }

    #[test]
    fn a_configuration_holds_only_what_was_meant() {
        let evil = "https://h/\"\n[core]\n\tfsmonitor = x #";
        let text = config(&commit(), evil, Some("main"));
        assert!(text.contains("url = \"https://h/\\\"\\n[core]\\n\tfsmonitor = x #\"\n"), "{text}");
        assert!(config(&commit(), "https://u:p@h/r", None).contains("url = https://h/r\n"));
    }

    #[test]
    fn refs_that_are_none_are_left_out_and_those_of_the_commit_are_there() {
        let id = "2".repeat(40);
        let refs = format!(
            "# pack-refs\n{id} refs/tags/v1\n^{id}\n{id} refs/heads/main\nx refs/tags/bad\n\
             {id} ../evil\n{id} refs/tags/a b\n"
        );
        let text = packed(&commit(), Some("main"), &refs);
        let expected = format!(
            "# pack-refs with: peeled fully-peeled sorted \n{0} refs/heads/main\n\
             {0} refs/remotes/origin/main\n{id} refs/tags/v1\n^{id}\n",
            commit()
        );
        assert_eq!(text, expected);
    }
}
