//! Files and folders on disk: reads, compare-and-replace writes, trees, the run lock.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this folder is where file access lives"
)]

pub mod client_lock;
pub mod disk;
pub mod place;
pub(in crate::machine) mod read;
pub mod run_lock;
pub mod tree;

/// Returns bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
