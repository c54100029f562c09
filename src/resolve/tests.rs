mod policy;

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::clients::claude::managed::Policy;
use crate::clients::roots_below;
use crate::content::catalog;
use crate::content::powers::{FileKind, TreeFile};
use crate::declared::lock::Lock;
use crate::declared::manifest;
use crate::model::{
    Client, Digest, InstallRecord, Intent, Item, Level, Record, RegistrySource, Request, Roots,
    Scope, Source, TreeHash, WantedPlugin,
};

/// The plugins of a marketplace and what each depends on.
type Plugins = Vec<(&'static str, Vec<&'static str>)>;

/// A machine, and marketplaces behind `https://github.com/acme/<name>`.
struct World {
    lock: Lock,
    observed: Observed,
    movement: Movement,
    /// By repository and revision: the commit, and the plugins with what they depend on.
    published: BTreeMap<(&'static str, String), (char, Plugins)>,
    /// Commits whose bytes became others.
    forged: Vec<char>,
    offline: bool,
    accepted: Vec<String>,
    /// Commits in which every plugin has an executable.
    powerful: Vec<char>,
    /// Where the bytes of every plugin are, if not in its marketplace.
    elsewhere: Option<Value>,
    /// What the administrator allows.
    policy: Policy,
    /// When every commit was made.
    made: Option<u64>,
    now: u64,
}

impl World {
    fn new() -> Self {
        Self {
            lock: Lock::default(),
            observed: Observed::default(),
            movement: Movement::Keep,
            published: BTreeMap::new(),
            forged: Vec::new(),
            offline: false,
            accepted: Vec::new(),
            powerful: Vec::new(),
            elsewhere: None,
            policy: Policy::default(),
            made: Some(0),
            now: 0,
        }
    }

    /// Puts a commit behind a branch or tag; the commit is named by a hex digit.
    fn publish(
        mut self,
        name: &'static str,
        revision: &str,
        commit: char,
        plugins: &[(&'static str, &[&'static str])],
    ) -> Self {
        let plugins: Vec<_> = plugins.iter().map(|(n, deps)| (*n, deps.to_vec())).collect();
        for revision in [revision.to_owned(), digits(commit)] {
            self.published.insert((name, revision), (commit, plugins.clone()));
        }
        self
    }

    fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Goes on from what a manifest was resolved to: with its lock, and with its bytes if `placed`.
    fn after(mut self, manifest: &str, placed: bool) -> Self {
        let out = self.resolve(manifest);
        assert_eq!(notes(&out), [""; 0]);
        if placed {
            for ((id, scope), plugin) in &out.desired.plugins {
                let tree = out.lock.plugins[id].tree.clone();
                self.observed.trees.insert(plugin.install_path.clone(), tree);
                let item = Item::Plugin { id: id.to_string(), reach: roots().reach(*scope) };
                let record = InstallRecord {
                    install_path: plugin.install_path.clone(),
                    version: Some(plugin.version.clone()),
                    commit: plugin.commit.as_ref().map(ToString::to_string),
                    ..InstallRecord::default()
                };
                self.observed.state.insert(item.of(Client::Claude), Record::Plugin(record));
            }
            for (name, market) in &out.desired.marketplaces {
                let commit = market.commit.clone().unwrap();
                self.observed.heads.insert(market.location.clone(), commit);
                let known = crate::model::KnownMarketplace {
                    source: RegistrySource::Known(market.source.clone()),
                    install_location: market.location.clone(),
                    last_updated: String::new(),
                    auto_update: None,
                };
                let item = Item::Marketplace { name: name.to_string() };
                self.observed.state.insert(item.of(Client::Claude), Record::Marketplace(known));
            }
        }
        self.lock = out.lock;
        self
    }

    fn unlocked(mut self) -> Self {
        self.lock = Lock::default();
        self
    }

    fn resolve(&self, manifest: &str) -> Resolution {
        self.ask(&intent(manifest), &[])
    }

