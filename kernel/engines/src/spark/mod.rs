//! Spark, by its Connect protocol: a server that `%engine start spark` starts, or one that runs already.
//!
//! The client is pyspark's own, in a process of its own ([`client`]). Spark sends rows while it still computes, so phase
//! `execute` ends with the first rows and `fetch` holds the rest; `plan` is parsing and analysis, optimising is part of
//! `execute`.

mod client;
mod driver;
mod home;
mod java;
mod log;
mod server;
mod settings;

use std::cell::Cell;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::ipc::reader::FileReader;
use serde_json::{Map, Value, json};

use crate::arrow_text;
use crate::engine::{Engine, Job, Watch, failure};
use crate::sql_wire::{Action, EngineControl, EngineState, Plan, SqlFailure, SqlReply, SqlRequest, TableInfo, class};
use crate::statements;

use client::{Answer, Client};
use home::{Home, Java};
use server::Server;
use settings::Settings;

/// Run once and thrown away: Spark compiles code and loads classes at its first queries, which take seconds.
const WARM_UP: &str = "SELECT id % 100 AS g, avg(id), count(*) FROM range(100000) GROUP BY id % 100 ORDER BY g";

/// The engine `spark`.
#[derive(Default)]
pub struct Spark {
    // The client ends before its server.
    client: Option<(String, Client)>,
    server: Option<Server>,
    /// Of the server that answered last, for example `Spark 4.3.0`.
    version: String,
    started_s: Option<f64>,
    warmed_s: Option<f64>,
    progress: Arc<Progress>,
    /// The tables as they were listed last; none after a query, which may have changed them.
    listing: Option<Vec<TableInfo>>,
}

/// Where the queries of a request go.
struct Target {
    url: String,
    secret: Option<String>,
    /// The server is on this machine and reads our files.
    own: bool,
}

impl Spark {
    /// Nothing is started.
    pub fn open() -> Spark {
        Spark::default()
    }

    fn target(&mut self, connect: Option<&str>) -> Result<Target, SqlFailure> {
        if let Some(url) = connect {
            if !url.starts_with("sc://") {
                return Err(failure(
                    class::UNAVAILABLE,
                    format!("`{url}` is no address of a Spark Connect server: it looks like `sc://host:15002`"),
                ));
            }
            return Ok(Target { url: url.to_owned(), secret: None, own: false });
        }
        self.forget_dead_server()?;
        match &self.server {
            Some(server) => Ok(Target { url: server.url.clone(), secret: Some(server.secret.clone()), own: true }),
            None => {
                Home::find()?;
                let message = "Spark is not running: `%engine start spark` starts it (about 20 s), `--connect sc://host:port` uses one that runs already";
                Err(failure(class::UNAVAILABLE, message))
            }
        }
    }

    /// Fails, once, with the reason when the server has ended.
    fn forget_dead_server(&mut self) -> Result<(), SqlFailure> {
        let Some(ended) = self.server.as_mut().and_then(Server::ended) else { return Ok(()) };
        self.client = None;
        self.server = None;
        Err(ended)
    }

    /// Sends a request to the client of `target`, which is started when need be. `on_tick` is called while it is waited for.
    fn ask(&mut self, target: &Target, request: Value, job: &Job, on_tick: &dyn Fn()) -> Result<Answer, SqlFailure> {
        self.client_of(target)?;
        let Some((_, client)) = self.client.as_mut() else { return Err(failure("Client Error", "Spark's client is gone")) };
        self.progress.set(0.0);
        let progress = Arc::clone(&self.progress);
        let mut server = if target.own { self.server.as_mut() } else { None };
        let mut lost = || {
            on_tick();
            server.as_mut().and_then(|server| server.ended())
        };
        let outcome = client.ask(request, job, &|fraction| progress.set(fraction), &mut lost);
        self.progress.clear();
        outcome.map_err(|(failure, useless)| {
            if useless {
                self.client = None;
            }
            failure
        })
    }

    fn client_of(&mut self, target: &Target) -> Result<&mut Client, SqlFailure> {
        let current = self.client.take().filter(|(url, _)| *url == target.url);
        let (url, client) = match current {
            Some(current) => current,
            None => (target.url.clone(), Client::start(&Home::find()?, target.secret.as_deref())?),
        };
        Ok(&mut self.client.insert((url, client)).1)
    }

