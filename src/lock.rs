//! `skills.lock`: exactly which bytes.
