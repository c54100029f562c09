//! Which addresses git may open, and by which way it then goes.

use std::ffi::OsStr;
use std::path::Path;

use super::Git;
use crate::model::Address;

/// What takes the place of what in addresses: the user's `url.<base>.insteadOf`.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<(String, String)>);

/// Returns the protocols that git may use for an address, for `GIT_ALLOW_PROTOCOL`.
///
/// That is its own, so that no server can redirect from https to http. What the user has put in
/// place of such addresses is mostly ssh or a folder, neither of which a server can redirect to.
pub(super) fn allowed(url: &str, by_user: Option<&str>) -> String {
    let own = protocol(url);
    let others = ["ssh", "file"].into_iter().filter(|other| *other != own);
    fits(&[own].into_iter().chain(others).collect::<Vec<_>>(), by_user)
}

/// Returns what of some protocols the user allows, too.
fn fits(protocols: &[&str], by_user: Option<&str>) -> String {
    let fits = |one: &&&str| by_user.is_none_or(|by_user| by_user.split(':').any(|b| b == **one));
    let fit: Vec<&str> = protocols.iter().filter(fits).copied().collect();
    if fit.is_empty() { "none".to_owned() } else { fit.join(":") }
}

impl Rules {
    /// Reads what `git config --null --get-regexp` prints.
    fn parse(said: &str) -> Self {
        let rule = |line: &str| {
            let (key, prefix) = line.split_once('\n')?;
            let base = key.strip_prefix("url.")?.strip_suffix(".insteadof")?;
            Some((prefix.to_owned(), base.to_owned()))
        };
        Self(said.split('\0').filter_map(rule).collect())
    }

    /// Returns the one protocol that an address leads to by these rules.
    pub fn allowed(&self, url: &str, by_user: Option<&str>) -> String {
        let prefixes = self.0.iter().filter(|(prefix, _)| url.starts_with(prefix.as_str()));
        // As git does: the longest wins.
        let real = match prefixes.max_by_key(|(prefix, _)| prefix.len()) {
            Some((prefix, base)) => format!("{base}{}", &url[prefix.len()..]),
            None => url.to_owned(),
        };
        match protocol(&real) {
            // A command line, and a number of an open file: neither is where bytes come from.
            "ext" | "fd" => "none".to_owned(),
            protocol => fits(&[protocol], by_user),
        }
    }
}

impl Git {
    /// Returns the user's rules, read once.
    pub(super) fn rules(&self) -> &Rules {
        self.rules.get_or_init(|| {
            let pattern = r"^url\..*\.insteadof$";
            let args = ["config", "--null", "--get-regexp", pattern].map(OsStr::new);
            // To have none is an error to git.
            let said = self.users_answer("/", &args, Path::new("/"), &[]);
            Rules::parse(&said.unwrap_or_default())
        })
    }
}

fn protocol(url: &str) -> &str {
    if let Some((helper, _)) = url.split_once("::") {
        return helper;
    }
    match url.split_once("://") {
        // git's own names for what it does with ssh.
        Some(("git+ssh" | "ssh+git", _)) => "ssh",
        Some((scheme, _)) => scheme,
        None if is_scp_like(url) => "ssh",
        None => "file",
    }
}

/// Tells whether an address is https, http, ssh, scp-like, a file URL or an absolute path.
/// Everything else could name a remote helper, which is a program, or an option.
pub(super) fn may_be_fetched(url: &str) -> bool {
    if url.starts_with('-') || url.contains("::") || url.chars().any(char::is_control) {
        return false;
    }
    url.starts_with('/') || Address::parse(url).is_ok()
}

/// `user@host:path` or `host:path`.
fn is_scp_like(url: &str) -> bool {
    let Some((host, path)) = url.split_once(':') else { return false };
    let host = host.rsplit('@').next().unwrap_or(host);
    !host.is_empty() && !host.starts_with('-') && !host.contains('/') && !path.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_can_lead_to_another_protocol() {
        for (url, by_user, expected) in [
            ("https://x/o/r", None, "https:ssh:file"),
            ("http://x/o/r", None, "http:ssh:file"),
            ("git@h:o/r", None, "ssh:file"),
            ("/srv/r", None, "file:ssh"),
            ("https://x/o/r", Some("https:git"), "https"),
            ("http://x/o/r", Some("https"), "none"),
        ] {
            assert_eq!(allowed(url, by_user), expected, "{url} {by_user:?}");
        }
    }

    #[test]
    fn what_the_user_puts_in_place_of_an_address_says_the_protocol() {
        let rules = Rules::parse(
            "url.http://mirror/.insteadof\nhttps://h/\0url.file:///mirror/.insteadof\nhttps://h/o/\0\
             url.ext::sh -c x .insteadof\nbad:\0url.codecommit::.insteadof\ncc:\0",
        );
        for (url, by_user, expected) in [
            ("https://x/o/r", None, "https"),
            ("https://h/a/r", None, "http"),
            ("https://h/a/r", Some("https:ssh"), "none"),
            ("https://h/o/r", None, "file"),
            ("cc:r", None, "codecommit"),
            ("bad:r", None, "none"),
        ] {
            assert_eq!(rules.allowed(url, by_user), expected, "{url} {by_user:?}");
        }
        assert!(Rules::parse("").0.is_empty());
    }
}
