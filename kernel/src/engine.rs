//! What the protocol layer asks of the language behind it.
//!
//! The protocol layer owns sockets, message identity, busy/idle and replies; an [`Engine`] owns the
//! language. `examples/echo.rs` is a whole kernel on this trait, for testing the protocol without a language.

use std::sync::Arc;

use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::Stream;

/// What `kernel_info_reply` says.
#[derive(Debug, Clone)]
pub struct EngineInfo {
    pub banner: String,
    /// Kernel implementation name and version.
    pub implementation: String,
    pub implementation_version: String,
    pub language_name: String,
    pub language_version: String,
    pub mimetype: String,
    pub file_extension: String,
    pub pygments_lexer: String,
    /// A CodeMirror mode name.
    pub codemirror_mode: String,
    /// Text and URL pairs.
    pub help_links: Vec<(String, String)>,
}

/// Where a running cell's output goes. Cheap to clone; usable from any thread; everything sent through it
/// leaves in order and before `idle`.
pub trait CellIo: Send + Sync {
    fn stream(&self, stream: Stream, text: &str);
    fn display(&self, bundle: &Bundle, display_id: Option<&str>);
    fn update_display(&self, bundle: &Bundle, display_id: &str);
    fn clear_output(&self, wait: bool);
    /// The value of the cell (`execute_result`).
    fn result(&self, bundle: &Bundle);
    /// Asks the frontend for a line (`input_request`); blocks.
    ///
    /// # Errors
    /// `StdinNotAllowed` when the request said `allow_stdin: false`; `Interrupted` on interrupt or shutdown.
    fn input(&self, prompt: &str, password: bool) -> Result<String, MagicError>;
    /// Whether the user has interrupted this cell.
    fn is_cancelled(&self) -> bool;
}

/// One cell to run.
#[derive(Clone)]
pub struct Cell {
    pub code: String,
    /// The number the cell is shown with (not advanced when silent).
    pub execution_count: usize,
    pub silent: bool,
    pub store_history: bool,
    pub io: Arc<dyn CellIo>,
}

/// A completion list; offsets are bytes into the code that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    pub matches: Vec<Completion>,
    pub start: usize,
    pub end: usize,
}

/// One completion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    /// `function`, `keyword`, `magic`, `struct` …, as in `_jupyter_types_experimental`.
    pub kind: String,
    pub signature: String,
}

/// Answer to `is_complete_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    Incomplete { indent: String },
    Invalid,
    Unknown,
}

/// Runs cells. Called on one thread, one cell at a time.
pub trait Engine: Send {
    /// Runs a cell; outputs go through `cell.io` while it runs. An `Err` becomes the one `error` message and
    /// the `error` reply. The protocol layer also catches a panic of this call.
    ///
    /// # Errors
    /// Whatever the cell failed with.
    fn execute(&mut self, cell: &Cell) -> Result<(), MagicError>;

    /// Evaluates one `user_expressions` entry after the cell, without showing anything.
    ///
    /// # Errors
    /// When the expression fails; the protocol layer reports it in its place.
    fn evaluate(&mut self, expression: &str) -> Result<Bundle, MagicError>;

    /// Called once before the process ends or restarts.
    fn shutdown(&mut self, restart: bool);
}

/// What can be asked at any time, also while a cell runs, from any thread.
pub trait Assist: Send + Sync {
    fn info(&self) -> EngineInfo;
    /// `position` is a byte offset into `code`.
    fn complete(&self, code: &str, position: usize) -> Completions;
    /// `None`: nothing known there. `detail` is the protocol's `detail_level`.
    fn inspect(&self, code: &str, position: usize, detail: u8) -> Option<Bundle>;
    fn is_complete(&self, code: &str) -> Completeness;
    /// The user interrupted: stop what runs now. `CellIo::is_cancelled` already says true.
    fn interrupt(&self);
}
