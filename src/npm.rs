//! npm packages through the `npm` on PATH.
