//! Input history: what `history_request` searches, kept in a file of JSON lines across restarts.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jupyter_protocol::{HistoryEntry, HistoryRequest};
use serde_json::{Value, json};

use super::glob;
use super::history_file::HistoryFile;

/// One cell that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts kernel starts, from 1.
    pub session: usize,
    /// The cell's number within its session.
    pub line: usize,
    pub input: String,
    /// Plain text of its value, if it had one.
    pub output: Option<String>,
}

/// The history of this and earlier sessions.
#[derive(Debug)]
pub struct History(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Vec<Entry>,
    session: usize,
    file: Option<HistoryFile>,
}

impl History {
    /// Opens the history; without a file, or with one that cannot be used, it lasts as long as the process.
    #[must_use]
    pub fn open(path: Option<PathBuf>) -> Self {
        let mut inner = Inner { entries: Vec::new(), session: 1, file: None };
        if let Some(path) = path {
            match HistoryFile::open(&path) {
                Ok((file, entries, session)) => inner = Inner { entries, session, file: Some(file) },
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "the history file cannot be used: history is not kept");
                }
            }
        }
        Self(Mutex::new(inner))
    }

    /// Notes a cell about to run.
    pub fn input(&self, line: usize, input: &str) {
        let mut inner = self.lock();
        let session = inner.session;
        inner.entries.push(Entry { session, line, input: input.to_owned(), output: None });
        inner.write(&json!({ "session": session, "line": line, "input": input }));
    }

    /// Notes the value of a cell noted before.
    pub fn output(&self, line: usize, output: String) {
        let mut inner = self.lock();
        let session = inner.session;
        inner.write(&json!({ "session": session, "line": line, "output": output }));
        if let Some(entry) = inner.entries.iter_mut().rev().find(|entry| entry.session == session && entry.line == line) {
            entry.output = Some(output);
        }
    }

    /// Answers a request, oldest entry first.
    #[must_use]
    pub fn answer(&self, request: &HistoryRequest) -> Vec<HistoryEntry> {
        let inner = self.lock();
        select(&inner.entries, inner.session, request)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Writes a record; gives the file up at the first failure.
    fn write(&mut self, record: &Value) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.append(record)
        {
            tracing::warn!(%error, "history can no longer be written");
            self.file = None;
        }
    }
}

/// What absent keys of a `history_request` mean.
#[must_use]
pub fn defaults() -> Value {
    json!({
        "output": false, "raw": true, "hist_access_type": "tail", "n": i32::MAX, "pattern": "*", "unique": false,
        "session": 0, "start": 0, "stop": i32::MAX
    })
}

fn select(entries: &[Entry], current: usize, request: &HistoryRequest) -> Vec<HistoryEntry> {
    match request {
        HistoryRequest::Tail { n, output, .. } => show(last(entries.iter().collect(), *n), *output),
        HistoryRequest::Range { session, start, stop, output, .. } => {
            show(range(entries, current, session.unwrap_or_default(), *start, *stop), *output)
        }
        HistoryRequest::Search { pattern, unique, output, n, .. } => {
            let mut found: Vec<&Entry> = entries.iter().filter(|entry| glob::matches(pattern, &entry.input)).collect();
            if *unique {
                let mut seen = std::collections::HashSet::new();
                found.reverse();
                found.retain(|entry| seen.insert(&entry.input));
                found.reverse();
            }
            show(last(found, *n), *output)
        }
    }
}

/// `start..stop` of a session: 0 is the current one, -1 the one before. Negative lines count from its end.
fn range(entries: &[Entry], current: usize, session: i32, start: i32, stop: i32) -> Vec<&Entry> {
    let wanted = if session > 0 { i64::from(session) } else { i64::try_from(current).unwrap_or(i64::MAX) + i64::from(session) };
    let of_session = |entry: &&Entry| i64::try_from(entry.session) == Ok(wanted);
    let end = entries.iter().filter(of_session).map(|entry| entry.line).max().map_or(0, |line| line + 1);
    let absolute = |line: i32| {
        let distance = usize::try_from(line.unsigned_abs()).unwrap_or(usize::MAX);
        if line < 0 { end.saturating_sub(distance) } else { distance }
    };
    let lines = absolute(start)..absolute(stop);
    entries.iter().filter(of_session).filter(|entry| lines.contains(&entry.line)).collect()
}

