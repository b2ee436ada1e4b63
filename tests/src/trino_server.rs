//! A small HTTP server that answers as the documentation of Trino's client protocol says: for tests where no real server is at
//! hand. Each statement has a script of pages; `nextUri` leads from one to the next.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// What the server does for a statement, one step per request.
#[derive(Debug, Clone)]
pub enum Step {
    /// A page of the result; `nextUri` is added when more steps follow.
    Page(Value),
    /// The same, with a header.
    PageWith(Value, &'static str, &'static str),
    /// An HTTP status instead of an answer; the client asks again.
    Status(u16),
    /// Pages without rows until the query is deleted.
    Endless,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Vec<Step>>,
    queries: Vec<(Vec<Step>, usize)>,
    deleted: Vec<usize>,
    received: Vec<Received>,
}

/// The running server; it ends with the test program.
pub struct TrinoServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl TrinoServer {
    /// Listens on a free port of this machine.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, port, &state));
            }
        });
        Self { port, state }
    }

    /// Its address with this catalog and schema.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What a statement with exactly this text brings.
    pub fn script(&self, sql: &str, steps: Vec<Step>) {
        self.state.lock().expect("no panic").scripts.insert(sql.to_owned(), steps);
    }

    /// All requests so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().expect("no panic").received.clone()
    }
}

fn serve(stream: &TcpStream, port: u16, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let (status, header, body) = answer(&request, port, state);
        let text = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{header}Connection: keep-alive\r\n\r\n{text}",
            text.len()
        );
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body: String::from_utf8(body).ok()? })
}

/// Status, one more header, body.
fn answer(request: &Received, port: u16, state: &Mutex<State>) -> (u16, String, Value) {
    let mut state = state.lock().expect("no panic");
    state.received.push(request.clone());
    let base = format!("http://127.0.0.1:{port}/v1/statement/executing");
    let query = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/info") => {
            return (
                200,
                String::new(),
                json!({ "nodeVersion": { "version": "435" }, "environment": "test", "coordinator": true, "starting": false }),
            );
        }
        ("POST", "/v1/statement") => {
            let unknown =
                || vec![Step::Page(json!({ "error": { "message": format!("no script: {}", request.body), "errorName": "NO_SCRIPT" } }))];
            let steps = state.scripts.entry(request.body.clone()).or_insert_with(unknown);
            // The client posts the same statement again, and then gets what comes after.
            if let Some(Step::Status(status)) = steps.first() {
                let status = *status;
                steps.remove(0);
                return (status, String::new(), json!({}));
            }
            let steps = steps.clone();
            state.queries.push((steps, 0));
            state.queries.len() - 1
        }
        (_, path) => match path.strip_prefix("/v1/statement/executing/").and_then(|query| query.split('/').next()?.parse::<usize>().ok()) {
            Some(query) => query,
            None => return (404, String::new(), json!({})),
        },
    };
    if request.method == "DELETE" {
        state.deleted.push(query);
        return (204, String::new(), json!(null));
    }
    if state.deleted.contains(&query) {
        let error = json!({ "message": "Query was canceled", "errorName": "USER_CANCELED", "errorType": "USER_ERROR" });
        return (200, String::new(), json!({ "id": "q", "stats": { "state": "FAILED" }, "error": error }));
    }
    let (steps, at) = state.queries[query].clone();
    let more = at + 1 < steps.len();
    let next = format!("{base}/{query}/{at}");
    match steps.get(at) {
        Some(Step::Status(status)) => {
            state.queries[query].1 += 1;
            (*status, String::new(), json!({}))
        }
        Some(Step::Endless) => {
            drop(state);
            thread::sleep(Duration::from_millis(50));
            let stats = json!({ "state": "RUNNING", "totalSplits": 4, "completedSplits": 1, "elapsedTimeMillis": 50 });
            (200, String::new(), json!({ "id": "q", "nextUri": next, "stats": stats }))
        }
        Some(Step::Page(page) | Step::PageWith(page, _, _)) => {
            let mut page = page.clone();
            page["id"] = json!("q");
            if page["stats"].is_null() {
                page["stats"] = json!({ "state": "RUNNING" });
            }
            if more {
                page["nextUri"] = json!(next);
            }
            let header = match &steps[at] {
                Step::PageWith(_, name, value) => format!("{name}: {value}\r\n"),
                _ => String::new(),
            };
            state.queries[query].1 += 1;
            (200, header, page)
        }
        None => (404, String::new(), json!({})),
    }
}
