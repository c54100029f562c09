//! Remembers hashes of trees that have not been touched since.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use crate::machine::parallel;
use crate::machine::store::read::{Most, read};
use crate::model::TreeHash;

use super::{TreeError, walk};

/// Tree hashes by folder, each valid while sizes, times and inodes in the folder stay the same.
pub struct Fingerprints {
    file: PathBuf,
    known: BTreeMap<PathBuf, Known>,
    /// Folders that changed so shortly before they were hashed that a later change could carry
    /// the same times.
    young: BTreeMap<PathBuf, SystemTime>,
    /// Folders that we have just written ourselves, and what they hash to.
    placed: BTreeMap<PathBuf, TreeHash>,
    changed: bool,
}

struct Known {
    fingerprint: String,
    hash: TreeHash,
}

const HEADER: &str = "zskills fingerprints 1";

/// Kernels stamp files with a clock that ticks every 1 to 10 ms.
const TICK: Duration = Duration::from_millis(20);

impl Fingerprints {
    /// Reads what was saved in a cache folder; a missing or damaged file is an empty memory.
    pub fn load(cache_dir: &Path) -> Self {
        let file = cache_dir.join("fingerprints");
        let saved = read(&file, Most::OWN).ok().flatten().and_then(|b| String::from_utf8(b).ok());
        let known = saved.and_then(|text| parse(&text)).unwrap_or_default();
        Self { file, known, young: BTreeMap::new(), placed: BTreeMap::new(), changed: false }
    }

    /// Returns the hash of a tree; reads its files only when something about them has changed.
    pub fn hash(&mut self, root: &Path) -> Result<TreeHash, TreeError> {
        self.hash_with(root, super::hash)
    }

    /// Returns the hashes of many trees, in their order; what cannot be read has none.
    pub fn hash_all(&mut self, roots: &[PathBuf]) -> Vec<Option<TreeHash>> {
        let stamps = parallel::map(roots, |root| Stamp::of(root));
        let mut hash = |(root, stamp): (&PathBuf, Result<Stamp, TreeError>)| {
            self.hash_at(root, stamp.ok()?, super::hash).ok()
        };
        roots.iter().zip(stamps).map(&mut hash).collect()
    }

    /// As [`Fingerprints::hash`], but refuses a tree that must not be placed.
    pub fn hash_checked(&mut self, root: &Path) -> Result<TreeHash, TreeError> {
        self.hash_with(root, |root| {
            super::check(root, super::Limits::DEFAULT)?;
            super::hash(root)
        })
    }

    fn hash_with(
        &mut self,
        root: &Path,
        hash: impl FnOnce(&Path) -> Result<TreeHash, TreeError>,
    ) -> Result<TreeHash, TreeError> {
        let stamp = Stamp::of(root)?;
        self.hash_at(root, stamp, hash)
    }

    fn hash_at(
        &mut self,
        root: &Path,
        stamp: Stamp,
        hash: impl FnOnce(&Path) -> Result<TreeHash, TreeError>,
    ) -> Result<TreeHash, TreeError> {
        if let Some(known) = self.known.get(root)
            && known.fingerprint == stamp.fingerprint
        {
            return Ok(known.hash.clone());
        }
        let hash = hash(root)?;
        match SystemTime::now().duration_since(stamp.newest) {
            Ok(age) if age > TICK => self.remember(root, stamp.fingerprint, hash.clone()),
            Ok(_) => drop(self.young.insert(root.to_owned(), stamp.newest)),
            // Times in the future say nothing.
            Err(_) => {}
        }
        Ok(hash)
    }

    /// Takes in what a folder hashes to that was written a moment ago, without reading it again.
    pub fn placed(&mut self, root: &Path, hash: TreeHash) {
        self.placed.insert(root.to_owned(), hash);
    }

