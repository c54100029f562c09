//! Finds out what resolving needs: fetches sources, reads catalogs, finds skills and hashes trees.

mod skills;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::registered::unpacked;
use crate::clients::{PluginLayout, plugin_layout};
use crate::content::catalog;
use crate::content::powers::{FileKind, TreeFile};
use crate::doctor::SeenSkill;
use crate::flow::observe;
use crate::machine::fetch::{self, Checkout, FetchError, FetchOptions, Request, Revision};
use crate::machine::parallel;
use crate::machine::store::disk::{self, Most, ReadError};
use crate::machine::store::tree::{self, Fingerprints, Limits, TreeError};
use crate::model::{
    Client, Commit, Diagnostic, Level, Note, Roots, Source, TreeHash, Trouble, redact_url,
};
use crate::resolve::{
    self, Answers, AtClient, CatalogAt, Contents, History, Move, Observed, Origin, Question,
    Resolution, Shelved, SkillAt, SkillsAt, SkillsWanted, TipWanted, TreeAt, TreeWanted,
};

/// What an effectful answer needs besides the question.
pub struct Means<'a> {
    pub fetch: &'a FetchOptions<'a>,
    pub fingerprints: &'a mut Fingerprints,
}

/// Resolves, finding out whatever is needed, until nothing is.
pub fn resolve(question: Question, means: &mut Means) -> Resolution {
    let mut answers = Answers::default();
    let mut checkouts = Checkouts::new();
    loop {
        let resolution = resolve::resolve(question, &mut answers);
        if answers.are_complete() {
            return resolution;
        }
        find_out(&mut answers, means, &mut checkouts);
    }
}

/// Finds out all that is open.
fn find_out(answers: &mut Answers, means: &mut Means, checkouts: &mut Checkouts) {
    let Answers { catalogs, trees, clean, dates, contents, tips, histories, skills } = answers;
    let of_trees = trees.open().map(|wanted| &wanted.origin);
    let of_skills = skills.open().map(|wanted| &wanted.origin);
    fetch(catalogs.open().chain(of_trees).chain(of_skills), means.fetch, checkouts);
    tips.answer_all(|open| find_tips(open, means.fetch));
    histories
        .answer_all(|open| parallel::map_waiting(open, |moved| Ok(history(moved, means.fetch))));
    trees.answer_all(|open| read_trees(open, checkouts, means.fingerprints));
    skills.answer_all(|open| parallel::map(open, |wanted| find_skills(wanted, checkouts)));
    catalogs.answer_each(|origin| read_catalog(&checkout(origin, checkouts)?));
    // What git does not take for a repository holds no commits that could be lost.
    clean.answer_each(|clone| Ok(means.fetch.git.status_is_clean(clone).unwrap_or(true)));
    dates.answer_each(|clone| Ok(fetch::commit_time(clone, &means.fetch.git)));
    contents.answer_each(|root| read_contents(root).map(Arc::new));
}

/// Fetches and reads the catalog of a source that nobody has named yet.
pub fn catalog_of(
    source: &Source,
    pin: Option<&str>,
    options: &FetchOptions,
) -> Result<CatalogAt, Trouble> {
    let reference = pin.or(source.reference());
    let request = match (source, source.git_url()) {
        (Source::Directory { path } | Source::File { path }, _) => {
            return read_catalog(&checkout(&Origin::Local(path.clone()), &Checkouts::new())?);
        }
        (Source::Url { url }, _) => Request::Catalog { url: url.clone() },
        (_, url) => Request::Git {
            url: url.unwrap_or_default(),
            revision: reference.map_or(Revision::Head, |name| Revision::Named(name.to_owned())),
            subdir: None,
        },
    };
    let fetched = fetch::fetch(&request, options);
    let checkouts = Checkouts::from([(request.clone(), fetched)]);
    read_catalog(&checkout(&Origin::Fetched(request), &checkouts)?)
}

/// Finds out which skills a source has.
pub fn skills_of(wanted: &SkillsWanted, options: &FetchOptions) -> Result<SkillsAt, Trouble> {
    let mut checkouts = Checkouts::new();
    fetch([&wanted.origin].into_iter(), options, &mut checkouts);
    find_skills(wanted, &checkouts)
}

/// Reads the skills that the clients can see, and checks those that are not a plugin's.
pub fn seen_skills(roots: &Roots, observed: &Observed) -> Vec<SeenSkill> {
    let mut seen = Vec::new();
    for (scope, shelf) in &observed.shelves {
        let is_skill = |what: &Shelved| matches!(what, Shelved::Folder { is_skill: true, .. });
        let own = shelf.skills.iter().filter(|(_, what)| is_skill(what));
        let own = own.map(|(name, _)| (name, shelf.folder.join(name)));
        let theirs = shelf.clients.values().flat_map(|at| {
            let folders = at.skills.iter();
            let skills =
                folders.filter(|(_, what)| matches!(what, AtClient::Folder { is_skill: true, .. }));
            skills.map(|(name, _)| (name, at.folder.join(name)))
        });
        let theirs = theirs.filter(|(name, _)| !shelf.skills.contains_key(*name));
        for (name, path) in own.chain(theirs) {
            let (description, findings) = skills::installed(name, &path);
            let from = scope.as_str().to_owned();
            seen.push(SeenSkill { name: name.clone(), from, path, description, findings });
        }
    }
    for (name, (plugin, path)) in observe::plugin_skills(&observed.state, roots) {
        let description = skills::description(&path);
        seen.push(SeenSkill { name, from: plugin, path, description, findings: Vec::new() });
    }
    seen
}

