//! Addresses of servers, read once and in one way: by the rules that browsers, downloads and people go by.

use std::borrow::Cow;

use url::{Host, Url};

use super::paint::is_seen;

/// Where an address leads, in one spelling; a login is no part of that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    scheme: Scheme,
    /// In lower case, without a dot at its end. Empty for files.
    host: String,
    /// Where it is not the usual one.
    port: Option<u16>,
    /// Without slashes at its ends and without `.git`.
    path: String,
    query: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    Https,
    Http,
    Ssh,
    File,
}

/// Why a text is not an address, or one that people and programs could read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    #[error("has a character that cannot be seen")]
    Hidden,
    #[error("has `\\`, which programs take for `/`, or for a part of a name")]
    Backslash,
    #[error(
        "has a login that could be taken for a host; leave it out, git asks a credential helper"
    )]
    Login,
    #[error("has no usable host")]
    Host,
    #[error("has a host that is not written as it is usually written")]
    UnusualHost,
    #[error("names nothing behind the host")]
    Path,
    #[error("is not an https, http, ssh or file address")]
    Scheme,
}

/// Hosts at which one place may be asked for over https and over ssh, in any case of letters.
const FORGES: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// Other names of those hosts.
const ALIASES: [(&str, &str); 4] = [
    ("www.github.com", "github.com"),
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// What a login must not end in, for it would read like a host.
const HOSTLIKE: [&str; 12] =
    ["com", "org", "net", "io", "dev", "edu", "gov", "co", "app", "ai", "example", "test"];

impl Address {
    /// Reads an address with a scheme, or the short form `user@host:path` of ssh.
    ///
    /// # Errors
    /// What is no address, and what two programs could take for two different ones.
    pub fn parse(text: &str) -> Result<Self, AddressFault> {
        if text.chars().any(|c| c.is_whitespace() || !is_seen(c)) {
            return Err(AddressFault::Hidden);
        }
        if text.contains('\\') {
            return Err(AddressFault::Backslash);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return short_form(text) };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "ssh" => Scheme::Ssh,
            "file" => return file(rest),
            _ => return Err(AddressFault::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if tail.starts_with(['?', '#']) {
            return Err(AddressFault::Path);
        }
        Self::new(scheme, authority, tail)
    }

    fn new(scheme: Scheme, authority: &str, tail: &str) -> Result<Self, AddressFault> {
        let (login, written) = authority.rsplit_once('@').unwrap_or(("", authority));
        if is_confusing(login, scheme) {
            return Err(AddressFault::Login);
        }
        if written.is_empty() || written.starts_with(':') {
            return Err(AddressFault::Host);
        }
        // Only the web's own schemes have their hosts read as names and numbers.
        let web = if scheme == Scheme::Http { "http" } else { "https" };
        let url =
            Url::parse(&format!("{web}://{written}{tail}")).map_err(|_| AddressFault::Host)?;
        let host = match url.host() {
            Some(Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Some(host @ (Host::Ipv4(_) | Host::Ipv6(_))) => host.to_string(),
            None => return Err(AddressFault::Host),
        };
        let plain = written.to_ascii_lowercase();
        let bare = plain.strip_prefix(&host).map(|rest| rest.strip_prefix('.').unwrap_or(rest));
        if bare.is_none_or(|rest| !rest.is_empty() && !rest.starts_with(':')) {
            return Err(AddressFault::UnusualHost);
        }
        if host.starts_with(['-', '.']) || host.is_empty() {
            return Err(AddressFault::Host);
        }
        let alias = ALIASES.iter().find(|(alias, _)| *alias == host);
        let host = alias.map_or(host, |(_, name)| (*name).to_owned());
        let usual = if scheme == Scheme::Ssh { 22 } else { 443 };
        let port = match (scheme, url.port()) {
            // That ssh goes where https usually goes says nothing about the place.
            (Scheme::Ssh, None) if written.ends_with(":443") => Some(443),
            (_, port) => port.filter(|port| *port != usual || scheme == Scheme::Http),
        };
        let forge = FORGES.contains(&host.as_str());
        let path = place(url.path());
        Ok(Self {
            scheme: if forge && scheme == Scheme::Ssh { Scheme::Https } else { scheme },
            port: port.filter(|port| !(forge && matches!(port, 22 | 443))),
            path: if forge { path.to_ascii_lowercase() } else { path },
            host,
            query: url.query().map(str::to_owned),
        })
    }

    /// Returns the host, without its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Tells whether whatever goes there can be read and changed on its way.
    pub fn is_plain_http(&self) -> bool {
        self.scheme == Scheme::Http
    }

    /// Tells whether both lead to what is kept under one path of one host, be it asked for in another
    /// way: over ssh or the web, and with whatever a server may be told behind `?`.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ssh = |one: &Self| one.scheme == Scheme::Ssh;
        let usual = |one: &Self| one.port.is_none();
        let ports =
            ssh(self) != ssh(other) || self.port == other.port || (usual(self) && usual(other));
        let path = self.path.eq_ignore_ascii_case(&other.path);
        self.host == other.host && path && ports && self.is_file() == other.is_file()
    }

    fn is_file(&self) -> bool {
        self.scheme == Scheme::File
    }

    /// Returns the path of a file address.
    pub fn file(&self) -> Option<String> {
        self.is_file().then(|| format!("/{}", self.path))
    }

    /// Returns the ways in which a rule may name the place as it would be asked for: `host/path`, the
    /// whole address, `owner/repo` for GitHub, each with and without `.git`.
    pub fn own_spellings(&self) -> Vec<String> {
        match self.scheme {
            Scheme::Http => self.spellings(&["http"]),
            Scheme::Ssh => self.spellings(&["ssh"]),
            Scheme::Https | Scheme::File if self.is_forge() => self.spellings(&["https", "ssh"]),
            Scheme::Https | Scheme::File => self.spellings(&["https"]),
        }
    }

    /// Returns those ways and the ones for every other way of asking.
    pub fn all_spellings(&self) -> Vec<String> {
        self.spellings(&["https", "http", "ssh"])
    }

    fn spellings(&self, schemes: &[&str]) -> Vec<String> {
        if let Some(path) = self.file() {
            return vec![format!("file://{path}"), path];
        }
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        let (host, path) = (&self.host, &self.path);
        let mut found = vec![format!("{host}{port}/{path}")];
        for scheme in schemes {
            found.push(format!("{scheme}://{host}{port}/{path}"));
            if *scheme == "ssh" {
                found.push(format!("ssh://git@{host}{port}/{path}"));
                found.push(format!("git@{host}:{path}"));
            }
        }
        if host == "github.com" {
            found.push(path.clone());
        }
        let with_git: Vec<String> = found.iter().map(|one| format!("{one}.git")).collect();
        found.extend(with_git);
        found
    }

    pub fn is_on_github(&self) -> bool {
        self.host == "github.com"
    }

    /// Returns the first part of the path.
    pub fn owner(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Tells whether letters of the path may be written in either case.
    fn is_forge(&self) -> bool {
        FORGES.contains(&self.host.as_str())
    }
}

/// Reads `user@host:path`; the path is not below a root, and has no query.
fn short_form(text: &str) -> Result<Address, AddressFault> {
    let (login, path) = text.split_once(':').ok_or(AddressFault::Scheme)?;
    if login.contains('/') || path.starts_with(':') {
        return Err(AddressFault::Scheme);
    }
    if path.trim_matches('/').is_empty() || path.starts_with('-') {
        return Err(AddressFault::Path);
    }
    let path: String = path.replace('?', "%3F").replace('#', "%23");
    Address::new(Scheme::Ssh, login, &format!("/{path}"))
}

fn file(rest: &str) -> Result<Address, AddressFault> {
    let path = rest.strip_prefix('/').ok_or(AddressFault::Host)?;
    if path.is_empty() {
        return Err(AddressFault::Path);
    }
    let path = place(path);
    Ok(Address { scheme: Scheme::File, host: String::new(), port: None, path, query: None })
}

/// Returns a path without what changes nothing about where it leads.
fn place(path: &str) -> String {
    let decoded = unescaped(path);
    let mut parts: Vec<&str> = Vec::new();
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    path.strip_suffix(".git").map_or_else(|| path.clone(), str::to_owned)
}

/// Undoes the escapes of bytes that need none.
fn unescaped(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (text, length) = match code {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                (char::from(byte).to_string(), 3)
            }
            Some(byte) => (format!("%{byte:02X}"), 3),
            None => ("%".to_owned(), 1),
        };
        plain.push_str(&text);
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Tells whether a login reads like a host, or hides where the host begins.
fn is_confusing(login: &str, scheme: Scheme) -> bool {
    if login.is_empty() {
        return false;
    }
    let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
    let odd = |c: char| "@/[]<>\"'`|^{}".contains(c) || !c.is_ascii_graphic();
    // As a port would stand behind a host.
    let port = password.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let last = user.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase());
    let hostlike = last.is_some_and(|last| HOSTLIKE.contains(&last.as_str()) || port);
    let alone = scheme != Scheme::Ssh && user.contains('.') && (password.is_none() || port);
    login.chars().any(odd) || user.starts_with('-') || hostlike || alone
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
#[cfg(test)]
pub use tests::spelling;
