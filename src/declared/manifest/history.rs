//! The `[history]` table.

use toml_edit::{Item, Table};

use super::parse::Context;
use super::raw::key_span;
use crate::model::{HistoryRules, size_in};

const KEYS: [&str; 2] = ["keep", "max_bytes"];

impl Context<'_> {
    pub(super) fn history(&mut self, root: &Table) -> HistoryRules {
        let mut rules = HistoryRules::default();
        let Some(item) = root.get("history") else { return rules };
        let Some(table) = Item::as_table_like(item) else {
            self.reader.fault(&key_span(root, "history"), "`history` must be a `[history]` table");
            return rules;
        };
        self.reader.unknown_keys(table, &KEYS);
        if let Some(keep) = self.reader.integer(table, "keep") {
            match u32::try_from(keep.value) {
                Ok(count @ 1..=10_000) => rules.keep = count,
                _ => self.reader.fault(&keep.at, "`keep` must be a number of runs from 1 to 10000"),
            }
        }
        if let Some(most) = self.reader.string(table, "max_bytes") {
            match size_in(most.value) {
                Some(bytes) => rules.max_bytes = bytes,
                None => self.reader.fault_with_hint(
                    &most.at,
                    "`max_bytes` must be an amount of bytes",
                    "write it as `1 GiB`, `500 MiB` or `4096`",
                ),
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use crate::declared::manifest::parse::tests::{faults, read};
    use crate::model::HistoryRules;

    #[test]
    fn a_history_is_read_strictly() {
        let text = "version = 1\n[history]\nkeep = 5\nmax_bytes = \"2 MiB\"\n";
        let rules = read(text).unwrap().history;
        assert_eq!(rules, HistoryRules { keep: 5, max_bytes: 2 << 20 });
        let rules = read("version = 1\n").unwrap().history;
        assert_eq!(rules, HistoryRules { keep: 20, max_bytes: 1 << 30 });
        let check = |text: &str, expected: &str| {
            let found = faults(&format!("version = 1\n[history]\n{text}\n"));
            assert!(found[0].starts_with(expected), "{found:?}");
        };
        check("keep = 0", "3:8 `keep` must be a number of runs");
        check("max_bytes = \"much\"", "3:13 `max_bytes` must be an amount");
        check("max = 1", "3:1 unknown key `max`");
    }
}
