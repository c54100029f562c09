//! The client's registries, as far as the client would not read them or should not share them.

use std::path::Path;

use super::cache::name;
use super::files::problems;
use super::{Check, Evidence, Fix, RegistryFix, Severity, Symptom};
use crate::clients::{FileProblem, ProblemKind, SourceFault};
use crate::model::Diagnostic;

pub(super) const CHECKS: &[&Check] = &[
    &REGISTRY_SYNTAX,
    &REGISTRY_SCHEMA,
    &REGISTRY_KIND,
    &INVENTORY_SYNTAX,
    &INVENTORY_SCHEMA,
    &INVENTORY_VERSION,
    &SHARED,
];

const REBUILD: Fix = Fix::RepairRegistry(RegistryFix::Rebuild);

pub(super) const REGISTRY_SYNTAX: Check = Check {
    id: "registry.syntax",
    severity: Severity::Error,
    title: "a marketplace registry that cannot be read",
    cause: "`known_marketplaces.json` is empty, cut off or not JSON; every marketplace command of \
            the client fails.",
    fix: "`--fix` keeps a copy and writes it anew from the manifest, the lock, \
          `extraKnownMarketplaces` and the clones on disk.",
    run: registry_syntax,
};

fn registry_syntax(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &REGISTRY_SYNTAX, |_| REBUILD)
}

pub(super) const REGISTRY_SCHEMA: Check = Check {
    id: "registry.schema",
    severity: Severity::Error,
    title: "a marketplace entry that the client rejects",
    cause: "An entry of `known_marketplaces.json` lacks something or has it in another type, so \
            that the client refuses the whole file.",
    fix: "`--fix` keeps a copy, completes the entry, or takes it out if it has no source.",
    run: registry_schema,
};

fn registry_schema(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &REGISTRY_SCHEMA, |_| REBUILD)
}

pub(super) const REGISTRY_KIND: Check = Check {
    id: "registry.unknown-kind",
    severity: Severity::Error,
    title: "a marketplace of a kind that the client does not know",
    cause: "One entry of such a kind makes the client refuse all of `known_marketplaces.json`.",
    fix: "`--fix` keeps a copy and takes the entry out.",
    run: registry_kind,
};

fn registry_kind(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &REGISTRY_KIND, without_entry)
}

/// A remote index is ours to keep, in a build that knows what to do with it.
fn without_entry(problem: &FileProblem) -> Fix {
    let index = matches!(problem.kind, ProblemKind::Source(_, SourceFault::RemoteIndex));
    Fix::RepairRegistry(if index && cfg!(feature = "skills-sh") {
        RegistryFix::MoveIndex
    } else {
        RegistryFix::DropEntry
    })
}

pub(super) const INVENTORY_SYNTAX: Check = Check {
    id: "inventory.syntax",
    severity: Severity::Error,
    title: "a plugin inventory that cannot be read",
    cause: "`installed_plugins.json` is empty, cut off or not JSON; the client takes nothing for \
            installed, and says nothing.",
    fix: "`--fix` keeps a copy and writes it anew from the manifest, the lock, the switches in \
          settings and the bytes on disk.",
    run: inventory_syntax,
};

fn inventory_syntax(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &INVENTORY_SYNTAX, |_| REBUILD)
}

pub(super) const INVENTORY_SCHEMA: Check = Check {
    id: "inventory.schema",
    severity: Severity::Error,
    title: "an inventory record that the client rejects",
    cause: "A record in `installed_plugins.json` lacks its scope or its folder; the client then \
            takes nothing for installed.",
    fix: "`--fix` keeps a copy and takes the record out; what is wanted is installed again.",
    run: inventory_schema,
};

fn inventory_schema(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &INVENTORY_SCHEMA, |_| REBUILD)
}

pub(super) const INVENTORY_VERSION: Check = Check {
    id: "inventory.version",
    severity: Severity::Error,
    title: "an inventory of an unknown version",
    cause: "`installed_plugins.json` is of a version that this zskills does not know.",
    fix: "`--fix` keeps a copy and writes it anew; if a newer client wrote it, update zskills \
          instead.",
    run: inventory_version,
};

fn inventory_version(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &INVENTORY_VERSION, |_| REBUILD)
}

const SHARED: Check = Check {
    id: "symlink.broken-ledger",
    severity: Severity::Warning,
    title: "a registry that is a link, or under version control",
    cause: "`installed_plugins.json` and `known_marketplaces.json` hold paths of one machine, and \
            the client replaces a link by a file of its own, so that the copy behind it goes stale.",
    fix: "by hand: keep `skills.toml` and `skills.lock` under version control instead.",
    run: shared,
};

/// Registries that somebody shares between machines although they hold paths of one.
fn shared(evidence: &Evidence) -> Vec<Symptom> {
    let symptom = |file: &Path, text: &str| {
        let fix = "keep skills.toml and skills.lock under version control instead";
        Symptom::new(name(file), Diagnostic::whole(file, text), Fix::by_hand(fix))
    };
    let links = evidence.disk.links.iter().map(|file| {
        symptom(file, "is a link, which the client replaces by a file; what it led to goes stale")
    });
    let registries = evidence.plugin_layout().registries(evidence.roots);
    let tracked = registries
        .iter()
        .filter(|file| {
            evidence.environment.tracked.contains(*file) && !evidence.disk.links.contains(*file)
        })
        .map(|file| symptom(file, "is under version control, but holds paths of this machine"));
    links.chain(tracked).collect()
}
