//! Where a client's registry says that a marketplace comes from.

use super::Source;

/// The kind of source that a remote index has in a registry. It is ours: no client knows it.
pub const REMOTE_INDEX: &str = "remote-index";

/// The origin that a client has noted for a marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrySource {
    /// One that a manifest can say too, its branch, tag or commit included.
    Known(Source),
    /// Any other; it is shown and never written.
    Other {
        /// The client's word for its kind, if it has one.
        kind: Option<String>,
        /// As the client holds it, in JSON on one line.
        text: String,
    },
}

impl RegistrySource {
    /// Returns the source, if a manifest can say it.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Known(source) => Some(source),
            Self::Other { .. } => None,
        }
    }

    /// Tells whether it is this very place and revision, however it is spelled.
    pub fn means(&self, source: &Source) -> bool {
        self.source()
            .is_some_and(|own| own.same_place(source) && own.reference() == source.reference())
    }
}
