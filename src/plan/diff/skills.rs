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
use crate::resolve::{AtClient, ClientShelf, DesiredSkill, Shelf, Shelved};

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
    let links: Vec<(Client, Linking)> = seats(inputs, shelf, name.as_str())
        .filter(|seat| !seat.at.is_shared || !skill.enabled)
        .map(|seat| (seat.client, seat.link(skill, old)))
        .collect();
    let kinds = links.iter().filter_map(|(client, link)| Some((*client, link.kind?)));
    let mut record = SkillRecord { links: kinds.collect(), ..skill.record.clone() };
    record.installed_at = match old {
        Some(old) if skill.bytes.is_none() => old.installed_at.clone(),
        _ => Some(inputs.now.to_owned()),
    };
    let hidden = links.iter().filter_map(|(_, link)| link.trouble.as_ref());
    let hint = "move what is there away, then sync";
    diff.notes.extend(hidden.map(|text| Note::unmet(name, text).hint(hint)));
    let linked: Vec<Client> = links
        .iter()
        .filter(|(_, link)| link.gone.is_some() || link.made.is_some() || link.renewed.is_some())
        .map(|(client, _)| *client)
        .collect();
    let changed = old != Some(&record);
    if !changed && skill.bytes.is_none() && linked.is_empty() {
        return;
    }
    let mut text = text(old, &record, skill, &linked);
    if let Some(replaced) = old.and_then(|old| old.commit.as_ref()) {
        text += &rewritten(inputs, record.commit.as_ref(), Some(replaced));
    }
    let sign = if old.is_none() { Sign::Add } else { Sign::Change };
    diff.lines.push(Line::of(sign, thing.clone(), text));
    if skill.bytes.is_some()
        && matches!(shelf.skills.get(name.as_str()), Some(Shelved::Folder { is_clone: true, .. }))
    {
        // A clone may hold commits of its own.
        diff.trash.push(Step::of(&thing, trash(inputs, shelf.real.join(name.as_str()))));
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
    for (_, link) in links {
        diff.unlinks.extend(link.gone.map(|action| Step::of(&thing, action)));
        diff.links.extend(link.made.map(|action| Step::of(&thing, action)));
        // Before the inventory, which tells our copy by its bytes: it would be nobody's in between.
        diff.places.extend(link.renewed.map(|action| Step::of(&thing, action)));
    }
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

/// The place of one skill in the folder in which one client looks.
struct Seat<'a> {
    inputs: &'a Inputs<'a>,
    shelf: &'a Shelf,
    client: Client,
    at: &'a ClientShelf,
    name: &'a str,
}

/// What becomes of a skill there.
#[derive(Default)]
struct Linking {
    kind: Option<LinkKind>,
    gone: Option<Action>,
    made: Option<Action>,
    /// A copy of ours that becomes the new bytes.
    renewed: Option<Action>,
    /// Why the client will not see it.
    trouble: Option<String>,
}

fn seats<'a>(
    inputs: &'a Inputs<'a>,
    shelf: &'a Shelf,
    name: &'a str,
) -> impl Iterator<Item = Seat<'a>> {
    shelf.clients.iter().map(move |(client, at)| Seat { inputs, shelf, client: *client, at, name })
}

