//! The wire format between kernel and engine worker: one JSON object per line, each way.
//!
//! The engine worker (`kernel/engines`) includes this file too, so that both sides share one definition.
//! Tables never travel here: they are Arrow IPC files in the session directory, named by path.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A table to make visible under a name before the query runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableFile {
    pub name: String,
    /// Path of a file: Arrow IPC (`.arrow`, file format), `.parquet`, `.csv` or `.jsonl`.
    pub path: String,
}

/// What to say of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Run the query, return rows.
    #[default]
    No,
    /// `--explain`: the plan, without running.
    Explain,
    /// `--profile`: run, return the plan with times instead of rows.
    Analyze,
}

/// One statement list to run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SqlRequest {
    /// Name of the engine: `duckdb`, `sqlite`, `polars`, `spark`, `trino`.
    pub engine: String,
    /// SQL text with named parameters as `$name`.
    pub sql: String,
    /// Values of `$name` parameters: null, bool, number or string.
    #[serde(default)]
    pub params: serde_json::Map<String, Value>,
    /// Arrow files to show as tables of those names (replacing earlier ones of the same name).
    #[serde(default)]
    pub tables: Vec<TableFile>,
    #[serde(default)]
    pub plan: Plan,
    /// At most this many rows come back in `SqlReply::rows` (all rows are counted).
    #[serde(default)]
    pub limit: usize,
    /// Write the whole result here as an Arrow IPC file.
    #[serde(default)]
    pub out: Option<String>,
    /// Threads the engine may use; absent: all of this machine. One that cannot be told says in `SqlReply::threads` what it used.
    #[serde(default)]
    pub threads: Option<usize>,
    /// Seconds after which the query is given up with a failure of class `Timeout`.
    #[serde(default)]
    pub timeout_s: Option<f64>,
    /// A cold run: the engine opens a fresh connection and loads the tables again before it runs.
    #[serde(default)]
    pub cold: bool,
    /// Address of a server that runs already, for engines that are servers.
    #[serde(default)]
    pub connect: Option<String>,
    /// Tell how much memory the run needs at most (`SqlReply::peak_rss_bytes`); its times are not to be used then.
    #[serde(default)]
    pub memory: bool,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// The engine's own type name, for example `BIGINT` or `DECIMAL(12,2)`.
    pub type_name: String,
}

/// Seconds spent per phase; a phase that does not apply is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Phases {
    /// Connecting, or opening a database; absent when it was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<f64>,
    /// Making the tables visible; near zero where they are mapped, a copy where the engine has a store of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<f64>,
}

/// What came back from a successful request: the result of the last statement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SqlReply {
    pub columns: Vec<Column>,
    /// The first `limit` rows as display text; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows in the whole result.
    pub row_count: u64,
    /// Whether the statement returns rows at all (a `CREATE TABLE` does not).
    pub has_rows: bool,
    pub phases: Phases,
    /// Plan text (`Plan::Explain`, `Plan::Analyze`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_text: Option<String>,
    /// Threads the engine used at most.
    #[serde(default)]
    pub threads: usize,
    /// Engine name and version, for example `DuckDB v1.5.6`.
    #[serde(default)]
    pub engine_version: String,
    /// Rows and bytes copied into the engine's own store while loading; absent when the tables were mapped or there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<Moved>,
    /// Rows and bytes that came back, as Arrow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Moved>,
    /// Bytes by which the engine's process grew at most; absent when nobody asked, and for engines that are servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_rss_bytes: Option<u64>,
    /// What the reader should know of this engine's answer, one sentence each, for example that it stores decimals as floats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Data that crossed a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moved {
    pub rows: u64,
    pub bytes: u64,
}

/// Classes of failures that every engine uses in the same sense; all others are the engine's own.
pub mod class {
    /// Not installed, not started, not reachable; the message says how to get it.
    pub const UNAVAILABLE: &str = "Unavailable";
    /// Not done within `SqlRequest::timeout_s`.
    pub const TIMEOUT: &str = "Timeout";
    /// DuckDB's words for it, used for all.
    pub const OUT_OF_MEMORY: &str = "Out of Memory Error";
    /// The engine cannot do this, which is no mistake of the user's.
    pub const UNSUPPORTED: &str = "Not implemented Error";
    /// The user's interrupt.
    pub const INTERRUPTED: &str = "Interrupted";
}

