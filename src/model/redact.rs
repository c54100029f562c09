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

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// Redacts what follows `scheme://`.
fn redact_rest(url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(u, f)| (u, Some(f)));
    let url = url.split_once('?').map_or(url, |(u, _)| u);
    let fragment = fragment.filter(|f| !f.contains('=')).map(|f| format!("#{f}"));
    format!("{}{}", without_userinfo(url), fragment.unwrap_or_default())
}

fn without_userinfo(url: &str) -> &str {
    let authority = url.find('/').map_or(url, |slash| &url[..slash]);
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
        check(
            "fatal: unable to access 'https://x:y@h/r.git/': from http://a@b/c, 403",
            "fatal: unable to access 'https://h/r.git/': from http://b/c, 403",
        );
        check("no address: a@b", "no address: a@b");
        check("://", "://");
        check("https://", "https://");
    }
}
