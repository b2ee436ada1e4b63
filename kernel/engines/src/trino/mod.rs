//! Trino, by HTTP: a coordinator that runs elsewhere, named by `--connect` or `TRINO_URL`.
//!
//! Phase `plan` is the server's own figure where it gives one (newer servers do), `execute` the rest of the server's time but
//! for the queue, `fetch` what is left of the time until the last row was here.

mod address;
mod base64;
mod columns;
mod error;
mod parameters;
mod protocol;
mod session;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use ::duckdb::arrow::array::RecordBatch;

use crate::arrow_reply;
use crate::engine::{Engine, Job, Watch, failure};
use crate::sql_wire::{Action, Column, EngineControl, EngineState, Phases, Plan, SqlFailure, SqlReply, SqlRequest, TableInfo, class};
use crate::statements::{self, Statement};

use address::{Address, Login};
use columns::Columns;
use protocol::{Failed, Running, Server};
use session::Session;

/// How long a server may take to stop a query before the user is answered without it.
const STOP: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(10);
/// How to name a server.
const NAME_IT: &str = "name a Trino server by `--connect http://host:8080/catalog/schema` or the variable TRINO_URL";

/// The engine `trino`.
#[derive(Default)]
pub struct Trino {
    connected: Option<Connected>,
    running: Arc<Running>,
    /// The tables as they were listed last; none after a query, which may have changed them.
    listing: Option<Vec<TableInfo>>,
}

/// A server that has answered.
struct Connected {
    address: Address,
    login: Login,
    server: Server,
    session: Session,
    version: String,
}

/// What one statement brought.
#[derive(Default)]
struct Outcome {
    columns: Option<Columns>,
    names: Vec<Column>,
    batches: Vec<RecordBatch>,
    phases: Phases,
    queued_s: f64,
    updated: Option<u64>,
    session: Session,
}

impl Trino {
    /// Nothing is connected to.
    pub fn open() -> Trino {
        Trino::default()
    }

    fn connect(&mut self, named: Option<&str>, cold: bool) -> Result<Option<f64>, SqlFailure> {
        let address = address(named)?;
        let login = Login::from_environment(&address)?;
        if !cold && self.connected.as_ref().is_some_and(|connected| connected.address == address && connected.login == login) {
            return Ok(None);
        }
        let start = Instant::now();
        let server = Server::new(address.clone(), login.clone());
        let version = server.version()?;
        let session = Session::new(&address);
        self.connected = Some(Connected { address, login, server, session, version });
        Ok(Some(start.elapsed().as_secs_f64()))
    }

