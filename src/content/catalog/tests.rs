#![expect(clippy::disallowed_methods, reason = "tests read fixtures from disk")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::*;
use crate::clients::plugin_layout;
use crate::model::Client;

#[test]
fn every_oddity_seen_in_the_wild_is_read_as_the_client_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/catalogs");
    let mut shown = String::new();
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let name = Path::new(file.file_name().unwrap());
        writeln!(shown, "== {}", name.display()).unwrap();
        match allowed(name, &fs::read(&file).unwrap()) {
            Ok(catalog) => shown.push_str(&summary(&catalog)),
            Err(diagnostic) => writeln!(shown, "{diagnostic}").unwrap(),
        }
    }
    insta::with_settings!({ snapshot_path => folder, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("catalogs", shown);
    });
}

#[test]
fn a_catalog_of_a_hundred_thousand_entries_is_read_at_once() {
    let start = std::time::Instant::now();
    let entry = |n: u32| format!("{{\"name\":\"p{n}\",\"source\":\"./p\"}}");
    let plugins: Vec<String> = (0..120_000).map(entry).collect();
    let text = format!(
        "{{\"name\":\"m\",\"owner\":{{\"name\":\"o\"}},\"plugins\":[{}]}}",
        plugins.join(",")
    );
    let catalog = parse(Path::new("f"), text.as_bytes()).unwrap();
    assert_eq!(catalog.entries.len(), 120_000);
    // A look at each pair would take minutes.
    assert!(start.elapsed() < std::time::Duration::from_secs(120));
}

#[test]
fn a_manifest_says_what_the_client_refuses() {
    let check = |text: &str, expected: &str| {
        let shown = match parse_plugin(Path::new("plugin.json"), text.as_bytes()) {
            Ok(plugin) => format!("{} {:?} {:?}", plugin.name, plugin.version, plugin.fault),
            Err(diagnostic) => diagnostic.message,
        };
        assert_eq!(shown, expected, "{text}");
    };
    check(r#"{"name":"p","version":"1 beta","zzz":1}"#, r#"p Some("1 beta") None"#);
    check(r#"{"name":"p","version":1.0}"#, r#"p None Some("`version` must be a string")"#);
    check(r#"{"name":"p","hooks":["./h.json"]}"#, "p None None");
    check(r#"{"name":"p","dependencies":["b"]}"#, "p None None");
    check(r#"{"name":"my plugin"}"#, "`name` has spaces");
    check(r#"{"name":3}"#, "`name` is not a string");
    check("{}", "`name` is missing");
    check("[]", "is not a JSON object but an array");
    check(r#"{"name":"p",}"#, "invalid JSON: has a comma before a closing bracket");
}

#[test]
fn shared_servers_stand_under_one_key_or_at_the_top() {
    let check = |text: &str, expected: &[&str]| {
        let servers = shared_servers(text.as_bytes());
        assert_eq!(servers.keys().collect::<Vec<_>>(), expected, "{text}");
    };
    check(r#"{"mcpServers":{"a":{},"b":1},"c":{}}"#, &["a"]);
    check(r#"{"$schema":"x","a":{"command":"y"}}"#, &["a"]);
    check(r#"{"mcpServers":[],"a":{}}"#, &[]);
    check("[", &[]);
}

/// Compares with what the client says of real catalogs, listed in `INDEX.tsv` beside them.
#[test]
fn real_catalogs_have_the_entries_that_the_client_counts() {
    let Some(folder) = std::env::var_os("ZSKILLS_REAL_CATALOGS") else { return };
    let folder = Path::new(&folder);
    let index = fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut lines = index.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let column = |name: &str| head.iter().position(|title| *title == name).unwrap();
    let [kind, file, valid, added, listed] =
        ["kind", "file", "json_valid", "add_exit", "listed_available"].map(column);
    let mut checked = 0;
    let mut wrong = Vec::new();
    for row in lines {
        let Ok(bytes) = fs::read(folder.join(row[file])) else { continue };
        let (got, expected) = match row[kind] {
            "claude" => {
                let refused = (row[added] != "0").then_some("refused");
                (counted(&bytes), refused.unwrap_or(row[listed]).to_owned())
            }
            "plugin" => (
                parse_plugin(Path::new(row[file]), &bytes)
                    .map_or_else(|e| refusal(&e), |_| "ok".into()),
                if row[valid] == "yes" { "ok".to_owned() } else { "invalid".to_owned() },
            ),
            _ => continue,
        };
        let expected = if row[valid] == "yes" { expected } else { "invalid".to_owned() };
        checked += 1;
        if got != expected {
            wrong.push(format!("{}: {got}, the client: {expected}", row[file]));
        }
    }
    assert!(checked > 0, "no catalog of the index lies in the folder");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Parses a catalog and refuses the names that the client uses itself.
fn allowed(file: &Path, bytes: &[u8]) -> Result<Catalog, Diagnostic> {
    let catalog = parse(file, bytes)?;
    match plugin_layout(Client::TARGET).uses_itself(catalog.name.as_str()) {
        Some(purpose) => {
            let text = format!("the marketplace name `{}` is kept for {purpose}", catalog.name);
            Err(Diagnostic::whole(file, text))
        }
        None => Ok(catalog),
    }
}

fn counted(bytes: &[u8]) -> String {
    let kept = |name: &str| plugin_layout(Client::TARGET).kept_for(name, None).is_some();
    match allowed(Path::new("f"), bytes) {
        Ok(catalog) if kept(catalog.name.as_str()) => "refused".to_owned(),
        Ok(catalog) => {
            let again = catalog.notes.iter().filter(|note| note.text.contains("again")).count();
            let unsupported =
                |entry: &&Entry| matches!(entry.source, EntrySource::Unsupported { .. });
            let unsupported = catalog.entries.iter().filter(unsupported).count();
            format!("{} (unsupported {unsupported})", catalog.entries.len() + again)
        }
        Err(diagnostic) => refusal(&diagnostic),
    }
}

fn refusal(diagnostic: &Diagnostic) -> String {
    let invalid = diagnostic.message.starts_with("invalid JSON");
    if invalid { "invalid".to_owned() } else { "refused".to_owned() }
}

fn summary(catalog: &Catalog) -> String {
    let mut text = format!("{}: {:?} {:?}\n", catalog.name, catalog.description, catalog.renames);
    for entry in &catalog.entries {
        let loose = if entry.strict { "" } else { " (not strict)" };
        write!(text, "  {}{loose} {:?}", entry.name, entry.source).unwrap();
        for part in [&entry.version, &entry.description, &entry.category].into_iter().flatten() {
            write!(text, ", {part}").unwrap();
        }
        for Dependency { plugin, marketplace, version } in &entry.dependencies {
            let marketplace = marketplace.as_ref().map(|m| format!("@{m}")).unwrap_or_default();
            let version = version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
            write!(text, ", needs {plugin}{marketplace}{version}").unwrap();
        }
        text.push('\n');
    }
    for note in &catalog.notes {
        writeln!(text, "  note {:?} {}", note.name, note.text).unwrap();
    }
    text
}
