//! The hash of a tree in the making.

use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::model::TreeHash;

/// Takes the entries of a tree in the order of their paths.
#[derive(Default)]
pub(in crate::machine) struct Sum(Sha256);

impl Sum {
    pub fn link(&mut self, path: &Path, target: &Path) {
        let target = target.as_os_str().as_bytes();
        self.begin(path, b'l', target.len() as u64);
        self.0.update(target);
    }

    /// Begins a file of so many bytes, which must all come before the next entry.
    pub fn file(&mut self, path: &Path, executable: bool, length: u64) -> Feed<'_> {
        self.begin(path, if executable { b'x' } else { b'f' }, length);
        Feed { sum: &mut self.0, left: length }
    }

    pub fn finish(self) -> TreeHash {
        super::tree_hash(&self.0.finalize())
    }

    fn begin(&mut self, path: &Path, kind: u8, length: u64) {
        let path = path.as_os_str().as_bytes();
        self.0.update((path.len() as u64).to_le_bytes());
        self.0.update(path);
        self.0.update([kind]);
        self.0.update(length.to_le_bytes());
    }
}

/// Takes the bytes of one file.
pub(in crate::machine) struct Feed<'a> {
    sum: &'a mut Sha256,
    left: u64,
}

impl Feed<'_> {
    /// Takes some bytes; more than were announced are an error.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(changed)?;
        self.sum.update(bytes);
        Ok(())
    }

    /// Ends the file; fewer bytes than were announced are an error.
    pub fn end(self) -> io::Result<()> {
        if self.left == 0 { Ok(()) } else { Err(changed()) }
    }

    /// Takes all that a reader has.
    pub fn read(mut self, mut from: impl Read) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return self.end(),
                Ok(length) => self.bytes(&buffer[..length])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn changed() -> io::Error {
    io::Error::other("it changed while it was read")
}
