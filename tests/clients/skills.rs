//! Agent Skills as the client loads them, and as the `skills` tool lists and installs them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::Sandbox;

fn skill_md(name: &str) -> String {
    format!("---\nname: {name}\ndescription: Does {name}.\n---\n\nBody.\n")
}

/// Returns a program that `install.sh` has fetched.
fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/node_modules/.bin").join(name)
}

fn kit(home: &Sandbox) {
    let repo = home.repo("acme/kit");
    for name in ["pdf", "docx"] {
        repo.write(&format!("skills/{name}/SKILL.md"), &skill_md(name));
    }
    repo.commit();
}

fn wants(source: &str) -> String {
    format!("version = 1\n[[agent_skills]]\nsource = \"{source}\"\n")
}

/// Starts the client's own server without a model, and returns what it noted while loading.
fn loading(home: &Sandbox) -> String {
    let claude = program("claude");
    let mut serve = home.program(claude.as_os_str(), &["mcp", "serve", "--debug"]);
    serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = serve.spawn().unwrap();
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{hello}").unwrap();
    writeln!(stdin, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).unwrap();
    writeln!(stdin, r#"{{"jsonrpc":"2.0","id":2,"method":"tools/list"}}"#).unwrap();
    let mut log = String::new();
    for _ in 0..50 {
        // The client says when it has loaded only in its log.
        std::thread::sleep(std::time::Duration::from_millis(200));
        log = debug_log(&home.path("~/.claude/debug"));
        if log.contains("unique skills") {
            break;
        }
    }
    drop(stdin);
    let _ = child.kill();
    child.wait().unwrap();
    log
}

fn debug_log(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else { return String::new() };
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default()
    };
    entries.map(read).collect()
}

#[test]
fn what_we_install_the_client_loads() {
    let home = Sandbox::new().manifest(&wants("acme/kit"));
    kit(&home);
    home.zskills(&["sync"]).expect(0);
    let log = loading(&home);
    let line = log.lines().find(|line| line.contains("unique skills"));
    let line = line.unwrap_or_else(|| panic!("nothing about skills in\n{log}"));
    assert!(line.contains("user: 2") || line.contains("Loaded 2"), "{line}");
}

#[test]
fn the_skills_tool_lists_what_we_install() {
    let home = Sandbox::new().manifest(&wants("acme/kit")).var("DO_NOT_TRACK", "1");
    kit(&home);
    home.zskills(&["sync"]).expect(0);
    let skills = program("skills");
    let listed = home.run(&mut home.program(skills.as_os_str(), &["ls", "-g", "--json"]));
    let rows: Value = serde_json::from_str(&listed.expect(0).stdout).unwrap();
    let mut names: Vec<&str> =
        rows.as_array().unwrap().iter().filter_map(|row| row["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["docx", "pdf"], "{rows:#}");
}

#[test]
fn what_the_skills_tool_installed_is_adopted_with_its_source() {
    let home = Sandbox::new().manifest("version = 1\n").var("DO_NOT_TRACK", "1").cwd("~/try");
    kit(&home);
    let skills = program("skills");
    let agents = ["--agent", "claude-code", "codex"];
    let add = [&["add", "acme/kit", "--skill", "pdf", "-g", "-y"], &agents[..]].concat();
    home.run(&mut home.program(skills.as_os_str(), &add)).expect(0);
    assert!(home.exists("~/.agents/skills/pdf/SKILL.md"));
    home.zskills(&["sync", "--adopt"]).expect(0).says(&["pdf", "acme/kit"]);
    let manifest = home.read("~/.config/zskills/skills.toml");
    assert!(manifest.contains("source = \"acme/kit\"\nname = \"pdf\""), "{manifest}");
    home.zskills(&["sync"]).expect(0);
    home.zskills(&["doctor", "--check"]).expect(0);
}
