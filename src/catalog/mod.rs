//! `marketplace.json` and `plugin.json` as they are found in the wild.