/// Results to be compared with the first of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CompareRequest {
    /// Arrow IPC files as `SqlRequest::out` wrote them.
    pub files: Vec<String>,
    /// Whether the order of rows counts; otherwise rows are compared as multisets.
    pub ordered: bool,
    /// Relative tolerance of floats and decimals; integers, texts and times must be equal.
    pub tolerance: f64,
}

/// How one result stands to the first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparison {
    pub equal: bool,
    /// In a sentence, what differs first: number of rows, columns, a value.
    #[serde(default)]
    pub reason: String,
    /// The first differing row, when both have the same shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<DifferingRow>,
}

/// The first row that differs, side by side, as display text; `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DifferingRow {
    /// 0-based, in the order in which they were compared.
    pub index: u64,
    pub columns: Vec<String>,
    /// Values of the first result; absent when only the other has such a row.
    pub first: Option<Vec<Option<String>>>,
    pub other: Option<Vec<Option<String>>>,
}

/// What to do with an engine that is a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Start it, wait until it answers, warm it up.
    Start,
    Stop,
    #[default]
    Status,
}

/// A request to start, stop or look at an engine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EngineControl {
    pub engine: String,
    pub action: Action,
    /// The engine's own settings, for example `workers`, `memory`, `env`, `connect`.
    #[serde(default)]
    pub settings: serde_json::Map<String, Value>,
}

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EngineState {
    pub engine: String,
    /// Usable now.
    pub running: bool,
    /// Installed, so that it can be started.
    pub available: bool,
    /// Name and version; empty when not known.
    #[serde(default)]
    pub version: String,
    /// One sentence: address, workers, memory; or why it is not available and how to get it.
    #[serde(default)]
    pub detail: String,
    /// Seconds from start to the first answer, and of the warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmed_s: Option<f64>,
    /// Resident memory of all its processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SqlFailure {
    /// The engine's error class, for example `Parser Error`, `Catalog Error`, `Interrupted`.
    pub class: String,
    /// The engine's message, without its class and without its own caret lines.
    pub message: String,
    /// Byte offset into the request's `sql`, when the engine gives a position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

/// Kernel to worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ToEngine {
    Run {
        id: u64,
        request: SqlRequest,
    },
    /// Stop request `id` if it is still running; its answer is a `Failed` of class `Interrupted`.
    Cancel {
        id: u64,
    },
    /// Names and columns of all tables, for completion and `%tables`.
    Tables {
        id: u64,
    },
    /// Compares results.
    Compare {
        id: u64,
        request: CompareRequest,
    },
    /// Starts, stops or describes an engine; with an empty name: describes all.
    Control {
        id: u64,
        request: EngineControl,
    },
}

impl ToEngine {
    /// Which request this is, or is about.
    pub fn id(&self) -> u64 {
        match self {
            Self::Run { id, .. } | Self::Cancel { id } | Self::Tables { id } | Self::Compare { id, .. } | Self::Control { id, .. } => *id,
        }
    }
}

/// A table the engine knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    /// Name of the engine that knows it.
    #[serde(default)]
    pub engine: String,
    pub name: String,
    pub rows: Option<u64>,
    pub columns: Vec<Column>,
}

/// Worker to kernel. Every request gets exactly one of `Done`, `Failed`, `TableList`, `Compared` and `States`, after any `Progress` and
/// `Doing`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum FromEngine {
    /// Sent once, when the worker can take requests.
    Ready {
        version: String,
    },
    /// `fraction` in 0..=1, at most 10 times a second.
    Progress {
        id: u64,
        fraction: f64,
    },
    Done {
        id: u64,
        reply: SqlReply,
    },
    Failed {
        id: u64,
        failure: SqlFailure,
    },
    TableList {
        id: u64,
        tables: Vec<TableInfo>,
    },
    /// What a long request is doing now, in a few words.
    Doing {
        id: u64,
        what: String,
    },
    /// One for each file after the first.
    Compared {
        id: u64,
        comparisons: Vec<Comparison>,
    },
    States {
        id: u64,
        states: Vec<EngineState>,
    },
}

impl FromEngine {
    /// The request that this answers for good; none for news on the way.
    pub fn answers(&self) -> Option<u64> {
        match self {
            Self::Done { id, .. }
            | Self::Failed { id, .. }
            | Self::TableList { id, .. }
            | Self::Compared { id, .. }
            | Self::States { id, .. } => Some(*id),
            Self::Ready { .. } | Self::Progress { .. } | Self::Doing { .. } => None,
        }
    }
}
