//! Spark's own Connect client, in a Python process that this worker starts and drives by JSON lines.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::driver;
use super::home::Home;
use crate::engine::{Job, failure};
use crate::process_group::die_with_this_thread;
use crate::spill::SpillDir;
use crate::sql_wire::{Column, Moved, Phases, SqlFailure, TableInfo, class};

/// How often cancels, and the server's end, are looked for while an answer is awaited.
const TICK: Duration = Duration::from_millis(25);
/// How long Spark may take to stop a query; the kernel gives this worker a second in all.
const STOP: Duration = Duration::from_millis(700);
/// How much of the client's standard error is kept.
const STDERR_BYTES: usize = 8 * 1024;

/// What the client says at the end of a request.
#[derive(Debug, Default, Deserialize)]
pub struct Answer {
    #[serde(default)]
    pub columns: Vec<Column>,
    #[serde(default)]
    pub row_count: u64,
    #[serde(default)]
    pub has_rows: bool,
    #[serde(default)]
    pub phases: Phases,
    #[serde(default)]
    pub loaded: Option<Moved>,
    #[serde(default)]
    pub fetched: Option<Moved>,
    #[serde(default)]
    pub plan_text: Option<String>,
    /// Of the server, for example `4.3.0`.
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub tables: Vec<Table>,
}

/// A table as the client lists it.
#[derive(Debug, Deserialize)]
pub struct Table {
    pub name: String,
    #[serde(default)]
    pub columns: Vec<Column>,
}

impl From<Table> for TableInfo {
    fn from(table: Table) -> TableInfo {
        TableInfo { engine: "spark".to_owned(), name: table.name, rows: None, columns: table.columns }
    }
}

/// A running client. Dropped, it is killed.
pub struct Client {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<Value>,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    folder: SpillDir,
    next_id: u64,
}

impl Client {
    /// Starts the client of the environment `home`; `secret` is the server's, when it has one.
    ///
    /// # Errors
    /// Class `Unavailable` when its Python does not start.
    pub fn start(home: &Home, secret: Option<&str>) -> Result<Client, SqlFailure> {
        let refuse = |error: std::io::Error| {
            let message = format!("Spark's client cannot be started: {}: {error}; `cargo lab spark` mends it", home.python.display());
            failure(class::UNAVAILABLE, message)
        };
        let folder = SpillDir::create().map_err(refuse)?;
        let program = driver::write(folder.path()).map_err(refuse)?;
        let mut command = Command::new(&home.python);
        command.arg("-B").arg(program).env("PYTHONNOUSERSITE", "1").env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        // A user's settings for other Sparks, above all an address, are not for this client; a token for a server of theirs is.
        command.env_remove("SPARK_REMOTE").env_remove("SPARK_HOME").env_remove("PYSPARK_SUBMIT_ARGS");
        if let Some(secret) = secret {
            command.env("SPARK_CONNECT_AUTHENTICATE_TOKEN", secret);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        die_with_this_thread(&mut command);
        let mut child = command.spawn().map_err(refuse)?;
        let (send, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read_lines(stdout, &send));
        }
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(pipe) = child.stderr.take() {
            let kept = Arc::clone(&stderr);
            thread::spawn(move || keep_end(pipe, &kept));
        }
        let Some(stdin) = child.stdin.take() else {
            return Err(failure(class::UNAVAILABLE, "Spark's client has no input"));
        };
        Ok(Client { child, stdin, lines, stderr, folder, next_id: 0 })
    }

    /// A private folder on disk, for files of one request.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends a request and waits for its answer. `lost` is asked whether the server still lives.
    ///
    /// # Errors
    /// The client's failure, the server's end, an interrupt or time limit. `Err((_, true))`: the client is of no more use.
    pub fn ask(
        &mut self,
        mut request: Value,
        job: &Job,
        on_progress: &dyn Fn(f64),
        lost: &mut dyn FnMut() -> Option<SqlFailure>,
    ) -> Result<Answer, (SqlFailure, bool)> {
        self.next_id += 1;
        let id = self.next_id;
        request["id"] = json!(id);
        if !self.send(&request) {
            return Err((self.last_words(), true));
        }
        let mut stopping: Option<(Instant, SqlFailure)> = None;
        loop {
            match self.lines.recv_timeout(TICK) {
                Ok(line) if line["event"] == "progress" => {
                    if let Some(fraction) = line["fraction"].as_f64() {
                        on_progress(fraction);
                    }
                }
                Ok(line) if line["id"] == id => return answer(line).map_err(|failure| (lost().unwrap_or(failure), false)),
                // An answer to a request given up earlier.
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err((lost().unwrap_or_else(|| self.last_words()), true)),
            }
            if let Some(ended) = lost() {
                return Err((ended, true));
            }
            match &stopping {
                None => {
                    if let Some(why) = job.stopped() {
                        if !self.send(&json!({ "op": "cancel" })) {
                            return Err((why, true));
                        }
                        stopping = Some((Instant::now(), why));
                    }
                }
                Some((since, why)) if since.elapsed() > STOP => return Err((why.clone(), true)),
                Some(_) => {}
            }
        }
    }

    fn send(&mut self, message: &Value) -> bool {
        writeln!(self.stdin, "{message}").and_then(|()| self.stdin.flush()).is_ok()
    }

    /// The failure of a client that has ended.
    fn last_words(&mut self) -> SqlFailure {
        // Its standard error is read by another thread, which needs a moment.
        thread::sleep(Duration::from_millis(50));
        let mut kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let words = String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned();
        let words = if words.is_empty() { String::new() } else { format!("\nIts last words:\n{words}") };
        failure(
            "Client Error",
            format!("Spark's client ended; run the query again. Temporary views made in SQL are gone, tables and files are kept{words}"),
        )
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(mut line: Value) -> Result<Answer, SqlFailure> {
    if line["event"] == "failed" {
        let offset = line["offset"].as_u64().and_then(|offset| usize::try_from(offset).ok());
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        return Err(SqlFailure { class: word("class"), message: word("message"), offset });
    }
    serde_json::from_value(line.take())
        .map_err(|error| failure("Client Error", format!("an answer of Spark's client was not understood: {error}")))
}

fn read_lines(pipe: impl Read, lines: &Sender<Value>) {
    for line in BufReader::new(pipe).lines() {
        let Ok(line) = line else { break };
        match serde_json::from_str(&line) {
            Ok(value) => {
                if lines.send(value).is_err() {
                    break;
                }
            }
            Err(error) => eprintln!("benchbook-engines: a line of Spark's client was not understood: {error}"),
        }
    }
}

fn keep_end(mut pipe: impl Read, kept: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&buffer[..count]);
        let excess = kept.len().saturating_sub(STDERR_BYTES);
        kept.drain(..excess);
    }
}