    /// Runs one statement on a thread of its own, so that a server that hangs cannot keep the user.
    fn statement(&mut self, statement: &Statement, request: &SqlRequest, plan: Plan, job: &Job) -> Result<Outcome, SqlFailure> {
        let Some(connected) = self.connected.as_mut() else { return Err(failure(class::UNAVAILABLE, NAME_IT)) };
        let prefix = match plan {
            Plan::No => "",
            Plan::Explain => "EXPLAIN ",
            Plan::Analyze => "EXPLAIN ANALYZE ",
        };
        let sent = parameters::prepare(statement, &request.sql, prefix, &request.params)?;
        let (server, session, running) = (connected.server.clone(), connected.session.clone(), Arc::clone(&self.running));
        let (sql, start, before) = (request.sql.clone(), statement.span.start, prefix.len());
        let (send, answer) = channel();
        thread::spawn(move || {
            let outcome = run(&server, &sent.sql, session, &running).map_err(|failed| match failed {
                Failed::Query(error) => error::explain(&error, &sql, start, before, !sent.wrapped),
                Failed::Other(failure) => failure,
            });
            // Nobody listens any more when the user was answered already.
            let _ = send.send(outcome);
        });
        let mut stopped: Option<Instant> = None;
        loop {
            match answer.recv_timeout(TICK) {
                Ok(outcome) => {
                    let outcome = outcome?;
                    connected.session = outcome.session.clone();
                    return Ok(outcome);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(failure("Internal Error", "the request to Trino was given up")),
            }
            if let Some(why) = job.stopped() {
                let since = stopped.get_or_insert_with(Instant::now);
                if since.elapsed() > STOP {
                    // The thread ends with its request; it must not cancel a later one.
                    self.running = Arc::default();
                    return Err(why);
                }
            }
        }
    }
}

fn address(named: Option<&str>) -> Result<Address, SqlFailure> {
    let from_environment = || std::env::var("TRINO_URL").ok().filter(|url| !url.is_empty());
    match named.map(str::to_owned).or_else(from_environment) {
        Some(url) => Address::parse(&url),
        None => Err(failure(class::UNAVAILABLE, format!("no Trino server is named: {NAME_IT}"))),
    }
}

fn run(server: &Server, sql: &str, mut session: Session, running: &Running) -> Result<Outcome, Failed> {
    let start = Instant::now();
    let mut outcome = Outcome::default();
    let last = server.run(sql, &mut session, running, &mut |page| {
        if let (None, Some(columns)) = (&outcome.columns, page.columns.take()) {
            let named = |column: &protocol::PageColumn| Column { name: column.name.clone(), type_name: column.type_name.to_uppercase() };
            outcome.names = columns.iter().map(named).collect();
            outcome.columns = Some(Columns::new(columns));
        }
        if let (Some(columns), Some(rows)) = (&outcome.columns, page.data.take())
            && !rows.is_empty()
        {
            outcome.batches.push(columns.batch(&rows)?);
        }
        Ok(())
    })?;
    let seconds = |millis: u64| millis as f64 / 1000.0;
    let stats = &last.stats;
    let plan = match (stats.analysis_time_millis, stats.planning_time_millis) {
        (None, None) => None,
        // Analysis is part of planning where both are given.
        (analysis, planning) => Some(seconds(analysis.unwrap_or(0).max(planning.unwrap_or(0)))),
    };
    let elapsed = seconds(stats.elapsed_time_millis);
    outcome.queued_s = seconds(stats.queued_time_millis);
    outcome.phases.plan = plan;
    outcome.phases.execute = Some((elapsed - outcome.queued_s - plan.unwrap_or(0.0)).max(0.0));
    outcome.phases.fetch = Some((start.elapsed().as_secs_f64() - elapsed).max(0.0));
    if last.update_type.is_some() {
        outcome.updated = Some(last.update_count.unwrap_or(0));
    }
    outcome.session = session;
    Ok(outcome)
}

/// Adds the phases of an earlier statement.
fn add(total: &mut Phases, more: &Phases) {
    let sum = |a: Option<f64>, b: Option<f64>| a.map_or(b, |a| Some(a + b.unwrap_or(0.0)));
    total.plan = sum(total.plan, more.plan);
    total.execute = sum(total.execute, more.execute);
    total.fetch = sum(total.fetch, more.fetch);
}

impl Engine for Trino {
    fn name(&self) -> &'static str {
        "trino"
    }

    fn runs_here(&self) -> bool {
        false
    }