    fn ask(&self, intent: &Intent, extra: &[WantedPlugin]) -> Resolution {
        let roots = roots();
        let question = Question {
            skills: SkillsAsked::default(),
            roots: &roots,
            intent,
            client: Client::Claude,
            extra,
            lock: &self.lock,
            observed: &self.observed,
            movement: &self.movement,
            policy: &self.policy,
            accepted: &self.accepted,
            now: self.now,
        };
        let mut answers = Answers::default();
        for _ in 0..20 {
            let out = resolve(question, &mut answers);
            if answers.are_complete() {
                return out;
            }
            self.find_out(&mut answers);
        }
        panic!("resolving does not come to an end")
    }

    fn find_out(&self, answers: &mut Answers) {
        let Answers { catalogs, trees, clean, dates, contents, tips, histories, skills } = answers;
        catalogs.answer_each(|origin| self.catalog(origin));
        trees.answer_each(|wanted| self.tree(wanted));
        clean.answer_each(|_| Ok(true));
        dates.answer_each(|_| Ok(self.made));
        contents.answer_each(|root| Ok(self.contents(root)));
        tips.answer_each(|wanted| self.tip(wanted));
        histories.answer_each(|_| Ok(History::Unknown));
        skills.answer_each(|_| panic!("no world here has skills"));
    }

    fn tip(&self, TipWanted { url, reference }: &TipWanted) -> Result<Commit, Trouble> {
        let revision = reference.clone().map_or(Revision::Head, Revision::Named);
        let request = Request::Git { url: url.clone(), revision, subdir: None };
        let (_, commit, _) = self.at(&Origin::Fetched(request))?;
        Ok(digits(commit).parse().unwrap())
    }

    fn catalog(&self, origin: &Origin) -> Result<CatalogAt, Trouble> {
        let (name, commit, plugins) = self.at(origin)?;
        let source =
            |plugin: &str| self.elsewhere.clone().unwrap_or_else(|| format!("./{plugin}").into());
        let entries =
            plugins.iter().map(|(plugin, _)| json!({ "name": plugin, "source": source(plugin) }));
        let text = json!({
            "name": name, "owner": { "name": "acme" },
            "plugins": entries.collect::<Vec<_>>()
        });
        let file = Path::new("marketplace.json");
        Ok(CatalogAt {
            root: format!("/cache/{name}/{commit}").into(),
            commit: Some(digits(commit).parse().unwrap()),
            digest: hash(commit, ""),
            catalog: catalog::parse(file, text.to_string().as_bytes()).unwrap(),
        })
    }

    fn tree(&self, TreeWanted { origin, folder }: &TreeWanted) -> Result<TreeAt, Trouble> {
        let (name, commit, plugins) = self.at(origin)?;
        let plugin = Path::new(folder).file_name().unwrap().to_str().unwrap();
        let (_, needs) = plugins.iter().find(|(n, _)| *n == plugin).unwrap();
        let version = format!("{}.0.0", commit.to_digit(16).unwrap());
        let text = json!({ "name": plugin, "version": version, "dependencies": needs });
        let file = Path::new("plugin.json");
        let forged = if self.forged.contains(&commit) { "forged" } else { plugin };
        Ok(TreeAt {
            root: format!("/cache/{name}/{commit}/{plugin}").into(),
            commit: Some(digits(commit).parse().unwrap()),
            package: None,
            hash: hash(commit, forged),
            manifest: catalog::parse_plugin(file, text.to_string().as_bytes()).ok(),
        })
    }

    /// Returns the files of a plugin at `/cache/<marketplace>/<commit>/<plugin>`.
    fn contents(&self, root: &Path) -> std::sync::Arc<Contents> {
        let commit = root.iter().rev().nth(1).and_then(|name| name.to_str()?.chars().next());
        let powerful = commit.is_some_and(|commit| self.powerful.contains(&commit));
        let kind = FileKind::Executable;
        let file = TreeFile { path: "run.sh".into(), kind, digest: Digest::of(b"run") };
        let files = if powerful { vec![file] } else { Vec::new() };
        std::sync::Arc::new(Contents { files, ..Contents::default() })
    }

