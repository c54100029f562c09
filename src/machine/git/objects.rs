//! Reads objects out of a folder of them. git unpacks, we hash: what it hands out is what its name
//! says, or it is an error.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::evidence::{Broken, Evidence, parts};
use super::object::{Hasher, Id, Kind, Mode};
use super::{Git, bare};
use crate::machine::process::Talk;
use crate::model::Commit;

/// A running `git cat-file`, which is told ids and says what they name.
pub(in crate::machine) struct Objects {
    talk: BufReader<Talk>,
}

/// A commit is a text, a folder a list of names.
const MOST_COMMIT: u64 = 1 << 20;
const MOST_FOLDER: u64 = 64 << 20;
const MOST_LINE: u64 = 200;

impl Objects {
    /// Opens a folder of objects. `scratch` is an empty folder that the caller keeps.
    pub fn open(git: &Git, objects: &Path, id: Id, scratch: &Path) -> Result<Self, Broken> {
        let failed = |error: io::Error| Broken::Read(error.to_string());
        bare::create(scratch, id.format(), "").map_err(failed)?;
        let mut command =
            git.local(scratch, objects).map_err(|missing| Broken::Read(missing.to_string()))?;
        command.args(["cat-file", "--batch"]);
        // Unpacking is no matter of the network, but a hostile pack may take for ever.
        let until = Instant::now().checked_add(git.timeout.max(Duration::from_secs(60)));
        let talk = Talk::start(&mut command, until).map_err(failed)?;
        Ok(Self { talk: BufReader::with_capacity(64 << 10, talk) })
    }

    /// Reads a commit and its folders, or those that lead to one folder and are below it.
    pub fn evidence(&mut self, commit: &Commit, within: Option<&str>) -> Result<Evidence, Broken> {
        let id = Id::of(commit);
        let mut evidence = Evidence::new(id.format());
        self.ask(id);
        let bytes = self.whole(id, Kind::Commit, MOST_COMMIT)?;
        evidence.add(Kind::Commit, bytes)?;
        let mut folders = vec![evidence.root(commit)?];
        for part in parts(within).map(Some).chain([None]) {
            self.folders(&mut evidence, &folders)?;
            let Some(name) = part else { break };
            let named = evidence.folder(folders[0])?;
            let is_next = |named: &&super::object::Named| {
                named.mode == Mode::Folder && named.name == name.as_encoded_bytes()
            };
            folders = named.iter().filter(is_next).map(|named| named.id).collect();
            if folders.len() != 1 {
                return Err(Broken::NoFolder(within.unwrap_or_default().to_owned()));
            }
        }
        while !folders.is_empty() {
            let mut below = Vec::new();
            for folder in &folders {
                let named = evidence.folder(*folder)?.into_iter();
                below.extend(named.filter(|n| n.mode == Mode::Folder).map(|n| n.id));
            }
            below.sort_unstable();
            below.dedup();
            below.retain(|id| evidence.get(*id, Kind::Tree).is_none());
            self.folders(&mut evidence, &below)?;
            folders = below;
        }
        Ok(evidence)
    }

    fn folders(&mut self, evidence: &mut Evidence, ids: &[Id]) -> Result<(), Broken> {
        for id in ids {
            self.ask(*id);
        }
        for id in ids {
            let bytes = self.whole(*id, Kind::Tree, MOST_FOLDER)?;
            evidence.add(Kind::Tree, bytes)?;
        }
        Ok(())
    }

    /// Asks for an object. The answers come in the order of the questions.
    pub fn ask(&mut self, id: Id) {
        self.talk.get_mut().ask(format!("{id}\n").as_bytes());
    }

    /// Returns the object that was asked for.
    pub fn whole(&mut self, id: Id, kind: Kind, most: u64) -> Result<Vec<u8>, Broken> {
        let mut bytes = Vec::new();
        let length = self.begin(id, kind)?;
        if length > most {
            return Err(Broken::TooMuch("a folder can be large"));
        }
        self.rest(id, kind, length, |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Begins to read the object that was asked for, and returns its length.
    pub fn begin(&mut self, id: Id, kind: Kind) -> Result<u64, Broken> {
        let mut line = Vec::new();
        let read = self.talk.by_ref().take(MOST_LINE).read_until(b'\n', &mut line);
        self.check(read.map(drop))?;
        let said = String::from_utf8_lossy(&line);
        let words: Vec<&str> = said.split_whitespace().collect();
        match words[..] {
            [name, "missing"] if name == id.to_string() => Err(Broken::Missing(id.to_string())),
            [name, found, length] if name == id.to_string() && found == kind.name() => {
                length.parse().map_err(|_| self.broken())
            }
            [name, _, _] if name == id.to_string() => Err(Broken::Damaged(id.to_string())),
            _ => Err(self.broken()),
        }
    }

    /// Hands out the bytes of the object that was begun, and checks that it is the one.
    pub fn rest(
        &mut self,
        id: Id,
        kind: Kind,
        length: u64,
        mut to: impl FnMut(&[u8]) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let mut hasher = Hasher::new(id.format(), kind, length);
        let mut left = length;
        while left > 0 {
            let part = match self.talk.fill_buf() {
                Ok(part) if !part.is_empty() => part,
                result => {
                    let result = result.map(drop);
                    self.check(result)?;
                    return Err(self.broken());
                }
            };
            let part = &part[..part.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            hasher.update(part);
            to(part)?;
            let length = part.len();
            self.talk.consume(length);
            left -= length as u64;
        }
        let mut end = [0];
        let read = self.talk.read_exact(&mut end);
        self.check(read)?;
        if hasher.finish() == id { Ok(()) } else { Err(Broken::Damaged(id.to_string())) }
    }

    fn check(&mut self, read: io::Result<()>) -> Result<(), Broken> {
        match read {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.broken()),
            Err(error) => Err(Broken::Read(error.to_string())),
        }
    }

    /// Returns why git has nothing more to say.
    fn broken(&mut self) -> Broken {
        let said = self.talk.get_mut().complaints();
        let last = said.lines().last().unwrap_or("git ended without a word");
        Broken::Read(super::redact(last))
    }
}
