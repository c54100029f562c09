//! Agent Skills: folders to place and remove, their inventory entries, and their links.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::lines::rewritten;
use super::unmet::Unmet;
use super::{Diff, Held, MANY, ours};
use crate::clients::agents;
use crate::model::{
    About, Change, Client, LinkKind, Note, Record, Scope, SkillName, SkillOrigin, SkillRecord,
    Thing,
};
use crate::plan::{Action, Bytes, Consent, Inputs, Line, Prune, Sign, Step, staging, trash_path};
use crate::resolve::{AtClient, DesiredSkill, Shelf, Shelved};

/// Adds what is missing, moves what is old, and runs what installs by itself.
pub(super) fn add(inputs: &Inputs, held: &Held, diff: &mut Diff) {
    for ((name, scope), skill) in &inputs.desired.skills {
        let Some(shelf) = inputs.shelves.get(scope) else { continue };
        let fact = agents::fact(inputs.roots, name.as_str(), *scope);
        let is_held = held.contains(&fact.item.thing());
        diff.wanted.insert(fact);
        if is_held {
            continue;
        }
        add_one(inputs, diff, shelf, (name, *scope), skill);
    }
    installers(inputs, diff);
}

fn add_one(
    inputs: &Inputs,
    diff: &mut Diff,
    shelf: &Shelf,
    (name, scope): (&SkillName, Scope),
    skill: &DesiredSkill,
) {
    let fact = agents::fact(inputs.roots, name.as_str(), scope);
    let thing = fact.item.thing();
    let old = agents::record(inputs.state, inputs.roots, name, scope);
    let link = link(inputs, shelf, name.as_str(), skill, old);
    let mut record = SkillRecord { link: link.kind, ..skill.record.clone() };
    record.installed_at = match old {
        Some(old) if skill.bytes.is_none() => old.installed_at.clone(),
        _ => Some(inputs.now.to_owned()),
    };
    diff.notes.extend(
        link.trouble.map(|text| Note::unmet(name, text).hint("move what is there away, then sync")),
    );
    let changed = old != Some(&record);
    if !changed && skill.bytes.is_none() && link.actions.is_empty() {
        return;
    }
    let mut text = text(old, &record, skill, !link.actions.is_empty());
    if let Some(replaced) = old.and_then(|old| old.commit.as_ref()) {
        text += &rewritten(inputs, record.commit.as_ref(), Some(replaced));
    }
    let sign = if old.is_none() { Sign::Add } else { Sign::Change };
    diff.lines.push(Line::of(sign, thing.clone(), text));
    if skill.bytes.is_some()
        && matches!(shelf.skills.get(name.as_str()), Some(Shelved::Folder { is_clone: true, .. }))
    {
        // A clone may hold commits of its own.
        diff.trash.push(trash(inputs, &thing, shelf.real.join(name.as_str())));
    }
    if let (Some(part), Some(hash)) = (&skill.bytes, &skill.record.tree) {
        let to = shelf.real.join(name.as_str());
        let action = Action::Part {
            from: part.root.clone(),
            files: part.files.clone(),
            hash: hash.clone(),
            staging: staging(inputs, &to),
            to,
        };
        diff.places.push(Step::of(&thing, action));
    }
    diff.links.extend(link.actions.into_iter().map(|action| Step::of(&thing, action)));
    if changed {
        diff.additions.push(Change {
            fact,
            before: old.cloned().map(Record::Skill),
            after: Some(Record::Skill(record)),
        });
    }
    if old.is_none() && !skill.once {
        diff.claimed.insert(inputs.roots, Client::Agents, &thing, &inputs.intent.manifest);
    }
}

/// What becomes of a skill in the client's own folder.
#[derive(Default)]
struct Linking {
    kind: Option<LinkKind>,
    actions: Vec<Action>,
    /// Why the client will not see it.
    trouble: Option<String>,
}

