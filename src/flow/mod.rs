//! The engine: look, resolve, plan, show, apply, look again. What commands and other programs call.

pub mod adopt;
pub mod apply;
pub mod checkup;
pub mod converge;
pub mod draft;
pub mod gather;
pub mod gc;
pub mod generations;
pub mod host;
pub mod inspect;
pub mod manifest;
pub mod names;
pub mod observe;
pub mod plugin_servers;
pub mod project;
pub mod registered;
pub mod repair;
pub mod saved;
pub mod server_environment;
mod server_notes;
pub mod undo;

pub use converge::{Ask, Ended, Mode, Outcome, Prepared, Report, converge, drive};
pub use host::{Host, Question, Silent};
pub use manifest::Declared;
