use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::content::catalog;

/// A plugin in memory, or a part of one. Of a path, `*` at the end makes it executable and ` -> x` a link.
#[derive(Clone, Default)]
pub struct Sample {
    files: BTreeMap<String, Vec<u8>>,
    entry: Map<String, Value>,
}

impl Sample {
    pub fn new(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self::default(), |sample, (path, text)| sample.with(path, text))
    }

    #[must_use]
    pub fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.to_owned(), bytes.as_ref().to_vec());
        self
    }

    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(path).unwrap();
        self
    }

    #[must_use]
    pub fn listed_with(mut self, key: &str, value: Value) -> Self {
        self.entry.insert(key.to_owned(), value);
        self
    }

    pub fn brought(&self) -> Result<Brought, Unreadable> {
        self.asked(|tree| of_plugin(tree, "p", Some(&self.entry)))
    }

    pub fn words(&self) -> Result<model::Powers, Unreadable> {
        self.brought().map(|brought| brought.in_words())
    }

    fn asked<T>(&self, ask: impl FnOnce(Tree<'_>) -> T) -> T {
        let file = |(path, bytes): (&String, &Vec<u8>)| {
            let (path, kind, bytes) = match (path.split_once(" -> "), path.strip_suffix('*')) {
                (Some((path, to)), _) => (path, FileKind::Link(to.to_owned()), to.as_bytes()),
                (_, Some(path)) => (path, FileKind::Executable, bytes.as_slice()),
                (None, None) => (path.as_str(), FileKind::File, bytes.as_slice()),
            };
            TreeFile { path: path.to_owned(), kind, digest: Digest::of(bytes) }
        };
        let files: Vec<TreeFile> = self.files.iter().map(file).collect();
        let read =
            |path: &str| match self.files.get(path).or_else(|| self.files.get(&format!("{path}*")))
            {
                Some(bytes) if bytes.len() > 4 << 20 => Err("larger than 4 MiB".to_owned()),
                bytes => Ok(bytes.cloned()),
            };
        ask(Tree { manifest: MANIFEST, files: &files, read: &read })
    }

    fn check(&self, expected: &[&str]) {
        assert_eq!(self.brought().unwrap().lines(), expected);
    }

    fn check_servers(&self, expected: &Value) {
        let mut plugin = json!({"name": "p", "source": "./p"});
        plugin.as_object_mut().unwrap().extend(self.entry.clone());
        let text = json!({"name": "m", "owner": {"name": "o"}, "plugins": [plugin]}).to_string();
        let file = std::path::Path::new("f");
        let entry = catalog::parse(file, text.as_bytes()).unwrap().entries.remove(0);
        let found: Map<_, _> = self.asked(|tree| servers(tree, &entry)).into_iter().collect();
        assert_eq!(Value::Object(found), *expected);
    }
}

const MANIFEST: &str = ".claude-plugin/plugin.json";

