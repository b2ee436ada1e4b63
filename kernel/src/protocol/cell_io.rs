//! A running cell's way out: everything it shows goes to the IOPub task, with the cell's parent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use bytes::Bytes;
use jupyter_protocol::ClearOutput;
use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::Stream;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::engine::CellIo;

use super::interrupt::Cancel;
use super::iopub::Iopub;
use super::stdin::{Answer, Question, Stdin};
use super::wire::Parent;

/// A displayed bundle whose metadata has this key set to `true` is shown in the frontend's pager instead of below
/// the cell (a `page` payload of the reply).
pub const PAGER: &str = "benchbook_pager";

/// The output of one cell.
#[derive(Debug)]
pub struct Output {
    pub iopub: Iopub,
    pub parent: Parent,
    pub stdin: Stdin,
    /// The frontend that sent the cell; `None` when it does not allow input.
    pub asker: Option<Vec<Bytes>>,
    /// A silent cell broadcasts nothing.
    pub silent: bool,
    pub execution_count: usize,
    pub cancel: Arc<Cancel>,
    pub kept: Mutex<Kept>,
    /// Held by the one thread that asks.
    pub asking: Mutex<()>,
}

/// What the reply and the history need of the output.
#[derive(Debug, Default)]
pub struct Kept {
    /// Plain text of the last `execute_result`.
    pub result: Option<String>,
    /// Payloads of the reply.
    pub payloads: Vec<Value>,
}

#[derive(Serialize)]
struct Display<'a> {
    data: &'a Map<String, Value>,
    metadata: &'a Map<String, Value>,
    transient: Value,
}

#[derive(Serialize)]
struct ResultContent<'a> {
    execution_count: usize,
    data: &'a Map<String, Value>,
    metadata: &'a Map<String, Value>,
}

impl Output {
    /// What was kept, for reading or taking.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn output(&self, msg_type: &'static str, content: &impl Serialize) {
        if !self.silent {
            self.iopub.output(&self.parent, msg_type, content);
        }
    }
}

impl CellIo for Output {
    fn stream(&self, stream: Stream, text: &str) {
        if !self.silent {
            self.iopub.stream(&self.parent, stream, text);
        }
    }

    fn display(&self, bundle: &Bundle, display_id: Option<&str>) {
        if bundle.metadata.get(PAGER) == Some(&Value::Bool(true)) {
            self.kept().payloads.push(json!({ "source": "page", "data": bundle.data, "start": 0 }));
            return;
        }
        let transient = display_id.map_or_else(|| json!({}), |id| json!({ "display_id": id }));
        self.output("display_data", &Display { data: &bundle.data, metadata: &bundle.metadata, transient });
    }

    fn update_display(&self, bundle: &Bundle, display_id: &str) {
        let transient = json!({ "display_id": display_id });
        self.output("update_display_data", &Display { data: &bundle.data, metadata: &bundle.metadata, transient });
    }

    fn clear_output(&self, wait: bool) {
        self.output("clear_output", &ClearOutput { wait });
    }

    fn result(&self, bundle: &Bundle) {
        if let Some(Value::String(text)) = bundle.data.get("text/plain") {
            self.kept().result = Some(text.clone());
        }
        let content = ResultContent { execution_count: self.execution_count, data: &bundle.data, metadata: &bundle.metadata };
        self.output("execute_result", &content);
    }

    fn input(&self, prompt: &str, password: bool) -> Result<String, MagicError> {
        let Some(identities) = self.asker.clone() else {
            return Err(no_stdin("this frontend does not allow a cell to ask for input"));
        };
        let _one_at_a_time = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, received) = mpsc::channel();
        self.cancel.tell(answer.clone());
        if self.cancel.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        self.stdin.ask(Question { identities, parent: self.parent.clone(), prompt: prompt.to_owned(), password, answer });
        match received.recv() {
            Ok(Answer::Line(line)) => Ok(line),
            Ok(Answer::Interrupted) | Err(_) => Err(MagicError::interrupted()),
            Ok(Answer::Unreachable) => Err(no_stdin("the frontend has no stdin channel to ask on")),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

fn no_stdin(message: &str) -> MagicError {
    MagicError::new("StdinNotAllowed", message).hint("run the cell in a notebook or console, or write the value into the cell")
}
