//! The index of a clone: git's list of the files it has written, with what the disk says of each.
//!
//! With it `git status` finds a clone clean without reading or converting a file.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::evidence::{Listed, What};
use super::object::Format;

/// Returns an index of version 2 for files in the order of their paths.
pub(super) fn render(listed: &[Listed], stats: &[Option<Metadata>], format: Format) -> Vec<u8> {
    let mut index = Vec::with_capacity(listed.len() * 100);
    index.extend_from_slice(b"DIRC");
    index.extend_from_slice(&2_u32.to_be_bytes());
    index.extend_from_slice(&u32::try_from(listed.len()).unwrap_or(u32::MAX).to_be_bytes());
    for (file, stat) in listed.iter().zip(stats) {
        entry(&mut index, file, stat.as_ref());
    }
    let sum = match format {
        Format::Sha1 => Sha1::digest(&index).to_vec(),
        Format::Sha256 => Sha256::digest(&index).to_vec(),
    };
    index.extend_from_slice(&sum);
    index
}

fn entry(index: &mut Vec<u8>, file: &Listed, stat: Option<&Metadata>) {
    let begin = index.len();
    let mode: u32 = match file.what {
        What::File => 0o100_644,
        What::Executable => 0o100_755,
        What::Link => 0o120_000,
        What::Module => 0o160_000,
    };
    let number = |of: fn(&Metadata) -> u64| low(stat.map_or(0, of));
    let time = |of: fn(&Metadata) -> i64| low(stat.map_or(0, of).cast_unsigned());
    for number in [
        time(Metadata::ctime),
        time(Metadata::ctime_nsec),
        time(Metadata::mtime),
        time(Metadata::mtime_nsec),
        number(Metadata::dev),
        number(Metadata::ino),
        mode,
        number(|stat| stat.uid().into()),
        number(|stat| stat.gid().into()),
        number(Metadata::size),
    ] {
        index.extend_from_slice(&number.to_be_bytes());
    }
    index.extend_from_slice(file.id.raw());
    let path = file.path.as_os_str().as_bytes();
    let length = u16::try_from(path.len()).unwrap_or(u16::MAX).min(0x0fff);
    index.extend_from_slice(&length.to_be_bytes());
    index.extend_from_slice(path);
    // At least one zero, and as many as a multiple of eight takes.
    let padding = 8 - (index.len() - begin) % 8;
    index.resize(index.len() + padding, 0);
}

/// git keeps the lower half of every number.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}
