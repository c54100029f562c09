//! What scripts rely on: one document on stdout whatever happens, and no abort when nobody reads.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::process::Stdio;

use crate::sandbox::{Run, Sandbox};
use crate::{tools, wants};

/// Command lines of every command, most of which come to grief in one of the homes below.
const COMMANDS: [&str; 30] = [
    "sync",
    "sync --check",
    "sync --adopt",
    "list",
    "doctor",
    "doctor --fix",
    "doctor --explain",
    "doctor --explain intent.missing",
    "doctor --explain intent.misssing",
    "why alpha",
    "install alpha@tools",
    "install nothing-of-that-name",
    "install acme/none",
    "install",
    "install --skill x",
    "remove alpha",
    "remove",
    "purge alpha",
    "enable alpha",
    "disable nobody",
    "upgrade",
    "upgrade nobody",
    "update",
    "outdated",
    "search alpha",
    "info nobody",
    "edit",
    "marketplace add ./none",
    "marketplace remove nobody",
    "lint ./none",
];

fn with_json(home: &Sandbox, line: &str) -> Run {
    let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
    home.zskills(&words)
}

#[test]
fn whatever_happens_a_script_reads_one_document_that_knows_the_exit_code() {
    let good = Sandbox::new().manifest(&wants(&["alpha"]));
    tools(&good);
    let homes = [
        ("nothing", Sandbox::new()),
        ("a good manifest", good),
        ("a broken manifest", Sandbox::new().manifest("version = 1\nnothing here\n")),
        ("a broken client", {
            Sandbox::new().manifest("version = 1\n").file("~/.claude/settings.json", "{")
        }),
        ("a broken ledger", {
            Sandbox::new()
                .file("~/.local/state/zskills/ledger.json", "no")
                .manifest("version = 1\n")
        }),
    ];
    for (what, home) in homes {
        let home = &home.doctor_may_complain();
        for line in COMMANDS {
            let run = with_json(home, line);
            let document = run.json();
            let place = format!("{line} with {what}");
            if document["schema"] == "zskills/error/1" {
                assert_eq!(document["exit"], run.code.unwrap(), "{place}\n{run}");
                assert_ne!(run.code, Some(0), "{place}\n{run}");
                let errors = document["errors"].as_array().unwrap();
                assert!(!errors.is_empty(), "{place}\n{run}");
                for error in errors {
                    let keys: Vec<&String> = error.as_object().unwrap().keys().collect();
                    let expected = ["id", "message", "file", "line", "column", "hint"];
                    assert_eq!(keys, expected, "{place}\n{run}");
                    assert!(!error["message"].as_str().unwrap().is_empty(), "{place}\n{run}");
                }
            }
        }
    }
}

#[test]
fn a_wrong_command_line_is_a_document_too() {
    let home = Sandbox::new();
    let check = |line: &str, hint: &str| {
        let run = with_json(&home, line);
        let document = run.expect(2).document("error");
        assert_eq!(document["exit"], 2, "{run}");
        assert_eq!(document["errors"][0]["id"], "usage", "{run}");
        let said = document["errors"][0]["hint"].as_str().unwrap_or_default();
        assert!(said.contains(hint), "{run}");
    };
    check("snyc", "sync");
    check("sync --nonsense", "");
    check("sync --prune --adopt", "");
    check("why", "");
    check("search x --limit many", "");
}

#[test]
fn a_fault_of_a_file_has_its_place() {
    let home = Sandbox::new().manifest(
        "version = 1\n[[mcps]]\nname = \"x\"\ncomand = \"y\"\nurl = \"https://x.example\"\n",
    );
    let document = home.zskills(&["sync", "--json"]).expect(1).document("error");
    let error = &document["errors"][0];
    assert_eq!((error["id"].as_str(), error["line"].as_u64()), (Some("file"), Some(4)));
    assert_eq!(error["column"], 1);
    assert!(error["hint"].as_str().unwrap().contains("`command`"), "{document}");
}

#[test]
fn an_edit_with_faults_lists_them_in_its_document() {
    let home = Sandbox::new().manifest("version = 1\n").var("EDITOR", "ed-test");
    home.shim_with("ed-test", "printf 'versoin = 2\\n' > \"$1\"");
    let document = home.zskills(&["edit", "--json"]).expect(1).document("error");
    assert!(document["errors"][0]["file"].as_str().unwrap().ends_with("skills.edit.toml"));
}

#[test]
fn the_list_of_marketplaces_has_only_marketplaces_for_keys() {
    let home = Sandbox::new().manifest(&wants(&[]));
    tools(&home);
    home.synced();
    let document = home.zskills(&["marketplace", "list", "--json"]).expect(0).json();
    assert_eq!(document.as_object().unwrap().keys().collect::<Vec<_>>(), ["tools"]);
}

#[test]
fn checks_are_explained_to_programs_too() {
    let home = Sandbox::new();
    let all = home.zskills(&["doctor", "--explain", "--json"]).expect(0).document("explain");
    assert!(all["checks"].as_array().unwrap().len() > 20, "{all}");
    let one = home.zskills(&["doctor", "--explain", "intent.missing", "--json"]);
    let one = one.expect(0).document("explain");
    assert_eq!(one["checks"][0]["id"], "intent.missing");
    assert!(one["checks"][0]["fix"].is_string());
}

#[test]
fn data_that_could_not_be_printed_is_a_failure_and_never_an_abort() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let home = Sandbox::new().manifest("version = 1\n");
    for line in ["list --json", "doctor --explain", "--help", "--version", "sync --json", "--nope"]
    {
        let words: Vec<&str> = line.split(' ').collect();
        let output = home.command(&words).stdout(full()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = if line == "--nope" { Some(2) } else { Some(1) };
        assert_eq!(output.status.code(), expected, "{line}: {said}");
        assert!(line == "--nope" || said.contains("stdout cannot be written"), "{line}: {said}");
        // Nothing can be said, and that is no reason to die of it.
        let status = home.command(&words).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), expected, "{line} with no way to talk");
    }
}

#[test]
fn a_reader_that_stops_listening_is_a_quiet_end() {
    let home = Sandbox::new();
    for line in ["list --json", "doctor --explain", "--help", "why nobody"] {
        let words: Vec<&str> = line.split(' ').collect();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let expected = home.zskills(&words).code;
        let errors = writer.try_clone().unwrap();
        let mut command = home.command(&words);
        let run = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(!said.contains("pipe"), "{line}: {said}");
        assert_eq!(run.status.code(), expected, "{line}: {said}");
        let mut command = home.command(&words);
        let status = command.stdout(Stdio::null()).stderr(errors).status().unwrap();
        assert_eq!(status.code(), expected, "{line} with closed stderr");
    }
}

#[test]
fn descriptors_that_are_not_there_are_no_trouble() {
    let home = Sandbox::new().manifest("version = 1\n");
    let script = "\"$1\" sync >&- 2>&- <&-; exit $?";
    let args = ["-c", script, "sh", env!("CARGO_BIN_EXE_zskills")];
    home.run(&mut home.program(OsStr::new("sh"), &args)).expect(0);
}
