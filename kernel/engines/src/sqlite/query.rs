//! Runs the statements of one request and turns the last result into a reply.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::duckdb::arrow::array::{RecordBatch, RecordBatchOptions};
use ::duckdb::arrow::datatypes::{Field, Schema};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, Statement};

use super::column::ResultColumn;
use super::{explain, failure, params};
use crate::arrow_reply;
use crate::engine::{Job, failure as failed};
use crate::planned::PlannedText;
use crate::sql_wire::{Column, Phases, Plan, SqlFailure, SqlReply, SqlRequest};

/// The first rows are timed each; after them, one in [`SAMPLE`], since reading the clock takes as long as copying a value.
const TIMED: u32 = 1024;
const SAMPLE: u32 = 16;
/// A sample longer than this many of the first rows' mean was another process's turn.
const OUTLIER: u32 = 8;

/// What a statement that returns no rows did, or its rows.
enum Outcome {
    Changed(u64),
    Rows(Rows),
    Plan(String),
}

struct Rows {
    columns: Vec<Column>,
    schema: Arc<Schema>,
    batch: RecordBatch,
    notes: Vec<String>,
}

/// Runs all statements in order. Times are summed over them.
pub fn run(connection: &Connection, text: &PlannedText, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure> {
    let mut phases = Phases { plan: Some(0.0), execute: Some(0.0), ..Phases::default() };
    let mut last = None;
    let mut statements = Batch::new(connection, &text.sql);
    loop {
        job.check()?;
        let start = Instant::now();
        let Some(mut statement) = statements.next().map_err(|error| failure::about(text, error))? else { break };
        params::bind(&mut statement, &request.params)?;
        add(&mut phases.plan, start.elapsed());
        // The result before is freed before the next statement is timed.
        drop(last.take());
        last = Some(run_one(connection, &mut statement, request, &mut phases)?);
    }
    let reply = match last {
        None => return Err(failed("Parser Error", "there is no SQL statement here")),
        Some(Outcome::Plan(plan)) => SqlReply { plan_text: Some(plan), ..SqlReply::default() },
        Some(Outcome::Changed(_)) if request.plan != Plan::No => {
            return Err(failed("Plan Error", "SQLite has no plan for this statement; run it without --explain"));
        }
        Some(Outcome::Changed(_)) if request.out.is_some() => {
            return Err(failed("Output Error", "the last statement returns no rows, so there is no table to store"));
        }
        Some(Outcome::Changed(row_count)) => SqlReply { row_count, ..SqlReply::default() },
        Some(Outcome::Rows(rows)) => {
            let start = Instant::now();
            let reply = arrow_reply::reply(rows.columns, &rows.schema, &[rows.batch], request)?;
            add(&mut phases.fetch, start.elapsed());
            SqlReply { notes: rows.notes, ..reply }
        }
    };
    Ok(SqlReply { phases, ..reply })
}

fn add(phase: &mut Option<f64>, time: Duration) {
    *phase = Some(phase.unwrap_or(0.0) + time.as_secs_f64());
}

fn run_one(
    connection: &Connection,
    statement: &mut Statement<'_>,
    request: &SqlRequest,
    phases: &mut Phases,
) -> Result<Outcome, SqlFailure> {
    let start = Instant::now();
    if statement.column_count() == 0 {
        let before = connection.total_changes();
        statement.raw_execute().map_err(failure::plain)?;
        add(&mut phases.execute, start.elapsed());
        return Ok(Outcome::Changed(connection.total_changes().saturating_sub(before)));
    }
    // 1 is EXPLAIN, whose rows are shown as they are.
    if request.plan == Plan::Explain && statement.is_explain() == 2 {
        let plan = explain::tree(statement).map_err(failure::plain)?;
        add(&mut phases.plan, start.elapsed());
        return Ok(Outcome::Plan(plan));
    }
    let mut columns: Vec<ResultColumn> = statement.columns().map(|c| ResultColumn::new(c.name(), c.decl_type())).collect();
    let (count, copying) = copy(statement, &mut columns).map_err(failure::plain)?;
    add(&mut phases.execute, start.elapsed().saturating_sub(copying));
    let start = Instant::now();
    let rows = rows(columns, count)?;
    add(&mut phases.fetch, start.elapsed() + copying);
    Ok(Outcome::Rows(rows))
}

/// Steps through all rows and keeps their values; returns their number and the time that copying took.
fn copy(statement: &mut Statement<'_>, columns: &mut [ResultColumn]) -> rusqlite::Result<(usize, Duration)> {
    let mut rows = statement.raw_query();
    let (mut count, mut copying, mut longest) = (0_usize, Duration::ZERO, Duration::MAX);
    while let Some(row) = rows.next()? {
        let early = count < TIMED as usize;
        if count == TIMED as usize {
            longest = copying / TIMED * OUTLIER;
        }
        let start = (early || count.is_multiple_of(SAMPLE as usize)).then(Instant::now);
        for (index, column) in columns.iter_mut().enumerate() {
            column.push(row.get_ref(index)?);
        }
        if let Some(start) = start {
            copying += if early { start.elapsed() } else { start.elapsed().min(longest) * SAMPLE };
        }
        count += 1;
    }
    Ok((count, copying))
}

fn rows(columns: Vec<ResultColumn>, count: usize) -> Result<Rows, SqlFailure> {
    let mut notes = Vec::new();
    let (mut shown, mut fields, mut arrays) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        let done = column.finish();
        fields.push(Field::new(&done.column.name, done.array.data_type().clone(), true));
        shown.push(done.column);
        arrays.push(done.array);
        notes.extend(done.note);
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options);
    let batch = batch.map_err(|error| failed("Internal Error", error.to_string()))?;
    Ok(Rows { columns: shown, schema, batch, notes })
}