    fn query(&mut self, target: &Target, request: &SqlRequest, job: &Job, on_tick: &dyn Fn()) -> Result<SqlReply, SqlFailure> {
        let list = statements::split(&request.sql, true)?;
        let mut params = Map::new();
        for parameter in list.iter().flat_map(|statement| &statement.parameters) {
            params.insert(parameter.name.clone(), statements::value(&request.params, &parameter.name)?.clone());
        }
        let texts: Vec<Value> = list
            .iter()
            // Spark's own mark of a parameter has the same length, so positions stay.
            .map(|statement| json!({ "sql": statement.rewritten(&request.sql, |name| format!(":{name}")), "offset": statement.span.start }))
            .collect();
        let client = self.client_of(target)?;
        let head = client.folder().join("head.arrow");
        let folder = match &self.server {
            Some(server) if target.own => server.folder().to_owned(),
            _ => self.client_of(target)?.folder().to_owned(),
        };
        let tables: Vec<Value> = request.tables.iter().map(|table| json!({ "name": table.name, "path": table.path })).collect();
        let plan = match request.plan {
            Plan::No => "no",
            Plan::Explain => "explain",
            Plan::Analyze => "analyze",
        };
        let message = json!({
            "op": "run", "url": target.url, "cold": request.cold, "upload": !target.own, "folder": folder, "tables": tables,
            "statements": texts, "params": params, "plan": plan, "limit": request.limit, "head": head, "out": request.out,
        });
        let answer = self.ask(target, message, job, on_tick)?;
        self.version = format!("Spark {}", answer.version);
        let rows = if answer.has_rows { arrow_text::rows(&read(&head)?, request.limit) } else { Vec::new() };
        let mut reply = SqlReply {
            columns: answer.columns,
            rows,
            row_count: answer.row_count,
            has_rows: answer.has_rows,
            phases: answer.phases,
            plan_text: answer.plan_text,
            engine_version: self.version.clone(),
            loaded: answer.loaded,
            fetched: answer.fetched,
            ..SqlReply::default()
        };
        self.note_threads(target, request, &mut reply);
        Ok(reply)
    }

    /// Threads of the server; a server's threads are fixed when it starts.
    fn note_threads(&self, target: &Target, request: &SqlRequest, reply: &mut SqlReply) {
        let Some(server) = self.server.as_ref().filter(|_| target.own) else {
            reply.notes.push("the Spark server decides how many threads it uses".to_owned());
            return;
        };
        reply.threads = server.settings.threads;
        if let Some(wanted) = request.threads.filter(|wanted| *wanted != reply.threads) {
            let note = format!("Spark was started with {} threads, not {wanted}: `%engine start spark --threads {wanted}`", reply.threads);
            reply.notes.push(note);
        }
    }

    fn start(&mut self, settings: &Map<String, Value>, job: &Job, doing: &dyn Fn(&str)) -> Result<(), SqlFailure> {
        let settings = Settings::read(settings)?;
        // One that died is no reason not to start another.
        let _ = self.forget_dead_server();
        if let Some(server) = &self.server {
            if server.settings == settings {
                return Ok(());
            }
            doing("stopping the Spark server that runs with other settings");
            self.stop(job);
        }
        let home = Home::find()?;
        let begun = Instant::now();
        doing("starting Spark: looking for Java");
        let java = Java::find(&home)?;
        self.server = Some(Server::start(&home, &java, settings, job, doing)?);
        let ready = self.first_answers(begun, job, doing);
        if ready.is_err() {
            self.stop(job);
        }
        ready
    }

    fn first_answers(&mut self, begun: Instant, job: &Job, doing: &dyn Fn(&str)) -> Result<(), SqlFailure> {
        let target = self.target(None)?;
        let ask = |sql: &str| SqlRequest { engine: "spark".to_owned(), sql: sql.to_owned(), ..SqlRequest::default() };
        let told = Cell::new(u64::MAX);
        let tell = |what: &str| {
            let seconds = begun.elapsed().as_secs();
            if told.replace(seconds) != seconds {
                doing(&format!("{what}: {seconds} s"));
            }
        };
        self.query(&target, &ask("SELECT 1"), job, &|| tell("waiting for Spark's first answer"))?;
        self.started_s = Some(begun.elapsed().as_secs_f64());
        let warming = Instant::now();
        for _ in 0..2 {
            self.query(&target, &ask(WARM_UP), job, &|| tell("warming Spark up"))?;
        }
        self.warmed_s = Some(warming.elapsed().as_secs_f64());
        Ok(())
    }

