//! Takes the secrets out of the addresses in a text.

/// Returns `text` without the userinfo, the query and any `key=value` fragment of each URL in it.
pub fn redact_url(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = rest.find("://") {
        let (before, after) = rest.split_at(mark + 3);
        shown.push_str(before);
        let end = after.find(ends_url).unwrap_or(after.len());
        if before.trim_end_matches("://").ends_with(|c: char| c.is_ascii_alphanumeric()) {
            shown.push_str(&redact_rest(&after[..end]));
        } else {
            shown.push_str(&after[..end]);
        }
        rest = &after[end..];
    }
    shown.push_str(rest);
    shown
}

/// Returns a URL without the user name and password that http would need; the user of an ssh
/// address is part of the address, only a password goes.
pub fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (user, host) = rest.split_at(rest[..authority].rfind('@').map_or(0, |at| at + 1));
    match (scheme, user.split_once(':')) {
        ("ssh", None) => url.to_owned(),
        ("ssh", Some((user, _))) => format!("{scheme}://{user}@{host}"),
        _ => format!("{scheme}://{host}"),
    }
}

/// Tells whether a part of a path is a token and no name: long, and digits among the letters.
pub fn is_token(part: &str) -> bool {
    const PREFIXES: [&str; 7] = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "sk-", "xoxb-"];
    let word = part.strip_suffix(".git").unwrap_or(part);
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-=.~".contains(&b));
    let random = word.len() >= 20 && digits >= 4 && letters >= 4 && !word.contains('.');
    plain && (random || PREFIXES.iter().any(|prefix| word.starts_with(prefix))) && !is_commit(word)
}

/// A commit in an address is no secret.
fn is_commit(word: &str) -> bool {
    matches!(word.len(), 40 | 64) && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Returns the path of a URL without what looks like a token.
pub fn without_path_tokens(url: &str) -> String {
    let parts: Vec<&str> =
        url.split('/').map(|part| if is_token(part) { "…" } else { part }).collect();
    parts.join("/")
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// Redacts what follows `scheme://`.
fn redact_rest(url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(u, f)| (u, Some(f)));
    let url = url.split_once('?').map_or(url, |(u, _)| u);
    let fragment = fragment.filter(|f| !f.contains('=')).map(|f| format!("#{f}"));
    let url = without_path_tokens(without_userinfo(url));
    format!("{url}{}", fragment.unwrap_or_default())
}

fn without_userinfo(url: &str) -> &str {
    // Browsers take `\` for `/`: what stands before it is where the address leads.
    let authority = url.find(['/', '\\']).map_or(url, |slash| &url[..slash]);
    if let Some(at) = authority.rfind('@') {
        return &url[at + 1..];
    }
    // A password with an unescaped `/` cuts the authority short: `user:pa/ss@host`.
    let port = authority.split_once(':').map_or("", |(_, port)| port);
    match url.rfind('@') {
        Some(at) if !port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with(']') => {
            &url[at + 1..]
        }
        _ => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_secrets_and_keep_the_rest() {
        let check = |text: &str, expected: &str| assert_eq!(redact_url(text), expected);
        check("https://github.com/o/r", "https://github.com/o/r");
        check("https://user:pass@host/p", "https://host/p");
        check("https://token@host:8443/p#main", "https://host:8443/p#main");
        check("https://u:p@ss@host/p", "https://host/p");
        check("https://u:pa/ss@host/p", "https://host/p");
        check("https://h/x.json?token=abc&y=1", "https://h/x.json");
        check("https://h/x.json#access_token=abc", "https://h/x.json");
        check("https://h:80/a@b", "https://h:80/a@b");
        check("https://h/a@b", "https://h/a@b");
        check("http://127.0.0.1:80\\@ok.example/p", "http://127.0.0.1:80\\@ok.example/p");
        check(
            "fatal: unable to access 'https://x:y@h/r.git/': from http://a@b/c, 403",
            "fatal: unable to access 'https://h/r.git/': from http://b/c, 403",
        );
        check("https://h/m/0a1b2c3d4e5f6a7b8c9d0e1f/r.git", "https://h/m/…/r.git");
        check("https://h/m/ghp_x/r.git", "https://h/m/…/r.git");
        check(
            "https://h/awesome-claude-code-plugins-2/r",
            "https://h/awesome-claude-code-plugins-2/r",
        );
        check("no address: a@b", "no address: a@b");
        check("://", "://");
        check("https://", "https://");
    }
}
