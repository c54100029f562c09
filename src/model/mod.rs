//! The words of the book as types: names, sources, facts, wishes. No behaviour beyond checking and printing.

mod diagnostic;
mod files;
mod intent;
mod name;
mod note;
mod roots;
mod scope;
mod source;
mod state;
mod tree;

pub use diagnostic::{Diagnostic, Position, position};
pub use files::Files;
pub use intent::{Intent, WantedMarketplace, WantedPlugin};
pub use name::{MarketplaceName, NameError, PluginId, PluginName};
pub use note::{Level, Note};
pub use roots::Roots;
pub use scope::{Client, Scope};
pub use source::Source;
pub use state::{Change, InstallRecord, Item, KnownMarketplace, Record, State};
pub use tree::{Commit, TreeHash};
