//! The direction of dependencies: what is pure knows no effect, and nothing knows the commands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each pure module may name besides itself.
const PURE: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("paint", &[]),
    ("formats", &["model"]),
    ("catalog", &["model"]),
    ("skill", &["model"]),
    ("manifest", &["model"]),
    // The lock and the manifest are read by the same TOML reader and written by the same printer.
    ("lock", &["manifest", "model"]),
    ("clients", &["formats", "model", "skill"]),
    ("ledger", &["model"]),
    // A rule over sources is spelled as the client spells a source.
    ("policy", &["clients", "formats", "model"]),
    // How a client spells a source is the client's business, and the registry is asked for sources.
    ("resolve", &["catalog", "clients", "lock", "manifest", "model", "policy", "skill"]),
    ("plan", &["clients", "formats", "ledger", "model", "paint", "policy", "resolve"]),
    // The checks look at the same facts that resolving looks at.
    (
        "doctor",
        &[
            "catalog", "clients", "formats", "ledger", "lock", "model", "plan", "policy",
            "resolve", "skill",
        ],
    ),
];

/// What touches the world. They may name each other and everything pure.
const EFFECTS: [&str; 20] = [
    "examine",
    "around",
    "bundled",
    "catalogs",
    "installer",
    "apply",
    "archive",
    "env",
    "fetch",
    "gather",
    "git",
    "http",
    "index",
    "npm",
    "observe",
    "parallel",
    "process",
    "store",
    "ui",
    "commands",
];

#[test]
fn what_is_pure_names_only_what_lies_below_it() {
    let pure: BTreeMap<&str, &[&str]> = PURE.into();
    for (module, named) in modules() {
        let Some(below) = pure.get(module.as_str()) else {
            assert!(EFFECTS.contains(&module.as_str()), "give `{module}` a place in this table");
            continue;
        };
        for (other, file) in named {
            let fine = other == module || below.contains(&other.as_str());
            assert!(fine, "`{module}` names `crate::{other}` in {}", file.display());
        }
    }
}

#[test]
fn only_the_binary_names_the_commands() {
    for (module, named) in modules() {
        for (other, file) in named {
            let fine = other != "commands" || module == "commands" || module == "main";
            assert!(fine, "`{module}` names the commands in {}", file.display());
        }
    }
}

#[test]
fn the_table_itself_has_no_circle() {
    for (index, (module, below)) in PURE.iter().enumerate() {
        for other in *below {
            let place = PURE.iter().position(|(name, _)| name == other);
            assert!(place.is_some_and(|place| place < index), "`{other}` stands below `{module}`");
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
