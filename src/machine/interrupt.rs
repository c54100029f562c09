//! Ctrl-C, SIGTERM and SIGHUP: programs under way end at once, the step in hand is finished, and nothing
//! that was only made ready stays.

#![expect(clippy::disallowed_methods, reason = "what was made ready is files")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;

use crate::machine::store::disk::{self, Most};

/// The process groups of programs under way, each by the number of the one that leads it.
static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Folders in which something is made ready.
static STAGED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Held by whoever is in the middle of something that has to be whole.
static STEP: Mutex<()> = Mutex::new(());

/// A signal was caught, and this process is about to end.
static ENDS: AtomicBool = AtomicBool::new(false);

/// The thread that ends the process.
const THREAD: &str = "signals";

/// How many programs have the terminal for themselves.
static PAUSED: AtomicUsize = AtomicUsize::new(0);

/// Has signals end the process in good order from now on; `tell` is given the exit code.
///
/// A second signal ends it as it always would. What whoever started us ignores stays ignored.
pub fn watch(tell: impl FnOnce(u8) + Send + 'static) -> io::Result<()> {
    let ignored = ignored();
    let is_ours = |signal: &i32| ignored & (1 << (signal - 1)) == 0;
    let watched: Vec<i32> = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(is_ours).collect();
    let again = Arc::new(AtomicBool::new(false));
    for signal in &watched {
        register_conditional_default(*signal, Arc::clone(&again))?;
    }
    let mut signals = Signals::new(&watched)?;
    let wait = move || {
        let is_meant = |signal: &i32| *signal != SIGINT || PAUSED.load(Ordering::SeqCst) == 0;
        let Some(signal) = signals.forever().find(is_meant) else { return };
        again.store(true, Ordering::SeqCst);
        end(signal, tell);
    };
    thread::Builder::new().name(THREAD.to_owned()).spawn(wait).map(drop)
}

#[expect(clippy::exit, reason = "the other threads are in the middle of what is given up")]
fn end(signal: i32, tell: impl FnOnce(u8)) {
    ENDS.store(true, Ordering::SeqCst);
    let groups = lock(&GROUPS);
    for group in groups.iter().copied().filter_map(Pid::from_raw) {
        // It may have ended in this moment.
        let _ = kill_process_group(group, Signal::KILL);
    }
    drop(groups);
    let _step = lock(&STEP);
    for folder in lock(&STAGED).iter() {
        // What cannot be removed is swept by the next run.
        let _ = fs::remove_dir_all(folder);
    }
    let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
    tell(code);
    std::process::exit(i32::from(code));
}

/// Keeps the process from ending while something is done that has to be whole.
pub fn step() -> MutexGuard<'static, ()> {
    lock(&STEP)
}

/// Tells whether the process is about to end, so that nothing is to be waited for.
pub fn ends() -> bool {
    ENDS.load(Ordering::SeqCst)
}

/// Does not return while the process is about to end: what failed because of that is nothing to tell of.
pub fn rest() {
    while ends() && thread::current().name() != Some(THREAD) {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Does not return when a signal that was sent to this process ends it; another thread hears of that, in
/// a moment.
pub fn expected() {
    for _ in 0..100 {
        rest();
        thread::sleep(Duration::from_millis(10));
    }
}

/// Has a folder removed when the process is ended before its time.
pub fn staged(folder: &Path) {
    lock(&STAGED).insert(folder.to_owned());
}

/// Leaves Ctrl-C to a program that has the terminal, as long as this value lives.
pub fn pause() -> Pause {
    PAUSED.fetch_add(1, Ordering::SeqCst);
    Pause
}

/// See [`pause`].
#[derive(Debug)]
pub struct Pause;

impl Drop for Pause {
    fn drop(&mut self) {
        PAUSED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Gives access to the groups of programs under way. While it is held none of them is killed.
pub(super) fn groups() -> MutexGuard<'static, BTreeSet<i32>> {
    lock(&GROUPS)
}

/// Returns the signals that are ignored, as bits, where the system says so.
fn ignored() -> u64 {
    let status = disk::read(Path::new("/proc/self/status"), Most::WORD).ok().flatten();
    let status = String::from_utf8_lossy(&status.unwrap_or_default()).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0)
}

/// A thread that panicked ends the process, so that what it held does not matter.
fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
