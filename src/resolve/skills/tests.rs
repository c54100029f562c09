//! Tables of what becomes of an entry for skills: from the lock, from what is there, from the source.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::clients::{Policy, roots_below};
use crate::content::skill::{LintFinding, Severity};
use crate::declared::lock::Lock;
use crate::declared::manifest;
use crate::model::{Client, Powers, Request, Revision, Roots, TreeHash, Trouble};
use crate::resolve::{
    Answers, History, Observed, Origin, Part, Question, Resolution, Shelf, SkillAt, SkillsAsked,
    SkillsAt, SkillsWanted, TipWanted, resolve,
};

/// The skills of the user, and the repository `https://github.com/o/r.git`.
#[derive(Clone, Default)]
struct World {
    lock: Lock,
    observed: Observed,
    movement: Movement,
    discard: Vec<String>,
    /// The skills of each commit, with a letter for their bytes; the last one is the tip.
    commits: Vec<(char, Vec<(&'static str, char)>)>,
    /// Bytes that no client should get.
    unsafe_bytes: Vec<char>,
    offline: bool,
}

fn roots() -> Roots {
    roots_below(Path::new("/h"), Path::new("/h"))
}

fn tree(bytes: char) -> TreeHash {
    format!("sha256:{}", bytes.to_string().repeat(64)).parse().unwrap()
}

fn commit(digit: char) -> crate::model::Commit {
    digit.to_string().repeat(40).parse().unwrap()
}

impl World {
    /// A world in which nothing is installed, with skills in the repository.
    fn with(skills: &[(&'static str, char)]) -> Self {
        let observed = Observed {
            shelves: BTreeMap::from([(Scope::User, Shelf::default())]),
            ..Observed::default()
        };
        Self { observed, ..Self::default() }.publish('1', skills)
    }

    fn publish(mut self, commit: char, skills: &[(&'static str, char)]) -> Self {
        self.commits.push((commit, skills.to_vec()));
        self
    }

    /// Puts a folder with a skill where another hand would.
    fn folder(mut self, name: &str, bytes: char) -> Self {
        let what = Shelved::Folder { tree: Some(tree(bytes)), is_skill: true, is_clone: false };
        let shelves = &mut self.observed.shelves;
        shelves.get_mut(&Scope::User).unwrap().skills.insert(name.to_owned(), what);
        self
    }

    /// Goes on from what a manifest was resolved to, all of it in place.
    fn after(self, manifest: &str) -> Self {
        let out = self.resolve(manifest);
        assert!(out.notes.is_empty(), "{:?}", out.notes);
        let mut world = Self { lock: out.lock, ..self };
        for ((name, _), skill) in out.desired.skills {
            let bytes = skill.record.tree.as_ref().unwrap().to_string().chars().last().unwrap();
            world = world.folder(name.as_str(), bytes);
            let fact = agents::fact(&roots(), name.as_str(), Scope::User);
            world.observed.state.insert(fact, crate::model::Record::Skill(skill.record));
        }
        world
    }

    fn newest(self) -> Self {
        Self { movement: Movement::Newest, ..self }
    }

    fn resolve(&self, manifest: &str) -> Resolution {
        let roots = roots();
        let text = format!("version = 1\n{manifest}");
        let intent = manifest::parse(Path::new("/dots/skills.toml"), &text, &roots).unwrap();
        let mut answers = Answers::default();
        for _ in 0..9 {
            let skills = SkillsAsked { discard: &self.discard, ..SkillsAsked::default() };
            let question = Question {
                skills,
                roots: &roots,
                intent: &intent,
                client: Client::Claude,
                extra: &[],
                lock: &self.lock,
                observed: &self.observed,
                movement: &self.movement,
                policy: &Policy::default(),
                accepted: &[],
                now: 0,
            };
            let out = resolve(question, &mut answers);
            if answers.are_complete() {
                return out;
            }
            answers.tips.answer_each(|wanted| self.tip(wanted));
            answers.histories.answer_each(|_| Ok(History::Continued));
            answers.skills.answer_each(|wanted| self.skills(wanted));
            answers.contents.answer_each(|_| Ok(Arc::default()));
        }
        panic!("resolving does not come to an end")
    }

    fn tip(&self, wanted: &TipWanted) -> Result<crate::model::Commit, Trouble> {
        assert_eq!(wanted.url, "https://github.com/o/r.git");
        if self.offline {
            return Err(Trouble::unmet("there is no network"));
        }
        Ok(commit(self.commits.last().unwrap().0))
    }

    fn skills(&self, wanted: &SkillsWanted) -> Result<SkillsAt, Trouble> {
        let Origin::Fetched(Request::Git { revision, .. }) = &wanted.origin else {
            panic!("{wanted:?} is not of a repository")
        };
        if self.offline {
            return Err(Trouble::unmet("there is no network"));
        }
        let mut commits = self.commits.iter();
        let (at, skills) = match revision {
            Revision::Commit(wanted) => commits.find(|(at, _)| commit(*at) == *wanted),
            Revision::Head | Revision::Named(_) => commits.next_back(),
        }
        .ok_or_else(|| Trouble::unmet("that commit is gone"))?;
        let selected = skills.iter().filter(|(name, _)| matches_any(&wanted.select, name));
        Ok(SkillsAt {
            commit: Some(commit(*at)),
            package: None,
            names: skills.iter().map(|(name, _)| (name.parse().unwrap(), None)).collect(),
            skills: selected.map(|(name, bytes)| self.skill(name, *bytes)).collect(),
            notes: Vec::new(),
            marketplace: None,
            servers: Vec::new(),
        })
    }

    fn skill(&self, name: &str, bytes: char) -> SkillAt {
        let is_safe = !self.unsafe_bytes.contains(&bytes);
        let finding = LintFinding {
            id: "unicode.hidden",
            severity: Severity::Error,
            path: "SKILL.md".to_owned(),
            at: None,
            message: "hides text".to_owned(),
            hint: None,
        };
        SkillAt {
            name: name.parse().unwrap(),
            folder: format!("skills/{name}"),
            part: Part { root: "/cache".into(), files: Vec::new() },
            hash: is_safe.then(|| tree(bytes)),
            findings: if is_safe { Vec::new() } else { vec![finding] },
            powers: Ok(Powers::new()),
        }
    }
}

/// Returns each desired skill with its bytes and whether they are placed, what is kept though nothing
/// is known of it, what is locked, and the notes.
fn rows(out: &Resolution) -> Vec<String> {
    let bytes = |tree: &TreeHash| tree.to_string().chars().last().unwrap();
    let desired = out.desired.skills.iter().map(|((name, _), skill)| {
        let tree = skill.record.tree.as_ref().map_or('-', bytes);
        format!("{name} {tree} {}", if skill.bytes.is_some() { "placed" } else { "there" })
    });
    let kept = out.desired.kept_skills.iter().filter(|(name, scope)| {
        !out.desired.skills.keys().any(|(other, at)| (other.as_str(), at) == (name, scope))
    });
    let kept = kept.map(|(name, _)| format!("{name} kept"));
    let locked = out.lock.skills.iter().map(|(name, entry)| {
        let commit = entry.commit.as_ref().map_or("-", |commit| &commit.as_str()[..1]);
        let glob = entry.pattern.as_ref().map(|glob| format!(" by {glob}")).unwrap_or_default();
        format!("lock {name} {} at {commit}{glob}", bytes(&entry.tree))
    });
    let refused = out.lock.refused.iter();
    let refused = refused.map(|(name, entry)| format!("lock refuses {name} by {}", entry.pattern));
    let notes =
        out.notes.iter().map(|note| format!("{:?} {}: {}", note.level, note.about, note.text));
    desired.chain(kept).chain(locked).chain(refused).chain(notes).collect()
}

const ONE: &str = "[[agent_skills]]\nsource = \"o/r\"\nnames = [\"a\"]\n";
const GLOB: &str = "[[agent_skills]]\nsource = \"o/r\"\nnames = [\"a*\"]\n";
const ALL: &str = "[[agent_skills]]\nsource = \"o/r\"\n";

fn check(world: &World, manifest: &str, expected: &[&str]) {
    assert_eq!(rows(&world.resolve(manifest)), expected, "{manifest}");
}

#[test]
fn what_is_asked_for_comes_from_the_source_and_is_locked() {
    let world = World::with(&[("a", '1'), ("ab", '2'), ("c", '3')]);
    check(&world, ONE, &["a 1 placed", "lock a 1 at 1"]);
    let both = ["a 1 placed", "ab 2 placed", "lock a 1 at 1 by a*", "lock ab 2 at 1 by a*"];
    check(&world, GLOB, &both);
    let out = rows(&world.resolve(ALL));
    assert_eq!(out[..3], ["a 1 placed", "ab 2 placed", "c 3 placed"]);
    assert_eq!(out[3..], ["lock a 1 at 1 by *", "lock ab 2 at 1 by *", "lock c 3 at 1 by *"]);
}

#[test]
fn what_is_locked_and_there_is_asked_of_nobody() {
    let skills = [("a", '1'), ("ab", '2')];
    for manifest in [ONE, GLOB, ALL] {
        let world = World { offline: true, ..World::with(&skills).after(manifest) };
        let out = world.resolve(manifest);
        assert_eq!(out.lock, world.lock, "{manifest}");
        assert!(out.notes.is_empty(), "{manifest} {:?}", out.notes);
        assert!(out.desired.skills.values().all(|skill| skill.bytes.is_none()), "{manifest}");
    }
}

#[test]
fn the_lock_decides_until_the_newest_is_asked_for() {
    let world = World::with(&[("a", '1')]).after(ONE).publish('2', &[("a", '4')]);
    check(&world, ONE, &["a 1 there", "lock a 1 at 1"]);
    check(&world.clone().newest(), ONE, &["a 4 placed", "lock a 4 at 2"]);
    let mut gone = world.clone();
    gone.observed.shelves.get_mut(&Scope::User).unwrap().skills.clear();
    check(&gone, ONE, &["a 1 placed", "lock a 1 at 1"]);
    // A glob brings what is new in the source only with the newest.
    let world = World::with(&[("a", '1')]).after(GLOB).publish('2', &[("a", '1'), ("ab", '5')]);
    check(&world, GLOB, &["a 1 there", "lock a 1 at 1 by a*"]);
    let both = ["a 1 there", "ab 5 placed", "lock a 1 at 2 by a*", "lock ab 5 at 2 by a*"];
    check(&world.newest(), GLOB, &both);
}

#[test]
fn without_a_lock_what_we_installed_stays() {
    let world = World::with(&[("a", '1')]).after(ONE).publish('2', &[("a", '4')]);
    let unlocked = World { lock: Lock::default(), ..world };
    check(&unlocked, ONE, &["a 1 there", "lock a 1 at 1"]);
    check(&unlocked.newest(), ONE, &["a 4 placed", "lock a 4 at 2"]);
}

#[test]
fn bytes_that_are_not_the_locked_ones_are_refused() {
    let mut world = World::with(&[("a", '1')]).after(ONE);
    world.observed.shelves.get_mut(&Scope::User).unwrap().skills.clear();
    world.commits = vec![('1', vec![("a", '9')])];
    let out = world.resolve(ONE);
    assert_eq!(rows(&out)[..2], ["a kept", "lock a 1 at 1"]);
    assert_eq!(out.notes[0].level, crate::model::Level::Refused);
    assert!(out.notes[0].text.starts_with("its bytes are not the ones in the lock"), "{out:?}");
}

#[test]
fn what_cannot_be_reached_keeps_what_is_there_and_its_lock() {
    for (manifest, locked) in [(ONE, "lock a 1 at 1"), (GLOB, "lock a 1 at 1 by a*")] {
        let world = World::with(&[("a", '1')]).after(manifest).newest();
        let note = "Unmet o/r: there is no network";
        check(&World { offline: true, ..world }, manifest, &["a kept", locked, note]);
    }
    let nothing = World { offline: true, ..World::with(&[]) };
    check(&nothing, ONE, &["a kept", "Unmet o/r: there is no network"]);
}

#[test]
fn what_somebody_else_put_there_is_never_replaced() {
    let world = World::with(&[("a", '1')]).folder("a", '7');
    let note = "Unmet a: `/h/.agents/skills/a` is there already, from an unknown source; \
                the manifest wants it from `o/r`";
    check(&world, ONE, &["a kept", note]);
    // The wanted bytes are the wanted bytes, whoever put them there.
    check(&World::with(&[("a", '1')]).folder("a", '1'), ONE, &["a 1 there", "lock a 1 at 1"]);
}

#[test]
fn what_was_edited_here_stays_until_it_is_given_up() {
    let world = World::with(&[("a", '1')]).after(ONE).folder("a", '8').publish('2', &[("a", '4')]);
    let stays = "Info a: was edited here and stays as it is";
    check(&world, ONE, &["a 1 there", "lock a 1 at 1", stays]);
    let unmet = "Unmet a: was edited here, so the new version is not installed";
    check(&world.clone().newest(), ONE, &["a 1 there", "lock a 4 at 2", unmet]);
    let given_up = World { discard: vec!["a".to_owned()], ..world };
    check(&given_up, ONE, &["a 1 placed", "lock a 1 at 1"]);
}

#[test]
fn what_is_not_safe_is_refused_and_said_again() {
    let world = World { unsafe_bytes: vec!['2'], ..World::with(&[("a", '1'), ("ab", '2')]) };
    let refused = "Refused ab: `SKILL.md` hides text";
    let rest = ["a 1 placed", "ab kept", "lock a 1 at 1 by a*", "lock refuses ab by a*", refused];
    check(&world, GLOB, &rest);
    let mut again = World { lock: world.resolve(GLOB).lock, ..world };
    let skill = again.resolve(GLOB).desired.skills.into_values().next().unwrap();
    let fact = agents::fact(&roots(), "a", Scope::User);
    again.observed.state.insert(fact, crate::model::Record::Skill(skill.record));
    let again = World { offline: true, ..again.folder("a", '1') };
    check(&again, GLOB, &["a 1 there", "lock a 1 at 1 by a*", "lock refuses ab by a*", refused]);
}

#[test]
fn what_is_not_in_the_source_is_named_with_what_may_be_meant() {
    let world = World::with(&[("pdf", '1'), ("docx", '2')]);
    let hint = |manifest: &str| world.resolve(manifest).notes[0].hint.clone().unwrap_or_default();
    let named = |name: &str| format!("[[agent_skills]]\nsource = \"o/r\"\nnames = [\"{name}\"]\n");
    check(&world, &named("pfd"), &["pfd kept", "Unmet pfd: is not in `o/r`"]);
    assert_eq!(hint(&named("pfd")), "did you mean `pdf`?");
    assert_eq!(hint(&named("zzzz")), "it has `docx`, `pdf`");
    check(&world, &named("z*"), &["Unmet o/r: has no skill that matches `z*`"]);
    check(&World::with(&[]), ALL, &["Unmet o/r: has no skills"]);
}

#[test]
fn what_left_the_source_is_said_and_leaves_the_glob() {
    let world = World::with(&[("a", '1'), ("azure", '2')]).after(GLOB);
    let world = world.publish('2', &[("a", '1')]);
    let expected = ["a 1 there", "lock a 1 at 2 by a*", "Info azure: is no longer in `o/r`"];
    check(&world.newest(), GLOB, &expected);
    let world = World::with(&[("a", '1'), ("ab", '2')]).after(GLOB);
    let renamed = world.publish('2', &[("a", '1'), ("ax", '2')]).newest();
    let out = renamed.resolve(GLOB);
    assert_eq!(out.notes[0].text, "is no longer in `o/r`; it may be `ax` now");
}

#[test]
fn two_entries_that_want_one_folder_are_both_kept_from_it() {
    let world = World::with(&[("a", '1')]);
    let expected =
        ["a kept", "Unmet a: is wanted by two entries: line 2 (`o/r`) and line 5 (`o/r`)"];
    check(&world, &format!("{ONE}{GLOB}"), &expected);
}

#[test]
fn without_a_source_what_is_there_is_tracked() {
    let local = |name: &str| format!("[[agent_skills]]\nnames = [\"{name}\"]\n");
    let world = World::with(&[]).folder("mine", '7');
    check(&world, &local("mine"), &["mine - there"]);
    check(&world, &local("m*"), &["mine - there"]);
    let note = "Unmet gone: has no source, and `/h/.agents/skills/gone` is not there";
    check(&world, &local("gone"), &["gone kept", note]);
}