    fn version(&self) -> String {
        self.connected.as_ref().map(|connected| format!("Trino {}", connected.version).trim().to_owned()).unwrap_or_default()
    }

    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure> {
        if let Some(table) = request.tables.first() {
            let message = format!(
                "Trino reads the tables of its own catalogs and cannot see `{}`, which lives in this notebook; \
                 query a table of the server, as `catalog.schema.table`, or use another engine",
                table.name
            );
            return Err(failure(class::UNSUPPORTED, message));
        }
        self.running.reset();
        self.listing = None;
        let list = statements::split(&request.sql, false)?;
        let opened = self.connect(request.connect.as_deref(), request.cold)?;
        let mut phases = Phases::default();
        let mut queued_s = 0.0;
        let mut last = Outcome::default();
        for (index, statement) in list.iter().enumerate() {
            job.check()?;
            let plan = if index + 1 == list.len() { request.plan } else { Plan::No };
            last = self.statement(statement, request, plan, job)?;
            add(&mut phases, &last.phases);
            queued_s += last.queued_s;
        }
        phases.open = opened;
        let mut reply = reply(last, request)?;
        reply.phases = phases;
        reply.engine_version = self.version();
        reply.notes.push("the Trino server decides how many threads it uses".to_owned());
        if queued_s >= 0.05 {
            reply.notes.push(format!("the query waited {queued_s:.2} s in the server's queue"));
        }
        Ok(reply)
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        if let Some(known) = &self.listing {
            return Ok(known.clone());
        }
        let Some(schema) = self.connected.as_ref().and_then(|connected| connected.session.schema.clone()) else { return Ok(Vec::new()) };
        let sql = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = $schema ORDER BY 1, ordinal_position";
        let params = [("schema".to_owned(), serde_json::Value::from(schema))].into_iter().collect();
        let request = SqlRequest { sql: sql.to_owned(), params, limit: usize::MAX, ..SqlRequest::default() };
        self.running.reset();
        // A listing that nobody asked for must not wait for a server in trouble.
        let job = Job::default().limited(Some(1.0));
        let list = statements::split(sql, false)?;
        let outcome = list.first().map(|statement| self.statement(statement, &request, Plan::No, &job));
        let outcome = outcome.and_then(Result::ok).unwrap_or_default();
        let mut tables: Vec<TableInfo> = Vec::new();
        for row in crate::arrow_text::rows(&outcome.batches, usize::MAX) {
            let [Some(table), Some(name), Some(type_name)] = row.as_slice() else { continue };
            if tables.last().is_none_or(|last| last.name != *table) {
                tables.push(TableInfo { engine: "trino".to_owned(), name: table.clone(), rows: None, columns: Vec::new() });
            }
            if let Some(last) = tables.last_mut() {
                last.columns.push(Column { name: name.clone(), type_name: type_name.to_uppercase() });
            }
        }
        self.listing = Some(tables.clone());
        Ok(tables)
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::clone(&self.running) as Arc<dyn Watch>
    }

    fn control(&mut self, request: &EngineControl, _job: &Job, _doing: &dyn Fn(&str)) -> Result<EngineState, SqlFailure> {
        if request.action != Action::Status {
            return Err(failure(
                class::UNSUPPORTED,
                format!("Trino is a server elsewhere and is neither started nor stopped here; {NAME_IT}"),
            ));
        }
        let mut state = EngineState { engine: self.name().to_owned(), ..EngineState::default() };
        // The server used last, or the one that the environment names.
        let address = match &self.connected {
            Some(connected) => Ok(connected.address.clone()),
            None => address(None),
        };
        let asked = address.and_then(|address| {
            let login = Login::from_environment(&address)?;
            Ok((Server::new(address.clone(), login).version()?, address))
        });
        match asked {
            Ok((version, address)) => {
                (state.running, state.available) = (true, true);
                state.version = format!("Trino {version}").trim().to_owned();
                state.detail = address.origin;
            }
            Err(failure) => state.detail = failure.message,
        }
        Ok(state)
    }
}

fn reply(outcome: Outcome, request: &SqlRequest) -> Result<SqlReply, SqlFailure> {
    if request.plan != Plan::No {
        let rows = crate::arrow_text::rows(&outcome.batches, usize::MAX);
        let lines: Vec<String> = rows.into_iter().filter_map(|row| row.into_iter().next()?).collect();
        return Ok(SqlReply { plan_text: Some(lines.join("\n").trim_end().to_owned()), ..SqlReply::default() });
    }
    match (outcome.columns, outcome.updated) {
        (Some(columns), None) => {
            let mut reply = arrow_reply::reply(outcome.names, columns.schema(), &outcome.batches, request)?;
            reply.notes = columns.notes();
            Ok(reply)
        }
        (_, updated) if request.out.is_none() => Ok(SqlReply { row_count: updated.unwrap_or(0), ..SqlReply::default() }),
        _ => Err(failure("Output Error", "the last statement returns no rows, so there is no table to store")),
    }
}
