//! The environment, read once: variables, home, working directory and clock. Nothing else asks for them.
#![expect(clippy::disallowed_methods, reason = "this is the one module that reads the environment")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::clients;
use crate::machine::terminal::Pager;
use crate::machine::terminal::pick::Picker;
use crate::model::{Binding, Machine, Roots};

/// Every setting that comes from outside the command line.
#[derive(Debug, Clone)]
pub struct Env {
    pub roots: Roots,
    /// The user's own manifest: `ZSKILLS_MANIFEST`, else `skills.toml` in our configuration folder.
    pub manifest: PathBuf,
    /// How long one git process may take.
    pub git_timeout: Duration,
    /// Where archives of GitHub repositories are: `ZSKILLS_GITHUB_URL`.
    pub github: String,
    /// Where the index skills.sh is: `ZSKILLS_SKILLS_SH_URL`.
    pub skills_sh: String,
    /// The key for it: `ZSKILLS_SKILLS_SH_API_KEY`.
    pub skills_sh_key: Option<Key>,
    /// Addresses with logins, which git is to use wherever the ones without are asked for. They stand in
    /// no argument of a process, and in no file.
    pub logins: Vec<String>,
    /// What long texts are read in: `ZSKILLS_PAGER`, else `PAGER`, else `less`.
    pub pager: Pager,
    /// What lists are chosen from with; `ZSKILLS_NO_FZF` keeps away from `fzf`.
    pub picker: Picker,
    /// What `VISUAL` or `EDITOR` names.
    pub editor: Option<String>,
    pub no_color: bool,
    pub force_color: bool,
    /// How long a run waits for another to finish.
    pub patience: Duration,
    /// What was typed, without secrets, for the history.
    pub command: String,
    /// RFC 3339 in UTC with milliseconds, as the client writes it.
    pub now: String,
}

/// A key of a service; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Returns the key in a text, if it can stand in the header of a request.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Reads the environment; `home` is the `--home` flag, which makes every root but the working
/// directory lie below it and the variables that move roots count for nothing.
pub fn read(home: Option<&Path>) -> Result<Env> {
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let lookup = |name: &str| std::env::var_os(name);
    // What a variable names is not below a home that was named.
    let named = match home {
        Some(_) => None,
        None => variable("ZSKILLS_MANIFEST", &lookup, &cwd)?,
    };
    let roots = match home {
        Some(home) => roots(&absolute(home, &cwd), &cwd, &|_| None)?,
        None => roots(&home_dir(&lookup, &cwd)?, &cwd, &lookup)?,
    };
    crate::machine::program::settle(&roots);
    Ok(Env {
        manifest: named.unwrap_or_else(|| roots.config_dir.join("skills.toml")),
        roots,
        git_timeout: git_timeout(&lookup)?,
        github: web_address("ZSKILLS_GITHUB_URL", crate::machine::fetch::GITHUB, &lookup)?,
        skills_sh: web_address("ZSKILLS_SKILLS_SH_URL", crate::machine::index::SKILLS_SH, &lookup)?,
        skills_sh_key: key("ZSKILLS_SKILLS_SH_API_KEY", &lookup)?,
        logins: Vec::new(),
        pager: pager(&lookup),
        picker: picker(&lookup),
        editor: ["VISUAL", "EDITOR"]
            .into_iter()
            .filter_map(lookup)
            .find_map(|v| v.into_string().ok().filter(|v| !v.trim().is_empty())),
        no_color: lookup("NO_COLOR").is_some_and(|v| !v.is_empty()),
        force_color: lookup("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0"),
        patience: crate::machine::store::run_lock::PATIENCE,
        command: "zskills".to_owned(),
        now: now(),
    })
}

