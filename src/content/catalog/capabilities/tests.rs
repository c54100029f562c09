use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::content::catalog;

/// A plugin in memory; a path that ends with `*` is executable.
struct Sample {
    files: BTreeMap<String, String>,
    listing: Vec<TreeFile>,
    manifest: Option<PluginManifest>,
    entry: Entry,
}

impl Sample {
    fn new(manifest: Option<&str>, entry: &str, files: &[(&str, &str)]) -> Self {
        let path = Path::new("f");
        let fields: Map<_, _> = serde_json::from_str(entry).unwrap();
        let mut plugin = json!({"name": "p", "source": "./p"});
        plugin.as_object_mut().unwrap().extend(fields);
        let text = json!({"name": "m", "owner": {"name": "o"}, "plugins": [plugin]}).to_string();
        let listing = files.iter().map(|(path, _)| TreeFile {
            path: path.trim_end_matches('*').to_owned(),
            executable: path.ends_with('*'),
        });
        Self {
            listing: listing.collect(),
            files: files
                .iter()
                .map(|(p, t)| (p.trim_end_matches('*').into(), (*t).into()))
                .collect(),
            manifest: manifest.map(|text| catalog::parse_plugin(path, text.as_bytes()).unwrap()),
            entry: catalog::parse(path, text.as_bytes()).unwrap().entries.remove(0),
        }
    }

    fn check(&self, expected: &[&str]) {
        let read = |path: &str| self.files.get(path).map(|text| text.clone().into_bytes());
        let tree = Tree { files: &self.listing, read: &read };
        let found = capabilities(tree, self.manifest.as_ref(), &self.entry);
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    fn check_servers(&self, expected: &Value) {
        let read = |path: &str| self.files.get(path).map(|text| text.clone().into_bytes());
        let tree = Tree { files: &self.listing, read: &read };
        let found: Map<_, _> =
            servers(tree, self.manifest.as_ref(), &self.entry).into_iter().collect();
        assert_eq!(Value::Object(found), *expected);
    }
}

#[test]
fn the_places_the_client_looks_at_are_read_without_being_named() {
    let hooks = r#"{"hooks":{"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"./x.sh"}]}]}}"#;
    Sample::new(
        Some(r#"{"name":"p"}"#),
        "{}",
        &[
            ("bin/tool*", ""),
            ("hooks/hooks.json", hooks),
            (".mcp.json", r#"{"web":{"type":"http","url":"https://mcp.example"}}"#),
            (".lsp.json", r#"{"rs":{"command":"ra","args":["--stdio"]}}"#),
            ("skills/a/SKILL.md", "---\nallowed-tools: Read\n---\n!`date`\n"),
            ("skills/a/deep/SKILL.md", ""),
            ("agents/helper.md", "---\nhooks:\n  Stop: []\n---\n"),
            ("commands/git/tidy.md", ""),
            ("docs/readme.md", "!`never`"),
        ],
    )
    .check(&[
        "hook PreToolUse(Bash) runs `./x.sh`",
        "MCP server `web`: `https://mcp.example`",
        "LSP server `rs`: `ra --stdio`",
        "`skills/a/SKILL.md` runs `date`",
        "`skills/a/SKILL.md` may use `Read`",
        "`agents/helper.md` has its own `hooks`",
        "executable `bin/tool`",
        "skill `a`",
        "agent `helper`",
        "command `git:tidy`",
    ]);
}

#[test]
fn what_manifest_and_entry_name_is_read_too() {
    let manifest = r#"{"name":"p","skills":"./extra","commands":{"go":{"content":"!`id`"}},
        "hooks":["./h.json",{"Stop":[{"hooks":[{"type":"prompt","prompt":"sure?"}]}]}],
        "mcpServers":["./m.json","./b.mcpb"],"monitors":[{"name":"w","command":"watch"}]}"#;
    Sample::new(
        Some(manifest),
        r#"{"skills":["./one"],"agents":"./x/y.md"}"#,
        &[
            ("SKILL.md", ""),
            ("extra/e/SKILL.md", ""),
            ("one/SKILL.md", ""),
            ("x/y.md", ""),
            ("h.json", r#"{"SessionStart":[{"hooks":[{"type":"command","command":"a\nb"}]}]}"#),
            ("m.json", r#"{"mcpServers":{"m":{"command":"run","args":["-x"]}}}"#),
        ],
    )
    .check(&[
        "hook SessionStart runs `a⏎b`",
        "hook Stop runs `sure?`",
        "MCP server `b`: `./b.mcpb`",
        "MCP server `m`: `run -x`",
        "monitor runs `watch`",
        "`command go` runs `id`",
        "skill `e`",
        "skill `one`",
        "skill `p`",
        "agent `y`",
        "command `go`",
    ]);
}

#[test]
fn broken_files_bring_nothing() {
    let files = [(".mcp.json", "{,}"), ("hooks/hooks.json", "[1]"), (".lsp.json", r#"{"a":1}"#)];
    Sample::new(Some(r#"{"name":"p","hooks":7,"mcpServers":"../out.json"}"#), "{}", &files)
        .check(&[]);
}

#[test]
fn the_manifest_wins_over_the_file_and_hides_the_entry() {
    let file = (".mcp.json", r#"{"mcpServers":{"a":{"command":"file"},"b":{"command":"b"}}}"#);
    let entry = r#"{"mcpServers":{"c":{"command":"c"}}}"#;
    let manifest = r#"{"name":"p","mcpServers":{"a":{"command":"manifest"}}}"#;
    Sample::new(Some(manifest), entry, &[file])
        .check_servers(&json!({"a": {"command": "manifest"}, "b": {"command": "b"}}));
    Sample::new(None, entry, &[file]).check_servers(
        &json!({"a": {"command": "file"}, "b": {"command": "b"}, "c": {"command": "c"}}),
    );
}
