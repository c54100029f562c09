//! What pins bytes: commits, tree hashes and digests.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A full git object id in lower-case hex (40 digits, or 64 in a SHA-256 repository).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commit(String);

impl Commit {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first 12 digits, which the client uses as a version.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for Commit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && matches!(text.len(), 40 | 64) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `sha256:<64 hex>` over the sorted paths, executable bits and bytes of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeHash(String);

impl TreeHash {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TreeHash {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.strip_prefix("sha256:") {
            Some(hex) if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(()),
        }
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first 40 hex digits of a SHA-256: tells what a part of a tree says from what it said before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// What something runs, starts or may do unasked, in words, each with the digest of all that it says.
pub type Powers = BTreeMap<String, Digest>;

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_sum(&Sha256::digest(bytes))
    }

    /// Takes a whole SHA-256.
    pub fn from_sum(sum: &[u8]) -> Self {
        let mut hex = String::with_capacity(40);
        for byte in sum.iter().take(20) {
            write!(hex, "{byte:02x}").expect("strings take text");
        }
        Self(hex)
    }

    /// Returns the digest of some things together, which is that of the one if there is one.
    pub fn of_all<'a>(digests: impl IntoIterator<Item = &'a Self>) -> Self {
        let texts: Vec<&str> = digests.into_iter().map(Self::as_str).collect();
        match texts.as_slice() {
            [one] => Self((*one).to_owned()),
            many => Self::of(many.join(" ").as_bytes()),
        }
    }

    /// Returns the digest of some powers, by which a person accepts these and no others.
    pub fn of_powers(powers: &Powers) -> Self {
        let mut text = String::new();
        for (power, digest) in powers {
            text.extend([digest.as_str(), " ", power, "\n"]);
        }
        Self::of(text.as_bytes())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && text.len() == 40 { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
