//! What holds for every plan, on generated wishes and files; the files live in memory.

use std::path::PathBuf;

use proptest::prelude::*;
use serde::Serialize as _;
use serde_json::{Value, json};

use super::*;
use crate::clients::claude::{Claude, installed_plugins, known_marketplaces, settings};
use crate::clients::{Layout as _, PluginLayout as _, roots_below};
use crate::model::{Fact, PluginId, Position, Reach, Record, Source, State, Thing, WantedPlugin};
use crate::resolve::{DesiredMarketplace, DesiredPlugin, Placement};

/// A disk in memory: text files, and the folders that hold bytes.
#[derive(Debug, Clone)]
struct Disk {
    files: Files,
    bytes: BTreeSet<PathBuf>,
}

/// One wish: plugin, marketplace, scope, enabled, version.
type Wish = (u8, u8, Scope, bool, u8);

impl Disk {
    /// Reads the whole state anew and plans.
    fn plan(&self, wishes: &[Wish], prune: Prune) -> Plan {
        let roots = roots();
        let ledger_file = self.files.get(&ledger_path(&roots));
        let ledger = self.ledger();
        let decoded = Claude.decode(&roots, &self.files);
        plan(Inputs {
            roots: &roots,
            intent: &intent(wishes),
            client: Client::Claude,
            desired: &self.desired(wishes),
            state: &decoded.state,
            files: &self.files,
            problems: &decoded.problems,
            codecs: &[&Claude],
            shelves: &BTreeMap::new(),
            cached: &BTreeSet::new(),
            ledger: &ledger,
            ledger_file,
            lock: &Lock::default(),
            resolved: &[],
            own: &[],
            repairs: &[],
            adopted: &Adopted::default(),
            wishes: &Wishes { prune, ..Wishes::default() },
            now: "2026-01-02T03:04:05.000Z",
        })
    }

    fn apply(&mut self, step: &Step) {
        match &step.action {
            Action::Place { to, .. } => drop(self.bytes.insert(to.clone())),
            Action::Write { to, before, after } => {
                assert_eq!(self.files.get(&to.path), before.as_deref(), "{}", to.path.display());
                assert_ne!(before.as_ref(), Some(after), "a step that writes nothing new");
                self.files.set(to.path.clone(), Some(after.clone()));
            }
            step => unreachable!("no wish here asks for {step:?}"),
        }
    }

    fn state(&self) -> State {
        let decoded = Claude.decode(&roots(), &self.files);
        assert_eq!(decoded.problems, []);
        decoded.state
    }

    fn ledger(&self) -> Ledger {
        let path = ledger_path(&roots());
        self.files
            .get(&path)
            .map_or_else(Ledger::default, |b| Ledger::parse(&path, b, &roots()).unwrap())
    }

    /// What resolving would answer: each version has a folder, and what is there is not placed again.
    fn desired(&self, wishes: &[Wish]) -> Desired {
        let roots = roots();
        let mut desired = Desired::default();
        for (id, scope, enabled, version) in wishes.iter().copied().map(parts) {
            let location = Claude.marketplace(&roots, id.marketplace.as_str());
            let install_path = Claude.version(&roots, &id, &version);
            let missing = |path: &PathBuf| (!self.bytes.contains(path)).then(|| "/from".into());
            let repo = format!("acme/{}", id.marketplace);
            desired.marketplaces.insert(
                id.marketplace.clone(),
                DesiredMarketplace {
                    declared: true,
                    source: Source::GitHub { repo, reference: None },
                    pin: None,
                    auto_update: None,
                    commit: None,
                    bytes: missing(&location),
                    refreshed: false,
                    location,
                },
            );
            let hash = || format!("sha256:{}", "0".repeat(64)).parse().unwrap();
            desired.plugins.insert(
                (id, scope),
                DesiredPlugin {
                    declared: true,
                    enabled,
                    auto: false,
                    version,
                    commit: None,
                    bytes: missing(&install_path).map(|from| Placement {
                        from,
                        hash: hash(),
                        replaces: None,
                    }),
                    install_path,
                },
            );
        }
        desired
    }

