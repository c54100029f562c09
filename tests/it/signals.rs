//! Ctrl-C and its like, and runs that have to wait for each other.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;
use crate::{tools, wants};

/// Waits until something holds, for as long as a busy machine may take.
fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A home in which git writes down its number and hangs.
fn hanging() -> Sandbox {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    let file = home.path("~/git-runs").display().to_string();
    home.shim_with(
        "git",
        &format!("sleep 600 & echo $! > {file}.new && mv {file}.new {file}\nwait"),
    );
    home
}

fn is_running(process: &str) -> bool {
    // A process that has ended and was not waited for by anybody counts as gone.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

fn ended_by(signal: &str, code: i32) {
    let home = hanging();
    let mut command = home.command(&["sync", "--json"]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("git is started", || home.exists("~/git-runs"));
    let process = home.read("~/git-runs").trim().to_owned();
    let kill = Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let start = Instant::now();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    until("what git started is gone", || !is_running(&process));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["schema"], &document["exit"]), (&"zskills/error/1".into(), &code.into()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    let staged = home.subtree("~/.cache/zskills/staging");
    assert!(staged.is_empty(), "{staged:?}");
}

#[test]
fn ctrl_c_ends_every_program_and_leaves_nothing_half_made() {
    ended_by("-INT", 130);
}

#[test]
fn a_termination_does_too() {
    ended_by("-TERM", 143);
}

#[test]
fn a_closed_terminal_does_too() {
    ended_by("-HUP", 129);
}

#[test]
fn what_is_ignored_stays_ignored() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    let (started, goes_on) = (home.path("~/started"), home.path("~/goes-on"));
    let wait = format!(
        "touch {}\nwhile [ ! -e {} ]; do sleep 0.01; done\nexec {{}} \"$@\"",
        started.display(),
        goes_on.display()
    );
    home.shim_with("git", &wait);
    let script = format!("trap '' HUP; exec {} sync", env!("CARGO_BIN_EXE_zskills"));
    let mut command = home.program("sh".as_ref(), &["-c", &script]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("git is started", || started.exists());
    assert!(Command::new("kill").args(["-HUP", &run.id().to_string()]).status().unwrap().success());
    std::fs::write(goes_on, "").unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn whoever_waits_is_told_for_whom() {
    let home = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&home);
    home.synced();
    let lock = File::options().write(true).open(home.path("~/.local/state/zskills/lock")).unwrap();
    lock.lock().unwrap();
    let holder = format!("process {}", std::process::id());
    let start = Instant::now();
    home.zskills(&["sync", "--no-wait"]).expect(1).says(&[&holder, "changes this home", "--wait"]);
    home.zskills(&["disable", "alpha", "--wait", "1"]).expect(1).says(&["after 1 seconds"]);
    assert!(start.elapsed() < Duration::from_secs(60));
    // Whoever only looks needs no lock.
    home.zskills(&["sync", "--check"]).expect(0);
    home.zskills(&["list"]).expect(0);
    home.zskills(&["history"]).expect(0);
    home.zskills(&["undo", "--dry-run"]).expect(0);
    home.zskills(&["gc", "--dry-run"]).expect(0);
    drop(lock);
    home.synced();
}
