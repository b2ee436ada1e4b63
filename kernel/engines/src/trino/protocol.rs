//! Trino's client protocol: a statement is posted, then `nextUri` is followed until there is none.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;
use ureq::http::HeaderMap;

use super::address::{Address, Login};
use super::base64;
use super::session::Session;
use crate::engine::{Watch, failure};
use crate::sql_wire::{SqlFailure, class};

/// A page is waited for by the server for about a second; a slow network adds to it.
const PAGE: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server that is overloaded or restarting is asked again.
const RETRY: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(75);
/// Cancelling must not keep the user.
const CANCEL: Duration = Duration::from_millis(500);

/// One answer of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Page {
    pub next_uri: Option<String>,
    pub columns: Option<Vec<PageColumn>>,
    pub data: Option<Vec<Vec<Value>>>,
    pub stats: Stats,
    pub error: Option<QueryError>,
    /// `CREATE TABLE`, `INSERT` …; none for queries.
    pub update_type: Option<String>,
    pub update_count: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PageColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stats {
    pub queued_time_millis: u64,
    pub elapsed_time_millis: u64,
    /// Only newer servers tell.
    pub analysis_time_millis: Option<u64>,
    pub planning_time_millis: Option<u64>,
    pub progress_percentage: Option<f64>,
    pub total_splits: u64,
    pub completed_splits: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryError {
    pub message: String,
    pub error_name: String,
    pub error_location: Option<Location>,
}

/// 1-based, in characters.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Location {
    pub line_number: usize,
    pub column_number: usize,
}

/// What the watching thread sees of the running query.
#[derive(Default)]
pub struct Running {
    /// Where the rest of the result is; deleting it cancels the query.
    next: Mutex<Option<(Agent, String, Vec<(String, String)>)>>,
    stopped: AtomicBool,
    progress: AtomicU64,
}

impl Running {
    fn at(&self, next: Option<(Agent, String, Vec<(String, String)>)>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Before a new request.
    pub fn reset(&self) {
        self.stopped.store(false, Ordering::Release);
        self.progress.store(0, Ordering::Relaxed);
        self.at(None);
    }
}

impl Watch for Running {
    /// Deletes the rest of the result once; the server then ends the query.
    fn interrupt(&self) {
        self.stopped.store(true, Ordering::Release);
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((agent, url, headers)) = next {
            let mut request = agent.delete(&url);
            for (name, value) in &headers {
                request = request.header(name, value);
            }
            // The user is answered in any case; a server that did not hear it ends the query when nobody asks for its rows.
            let _ = request.config().timeout_global(Some(CANCEL)).build().call();
        }
    }

    fn progress(&self) -> Option<f64> {
        Some(f64::from_bits(self.progress.load(Ordering::Relaxed))).filter(|fraction| *fraction > 0.0)
    }
}

/// A server that can be asked.
#[derive(Clone)]
pub struct Server {
    agent: Agent,
    address: Address,
    login: Login,
}

impl Server {
    pub fn new(address: Address, login: Login) -> Server {
        let mut config = Agent::config_builder().http_status_as_error(false).timeout_connect(Some(CONNECT)).timeout_global(Some(PAGE));
        if address.local {
            config = config.proxy(None);
        }
        Server { agent: config.build().new_agent(), address, login }
    }

    /// The server's version, for example `435`; fails when it is not there or still starting.
    pub fn version(&self) -> Result<String, SqlFailure> {
        let call = self.agent.get(format!("{}/v1/info", self.address.origin)).config().timeout_global(Some(CONNECT)).build().call();
        let mut answer = call.map_err(|error| self.unreachable(&error))?;
        if !answer.status().is_success() {
            return Err(self.refused(answer.status().as_u16(), &answer.body_mut().read_to_string().unwrap_or_default()));
        }
        let info: Value = answer.body_mut().read_json().map_err(|error| self.unreachable(&error))?;
        if info["starting"] == true {
            return Err(failure(
                class::UNAVAILABLE,
                format!("the Trino server at {} is still starting; try again soon", self.address.origin),
            ));
        }
        Ok(info["nodeVersion"]["version"].as_str().unwrap_or_default().to_owned())
    }

