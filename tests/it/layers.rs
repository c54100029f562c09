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
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.strip_prefix(&src).unwrap().to_owned();
            let stem = file.file_stem().unwrap().to_str().unwrap();
            // Tests may use whatever proves their point.
            if stem.ends_with("tests") || ["lib", "main"].contains(&stem) {
                continue;
            }
            let module = Path::new(file.iter().next().unwrap()).file_stem().unwrap();
            let module = module.to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let named = named(&text).into_iter().map(|name| (name, file.clone()));
            modules.entry(module).or_default().extend(named);
        }
    }
    modules
}

/// Returns the modules behind each `crate::` of a text, tests and comments left out.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
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
    let machine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/machine");
    let mut folders = vec![machine];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with("tests.rs") || path.ends_with("store/read.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("mod tests {").next().unwrap();
            for way in ["fs::read(", "fs::read_to_string(", "File::open(", ".read(true)"] {
                assert!(!code.contains(way), "`{way}` in {}", path.display());
            }
        }
    }
}
