//! What Claude Code 2.1.329 enforces of a settings file: one value that breaks a rule, and it ignores the
//! whole file without a word. Each rule was asked of the client; a test asks it again.

mod hooks;
mod keys;
mod rule;
mod sandbox;
mod sources;

use serde_json::{Map, Value};

pub use hooks::GUARDS;
pub use keys::KEYS;
pub use rule::{Fault, Field, Rule, Step};

/// Returns what the client holds against a settings file, declared marketplaces apart.
pub fn faults(settings: &Map<String, Value>) -> Vec<Fault> {
    rule::faults_of(KEYS, settings)
}

/// Returns what the client holds against hooks by event, as settings and plugins have them.
pub fn hook_faults(hooks: &Value) -> Vec<Fault> {
    hooks::HOOKS.faults(hooks)
}

#[cfg(test)]
mod tests;