fn link(
    inputs: &Inputs,
    shelf: &Shelf,
    name: &str,
    skill: &DesiredSkill,
    old: Option<&SkillRecord>,
) -> Linking {
    let there = shelf.at_client.get(name);
    let at = shelf.client_real.join(name);
    let ours = old.and_then(|old| old.link);
    if shelf.is_client {
        return Linking::default();
    }
    if !skill.link {
        let actions = match (there, ours) {
            (Some(AtClient::Linked), Some(_)) => vec![Action::Unlink { at }],
            _ => Vec::new(),
        };
        return Linking { actions, ..Linking::default() };
    }
    let hidden = |what: &str| Linking {
        kind: ours,
        actions: Vec::new(),
        trouble: Some(format!(
            "Claude Code does not see it: `{}` is {what}, not put there by zskills",
            shelf.client.join(name).display()
        )),
    };
    match there {
        Some(AtClient::Linked) => Linking { kind: Some(LinkKind::Symlink), ..Linking::default() },
        None => fresh_link(inputs, shelf, name, at),
        Some(AtClient::Elsewhere { dangling: true, .. }) if ours == Some(LinkKind::Symlink) => {
            let mut link = fresh_link(inputs, shelf, name, at.clone());
            link.actions.insert(0, Action::Unlink { at });
            link
        }
        Some(AtClient::Elsewhere { target, .. }) => {
            hidden(&format!("a link to `{}`", target.display()))
        }
        Some(AtClient::Folder { tree, .. }) => {
            let owned = !shelf.links_work || ours == Some(LinkKind::Copy);
            let is_old = ours == Some(LinkKind::Copy) && old.is_some_and(|old| old.tree == *tree);
            if tree.is_some() && (*tree == skill.record.tree || skill.record.tree.is_none()) {
                let kind = owned.then_some(LinkKind::Copy);
                Linking { kind, ..Linking::default() }
            } else if is_old {
                copy(inputs, shelf, name, at)
            } else {
                hidden("a folder of its own")
            }
        }
        Some(AtClient::Other) => hidden("a file"),
    }
}

fn fresh_link(inputs: &Inputs, shelf: &Shelf, name: &str, at: PathBuf) -> Linking {
    if !shelf.links_work {
        return copy(inputs, shelf, name, at);
    }
    let target = relative(&shelf.client_real, &shelf.real.join(name));
    let actions = vec![Action::Link { at, target }];
    Linking { kind: Some(LinkKind::Symlink), actions, trouble: None }
}

/// A copy is made from the installed folder, which is in place by then.
fn copy(inputs: &Inputs, shelf: &Shelf, name: &str, to: PathBuf) -> Linking {
    let staging = staging(inputs, &to);
    let action = Action::Place {
        from: shelf.real.join(name),
        to,
        what: Bytes::Tree,
        staging,
        content: None,
    };
    Linking { kind: Some(LinkKind::Copy), actions: vec![action], trouble: None }
}

/// Returns the way from a folder to a path; both absolute and without links.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| "..");
    up.collect::<PathBuf>().join(to.components().skip(shared).collect::<PathBuf>())
}

fn text(
    old: Option<&SkillRecord>,
    record: &SkillRecord,
    skill: &DesiredSkill,
    linked: bool,
) -> String {
    let source = &record.source;
    let short = |record: &SkillRecord| record.commit.as_ref().map(|c| c.short().to_owned());
    let at = short(record).map(|commit| format!(" at {commit}")).unwrap_or_default();
    match (old, &skill.bytes) {
        (None, Some(_)) => format!("{source}{at}"),
        (None, None) if *source == SkillOrigin::Local => "tracked, never refreshed".to_owned(),
        (None, None) => format!("{source}{at}, already there"),
        (Some(old), Some(_)) if old.source != *source => {
            format!("{source}{at}, was {}", old.source)
        }
        (Some(old), Some(_)) => match (short(old), short(record)) {
            (Some(old), Some(new)) if old != new => format!("{source} {old} → {new}"),
            _ => format!("{source}{at}, bytes installed"),
        },
        (Some(_), None) if linked && record.link.is_some() => "linked into Claude Code".to_owned(),
        (Some(_), None) if linked => "no longer linked into Claude Code".to_owned(),
        (Some(old), None) => match (short(old), short(record)) {
            (Some(old), Some(new)) if old != new => format!("{source} {old} → {new}, same bytes"),
            _ => format!("{source}{at}, inventory corrected"),
        },
    }
}

