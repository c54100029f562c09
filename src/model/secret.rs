//! What counts as a secret: the tokens of well-known services, what a name says, and what looks random.

use std::ops::Range;

use super::redact_url;

/// How the tokens of well-known services begin.
const PREFIXES: [&str; 44] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pk_live_",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "npm_",
    "pypi-",
    "hf_",
    "dop_v1_",
    "SG.",
    "whsec_",
    "lin_api_",
    "figd_",
    "ntn_",
    "tvly-",
    "gsk_",
    "xai-",
    "r8_",
    "shpat_",
    "sntrys_",
    "ATATT",
    "dapi",
    "pplx-",
    "sbp_",
    "vercel_",
    "nvapi-",
    "fc-",
    "eyJ",
];

/// Words in a name that say that the value is a secret.
const NAMES: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "AUTHORIZATION",
    "COOKIE",
];

/// Returns where a text holds a secret; the name under which it stands counts as well. What a client puts
/// in for `${NAME}` is none.
pub fn secret_in(name: &str, text: &str) -> Option<Range<usize>> {
    userinfo(text)
        .or_else(|| words(text).find(|word| is_token(&text[word.clone()])))
        .or_else(|| under_a_name(name, text))
        .or_else(|| query(text))
        .or_else(|| behind_a_name(text))
}

/// Returns the words of a command line with the secrets in them as dots; a flag names the word behind it.
pub fn shown_words(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut flag = String::new();
    let mut shown = Vec::new();
    for word in words {
        shown.push(without_secret(&flag, &redact_url(&word)));
        let names = word.starts_with('-') && !word.contains('=');
        flag = if names { word.trim_start_matches('-').to_owned() } else { String::new() };
    }
    shown
}

/// Returns the address of a server without its login, its query, its fragment and whatever looks like a token.
pub fn shown_address(url: &str) -> String {
    let end = url.find("://").and_then(|start| Some(start + url[start..].find('#')?));
    without_secret("", &redact_url(&url[..end.unwrap_or(url.len())]))
}

/// Returns the text with the secret in it as dots.
pub fn without_secret(name: &str, text: &str) -> String {
    let mut shown = text.to_owned();
    while let Some(at) = secret_in(name, &shown) {
        shown.replace_range(at, "…");
    }
    shown
}

/// Says whether a single word looks like a token, whatever its name.
fn is_token(word: &str) -> bool {
    let body = |prefix: &&str| word.strip_prefix(*prefix).filter(|body| body.len() >= 12);
    if PREFIXES.iter().find_map(body).is_some_and(|body| {
        body.bytes().all(is_token_byte)
            && body.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    }) {
        return true;
    }
    if word.starts_with("-----BEGIN") {
        return true;
    }
    let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
    if !word.bytes().all(is_token_byte) || !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic)
    {
        return false;
    }
    let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    match word.len() {
        32.. if hex => entropy(word) >= 3.0,
        // Names of models and packages are words joined by dashes.
        24.. => {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
            let run = word.split(['-', '.']).map(str::len).max().unwrap_or(0);
            entropy(word) >= 3.8 && run >= 20 && (mixed || digits * 5 >= word.len())
        }
        _ => false,
    }
}

/// A value under a telling name is a secret unless it is a reference, a path, a number or a plain word.
fn under_a_name(name: &str, text: &str) -> Option<Range<usize>> {
    let name = name.to_ascii_uppercase().replace('-', "_");
    if !is_telling(&name) || text.contains("${") || text.starts_with('$') || text.contains("://") {
        return None;
    }
    // The scheme of an `Authorization` header.
    let scheme = ["Bearer ", "Basic ", "Token "].iter().find(|scheme| text.starts_with(**scheme));
    let start = scheme.map_or(0, |scheme| scheme.len());
    let value = &text[start..];
    let plain = value.starts_with(['/', '.', '~', '…']) || value.parse::<f64>().is_ok();
    (value.len() >= 6 && !plain).then_some(start..text.len())
}

/// Tells whether a name in capitals says that its value is a secret.
fn is_telling(name: &str) -> bool {
    let part = |part: &str| {
        matches!(part, "KEY" | "PAT" | "AUTH" | "PWD")
            // `PGPASS`, and not what only sounds like it.
            || part.ends_with("PASS") && !matches!(part, "BYPASS" | "COMPASS")
    };
    NAMES.iter().any(|word| name.contains(word)) || name.split('_').any(part)
}

/// Returns the password of an address; what stands alone before a host of the web is one as well.
fn userinfo(text: &str) -> Option<Range<usize>> {
    let start = text.find("://")? + 3;
    let end = text[start..].find(['/', '?', '#', ' ']).map_or(text.len(), |at| start + at);
    let at = start + text[start..end].rfind('@')?;
    let colon = text[start..at].find(':').map(|colon| start + colon + 1);
    let alone = text[..start].ends_with("https://") || text[..start].ends_with("http://");
    let from = colon.or((alone && at - start >= 8).then_some(start))?;
    let word = &text[from..at];
    (!word.is_empty() && !word.contains("${") && word != "…").then_some(from..at)
}

