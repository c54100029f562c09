//! Downloads with limits.

#![expect(clippy::disallowed_types, reason = "servers are asked from here")]

mod words;

use std::io::{self, Read as _};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{StatusCode, Url};

use crate::machine::git::redact;
use crate::model::Address;

/// How much and how long a download may be, and where plain http is good enough.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: u64,
    pub timeout: Duration,
    pub plain: Plain,
}

/// Where plain http may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Only to this machine.
    Loopback,
    Anywhere,
}

/// Returns the body of a web address.
///
/// Follows up to five redirects, none of them from https to http.
pub fn get(url: &str, limits: Limits) -> Result<Vec<u8>, HttpError> {
    ask(url, None, limits)
}

/// Does the same with a key for the server, which no other server gets to see.
pub fn get_with_key(url: &str, key: &str, limits: Limits) -> Result<Vec<u8>, HttpError> {
    ask(url, Some(key), limits)
}

fn ask(url: &str, key: Option<&str>, limits: Limits) -> Result<Vec<u8>, HttpError> {
    let failed = |kind| HttpError { url: redact(url), kind };
    // What people and programs could read differently is opened by nobody.
    Address::parse(url).map_err(|_| failed(HttpFailure::Address))?;
    let address = Url::parse(url).map_err(|_| failed(HttpFailure::Address))?;
    if !may_open(&address, limits.plain) {
        return Err(failed(HttpFailure::Address));
    }
    let client = CLIENT.as_ref().map_err(|e| failed(HttpFailure::Client(e.clone())))?;
    let mut request = client.get(address).timeout(limits.timeout);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let response = request.send().map_err(|error| failed(failure(&error, limits)))?;
    match response.status() {
        status if status.is_success() => {}
        status if status.is_redirection() => return Err(failed(HttpFailure::Redirect)),
        status => return Err(failed(HttpFailure::Status(status.as_u16()))),
    }
    if response.content_length().is_some_and(|length| length > limits.bytes) {
        return Err(failed(HttpFailure::TooLarge(limits.bytes)));
    }
    let mut body = Vec::new();
    match response.take(limits.bytes.saturating_add(1)).read_to_end(&mut body) {
        Ok(_) if body.len() as u64 > limits.bytes => {
            Err(failed(HttpFailure::TooLarge(limits.bytes)))
        }
        Ok(_) => Ok(body),
        Err(error) if is_timeout(&error) => Err(failed(HttpFailure::Timeout(limits.timeout))),
        Err(error) => Err(failed(HttpFailure::Network(chain(&error)))),
    }
}

/// Tells whether an address is https, or plain http to this machine.
pub fn is_encrypted_or_loopback(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| may_open(&url, Plain::Loopback))
}

/// A failed download. Nothing in it holds a password or a token.
#[derive(Debug, thiserror::Error)]
#[error("cannot download `{url}`: {kind}")]
pub struct HttpError {
    pub url: String,
    pub kind: HttpFailure,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    #[error("not an https address")]
    Address,
    #[error("the server answered {}", named(*.0))]
    Status(u16),
    #[error("more than {0} bytes")]
    TooLarge(u64),
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("a redirect too many, or to an address that may not be opened")]
    Redirect,
    #[error("{0}")]
    Network(String),
    #[error("https cannot be used on this machine: {0}")]
    Client(String),
}

impl HttpError {
    /// Tells an address that has nothing from one that could not be asked.
    pub fn is_absent(&self) -> bool {
        matches!(self.kind, HttpFailure::Status(404 | 410))
    }

    /// Tells whether the server wants a login, or another one.
    pub fn is_login(&self) -> bool {
        matches!(self.kind, HttpFailure::Status(401 | 403))
    }

    /// Says what the user can do.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            HttpFailure::Address | HttpFailure::Redirect => "use an https address",
            HttpFailure::Status(status) => words::about_status(status),
            HttpFailure::TooLarge(_) => "this is more than such a file can be; check the address",
            HttpFailure::Timeout(_) => words::TOO_SLOW,
            HttpFailure::Network(ref cause) => words::about_connection(cause),
            HttpFailure::Client(_) => "check the root certificates of this machine",
        }
    }
}