impl Seat<'_> {
    fn path(&self) -> PathBuf {
        self.at.real.join(self.name)
    }

    fn there(&self) -> Option<&AtClient> {
        self.at.skills.get(self.name)
    }

    /// Returns what we put there, as the inventory has it.
    fn ours(&self, record: Option<&SkillRecord>) -> Option<LinkKind> {
        record.and_then(|record| record.links.get(&self.client)).copied()
    }

    fn link(&self, skill: &DesiredSkill, old: Option<&SkillRecord>) -> Linking {
        let ours = self.ours(old);
        if !skill.enabled {
            return self.switched_off(old);
        }
        if !skill.link {
            return Linking { gone: self.take_away(old), ..Linking::default() };
        }
        let hidden = |what: &str| Linking {
            kind: ours,
            trouble: Some(format!(
                "{} does not see it: `{}` is {what}, not put there by zskills",
                self.client,
                self.at.folder.join(self.name).display()
            )),
            ..Linking::default()
        };
        match self.there() {
            Some(AtClient::Linked) => {
                Linking { kind: Some(LinkKind::Symlink), ..Linking::default() }
            }
            None => self.fresh(),
            Some(AtClient::Elsewhere { dangling: true, .. }) if ours == Some(LinkKind::Symlink) => {
                Linking { gone: Some(Action::Unlink { at: self.path() }), ..self.fresh() }
            }
            Some(AtClient::Elsewhere { target, .. }) => {
                hidden(&format!("a link to `{}`", target.display()))
            }
            Some(AtClient::Folder { tree, .. }) => {
                let owned = !self.at.links_work || ours == Some(LinkKind::Copy);
                let is_old =
                    ours == Some(LinkKind::Copy) && old.is_some_and(|old| old.tree == *tree);
                if tree.is_some() && (*tree == skill.record.tree || skill.record.tree.is_none()) {
                    let kind = owned.then_some(LinkKind::Copy);
                    Linking { kind, ..Linking::default() }
                } else if is_old {
                    Linking {
                        kind: Some(LinkKind::Copy),
                        renewed: Some(self.copy()),
                        ..Linking::default()
                    }
                } else {
                    hidden("a folder of its own")
                }
            }
            Some(AtClient::Other) => hidden("a file"),
        }
    }

    /// Takes away what leads the client to a skill that is switched off.
    fn switched_off(&self, old: Option<&SkillRecord>) -> Linking {
        let shown = self.at.folder.join(self.name);
        let (client, shown) = (self.client, shown.display());
        let trouble = |text: String| Linking { trouble: Some(text), ..Linking::default() };
        if self.at.is_shared {
            return trouble(format!("cannot be switched off: {client} reads `{shown}` itself"));
        }
        let still =
            |what| trouble(format!("is switched off, but {client} still sees `{shown}`, {what}"));
        match self.there() {
            None | Some(AtClient::Elsewhere { dangling: true, .. } | AtClient::Other) => {
                Linking::default()
            }
            Some(AtClient::Linked) => {
                Linking { gone: Some(Action::Unlink { at: self.path() }), ..Linking::default() }
            }
            Some(AtClient::Elsewhere { .. }) => still("a link to another place"),
            Some(AtClient::Folder { .. }) => match self.take_away(old) {
                None => still("a folder that zskills did not put there"),
                gone => Linking { gone, ..Linking::default() },
            },
        }
    }

    fn fresh(&self) -> Linking {
        let (kind, made) = if self.at.links_work {
            let target = relative(&self.at.real, &self.shelf.real.join(self.name));
            (LinkKind::Symlink, Action::Link { at: self.path(), target })
        } else {
            (LinkKind::Copy, self.copy())
        };
        Linking { kind: Some(kind), made: Some(made), ..Linking::default() }
    }

    /// A copy is made from the installed folder, which is in place by then.
    fn copy(&self) -> Action {
        let (from, to) = (self.shelf.real.join(self.name), self.path());
        let staging = staging(self.inputs, &to);
        Action::Place { from, to, what: Bytes::Tree, staging, content: None }
    }

    /// Returns what takes away that which we put there, if it is as we left it.
    fn take_away(&self, old: Option<&SkillRecord>) -> Option<Action> {
        let at = self.path();
        match (self.there()?, self.ours(old)?) {
            (AtClient::Linked, _) => Some(Action::Unlink { at }),
            (AtClient::Folder { tree: Some(tree), .. }, LinkKind::Copy)
                if old?.tree.as_ref() == Some(tree) =>
            {
                Some(trash(self.inputs, at))
            }
            _ => None,
        }
    }
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
    linked: &[Client],
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
        (Some(_), None) if !linked.is_empty() && !skill.enabled => "switched off".to_owned(),
        (Some(_), None) if !linked.is_empty() => {
            let names: Vec<String> = linked.iter().map(ToString::to_string).collect();
            let is_linked = linked.iter().any(|client| record.links.contains_key(client));
            let now = if is_linked { "linked into" } else { "no longer linked into" };
            format!("{now} {}", names.join(" and "))
        }
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
            (_, false) if inputs.names_elsewhere(thing) => "for other machines or projects",
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
    for seat in seats(inputs, shelf, name) {
        // A link that leads to what goes leads nowhere then, whoever made it.
        let gone = match seat.there() {
            Some(AtClient::Linked) => Some(Action::Unlink { at: seat.path() }),
            _ => seat.take_away(record),
        };
        diff.unlinks.extend(gone.map(|action| Step::of(thing, action)));
    }
    if is_there {
        diff.trash.push(Step::of(thing, trash(inputs, shelf.real.join(name))));
    }
}

fn trash(inputs: &Inputs, path: PathBuf) -> Action {
    Action::Trash { path, trash: trash_path(inputs.roots) }
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
