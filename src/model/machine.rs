//! Which machine this is, for manifests that serve several.

/// What `when` in a manifest asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// One of [`Machine::SYSTEMS`], or a word that no manifest can ask for.
    pub os: String,
    /// In lower case, up to the first dot.
    pub host: String,
}

impl Machine {
    /// The systems that a manifest may name.
    pub const SYSTEMS: [&str; 4] = ["linux", "macos", "windows", "freebsd"];

    pub fn new(os: &str, host: &str) -> Self {
        let host = host.split('.').next().unwrap_or_default().to_lowercase();
        Self { os: os.to_owned(), host }
    }
}
