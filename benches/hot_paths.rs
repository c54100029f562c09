//! What a run with nothing to do spends its time on, without the processes: `cargo bench`.

#![expect(clippy::disallowed_methods, reason = "benchmarks make the trees that they read")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use divan::{Bencher, black_box};
use serde_json::{Map, Value, json};
use zskills::clients::claude::{Claude, installed_plugins, known_marketplaces, settings};
use zskills::clients::{self, Codec, PluginLayout as _};
use zskills::declared::ledger::Ledger;
use zskills::declared::lock::Lock;
use zskills::formats::json::{self, Key};
use zskills::machine::store::tree::Fingerprints;
use zskills::model::{Client, Files, Intent, PluginId, Roots, Scope, Source};
use zskills::plan::{self, Action, Adopted, Inputs, Wishes};
use zskills::resolve::{Desired, DesiredMarketplace, DesiredPlugin};

const PLUGINS: usize = 200;
const MARKETPLACES: usize = 10;

fn main() {
    divan::main();
}

#[divan::bench]
fn decode_the_files_of_200_plugins(bencher: Bencher) {
    let (roots, files) = (roots(), converged().0);
    bencher.bench(|| Claude.decode(black_box(&roots), black_box(&files)));
}

#[divan::bench]
fn plan_a_converged_state_of_200_plugins(bencher: Bencher) {
    let (files, ledger) = converged();
    bencher.bench(|| assert!(planned(&files, &ledger).steps().is_empty()));
}

#[divan::bench]
fn plan_200_new_plugins(bencher: Bencher) {
    let files = Files::default();
    bencher.bench(|| assert!(!planned(&files, &Ledger::default()).steps().is_empty()));
}

#[divan::bench]
fn fingerprint_200_trees_that_are_known(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trees: Vec<PathBuf> = (0..PLUGINS).map(|n| tree(folder.path(), n)).collect();
    // Files younger than the clock's tick are not trusted.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let mut fingerprints = Fingerprints::load(folder.path());
    let mut all = || trees.iter().filter(|tree| fingerprints.hash(tree).is_ok()).count();
    assert_eq!(all(), PLUGINS);
    bencher.bench_local(all);
}

#[divan::bench]
fn hash_200_trees_that_are_not_known(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trees: Vec<PathBuf> = (0..PLUGINS).map(|n| tree(folder.path(), n)).collect();
    bencher.bench(|| {
        trees.iter().filter(|tree| zskills::machine::store::tree::hash(tree).is_ok()).count()
    });
}

#[divan::bench]
fn set_one_key_in_two_megabytes_of_json(bencher: Bencher) {
    let projects: Map<String, Value> = (0..4000)
        .map(|n| (format!("/home/u/code/project-{n}"), json!({ "history": ["x".repeat(400)] })))
        .collect();
    let text = format!("{:#}", json!({ "projects": projects, "mcpServers": {} }));
    assert!(text.len() > 1_700_000);
    let path = [Key::Name("mcpServers"), Key::Name("tools")];
    let server = json!({ "command": "npx", "args": ["-y", "tools"] });
    bencher.bench(|| json::set(black_box(&text), &path, &server).expect("the text is JSON"));
}

/// Returns the client's files after a sync, and the ledger.
fn converged() -> (Files, Ledger) {
    let roots = roots();
    let mut files: Files =
        clients::files(&roots).into_iter().map(|file| (file.path, None)).collect();
    let plan = planned(&files, &Ledger::default());
    let mut ledger = Ledger::default();
    let ours = plan::ledger_path(&roots);
    for step in plan.steps() {
        match &step.action {
            Action::Write { to, after, .. } if to.path == ours => {
                ledger = Ledger::parse(&to.path, after, &roots).expect("a ledger of our own");
            }
            Action::Write { to, after, .. } => files.set(to.path.clone(), Some(after.clone())),
            Action::Place { .. } => {}
            step => unreachable!("plugins alone ask for no {step:?}"),
        }
    }
    for path in [
        installed_plugins::path(&roots),
        known_marketplaces::path(&roots),
        settings::path(&roots, Scope::User),
    ] {
        assert!(files.get(&path).is_some(), "{}", path.display());
    }
    (files, ledger)
}

fn planned(files: &Files, ledger: &Ledger) -> plan::Plan {
    let roots = roots();
    let decoded = Claude.decode(&roots, files);
    let intent = Intent { manifest: "/dots/skills.toml".into(), ..Intent::default() };
    plan::plan(Inputs {
        roots: &roots,
        intent: &intent,
        client: Client::Claude,
        desired: &desired(&roots),
        state: &decoded.state,
        files,
        problems: &decoded.problems,
        codecs: &[&Claude],
        shelves: &BTreeMap::new(),
        cached: &BTreeSet::new(),
        ledger,
        ledger_file: None,
        lock: &Lock::default(),
        resolved: &[],
        own: &[],
        repairs: &[],
        adopted: &Adopted::default(),
        wishes: &Wishes::default(),
        now: "2026-01-02T03:04:05.000Z",
    })
}

fn desired(roots: &Roots) -> Desired {
    let mut desired = Desired::default();
    for n in 0..PLUGINS {
        let market = format!("market-{}", n % MARKETPLACES);
        let location = Claude.marketplace(roots, &market);
        let source = Source::GitHub { repo: format!("acme/{market}"), reference: None };
        let marketplace = DesiredMarketplace {
            refreshed: false,
            declared: true,
            source,
            pin: None,
            auto_update: None,
            location,
            commit: None,
            bytes: None,
        };
        desired.marketplaces.insert(market.parse().expect("a name"), marketplace);
        let id: PluginId = format!("plugin-{n}@{market}").parse().expect("an id");
        let plugin = DesiredPlugin {
            declared: true,
            enabled: true,
            auto: false,
            version: "1.0.0".to_owned(),
            commit: None,
            install_path: Claude.version(roots, &id, "1.0.0"),
            bytes: None,
        };
        desired.plugins.insert((id, Scope::User), plugin);
    }
    desired
}

/// Makes a plugin folder as small ones are: six files in four folders.
fn tree(below: &Path, n: usize) -> PathBuf {
    let root = below.join(format!("plugin-{n}"));
    for name in [".claude-plugin/plugin.json", "skills/a/SKILL.md", "README.md"] {
        write(&root.join(name), &"A line of some length.\n".repeat(60));
    }
    for name in ["commands/one.md", "commands/two.md", "commands/three.md"] {
        write(&root.join(name), "Do it.\n");
    }
    root
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a new folder");
    fs::write(path, text).expect("a new file");
}

fn roots() -> Roots {
    clients::roots_below(Path::new("/home/u"), Path::new("/work"))
}
