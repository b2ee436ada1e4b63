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
    /// Path of an Arrow IPC (file format) file.
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
    /// `duckdb` for now.
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
}

/// A table the engine knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    pub name: String,
    pub rows: Option<u64>,
    pub columns: Vec<Column>,
}

/// Worker to kernel. Every request gets exactly one `Done`, `Failed` or `TableList`, after any `Progress`.
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
}