    /// Runs one statement; `on_page` gets each page. Returns the last statistics.
    pub fn run(
        &self,
        sql: &str,
        session: &mut Session,
        running: &Running,
        on_page: &mut dyn FnMut(&mut Page) -> Result<(), SqlFailure>,
    ) -> Result<Page, Failed> {
        let mut url = format!("{}/v1/statement", self.address.origin);
        let mut body = Some(sql);
        loop {
            if running.is_stopped() {
                return Err(Failed::Other(crate::engine::interrupted()));
            }
            let (mut page, headers) = self.page(&url, body.take(), session, running).map_err(Failed::Other)?;
            session.learn(&headers);
            let stats = &page.stats;
            let fraction = stats.progress_percentage.map(|percent| percent / 100.0);
            let fraction = fraction.or_else(|| (stats.total_splits > 0).then(|| stats.completed_splits as f64 / stats.total_splits as f64));
            running.progress.store(fraction.unwrap_or(0.0).to_bits(), Ordering::Relaxed);
            if let Some(error) = page.error.take() {
                running.at(None);
                return Err(Failed::Query(error));
            }
            let next = page.next_uri.take();
            if let Some(next) = &next {
                if !self.address.owns(next) {
                    let message = format!("the Trino server sends its client to another place ({next}), which is not followed");
                    return Err(Failed::Other(failure(class::UNAVAILABLE, message)));
                }
                running.at(Some((self.agent.clone(), next.clone(), self.headers())));
            }
            on_page(&mut page).map_err(|failure| {
                running.interrupt();
                Failed::Other(failure)
            })?;
            match next {
                Some(next) => url = next,
                None => {
                    running.at(None);
                    return Ok(page);
                }
            }
        }
    }

    /// One exchange; 502, 503 and 504 are tried again, 429 after the time that the server names.
    fn page(&self, url: &str, body: Option<&str>, session: &Session, running: &Running) -> Result<(Page, HeaderMap), SqlFailure> {
        let since = Instant::now();
        loop {
            let answer = match body {
                Some(sql) => {
                    let mut request = self.agent.post(url);
                    for (name, value) in self.headers().into_iter().chain(session.headers()) {
                        request = request.header(name, value);
                    }
                    request.send(sql)
                }
                None => {
                    let mut request = self.agent.get(url);
                    for (name, value) in self.headers() {
                        request = request.header(name, value);
                    }
                    request.call()
                }
            };
            let mut answer = answer.map_err(|error| self.unreachable(&error))?;
            let status = answer.status().as_u16();
            match status {
                200 => {
                    let headers = answer.headers().clone();
                    // Pages have no size that is known before; ureq's own limit would cut large results.
                    let page = answer.body_mut().with_config().limit(u64::MAX).read_json().map_err(|error| self.unreachable(&error))?;
                    return Ok((page, headers));
                }
                429 | 502 | 503 | 504 if since.elapsed() < RETRY && !running.is_stopped() => {
                    let named = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                    let pause = named.map_or(PAUSE, Duration::from_secs);
                    let end = Instant::now() + pause.min(RETRY.saturating_sub(since.elapsed()));
                    while Instant::now() < end && !running.is_stopped() {
                        thread::sleep(PAUSE.min(end.saturating_duration_since(Instant::now())));
                    }
                }
                _ => return Err(self.refused(status, &answer.body_mut().read_to_string().unwrap_or_default())),
            }
        }
    }

    /// Who asks, on every request.
    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![
            ("X-Trino-User".to_owned(), self.login.user.clone()),
            ("X-Trino-Source".to_owned(), "benchbook".to_owned()),
            // Without it the server rounds times to milliseconds.
            ("X-Trino-Client-Capabilities".to_owned(), "PARAMETRIC_DATETIME".to_owned()),
            ("X-Trino-Time-Zone".to_owned(), "UTC".to_owned()),
        ];
        if let Some(password) = &self.login.password {
            let login = base64::encode(format!("{}:{password}", self.login.user).as_bytes());
            headers.push(("Authorization".to_owned(), format!("Basic {login}")));
        }
        headers
    }

    fn unreachable(&self, error: &ureq::Error) -> SqlFailure {
        let hint = "is it running, and is the address right? It stands after `--connect` or in TRINO_URL";
        failure(class::UNAVAILABLE, format!("the Trino server at {} does not answer: {error}; {hint}", self.address.origin))
    }

    fn refused(&self, status: u16, body: &str) -> SqlFailure {
        let said: String = body.trim().chars().take(300).collect();
        let origin = &self.address.origin;
        let message = match status {
            401 | 403 => format!(
                "the Trino server at {origin} refuses the user `{}` ({status}): set TRINO_USER and TRINO_PASSWORD, then restart the kernel",
                self.login.user
            ),
            404 => format!("there is no Trino server at {origin} (404)"),
            429 | 502..=504 => format!("the Trino server at {origin} is overloaded or restarting ({status}, for {} s)", RETRY.as_secs()),
            _ => format!("the Trino server at {origin} answered with status {status}: {said}"),
        };
        failure(class::UNAVAILABLE, message)
    }
}

/// Why a statement failed.
pub enum Failed {
    /// The server's own error.
    Query(QueryError),
    Other(SqlFailure),
}
