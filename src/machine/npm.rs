//! npm packages through the `npm` on PATH, which knows the user's registries and logins.

#![expect(clippy::disallowed_methods, reason = "npm is a process that writes files")]

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::machine::archive::{self, ArchiveError, Top};
use crate::machine::git::redact;
use crate::machine::http;
use crate::machine::process::{self, End, Ended, Limit};
use crate::machine::program::{self, Missing};
use crate::machine::store::read::{Most, read};
use crate::machine::store::tree::Limits;

/// The npm on this machine.
#[derive(Debug)]
pub struct Npm {
    program: OsString,
    timeout: Duration,
}

/// What npm delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub version: String,
    /// npm's own checksum of the tarball, `sha512-…`.
    pub integrity: Option<String>,
}

impl Npm {
    pub fn new(timeout: Duration) -> Self {
        Self { program: "npm".into(), timeout }
    }

    /// Names another program than the `npm` on PATH.
    #[must_use]
    pub fn with_program(self, program: impl Into<OsString>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// Downloads a package and unpacks it into `into`, which must exist. Its scripts do not run.
    ///
    /// `scratch` is an empty folder for the tarball. Without a version, npm takes the latest.
    pub fn fetch(
        &self,
        package: &str,
        version: Option<&str>,
        registry: Option<&str>,
        scratch: &Path,
        into: &Path,
    ) -> Result<Package, NpmError> {
        let failed = |kind, said: &str| NpmError::new(package, kind, said);
        check(package, version, registry).map_err(|kind| failed(kind, ""))?;
        let spec = version.map_or_else(|| package.to_owned(), |v| format!("{package}@{v}"));
        let mut command = program::command(&self.program).map_err(|missing| match missing {
            Missing::Nowhere(_) => failed(NpmFailure::NotInstalled, ""),
            apart @ Missing::Apart { .. } => failed(NpmFailure::Apart(apart), ""),
        })?;
        command.args(["pack", "--json", "--ignore-scripts", "--loglevel=error"]);
        command.args(["--no-update-notifier", "--no-fund", "--no-audit"]);
        command.arg("--pack-destination").arg(scratch);
        command.args(registry.map(|url| format!("--registry={url}")));
        command.args(["--", &spec]).current_dir(scratch);
        let said = match process::run(&mut command, Limit::after(self.timeout)) {
            Ok(Ended { end: End::Status(status), stdout, .. }) if status.success() => stdout,
            Ok(Ended { end: End::Status(_) | End::TooMuch, stdout, stderr, .. }) => {
                let said = if stderr.trim().is_empty() { stdout } else { stderr };
                return Err(failed(NpmFailure::of(&said), &said));
            }
            Ok(Ended { end: End::Timeout, stderr, .. }) => {
                return Err(failed(NpmFailure::Timeout(self.timeout), &stderr));
            }
            Err(error) => return Err(failed(NpmFailure::Other, &error.to_string())),
        };
        let packed = parse(&said).ok_or_else(|| failed(NpmFailure::Other, &said))?;
        let tarball = tarball(scratch).map_err(|e| failed(NpmFailure::Other, &e.to_string()))?;
        let unpacked = archive::untar_gz(&tarball, into, Top::Strip, Limits::DEFAULT);
        unpacked.map_err(|error| failed(NpmFailure::Archive(error), ""))?;
        Ok(packed)
    }
}

/// A package that could not be had. Nothing in it holds a password or a token.
#[derive(Debug, thiserror::Error)]
#[error("cannot fetch the npm package `{package}`: {kind}")]
pub struct NpmError {
    pub package: String,
    pub kind: NpmFailure,
    /// The last lines that npm wrote.
    pub said: String,
}

#[derive(Debug, thiserror::Error)]
pub enum NpmFailure {
    #[error("there is no npm on PATH")]
    NotInstalled,
    #[error("{0}")]
    Apart(Missing),
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("not a name of a package")]
    Name,
    #[error("not a version or a range of versions")]
    Version,
    #[error("its registry is not an https address")]
    Registry,
    #[error("access denied")]
    Auth,
    #[error("no such package or version")]
    NotFound,
    #[error("the registry cannot be reached")]
    Network,
    #[error("npm failed")]
    Other,
    #[error("{0}")]
    Archive(ArchiveError),
}