fn installers(inputs: &Inputs, diff: &mut Diff) {
    for installer in &inputs.desired.installers {
        let package = &installer.package;
        let shown = installer.command.join(" ");
        if inputs.wishes.ran.get(package) == Some(&installer.command) {
            diff.claimed.accept(package, &installer.command);
            if let Some(missing) = &installer.missing {
                let text = format!("`{shown}` ran, but no skill `{missing}` is there");
                let hint = "correct `name` or `claims` in the manifest";
                diff.notes
                    .push(Note::unmet(About::Source(format!("npm:{package}")), text).hint(hint));
            }
            continue;
        }
        let accepted = inputs.ledger.accepted(package) == Some(&installer.command);
        if accepted && installer.missing.is_none() && !installer.refresh {
            continue;
        }
        let fact = agents::fact(inputs.roots, &format!("npm:{package}"), installer.scope);
        let thing = fact.item.thing();
        diff.lines.push(Line::of(Sign::Add, thing.clone(), format!("runs `{shown}`")));
        let refused = match inputs.wishes.consent {
            Consent::Offline => {
                Some(("needs the network", "run the command again without `--offline`"))
            }
            Consent::Refused if !accepted => {
                Some(("was not run", "look at the command; `--yes` runs it"))
            }
            Consent::Unasked | Consent::Given | Consent::Refused => None,
        };
        if let Some((why, hint)) = refused {
            let text = format!("`{shown}` {why}");
            diff.notes.push(Note::unmet(About::Source(format!("npm:{package}")), text).hint(hint));
            continue;
        }
        let (package, command) = (package.clone(), installer.command.clone());
        diff.runs.push(Step::of(&thing, Action::Run { package, command }));
    }
}

/// Takes away what is ours and has left the manifest; with `--prune` also what is nobody's.
pub(super) fn remove(inputs: &Inputs, held: &Held, unmet: Option<&str>, diff: &mut Diff) {
    let ours = ours(inputs, Client::Agents);
    for (scope, shelf) in inputs.shelves {
        for name in names(inputs, *scope, shelf) {
            let Ok(key) = name.parse::<SkillName>() else { continue };
            if inputs.desired.skills.contains_key(&(key.clone(), *scope))
                || inputs.desired.kept_skills.contains(&(name.clone(), *scope))
            {
                continue;
            }
            let record = agents::record(inputs.state, inputs.roots, &key, *scope);
            let thing = agents::fact(inputs.roots, &name, *scope).item.thing();
            if held.contains(&thing) {
                continue;
            }
            let foreign = !ours.contains(&thing);
            let named = inputs.wishes.going.contains(&thing);
            if let Some(wish) = unmet.filter(|_| !foreign && !named) {
                diff.lines.push(Line::of(Sign::Keep, thing, Unmet::stays(wish)));
                continue;
            }
            if !foreign && !named && inputs.wishes.removals == Consent::Refused {
                diff.lines.push(Line::of(Sign::Keep, thing, MANY));
                diff.withheld += 1;
                continue;
            }
            leave(inputs, diff, shelf, &thing, record, foreign);
        }
    }
}

/// Returns the skills of the inventory and of the folder.
fn names(inputs: &Inputs, scope: Scope, shelf: &Shelf) -> BTreeSet<String> {
    let reach = inputs.roots.reach(scope);
    let recorded = inputs.state.skills().filter(|row| *row.reach == reach);
    let recorded = recorded.map(|row| row.name.to_owned());
    let is_skill = |what: &Shelved| matches!(what, Shelved::Folder { is_skill: true, .. });
    let there =
        shelf.skills.iter().filter(|(_, what)| is_skill(what)).map(|(name, _)| name.clone());
    recorded.chain(there).collect()
}

