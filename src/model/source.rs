//! Where a marketplace or a skill comes from, as people write it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::{Address, AddressFault, Roots, redact_url};

/// The origin of a marketplace or a skill. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `owner/repo[@ref]`, or a GitHub web address.
    GitHub { repo: String, reference: Option<String> },
    /// Any other address git can fetch from: https, http, ssh, scp-like, file.
    Git { url: String, reference: Option<String> },
    /// A local folder with `.claude-plugin/marketplace.json`, read in place.
    Directory { path: PathBuf },
    /// A local `marketplace.json`.
    File { path: PathBuf },
    /// A catalog JSON behind http(s).
    Url { url: String },
}

/// Why a text is not a source. The display leaves the offending text to the caller, who redacts it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("is empty")]
    Empty,
    #[error("has a control character")]
    Control,
    #[error("starts with `-`, which git could take for an option")]
    Dash,
    #[error("has a blank")]
    Blank,
    #[error("has the scheme `{0}`; only https, http, ssh and file are fetched")]
    Scheme(String),
    #[error("has no usable host")]
    Host,
    #[error("names no repository")]
    Path,
    #[error("is a page of a website, not a repository; `owner/repo[@ref]` names one")]
    Page,
    #[error("starts with `~`, which is only known as `~/` for your own home")]
    Home,
    #[error("is neither `owner/repo`, an address, nor a path (paths start with `./`, `/` or `~/`)")]
    Shape,
    #[error("has an address of one file and `#`; a file has no branches")]
    FileReference,
    #[error("has {0}")]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Address(AddressFault),
}

impl From<AddressFault> for SourceError {
    fn from(fault: AddressFault) -> Self {
        match fault {
            AddressFault::Host => Self::Host,
            AddressFault::Path => Self::Path,
            fault => Self::Address(fault),
        }
    }
}

/// Why a text is not a branch, tag or commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("an empty ref")]
    Empty,
    #[error("a ref that starts with `-`")]
    Dash,
    #[error("a ref with `..`")]
    Dots,
    #[error("a ref with {0:?}")]
    Character(char),
}

/// Checks a text that is to become an argument of git.
pub fn check_reference(text: &str) -> Result<(), ReferenceError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    if text.is_empty() {
        Err(ReferenceError::Empty)
    } else if text.starts_with('-') {
        Err(ReferenceError::Dash)
    } else if text.contains("..") {
        Err(ReferenceError::Dots)
    } else {
        text.chars().find(|c| bad(*c)).map_or(Ok(()), |c| Err(ReferenceError::Character(c)))
    }
}

