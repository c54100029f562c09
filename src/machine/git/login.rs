//! Logins in addresses: they reach the server they are for, and neither the arguments of a process nor
//! any other host.

use std::process::Command;

use url::Url;

use crate::model::{is_token, without_login};

/// The name and the password of an address of the web, and that address without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// The scheme and the host that may ask for it.
    host: String,
    user: String,
    password: String,
}

/// Says what a credential helper says, from the environment.
const HELPER: &str = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \
                      \"$ZSKILLS_LOGIN\" \"$ZSKILLS_PASSWORD\"; }; f";

impl Login {
    /// Returns the login in an address. A name alone is one only where it looks like a token: for any
    /// other the user's own helper has the password.
    pub fn of(url: &str) -> Option<Self> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
        let part = |text: &str| percent_decoded(text);
        let (user, password) = (part(parsed.username()), parsed.password().map(part));
        let password = match password {
            Some(password) => password,
            None if is_token(&user) => String::new(),
            None => return None,
        };
        let clean = without_login(url);
        let end = clean.find("://").map_or(0, |at| at + "://".len());
        let end = clean[end..].find('/').map_or(clean.len(), |at| end + at);
        Some(Self { host: clean[..end].to_owned(), user, password })
    }

    /// Has git ask us, and nobody else, when the host wants a login.
    pub fn pass_to(&self, command: &mut Command) {
        let key = format!("credential.{}.helper", self.host);
        command.arg("-c").arg(format!("{key}=")).arg("-c").arg(format!("{key}={HELPER}"));
        command.env("ZSKILLS_LOGIN", &self.user).env("ZSKILLS_PASSWORD", &self.password);
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = &rest[at + if code.is_some() { 3 } else { 1 }..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_for_one_host_and_stands_in_no_argument() {
        let check = |url: &str, expected: Option<(&str, &str, &str)>| {
            let login = Login::of(url);
            let found = login
                .as_ref()
                .map(|one| (one.host.as_str(), one.user.as_str(), one.password.as_str()));
            assert_eq!(found, expected, "{url}");
        };
        check("https://h.example/r", None);
        check("https://me@h.example/r", None);
        check("ssh://me:hunter2@h.example/r", None);
        check("https://me:hunter2@h.example/r", Some(("https://h.example", "me", "hunter2")));
        check("http://m%40e:a%2Fb@h:8080/r", Some(("http://h:8080", "m@e", "a/b")));
        check("https://ghp_x1@h.example/r", Some(("https://h.example", "ghp_x1", "")));
        let mut command = Command::new("git");
        Login::of("https://me:hunter2@h.example/r").unwrap().pass_to(&mut command);
        assert!(command.get_args().all(|arg| !arg.to_string_lossy().contains("hunter2")));
    }
}
