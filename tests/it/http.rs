//! A small web server on the loopback: git over smart HTTP, files, and trouble on demand.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::{fs, thread};

/// What the server does with the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Answers with this status: 401, 404, 429, 500.
    Status(u16),
    /// Wants this in the `Authorization` of every request.
    Login(&'static str),
    /// Takes the request and never answers.
    Hang,
    /// Promises the whole answer and closes the connection halfway.
    Truncated,
}

/// Serves a folder until it is dropped; a path with `.git/` in it goes to `git http-backend`.
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    root: PathBuf,
    mood: Mutex<Mood>,
    requests: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl HttpServer {
    pub fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            mood: Mutex::new(Mood::Well),
            requests: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let serving = Arc::clone(&serving);
                // A client that goes away in the middle is part of the game.
                thread::spawn(move || stream.and_then(|stream| serving.answer(&stream)));
            }
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Returns the address of a path, such as `acme/tools.git`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn set(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// Returns the request lines so far, such as `GET /x`.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
    }
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Shared {
    fn answer(&self, stream: &TcpStream) -> io::Result<()> {
        let request = read_request(&mut BufReader::new(stream))?;
        self.requests.lock().unwrap().push(format!("{} {}", request.method, request.path));
        let mood = *self.mood.lock().unwrap();
        let answer = match mood {
            Mood::Hang => {
                io::copy(&mut &*stream, &mut io::sink())?;
                return Ok(());
            }
            Mood::Status(status) => trouble(status),
            Mood::Login(wanted)
                if request.headers.get("authorization").is_none_or(|said| said != wanted) =>
            {
                trouble(401)
            }
            Mood::Well | Mood::Truncated | Mood::Login(_) if request.path.contains(".git/") => {
                self.git(&request)?
            }
            Mood::Well | Mood::Truncated | Mood::Login(_) => self.file(&request.path),
        };
        write_answer(stream, &request, &answer, mood == Mood::Truncated)
    }

    fn git(&self, request: &Request) -> io::Result<Answer> {
        let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
        let mut backend = Command::new("git")
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_GLOBAL", self.root.with_file_name("gitconfig"))
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
            .env("GIT_PROTOCOL", header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        backend.stdin.take().unwrap().write_all(&request.body)?;
        let output = backend.wait_with_output()?.stdout;
        let end = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(output.len());
        let body = output.get(end + 4..).unwrap_or_default().to_owned();
        let mut answer = Answer { status: 200, headers: Vec::new(), body };
        for line in String::from_utf8_lossy(&output[..end]).lines() {
            match line.split_once(": ") {
                Some(("Status", status)) => answer.status = status[..3].parse().unwrap(),
                Some((name, value)) => answer.headers.push((name.to_owned(), value.to_owned())),
                None => {}
            }
        }
        Ok(answer)
    }

    /// A file below the root; for a folder its `index.json`.
    fn file(&self, path: &str) -> Answer {
        let relative = Path::new(path.trim_start_matches('/'));
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return trouble(404);
        }
        let mut file = self.root.join(relative);
        if file.is_dir() {
            file.push("index.json");
        }
        let json = file.extension().is_some_and(|extension| extension == "json");
        let kind = if json { "application/json" } else { "application/octet-stream" };
        match fs::read(file) {
            Ok(body) => {
                let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
                Answer { status: 200, headers, body }
            }
            Err(_) => trouble(404),
        }
    }
}

fn trouble(status: u16) -> Answer {
    let headers = match status {
        401 => vec![("WWW-Authenticate".to_owned(), "Basic realm=\"git\"".to_owned())],
        429 => vec![("Retry-After".to_owned(), "1".to_owned())],
        _ => Vec::new(),
    };
    Answer { status, headers, body: b"trouble\n".to_vec() }
}

fn read_request(stream: &mut impl BufRead) -> io::Result<Request> {
    let first = read_line(stream)?;
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HashMap::new();
    loop {
        let line = read_line(stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let body = read_body(stream, &headers)?;
    Ok(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

fn read_body(stream: &mut impl BufRead, headers: &HashMap<String, String>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length").and_then(|text| text.parse().ok()) {
        stream.take(length).read_to_end(&mut body)?;
    } else if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let length = u64::from_str_radix(&read_line(stream)?, 16).unwrap_or(0);
            stream.by_ref().take(length).read_to_end(&mut body)?;
            read_line(stream)?;
            if length == 0 {
                break;
            }
        }
    }
    Ok(body)
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn write_answer(
    mut stream: &TcpStream,
    request: &Request,
    answer: &Answer,
    truncated: bool,
) -> io::Result<()> {
    let length = answer.body.len();
    let mut head = format!("HTTP/1.1 {} x\r\nContent-Length: {length}\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    let sent = if truncated { length / 2 } else { length };
    stream.write_all(&answer.body[..sent])
}
