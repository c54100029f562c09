//! Records that name what is elsewhere or nowhere: folders of another machine, projects that are gone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::{self, Field};
use crate::model::{
    Change, Client, Diagnostic, Fact, InstallRecord, KnownMarketplace, Record, Roots, Row, Scope,
    Source, State,
};

pub(super) const CHECKS: &[&Check] = &[&FOREIGN_PATH, &DANGLING_PROJECT];

const FOREIGN_PATH: Check = Check {
    id: "path.foreign",
    severity: Severity::Error,
    title: "a path of another machine",
    cause: "A record names a folder that is not here, while the same folder below this home is: \
            the client's files came from another home, container or system.",
    fix: "`--fix` rewrites the path, and nothing else of the record.",
    run: foreign_paths,
};

fn foreign_paths(evidence: &Evidence) -> Vec<Symptom> {
    let state = &evidence.observed.state;
    let plugins = state.plugins().filter_map(|row| {
        let (fact, old) = (row.fact, row.record);
        let to = target(evidence, row.client, &old.install_path)?;
        let text = points_away(row.name, &old.install_path);
        let after = InstallRecord { install_path: to, ..old.clone() };
        let records = (Record::Plugin(old.clone()), Record::Plugin(after));
        Some(re_root(row.name, fact, evidence.at(fact, text), records))
    });
    let marketplaces = state.marketplaces().filter_map(|row| {
        let (fact, old) = (row.fact, row.record);
        let to = marketplace_target(evidence, row.client, old)?;
        let text = points_away(row.name, &old.install_location);
        let after = KnownMarketplace { install_location: to, ..old.clone() };
        let records = (Record::Marketplace(old.clone()), Record::Marketplace(after));
        Some(re_root(row.name, fact, evidence.at_field(fact, Field::Folder, text), records))
    });
    marketplaces.chain(plugins).collect()
}

fn points_away(name: &str, to: &Path) -> String {
    format!("`{name}` points to `{}`, which is not here", to.display())
}

fn re_root(
    about: &str,
    fact: &Fact,
    diagnostic: Diagnostic,
    (before, after): (Record, Record),
) -> Symptom {
    let change = Change { fact: fact.clone(), before: Some(before), after: Some(after) };
    Symptom::new(about, diagnostic, Fix::Correct(vec![change]))
}

/// Returns where the folder of a missing path is on this machine, if it is.
pub(super) fn target(evidence: &Evidence, client: Client, path: &Path) -> Option<PathBuf> {
    let there = &evidence.disk.there;
    let to = here(evidence.roots, client, path)?;
    (!there.contains(path) && there.contains(&to)).then_some(to)
}

pub(super) fn marketplace_target(
    evidence: &Evidence,
    client: Client,
    known: &KnownMarketplace,
) -> Option<PathBuf> {
    let there = &evidence.disk.there;
    if there.contains(&known.install_location) {
        return None;
    }
    let own = own_folder(known).filter(|path| there.contains(path));
    own.or_else(|| target(evidence, client, &known.install_location))
}

/// Returns the folder that a local marketplace is.
fn own_folder(known: &KnownMarketplace) -> Option<PathBuf> {
    match known.source.source()? {
        Source::Directory { path } => Some(path.clone()),
        _ => None,
    }
}

/// Returns the folders that records will name once their paths are corrected.
pub(super) fn re_rooted(evidence: &Evidence) -> impl Iterator<Item = PathBuf> {
    let plugins = evidence.observed.state.plugins();
    plugins.filter_map(|row| target(evidence, row.client, &row.record.install_path))
}

/// Returns the path that has the same place in the client's plugin folder on this machine.
fn here(roots: &Roots, client: Client, path: &Path) -> Option<PathBuf> {
    clients::plugin_layout(client).re_rooted(roots, path)
}

/// Returns the paths of which the checks ask whether something is there.
pub fn wondered(roots: &Roots, state: &State) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    for row in state.plugins() {
        paths.extend(here(roots, row.client, &row.record.install_path));
        paths.insert(row.record.install_path.clone());
        if let Some(project) = row.reach.project() {
            paths.extend(project.parent().map(Path::to_owned));
            paths.insert(project.to_owned());
        }
    }
    for row in state.marketplaces() {
        paths.extend(here(roots, row.client, &row.record.install_location));
        paths.extend(own_folder(row.record));
        paths.insert(row.record.install_location.clone());
    }
    paths
}

const DANGLING_PROJECT: Check = Check {
    id: "project.dangling",
    severity: Severity::Info,
    title: "a record for a project that is gone",
    cause: "`installed_plugins.json` records a plugin for a project whose folder no longer exists; \
            or, as a warning, for this project although no settings switch it on or off and no \
            manifest wants it.",
    fix: "`--fix` drops the record after asking. If the folder above is gone as well, a disk may \
          not be mounted: then nothing is done.",
    run: |evidence| [of_gone_projects(evidence), forgotten_by_the_project(evidence)].concat(),
};

/// Records for projects whose folder is gone.
fn of_gone_projects(evidence: &Evidence) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    for row in evidence.observed.state.plugins() {
        let (id, scope) = (row.name, row.reach.scope());
        let Some(project) = row.reach.project() else { continue };
        if evidence.disk.there.contains(project) {
            continue;
        }
        let text = format!(
            "`{id}` is recorded in {scope} scope for `{}`, which is gone",
            project.display()
        );
        // A folder of which even the parent is gone may lie on a disk that is not mounted.
        let mounted = project.parent().is_some_and(|parent| evidence.disk.there.contains(parent));
        let fix = if mounted {
            drop_record(row.fact, row.record)
        } else {
            Fix::by_hand("nothing is done, for the disk may not be mounted")
        };
        symptoms.push(Symptom::new(id, evidence.at(row.fact, text), fix));
    }
    symptoms
}

/// Records for this project of what no settings name any more.
fn forgotten_by_the_project(evidence: &Evidence) -> Vec<Symptom> {
    let state = &evidence.observed.state;
    // What a file that cannot be read switches on is not known.
    let unreadable =
        evidence.plugin_layout().switches(evidence.roots).iter().any(|(path, _)| {
            evidence.problems.iter().any(|problem| problem.diagnostic.file == *path)
        });
    if unreadable {
        return Vec::new();
    }
    let named = |id: &str| {
        state.switches().any(|row| row.name == id && row.reach.holds_in(&evidence.roots.project))
            || Scope::ALL.into_iter().any(|scope| evidence.wants(id, scope))
    };
    let forgotten = evidence
        .records()
        .filter(|row| row.reach.scope() != Scope::User && !row.record.auto && !named(row.name));
    let symptom = |row: Row<&InstallRecord>| {
        let (id, reach) = (row.name, row.reach);
        let text = format!("`{id}` is recorded in {reach} scope here, but no settings name it");
        let fix = drop_record(row.fact, row.record);
        Symptom::new(id, evidence.at(row.fact, text), fix).severity(Severity::Warning)
    };
    forgotten.map(symptom).collect()
}

fn drop_record(fact: &Fact, record: &InstallRecord) -> Fix {
    let before = Some(Record::Plugin(record.clone()));
    Fix::Drop(vec![Change { fact: fact.clone(), before, after: None }])
}
