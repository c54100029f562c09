//! git as a hardened subprocess.
