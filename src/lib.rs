//! zskills: makes the plugins, skills and MCP servers of agentic coding clients match one file.

pub mod apply;
pub mod archive;
pub mod bundled;
pub mod catalog;
pub mod clients;
pub mod commands;
pub mod doctor;
pub mod env;
pub mod fetch;
pub mod formats;
pub mod gather;
pub mod git;
pub mod http;
mod installer;
pub mod ledger;
pub mod lock;
pub mod manifest;
pub mod model;
pub mod npm;
pub mod observe;
mod parallel;
pub mod plan;
mod process;
pub mod resolve;
pub mod skill;
pub mod store;
pub mod ui;