fn leave(
    inputs: &Inputs,
    diff: &mut Diff,
    shelf: &Shelf,
    thing: &Thing,
    record: Option<&SkillRecord>,
    foreign: bool,
) {
    let others = foreign && inputs.ledger.owns(inputs.roots, Client::Agents, thing);
    // An entry about nothing helps nobody, whoever made it.
    let gone = record.is_some() && !shelf.skills.contains_key(thing.name()) && !others;
    let foreign = foreign && !gone;
    let mut line = |sign: Sign, text: &str| {
        let text = text.to_owned();
        diff.lines.push(Line { foreign, ..Line::of(sign, thing.clone(), text) });
    };
    if foreign {
        let pruned = inputs.wishes.prune == Prune::Unmanaged && thing.scope() == Scope::User;
        let local = record.is_some_and(|record| record.source == SkillOrigin::Local);
        if others || !pruned || local {
            if !others && record.is_some() {
                line(Sign::Keep, "not in the manifest, left alone");
            }
            return;
        }
    }
    let name = thing.name();
    let folder = shelf.skills.get(name);
    let local = !gone && record.is_some_and(|record| record.source == SkillOrigin::Local);
    let is_edited = match (record.and_then(|record| record.tree.as_ref()), folder) {
        (Some(recorded), Some(Shelved::Folder { tree, .. })) => tree.as_ref() != Some(recorded),
        (Some(_), Some(Shelved::Other)) => true,
        _ => false,
    };
    if !local && is_edited && !inputs.wishes.discard.iter().any(|discard| discard == name) {
        line(Sign::Keep, "no longer in the manifest; kept, because it was edited here");
        return;
    }
    line(
        Sign::Remove,
        match (local, foreign) {
            (true, _) => "no longer in the manifest; released, its folder stays",
            (_, true) => "not in the manifest",
            (_, false) if gone => "its folder is gone, so its entry goes",
            (_, false) => "no longer in the manifest",
        },
    );
    diff.released.remove(inputs.roots, Client::Agents, thing);
    if local {
        // Its entry stays, for it says that nobody could bring the folder back.
        return;
    }
    take_away(inputs, diff, shelf, thing, record, folder.is_some());
    if let Some(record) = record {
        diff.removals.push(Change {
            fact: agents::fact(inputs.roots, name, thing.scope()),
            before: Some(Record::Skill(record.clone())),
            after: None,
        });
    }
}

/// Unlinks a skill, then moves its folder to the trash.
fn take_away(
    inputs: &Inputs,
    diff: &mut Diff,
    shelf: &Shelf,
    thing: &Thing,
    record: Option<&SkillRecord>,
    is_there: bool,
) {
    let name = thing.name();
    let at = shelf.client_real.join(name);
    let ours = record.and_then(|record| record.link);
    match shelf.at_client.get(name) {
        Some(AtClient::Linked) => diff.unlinks.push(Step::of(thing, Action::Unlink { at })),
        Some(AtClient::Folder { tree: Some(tree), .. })
            if ours == Some(LinkKind::Copy)
                && record.is_some_and(|record| record.tree.as_ref() == Some(tree)) =>
        {
            diff.unlinks.push(trash(inputs, thing, at));
        }
        _ => {}
    }
    if is_there {
        diff.trash.push(trash(inputs, thing, shelf.real.join(name)));
    }
}

fn trash(inputs: &Inputs, thing: &Thing, path: PathBuf) -> Step {
    Step::of(thing, Action::Trash { path, trash: trash_path(inputs.roots) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_relative_from_its_folder() {
        let check = |from: &str, to: &str, expected: &str| {
            assert_eq!(
                relative(Path::new(from), Path::new(to)),
                Path::new(expected),
                "{from} {to}"
            );
        };
        check("/h/.claude/skills", "/h/.agents/skills/pdf", "../../.agents/skills/pdf");
        check("/h/x/claude/skills", "/h/.agents/skills/pdf", "../../../.agents/skills/pdf");
        check("/a", "/b/c", "../b/c");
    }
}