impl Env {
    /// Returns the time in seconds since 1970.
    pub fn seconds(&self) -> u64 {
        let now = humantime::parse_rfc3339(&self.now).unwrap_or(SystemTime::UNIX_EPOCH);
        now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

/// Tells whether the terminal only knows lines.
fn is_dumb(lookup: &Lookup) -> bool {
    lookup("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

/// Returns what long texts are read in; a name without anything in it is none.
fn pager(lookup: &Lookup) -> Pager {
    let named = ["ZSKILLS_PAGER", "PAGER"].into_iter().find_map(lookup);
    match named.map(OsString::into_string) {
        Some(Ok(named)) if !["", "cat"].contains(&named.trim()) => Pager::Named(named),
        None if !is_dumb(lookup) => Pager::Less,
        Some(_) | None => Pager::Never,
    }
}

/// Returns what lists are chosen from with.
fn picker(lookup: &Lookup) -> Picker {
    if is_dumb(lookup) {
        Picker::Numbers
    } else if lookup("ZSKILLS_NO_FZF").is_some_and(|v| v == "1") {
        Picker::BuiltIn
    } else {
        Picker::Fzf
    }
}

type Lookup<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

fn home_dir(lookup: &Lookup, cwd: &Path) -> Result<PathBuf> {
    match variable("HOME", lookup, cwd)? {
        Some(home) => Ok(home),
        None => dirs::home_dir().context("no home directory: set HOME, or name one with --home"),
    }
}

/// Works out every path below a home. Paths end up in JSON, so each has to be UTF-8.
fn roots(home: &Path, cwd: &Path, lookup: &Lookup) -> Result<Roots> {
    utf8("the home directory", home)?;
    utf8("the working directory", cwd)?;
    let project = git_root(cwd).unwrap_or_else(|| cwd.to_owned());
    let mut moved = BTreeMap::new();
    for name in clients::CODECS.iter().flat_map(|codec| codec.variables()) {
        moved.extend(variable(name, lookup, cwd)?.map(|path| (*name, path)));
    }
    Ok(Roots {
        clients: clients::homes(home, &|name| moved.get(name).cloned()),
        config_dir: xdg("XDG_CONFIG_HOME", ".config", home, lookup)?.join("zskills"),
        cache_dir: xdg("XDG_CACHE_HOME", ".cache", home, lookup)?.join("zskills"),
        state_dir: xdg("XDG_STATE_HOME", ".local/state", home, lookup)?.join("zskills"),
        // The working directory comes without links; a home behind one is still the same folder.
        project: if std::fs::canonicalize(home).is_ok_and(|real| real == project) {
            home.to_owned()
        } else {
            project
        },
        real_home: std::fs::canonicalize(home).unwrap_or_else(|_| home.to_owned()),
        binding: Binding::Own,
        home: home.to_owned(),
        cwd: cwd.to_owned(),
        machine: Machine::new(std::env::consts::OS, &host(lookup)),
    })
}

/// Returns a variable as an absolute path. Set but empty is an error: to go on with the real home
/// would touch files that somebody meant to keep apart.
fn variable(name: &str, lookup: &Lookup, cwd: &Path) -> Result<Option<PathBuf>> {
    let Some(value) = lookup(name) else { return Ok(None) };
    if value.is_empty() {
        bail!("`{name}` is set but empty; unset it, or give it a path");
    }
    let path = absolute(Path::new(&value), cwd);
    utf8(&format!("`{name}`"), &path)?;
    Ok(Some(path))
}

/// Returns an XDG base folder; the XDG specification has empty and relative values ignored.
fn xdg(name: &str, default: &str, home: &Path, lookup: &Lookup) -> Result<PathBuf> {
    match lookup(name).map(PathBuf::from) {
        Some(path) if path.is_absolute() => {
            utf8(&format!("`{name}`"), &path)?;
            Ok(path)
        }
        _ => Ok(home.join(default)),
    }
}

/// Returns what this machine calls itself; a container, whose name is made up, can be told another.
fn host(lookup: &Lookup) -> String {
    let named = lookup("ZSKILLS_HOST").and_then(|name| name.into_string().ok());
    let named = named.filter(|name| !name.is_empty());
    named.unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
}

fn utf8(what: &str, path: &Path) -> Result<()> {
    if path.to_str().is_none() {
        bail!("{what} is not UTF-8: `{}`; client files could not name it", path.display());
    }
    Ok(())
}

fn absolute(path: &Path, cwd: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in cwd.join(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                // What a link leads to has a parent of its own.
                out = std::fs::canonicalize(&out).unwrap_or(out);
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Returns the time as the client writes it.
pub fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Returns the folders in which programs are looked for.
pub fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Tells whether a variable is set, be it to nothing.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// Returns the value of a variable that somebody else named.
pub fn value(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Returns the nearest folder upwards that has a `.git`.
pub fn git_root(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors().find(|dir| dir.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// Clocks cannot show every time that a number of seconds can name.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn git_timeout(lookup: &Lookup) -> Result<Duration> {
    const NAME: &str = "ZSKILLS_GIT_TIMEOUT_SECS";
    let Some(value) = lookup(NAME) else { return Ok(Duration::from_secs(120)) };
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds).min(LONGEST)),
        _ => bail!("`{NAME}` is `{}`, not a number of seconds above 0", value.display()),
    }
}

fn web_address(name: &str, default: &str, lookup: &Lookup) -> Result<String> {
    let Some(value) = lookup(name) else { return Ok(default.to_owned()) };
    match value.to_str() {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => bail!("`{name}` is not an http or https address"),
    }
}

fn key(name: &str, lookup: &Lookup) -> Result<Option<Key>> {
    let Some(value) = lookup(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().and_then(Key::new) {
        Some(key) => Ok(Some(key)),
        None => bail!("the value of `{name}` has characters that no key has"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Client;

    fn roots_with(variables: &[(&str, &str)]) -> Result<Roots> {
        let lookup = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        roots(Path::new("/home/u"), Path::new("/work/p"), &lookup)
    }

    #[test]
    fn without_variables_everything_lies_below_the_home() {
        let roots = roots_with(&[]).unwrap();
        assert_eq!(roots.of(Client::Claude).config, Path::new("/home/u/.claude.json"));
        assert_eq!(roots.of(Client::Claude).plugins, Path::new("/home/u/.claude/plugins"));
        assert_eq!(roots.config_dir, Path::new("/home/u/.config/zskills"));
        assert_eq!(roots.state_dir, Path::new("/home/u/.local/state/zskills"));
    }

    #[test]
    fn the_clients_variable_moves_claude_json_inside_and_ours_leaves_it_beside() {
        let theirs = roots_with(&[("CLAUDE_CONFIG_DIR", "/c")]).unwrap();
        assert_eq!(theirs.of(Client::Claude).config, Path::new("/c/.claude.json"));
        let ours = roots_with(&[("CLAUDE_HOME", "/x/claude")]).unwrap();
        assert_eq!(ours.of(Client::Claude).config, Path::new("/x/.claude.json"));
        assert_eq!(ours.of(Client::Claude).dir, Path::new("/x/claude"));
    }

    #[test]
    fn an_empty_variable_is_an_error_and_never_the_real_home() {
        for name in ["CLAUDE_HOME", "CLAUDE_CONFIG_DIR", "AGENTS_HOME"] {
            let error = roots_with(&[(name, "")]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(home_dir(&|_| Some(OsString::new()), Path::new("/")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf8_is_named() {
        use std::os::unix::ffi::OsStringExt;
        let lookup =
            |name: &str| (name == "CLAUDE_HOME").then(|| OsString::from_vec(b"/x/\xff".to_vec()));
        let error = roots(Path::new("/home/u"), Path::new("/"), &lookup).unwrap_err().to_string();
        assert!(error.contains("CLAUDE_HOME"), "{error}");
    }

    #[test]
    fn a_key_is_not_printed_and_has_one_line() {
        assert_eq!(format!("{:?}", Key::new(" hunter2\n")), "Some(Key(…))");
        assert_eq!(Key::new("a\nb"), None);
        assert_eq!(Key::new(" "), None);
    }

    #[test]
    fn relative_xdg_values_are_ignored_as_the_specification_says() {
        let roots = roots_with(&[("XDG_CONFIG_HOME", "rel"), ("XDG_CACHE_HOME", "")]).unwrap();
        assert_eq!(roots.config_dir, Path::new("/home/u/.config/zskills"));
        assert_eq!(roots.cache_dir, Path::new("/home/u/.cache/zskills"));
    }
}