impl Source {
    /// Reads a source; relative paths lie below `base`, which is absolute.
    pub fn parse(text: &str, base: &Path, roots: &Roots) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(SourceError::Control);
        }
        if text.starts_with('-') {
            return Err(SourceError::Dash);
        }
        if is_local(text) {
            return local(text, base, roots);
        }
        if text.contains(char::is_whitespace) && !is_json(text) {
            return Err(SourceError::Blank);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return address(&scheme.to_ascii_lowercase(), rest);
        }
        match (text.find(':'), text.find('/').unwrap_or(text.len())) {
            (Some(colon), slash) if colon < slash => scp_like(text, colon),
            _ if is_json(text) => local(text, base, roots),
            _ => shorthand(text),
        }
    }

    /// Returns `owner/repo` when a text is that and nothing more.
    pub fn github(text: &str) -> Option<String> {
        repository_name(text)
    }

    /// Returns the address to give to git, if git fetches this source.
    pub fn git_url(&self) -> Option<String> {
        match self {
            Self::GitHub { repo, .. } => Some(format!("https://github.com/{repo}.git")),
            Self::Git { url, .. } => Some(url.clone()),
            Self::Directory { .. } | Self::File { .. } | Self::Url { .. } => None,
        }
    }

    /// Returns the branch, tag or commit that was asked for.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::GitHub { reference, .. } | Self::Git { reference, .. } => reference.as_deref(),
            Self::Directory { .. } | Self::File { .. } | Self::Url { .. } => None,
        }
    }

    /// Returns the source held to another branch, tag or commit; only git has those.
    #[must_use]
    pub fn with_reference(self, reference: Option<String>) -> Self {
        match self {
            Self::GitHub { repo, .. } => Self::GitHub { repo, reference },
            Self::Git { url, .. } => Self::Git { url, reference },
            Self::Directory { .. } | Self::File { .. } | Self::Url { .. } => self,
        }
    }

    /// Returns where its address leads; a path has none.
    ///
    /// # Errors
    /// An address that could be read in two ways. Only what nobody has parsed can have one.
    pub fn address(&self) -> Option<Result<Address, AddressFault>> {
        match self {
            Self::Url { url } => Some(Address::parse(url)),
            Self::GitHub { .. } | Self::Git { .. } => {
                self.git_url().map(|url| Address::parse(&url))
            }
            Self::Directory { .. } | Self::File { .. } => None,
        }
    }

    /// Tells whether both name the same place, however it is spelled; refs and credentials do not count.
    pub fn same_place(&self, other: &Self) -> bool {
        let kind = self.git_url().is_some() == other.git_url().is_some();
        match (self.address(), other.address()) {
            (Some(Ok(mine)), Some(Ok(theirs))) => kind && mine == theirs,
            _ => self == other,
        }
    }

    /// Returns the same source without the user name and password that http would need.
    #[must_use]
    pub fn without_login(&self) -> Self {
        match self {
            Self::Git { url, reference } => {
                Self::Git { url: super::without_login(url), reference: reference.clone() }
            }
            Self::Url { url } => Self::Url { url: super::without_login(url) },
            Self::GitHub { .. } | Self::Directory { .. } | Self::File { .. } => self.clone(),
        }
    }

    /// Returns the text to print: as [`fmt::Display`], without credentials.
    pub fn redacted(&self) -> String {
        redact_url(&self.to_string())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub { repo, reference: Some(reference) } => write!(f, "{repo}@{reference}"),
            Self::Git { url, reference: Some(reference) } => write!(f, "{url}#{reference}"),
            Self::GitHub { repo: text, reference: None }
            | Self::Git { url: text, reference: None }
            | Self::Url { url: text } => f.write_str(text),
            Self::File { path } => write!(f, "{}", path.display()),
            Self::Directory { path } => {
                let shown = path.display().to_string();
                write!(f, "{shown}{}", if is_json(&shown) { "/" } else { "" })
            }
        }
    }
}

fn is_local(text: &str) -> bool {
    matches!(text, "." | "..") || ["./", "../", "/", "~"].iter().any(|p| text.starts_with(p))
}

fn is_json(text: &str) -> bool {
    text.len() > 5 && text.is_char_boundary(text.len() - 5) && {
        text[text.len() - 5..].eq_ignore_ascii_case(".json")
    }
}

fn local(text: &str, base: &Path, roots: &Roots) -> Result<Source, SourceError> {
    if text.starts_with('~') && text.len() > 1 && !text.starts_with("~/") {
        return Err(SourceError::Home);
    }
    let path = plain(&roots.resolve(text, base));
    Ok(if is_json(text) { Source::File { path } } else { Source::Directory { path } })
}

/// Works out `.` and `..` in the text of a path, as the client does.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

/// Reads what follows `scheme://`.
fn address(scheme: &str, rest: &str) -> Result<Source, SourceError> {
    let bare = scheme.strip_prefix("git+").unwrap_or(scheme);
    if matches!(bare, "https" | "http" | "ssh") {
        Address::parse(&format!("{bare}://{rest}"))?;
    }
    match bare {
        "https" | "http" => web(bare, rest),
        "ssh" => {
            let (rest, reference) = split_fragment(rest)?;
            host_and_path(rest)?;
            Ok(Source::Git { url: format!("ssh://{rest}"), reference })
        }
        "file" => {
            let (rest, reference) = split_fragment(rest)?;
            if !rest.starts_with('/') || rest.len() < 2 {
                return Err(SourceError::Path);
            }
            Ok(Source::Git { url: format!("file://{rest}"), reference })
        }
        _ => Err(SourceError::Scheme(scheme.to_owned())),
    }
}

fn web(scheme: &str, rest: &str) -> Result<Source, SourceError> {
    let (bare, fragment) = rest.split_once('#').map_or((rest, None), |(u, f)| (u, Some(f)));
    let (host, path) = host_and_path(bare)?;
    let path = path.split_once('?').map_or(path, |(path, _)| path).trim_end_matches('/');
    if matches!(host.to_ascii_lowercase().as_str(), "github.com" | "www.github.com") {
        return github_page(path, split_fragment(rest)?.1);
    }
    if let Some((repo, page)) = path.split_once("/-/") {
        return gitlab_page(scheme, host, repo, page).or_else(|e| {
            // A raw file is a page too.
            let raw = page.starts_with("raw/") && is_json(path) && fragment.is_none();
            if raw { Ok(Source::Url { url: format!("{scheme}://{bare}") }) } else { Err(e) }
        });
    }
    if is_json(path) {
        return match fragment {
            None => Ok(Source::Url { url: format!("{scheme}://{bare}") }),
            Some(_) => Err(SourceError::FileReference),
        };
    }
    let (url, reference) = split_fragment(rest)?;
    let url = url.trim_end_matches('/');
    let url = match url.strip_suffix(".git") {
        None if host.eq_ignore_ascii_case("gitlab.com") => format!("{url}.git"),
        _ => url.to_owned(),
    };
    Ok(Source::Git { url: format!("{scheme}://{url}"), reference })
}