#[test]
fn the_places_the_client_looks_at_are_read_without_being_named() {
    let hooks = r#"{"hooks":{"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"./x.sh"}]}]}}"#;
    Sample::new(&[
        (MANIFEST, r#"{"name":"p"}"#),
        ("bin/tool*", ""),
        ("hooks/hooks.json", hooks),
        (".mcp.json", r#"{"web":{"type":"http","url":"https://mcp.example"}}"#),
        (".lsp.json", r#"{"rs":{"command":"ra","args":["--stdio"]}}"#),
        ("monitors/monitors.json", r#"[{"name":"w","command":"watch"}]"#),
        ("settings.json", r#"{"subagentStatusLine":{"command":"s"}}"#),
        ("skills/a/SKILL.md", "---\nallowed-tools: Read\n---\n!`date`\n"),
        ("skills/a/deep/SKILL.md", ""),
        ("skills/a/run.py", ""),
        ("agents/helper.md", "---\nhooks:\n  Stop: []\n---\n"),
        ("commands/git/tidy.md", ""),
        ("output-styles/loud.md", ""),
        ("workflows/w.js", ""),
        ("package-lock.json", "{}"),
        ("docs/readme.md", "!`never`"),
    ])
    .check(&[
        "hook PreToolUse(Bash) runs `./x.sh`",
        "MCP server `web`: `https://mcp.example`",
        "LSP server `rs`: `ra --stdio`",
        "monitor runs `watch`",
        "`skills/a/SKILL.md` runs `date`",
        "`skills/a/SKILL.md` may use `Read`",
        "`agents/helper.md` has its own `hooks`",
        "setting `subagentStatusLine`",
        "output style `output-styles/loud.md`",
        "workflow `workflows/w.js`",
        "packages of `package-lock.json`",
        "executable `bin/tool`",
        "contents of `skills/a/run.py`",
        "skill `a`",
        "agent `helper`",
        "command `git:tidy`",
    ]);
}

#[test]
fn what_manifest_and_entry_name_is_read_too() {
    let manifest = r#"{"name":"p","skills":"./extra","commands":{"go":{"content":"!`id`"}},
        "hooks":["./h.json",{"Stop":[{"hooks":[{"type":"prompt","prompt":"sure?"}]}]}],
        "mcpServers":["./m.json","./b.mcpb"],"monitors":[{"name":"w","command":"watch"}],
        "dependencies":["d"]}"#;
    Sample::new(&[
        (MANIFEST, manifest),
        ("SKILL.md", ""),
        ("extra/e/SKILL.md", ""),
        ("one/SKILL.md", ""),
        ("x/y.md", ""),
        ("h.json", r#"{"SessionStart":[{"hooks":[{"type":"command","command":"a\nb"}]}]}"#),
        ("m.json", r#"{"mcpServers":{"m":{"command":"run","args":["-x"]}}}"#),
    ])
    .listed_with("skills", json!(["./one"]))
    .listed_with("agents", json!("./x/y.md"))
    .listed_with("source", json!({"source": "github", "repo": "o/r", "ref": "v1"}))
    .check(&[
        "hook SessionStart runs `a⏎b`",
        "hook Stop runs `sure?`",
        "MCP server `b`: `b.mcpb`",
        "MCP server `m`: `run -x`",
        "monitor runs `watch`",
        "`command go` runs `id`",
        "`its entry` has its own `agents`",
        "`its entry` has its own `skills`",
        "needs the plugin `d`",
        "comes from `o/r`",
        "skill `e`",
        "skill `one`",
        "skill `p`",
        "agent `y`",
        "command `go`",
    ]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let check = |sample: Sample, expected: &str| {
        assert_eq!(sample.brought().unwrap_err().to_string(), expected);
    };
    check(
        Sample::new(&[(".mcp.json", "{,}")]),
        "`.mcp.json` is not JSON: expected a name in double quotes (line 1)",
    );
    check(Sample::new(&[(MANIFEST, "[]")]), "`.claude-plugin/plugin.json` is not a JSON object");
    check(
        Sample::default().with("hooks/hooks.json", " ".repeat(5 << 20) + "{}"),
        "`hooks/hooks.json` cannot be read: larger than 4 MiB",
    );
    check(Sample::new(&[("skills -> ../../x", "")]), "`skills` is a link that leaves the tree");
    check(Sample::new(&[("a -> b", ""), ("b -> a", "")]), "`b` is a link in a circle");
    let ring: Vec<String> =
        (0..12).flat_map(|n| (0..12).map(move |m| format!("d{n}/l{m} -> ../d{m}"))).collect();
    let ring =
        ring.iter().fold(Sample::default().with("d0/f", ""), |sample, link| sample.with(link, ""));
    assert!(ring.brought().unwrap_err().why.contains("unfold to more than"));
}

#[test]
fn the_manifest_wins_over_the_file_and_hides_the_entry() {
    let file = (".mcp.json", r#"{"mcpServers":{"a":{"command":"file"},"b":{"command":"b"}}}"#);
    let manifest = r#"{"name":"p","mcpServers":{"a":{"command":"manifest"}}}"#;
    let listed = |sample: Sample| sample.listed_with("mcpServers", json!({"c": {"command": "c"}}));
    listed(Sample::new(&[file, (MANIFEST, manifest)]))
        .check_servers(&json!({"a": {"command": "manifest"}, "b": {"command": "b"}}));
    listed(Sample::new(&[file])).check_servers(
        &json!({"a": {"command": "file"}, "b": {"command": "b"}, "c": {"command": "c"}}),
    );
}

#[test]
fn many_other_files_are_one_power() {
    let files: Vec<String> = (0..=NAMED).map(|n| format!("data/{n}.bin")).collect();
    let sample = files.iter().fold(Sample::default(), |sample, path| sample.with(path, ""));
    sample.check(&["contents of more than 200 other files"]);
    let other = sample.clone().with("data/7.bin", "x");
    assert_ne!(sample.words(), other.words());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time that it takes is what is tested")]
fn a_tree_of_many_files_and_a_manifest_of_as_many_paths_take_no_longer_than_reading_them() {
    let start = std::time::Instant::now();
    let paths: Vec<String> = (0..5_000).map(|n| format!("./d{}/f{n}.md", n % 100)).collect();
    let sample = paths.iter().fold(Sample::default(), |sample, path| sample.with(&path[2..], "x"));
    let manifest = json!({"name": "p", "commands": paths, "skills": paths}).to_string();
    sample.with(MANIFEST, manifest).brought().unwrap();
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