    /// Returns the plugins that are on without a record, bytes or marketplace.
    fn broken(&self) -> BTreeSet<String> {
        let state = self.state();
        let whole = |id: &str| {
            let market = id.rsplit_once('@').unwrap().1;
            let known = state.marketplace(Client::Claude, market);
            known.is_some_and(|known| self.bytes.contains(&known.install_location))
                && state
                    .plugins()
                    .any(|row| row.name == id && self.bytes.contains(&row.record.install_path))
        };
        let on = state.switches().filter(|row| row.record);
        on.filter(|row| !whole(row.name)).map(|row| row.name.to_owned()).collect()
    }
}

fn parts((plugin, market, scope, enabled, version): Wish) -> (PluginId, Scope, bool, String) {
    let id = format!("p{plugin}@m{market}").parse().unwrap();
    (id, scope, enabled, format!("{version}.0.0"))
}

fn intent(wishes: &[Wish]) -> Intent {
    let plugin = |(id, scope, enabled, _)| WantedPlugin {
        id,
        version: None,
        enabled,
        scope,
        pin: None,
        at: Position { line: 1, column: 1 },
    };
    let plugins = wishes.iter().copied().map(parts).map(plugin).collect();
    Intent { manifest: "/dots/skills.toml".into(), plugins, ..Intent::default() }
}

fn roots() -> Roots {
    roots_below(Path::new("/home/u"), Path::new("/work"))
}

/// Writes JSON in one of several hands.
fn written(value: &Value, hand: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let indent: &[u8] = [b"  ", b"    ".as_slice(), b"\t", b""][usize::from(hand % 4)];
    if hand % 4 == 3 {
        return value.to_string().into_bytes();
    }
    let pretty = serde_json::ser::PrettyFormatter::with_indent(indent);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, pretty)).unwrap();
    let mut text = String::from_utf8(out).unwrap();
    if hand & 4 != 0 {
        text.push('\n');
    }
    if hand & 8 != 0 {
        text = text.replace('\n', "\r\n");
    }
    text.into_bytes()
}

prop_compose! {
    /// A home that another hand has used: its own plugin and marketplace, keys that are not ours,
    /// and perhaps `p0@m0`, which the wishes may name too.
    fn disks()(hand in 0u8..16, files in 0u8..16, on: bool, shared: bool, shared_on: bool) -> Disk {
        let roots = roots();
        let cache = |name: &str| Claude.cache(&roots).join(name);
        let market = |name: &str| Claude.marketplace(&roots, name);
        let record = |path: &PathBuf| json!([{
            "scope": "user", "installPath": path, "version": "1.0.0", "unknown": [1],
            "installedAt": "2025-01-01T00:00:00.000Z", "lastUpdated": "2025-01-01T00:00:00.000Z",
        }]);
        let known = |name: &str| json!({
            "source": { "source": "github", "repo": format!("acme/{name}") },
            "installLocation": market(name), "lastUpdated": "2025-01-01T00:00:00.000Z",
        });
        let mut settings = json!({
            "permissions": { "allow": ["Bash(ls:*)"] },
            "enabledPlugins": { "x@theirs": on },
            "number": 1.10,
        });
        let mut plugins = json!({ "x@theirs": record(&cache("theirs/x/1.0.0")) });
        let mut marketplaces = json!({ "theirs": known("theirs") });
        let mut bytes = BTreeSet::from([cache("theirs/x/1.0.0"), market("theirs")]);
        if shared {
            plugins["p0@m0"] = record(&cache("m0/p0/1.0.0"));
            settings["enabledPlugins"]["p0@m0"] = shared_on.into();
            marketplaces["m0"] = known("m0");
            bytes.extend([cache("m0/p0/1.0.0"), market("m0")]);
        }
        let shared_settings = json!({ "env": { "A": "b" }, "enabledPlugins": {} });
        let parts = [
            (settings::path(&roots, Scope::User), settings),
            (installed_plugins::path(&roots), json!({ "version": 2, "plugins": plugins })),
            (known_marketplaces::path(&roots), marketplaces),
            (settings::path(&roots, Scope::Project), shared_settings),
        ];
        let mut disk = Disk { files: Files::default(), bytes };
        for file in Claude.files(&roots) {
            disk.files.set(file.path, None);
        }
        for (index, (path, value)) in parts.into_iter().enumerate() {
            if files & (1 << index) != 0 || index < 3 {
                disk.files.set(path, Some(written(&value, hand)));
            }
        }
        disk
    }
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let scopes = prop::sample::select(Scope::ALL.to_vec());
    let wish = (0u8..3, 0u8..2, scopes, any::<bool>(), 1u8..3);
    prop::collection::vec(wish, 0..5).prop_map(|mut wishes| {
        // A manifest names a plugin once in each scope, and one lock entry holds for all scopes.
        wishes.sort_by_key(|(plugin, market, scope, ..)| (*plugin, *market, *scope));
        wishes.dedup_by_key(|(plugin, market, scope, ..)| (*plugin, *market, *scope));
        let mut versions = BTreeMap::new();
        for (plugin, market, _, _, version) in &mut wishes {
            *version = *versions.entry((*plugin, *market)).or_insert(*version);
        }
        wishes
    })
}