/// Returns the description of the skill in a folder; nothing when there is none.
pub fn description(folder: &Path) -> Option<String> {
    disk::exists(&folder.join("SKILL.md")).then(|| skills::description(folder))
}

/// Checks every skill below a folder of this machine.
pub fn lint(root: &Path) -> Result<(Vec<SkillAt>, Vec<Note>), Trouble> {
    let origin = Origin::Local(root.to_owned());
    let name = root.file_name().and_then(|name| name.to_str()).unwrap_or("skill").to_owned();
    let wanted = SkillsWanted { origin, within: String::new(), called: name, select: Vec::new() };
    let checkout = checkout(&wanted.origin, &Checkouts::new())?;
    let at = skills::skills(&wanted, &checkout)?;
    Ok((at.skills, at.notes))
}

/// Fetches what lies elsewhere and no earlier round has fetched, all of it at the same time.
fn fetch<'a>(
    origins: impl Iterator<Item = &'a Origin>,
    options: &FetchOptions,
    checkouts: &mut Checkouts,
) {
    let requests: BTreeSet<Request> = origins
        .filter_map(|origin| match origin {
            Origin::Fetched(request) => Some(request.clone()),
            Origin::Local(_) => None,
        })
        .filter(|request| !checkouts.contains_key(request))
        .collect();
    checkouts.extend(fetch::fetch_all(&requests, options));
}

/// Asks each repository once for all that is wanted of it, many of them at the same time.
fn find_tips(wanted: &[TipWanted], options: &FetchOptions) -> Vec<Result<Commit, Trouble>> {
    let mut asked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for wanted in wanted {
        asked.entry(&wanted.url).or_default().push(wanted.name());
    }
    let found = fetch::tips(&asked, options);
    let answer = |wanted: &TipWanted| match &found[wanted.url.as_str()] {
        Err(error) => Err(fetch_trouble(error)),
        Ok(tips) => tips.get(wanted.name()).cloned().ok_or_else(|| {
            let (url, name) = (redact_url(&wanted.url), wanted.name());
            Trouble::unmet(format!("`{url}` has no branch or tag `{name}`"))
                .hint("look with `git ls-remote`, and correct the manifest")
        }),
    };
    wanted.iter().map(answer).collect()
}

fn history(moved: &Move, options: &FetchOptions) -> History {
    match fetch::is_ancestor(&moved.url, (&moved.old, &moved.new), options) {
        Some(true) => History::Continued,
        Some(false) => History::Rewritten,
        None => History::Unknown,
    }
}

type Checkouts = BTreeMap<Request, Result<Checkout, FetchError>>;

/// Reads plugins' folders. Bytes from elsewhere are checked and hashed anew every time, which is
/// work for all cores; of a folder here the fingerprint tells whether it is as it was.
fn read_trees(
    wanted: &[TreeWanted],
    checkouts: &Checkouts,
    fingerprints: &mut Fingerprints,
) -> Vec<Result<TreeAt, Trouble>> {
    let anew = |root: &Path| tree::check(root, Limits::DEFAULT).and_then(|_| tree::hash(root));
    let fetched = parallel::map(wanted, |wanted| match wanted.origin {
        Origin::Fetched(_) => Some(read_tree(wanted, checkouts, anew)),
        Origin::Local(_) => None,
    });
    let mut here = |wanted| read_tree(wanted, checkouts, |root| fingerprints.hash_checked(root));
    let each = wanted.iter().zip(fetched);
    each.map(|(wanted, fetched)| fetched.unwrap_or_else(|| here(wanted))).collect()
}

fn find_skills(wanted: &SkillsWanted, checkouts: &Checkouts) -> Result<SkillsAt, Trouble> {
    skills::skills(wanted, &checkout(&wanted.origin, checkouts)?)
}

fn checkout(origin: &Origin, checkouts: &Checkouts) -> Result<Checkout, Trouble> {
    match origin {
        Origin::Local(path) if disk::exists(path) => Ok(Checkout {
            commit: tree::head(path)
                .or_else(|| snapshot(path))
                .or_else(|| path.ancestors().find_map(tree::head)),
            ..Checkout::plain(path.clone())
        }),
        Origin::Local(path) => Err(Trouble::unmet(format!("`{}` does not exist", path.display()))),
        Origin::Fetched(request) => match &checkouts[request] {
            Ok(checkout) => Ok(match request {
                Request::Catalog { .. } => {
                    Checkout { root: checkout.root.join("marketplace.json"), ..checkout.clone() }
                }
                _ => checkout.clone(),
            }),
            Err(error) => Err(fetch_trouble(error)),
        },
    }
}

