//! Takes secrets and control characters out of what programs and servers say.

use crate::model::without_path_tokens;

/// Returns a text without user names and passwords in URLs, without the query strings of URLs,
/// and without control characters other than line ends.
pub(crate) fn redact(text: &str) -> String {
    let mut rest = text;
    let mut clean = String::with_capacity(text.len());
    while let Some(scheme_end) = rest.find("://") {
        let (before, after) = rest.split_at(scheme_end + "://".len());
        clean.push_str(before);
        let length = after.find(ends_url).unwrap_or(after.len());
        let (url, tail) = after.split_at(length);
        let url = &url[userinfo(url)..];
        match url.split_once('?') {
            Some((url, _)) => clean.extend([&without_path_tokens(url), "?…"]),
            None => clean.push_str(&without_path_tokens(url)),
        }
        rest = tail;
    }
    clean.push_str(rest);
    clean.retain(|c| c == '\n' || !c.is_control());
    clean
}

/// Returns how many bytes of `user:password@host/path` come before the host.
fn userinfo(url: &str) -> usize {
    let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    url[..authority].rfind('@').map_or(0, |at| at + 1)
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '<' | '>')
}
