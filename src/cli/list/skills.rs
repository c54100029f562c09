//! The Agent Skills of this user and project: managed, by source, and those that nobody manages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::flow::observe;
use crate::machine::terminal::{Paint, one_line};
use crate::model::{Roots, Scope, SkillRecord, State};
use crate::resolve::{AtClient, ClientShelf, Observed, Shelved};

/// The skills as `list` shows them.
pub struct Skills {
    /// By source and scope.
    managed: BTreeMap<(String, Scope), BTreeMap<String, SkillRecord>>,
    untracked: BTreeMap<(String, Scope), String>,
    /// Those that are there and that the client does not see.
    off: BTreeSet<(String, Scope)>,
}

/// How many skills of a source are shown without `-v`.
const FEW: usize = 5;

/// Sorts what is in the inventories and in the folders.
pub fn look(roots: &Roots, observed: &Observed) -> Skills {
    let mut managed: BTreeMap<(String, Scope), BTreeMap<String, SkillRecord>> = BTreeMap::new();
    for row in observed.state.skills() {
        let source = (row.record.source.to_string(), row.reach.scope());
        managed.entry(source).or_default().insert(row.name.to_owned(), row.record.clone());
    }
    let known: BTreeSet<(&str, Scope)> = managed
        .iter()
        .flat_map(|((_, scope), skills)| skills.keys().map(|name| (name.as_str(), *scope)))
        .collect();
    let off = known
        .iter()
        .filter(|(name, scope)| {
            observed.shelves.get(scope).is_some_and(|shelf| {
                let there =
                    matches!(shelf.skills.get(*name), Some(Shelved::Folder { is_skill: true, .. }));
                // Off is what no client sees, though it stands there.
                let nowhere = |at: &ClientShelf| !at.is_shared && !at.skills.contains_key(*name);
                there && shelf.clients.values().all(nowhere)
            })
        })
        .map(|(name, scope)| ((*name).to_owned(), *scope))
        .collect();
    let shipped = shipped(&observed.state, roots);
    let mut untracked = BTreeMap::new();
    for (scope, shelf) in &observed.shelves {
        let here = shelf.skills.iter().filter_map(|(name, what)| match what {
            Shelved::Folder { is_skill: true, .. } => Some((name, &shelf.folder)),
            _ => None,
        });
        let of_clients = shelf.clients.values().flat_map(|at| {
            at.skills.iter().filter_map(|(name, what)| match what {
                AtClient::Folder { is_skill: true, .. }
                | AtClient::Elsewhere { dangling: false, .. } => Some((name, &at.folder)),
                _ => None,
            })
        });
        for (name, folder) in here.chain(of_clients) {
            // What an active plugin brings is managed by its plugin.
            if !known.contains(&(name.as_str(), *scope)) && !shipped.contains(name) {
                untracked
                    .entry((name.clone(), *scope))
                    .or_insert_with(|| folder.join(name).display().to_string());
            }
        }
    }
    Skills { managed, untracked, off }
}

/// Returns the skills that the active plugins ship.
fn shipped(state: &State, roots: &Roots) -> BTreeSet<String> {
    observe::plugin_skills(state, roots).into_iter().map(|(name, _)| name).collect()
}

impl Skills {
    fn is_off(&self, name: &str, scope: Scope) -> bool {
        self.off.contains(&(name.to_owned(), scope))
    }

    pub fn json(&self) -> Value {
        let managed: Vec<Value> = self
            .managed
            .iter()
            .map(|((source, scope), skills)| {
                json!({
                    "source": source,
                    "scope": scope.as_str(),
                    "skills": skills.keys().collect::<Vec<_>>(),
                    "off": skills.keys().filter(|name| self.is_off(name, *scope)).collect::<Vec<_>>(),
                    "count": skills.len(),
                })
            })
            .collect();
        let untracked: BTreeSet<&String> = self.untracked.keys().map(|(name, _)| name).collect();
        json!({ "managed": managed, "untracked": untracked })
    }

    pub fn text(&self, verbose: bool, paths: bool, paint: Paint) -> String {
        let mut out = String::new();
        writeln!(out, "{}", paint.bold("Agent Skills, managed")).expect("strings take text");
        if self.managed.is_empty() {
            out.push_str("  (none)\n");
        }
        for ((source, scope), skills) in &self.managed {
            writeln!(
                out,
                "  {} ({})  {}",
                one_line(source),
                skills.len(),
                paint.dim(scope.as_str())
            )
            .expect("strings take text");
            let shown = if verbose || skills.len() <= FEW { skills.len() } else { FEW };
            if verbose {
                for (name, record) in skills {
                    let commit = record.commit.as_ref().map_or("", |commit| commit.short());
                    let off = if self.is_off(name, *scope) { "  off" } else { "" };
                    writeln!(out, "      {}  {commit}{off}", one_line(name))
                        .expect("strings take text");
                }
                continue;
            }
            let shown_as = |name: &String| {
                let off = if self.is_off(name, *scope) { " (off)" } else { "" };
                one_line(name) + off
            };
            let names: Vec<String> = skills.keys().take(shown).map(shown_as).collect();
            let more = match skills.len() - shown {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            writeln!(out, "      {}{more}", names.join(", ")).expect("strings take text");
        }
        if !self.untracked.is_empty() {
            let title = paint.bold("Agent Skills, on disk but not managed");
            writeln!(out, "{title}").expect("strings take text");
            for ((name, scope), path) in &self.untracked {
                let path = if paths { format!("  {path}") } else { String::new() };
                writeln!(out, "  {}  {}{path}", one_line(name), paint.dim(scope.as_str()))
                    .expect("strings take text");
            }
        }
        out
    }
}
