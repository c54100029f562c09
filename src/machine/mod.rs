//! Everything that touches the world: environment, processes, network, disk and terminal.

pub mod archive;
pub mod checkpoint;
pub mod env;
pub mod fetch;
pub mod git;
pub mod http;
pub mod index;
pub mod installer;
pub mod interrupt;
pub mod npm;
pub(crate) mod parallel;
pub(crate) mod process;
pub mod program;
pub mod store;
pub mod terminal;
