//! Runs the statements of one request and turns the last result into a reply.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::arrow_out::ResultFile;
use super::chunk_table::{ChunkTable, FROM, Shown};
use super::failure::parse;
use super::raw::{Chunk, Connection, Kind, LogicalType, QueryResult};
use super::{params, render, types};
use crate::engine::{Job, failure};
use crate::planned::PlannedText;
use crate::sql_wire::{Column, Moved, Phases, Plan, SqlFailure, SqlReply, SqlRequest};

/// One request being run.
pub struct Query<'a> {
    pub connection: &'a Connection,
    pub shown: &'a Shown,
    pub text: &'a PlannedText,
    pub request: &'a SqlRequest,
    pub job: &'a Job,
}

impl Query<'_> {
    /// Runs all statements in order. Times are summed over them; each result is complete in memory
    /// before its time ends, so that no work is left out.
    pub fn run(&self) -> Result<SqlReply, SqlFailure> {
        let statements = self.connection.extract(&self.text.sql).map_err(|error| self.fail(&error))?;
        let (mut plan, mut execute) = (0.0, 0.0);
        let mut last = None;
        for index in 0..statements.count() {
            self.job.check()?;
            // The result before is freed before the next statement is timed.
            drop(last.take());
            let start = Instant::now();
            let statement = statements.prepare(index).map_err(|error| self.fail(&error))?;
            params::bind(&statement, &self.request.params)?;
            plan += start.elapsed().as_secs_f64();
            let start = Instant::now();
            let result = statement.execute().map_err(|error| self.fail(&error))?;
            execute += start.elapsed().as_secs_f64();
            last = Some(result);
        }
        let Some(result) = last else {
            return Err(failure("Parser Error", "there is no SQL statement here"));
        };
        let mut reply = self.reply(result)?;
        reply.phases.plan = Some(plan);
        reply.phases.execute = Some(execute);
        Ok(reply)
    }

    fn reply(&self, mut result: QueryResult) -> Result<SqlReply, SqlFailure> {
        match (result.kind(), self.request.plan) {
            (Kind::Rows, Plan::No) => self.rows(result),
            (Kind::Rows, Plan::Explain | Plan::Analyze) => self.plan(result),
            (_, Plan::Explain | Plan::Analyze) => {
                Err(failure("Plan Error", "DuckDB has no plan for this statement; run it without --explain or --profile"))
            }
            (kind, Plan::No) => {
                if self.request.out.is_some() {
                    return Err(failure("Output Error", "the last statement returns no rows, so there is no table to store"));
                }
                let row_count = if kind == Kind::Changed { result.rows_changed() } else { 0 };
                Ok(SqlReply { row_count, ..SqlReply::default() })
            }
        }
    }

    /// A plan is a result of two text columns: the kind of plan, and its drawing.
    fn plan(&self, mut result: QueryResult) -> Result<SqlReply, SqlFailure> {
        let mut drawings = Vec::new();
        while let Some(chunk) = result.next_chunk().map_err(|error| self.fail(&error))? {
            drawings.extend((0..chunk.rows()).filter_map(|row| chunk.varchar(1, row)));
        }
        Ok(SqlReply { plan_text: Some(drawings.join("\n")), ..SqlReply::default() })
    }

    fn rows(&self, mut result: QueryResult) -> Result<SqlReply, SqlFailure> {
        let start = Instant::now();
        let columns = result.columns();
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let shown_columns = columns.iter().map(|(name, logical)| Column { name: name.clone(), type_name: types::name(logical) }).collect();
        let row_count = result.row_count();
        let (head, fetched) = match &self.request.out {
            Some(out) => {
                let (head, bytes) = self.store(result, &columns, &names, Path::new(out))?;
                (head, Some(Moved { rows: row_count, bytes }))
            }
            None => (self.head(&mut result)?, None),
        };
        let fetch = start.elapsed().as_secs_f64();
        let logical = columns.into_iter().map(|(_, logical)| logical).collect();
        let head = Arc::new(ChunkTable::new(logical, head));
        let rows = render::rows(self.connection, self.shown, &head, names.len(), self.request.limit).map_err(|error| self.fail(&error))?;
        Ok(SqlReply {
            columns: shown_columns,
            rows,
            row_count,
            has_rows: true,
            phases: Phases { fetch: Some(fetch), ..Phases::default() },
            fetched,
            ..SqlReply::default()
        })
    }

    /// The first chunks, enough for the rows to show.
    fn head(&self, result: &mut QueryResult) -> Result<Vec<Chunk>, SqlFailure> {
        let mut head = Vec::new();
        let mut rows = 0;
        while rows < self.request.limit
            && let Some(chunk) = result.next_chunk().map_err(|error| self.fail(&error))?
        {
            rows += chunk.rows();
            head.push(chunk);
        }
        Ok(head)
    }

    /// Writes all rows to `out`; returns the first chunks, and the file's bytes.
    fn store(
        &self,
        mut result: QueryResult,
        columns: &[(String, LogicalType)],
        names: &[String],
        out: &Path,
    ) -> Result<(Vec<Chunk>, u64), SqlFailure> {
        let casts: Vec<Option<String>> =
            columns.iter().enumerate().map(|(i, (_, logical))| types::readable_expression(logical, &format!("c{i}"))).collect();
        if casts.iter().all(Option::is_none) {
            return self.copy(&mut result, names, out, self.request.limit);
        }
        // Some column is of a type that Polars does not have: DuckDB casts it in a second query.
        let mut chunks = Vec::new();
        while let Some(chunk) = result.next_chunk().map_err(|error| self.fail(&error))? {
            self.job.check()?;
            chunks.push(chunk);
        }
        let logical = result.columns().into_iter().map(|(_, logical)| logical).collect();
        drop(result);
        let table = Arc::new(ChunkTable::new(logical, chunks));
        let casts: Vec<String> = casts.into_iter().enumerate().map(|(i, cast)| cast.unwrap_or_else(|| format!("c{i}"))).collect();
        let sql = format!("SELECT {} {FROM}", casts.join(", "));
        let (_, bytes) = self.shown.with(Arc::clone(&table), || {
            let statements = self.connection.extract(&sql).map_err(|error| self.fail(&error))?;
            let statement = statements.prepare(0).map_err(|error| self.fail(&error))?;
            let mut cast = statement.execute_streaming().map_err(|error| self.fail(&error))?;
            self.copy(&mut cast, names, out, 0)
        })?;
        Ok((Arc::into_inner(table).map(ChunkTable::into_chunks).unwrap_or_default(), bytes))
    }

    /// Writes all rows of `result` to `out`; returns the chunks with the first `keep` rows, and the file's bytes.
    fn copy(&self, result: &mut QueryResult, names: &[String], out: &Path, keep: usize) -> Result<(Vec<Chunk>, u64), SqlFailure> {
        let mut file = ResultFile::create(out, result, names)?;
        let mut head = Vec::new();
        let mut rows = 0;
        while let Some(chunk) = result.next_chunk().map_err(|error| self.fail(&error))? {
            self.job.check()?;
            file.push(&chunk)?;
            if rows < keep {
                rows += chunk.rows();
                head.push(chunk);
            }
        }
        Ok((head, file.finish()?))
    }

    fn fail(&self, message: &str) -> SqlFailure {
        self.job.stopped().unwrap_or_else(|| parse(message, self.text))
    }
}
