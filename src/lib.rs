//! zskills: makes the plugins, skills and MCP servers of agentic coding clients match one file.

pub mod archive;
pub mod catalog;
pub mod clients;
pub mod fetch;
pub mod formats;
pub mod git;
pub mod http;
pub mod lock;
pub mod manifest;
pub mod model;
pub mod npm;
mod process;
pub mod skill;
pub mod store;
