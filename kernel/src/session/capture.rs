//! Receives what the Rust worker puts out while one piece of Rust runs.

use std::sync::Arc;

use crossbeam_channel::Sender;
use magics::bundle::Bundle;
use magics::host::{Event, Stream};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::engine::CellIo;

use super::status::Status;
use super::worker_link::{Sink, WorkerLink};

/// Where the outputs go.
#[derive(Clone)]
pub enum Target {
    /// To the cell, with its status line.
    Cell(Arc<dyn CellIo>, Status),
    /// Nowhere: silent evaluation. The last result is kept.
    Silent,
}

/// A panic or failing `?` as the worker reported it; `line` counts in the generated source.
#[derive(Debug, Clone)]
pub struct Failure {
    pub panicked: bool,
    pub message: String,
    pub file: Option<String>,
    pub line: Option<usize>,
}

/// One evaluation's outputs.
pub struct Capture {
    target: Target,
    link: std::sync::Weak<WorkerLink>,
    events: Option<Sender<Event>>,
    failure: Mutex<Option<Failure>>,
    result: Mutex<Option<Bundle>>,
}

impl Capture {
    pub fn new(target: Target, link: &Arc<WorkerLink>, events: Option<Sender<Event>>) -> Self {
        Self { target, link: Arc::downgrade(link), events, failure: Mutex::default(), result: Mutex::default() }
    }

    pub fn take_failure(&self) -> Option<Failure> {
        self.failure.lock().take()
    }

    /// Whether the person has interrupted the cell.
    pub fn is_cancelled(&self) -> bool {
        matches!(&self.target, Target::Cell(io, _) if io.is_cancelled())
    }

    pub fn take_result(&self) -> Option<Bundle> {
        self.result.lock().take()
    }

    fn bundle(frame: &Value) -> Bundle {
        Bundle {
            data: frame["data"].as_object().cloned().unwrap_or_default(),
            metadata: frame["metadata"].as_object().cloned().unwrap_or_default(),
        }
    }

    fn ask(&self, io: &Arc<dyn CellIo>, frame: &Value) {
        let (io, link) = (Arc::clone(io), self.link.clone());
        let prompt = frame["prompt"].as_str().unwrap_or_default().to_owned();
        let password = frame["password"].as_bool().unwrap_or(false);
        // The person may take minutes; the stream must not wait for them.
        let _ = std::thread::Builder::new().name("cell-input".into()).spawn(move || {
            let answer = match io.input(&prompt, password) {
                Ok(value) => json!({"value": value}),
                Err(error) => json!({"error": error.message}),
            };
            if let Some(link) = link.upgrade() {
                link.reply(&answer);
            }
        });
    }
}

impl Sink for Capture {
    fn text(&self, stream: Stream, text: &str) {
        if let Target::Cell(io, status) = &self.target {
            status.before_output();
            io.stream(stream, text);
        }
    }

    fn frame(&self, frame: Value) {
        let kind = frame["t"].as_str().unwrap_or_default();
        match (kind, &self.target) {
            ("begin", Target::Cell(_, status)) => status.doing("running"),
            ("panic" | "failed", _) => {
                *self.failure.lock() = Some(Failure {
                    panicked: kind == "panic",
                    message: frame["message"].as_str().unwrap_or_default().to_owned(),
                    file: frame["file"].as_str().map(str::to_owned),
                    line: frame["line"].as_u64().and_then(|line| usize::try_from(line).ok()),
                });
            }
            ("event", _) => {
                if let Some(events) = &self.events {
                    let _ = events.send(Event { kind: frame["kind"].as_str().unwrap_or_default().to_owned(), data: frame["data"].clone() });
                }
            }
            ("result", Target::Silent) => *self.result.lock() = Some(Self::bundle(&frame)),
            ("result", Target::Cell(io, status)) => {
                status.before_output();
                io.result(&Self::bundle(&frame));
            }
            ("display", Target::Cell(io, status)) => {
                status.before_output();
                io.display(&Self::bundle(&frame), frame["id"].as_str());
            }
            ("update", Target::Cell(io, _)) => io.update_display(&Self::bundle(&frame), frame["id"].as_str().unwrap_or_default()),
            ("clear", Target::Cell(io, status)) => {
                status.before_output();
                io.clear_output(frame["wait"].as_bool().unwrap_or(false));
            }
            ("input", Target::Cell(io, status)) => {
                // The prompt would not be read beside a running clock.
                status.before_output();
                self.ask(io, &frame);
            }
            ("input", Target::Silent) => {
                if let Some(link) = self.link.upgrade() {
                    link.reply(&json!({"error": "input is not available here"}));
                }
            }
            _ => {}
        }
    }
}
