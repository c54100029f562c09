//! The folder with which a client keeps two writers of one of its files apart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::clients::LockFolder;
use crate::machine::interrupt;

/// How long to wait while others take turns.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Held around one replacement of a file, which takes milliseconds; the folder goes with this value.
#[derive(Debug)]
pub struct ClientLock {
    folder: PathBuf,
}

impl Drop for ClientLock {
    fn drop(&mut self) {
        // Somebody who took it for left behind may have removed it already.
        drop(fs::remove_dir(&self.folder));
    }
}

/// Tells whether somebody has the lock of a file, or left it behind.
pub fn is_taken(file: &Path, lock: LockFolder) -> bool {
    folder(file, lock).symlink_metadata().is_ok()
}

fn folder(file: &Path, lock: LockFolder) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(lock.ending);
    PathBuf::from(name)
}

/// Takes the lock of a file; waits while another holds it.
pub fn take(file: &Path, lock: LockFolder) -> io::Result<ClientLock> {
    let folder = folder(file, lock);
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let start = Instant::now();
    // A clock that is set back must not make a lock last for ever: our own watch counts as well.
    let mut seen: Option<(SystemTime, Instant)> = None;
    loop {
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(ClientLock { folder }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        if interrupt::ends() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some(made) = fs::symlink_metadata(&folder).and_then(|meta| meta.modified()).ok() else {
            continue;
        };
        let since = match seen {
            Some((at, since)) if at == made => since,
            _ => Instant::now(),
        };
        seen = Some((made, since));
        let age = SystemTime::now().duration_since(made).unwrap_or_default();
        if age > lock.stale || since.elapsed() > lock.stale {
            match fs::remove_dir(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        } else if start.elapsed() > PATIENCE {
            let text = format!("`{}` stays taken by another program", folder.display());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        } else {
            std::thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: LockFolder = LockFolder { ending: ".lock", stale: Duration::from_secs(10) };

    #[test]
    fn a_lock_stands_beside_the_file_and_goes_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("home/.claude.json");
        let folder = dir.path().join("home/.claude.json.lock");
        let lock = take(&file, LOCK).unwrap();
        assert!(folder.is_dir());
        drop(lock);
        assert!(!folder.exists());
    }

    #[test]
    fn a_lock_that_was_left_behind_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        let folder = dir.path().join("f.lock");
        fs::create_dir(&folder).unwrap();
        let old = SystemTime::now() - Duration::from_secs(11);
        fs::File::open(&folder).unwrap().set_modified(old).unwrap();
        drop(take(&file, LOCK).unwrap());
        assert!(!folder.exists());
    }

    #[test]
    fn a_fresh_lock_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        let first = take(&file, LOCK).unwrap();
        let waited = std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                let start = Instant::now();
                drop(take(&file, LOCK).unwrap());
                start.elapsed()
            });
            std::thread::sleep(Duration::from_millis(100));
            drop(first);
            second.join().unwrap()
        });
        assert!(waited >= Duration::from_millis(50), "{waited:?}");
    }
}
