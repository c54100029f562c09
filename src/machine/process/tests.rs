#![expect(clippy::disallowed_methods, reason = "processes are what is tested")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use super::*;

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Writes a script that can be run at once. Another process writes it: a child that another thread
/// starts meanwhile would hold the file open for writing, and such a file cannot be run.
pub(crate) fn program(path: &Path, script: &str) {
    let mut writer = sh("cat > \"$0\" && chmod 755 \"$0\"");
    let mut writer = writer.arg(path).stdin(Stdio::piped()).spawn().unwrap();
    let text = format!("#!/bin/sh\n{script}\n");
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

fn code(end: End) -> Option<i32> {
    match end {
        End::Status(status) => status.code(),
        End::Timeout | End::TooMuch => None,
    }
}

#[test]
fn what_comes_after_the_end_is_still_heard_and_an_open_pipe_is_not_waited_for() {
    let script = "(sleep 0.2; echo late >&2; sleep 20) & echo early; exit 3";
    let start = Instant::now();
    let ended = run(&mut sh(script), Limit::after(Duration::from_secs(30))).unwrap();
    assert_eq!(code(ended.end), Some(3));
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("early\n", "late\n"));
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_time_that_no_clock_can_show_is_for_ever() {
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX)] {
        let ended = run(&mut sh("echo x"), Limit::after(timeout)).unwrap();
        assert_eq!((code(ended.end), ended.stdout.as_str()), (Some(0), "x\n"));
    }
}

#[test]
fn a_process_that_closed_its_pipes_is_waited_for_until_the_limit() {
    let closed = "exec >&- 2>&-; sleep";
    let ended = run(&mut sh(&format!("{closed} 0.1")), Limit::after(Duration::from_secs(30)));
    assert_eq!(code(ended.unwrap().end), Some(0));
    let ended = run(&mut sh(&format!("{closed} 30")), Limit::after(Duration::from_millis(200)));
    assert_eq!(ended.unwrap().end, End::Timeout);
}

#[test]
fn a_process_that_makes_or_says_too_much_is_ended() {
    let start = Instant::now();
    let made = Limit { too_much: &|| true, ..Limit::after(Duration::from_secs(30)) };
    assert_eq!(run(&mut sh("sleep 30"), made).unwrap().end, End::TooMuch);
    // Words without end, so that there is never a silence.
    assert_eq!(run(&mut sh("yes; true"), made).unwrap().end, End::TooMuch);
    assert!(start.elapsed() < Duration::from_secs(25));
}

#[test]
fn of_endless_words_the_first_are_kept() {
    let loud = |to: &str| format!("yes | head -c 20000000 {to}; exit 3");
    let ended = run(&mut sh(&loud("")), Limit::after(Duration::from_secs(30))).unwrap();
    assert_eq!((code(ended.end), ended.cut), (Some(3), true));
    assert!(ended.stdout.len() >= MOST_OUTPUT && ended.stdout.len() < 20_000_000);
    let ended = run(&mut sh(&loud(">&2")), Limit::after(Duration::from_secs(30))).unwrap();
    assert_eq!((code(ended.end), ended.cut), (Some(3), false));
}

#[test]
fn many_questions_and_long_answers_cross_without_waiting_for_each_other() {
    let mut talk = Talk::start(&mut sh("cat"), None).unwrap();
    let line = "x".repeat(99) + "\n";
    let questions = line.repeat(20_000);
    talk.ask(questions.as_bytes());
    let mut answers = BufReader::new(talk);
    for _ in 0..20_000 {
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, line);
    }
    answers.get_mut().ask(b"more\n");
    let mut answer = String::new();
    answers.read_line(&mut answer).unwrap();
    assert_eq!(answer, "more\n");
}

#[test]
fn a_talk_ends_at_its_limit_and_with_the_process() {
    let start = Instant::now();
    let until = Instant::now() + Duration::from_millis(100);
    let mut silent = Talk::start(&mut sh("echo trouble >&2; sleep 30"), Some(until)).unwrap();
    let error = silent.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(silent.complaints(), "trouble\n");
    let mut gone = Talk::start(&mut sh("exec 0<&-; exit"), None).unwrap();
    gone.ask(&vec![0; 1 << 20]);
    assert_eq!(gone.read(&mut [0; 10]).unwrap(), 0);
    drop((silent, gone));
    assert!(start.elapsed() < Duration::from_secs(10));
}
