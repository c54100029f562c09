//! One zskills at a time changes a home.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use super::disk::{self, Most};
use crate::machine::interrupt;

/// How long a run waits for another before it gives up, unless somebody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Held while a command changes things; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Takes the lock in the state folder; `waiting` is told once who holds it, when another run does.
pub fn take(state_dir: &Path, patience: Duration, waiting: impl FnOnce(&str)) -> Result<RunLock> {
    // What zskills remembers is nobody else's business.
    disk::private_folder(state_dir)
        .with_context(|| format!("cannot create `{}`", state_dir.display()))?;
    let path = state_dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open `{}`", path.display()))?;
    let deadline = Instant::now() + patience;
    let mut waiting = Some(waiting);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(RunLock { _file: file }),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                if interrupt::ends() {
                    bail!("interrupted");
                }
                if let Some(waiting) = waiting.take() {
                    waiting(&holder(&file));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => {
                let waited = match patience.as_secs() {
                    0 => String::new(),
                    seconds => format!(", also after {seconds} seconds"),
                };
                bail!(
                    "{} changes this home{waited}\n\
                     hint: `--wait SECONDS` waits longer; the lock is `{}`",
                    holder(&file),
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
            }
        }
    }
}

/// Returns who holds a lock and for how long that process has been running, where the system says so.
fn holder(file: &File) -> String {
    let known = file.metadata().ok().and_then(|meta| process_with(meta.ino()));
    let Some(process) = known else { return "another zskills".to_owned() };
    let started = fs::metadata(format!("/proc/{process}")).and_then(|meta| meta.modified());
    let since = started.ok().and_then(|started| SystemTime::now().duration_since(started).ok());
    match since {
        Some(since) => {
            format!("another zskills (process {process}, for {} seconds)", since.as_secs())
        }
        None => format!("another zskills (process {process})"),
    }
}

/// Returns the process that has a lock on the file with a number.
fn process_with(inode: u64) -> Option<u32> {
    let locks = disk::read(Path::new("/proc/locks"), Most::TEXT).ok()??;
    let locks = String::from_utf8_lossy(&locks).into_owned();
    // `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let kind = words.next()?;
        let (process, place) = (words.nth(2)?, words.next()?);
        let is_it = kind == "FLOCK" && place.rsplit(':').next() == Some(&inode.to_string());
        is_it.then(|| process.parse().ok()).flatten()
    })
}