/// Returns the facts that a plan may not touch: neither ours nor asked for.
fn others(disk: &Disk, wishes: &[Wish]) -> Vec<(Fact, Record)> {
    let (roots, intent, ledger) = (roots(), intent(wishes), disk.ledger());
    let asked: BTreeSet<Thing> = (intent.plugins.iter())
        .flat_map(|plugin| {
            let name = plugin.id.marketplace.to_string();
            let id = plugin.id.to_string();
            [Thing::Marketplace { name }, Thing::Plugin { id, reach: roots.reach(plugin.scope) }]
        })
        .collect();
    let free = |fact: &Fact| {
        let thing = fact.item.thing();
        !asked.contains(&thing) && !ledger.owns(&roots, fact.client, &thing)
    };
    disk.state().into_iter().filter(|(fact, _)| free(fact)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_converge_keep_what_is_not_ours_and_can_stop_anywhere(
        mut disk in disks(),
        first in wishes(),
        second in wishes(),
    ) {
        for wishes in [first, second] {
            let before = disk.state();
            let broken = disk.broken();
            let kept = others(&disk, &wishes);
            let plan = disk.plan(&wishes, Prune::Owned);
            prop_assert!(!plan.removes_foreign());
            prop_assert_eq!(plan.unexplained(), None);
            for step in plan.steps() {
                disk.apply(step);
                let now = disk.broken();
                prop_assert!(now.is_subset(&broken), "{now:?} after {step:?}");
                // What is put there is claimed before, so that a killed run can be undone.
                let ledger = disk.ledger();
                for (fact, _) in disk.state().iter().filter(|(fact, _)| !before.has(fact)) {
                    let thing = fact.item.thing();
                    let there = before.iter().any(|(old, _)| old.item.thing() == thing);
                    prop_assert!(there || ledger.owns(&roots(), fact.client, &thing), "{thing:?} is nobody's");
                }
            }
            let again = disk.plan(&wishes, Prune::Owned);
            prop_assert_eq!(again.steps(), []);
            let after = disk.state();
            for (fact, record) in kept {
                prop_assert_eq!(after.get(&fact), Some(&record), "{:?}", fact);
            }
            for (id, scope, enabled, _) in wishes.iter().copied().map(parts) {
                let switch = after.switch(Client::Claude, &id.to_string(), &roots().reach(scope));
                prop_assert_eq!(switch, Some(enabled));
            }
            let path = settings::path(&roots(), Scope::User);
            let settings: Value = serde_json::from_slice(disk.files.get(&path).unwrap()).unwrap();
            prop_assert_eq!(&settings["permissions"], &json!({ "allow": ["Bash(ls:*)"] }));
            prop_assert_eq!(settings["number"].to_string(), "1.1");
        }
    }

    #[test]
    fn pruning_leaves_only_what_is_asked_for_in_user_scope(mut disk in disks(), wishes in wishes()) {
        for step in disk.plan(&wishes, Prune::Unmanaged).steps() {
            disk.apply(step);
        }
        let asked: BTreeSet<String> = (wishes.iter().copied().map(parts))
            .filter(|(_, scope, ..)| *scope == Scope::User)
            .map(|(id, ..)| id.to_string())
            .collect();
        let state = disk.state();
        let recorded = state.plugins().map(|row| (row.name, row.reach));
        let switched = state.switches().map(|row| (row.name, row.reach));
        for (id, reach) in recorded.chain(switched).filter(|(_, reach)| **reach == Reach::USER) {
            prop_assert!(asked.contains(id), "{id} stays in {reach} scope");
        }
        let again = disk.plan(&wishes, Prune::Unmanaged);
        prop_assert_eq!(again.steps(), []);
    }
}
