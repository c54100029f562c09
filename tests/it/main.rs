//! Scenarios: the binary in a home of its own, with real git repositories beside it.

#![expect(clippy::disallowed_methods, reason = "tests read and write their sandbox")]

mod http;
mod repo;
mod sandbox;

mod itself;