fn last(mut entries: Vec<&Entry>, n: i32) -> Vec<&Entry> {
    let n = usize::try_from(n).unwrap_or(0);
    entries.split_off(entries.len().saturating_sub(n))
}

fn show(entries: Vec<&Entry>, output: bool) -> Vec<HistoryEntry> {
    let entry = |entry: &Entry| {
        let Entry { session, line, input, output: value } = entry.clone();
        if output {
            HistoryEntry::InputOutput(session, line, (input, value.unwrap_or_default()))
        } else {
            HistoryEntry::Input(session, line, input)
        }
    };
    entries.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |session, line, input: &str| Entry { session, line, input: input.into(), output: Some(format!("={input}")) };
        vec![entry(1, 1, "a"), entry(1, 2, "b"), entry(2, 1, "a"), entry(2, 2, "let c"), entry(2, 3, "d")]
    }

    /// The answer as compact text, such as `2/1:a`.
    fn ask(request: Value) -> String {
        let mut request = request;
        for (key, value) in defaults().as_object().unwrap() {
            request.as_object_mut().unwrap().entry(key.clone()).or_insert(value.clone());
        }
        let request: HistoryRequest = serde_json::from_value(request).unwrap();
        let shown: Vec<String> = select(&entries(), 2, &request)
            .into_iter()
            .map(|entry| match entry {
                HistoryEntry::Input(session, line, input) => format!("{session}/{line}:{input}"),
                HistoryEntry::InputOutput(session, line, (input, output)) => {
                    format!("{session}/{line}:{input}{output}")
                }
            })
            .collect();
        shown.join(" ")
    }

    #[test]
    fn tail() {
        assert_eq!(ask(json!({"hist_access_type": "tail", "n": 2})), "2/2:let c 2/3:d");
        assert_eq!(ask(json!({"hist_access_type": "tail", "n": 1, "output": true})), "2/3:d=d");
        assert_eq!(ask(json!({"hist_access_type": "tail"})), "1/1:a 1/2:b 2/1:a 2/2:let c 2/3:d");
        assert_eq!(ask(json!({"hist_access_type": "tail", "n": -3})), "");
    }

    #[test]
    fn ranges() {
        let range = |session: i32, start: i32, stop: i32| {
            ask(json!({"hist_access_type": "range", "session": session, "start": start, "stop": stop}))
        };
        assert_eq!(ask(json!({"hist_access_type": "range"})), "2/1:a 2/2:let c 2/3:d");
        assert_eq!(range(0, 1, 3), "2/1:a 2/2:let c");
        assert_eq!(range(-1, 2, i32::MAX), "1/2:b");
        assert_eq!(range(1, 0, 2), "1/1:a");
        assert_eq!(range(0, -1, i32::MAX), "2/3:d");
        assert_eq!(range(0, 0, -1), "2/1:a 2/2:let c");
        assert_eq!(range(9, 0, 9), "");
        assert_eq!(range(i32::MIN, i32::MIN, i32::MIN), "");
    }

    #[test]
    fn searches() {
        let search = |pattern: &str, unique: bool| ask(json!({"hist_access_type": "search", "pattern": pattern, "unique": unique}));
        assert_eq!(search("a", false), "1/1:a 2/1:a");
        assert_eq!(search("a", true), "2/1:a");
        assert_eq!(search("let *", false), "2/2:let c");
        assert_eq!(ask(json!({"hist_access_type": "search", "pattern": "?", "n": 2})), "2/1:a 2/3:d");
    }
}
