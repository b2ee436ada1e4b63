//! The engine: a context of named frames, in which statements run in order.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engines::engine::{Engine, Job, Unwatched, Watch, failure as failed};
use engines::split::statements;
use engines::sql_wire::{Column, Phases, Plan, SqlFailure, SqlReply, SqlRequest, TableFile, TableInfo};
use lab::polars::prelude::{DataFrame, IntoLazy, LazyFrame};
use lab::polars::sql::SQLContext;
use sqlparser::ast::{CreateTable, ObjectName, Statement};

use crate::failure::{parse_failure, polars_failure};
use crate::files::Files;
use crate::{literals, result};

/// The engine `polars`, inside its own process.
///
/// Phases: `plan` is from the text to the optimised logical plan. Polars optimises anew when it runs a plan, so `execute` is the
/// time to collect less the time that optimising took. `fetch` is the time to write the result as Arrow and as text.
#[derive(Default)]
pub struct PolarsSql {
    context: SQLContext,
    files: Files,
    /// Names of tables made in SQL, which win over files of the same name.
    made: HashSet<String>,
}

/// What the last statement gave.
enum Outcome {
    Frame(DataFrame),
    Plan(String),
    Nothing,
}

/// Times of all statements.
#[derive(Default)]
struct Times {
    plan: Duration,
    execute: Duration,
}

impl Engine for PolarsSql {
    fn name(&self) -> &'static str {
        "polars"
    }

    fn version(&self) -> String {
        format!("Polars v{}", lab::polars::VERSION)
    }

    fn run(&mut self, request: &SqlRequest, _job: &Job) -> Result<SqlReply, SqlFailure> {
        let start = Instant::now();
        if request.cold {
            self.files.forget(&request.tables);
        }
        self.show(&request.tables)?;
        let load = (!request.tables.is_empty()).then(|| start.elapsed().as_secs_f64());
        let mut times = Times::default();
        let mut last = None;
        let starts = statements(&request.sql);
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(request.sql.len());
            let plan = if index + 1 == starts.len() { request.plan } else { Plan::No };
            // The result before is freed before the next statement is timed.
            drop(last.take());
            let text = request.sql[*start..end].trim_end().trim_end_matches(';');
            let outcome = self.statement(text, plan, request, &mut times);
            last = Some(outcome.map_err(|failure| SqlFailure { offset: failure.offset.map(|at| start + at), ..failure })?);
        }
        let Some(last) = last else { return Err(failed("Parser Error", "there is no SQL statement here")) };
        let start = Instant::now();
        let reply = match last {
            Outcome::Plan(plan) => SqlReply { plan_text: Some(plan), ..SqlReply::default() },
            Outcome::Nothing if request.out.is_some() => {
                return Err(failed("Output Error", "the last statement returns no rows, so there is no table to store"));
            }
            Outcome::Nothing => SqlReply::default(),
            Outcome::Frame(frame) => result::reply(frame, request)?,
        };
        let fetch = reply.has_rows.then(|| start.elapsed().as_secs_f64());
        let phases = Phases { open: None, load, plan: Some(times.plan.as_secs_f64()), execute: Some(times.execute.as_secs_f64()), fetch };
        let threads = std::env::var("POLARS_MAX_THREADS").ok().and_then(|threads| threads.parse().ok()).unwrap_or(0);
        Ok(SqlReply { phases, threads, engine_version: self.version(), ..reply })
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        let mut tables = Vec::new();
        for name in self.context.get_tables() {
            let Some(mut frame) = self.frame(&name) else { continue };
            // A file that is gone has no columns to complete.
            let Ok(schema) = frame.collect_schema() else { continue };
            let columns = schema.iter().map(|(name, kind)| Column { name: name.to_string(), type_name: kind.to_string() }).collect();
            tables.push(TableInfo { engine: String::new(), name, rows: None, columns });
        }
        Ok(tables)
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::new(Unwatched)
    }
}

impl PolarsSql {
    /// Makes `files` visible, except where a table made in SQL has the name.
    fn show(&mut self, files: &[TableFile]) -> Result<(), SqlFailure> {
        for file in files {
            let frame = self
                .files
                .open(Path::new(&file.path))
                .map_err(|why| failed("Table Error", format!("table {} cannot be read from {}: {why}", file.name, file.path)))?;
            if !self.made.contains(&file.name) {
                self.context.register(&file.name, frame);
            }
        }
        Ok(())
    }

    fn frame(&mut self, name: &str) -> Option<LazyFrame> {
        self.context.execute(&format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""))).ok()
    }

    fn statement(&mut self, text: &str, plan: Plan, request: &SqlRequest, times: &mut Times) -> Result<Outcome, SqlFailure> {
        let start = Instant::now();
        let parsed = literals::parse(text).map_err(|error| parse_failure(&error, text))?;
        let [statement] = parsed.as_slice() else {
            return Err(failed("Parser Error", "statements are separated by `;`"));
        };
        let bound = literals::bind(statement, &request.params)?;
        let frame = self.context.execute(bound.as_deref().unwrap_or(text)).map_err(|error| polars_failure(&error, text))?;
        times.plan += start.elapsed();
        match statement {
            Statement::CreateTable(CreateTable { name, .. }) => self.create(&table_name(name), times).map(|()| Outcome::Nothing),
            Statement::Drop { names, .. } => {
                for name in names {
                    self.made.remove(&table_name(name));
                }
                self.show(&request.tables).map(|()| Outcome::Nothing)
            }
            Statement::Delete(_) | Statement::Truncate(_) => Ok(Outcome::Nothing),
            _ => collect(frame, plan, text, times),
        }
    }

    /// A table made by `CREATE TABLE` holds its rows: Polars itself would run its query again at each use.
    fn create(&mut self, name: &str, times: &mut Times) -> Result<(), SqlFailure> {
        let start = Instant::now();
        let Some(frame) = self.frame(name) else { return Ok(()) };
        match frame.collect() {
            Ok(frame) => self.context.register(name, frame.lazy()),
            Err(error) => {
                self.context.unregister(name);
                return Err(polars_failure(&error, ""));
            }
        }
        self.made.insert(name.to_owned());
        times.execute += start.elapsed();
        Ok(())
    }
}

fn collect(frame: LazyFrame, plan: Plan, text: &str, times: &mut Times) -> Result<Outcome, SqlFailure> {
    let fail = |error| polars_failure(&error, text);
    let start = Instant::now();
    match plan {
        Plan::Explain => frame.explain(true).map(Outcome::Plan).map_err(fail),
        Plan::Analyze => {
            let drawing = frame.explain(true).map_err(fail)?;
            times.plan += start.elapsed();
            let start = Instant::now();
            let (_, timings) = frame.profile().map_err(fail)?;
            times.execute += start.elapsed();
            Ok(Outcome::Plan(format!("{drawing}\n\nstart and end of each node in µs:\n{}", result::lines(timings)?)))
        }
        Plan::No => {
            let optimised = frame.clone().to_alp_optimized().map_err(fail)?;
            drop(optimised);
            let optimising = start.elapsed();
            times.plan += optimising;
            let start = Instant::now();
            let frame = frame.collect().map_err(fail)?;
            times.execute += start.elapsed().saturating_sub(optimising);
            Ok(Outcome::Frame(frame))
        }
    }
}

fn table_name(name: &ObjectName) -> String {
    name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default()
}
