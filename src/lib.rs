//! zskills: makes the plugins, skills and MCP servers of agentic coding clients match one file.
//!
//! Each folder is a room named after what it holds, and names only rooms below it:
//! `cli → flow → {doctor, plan, resolve, machine} → {content, declared, clients} → formats → model`.

pub mod cli;
pub mod clients;
pub mod content;
pub mod declared;
pub mod doctor;
pub mod flow;
pub mod formats;
pub mod machine;
pub mod model;
pub mod plan;
pub mod resolve;