    /// Writes the memory if a hash was added since it was loaded.
    ///
    /// Trees that were too young to be remembered are hashed once more first, so that the next
    /// run finds all of them known.
    pub fn save_if_changed(&mut self) -> io::Result<()> {
        let placed: Vec<(PathBuf, TreeHash)> =
            std::mem::take(&mut self.placed).into_iter().collect();
        let stamps = || parallel::map(&placed, |(root, _)| Stamp::of(root));
        if let Some(newest) = stamps().iter().flatten().map(|stamp| stamp.newest).max() {
            outwait(newest);
        }
        for ((root, hash), stamp) in placed.iter().zip(stamps()) {
            // A tree that is gone by now has nothing to remember.
            if let Ok(stamp) = stamp {
                self.remember(root, stamp.fingerprint, hash.clone());
            }
        }
        for (root, newest) in std::mem::take(&mut self.young) {
            outwait(newest);
            // A tree that is gone by now has no hash to remember.
            let _ = self.hash(&root);
        }
        if !self.changed {
            return Ok(());
        }
        self.known.retain(|root, _| root.is_dir());
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.text().as_bytes())?;
        file.persist(&self.file)?;
        self.changed = false;
        Ok(())
    }

    fn remember(&mut self, root: &Path, fingerprint: String, hash: TreeHash) {
        self.known.insert(root.to_owned(), Known { fingerprint, hash });
        self.changed = true;
    }

    fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (root, known) in &self.known {
            // Paths that a line cannot hold are hashed anew each time.
            if let Some(root) = root.to_str().filter(|root| !root.contains('\n')) {
                text.extend([&known.fingerprint, " ", known.hash.as_str(), " ", root, "\n"]);
            }
        }
        text
    }
}

/// Waits until a change would carry another time than this one; times in the future say nothing.
fn outwait(newest: SystemTime) {
    if let Ok(rest) = (newest + TICK).duration_since(SystemTime::now())
        && rest <= TICK
    {
        std::thread::sleep(rest + Duration::from_millis(1));
    }
}

fn parse(text: &str) -> Option<BTreeMap<PathBuf, Known>> {
    let lines = text.strip_prefix(HEADER)?.strip_prefix('\n')?;
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let fingerprint = parts.next()?.to_owned();
        let hash = parts.next()?.parse().ok()?;
        Some((PathBuf::from(parts.next()?), Known { fingerprint, hash }))
    };
    lines.lines().map(line).collect()
}

/// What `stat` says about all files of a tree.
struct Stamp {
    fingerprint: String,
    newest: SystemTime,
}

impl Stamp {
    fn of(root: &Path) -> Result<Self, TreeError> {
        let mut rows = Vec::new();
        let mut newest = SystemTime::UNIX_EPOCH;
        walk::each_folder(root, |_, entries| {
            for (path, entry) in entries {
                let io = |e| TreeError::io(path, e);
                if entry.file_type().map_err(io)?.is_dir() {
                    continue;
                }
                let metadata = entry.metadata().map_err(io)?;
                newest = newest.max(changed(&metadata));
                rows.push((path.clone(), numbers(&metadata)));
            }
            Ok(())
        })?;
        rows.sort_unstable();
        let mut digest = Sha256::new();
        for (path, numbers) in rows {
            let path = path.as_os_str().as_bytes();
            digest.update((path.len() as u64).to_le_bytes());
            digest.update(path);
            for number in numbers {
                digest.update(number.to_le_bytes());
            }
        }
        Ok(Self { fingerprint: crate::machine::store::hex(&digest.finalize()[..16]), newest })
    }
}

fn changed(metadata: &fs::Metadata) -> SystemTime {
    let seconds = Duration::from_secs(metadata.ctime().try_into().unwrap_or_default());
    let nanos = Duration::from_nanos(metadata.ctime_nsec().try_into().unwrap_or_default());
    SystemTime::UNIX_EPOCH + seconds + nanos
}

fn numbers(metadata: &fs::Metadata) -> [i64; 7] {
    [
        metadata.size().cast_signed(),
        metadata.ino().cast_signed(),
        i64::from(metadata.mode()),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    ]
}