impl NpmError {
    pub fn new(package: &str, kind: NpmFailure, said: &str) -> Self {
        let lines = said.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>();
        let last = lines[lines.len().saturating_sub(8)..].join("\n");
        Self { package: redact(package), kind, said: redact(&last) }
    }

    /// Tells a package that must not be used from one that could not be had.
    pub fn is_refusal(&self) -> bool {
        match &self.kind {
            NpmFailure::Archive(error) => error.is_refusal(),
            kind => matches!(kind, NpmFailure::Name | NpmFailure::Version | NpmFailure::Registry),
        }
    }

    /// Says what the user can do.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            NpmFailure::NotInstalled => "install Node.js with npm, and put it on PATH",
            NpmFailure::Apart(_) => {
                "put an npm on PATH that lies neither in the repository you work in nor in a fetched tree"
            }
            NpmFailure::Timeout(_) | NpmFailure::Network => {
                "check the connection and the proxy settings, then try again"
            }
            NpmFailure::Name | NpmFailure::Version | NpmFailure::NotFound => {
                "check the name and the version in the marketplace"
            }
            NpmFailure::Registry => "set the registry in your own `.npmrc` if you trust it",
            NpmFailure::Auth => "log in with `npm login`, or set a token in `.npmrc`",
            NpmFailure::Other => "run `npm pack` on it by hand to see more",
            NpmFailure::Archive(_) => "tell the author of the package",
        }
    }
}

impl NpmFailure {
    fn of(said: &str) -> Self {
        let says = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
        if says(&["E404", "ETARGET", "ENOVERSIONS"]) {
            Self::NotFound
        } else if says(&["E401", "E403", "ENEEDAUTH", "EOTP"]) {
            Self::Auth
        } else if says(&["ENOTFOUND", "ECONN", "ETIMEDOUT", "EAI_AGAIN", "ERR_SOCKET", "ENETUN"]) {
            Self::Network
        } else {
            Self::Other
        }
    }
}

/// Checks what a marketplace says, so that it can name nothing but a package of a registry: not an
/// option, and not one of npm's other kinds (folder, tarball, git address, alias).
fn check(package: &str, version: Option<&str>, registry: Option<&str>) -> Result<(), NpmFailure> {
    if !is_name(package) {
        return Err(NpmFailure::Name);
    }
    if version.is_some_and(|version| !is_version(version)) {
        return Err(NpmFailure::Version);
    }
    if registry.is_some_and(|url| !http::is_encrypted_or_loopback(url)) {
        return Err(NpmFailure::Registry);
    }
    Ok(())
}

/// `name` or `@scope/name`.
fn is_name(text: &str) -> bool {
    let part = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~');
        !text.is_empty() && !text.starts_with(['.', '-', '_']) && text.chars().all(plain)
    };
    let parts = match text.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/'),
        None => Some(("x", text)),
    };
    text.len() <= 214 && parts.is_some_and(|(scope, name)| part(scope) && part(name))
}

/// A version, a range or a tag.
fn is_version(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+_^~<>=|* ".contains(c);
    !text.is_empty() && text.len() <= 256 && !text.starts_with('-') && text.chars().all(plain)
}

fn parse(said: &str) -> Option<Package> {
    let answer = serde_json::from_str::<Value>(said).ok()?;
    let packed = answer.get(0)?;
    let version = packed.get("version")?.as_str()?;
    semver::Version::parse(version).ok()?;
    let integrity = packed.get("integrity").and_then(Value::as_str).map(str::to_owned);
    Some(Package { version: version.to_owned(), integrity })
}

