//! Downloads with limits.
