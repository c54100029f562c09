//! `when = { os = …, host = … }` and `project = "…"`: which machines and which project an entry is for.

use std::path::PathBuf;

use globset::Glob;
use toml_edit::{Item, TableLike};

use super::parse::{Context, printable};
use super::raw::{Spanned, article, key_span, listed};
use crate::model::{Binding, Machine, Scope, Waiting, did_you_mean, redact_url};

const KEYS: [&str; 2] = ["os", "host"];

impl Context<'_> {
    /// Tells whether an entry is for this machine and for this project.
    pub(super) fn is_here(&mut self, entry: &dyn TableLike) -> bool {
        let (machine, project) = (self.fits_machine(entry), self.project(entry));
        let is_meant = match &project {
            Some(path) => self.roots.is_project(path),
            None => !is_of_a_project(entry) || self.roots.binding != Binding::Waits,
        };
        if machine && !is_meant {
            let names = entry.get("names").and_then(Item::as_array).and_then(|names| names.get(0));
            let name = ["name", "source", "npm"].iter().find_map(|key| entry.get(key)?.as_str());
            let name = name.or_else(|| names?.as_str()).unwrap_or_default();
            self.waiting.push(Waiting { name: redact_url(name), project });
        }
        machine && is_meant
    }

    /// Returns the project that an entry is bound to.
    fn project(&mut self, entry: &dyn TableLike) -> Option<PathBuf> {
        let project = self.reader.filled(entry, "project")?;
        if !is_of_a_project(entry) {
            let hint = "add `scope = \"local\"` or `\"project\"`, or take `project` out";
            let message = "`project` without the scope of a project";
            self.reader.fault_with_hint(&project.at, message, hint);
            return None;
        }
        Some(self.roots.resolve(project.value.trim_end_matches('/'), self.base))
    }

    /// Tells whether an entry is for this machine; without `when` it is for every one.
    fn fits_machine(&mut self, entry: &dyn TableLike) -> bool {
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

/// Tells whether an entry has a scope that means a project.
fn is_of_a_project(entry: &dyn TableLike) -> bool {
    let scope = entry.get("scope").and_then(Item::as_str);
    [Scope::Project, Scope::Local].iter().any(|one| scope == Some(one.as_str()))
}