    /// Returns the repository, commit and plugins that an origin leads to.
    fn at(&self, origin: &Origin) -> Result<(&'static str, char, Plugins), Trouble> {
        let found = match origin {
            Origin::Fetched(Request::Git { url, revision, .. }) => {
                if self.offline {
                    return Err(Trouble::unmet("the network is not to be used"));
                }
                let revision = match revision {
                    Revision::Head => "main".to_owned(),
                    Revision::Named(name) => name.clone(),
                    Revision::Commit(commit) => commit.to_string(),
                };
                self.published.iter().find(|((name, at), _)| {
                    *url == format!("https://github.com/acme/{name}.git") && *at == revision
                })
            }
            Origin::Local(path) => self.published.iter().find(|((name, at), _)| {
                let head = self.observed.heads.iter().find(|(clone, _)| path.starts_with(clone));
                let head = head.map(|(_, commit)| commit.to_string());
                path.ends_with(format!("marketplaces/{name}")) && Some(at) == head.as_ref()
            }),
            Origin::Fetched(_) => None,
        };
        let ((name, _), (commit, plugins)) =
            found.ok_or_else(|| Trouble::unmet("nothing is there"))?;
        Ok((name, *commit, plugins.clone()))
    }
}

fn digits(commit: char) -> String {
    commit.to_string().repeat(40)
}

fn hash(commit: char, of: &str) -> TreeHash {
    let hex = crate::machine::store::hex(of.as_bytes());
    format!("sha256:{hex:0<63}{commit}").parse().unwrap()
}

fn roots() -> Roots {
    roots_below(Path::new("/home/u"), Path::new("/work"))
}

/// Reads a manifest of `name` lines: `tools` declares a marketplace, `a@tools` wants a plugin; what
/// follows the name is further keys.
fn intent(text: &str) -> Intent {
    let mut toml = "version = 1\n".to_owned();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, more) = line.split_once(' ').unwrap_or((line, ""));
        let more = more.replace("; ", "\n");
        let (table, source) = if name.contains('@') {
            ("skills", String::new())
        } else {
            ("marketplaces", format!("source = \"acme/{name}\""))
        };
        toml.extend(["[[", table, "]]\nname = \"", name, "\"\n", &source, "\n", &more, "\n"]);
    }
    manifest::parse(Path::new("/dots/skills.toml"), &toml, &roots()).unwrap()
}

/// Returns what is desired, as `plugin@marketplace scope commit`, with `auto` for dependencies.
fn plugins(out: &Resolution) -> Vec<String> {
    let row = |((id, scope), plugin): (&(crate::model::PluginId, Scope), &DesiredPlugin)| {
        let commit = plugin.commit.as_ref().map_or("-", |commit| &commit.as_str()[..1]);
        format!("{id} {scope} {commit}{}", if plugin.auto { " auto" } else { "" })
    };
    out.desired.plugins.iter().map(row).collect()
}

fn notes(out: &Resolution) -> Vec<String> {
    let row = |note: &Note| {
        let hint = note.hint.as_ref().map_or(String::new(), |hint| format!(" | {hint}"));
        format!("{}: {}{hint}", note.about, note.text)
    };
    out.notes.iter().map(row).collect()
}

/// `tools` with `a`, which needs `b`; `main` stands at commit 1, the tag `v2` at commit 2.
fn tools() -> World {
    let catalog: &[(&str, &[&str])] = &[("a", &["b"]), ("b", &[]), ("alpha", &[])];
    World::new().publish("tools", "main", '1', catalog).publish("tools", "v2", '2', catalog)
}

const A: &str = "tools\na@tools";

#[test]
fn what_a_plugin_depends_on_comes_with_it_once_and_circles_end() {
    let check = |catalog: &[(&'static str, &[&'static str])], expected: &[&str]| {
        let out = World::new().publish("tools", "main", '1', catalog).resolve(A);
        assert_eq!(plugins(&out), expected);
        assert_eq!(notes(&out), [""; 0]);
        assert_eq!(out.lock.plugins.len(), expected.len());
    };
    check(&[("a", &[])], &["a@tools user 1"]);
    check(&[("a", &["b"]), ("b", &[])], &["a@tools user 1", "b@tools user 1 auto"]);
    check(&[("a", &["b"]), ("b", &["a"])], &["a@tools user 1", "b@tools user 1 auto"]);
    check(&[("a", &["a"])], &["a@tools user 1"]);
    check(
        &[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &["b"])],
        &["a@tools user 1", "b@tools user 1 auto", "c@tools user 1 auto", "d@tools user 1 auto"],
    );
}