/// Returns the commit of a marketplace that was unpacked from an archive.
fn snapshot(path: &Path) -> Option<Commit> {
    unpacked(path)?.parse().ok()
}

fn fetch_trouble(error: &FetchError) -> Trouble {
    let hint = Some(error.hint().to_owned()).filter(|hint| !hint.is_empty());
    Trouble { hint, ..Trouble::new(Level::of_refusal(error.is_refusal()), error.to_string()) }
}

/// Returns where the client for which things are fetched keeps plugins.
fn layout() -> &'static dyn PluginLayout {
    plugin_layout(Client::TARGET)
}

/// Reads the catalog of a marketplace: a folder with one in it, or the file itself.
fn read_catalog(checkout: &Checkout) -> Result<CatalogAt, Trouble> {
    let (file, read) = if disk::is_dir(&checkout.root) {
        let path = Path::new(layout().catalog_file());
        (checkout.root.join(path), disk::read_below(&checkout.root, path, Most::CATALOG))
    } else {
        (checkout.root.clone(), disk::read(&checkout.root, Most::CATALOG))
    };
    let bytes = read.map_err(|error| unread(&file, &error))?.ok_or_else(|| {
        Trouble::unmet(format!(
            "it has no `{}` (looked in `{}`)",
            layout().catalog_file(),
            checkout.root.display()
        ))
    })?;
    let catalog =
        catalog::parse(&file, &bytes).map_err(|fault| Trouble::unmet(fault.to_string()))?;
    let name = catalog.name.as_str();
    if let Some(purpose) = layout().uses_itself(name) {
        let text = format!("the marketplace name `{name}` is kept for {purpose}");
        return Err(Trouble::unmet(Diagnostic::whole(&file, text).to_string()));
    }
    Ok(CatalogAt {
        root: checkout.root.clone(),
        commit: checkout.commit.clone(),
        digest: tree::digest(&catalog::content(&bytes)),
        catalog,
    })
}

/// Reads a plugin's folder: its hash, and its manifest if it has one.
fn read_tree(
    TreeWanted { origin, folder }: &TreeWanted,
    checkouts: &Checkouts,
    hash: impl FnOnce(&Path) -> Result<TreeHash, TreeError>,
) -> Result<TreeAt, Trouble> {
    let checkout = checkout(origin, checkouts)?;
    let root = stays_inside(&checkout.root, folder)?;
    if !disk::is_dir(&root) {
        let text = format!("its folder `{folder}` is not in `{}`", checkout.root.display());
        return Err(Trouble::unmet(text));
    }
    let hash = hash(&root).map_err(|error| tree_trouble(&error))?;
    let manifest = read_manifest(&root)?;
    Ok(TreeAt { root, commit: checkout.commit, package: checkout.version, hash, manifest })
}

/// Returns a path below a root, unless a link on the way leads out of it.
fn stays_inside(root: &Path, path: &str) -> Result<PathBuf, Trouble> {
    let full = if path.is_empty() { root.to_owned() } else { root.join(path) };
    if disk::leads_out(root, &full) {
        let text = format!("`{path}` leads out of `{}` through a link", root.display());
        return Err(Trouble::refused(text));
    }
    Ok(full)
}

/// Reads the files of a plugin's folder and the texts among them.
fn read_contents(root: &Path) -> Result<Contents, Trouble> {
    let (files, _) = tree::contents(root, Limits::DEFAULT).map_err(|error| tree_trouble(&error))?;
    let is_text = |file: &&TreeFile| {
        let end = file.path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        !matches!(file.kind, FileKind::Link(_)) && matches!(end.as_str(), "md" | "json")
    };
    let texts = files.iter().filter(is_text).map(|file| {
        let read = disk::read(&root.join(&file.path), Most::TEXT);
        (file.path.clone(), read.map_err(|error| error.to_string()))
    });
    Ok(Contents { texts: texts.collect(), files })
}

fn read_manifest(root: &Path) -> Result<Option<catalog::PluginManifest>, Trouble> {
    for path in layout().manifest_files() {
        let file = root.join(path);
        let read = disk::read_below(root, Path::new(path), Most::TEXT);
        let Some(bytes) = read.map_err(|error| unread(&file, &error))? else { continue };
        let manifest = catalog::parse_plugin(&file, &bytes)
            .map_err(|fault| Trouble::unmet(fault.to_string()))?;
        return Ok(Some(manifest));
    }
    Ok(None)
}

/// Returns the trouble with a file that could not be read, or must not be.
fn unread(file: &Path, error: &ReadError) -> Trouble {
    let text = format!("cannot read `{}`: {error}", file.display());
    Trouble::new(Level::of_refusal(error.is_refusal()), text)
}

/// Returns the trouble with a folder that could not be hashed, or must not be used.
fn tree_trouble(error: &TreeError) -> Trouble {
    Trouble::new(Level::of_refusal(error.is_refusal()), error.to_string())
}
