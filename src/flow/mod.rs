//! The engine: look, gather, plan, apply, look again. What commands and other programs call.

pub mod apply;
pub mod checkup;
pub mod gather;
pub mod observe;
pub mod plugin_servers;
pub mod registered;
pub mod server_environment;
