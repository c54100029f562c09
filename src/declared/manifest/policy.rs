//! The `[policy]` table.

use globset::Glob;
use toml_edit::{Item, Table, TableLike};

use super::parse::Context;
use super::raw::key_span;
use crate::model::{SourceRule, TeamPolicy};

const KEYS: [&str; 5] = ["allow", "deny", "require_pin", "min_age", "accept_changes"];

impl Context<'_> {
    pub(super) fn policy(&mut self, root: &Table) -> TeamPolicy {
        let Some(item) = root.get("policy") else { return TeamPolicy::default() };
        let Some(table) = Item::as_table_like(item) else {
            self.reader.fault(&key_span(root, "policy"), "`policy` must be a `[policy]` table");
            return TeamPolicy::default();
        };
        self.reader.unknown_keys(table, &KEYS);
        let pin = self.reader.boolean(table, "require_pin").filter(|found| found.value);
        TeamPolicy {
            allow: self.rules(table, "allow"),
            deny: self.rules(table, "deny"),
            require_pin: pin.map(|found| self.reader.position(&found.at)),
            min_age: self.min_age(table),
            accept_changes: self.rules(table, "accept_changes"),
        }
    }

    fn rules(&mut self, table: &dyn TableLike, key: &str) -> Vec<SourceRule> {
        let globs = self.reader.strings(table, key);
        let mut rules = Vec::new();
        for glob in globs {
            if glob.value.trim().is_empty() {
                self.reader.fault(&glob.at, format!("`{key}` has an empty glob"));
            } else if let Err(error) = Glob::new(glob.value) {
                self.reader.fault(&glob.at, format!("`{key}` has no glob here: {}", error.kind()));
            } else {
                let at = self.reader.position(&glob.at);
                rules.push(SourceRule { glob: glob.value.to_owned(), at });
            }
        }
        rules
    }

    fn min_age(&mut self, table: &dyn TableLike) -> Option<(u32, crate::model::Position)> {
        let days = self.reader.integer(table, "min_age")?;
        match u32::try_from(days.value) {
            Ok(0) => None,
            Ok(count) if count <= 3650 => Some((count, self.reader.position(&days.at))),
            _ => {
                self.reader.fault(&days.at, "`min_age` must be a number of days from 0 to 3650");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::declared::manifest::parse::tests::{faults, read};

    #[test]
    fn a_policy_is_read_strictly() {
        let text = "version = 1\n[policy]\nallow = [\"acme/*\"]\ndeny = [\"acme/old\"]\n\
                    require_pin = true\nmin_age = 7\naccept_changes = [\"acme/*\"]\n";
        let policy = read(text).unwrap().policy;
        assert_eq!(policy.allow[0].glob, "acme/*");
        assert_eq!(policy.deny[0].at.line, 4);
        assert_eq!(policy.min_age.map(|(days, at)| (days, at.line)), Some((7, 6)));
        assert!(policy.require_pin.is_some());
        assert_eq!(policy.accept_changes[0].at.line, 7);
        let check = |text: &str, expected: &str| {
            let found = faults(&format!("version = 1\n[policy]\n{text}\n"));
            assert!(found[0].starts_with(expected), "{found:?}");
        };
        check("alow = []", "3:1 unknown key `alow`");
        check("min_age = -1", "3:11 `min_age` must be a number of days");
        check("allow = [\"[\"]", "3:10 `allow` has no glob here");
        check("deny = [\"\"]", "3:9 `deny` has an empty glob");
    }
}
