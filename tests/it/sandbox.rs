//! A home of its own for one test: cleared environment, fixed dates, no way to the network.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::repo::{Marketplace, Repo};

/// What each file, folder and link below a home is; `changes` compares two of them.
pub type Tree = BTreeMap<String, String>;

/// One home, the remotes that `https://github.com/…` leads to, and the environment of every command.
pub struct Sandbox {
    root: PathBuf,
    cwd: PathBuf,
    vars: BTreeMap<OsString, OsString>,
    /// No doctor looks behind the syncs.
    may_complain: bool,
    /// Removes everything when the test ends.
    _folder: tempfile::TempDir,
}

/// How a run of the binary ended; the home is shown as `~`.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Sandbox {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("zskills-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["home", "work", "remotes", "shims"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(root.join("gitconfig"), GIT_CONFIG).unwrap();
        let sandbox = Self {
            cwd: root.join("work"),
            vars: environment(&root),
            may_complain: false,
            root,
            _folder: folder,
        };
        for name in ["git", "npm", "claude", "sh", "ssh"] {
            sandbox.shim(name);
        }
        sandbox
    }

    /// Sets a variable for every later command; a leading `~` is the home of the sandbox.
    pub fn var(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = match value.as_ref().to_str() {
            Some(text) if text.starts_with('~') => self.path(text).into_os_string(),
            _ => value.as_ref().to_owned(),
        };
        self.vars.insert(name.into(), value);
        self
    }

    /// Runs every later command in this folder, which is made.
    pub fn cwd(mut self, path: &str) -> Self {
        self.cwd = self.path(path);
        fs::create_dir_all(&self.cwd).unwrap();
        self
    }

    /// The same, as a git repository: a project.
    pub fn project(self, path: &str) -> Self {
        let sandbox = self.cwd(path);
        sandbox.git(&sandbox.cwd, &["init", "--quiet"]);
        sandbox
    }

    /// Writes `~/.config/zskills/skills.toml`.
    pub fn manifest(self, text: &str) -> Self {
        self.write("~/.config/zskills/skills.toml", text);
        self
    }

    /// Writes a file into the home before the run.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Starts a marketplace in the repository `https://github.com/acme/<name>`.
    pub fn marketplace(&self, name: &str) -> Marketplace<'_> {
        Marketplace::new(self.repo(&format!("acme/{name}")), name)
    }

    /// Starts a marketplace in a folder of the home, without git.
    pub fn local_marketplace(&self, path: &str, name: &str) -> Marketplace<'_> {
        Marketplace::new(Repo::new(self, self.path(path)), name)
    }

    /// Makes an empty repository behind `https://github.com/<owner>/<name>`.
    pub fn repo(&self, owner_name: &str) -> Repo<'_> {
        let path = self.remotes().join(format!("{owner_name}.git"));
        let repo = Repo::new(self, path);
        repo.git(&["init", "--quiet"]);
        repo
    }

    /// Runs the binary. After every sync that applied something and succeeded, doctor has to find
    /// nothing to complain about.
    pub fn zskills(&self, args: &[&str]) -> Run {
        let run = self.run(&mut self.command(args));
        let only_looks = ["--dry-run", "--check", "--adopt", "--help"];
        let is_sync = args.contains(&"sync") && !args.iter().any(|arg| only_looks.contains(arg));
        if is_sync && run.code == Some(0) && !self.may_complain {
            self.ask_doctor(args);
        }
        run
    }

    /// Has no doctor look behind the syncs: for tests about what a sync leaves to be found.
    pub fn doctor_may_complain(mut self) -> Self {
        self.may_complain = true;
        self
    }

    /// Runs doctor on the same home, project and manifest as some arguments, and expects no error.
    #[track_caller]
    fn ask_doctor(&self, args: &[&str]) {
        let named = |flag: &str| {
            let at = args.iter().position(|arg| *arg == flag);
            at.map_or_else(Vec::new, |at| args[at..(at + 2).min(args.len())].to_vec())
        };
        let args = [vec!["doctor", "--check"], named("--file"), named("--home")].concat();
        let doctor = self.run(&mut self.command(&args));
        assert_eq!(doctor.code, Some(0), "doctor complains after a sync\n{doctor}");
    }

    /// Runs `sync`, which must end well, and asks doctor, which must find nothing.
    #[track_caller]
    pub fn synced(&self) -> Run {
        self.synced_with(&[])
    }

    /// The same with further arguments.
    #[track_caller]
    pub fn synced_with(&self, more: &[&str]) -> Run {
        let run = self.zskills(&[&["sync"], more].concat());
        assert_eq!(run.code, Some(0), "sync failed\n{run}");
        run
    }

    /// Returns the command that runs the binary here.
    pub fn command(&self, args: &[&str]) -> Command {
        self.program(OsStr::new(env!("CARGO_BIN_EXE_zskills")), args)
    }

    /// Returns a command of any program with the environment of the sandbox.
    pub fn program(&self, program: &OsStr, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args.iter().map(|arg| self.expand(arg)));
        command.current_dir(&self.cwd).env_clear().envs(&self.vars);
        command.stdin(std::process::Stdio::null());
        command
    }

    pub fn run(&self, command: &mut Command) -> Run {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Run { stdout: self.shown(&stdout), stderr: self.shown(&stderr), code: status.code() }
    }

    /// Runs the real git, past the shim, and returns what it printed.
    pub fn git(&self, dir: &Path, args: &[&str]) -> String {
        let mut command = self.program(real("git").unwrap().as_os_str(), args);
        let output = command.current_dir(dir).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?} in {}: {shown}", dir.display());
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Returns the absolute path; `~` is the home, anything else lies in the working directory.
    pub fn path(&self, path: &str) -> PathBuf {
        match path.strip_prefix('~') {
            Some(rest) => self.home().join(rest.trim_start_matches('/')),
            None => self.cwd.join(path),
        }
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The folder that `https://github.com/` leads to.
    pub fn remotes(&self) -> PathBuf {
        self.root.join("remotes")
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Reads a JSON file; an absent one is `null`.
    pub fn json(&self, path: &str) -> Value {
        if !self.exists(path) {
            return Value::Null;
        }
        serde_json::from_str(&self.read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Reads a file with the home as `~` and without times and commits.
    pub fn redacted(&self, path: &str) -> String {
        let text = self.shown(self.read(path).as_bytes());
        text.split_inclusive('"').map(redacted_word).collect()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    pub fn link(&self, link: &str, target: &str) {
        let link = self.path(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(self.expand(target), link).unwrap();
    }

    pub fn is_link(&self, path: &str) -> bool {
        self.path(path).is_symlink()
    }

    pub fn mode(&self, path: &str) -> u32 {
        self.path(path).metadata().unwrap().permissions().mode() & 0o777
    }

    pub fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Keeps a copy of the home, with all times.
    #[cfg(feature = "checkpoints")]
    pub fn save(&self) {
        Self::copy_all(&self.home(), &self.root.join("saved"));
    }

    /// Makes the home what it was when it was saved.
    #[cfg(feature = "checkpoints")]
    pub fn restore(&self) {
        fs::remove_dir_all(self.home()).unwrap();
        Self::copy_all(&self.root.join("saved"), &self.home());
    }

    #[cfg(feature = "checkpoints")]
    fn copy_all(from: &Path, to: &Path) {
        let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
        assert!(copied.success());
    }

    /// Returns the value of an id in `enabledPlugins` of the user's settings.
    pub fn enabled(&self, id: &str) -> Option<bool> {
        self.json("~/.claude/settings.json")["enabledPlugins"][id].as_bool()
    }

    /// Returns the first inventory record of a plugin, or `null`.
    pub fn record(&self, id: &str) -> Value {
        let inventory = self.json("~/.claude/plugins/installed_plugins.json");
        inventory["plugins"][id][0].clone()
    }

    /// Returns the registry entry of a marketplace, or `null`.
    pub fn known(&self, name: &str) -> Value {
        self.json("~/.claude/plugins/known_marketplaces.json")[name].clone()
    }

    /// Every file, folder and link below the home with mode and content, none left out.
    pub fn tree(&self) -> Tree {
        self.subtree("~")
    }

    pub fn subtree(&self, path: &str) -> Tree {
        let mut tree = Tree::new();
        walk(&self.path(path), path, &mut |shown, path| {
            tree.insert(shown, describe(path));
        });
        tree
    }

    /// When each file below the home was last written, and which file it is.
    pub fn stamps(&self) -> Tree {
        let mut tree = Tree::new();
        walk(&self.home(), "~", &mut |shown, path| {
            let meta = path.symlink_metadata().unwrap();
            if !meta.is_dir() {
                let stamp = format!("{} {}.{}", meta.ino(), meta.mtime(), meta.mtime_nsec());
                tree.insert(shown, stamp);
            }
        });
        tree
    }

    /// Returns the command lines of programs started since the last call: git, npm, ssh, claude, sh.
    pub fn processes(&self) -> Vec<String> {
        let log = self.root.join("processes");
        let lines = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(&log);
        lines.lines().map(|line| self.shown(line.as_bytes())).collect()
    }

    /// Puts a program of this name first on the path; `{}` in the script is the real one.
    pub fn shim_with(&self, name: &str, script: &str) {
        let real = real(name).unwrap_or_else(|| PathBuf::from("false"));
        let path = self.root.join("shims").join(name);
        let log = self.root.join("processes");
        let body = script.replace("{}", real.to_str().unwrap());
        let text =
            format!("#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >> {}\n{body}\n", log.display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn shim(&self, name: &str) {
        self.shim_with(name, "exec {} \"$@\"");
    }

    fn expand(&self, text: &str) -> OsString {
        if text.starts_with('~') { self.path(text).into_os_string() } else { text.into() }
    }

    fn shown(&self, bytes: &[u8]) -> String {
        let root = self.root.to_str().unwrap();
        String::from_utf8_lossy(bytes).replace(&format!("{root}/home"), "~").replace(root, "@ROOT@")
    }
}

impl Run {
    /// Both streams together, for looking for a phrase.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that every phrase is somewhere in the output, in any case of letters.
    #[track_caller]
    pub fn says(&self, phrases: &[&str]) -> &Self {
        let text = self.text().to_lowercase();
        for phrase in phrases {
            assert!(text.contains(&phrase.to_lowercase()), "nothing about `{phrase}` in\n{self}");
        }
        self
    }

    #[track_caller]
    pub fn is_silent_about(&self, phrases: &[&str]) -> &Self {
        let text = self.text().to_lowercase();
        for phrase in phrases {
            assert!(!text.contains(&phrase.to_lowercase()), "`{phrase}` is in\n{self}");
        }
        self
    }

    /// Reads stdout as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout is not one JSON document: {e}\n{self}"))
    }

    /// Reads stdout as one JSON document of `schema`.
    #[track_caller]
    pub fn document(&self, schema: &str) -> Value {
        let value = self.json();
        assert_eq!(value["schema"], format!("zskills/{schema}/1"), "{self}");
        value
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stdout, stderr, code } = self;
        write!(f, "exit {code:?}\n--- stdout\n{stdout}--- stderr\n{stderr}---")
    }
}

/// Lists what differs: `+` only after, `-` only before, `~` in both but not the same.
pub fn changes(before: &Tree, after: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, was) in before {
        match after.get(path) {
            None => lines.push(format!("- {path}")),
            Some(is) if is != was => lines.push(format!("~ {path}: {was} => {is}")),
            Some(_) => {}
        }
    }
    lines.extend(after.keys().filter(|path| !before.contains_key(*path)).map(|p| format!("+ {p}")));
    lines
}

/// Finds a program on the path of the test run.
pub fn real(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// Returns the bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const GIT_CONFIG: &str = "\
[user]
\tname = Ada
\temail = ada@example.com
[init]
\tdefaultBranch = main
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
";

fn environment(root: &Path) -> BTreeMap<OsString, OsString> {
    let old_path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(root.join("shims")).chain(std::env::split_paths(&old_path));
    let remotes = format!("url.file://{}/.insteadOf", root.join("remotes").display());
    let mut vars: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| vars.insert(name.into(), value);
    set("PATH", std::env::join_paths(path).unwrap());
    set("HOME", root.join("home").into());
    set("LANG", "C.UTF-8".into());
    set("GIT_CONFIG_NOSYSTEM", "1".into());
    set("GIT_CONFIG_GLOBAL", root.join("gitconfig").into());
    for (name, value) in [("AUTHOR", "2026-01-02T03:04:05Z"), ("COMMITTER", "2026-01-02T03:04:05Z")]
    {
        set(&format!("GIT_{name}_DATE"), value.into());
    }
    let routes =
        ["https://gitlab.com/", "https://github.com/", "git@github.com:", "ssh://git@github.com/"];
    set("GIT_CONFIG_COUNT", routes.len().to_string().into());
    for (index, from) in routes.iter().enumerate() {
        set(&format!("GIT_CONFIG_KEY_{index}"), remotes.clone().into());
        set(&format!("GIT_CONFIG_VALUE_{index}"), from.into());
    }
    vars
}

/// Replaces a quoted time or commit; the closing quote is part of the word.
fn redacted_word(word: &str) -> String {
    let Some(text) = word.strip_suffix('"') else { return word.to_owned() };
    if text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
        "@TIME@\"".to_owned()
    } else if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "@COMMIT@\"".to_owned()
    } else {
        word.to_owned()
    }
}

fn walk(path: &Path, shown: &str, visit: &mut impl FnMut(String, &Path)) {
    let Ok(entries) = fs::read_dir(path) else { return };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let path = path.join(&name);
        let shown = format!("{shown}/{}", name.display());
        visit(shown.clone(), &path);
        if path.is_dir() && !path.is_symlink() {
            walk(&path, &shown, visit);
        }
    }
}

fn describe(path: &Path) -> String {
    let meta = path.symlink_metadata().unwrap();
    if meta.is_symlink() {
        return format!("-> {}", fs::read_link(path).unwrap().display());
    }
    let mode = meta.permissions().mode() & 0o777;
    if meta.is_dir() {
        return "folder".to_owned();
    }
    let digest = Sha256::digest(fs::read(path).unwrap());
    format!("{mode:o} {}", hex(&digest[..8]))
}