fn tarball(folder: &Path) -> io::Result<Vec<u8>> {
    let is_tarball = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tgz");
    let mut paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let path = paths.find(is_tarball).ok_or(io::ErrorKind::NotFound)?;
    Ok(read(&path, Most::PACKAGE)?.ok_or(io::ErrorKind::NotFound)?)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::machine::archive::tests::tar_gz;

    /// Writes a program that stands in for npm: it copies a tarball and prints `answer`.
    pub(crate) fn fake(folder: &Path, script: &str) -> PathBuf {
        let tarball = tar_gz(&[
            ("package/package.json", tar::EntryType::Regular, 0o644, b"{}"),
            ("package/bin/x", tar::EntryType::Regular, 0o755, b"#!"),
        ]);
        fs::write(folder.join("tarball"), tarball).unwrap();
        let program = folder.join("npm");
        process::tests::program(&program, script);
        program
    }

    struct Place {
        folder: TempDir,
        npm: Npm,
    }

    impl Place {
        fn new(script: &str) -> Self {
            let folder = TempDir::new().unwrap();
            let program = fake(folder.path(), script);
            for name in ["scratch", "into"] {
                fs::create_dir(folder.path().join(name)).unwrap();
            }
            let npm = Npm::new(Duration::from_secs(10)).with_program(program);
            Self { folder, npm }
        }

        fn fetch(&self, package: &str, version: Option<&str>) -> Result<Package, NpmError> {
            let [scratch, into] = ["scratch", "into"].map(|name| self.folder.path().join(name));
            self.npm.fetch(package, version, None, &scratch, &into)
        }
    }

    const PACKS: &str = r#"cp ../tarball p.tgz; echo "$@" > ../args
echo '[{"version":"1.2.3","integrity":"sha512-x","filename":"../../evil"}]'"#;

    #[test]
    fn a_package_is_unpacked_without_its_top_folder() {
        let place = Place::new(PACKS);
        let package = place.fetch("@s/p", Some("^1.0")).unwrap();
        let expected = Package { version: "1.2.3".into(), integrity: Some("sha512-x".into()) };
        assert_eq!(package, expected);
        assert!(place.folder.path().join("into/bin/x").exists());
        let args = fs::read_to_string(place.folder.path().join("args")).unwrap();
        assert!(args.contains("--ignore-scripts"), "{args}");
        assert!(args.ends_with("-- @s/p@^1.0\n"), "{args}");
    }

    #[test]
    fn an_answer_with_a_version_that_is_none_is_an_error() {
        let place = Place::new(&PACKS.replace("1.2.3", "../../x"));
        assert!(matches!(place.fetch("p", None).unwrap_err().kind, NpmFailure::Other));
    }

    #[test]
    fn what_npm_says_is_told_apart() {
        let failed =
            |said: &str| Place::new(&format!("echo '{said}' >&2; exit 1")).fetch("p", None);
        let kind = |said: &str| failed(said).unwrap_err().kind;
        assert!(matches!(kind("npm error code E404"), NpmFailure::NotFound));
        assert!(matches!(kind("npm error code ETARGET"), NpmFailure::NotFound));
        assert!(matches!(kind("npm error code E401"), NpmFailure::Auth));
        assert!(matches!(kind("npm error code ECONNREFUSED"), NpmFailure::Network));
        assert!(matches!(kind("what"), NpmFailure::Other));
        assert_eq!(failed("at https://u:p@h/x?t=1").unwrap_err().said, "at https://h/x?…");
    }

    #[test]
    fn only_packages_of_registries_can_be_named() {
        for good in ["p", "@s/p", "a.b_c-d", "JSONStream"] {
            assert!(check(good, Some("^1.2.0 || latest"), Some("https://h/")).is_ok(), "{good}");
        }
        for bad in ["", "-x", "a/b", "@s/p/q", "@s", "../x", "file:x", ".x", "a b", "a@1", "@/x"] {
            assert!(check(bad, None, None).is_err(), "{bad}");
        }
        for bad in ["", "-x", "file:../x", "npm:other@1", "git+ssh://h/x", "h/x", "1\n2"] {
            assert!(check("p", Some(bad), None).is_err(), "{bad}");
        }
        for bad in ["http://h/", "file:///x", "x"] {
            assert!(check("p", None, Some(bad)).is_err(), "{bad}");
        }
        assert!(check("p", None, Some("http://127.0.0.1:4873/")).is_ok());
    }
}
