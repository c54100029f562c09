//! The words of the book as types: names, sources, facts, wishes. No behaviour beyond checking and printing.

mod address;
mod client;
mod denial;
mod diagnostic;
mod files;
mod intent;
mod json;
mod machine;
mod name;
mod note;
mod own_file;
pub mod paint;
mod pattern;
mod redact;
mod registry_source;
mod request;
mod roots;
mod scope;
mod secret;
mod server;
mod size;
mod skill;
mod source;
mod state;
mod suggest;
mod text;
mod tree;
mod variable;

#[cfg(test)]
pub use address::spelling;
pub use address::{Address, AddressFault};
pub use client::{Client, ClientHome};
pub use denial::{Denial, RulePlace};
pub use diagnostic::{Diagnostic, Faults, Position, position};
pub use files::Files;
pub use intent::{
    Elsewhere, HistoryRules, Intent, SkillSource, SourceRule, TeamPolicy, WELL_KNOWN_MARKETPLACES,
    Waiting, WantedMarketplace, WantedPlugin, WantedServer, WantedSkill, well_known_marketplace,
};
pub use json::{canonical_json, same_json};
pub use machine::Machine;
pub use name::{MarketplaceName, NameError, PluginId, PluginName, SkillName};
pub use note::{About, Level, Note, Trouble};
pub use own_file::{OwnFile, STAGING, TRASH};
pub use pattern::{is_glob, matches, matches_any};
pub use redact::{is_token, redact_url, without_login, without_path_tokens};
pub use registry_source::{REMOTE_INDEX, RegistrySource};
pub use request::{Request, Revision};
pub use roots::{Binding, Roots};
pub use scope::{Reach, Scope};
pub use secret::{secret_in, shown_address, shown_words, without_secret};
#[cfg(test)]
pub use server::generated;
pub use server::{Field, FieldValue, Pairs, ServerRecord, Transport};
pub use size::{shown_size, size_in};
pub use skill::{LinkKind, SkillOrigin, SkillRecord};
pub use source::{ReferenceError, Source, SourceError, check_reference};
pub use state::{Change, Fact, InstallRecord, Item, KnownMarketplace, Record, Row, State, Thing};
pub use suggest::did_you_mean;
pub use text::{Part, Text};
pub use tree::{Commit, Digest, Powers, TreeHash};
pub use variable::{Variable, unclosed_in, variables_in};
