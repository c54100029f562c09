//! `when = { os = …, host = … }`: which machines an entry is for.

use globset::Glob;
use toml_edit::{Item, TableLike};

use super::parse::{Context, printable};
use super::raw::{Spanned, article, key_span, listed};
use crate::model::{Machine, did_you_mean};

const KEYS: [&str; 2] = ["os", "host"];

impl Context<'_> {
    /// Tells whether an entry is for this machine; without `when` it is for every one.
    pub(super) fn is_here(&mut self, entry: &dyn TableLike) -> bool {
        let Some(item) = entry.get("when") else { return true };
        let Some(when) = item.as_table_like() else {
            let found = item.type_name();
            let message = format!("`when` must be a table, not {} {found}", article(found));
            let hint = "write `when = { os = \"linux\" }` or `when = { host = \"name\" }`";
            self.reader.fault_with_hint(&key_span(entry, "when"), message, hint);
            return true;
        };
        self.reader.unknown_keys(when, &KEYS);
        let systems = self.words(when, "os");
        for system in &systems {
            self.known_system(system);
        }
        let hosts = self.words(when, "host");
        let machine = &self.roots.machine;
        let fits = systems.is_empty() || systems.iter().any(|system| system.value == machine.os);
        let mut called = hosts.is_empty();
        for host in &hosts {
            let pattern = host.value.to_lowercase();
            let pattern = pattern.split('.').next().unwrap_or_default();
            match Glob::new(pattern) {
                Ok(glob) => called |= glob.compile_matcher().is_match(&machine.host),
                Err(error) => {
                    let message = format!("`host` is no glob: {}", error.kind());
                    self.reader.fault(&host.at, message);
                }
            }
        }
        fits && called
    }

    fn known_system(&mut self, system: &Spanned<&str>) {
        if Machine::SYSTEMS.contains(&system.value) {
            return;
        }
        let near = match system.value.to_lowercase().as_str() {
            "darwin" | "mac" | "osx" | "apple" => Some("macos".to_owned()),
            "wsl" => Some("linux".to_owned()),
            "win" | "win32" => Some("windows".to_owned()),
            other => did_you_mean(other, Machine::SYSTEMS),
        };
        let hint = near.map_or_else(
            || format!("known are {}", listed(&Machine::SYSTEMS)),
            |near| format!("did you mean `{near}`?"),
        );
        self.reader.fault_with_hint(
            &system.at,
            format!("unknown system {}", printable(system.value)),
            hint,
        );
    }

    /// Returns one text or a list of them.
    fn words<'d>(&mut self, table: &'d dyn TableLike, key: &str) -> Vec<Spanned<&'d str>> {
        match table.get(key) {
            Some(item) if item.as_array().is_some() => self.reader.strings(table, key),
            Some(Item::None) | None => Vec::new(),
            Some(_) => self.reader.string(table, key).into_iter().collect(),
        }
    }
}