#[test]
fn a_dependency_of_another_marketplace_needs_a_source_for_it() {
    let world = || {
        World::new().publish("tools", "main", '1', &[("a", &["x@more"])]).publish(
            "more",
            "main",
            '3',
            &[("x", &[])],
        )
    };
    let out = world().resolve("tools\nmore\na@tools");
    assert_eq!(plugins(&out), ["a@tools user 1", "x@more user 3 auto"]);
    let out = world().resolve(A);
    assert_eq!(plugins(&out), ["a@tools user 1"]);
    assert!(notes(&out)[0].contains("no source is known for marketplace `more`"), "{out:?}");
}

#[test]
fn the_lock_decides_whatever_the_source_says_by_now() {
    let moved = tools().after(A, false).publish("tools", "main", '3', &[("a", &[])]);
    let out = moved.resolve(A);
    assert_eq!(plugins(&out), ["a@tools user 1", "b@tools user 1 auto"]);
    assert_eq!(out.lock, moved.lock);
}

#[test]
fn what_is_locked_and_there_is_asked_of_nobody() {
    let world = tools().after(A, true).offline();
    let out = world.resolve(A);
    assert_eq!(notes(&out), [""; 0]);
    assert!(out.desired.plugins.values().all(|plugin| plugin.bytes.is_none()));
}

#[test]
fn a_changed_pin_is_resolved_again() {
    let world = tools().after(A, true);
    let check = |manifest: &str, expected: &[&str]| {
        assert_eq!(plugins(&world.resolve(manifest)), expected, "{manifest}");
    };
    check("tools pin = \"v2\"\na@tools", &["a@tools user 2", "b@tools user 2 auto"]);
    check("tools\na@tools pin = \"v2\"", &["a@tools user 2", "b@tools user 1 auto"]);
}

#[test]
fn a_version_that_does_not_meet_the_requirement_is_unmet_and_the_lock_stays() {
    let world = tools().after(A, true);
    let out = world.resolve("tools\na@tools version = \">=2\"");
    assert_eq!(plugins(&out), [""; 0]);
    assert!(notes(&out)[0].starts_with("a@tools: version 1.0.0 does not meet `>=2`"), "{out:?}");
    assert_eq!(out.lock, world.lock);
    let out = world.resolve("tools pin = \"v2\"\na@tools version = \">=2\"");
    assert_eq!(plugins(&out), ["a@tools user 2", "b@tools user 2 auto"]);
}

#[test]
fn slips_of_names_are_answered_with_what_may_be_meant() {
    let check = |manifest: &str, expected: &str| {
        let out = tools().resolve(manifest);
        assert!(notes(&out).iter().any(|note| note.contains(expected)), "{:?}", notes(&out));
    };
    check("tools\nalpa@tools", "has no plugin `alpa` | did you mean `alpha`?");
    check("tools\na@tool", "no source is known for marketplace `tool` | did you mean `tools`?");
    check("tools\na@elsewhere", "add [[marketplaces]] with name = \"elsewhere\"");
    check("tools\nzzzzzz@tools", "has no plugin `zzzzzz`");
}

#[test]
fn a_marketplace_that_calls_itself_otherwise_is_named_with_both_names() {
    let mut intent = intent("tool\na@tool");
    let source = Source::GitHub { repo: "acme/tools".to_owned(), reference: None };
    intent.marketplaces[0].source = Some(source);
    let out = tools().ask(&intent, &[]);
    let expected = "calls itself `tools`, the manifest calls it `tool` | write name = \"tools\"";
    assert!(notes(&out)[0].contains(expected), "{out:?}");
    assert!(out.desired.plugins.is_empty() && out.desired.marketplaces.is_empty());
}