/// Reads `owner/repo`, `owner/repo/tree/<ref>` or `owner/repo/commit/<ref>` behind the host.
fn github_page(path: &str, reference: Option<String>) -> Result<Source, SourceError> {
    let mut parts = path.splitn(4, '/');
    let (Some(owner), Some(repo)) = (parts.next(), parts.next()) else {
        return Err(SourceError::Path);
    };
    let repo = repository_name(&format!("{owner}/{repo}")).ok_or(SourceError::Path)?;
    let reference = match (parts.next(), parts.next()) {
        (None, _) => reference,
        (Some("tree" | "commit"), Some(named)) => Some(reference_text(named)?),
        _ => return Err(SourceError::Page),
    };
    // As Claude Code 2.1.329 does, which fetches `owner/repo` over ssh first.
    Ok(Source::Git { url: format!("https://github.com/{repo}.git"), reference })
}

/// Reads `tree/<ref>` behind `group/sub/repo/-/`.
fn gitlab_page(scheme: &str, host: &str, repo: &str, page: &str) -> Result<Source, SourceError> {
    let named = page.strip_prefix("tree/").or_else(|| page.strip_prefix("commit/"));
    let reference = Some(reference_text(named.ok_or(SourceError::Page)?)?);
    Ok(Source::Git { url: format!("{scheme}://{host}/{repo}.git"), reference })
}

/// Reads `user@host:path[#ref]`; without a user it would look like any scheme.
fn scp_like(text: &str, colon: usize) -> Result<Source, SourceError> {
    let (login, path) = (&text[..colon], &text[colon + 1..]);
    let Some((user, host)) = login.split_once('@') else {
        return Err(SourceError::Scheme(login.to_owned()));
    };
    if user.is_empty() || !is_host(host) {
        return Err(SourceError::Host);
    }
    if path.starts_with(':') {
        return Err(SourceError::Scheme(login.to_owned()));
    }
    let (path, reference) = split_fragment(path)?;
    if path.is_empty() || path.starts_with('-') {
        return Err(SourceError::Path);
    }
    let url = format!("{login}:{path}");
    Address::parse(&url)?;
    Ok(Source::Git { url, reference })
}

fn shorthand(text: &str) -> Result<Source, SourceError> {
    let (name, reference) = match text.find(['@', '#']) {
        Some(mark) => (&text[..mark], Some(reference_text(&text[mark + 1..])?)),
        None => (text, None),
    };
    let repo = repository_name(name).ok_or(SourceError::Shape)?;
    Ok(Source::GitHub { repo, reference })
}

/// Returns `owner/repo` without `.git` when both parts are names.
fn repository_name(text: &str) -> Option<String> {
    let text = text.strip_suffix(".git").unwrap_or(text);
    let (owner, repo) = text.split_once('/')?;
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !matches!(part, "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    (is_name(owner) && is_name(repo)).then(|| text.to_owned())
}

fn split_fragment(rest: &str) -> Result<(&str, Option<String>), SourceError> {
    match rest.split_once('#') {
        Some((rest, reference)) => Ok((rest, Some(reference_text(reference)?))),
        None => Ok((rest, None)),
    }
}

fn reference_text(text: &str) -> Result<String, SourceError> {
    check_reference(text)?;
    Ok(text.to_owned())
}

/// Splits `[user@]host[:port]/path`; both parts are there and neither is an option for ssh.
fn host_and_path(rest: &str) -> Result<(&str, &str), SourceError> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.starts_with('-') || !is_host(host) {
        return Err(SourceError::Host);
    }
    if path.trim_matches('/').is_empty() {
        return Err(SourceError::Path);
    }
    // With credentials the whole authority has to stay, so it is no plain web page.
    Ok((if user.is_empty() { host } else { authority }, path))
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '.', ':'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