/// Made at the first download: reading the root certificates takes tens of milliseconds.
static CLIENT: LazyLock<Result<Client, String>> = LazyLock::new(|| {
    // An error says that there is a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("zskills/", env!("CARGO_PKG_VERSION")))
        // Addresses can hold tokens, and are nobody's business but their server's.
        .referer(false)
        .connect_timeout(Duration::from_secs(20))
        .redirect(Policy::custom(follow))
        .build()
        .map_err(|error| chain(&error))
});

fn follow(attempt: Attempt) -> reqwest::redirect::Action {
    let previous = attempt.previous();
    let plain = match previous.first() {
        // Whoever opened plain http to somewhere else was allowed to.
        Some(first) if first.scheme() == "http" && !is_loopback(first) => Plain::Anywhere,
        _ => Plain::Loopback,
    };
    let was_https = previous.last().is_some_and(|url| url.scheme() == "https");
    let weaker = was_https && attempt.url().scheme() != "https";
    if previous.len() > 5 || weaker || !may_open(attempt.url(), plain) {
        return attempt.stop();
    }
    attempt.follow()
}

fn may_open(url: &Url, plain: Plain) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => plain == Plain::Anywhere || is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn failure(error: &reqwest::Error, limits: Limits) -> HttpFailure {
    if error.is_timeout() {
        HttpFailure::Timeout(limits.timeout)
    } else if error.is_redirect() {
        HttpFailure::Redirect
    } else {
        HttpFailure::Network(chain(error))
    }
}

fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
    error.kind() == io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout)
}

/// Returns the innermost cause, which says what happened and not where.
fn chain(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    redact(&cause.to_string())
}

fn named(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::disallowed_methods, reason = "a server is what is asked")]

    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    const LIMITS: Limits =
        Limits { bytes: 100, timeout: Duration::from_secs(5), plain: Plain::Loopback };

    /// Answers every request on a port of this machine with the same bytes; returns its address.
    pub(crate) fn serve(answer: impl Into<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = answer.into();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&answer);
            }
        });
        format!("http://127.0.0.1:{port}/x")
    }

    pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
        [head.as_bytes(), b"Connection: close\r\n\r\n", body].concat()
    }

    #[test]
    fn a_body_within_the_limits_is_returned() {
        assert_eq!(get(&serve(ok(b"hello")), LIMITS).unwrap(), b"hello");
    }

    #[test]
    fn what_fails_says_why_and_what_to_do() {
        let check = |url: &str, expected: HttpFailure| {
            let error = get(url, LIMITS).unwrap_err();
            assert_eq!(error.kind, expected, "{url}");
            assert!(!error.hint().is_empty());
        };
        let status = |line: &str| {
            serve(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
        };
        check(&status("404 x"), HttpFailure::Status(404));
        check(&status("401 x"), HttpFailure::Status(401));
        check(&status("503 x"), HttpFailure::Status(503));
        check(&status("302 x\r\nLocation: http://192.0.2.1/"), HttpFailure::Redirect);
        check(&status("302 x\r\nLocation: file:///etc/passwd"), HttpFailure::Redirect);
        check(&status("302 x\r\nLocation: /again"), HttpFailure::Redirect);
        check(&serve(ok(&[b'x'; 101])), HttpFailure::TooLarge(100));
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 101]].concat();
        check(&serve(endless), HttpFailure::TooLarge(100));
        for url in
            ["http://192.0.2.1/", "ftp://h/", "file:///etc/passwd", "x", "http://localhost.x/"]
        {
            check(url, HttpFailure::Address);
        }
    }

    #[test]
    fn a_truncated_body_is_an_error() {
        let url = serve("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
        assert!(matches!(get(&url, LIMITS).unwrap_err().kind, HttpFailure::Network(_)));
    }

    #[test]
    fn a_silent_server_ends_at_the_time_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let timeout = Duration::from_millis(200);
        let error = get(&url, Limits { timeout, ..LIMITS }).unwrap_err();
        assert_eq!(error.kind, HttpFailure::Timeout(timeout));
    }

    #[test]
    fn errors_hold_no_secrets() {
        let url = serve("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
        let url = url.replace("127.", "me:hunter2@127.") + "?token=secret";
        let error = get(&url, LIMITS).unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(!all.contains("hunter2") && !all.contains("secret"), "{all}");
        assert!(all.contains("404 Not Found"));
    }
}
