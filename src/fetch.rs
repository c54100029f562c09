//! Sources in, checkouts in our cache out: in parallel, each once.