/// Returns the value behind the name of a header (`Authorization: …`) or of a flag (`--token …`) that
/// stands somewhere in a text.
fn behind_a_name(text: &str) -> Option<Range<usize>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut from = 0;
    while let Some(end) = text[from..].find([':', ' ']).map(|at| from + at) {
        from = end + 1;
        let start = text[..end].rfind(|c| !is_name(c)).map_or(0, |at| at + c_len(text, at));
        let name = &text[start..end];
        let is_flag = name.starts_with('-');
        if name.is_empty() || text[end..].starts_with(' ') != is_flag {
            continue;
        }
        let value = end + 1 + text[end + 1..].len() - text[end + 1..].trim_start().len();
        let closes = |c: char| matches!(c, '\'' | '"' | '\n') || is_flag && c == ' ';
        let length = text[value..].find(closes).unwrap_or(text.len() - value);
        // `Name: value`, and not what a variable has between a name and its default.
        let apart = is_flag || value > end + 1;
        let found = under_a_name(name.trim_start_matches('-'), &text[value..value + length])
            .filter(|_| apart);
        if let Some(found) = found {
            return Some(value + found.start..value + found.end);
        }
    }
    None
}

/// Returns the length of the character at a place.
fn c_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// Returns the value of a parameter of an address, or of a flag, whose name tells.
fn query(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(equals) = text[from..].find('=').map(|at| from + at) {
        let ends = |c: char| matches!(c, '?' | '&' | '#' | ' ' | ';' | ',' | '\'' | '"');
        let start = text[..equals].rfind(ends).map_or(0, |at| at + 1);
        let end = text[equals + 1..].find(ends).map_or(text.len(), |at| equals + 1 + at);
        let name = text[start..equals].trim_start_matches('-');
        if !name.contains("://")
            && let Some(found) = under_a_name(name, &text[equals + 1..end])
        {
            return Some(equals + 1 + found.start..equals + 1 + found.end);
        }
        from = end.max(equals + 1);
    }
    None
}

/// Returns the words of a text that could be one token each.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let ends = |c: char| c.is_whitespace() || "=:\"'`,;&?@#/\\(){}[]<>|$".contains(c);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(|c| !ends(c))?;
        let end = text[start..].find(ends).map_or(text.len(), |at| start + at);
        from = end;
        Some(start..end)
    })
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.+~".contains(&byte)
}

/// Returns the bits that one byte of a word carries.
fn entropy(word: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in word.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(word.len()).unwrap_or(u32::MAX));
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_where_they_stand() {
        let check = |name: &str, text: &str, expected: Option<&str>| {
            assert_eq!(secret_in(name, text).map(|at| &text[at]), expected, "{name}: {text}");
        };
        let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        check("X", token, Some(token));
        check("Authorization", &format!("Bearer {token}"), Some(token));
        check("Authorization", "Bearer hunter22", Some("hunter22"));
        check("", &format!("--token={token}"), Some(token));
        check("", &format!("https://h/mcp?key={token}&x=1"), Some(token));
        check("", "https://u:hunter2@h/p", Some("hunter2"));
        check("", "--api-key=hunter22", Some("hunter22"));
        check("DB_PASSWORD", "correct horse", Some("correct horse"));
        check("", "Authorization: Bearer hunter22", Some("hunter22"));
        check("", "curl -H 'X-Api-Key: hunter22' https://h", Some("hunter22"));
        check("", "get --token hunter22 now", Some("hunter22"));
        check("", "https://h/mcp#access_token=hunter22", Some("hunter22"));
        check("", "https://hunter22@h/mcp", Some("hunter22"));
        check("PGPASS", "hunter22", Some("hunter22"));
        check("X", "0123456789abcdef0123456789abcdef", Some("0123456789abcdef0123456789abcdef"));
        check("X", "q8Zx2LmN0pR4sT6vW1yB3dF5", Some("q8Zx2LmN0pR4sT6vW1yB3dF5"));
    }

    #[test]
    fn what_is_no_secret_stays() {
        let check = |name: &str, text: &str| {
            assert_eq!(secret_in(name, text), None, "{name}: {text}");
        };
        check("API_KEY", "${API_KEY}");
        check("API_KEY", "${API_KEY:-none}");
        check("TOKEN_FILE", "/run/secrets/token");
        check("MAX_TOKENS", "4096000");
        check("MODEL", "claude-sonnet-4-5-20250929");
        check("", "@modelcontextprotocol/server-filesystem@2025.8.21");
        check("", "ghcr.io/github/github-mcp-server:v0.16.0");
        check("", "https://mcp.example.com/v1/sse?team=core");
        check("", "--allow-write=/srv/data");
        check("PATH", "/usr/local/bin:/usr/bin");
        check("DEBUG", "true");
        check("BYPASS", "localhost");
        check("", "Accept: application/json");
        check("", "cat key: value");
        check("", "https://git@h.example/r");
        check("", "--key-file /run/key.pem");
    }

    #[test]
    fn what_is_shown_has_no_secret() {
        let shown = without_secret("", "https://u:hunter2@h/?token=abcdefgh&key=ijklmnop");
        assert_eq!(shown, "https://u:…@h/?token=…&key=…");
        let words =
            ["--token", "hunter22", "-H", "Authorization: Bearer hunter22", "--port", "8080"];
        let shown = shown_words(words.map(str::to_owned));
        assert_eq!(shown.join(" "), "--token … -H Authorization: Bearer … --port 8080");
        assert_eq!(shown_address("https://hunter22@h/mcp?x=hunter22#hunter22"), "https://h/mcp");
    }
}
