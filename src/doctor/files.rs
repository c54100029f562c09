//! Settings that the client would not read or could not write, and which check tells of which problem.

use std::path::{Path, PathBuf};

use super::cache::name;
use super::registries::{
    INVENTORY_SCHEMA, INVENTORY_SYNTAX, INVENTORY_VERSION, REGISTRY_KIND, REGISTRY_SCHEMA,
    REGISTRY_SYNTAX,
};
use super::server_files::{ELSEWHERE, FLAT, LINK, SERVER_SCHEMA, SERVER_SYNTAX};
use super::skills::INVENTORY;
use super::{Check, Evidence, Fix, Severity, Symptom};
use crate::clients::{Cost, FileKind, FileProblem, ProblemKind, SourceFault};
use crate::formats::json;
use crate::model::Diagnostic;

pub(super) const CHECKS: &[&Check] =
    &[&SETTINGS_SYNTAX, &SETTINGS_SCHEMA, &SETTINGS_KIND, &SETTINGS_VALUE, &READ_ONLY];

/// Returns the check that tells of a problem.
fn told_by(kind: &ProblemKind) -> &'static Check {
    use FileKind::{Inventory, Registry, Servers, Settings, Skills};
    use ProblemKind::{
        Link, NoServers, NotRead, Server, Setting, Shape, Source, Syntax, Unwrapped, Value, Version,
    };
    match kind {
        Source(Settings, SourceFault::UnknownKind(_) | SourceFault::RemoteIndex) => &SETTINGS_KIND,
        Source(_, SourceFault::UnknownKind(_) | SourceFault::RemoteIndex) => &REGISTRY_KIND,
        Syntax(Settings) => &SETTINGS_SYNTAX,
        Setting(Cost::Entry) | Source(Settings, _) => &SETTINGS_VALUE,
        Shape(Settings) | Value(Settings) | Setting(_) => &SETTINGS_SCHEMA,
        Syntax(Registry) => &REGISTRY_SYNTAX,
        Shape(Registry) | Value(Registry) | Source(_, SourceFault::Missing(_)) => &REGISTRY_SCHEMA,
        Syntax(Inventory) => &INVENTORY_SYNTAX,
        Shape(Inventory) | Value(Inventory) => &INVENTORY_SCHEMA,
        Version => &INVENTORY_VERSION,
        Syntax(Servers) => &SERVER_SYNTAX,
        Shape(Servers) | Value(Servers) | Server(_) => &SERVER_SCHEMA,
        Unwrapped | NoServers => &FLAT,
        NotRead => &ELSEWHERE,
        Link => &LINK,
        Syntax(Skills) | Shape(Skills) | Value(Skills) => &INVENTORY,
    }
}

/// Returns what the codecs hold against the files, as far as it is one check's to tell.
pub(super) fn problems(
    evidence: &Evidence,
    check: &Check,
    fix: impl Fn(&FileProblem) -> Fix,
) -> Vec<Symptom> {
    let own = evidence.problems.iter().filter(|problem| told_by(&problem.kind) == check);
    let symptom = |problem: &FileProblem| {
        let diagnostic = problem.diagnostic.clone();
        Symptom::new(name(&diagnostic.file), diagnostic, fix(problem))
    };
    own.map(symptom).collect()
}

/// Returns the advice for what only a person can correct.
pub(super) fn in_an_editor() -> Fix {
    Fix::by_hand("correct it in an editor; zskills never drops what you wrote there")
}

const SETTINGS_SYNTAX: Check = Check {
    id: "settings.syntax",
    severity: Severity::Error,
    title: "a settings file that is not plain JSON",
    cause: "The client then ignores the whole file without a word; comments and a comma before a \
            closing bracket are enough.",
    fix: "when it is only comments and such commas, `--fix` asks and takes them out, keeping a \
          copy. Anything else is yours to correct: zskills does not guess.",
    run: settings_syntax,
};

fn settings_syntax(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &SETTINGS_SYNTAX, |problem| {
        let file = &problem.diagnostic.file;
        if is_commented(evidence, file) { Fix::Strip(file.clone()) } else { in_an_editor() }
    })
}

/// Tells whether a file would be good JSON without its comments and last commas.
fn is_commented(evidence: &Evidence, file: &Path) -> bool {
    let text = evidence.files.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let stripped = text.and_then(json::without_comments);
    stripped.is_some_and(|text| json::parse(file, text.as_bytes(), json::Bom::Allowed).is_ok())
}

const SETTINGS_SCHEMA: Check = Check {
    id: "settings.schema",
    severity: Severity::Error,
    title: "a value in settings for which the client ignores the whole file",
    cause: "One value of a wrong type or word, such as `\"model\": 5`, a permission mode that does \
            not exist or a hook without a command, makes the client ignore the whole file without \
            a word: nothing in it is in effect, no plugin that it switches on either. zskills \
            judges by what Claude Code 2.1.329 enforces.",
    fix: "by hand: correct the value.",
    run: settings_schema,
};

fn settings_schema(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &SETTINGS_SCHEMA, |_| in_an_editor())
}

const SETTINGS_KIND: Check = Check {
    id: "settings.unknown-kind",
    severity: Severity::Error,
    title: "a kind of source that the client does not know",
    cause: "`extraKnownMarketplaces` names a kind of source of which the client makes nothing; it \
            ignores the whole file.",
    fix: "by hand: take the entry out.",
    run: settings_kind,
};

fn settings_kind(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &SETTINGS_KIND, |_| in_an_editor())
}

const SETTINGS_VALUE: Check = Check {
    id: "settings.ignored-value",
    severity: Severity::Warning,
    title: "a value in settings that the client leaves out",
    cause: "The value is not of the kind that the client takes there. It goes without this one: a \
            marketplace that is declared without a place, a hook that is none, a permission that \
            is no text. The rest of the file is in effect.",
    fix: "by hand: correct the value, or take it out.",
    run: settings_value,
};

fn settings_value(evidence: &Evidence) -> Vec<Symptom> {
    problems(evidence, &SETTINGS_VALUE, |_| in_an_editor())
}

const READ_ONLY: Check = Check {
    id: "readonly.settings",
    severity: Severity::Warning,
    title: "a client file that cannot be written",
    cause: "The file, or the one that its link leads to, is read-only: another program generates \
            it. Neither the client nor zskills can switch a plugin there.",
    fix: "by hand: let the generating program write it, or make it writable. It is never replaced.",
    run: read_only,
};

/// Client files that another program generates and that nobody can switch a plugin in.
fn read_only(evidence: &Evidence) -> Vec<Symptom> {
    let layout = evidence.plugin_layout();
    let switches = layout.switches(evidence.roots).into_iter().map(|(path, _)| path);
    let ours: Vec<_> = switches.chain(layout.registries(evidence.roots)).collect();
    let symptom = |file: &PathBuf| {
        let text = "is read-only, so nothing can be switched in it";
        let fix = "let the program that generates it write the plugins, or make it writable";
        Symptom::new(name(file), Diagnostic::whole(file, text), Fix::by_hand(fix))
    };
    evidence.disk.read_only.iter().filter(|file| ours.contains(file)).map(symptom).collect()
}
