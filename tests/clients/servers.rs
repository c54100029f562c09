//! Servers by our hand and by the client's: each lists what the other wrote, and neither loses an entry.

use serde_json::{Value, json};

use crate::peer::claude;
use crate::sandbox::Sandbox;

const MANIFEST: &str = "~/.config/zskills/skills.toml";

fn server(name: &str, more: &str) -> String {
    format!("\n[[mcps]]\nname = \"{name}\"\n{more}\n")
}

fn home(entries: &str) -> Sandbox {
    let home = Sandbox::new().project("~/code/app");
    home.manifest(&format!("version = 1\n{entries}"))
}

#[test]
fn the_client_finds_every_server_in_its_scope() {
    let home = home(
        &(server("ours-u", "command = \"true\"\nenv = { A = \"${A:-1}\" }")
            + &server("ours-l", "command = \"true\"\nscope = \"local\"\nextra = { timeout = 5 }")
            + &server("ours-p", "command = \"true\"\nscope = \"project\"")
            + &server("ours-h", "url = \"http://127.0.0.1:9/mcp\"")),
    );
    home.zskills(&["sync", "--here"]).expect(0);
    let all = claude(&home, "~", &["mcp", "list"]);
    all.says(&["ours-u", "ours-l", "ours-p", "ours-h"]);
    for (name, scope) in
        [("ours-u", "User"), ("ours-l", "Local"), ("ours-p", "Project"), ("ours-h", "User")]
    {
        claude(&home, "~", &["mcp", "get", name]).expect(0).says(&[&format!("{scope} config")]);
    }
    // The client's own list started them; what we own is still as we wrote it.
    home.zskills(&["sync"]).expect(0).says(&["up to date"]);
    home.zskills(&["doctor", "--check"]).expect(0);
    home.write(MANIFEST, "version = 1\n");
    home.zskills(&["sync", "--yes"]).expect(0);
    claude(&home, "~", &["mcp", "list"]).is_silent_about(&["ours-"]);
}

#[test]
fn what_the_client_added_is_adopted_as_it_stands() {
    let home = home("");
    for args in [
        &["add", "--scope", "user", "u", "-e", "TOKEN=hunter22222", "--", "true", "-x"][..],
        &["add", "--scope", "local", "l", "--", "true"],
        &["add", "--scope", "project", "p", "--", "true"],
        &[
            "add",
            "--scope",
            "user",
            "--transport",
            "http",
            "h",
            "http://127.0.0.1:9/mcp",
            "--header",
            "Authorization: Bearer hunter22222",
        ],
        &["add", "--scope", "local", "--transport", "sse", "s", "http://127.0.0.1:9/sse"],
        &[
            "add-json",
            "--scope",
            "user",
            "j",
            r#"{"command":"true","timeout":5,"alwaysLoad":true}"#,
        ],
    ] {
        claude(&home, "~", &[&["mcp"], args].concat()).expect(0);
    }
    let files = || (home.read("~/.claude.json"), home.read(".mcp.json"));
    let before = files();
    home.zskills(&["sync", "--adopt", "--here"]).expect(0).is_silent_about(&["hunter22222"]);
    home.zskills(&["sync", "--check"]).expect(0);
    home.zskills(&["sync"]).expect(0).says(&["up to date"]);
    assert_eq!(files(), before);
    assert!(!home.read(MANIFEST).contains("hunter22222"));
    let list = home.zskills(&["list", "--json"]).document("list");
    let rows = list["mcp_servers"].as_array().unwrap();
    assert_eq!(rows.len(), 6, "{rows:#?}");
    assert!(rows.iter().all(|row| row["owner"] == "zskills"), "{rows:#?}");
    // A fresh home gets what the client would have written, but for the secrets.
    let mut expected: Value = serde_json::from_str(&before.0).unwrap();
    expected["mcpServers"]["u"]["env"]["TOKEN"] = json!("${TOKEN}");
    expected["mcpServers"]["h"]["headers"]["Authorization"] = json!("Bearer ${H_AUTHORIZATION}");
    // `add-json` leaves out what it takes for granted; `add`, and we, write it.
    expected["mcpServers"]["j"]["type"] = json!("stdio");
    expected["mcpServers"]["j"]["env"] = json!({});
    home.remove("~/.claude.json");
    home.zskills(&["sync"]).expect(0);
    assert_eq!(home.json("~/.claude.json")["mcpServers"], expected["mcpServers"]);
    let root = home.path("~/code/app").display().to_string();
    let servers = |file: &Value| file["projects"][&root]["mcpServers"].clone();
    assert_eq!(servers(&home.json("~/.claude.json")), servers(&expected));
}

#[test]
fn two_writers_at_once_lose_no_entry() {
    const EACH: usize = 8;
    let home = home("");
    claude(&home, "~", &["mcp", "add", "--scope", "user", "first", "true"]).expect(0);
    let done = std::sync::atomic::AtomicBool::new(false);
    let ours = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..EACH {
                let name = format!("theirs{n}");
                claude(&home, "~", &["mcp", "add", "--scope", "user", &name, "true"]).expect(0);
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let mut entries = String::from("version = 1\n");
        let mut count = 0;
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            entries += &server(&format!("ours{count}"), "command = \"true\"");
            home.write(MANIFEST, &entries);
            home.zskills(&["sync"]).expect(0);
            count += 1;
        }
        count
    });
    let servers = home.json("~/.claude.json")["mcpServers"].clone();
    for n in 0..EACH {
        assert!(servers[format!("theirs{n}")].is_object(), "theirs{n} of {servers:#}");
    }
    for n in 0..ours {
        assert!(servers[format!("ours{n}")].is_object(), "ours{n} of {servers:#}");
    }
    assert!(ours > EACH, "the two really ran at once: {ours}");
    assert!(!home.exists("~/.claude.json.lock"));
}

#[test]
fn what_doctor_puts_right_the_client_uses() {
    let home = home("")
        .file("~/.claude/settings.json", r#"{"mcpServers":{"lost":{"command":"true"}}}"#)
        .file("~/code/app/.mcp.json", r#"{"flat":{"command":"true"}}"#)
        .file("~/.claude.json", r#"{"mcpServers":{"typeless":{"url":"http://127.0.0.1:9/mcp"}}}"#);
    for name in ["lost", "flat", "typeless"] {
        let run = claude(&home, "~", &["mcp", "get", name]);
        assert_ne!(run.code, Some(0), "{run}");
    }
    home.zskills(&["doctor", "--fix"]).expect(0);
    for name in ["lost", "flat", "typeless"] {
        claude(&home, "~", &["mcp", "get", name]).expect(0);
    }
}

#[test]
fn the_winner_of_a_name_is_the_one_that_the_client_names() {
    let home = home(
        &(server("a", "command = \"true\"\nargs = [\"user\"]")
            + &server("a", "command = \"true\"\nargs = [\"project\"]\nscope = \"project\"")),
    );
    home.zskills(&["sync", "--here"]).expect(0);
    let agree = |scope: &str| {
        claude(&home, "~", &["mcp", "get", "a"]).says(&[&format!("{scope} config")]);
        home.zskills(&["why", "a"]).says(&[&format!("in use from {scope} scope")]);
    };
    agree("user");
    home.write("~/.claude/settings.json", r#"{"enabledMcpjsonServers":["a"]}"#);
    agree("project");
    claude(&home, "~", &["mcp", "add", "--scope", "local", "a", "true"]).expect(0);
    agree("local");
}
