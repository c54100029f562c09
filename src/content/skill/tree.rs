//! The listing of a fetched tree: paths and kinds, no contents.

use std::collections::BTreeMap;

use crate::model::Note;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    File,
    /// A file with an executable bit.
    Executable,
    /// A symbolic link and its target as written.
    Link {
        target: String,
    },
    Dir,
    /// A device, socket or pipe.
    Special,
}

/// One path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreePath {
    pub kind: Kind,
    /// Bytes; 0 for all but files.
    pub size: u64,
}

impl TreePath {
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File | Kind::Executable)
    }
}

/// The paths of a tree: relative, `/` between the parts, no `.` and no `..`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<String, TreePath>);

impl Listing {
    /// Keeps the safe paths, and names the others.
    pub fn new(entries: impl IntoIterator<Item = (String, Kind, u64)>) -> (Self, Vec<Note>) {
        let mut listing = Self::default();
        let mut notes = Vec::new();
        for (path, kind, size) in entries {
            if is_safe(&path) {
                listing.0.insert(path, TreePath { kind, size });
            } else {
                notes.push(Note::refused(path.escape_default().to_string(), "is not a safe path"));
            }
        }
        (listing, notes)
    }

    pub fn get(&self, path: &str) -> Option<&TreePath> {
        self.0.get(path)
    }

    pub fn is_file(&self, path: &str) -> bool {
        self.get(path).is_some_and(TreePath::is_file)
    }

    /// Returns every path in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TreePath)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// Returns the paths below a folder; `""` is the whole tree.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &TreePath)> {
        let (start, end) = match folder {
            "" => (String::new(), String::from(char::MAX)),
            // `0` is the character after `/`.
            _ => (format!("{folder}/"), format!("{folder}0")),
        };
        self.0.range(start..end).map(|(path, entry)| (path.as_str(), entry))
    }

    /// Tells whether a file, or anything below a folder, is at this path.
    pub fn reaches(&self, path: &str) -> bool {
        self.get(path).is_some() || self.below(path).next().is_some()
    }

    /// Returns some files of a folder as a tree of its own, which is what an install writes.
    #[must_use]
    pub fn part<'a>(&self, folder: &str, paths: impl IntoIterator<Item = &'a String>) -> Self {
        let relative =
            |path: &String| Some((inside(path, folder)?.to_owned(), self.get(path)?.clone()));
        Self(paths.into_iter().filter_map(relative).collect())
    }

    /// Follows the links in a path, and returns where it ends if that is in the tree.
    pub fn follow(&self, path: &str) -> Option<String> {
        const HOPS: usize = 8;
        let mut path = path.to_owned();
        for _ in 0..HOPS {
            let Some((at, target)) = self.first_link(&path) else { return Some(path) };
            let rest = path[at.len()..].trim_start_matches('/');
            let there = resolve(parent(at), target)?;
            path = join(&there, rest);
        }
        None
    }

    /// Returns the first link on the way to `path`.
    fn first_link<'a>(&'a self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.map(|end| &path[..end]).find_map(|part| match &self.get(part)?.kind {
            Kind::Link { target } => Some((part, target.as_str())),
            _ => None,
        })
    }
}

/// Returns where a relative link in the folder `from` points, or nothing when that leaves the tree.
///
/// `..` after a name counts as leaving: where it leads depends on whether that name is a link.
pub fn resolve(from: &str, target: &str) -> Option<String> {
    if target.starts_with('/') || target.contains(['\\', ':', '\0']) {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let mut named = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if named => return None,
            ".." => drop(parts.pop()?),
            _ => {
                named = true;
                parts.push(part);
            }
        }
    }
    Some(parts.join("/"))
}

/// Returns the path without its last part; `""` at the top.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Returns the last part of a path.
pub fn base(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, base)| base)
}

/// Returns a path relative to a folder that it lies in.
pub fn inside<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// Joins two relative paths, either of which may be empty.
pub fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

fn is_safe(path: &str) -> bool {
    let part_is_safe = |part: &str| !matches!(part, "" | "." | "..");
    path.split('/').all(part_is_safe)
        && !path.contains(|c: char| c == '\\' || c == char::MAX || c.is_control())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A listing in which `a -> b` is a link, `a*` is executable and every file is 10 bytes.
    pub fn listing(paths: &[&str]) -> Listing {
        let entries =
            paths.iter().map(|text| match (text.split_once(" -> "), text.strip_suffix('*')) {
                (Some((path, target)), _) => {
                    (path.to_owned(), Kind::Link { target: target.to_owned() }, 0)
                }
                (None, Some(path)) => (path.to_owned(), Kind::Executable, 10),
                (None, None) => ((*text).to_owned(), Kind::File, 10),
            });
        Listing::new(entries).0
    }

    #[test]
    fn unsafe_paths_never_enter_a_listing() {
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\b", "a\nb", "a/"] {
            let (listing, notes) = Listing::new([(path.to_owned(), Kind::File, 1)]);
            assert_eq!((listing.iter().count(), notes.len()), (0, 1), "{path:?}");
        }
    }

    #[test]
    fn links_resolve_inside_the_tree_or_not_at_all() {
        let check = |from, target, expected: Option<&str>| {
            assert_eq!(resolve(from, target).as_deref(), expected, "{from} {target}");
        };
        check("a/b", "../c", Some("a/c"));
        check("a", "../../etc", None);
        check("", "..", None);
        check("a", "..", Some(""));
        check("a", "/etc/passwd", None);
        check("a/b", "c/../d", None);
        check("a", "C:\\x", None);
        check("a", "./b//c/", Some("a/b/c"));
    }

    #[test]
    fn links_to_folders_are_followed_and_circles_end() {
        let tree =
            listing(&["r/s/x/F", ".claude/skills -> ../r/s", "a -> b", "b -> a", "o -> ../x"]);
        assert_eq!(tree.follow(".claude/skills/x/F").as_deref(), Some("r/s/x/F"));
        assert_eq!(tree.follow("a/F"), None);
        assert_eq!(tree.follow("o/F"), None);
    }

    #[test]
    fn below_a_folder_are_its_own_paths_only() {
        let tree = listing(&["a", "a-b/x", "a/x", "a/y/z", "a.b", "ab/x"]);
        assert_eq!(tree.below("a").map(|(path, _)| path).collect::<Vec<_>>(), ["a/x", "a/y/z"]);
        assert_eq!(tree.below("").count(), 6);
    }
}