#[test]
fn without_a_lock_what_is_installed_stays_unless_the_newest_is_asked_for() {
    let mut world = tools().after(A, true).unlocked();
    world.published.remove(&("tools", "main".to_owned()));
    world = world.publish("tools", "main", '3', &[("a", &["b"]), ("b", &[])]);
    let mut heads = |movement| {
        world.movement = movement;
        let out = world.resolve("tools");
        out.lock.marketplaces.values().map(|m| m.commit.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(heads(Movement::Keep), [digits('1').parse().unwrap()]);
    assert_eq!(heads(Movement::Newest), [digits('3').parse().unwrap()]);
    assert_eq!(plugins(&world.resolve(A)), ["a@tools user 3", "b@tools user 3 auto"]);
}

#[test]
fn bytes_that_are_not_the_locked_ones_are_refused() {
    let mut world = tools().after(A, false);
    world.forged.push('1');
    let out = world.resolve(A);
    assert_eq!(plugins(&out), [""; 0]);
    assert_eq!(out.notes[0].level, Level::Refused);
    assert_eq!(out.lock, world.lock);
}

#[test]
fn what_cannot_be_reached_keeps_its_lock_with_all_that_it_depends_on() {
    let catalog: &[(&str, &[&str])] = &[("a", &["b", "x@more"]), ("b", &["c"]), ("c", &["b"])];
    let world = World::new()
        .publish("tools", "main", '1', catalog)
        .publish("more", "main", '3', &[("x", &[])])
        .after("tools\nmore\na@tools", false)
        .offline();
    let out = world.resolve("tools\nmore\na@tools");
    assert!(!out.notes.is_empty());
    assert_eq!(out.lock, world.lock);
}

#[test]
fn what_is_wanted_once_is_not_locked() {
    let extra = intent("tools\nb@tools").plugins;
    let out = tools().ask(&intent("tools"), &extra);
    assert_eq!(plugins(&out), ["b@tools user 1"]);
    assert!(!out.desired.plugins.values().any(|plugin| plugin.declared));
    assert!(out.lock.plugins.is_empty());
}

#[test]
fn a_dependency_that_the_manifest_names_is_held_to_what_the_manifest_says() {
    let check = |manifest: &str, expected: &[&str]| {
        assert_eq!(plugins(&tools().resolve(manifest)), expected, "{manifest}");
    };
    // The pin cannot be had; the newest is not what was asked for.
    check("tools\nb@tools pin = \"v9\"\na@tools", &["a@tools user 1"]);
    // Another scope shares the lock entry and the folder of the version.
    let project = "tools\nb@tools pin = \"v2\"\na@tools scope = \"project\"";
    check(project, &["a@tools project 1", "b@tools user 2", "b@tools project 2 auto"]);
    let world = tools().after(project, false);
    assert_eq!(world.resolve(project).lock, world.lock);
    check("tools\na@tools\nb@tools enabled = false", &["a@tools user 1", "b@tools user 1"]);
}

#[test]
fn what_a_plugin_could_not_do_before_has_to_be_accepted() {
    let manifest = "tools\na@tools";
    let world = || {
        let world = World::new().publish("tools", "main", '1', &[("a", &[])]).after(manifest, true);
        let mut world = world.publish("tools", "main", '2', &[("a", &[])]);
        world.movement = Movement::Newest;
        world.powerful.push('2');
        world
    };
    let stopped = world().resolve(manifest);
    assert_eq!(stopped.notes[0].level, Level::Refused);
    assert!(stopped.notes[0].text.contains("+ executable `run.sh`"), "{}", stopped.notes[0].text);
    let id = "a@tools".parse().unwrap();
    assert_eq!(stopped.lock.plugins[&id].version, "1.0.0", "the lock keeps what was accepted");
    for name in ["a@tools", "a"] {
        let mut world = world();
        world.accepted.push(name.to_owned());
        let out = world.resolve(manifest);
        assert_eq!(notes(&out), [""; 0]);
        assert!(out.lock.plugins[&id].powers.as_ref().unwrap().contains_key("executable `run.sh`"));
    }
    let mut bare = world();
    bare.powerful.clear();
    assert_eq!(notes(&bare.resolve(manifest)), [""; 0]);
}