    fn stop(&mut self, job: &Job) {
        self.client = None;
        self.listing = None;
        (self.started_s, self.warmed_s) = (None, None);
        if let Some(server) = self.server.take() {
            server.stop(job);
        }
    }

    fn state(&mut self) -> EngineState {
        let ended = self.forget_dead_server().err();
        let home = Home::find();
        let mut state = EngineState { engine: self.name().to_owned(), available: home.is_ok(), ..EngineState::default() };
        match (&self.server, home) {
            (Some(server), _) => {
                state.running = true;
                state.version = self.version();
                state.detail = format!("{}, {}", server.url, server.settings.words());
                (state.started_s, state.warmed_s) = (self.started_s, self.warmed_s);
                state.rss_bytes = server.resident_bytes();
            }
            (None, Ok(home)) => {
                state.version = home.version();
                state.detail = "`%engine start spark` starts it".to_owned();
            }
            (None, Err(failure)) => state.detail = failure.message,
        }
        if let Some(ended) = ended {
            state.detail = ended.message;
        }
        state
    }
}

impl Engine for Spark {
    fn name(&self) -> &'static str {
        "spark"
    }

    fn runs_here(&self) -> bool {
        false
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn run(&mut self, request: &SqlRequest, job: &Job) -> Result<SqlReply, SqlFailure> {
        self.listing = None;
        let target = self.target(request.connect.as_deref())?;
        let outcome = self.query(&target, request, job, &|| {});
        if outcome.is_err() && target.own && self.server.as_mut().is_some_and(|server| server.ended().is_some()) {
            self.client = None;
            self.server = None;
        }
        outcome
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlFailure> {
        let Some((url, _)) = &self.client else { return Ok(Vec::new()) };
        if let Some(known) = &self.listing {
            return Ok(known.clone());
        }
        let target = Target { url: url.clone(), secret: None, own: self.server.as_ref().is_some_and(|server| server.url == *url) };
        // A listing that nobody asked for must not wait for a server in trouble.
        let job = Job::default().limited(Some(1.0));
        let answer = self.ask(&target, json!({ "op": "tables" }), &job, &|| {});
        let tables: Vec<TableInfo> = answer.map(|answer| answer.tables.into_iter().map(TableInfo::from).collect()).unwrap_or_default();
        self.listing = Some(tables.clone());
        Ok(tables)
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::clone(&self.progress) as Arc<dyn Watch>
    }

    fn control(&mut self, request: &EngineControl, job: &Job, doing: &dyn Fn(&str)) -> Result<EngineState, SqlFailure> {
        match request.action {
            Action::Start => self.start(&request.settings, job, doing)?,
            Action::Stop => {
                doing("stopping Spark");
                self.stop(job);
            }
            Action::Status => {}
        }
        Ok(self.state())
    }
}

/// All batches of an Arrow file.
fn read(path: &Path) -> Result<Vec<RecordBatch>, SqlFailure> {
    let unreadable = |error: String| failure("Client Error", format!("the first rows cannot be read: {}: {error}", path.display()));
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let reader = FileReader::try_new(file, None).map_err(|error| unreadable(error.to_string()))?;
    reader.collect::<Result<_, _>>().map_err(|error| unreadable(error.to_string()))
}

/// The fraction that Spark said last. Interrupts reach Spark through the waiting client, which looks at its job.
#[derive(Default)]
struct Progress(AtomicU64);

impl Progress {
    fn set(&self, fraction: f64) {
        self.0.store(fraction.to_bits(), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.set(0.0);
    }
}

impl Watch for Progress {
    fn interrupt(&self) {}

    fn progress(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.load(Ordering::Relaxed))).filter(|fraction| *fraction > 0.0)
    }
}
