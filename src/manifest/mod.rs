//! `skills.toml`: text in, checked intent out; and edits that keep every comment.
