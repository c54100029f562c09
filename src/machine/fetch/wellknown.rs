//! The skills that a host publishes: its index, then each file with its digest checked.

use std::fs;
use std::path::Path;

use super::get::{folder, limits};
use super::{Checkout, FetchError, FetchOptions, cache};
use crate::content::skill::wellknown::{self, Index, IndexEntry, IndexKind};
use crate::machine::archive::{self, Top};
use crate::machine::git::redact;
use crate::machine::http::{self, HttpFailure};
use crate::machine::store::tree::{self, Limits};
use crate::model::Note;

const MOST_INDEX: u64 = 16 << 20;
const MOST_FILE: u64 = 16 << 20;
const MOST_ARCHIVE: u64 = 256 << 20;
/// More skills than people read through.
const MOST_SKILLS: usize = 1000;

/// Downloads everything that a host publishes into `skills/<name>/` of one folder.
///
/// An entry whose bytes are not the announced ones is left out and named.
pub(super) fn get(url: &str, options: &FetchOptions<'_>) -> Result<Checkout, FetchError> {
    let index = index(url, options)?;
    let stage = cache::stage(&options.cache_dir)?;
    let built = folder(stage.path(), "published")?;
    let skills = folder(&built, "skills")?;
    let mut notes = index.notes;
    if index.entries.len() > MOST_SKILLS {
        let why = format!("it lists {} skills, more than {MOST_SKILLS}", index.entries.len());
        return Err(FetchError::Index { url: redact(url), why });
    }
    for entry in &index.entries {
        let into = folder(&skills, entry.name.as_str())?;
        if let Err(note) = download(entry, &into, options) {
            notes.push(note);
            let io = |source| FetchError::Io { path: into.clone(), source };
            fs::remove_dir_all(&into).map_err(io)?;
        }
    }
    let root = cache::well_known(&options.cache_dir, url);
    cache::place(&built, &root)?;
    Ok(Checkout { notes, ..Checkout::plain(root) })
}

fn index(url: &str, options: &FetchOptions<'_>) -> Result<Index, FetchError> {
    let host = url.trim_end_matches('/');
    let mut absent = None;
    for path in wellknown::PATHS {
        let address = format!("{host}{path}");
        match http::get(&address, limits(options, MOST_INDEX)) {
            Ok(bytes) => {
                return wellknown::parse(&address, &bytes).map_err(|fault| FetchError::Index {
                    url: redact(&address),
                    why: fault.message.clone(),
                });
            }
            Err(error) if matches!(error.kind, HttpFailure::Status(404 | 410)) => {
                absent = absent.or(Some(error));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(absent.map_or_else(
        || FetchError::Index { url: redact(url), why: "there is no index".to_owned() },
        FetchError::from,
    ))
}

fn download(entry: &IndexEntry, into: &Path, options: &FetchOptions<'_>) -> Result<(), Note> {
    let name = entry.name.as_str();
    let unmet = |why: String| Note::unmet(name, why);
    let fetched = |url: &str, most: u64| {
        http::get(url, limits(options, most)).map_err(|error| unmet(error.to_string()))
    };
    let checked = |bytes: Vec<u8>| match &entry.digest {
        Some(digest) if !digest.matches(&bytes) => Err(Note::refused(
            name,
            format!("its bytes do not have the digest `{}`", digest.as_str()),
        )
        .hint(
            "the file was replaced, or the index is wrong; do not use it until its author explains",
        )),
        _ => Ok(bytes),
    };
    let write = |path: &Path, bytes: &[u8]| {
        let folder = path.parent().unwrap_or(into);
        let done = fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes));
        done.map_err(|error| unmet(format!("cannot be written to the cache: {error}")))
    };
    match &entry.kind {
        IndexKind::SkillMd => {
            let bytes = checked(fetched(&entry.url, MOST_FILE)?)?;
            write(&into.join("SKILL.md"), &bytes)
        }
        IndexKind::Files(files) => files.iter().try_for_each(|file| {
            let bytes = fetched(&format!("{}{file}", entry.url), MOST_FILE)?;
            write(&into.join(file), &bytes)
        }),
        IndexKind::Archive => {
            let bytes = checked(fetched(&entry.url, MOST_ARCHIVE)?)?;
            archive::unpack(&bytes, into, Top::Keep, Limits::DEFAULT)
                .map_err(|error| Note::refused(name, format!("its archive is refused: {error}")))?;
            lift(into).map_err(|error| unmet(format!("cannot be unpacked: {error}")))?;
            tree::check(into, Limits::DEFAULT)
                .map(drop)
                .map_err(|error| Note::refused(name, error.to_string()))
        }
    }
}

/// Moves the content of a single top folder up, where an archive has one.
fn lift(into: &Path) -> std::io::Result<()> {
    let entries: Vec<_> = fs::read_dir(into)?.collect::<Result<_, _>>()?;
    let [top] = entries.as_slice() else { return Ok(()) };
    if !top.file_type()?.is_dir() {
        return Ok(());
    }
    // Beside all skills, none of which has a hidden name.
    let aside = into.with_file_name(".lifted");
    fs::rename(top.path(), &aside)?;
    fs::remove_dir(into)?;
    fs::rename(aside, into)
}
