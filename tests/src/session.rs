//! A kernel and its frontend.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use crate::frontend::{CELL, Exchange, Frontend};
use crate::kernel::{Kernel, Start};
use crate::message::Channel;
use crate::transcript::Transcript;

/// A running kernel with a connected frontend; ends both when dropped, the frontend first.
pub struct Session {
    pub frontend: Frontend,
    pub kernel: Kernel,
}

impl Deref for Session {
    type Target = Frontend;

    fn deref(&self) -> &Frontend {
        &self.frontend
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Frontend {
        &mut self.frontend
    }
}

/// A cell with the options of its request; `Cell::from(code)` has those of a notebook that is executed.
#[derive(Debug, Clone)]
pub struct Cell {
    pub code: String,
    pub silent: bool,
    pub store_history: bool,
    pub user_expressions: Value,
    pub allow_stdin: bool,
    pub stop_on_error: bool,
}

impl From<&str> for Cell {
    fn from(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            silent: false,
            store_history: true,
            user_expressions: json!({}),
            allow_stdin: false,
            stop_on_error: true,
        }
    }
}

impl From<String> for Cell {
    fn from(code: String) -> Self {
        Self::from(code.as_str())
    }
}

impl Cell {
    fn request(&self) -> Value {
        json!({
            "code": self.code, "silent": self.silent, "store_history": self.store_history,
            "user_expressions": self.user_expressions, "allow_stdin": self.allow_stdin, "stop_on_error": self.stop_on_error
        })
    }
}

impl Session {
    /// Starts a kernel over tcp.
    #[track_caller]
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&Start::default())
    }

    /// Starts a kernel.
    #[track_caller]
    #[must_use]
    pub fn start_with(how: &Start) -> Self {
        let kernel = Kernel::start(how);
        Self { frontend: Frontend::connect(kernel.info()), kernel }
    }

    /// Runs a cell to its end.
    #[track_caller]
    pub fn run(&mut self, cell: impl Into<Cell>) -> Transcript {
        let cell = cell.into();
        let id = self.begin(cell.clone());
        self.end(&cell.code, &id)
    }

    /// Runs a cell that must succeed.
    #[track_caller]
    pub fn ok(&mut self, cell: impl Into<Cell>) -> Transcript {
        self.run(cell).ok()
    }

    /// Sends a cell; others can be done while it runs.
    #[track_caller]
    pub fn begin(&mut self, cell: impl Into<Cell>) -> String {
        let cell = cell.into();
        self.frontend.send(Channel::Shell, "execute_request", cell.request())
    }

    /// Waits for the end of a cell; outputs that were received before are not in the transcript.
    #[track_caller]
    pub fn end(&mut self, code: &str, id: &str) -> Transcript {
        let Exchange { reply, outputs } = self.frontend.finish(id, CELL);
        Transcript::new(code, reply.expect("a cell gets a reply").content, outputs)
    }

    /// Asks on the control channel for an interrupt.
    #[track_caller]
    pub fn interrupt(&mut self) {
        let reply = self.frontend.request(Channel::Control, "interrupt_request", json!({}));
        assert_eq!(reply.content()["status"], "ok");
    }

    /// Names offered at the end of `code`.
    #[track_caller]
    pub fn complete(&mut self, code: &str) -> Vec<String> {
        let exchange =
            self.frontend.request(Channel::Shell, "complete_request", json!({ "code": code, "cursor_pos": code.chars().count() }));
        let matches = exchange.content()["matches"].as_array().expect("checked by the schema");
        matches.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// What Shift-Tab shows at the end of `code`; `None` when nothing is found.
    #[track_caller]
    pub fn inspect(&mut self, code: &str) -> Option<String> {
        let exchange = self.frontend.request(
            Channel::Shell,
            "inspect_request",
            json!({ "code": code, "cursor_pos": code.chars().count(), "detail_level": 0 }),
        );
        let content = exchange.content();
        (content["found"] == true).then(|| content["data"]["text/plain"].as_str().unwrap_or_default().to_owned())
    }
}
