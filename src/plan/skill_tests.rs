//! What holds for plans of skills, on generated wishes and folders; two clients look into folders of
//! their own, and the one that shares skills stands in for the second.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::clients::agents::{self, Agents};
use crate::clients::roots_below;
use crate::machine::store::disk;
use crate::model::{LinkKind, SkillName, SkillOrigin, SkillRecord, TreeHash};
use crate::resolve::{AtClient, ClientShelf, DesiredSkill, Part, Shelved};

const CLIENTS: [Client; 2] = [Client::Agents, Client::Claude];
const NAMES: [&str; 3] = ["a", "b", "c"];

/// The skills of the user, in memory.
#[derive(Debug, Clone)]
struct Home {
    files: Files,
    shelf: Shelf,
}

/// Which skill, of which bytes, and whether clients get a link.
type Wish = (&'static str, char, bool);

fn roots() -> Roots {
    roots_below(Path::new("/h"), Path::new("/h/p"))
}

fn tree(bytes: char) -> TreeHash {
    format!("sha256:{}", bytes.to_string().repeat(64)).parse().unwrap()
}

fn folder(bytes: char) -> Shelved {
    Shelved::Folder { tree: Some(tree(bytes)), is_skill: true, is_clone: false }
}

impl Home {
    fn plan(&self, wishes: &[Wish]) -> Plan {
        let decoded = Agents.decode(&roots(), &self.files);
        assert_eq!(decoded.problems, []);
        plan(Inputs {
            roots: &roots(),
            intent: &Intent { manifest: "/dots/skills.toml".into(), ..Intent::default() },
            client: Client::Claude,
            desired: &self.desired(&decoded.state, wishes),
            state: &decoded.state,
            files: &self.files,
            problems: &[],
            codecs: &[&Agents],
            shelves: &BTreeMap::from([(Scope::User, self.shelf.clone())]),
            cached: &BTreeSet::new(),
            ledger: &self.ledger(),
            ledger_file: self.files.get(&ledger_path(&roots())),
            lock: &Lock::default(),
            resolved: &[],
            own: &[],
            repairs: &[],
            adopted: &Adopted::default(),
            wishes: &Wishes::default(),
            now: "2026-01-02T03:04:05.000Z",
        })
    }

    /// What resolving would answer: what somebody else put there stays, what is there is not placed.
    fn desired(&self, state: &State, wishes: &[Wish]) -> Desired {
        let mut desired = Desired::default();
        for (name, bytes, link) in wishes.iter().copied() {
            let there = self.shelf.skills.get(name);
            let name: SkillName = name.parse().unwrap();
            let is_ours = agents::record(state, &roots(), &name, Scope::User).is_some();
            if there.is_some_and(|there| *there != folder(bytes)) && !is_ours {
                desired.kept_skills.insert((name.to_string(), Scope::User));
                continue;
            }
            let record = SkillRecord {
                source: SkillOrigin::Git("o/r".into()),
                installed_at: None,
                commit: None,
                tree: Some(tree(bytes)),
                path: None,
                pin: None,
                links: BTreeMap::new(),
            };
            let part = Part { root: format!("/from/{bytes}").into(), files: Vec::new() };
            let bytes = (there != Some(&folder(bytes))).then_some(part);
            let skill = DesiredSkill { record, bytes, link, enabled: true, once: false };
            desired.skills.insert((name, Scope::User), skill);
        }
        desired
    }

    fn ledger(&self) -> Ledger {
        let path = ledger_path(&roots());
        let text = self.files.get(&path);
        text.map_or_else(Ledger::default, |text| Ledger::parse(&path, text, &roots()).unwrap())
    }

    fn apply(&mut self, step: &Step) {
        match &step.action {
            Action::Write { to, before, after } => {
                assert_eq!(self.files.get(&to.path), before.as_deref());
                self.files.set(to.path.clone(), Some(after.clone()));
            }
            Action::Part { from, to, hash, .. } => {
                let bytes = from.to_str().unwrap().chars().last().unwrap();
                assert_eq!(*hash, tree(bytes));
                self.shelf.skills.insert(name(to), folder(bytes));
            }
            Action::Link { at, target } => {
                let skill = self.shelf.real.join(name(at));
                assert!(self.shelf.skills.contains_key(&name(at)), "{step:?} leads nowhere");
                assert_eq!(skill, disk::normal(&at.parent().unwrap().join(target)));
                assert_eq!(self.at(at).insert(name(at), AtClient::Linked), None);
            }
            Action::Place { from, to, .. } => {
                let Shelved::Folder { tree, .. } = self.shelf.skills[&name(from)].clone() else {
                    panic!("{step:?} copies nothing")
                };
                self.at(to).insert(name(to), AtClient::Folder { tree, is_skill: true });
            }
            Action::Unlink { at } => drop(self.at(at).remove(&name(at)).unwrap()),
            Action::Trash { path, .. } if path.starts_with(&self.shelf.real) => {
                self.shelf.skills.remove(&name(path)).unwrap();
            }
            Action::Trash { path, .. } => drop(self.at(path).remove(&name(path)).unwrap()),
            step => panic!("no wish here asks for {step:?}"),
        }
    }

    /// Returns what the client has that looks where a path is.
    fn at(&mut self, path: &Path) -> &mut BTreeMap<String, AtClient> {
        let mut clients = self.shelf.clients.values_mut();
        &mut clients.find(|at| path.starts_with(&at.real)).unwrap().skills
    }

    fn record(&self, name: &str) -> Option<SkillRecord> {
        let state = Agents.decode(&roots(), &self.files).state;
        agents::record(&state, &roots(), &name.parse().unwrap(), Scope::User).cloned()
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn at_client() -> impl Strategy<Value = AtClient> {
    let elsewhere = |dangling| AtClient::Elsewhere { target: "/x".into(), dangling };
    prop_oneof![
        any::<bool>().prop_map(elsewhere),
        Just(AtClient::Folder { tree: Some(tree('f')), is_skill: true }),
        Just(AtClient::Folder { tree: None, is_skill: false }),
        Just(AtClient::Other),
    ]
}

fn names<T: std::fmt::Debug>(
    what: impl Strategy<Value = T>,
) -> impl Strategy<Value = BTreeMap<String, T>> {
    let name = prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
    prop::collection::btree_map(name, what, 0..2)
}

prop_compose! {
    fn client_shelves()(
        skills in names(at_client()),
        links_work: bool,
        is_shared: bool,
        folder in Just(PathBuf::new()),
    ) -> ClientShelf {
        let skills = if is_shared { BTreeMap::new() } else { skills };
        ClientShelf { real: folder.clone(), folder, is_shared, links_work, skills }
    }
}

prop_compose! {
    /// A home that another hand has used.
    fn homes()(
        skills in names(prop_oneof![Just(folder('f')), Just(Shelved::Other)]),
        clients in prop::collection::vec(client_shelves(), CLIENTS.len()),
    ) -> Home {
        let skills_folder = PathBuf::from("/h/.agents/skills");
        let clients = CLIENTS.into_iter().zip(clients).map(|(client, at)| {
            let own = Path::new("/h").join(client.id()).join("skills");
            let folder = if at.is_shared { skills_folder.clone() } else { own };
            (client, ClientShelf { real: folder.clone(), folder, ..at })
        });
        let clients = clients.collect();
        let shelf = Shelf { folder: skills_folder.clone(), real: skills_folder, skills, clients };
        let mut files = Files::default();
        for file in Agents.layout().files(&roots()) {
            files.set(file.path, None);
        }
        Home { files, shelf }
    }
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let name = prop::sample::select(NAMES.to_vec());
    let bytes = prop::sample::select(vec!['a', 'b']);
    let wishes = prop::collection::btree_map(name, (bytes, any::<bool>()), 0..4);
    wishes
        .prop_map(|wishes| wishes.into_iter().map(|(n, (bytes, link))| (n, bytes, link)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn skills_reach_every_client_and_what_is_not_ours_stays(
        mut home in homes(),
        first in wishes(),
        second in wishes(),
        killed in 0usize..12,
    ) {
        let foreign = home.shelf.clone();
        for wishes in [first, second, Vec::new()] {
            // A run that is killed is finished by the next one.
            let stopped = home.plan(&wishes);
            stopped.steps().iter().take(killed).for_each(|step| home.apply(step));
            let plan = home.plan(&wishes);
            for step in plan.steps() {
                let explained = |subject: &Subject| plan.lines().iter().any(|line| line.subject == *subject);
                prop_assert!(!step.subjects.is_empty() && step.subjects.iter().all(explained), "{step:?}");
                home.apply(step);
            }
            let again = home.plan(&wishes);
            prop_assert_eq!(again.steps(), []);
            for (name, what) in &foreign.skills {
                prop_assert_eq!(home.shelf.skills.get(name), Some(what));
            }
            for (name, bytes, link) in wishes.iter().filter(|wish| !foreign.skills.contains_key(wish.0)) {
                prop_assert_eq!(&home.shelf.skills[*name], &folder(*bytes));
                let links = home.record(name).unwrap().links;
                for (client, at) in &home.shelf.clients {
                    let theirs = foreign.clients[client].skills.contains_key(*name);
                    let kind = match at.skills.get(*name) {
                        Some(AtClient::Linked) => Some(LinkKind::Symlink),
                        Some(AtClient::Folder { tree: Some(there), .. }) if *there == tree(*bytes) => {
                            Some(LinkKind::Copy)
                        }
                        _ => None,
                    };
                    let expected = *link && !at.is_shared && !theirs;
                    prop_assert_eq!(links.get(client).copied(), kind.filter(|_| expected), "{}", client);
                    prop_assert_eq!(kind.is_some(), expected, "{}", client);
                    let said = plan.notes().iter().any(|note| note.text.starts_with(&format!("{client} does not see it")));
                    prop_assert!(said || !theirs || !link, "nothing says that {} is hidden", name);
                }
            }
        }
        for (client, at) in &foreign.clients {
            prop_assert_eq!(&home.shelf.clients[client].skills, &at.skills, "{}", client);
        }
        prop_assert_eq!(&home.shelf.skills, &foreign.skills);
        prop_assert!(NAMES.iter().all(|name| home.record(name).is_none()));
    }
}
