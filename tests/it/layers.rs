//! The direction of dependencies: what is pure knows no effect, and nothing knows the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from bottom to top, each with the ones that it may name.
const ROOMS: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("formats", &["model"]),
    ("content", &["formats", "model"]),
    ("clients", &["formats", "model"]),
    ("declared", &["formats", "model"]),
    ("resolve", &["clients", "content", "declared", "formats", "model"]),
    ("plan", &["clients", "content", "declared", "formats", "model", "resolve"]),
    ("doctor", &["clients", "content", "declared", "formats", "model", "plan", "resolve"]),
    // Effects know what they read, never why it is read.
    ("machine", &["clients", "content", "formats", "model"]),
    (
        "flow",
        &[
            "clients", "content", "declared", "doctor", "formats", "machine", "model", "plan",
            "resolve",
        ],
    ),
    (
        "cli",
        &[
            "clients", "content", "declared", "doctor", "flow", "formats", "machine", "model",
            "plan", "resolve",
        ],
    ),
];

#[test]
fn a_room_names_only_rooms_below_it() {
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.into();
    for (room, named) in modules() {
        let below = rooms.get(room.as_str());
        let below = below.unwrap_or_else(|| panic!("give `{room}` a place in this table"));
        for (other, file) in named {
            let fine = other == room || below.contains(&other.as_str());
            assert!(fine, "`{room}` names `crate::{other}` in {}", file.display());
        }
    }
}

#[test]
fn the_rooms_stand_in_one_order() {
    for (index, (room, below)) in ROOMS.iter().enumerate() {
        for other in *below {
            let place = ROOMS.iter().position(|(name, _)| name == other);
            assert!(place.is_some_and(|place| place < index), "`{other}` stands below `{room}`");
        }
    }
}

/// Returns for each module in `src/` the modules that it names, and where.
fn modules() -> BTreeMap<String, BTreeMap<String, PathBuf>> {
    let mut modules: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for (file, text) in sources("src") {
        let file = file.strip_prefix("src").unwrap();
        let module = Path::new(file.iter().next().unwrap()).file_stem().unwrap();
        let module = module.to_str().unwrap().to_owned();
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let named = named(&text).into_iter().map(|name| (name, file.to_owned()));
        modules.entry(module).or_default().extend(named);
    }
    modules
}

/// Returns the files below a folder and the code in each. Tests may use whatever proves their point.
pub fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = BTreeMap::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if !name.ends_with("tests.rs") {
                let file = path.strip_prefix(root).unwrap().to_owned();
                sources.insert(file, code(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

/// Returns a source without its tests and its comments.
fn code(text: &str) -> String {
    let code = text.split("mod tests {").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the modules behind each `crate::` of some code.
fn named(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .inspect(|name| assert!(!name.is_empty(), "one `use crate::…` line for each module"))
        .collect()
}

#[test]
fn files_are_opened_for_reading_in_one_place() {
    for (file, code) in sources("src/machine") {
        if file.ends_with("store/read.rs") {
            continue;
        }
        for way in ["fs::read(", "fs::read_to_string(", "File::open(", ".read(true)"] {
            assert!(!code.contains(way), "`{way}` in {}", file.display());
        }
    }
}
