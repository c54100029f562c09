//! Points between two changes of the disk, at which a test ends the process as a power cut would.
//!
//! Only builds with the cargo feature `checkpoints` have any; a release never does.

/// Ends the process without a word when this is the point that the test asked for.
#[cfg(feature = "checkpoints")]
pub fn here() {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::machine::env;

    static PASSED: AtomicU32 = AtomicU32::new(0);
    static WANTED: LazyLock<Option<u32>> =
        LazyLock::new(|| env::value("ZSKILLS_END_AT")?.parse().ok());
    let point = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if *WANTED == Some(point) {
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(feature = "checkpoints"))]
pub const fn here() {}
