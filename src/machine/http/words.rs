//! What to do about each way in which a server, or the way to it, can fail.

/// Returns what to do about a status that is no success.
pub fn about_status(status: u16) -> &'static str {
    match status {
        401 => "the server wants a login: use a public address, or one that git can log in to",
        403 => "the server knows who asks and refuses: check the rights of that login or key",
        404 => {
            "nothing is at that address: it may be revoked, expired or moved, private, or misspelt"
        }
        410 => "what was at that address was taken away for good: look for a new one",
        407 => "the proxy wants a login: check the proxy settings",
        408 | 504 => "the server gave up waiting: try again later",
        429 => "too many requests: wait a few minutes, then try again",
        500.. => "the server has a problem of its own: try again later",
        _ => "open the address in a browser to see more",
    }
}

/// Returns what to do when no answer came, by what the system or the encryption says of it.
pub fn about_connection(cause: &str) -> &'static str {
    let cause = cause.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if says(&["lookup", "dns", "name or service", "nodename", "resolve"]) {
        "the name of the server is not known: check its spelling, and the name server of this machine"
    } else if says(&["certificate", "tls", "handshake", "fatal alert", "corrupt message"]) {
        "the encryption does not hold: check the clock and the root certificates of this machine, and \
         whether a proxy stands between"
    } else if says(&["refused"]) {
        "nothing listens at that address: check the port, and whether the server runs"
    } else if says(&["unreachable", "no route"]) {
        "there is no way to that server: check the connection of this machine"
    } else if says(&["reset", "closed", "eof", "incomplete"]) {
        "the connection broke off: try again"
    } else {
        "check the connection and the proxy settings, then try again"
    }
}

/// What to do when the time was up.
pub const TOO_SLOW: &str =
    "the server was too slow: try again, or give it longer with `ZSKILLS_GIT_TIMEOUT_SECS`";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_way_to_fail_has_words_of_its_own() {
        let check = |hint: &str, word: &str| assert!(hint.contains(word), "{hint}");
        check(about_status(401), "wants a login");
        check(about_status(403), "refuses");
        check(about_status(404), "misspelt");
        check(about_status(429), "too many");
        check(about_status(503), "of its own");
        check(
            about_connection("failed to lookup address information: Name or service not known"),
            "name server",
        );
        check(about_connection("invalid peer certificate: UnknownIssuer"), "root certificates");
        check(
            about_connection("received corrupt message of type InvalidContentType"),
            "encryption",
        );
        check(about_connection("Connection refused (os error 111)"), "port");
        check(about_connection("Network is unreachable (os error 101)"), "no way");
        check(about_connection("Connection reset by peer (os error 104)"), "broke off");
        let all = [401, 403, 404, 410, 429, 500].map(about_status);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
