//! The manifest and what belongs to it: its lock, and the ledger of what was put there for it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::declared::ledger::Ledger;
use crate::declared::lock::{self, Lock};
use crate::declared::manifest;
use crate::machine::env::Env;
use crate::machine::store::disk::{self, Most};
use crate::model::{Faults, Intent, OwnFile, Roots};
use crate::plan;

/// The manifest and what belongs to it.
#[derive(Clone)]
pub struct Declared {
    pub intent: Intent,
    pub lock: Lock,
    pub lock_path: PathBuf,
    pub lock_file: Option<Vec<u8>>,
    /// The manifest's own text, as it is to be; absent when there is no manifest.
    pub text: Option<String>,
    /// The manifest's file as it is.
    pub file: Option<Vec<u8>>,
    /// What the user may want to know about the choice of the manifest.
    pub hint: Option<&'static str>,
}

impl Declared {
    /// Nothing is declared: what a command goes by when there is no manifest.
    pub fn nothing(manifest: PathBuf) -> Self {
        Self {
            lock_path: plan::lock_path(&manifest),
            intent: Intent { manifest, ..Intent::default() },
            lock: Lock::default(),
            lock_file: None,
            text: None,
            file: None,
            hint: None,
        }
    }

    /// Returns the same with another text of the manifest, which is written when the plan is applied.
    pub fn with_text(mut self, text: String, roots: &Roots) -> Result<Self, Faults> {
        // Without a manifest, and with nothing to say, there still is none.
        if self.text.is_none() && text.is_empty() {
            return Ok(self);
        }
        let text = manifest::edit::with_version(&self.intent.manifest, text);
        self.intent = manifest::parse(&self.intent.manifest, &text, roots)?;
        self.text = Some(text);
        Ok(self)
    }

    /// Returns our own files as they are to be.
    pub fn own(&self, lock: &Lock) -> Vec<OwnFile> {
        let manifest = self.text.clone().map(|text| OwnFile {
            path: self.intent.manifest.clone(),
            before: self.file.clone(),
            after: text.into_bytes(),
            what: "the manifest",
        });
        manifest.into_iter().chain(self.lock_step(lock)).collect()
    }

    /// Returns the lock as it is to be; without a manifest, and with nothing locked, there is none.
    fn lock_step(&self, lock: &Lock) -> Option<OwnFile> {
        let needless = self.lock_file.is_none() && *lock == Lock::default();
        (!needless).then(|| OwnFile {
            path: self.lock_path.clone(),
            before: self.lock_file.clone(),
            after: lock.render().into_bytes(),
            what: "the lock",
        })
    }
}

/// The ledger and its file.
pub struct Owned {
    pub ledger: Ledger,
    pub file: Option<Vec<u8>>,
}

/// Reads the manifest named by `--file`, else the user's own, and the lock beside it.
pub fn declared(file: Option<&Path>, env: &Env) -> Result<Declared> {
    let path = manifest_path(file, env);
    let here = env.roots.cwd.join("skills.toml");
    let local = file.is_none() && here != path && disk::exists(&here);
    let Some(declared) = read(&path, env)? else {
        let hint = match file {
            Some(_) => "write that file, or name another one",
            None if local => LOCAL,
            None => BEGIN,
        };
        bail!("there is no manifest at `{}`\nhint: {hint}", path.display());
    };
    Ok(Declared { hint: local.then_some(LOCAL), ..declared })
}

/// Reads the manifest if there is one; without `--file` there need not be.
pub fn declared_or_none(file: Option<&Path>, env: &Env) -> Result<Declared> {
    if file.is_some() {
        return declared(file, env);
    }
    let path = manifest_path(None, env);
    Ok(read(&path, env)?.unwrap_or_else(|| Declared::nothing(path)))
}

fn read(path: &Path, env: &Env) -> Result<Option<Declared>> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    // The lock lies beside the real file, so that both live in the dotfile repository.
    let real = disk::follow_links(path);
    let file = Some(bytes.clone());
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("the manifest `{}` is not UTF-8", path.display()))?;
    let intent = manifest::parse(&real, &text, &env.roots).map_err(Faults::from)?;
    let lock_path = plan::lock_path(&real);
    let lock_file = disk::read(&lock_path, Most::OWN)
        .with_context(|| format!("cannot read the lock `{}`", lock_path.display()))?;
    let lock = match &lock_file {
        None => Lock::default(),
        Some(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            lock::parse(&lock_path, &text).map_err(Faults::from)?
        }
    };
    Ok(Some(Declared { intent, lock, lock_path, lock_file, text: Some(text), file, hint: None }))
}

/// Returns the bytes of a manifest; nothing when there is none.
///
/// # Errors
/// It cannot be read, or is a link to nothing: what it should have said is not known then.
pub fn bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    let bytes = disk::read(path, Most::OWN)
        .with_context(|| format!("cannot read the manifest `{}`", path.display()))?;
    if bytes.is_none() && disk::is_link(path) {
        bail!(
            "the manifest `{}` is a link to `{}`, which is not there\n\
             hint: bring that file back, or delete the link",
            path.display(),
            disk::follow_links(path).display()
        );
    }
    Ok(bytes)
}

/// Returns the manifest's path without asking whether it is there.
pub fn manifest_path(file: Option<&Path>, env: &Env) -> PathBuf {
    match file {
        Some(file) => env.roots.cwd.join(file),
        None => env.manifest.clone(),
    }
}

/// What to do when there is no manifest.
pub const BEGIN: &str = "`zskills init` writes one from what is installed, `zskills install NAME` \
                         begins one; `--file` names another";

/// A manifest in the working directory is never loaded by itself: it may be somebody else's.
const LOCAL: &str = "`./skills.toml` is here too; `--file skills.toml` uses it";

/// Reads the ledger.
pub fn owned(roots: &Roots) -> Result<Owned> {
    let path = plan::ledger_path(roots);
    let file = disk::read(&path, Most::OWN)
        .with_context(|| format!("cannot read the ledger `{}`", path.display()))?;
    let ledger = match &file {
        None => Ledger::default(),
        Some(bytes) => Ledger::parse(&path, bytes, roots).map_err(Faults::from)?,
    };
    Ok(Owned { ledger, file })
}
