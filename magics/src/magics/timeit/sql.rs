//! `%%timeit --lang sql`: the same protocol as for Rust and Python, in the engine's own seconds.

use std::time::Instant;

use serde_json::{Value, json};

use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::LoadReading;
use crate::magics::sql::engines::shown;
use crate::magics::sql::once::{Once, medians, once};
use crate::magics::sql::query::Query;
use crate::magics::sql::render::plural;
use crate::magics::sql::repeat::changes_tables;
use crate::measure::result::Fields;
use crate::measure::run::Collected;
use crate::measure::throughput;
use crate::options::parse_int;
use crate::registry::Call;
use crate::sql_wire::{Phases, SqlReply, class};
use crate::stats::{Summary, quantile};
use crate::units::{count, time};

/// Options that only `--lang sql` understands.
pub const OPTIONS: &[&str] = &["engine", "threads", "connect"];
/// Least length of a sample, and least warm-up, in seconds: those of Rust and Python.
const BATCH_S: f64 = 1e-3;
const WARM_UP_S: f64 = 0.3;
/// Slower queries need fewer samples.
const SLOW_S: f64 = 0.3;
const FEWEST_SLOW: usize = 7;
/// An interval this narrow, relative to the median, ends the measurement early.
const NARROW: f64 = 0.01;
const FEWEST_NARROW: usize = 21;

/// What there is to say of a query beside its samples.
pub struct Facts {
    engine: String,
    reply: SqlReply,
    /// The first run, which opens and loads; whether it was a cold one.
    first: Phases,
    cold: bool,
    /// Medians of the counted runs.
    phases: Phases,
    wall_s: f64,
    /// Why there was no cold run.
    pub note: Option<String>,
}

impl Facts {
    /// What the engine says of its answer.
    pub fn engine_notes(&self) -> &[String] {
        &self.reply.notes
    }

    /// Threads that the engine may use.
    pub fn threads(&self) -> f64 {
        self.reply.threads.max(1) as f64
    }

    /// Rows of the table.
    pub fn rows(&self, median_s: f64) -> Vec<(&'static str, String)> {
        let reply = &self.reply;
        let version = if reply.engine_version.is_empty() { shown(&self.engine) } else { reply.engine_version.as_str() };
        let threads = if reply.threads > 0 { format!(", {}", plural(reply.threads as u64, "thread")) } else { String::new() };
        let mut rows = vec![("engine", format!("{version}{threads}"))];
        rows.push(("of which (medians)", parts(&self.phases)));
        let first: f64 = told(&self.first).iter().map(|(_, seconds)| seconds).sum();
        let name = if self.cold { "cold run (not counted)" } else { "first run (not counted)" };
        rows.push((name, format!("{} ({:.1} × the median): {}", time(first), first / median_s, parts(&self.first))));
        rows.push(("with the way there and back, median", time(self.wall_s)));
        if reply.has_rows {
            let columns = plural(reply.columns.len() as u64, "column");
            rows.push((
                "result",
                format!("{} × {columns}", if reply.row_count == 1 { "1 row".into() } else { count(reply.row_count) + " rows" }),
            ));
        }
        rows
    }

    /// Fields of the variant.
    pub fn fields(&self, fields: Fields) -> Fields {
        let reply = &self.reply;
        let first: f64 = told(&self.first).iter().map(|(_, seconds)| seconds).sum();
        fields
            .with("engine", self.engine.as_str())
            .with("phases_s", json!(self.phases))
            .with("wall_median_s", self.wall_s)
            .maybe("cold_s", self.cold.then_some(first))
            .maybe("cold_phases_s", self.cold.then(|| json!(self.first)))
            .maybe("rows", reply.has_rows.then_some(reply.row_count))
            .maybe("threads", (reply.threads > 0).then_some(reply.threads))
            .maybe("engine_version", Some(reply.engine_version.as_str()).filter(|version| !version.is_empty()))
    }
}

/// The phases' names and seconds, in the order in which they happen.
fn told(phases: &Phases) -> Vec<(&'static str, f64)> {
    let all = [("open", phases.open), ("load", phases.load), ("plan", phases.plan), ("execute", phases.execute), ("fetch", phases.fetch)];
    all.into_iter().filter_map(|(name, seconds)| Some((name, seconds?))).collect()
}

fn parts(phases: &Phases) -> String {
    let parts: Vec<String> = told(phases).iter().map(|(name, seconds)| format!("{name} {}", time(*seconds))).collect();
    if parts.is_empty() { "the engine tells none".into() } else { parts.join(", ") }
}

/// The query of a call, and what runs before each iteration.
pub struct Queries {
    pub body: Query,
    each: Option<Query>,
    set_up: bool,
}

/// Binds the pieces and runs the set-up.
///
/// # Errors
/// A query that cannot be repeated, unknown parameters, a failing set-up.
pub fn prepare(call: &Call, engine: &str, host: &mut dyn Host) -> Result<Queries, MagicError> {
    let threads = match call.options.int("threads") {
        None => None,
        Some(threads @ 1..=1024) => usize::try_from(threads).ok(),
        Some(threads) => {
            return Err(call.options.error_at(
                "threads",
                format!("cannot use {threads} threads"),
                Some("give a number from 1 to 1024".into()),
            ));
        }
    };
    let each = call.options.text("setup");
    if let (Some(word), None) = (changes_tables(&call.body), each) {
        let hint = "time a SELECT, or a CREATE OR REPLACE TABLE … AS; or make each iteration begin alike with `--setup \"…\"`";
        return Err(call.options.error_at(
            "lang",
            format!("`{word}` cannot be repeated: each run would change the tables"),
            Some(hint.into()),
        ));
    }
    let finish = |mut query: Query| {
        query.request.threads = threads;
        query.request.connect = call.options.text("connect").map(str::to_owned);
        query
    };
    let bound = |sql: &str, place, host: &mut dyn Host| Query::bound(call, sql, place, engine, host).map(finish);
    let set_up = call.is_cell && !call.rest.trim().is_empty();
    if set_up {
        let query = bound(&call.rest, on_line(call, &call.rest), host)?;
        host.status("set-up");
        once(&query.request, host, &mut |_| {}).map_err(|error| query.in_cell(error))?;
    }
    let each = each.map(|each| bound(each, on_line(call, each), host)).transpose()?;
    let body = bound(&call.body, (call.body_line, call.body_column), host)?;
    Ok(Queries { body, each, set_up })
}

/// What one run works through: numbers, or what the engine computes.
///
/// # Errors
/// An expression that the engine refuses, or that is no number.
pub fn amounts(call: &Call, engine: &str, host: &mut dyn Host) -> Result<Vec<(String, f64)>, MagicError> {
    let mut amounts = Vec::new();
    for (name, text) in throughput::asked(call) {
        let value = match parse_int(text) {
            Some(number) => number as f64,
            None => {
                let (line, column) = on_line(call, text);
                let mut query = Query::bound(call, text, (line, column), engine, host)?;
                query.request.sql = asking(&query.request.sql);
                query.request.limit = 1;
                let reply = once(&query.request, host, &mut |_| {}).map_err(|error| query.in_cell(error))?.reply;
                let first = reply.rows.first().and_then(|row| row.first()).cloned().flatten();
                first.and_then(|text| text.parse().ok()).ok_or_else(|| {
                    let hint = format!("a number, or SQL that gives one: `--{name} \"(SELECT count(*) FROM t)\"`");
                    call.options.error_at(name, format!("`{text}` is no number"), Some(hint))
                })?
            }
        };
        amounts.push((name.to_owned(), value));
    }
    Ok(amounts)
}

/// A query for an expression; what is a query already, perhaps in brackets, stays one. Lines and columns stay where brackets go.
fn asking(sql: &str) -> String {
    let text = sql.trim();
    let is_query = |text: &str| {
        let word = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        ["SELECT", "WITH", "FROM"].iter().any(|known| word.eq_ignore_ascii_case(known))
    };
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) if is_query(inner.trim_start()) => {
            let at = sql.len() - sql.trim_start().len();
            format!("{} {inner}", &sql[..at])
        }
        _ if is_query(text) => sql.to_owned(),
        _ => {
            let at = sql.len() - sql.trim_start().len();
            format!("{}SELECT {}", &sql[..at], &sql[at..])
        }
    }
}

/// Where a piece of the magic's own line stands.
pub fn on_line(call: &Call, text: &str) -> (usize, usize) {
    let line = call.options.line();
    (line.number, line.text.rfind(text).unwrap_or(0))
}

struct Sampler<'a> {
    queries: &'a Queries,
    host: &'a mut dyn Host,
    live: &'a Live,
    phases: Vec<Phases>,
    walls: Vec<f64>,
    reply: SqlReply,
}

impl Sampler<'_> {
    /// Seconds of `n` runs.
    fn sample(&mut self, n: u64, share: f64) -> Result<f64, MagicError> {
        let mut total = 0.0;
        for _ in 0..n {
            if let Some(each) = &self.queries.each {
                once(&each.request, self.host, &mut |_| {}).map_err(|error| each.in_cell(error))?;
            }
            if self.host.is_cancelled() {
                return Err(MagicError::interrupted());
            }
            let body = &self.queries.body;
            let live = self.live;
            let Once { reply, wall_s } =
                once(&body.request, self.host, &mut |_| live.progress("timing", share)).map_err(|error| body.in_cell(error))?;
            let run = Once { reply, wall_s };
            total += run.seconds();
            self.phases.push(run.reply.phases.clone());
            self.walls.push(wall_s);
            self.reply = run.reply;
        }
        Ok(total)
    }
}

/// Times the query by `config`, whose fields are those of `lab::measure::time`.
///
/// # Errors
/// The engine's failure; an interrupt before the first sample. A later one is in the first part of the answer.
pub fn measure(queries: &Queries, config: &Value, host: &mut dyn Host, live: &Live) -> Result<(Collected, Facts), MagicError> {
    let mut collected = Collected::default();
    collected.load.before = LoadReading::now();
    live.status("cold run");
    let (first, cold, note) = first_run(queries, host)?;
    let first_s = first.seconds();
    let budget_s = config["budget_s"].as_f64().unwrap_or(3.0);
    let engine = queries.body.request.engine.clone();
    let mut sampler = Sampler { queries, host, live, phases: Vec::new(), walls: Vec::new(), reply: SqlReply::default() };

    let begin = Instant::now();
    let allowed = WARM_UP_S.max(2.0 * first_s).min(0.2 * budget_s);
    let mut met;
    let mut n = 1;
    loop {
        met = sampler.sample(n, 0.0)?.max(1e-9) / n as f64;
        if begin.elapsed().as_secs_f64() >= allowed || met * n as f64 > allowed {
            break;
        }
        n = (2 * n).min(1 << 20);
    }
    let warmup_s = begin.elapsed().as_secs_f64();
    let wall_met = quantile::median(&sampler.walls).max(met);
    let n = config["n"].as_u64().unwrap_or_else(|| (BATCH_S / met).ceil().clamp(1.0, 1e6) as u64).max(1);
    let (least, most) = (config["min_samples"].as_u64().unwrap_or(11) as usize, config["max_samples"].as_u64().unwrap_or(101) as usize);
    let fewest = if met > SLOW_S { FEWEST_SLOW.min(least) } else { least };
    let fixed = config["r"].as_u64().map(|r| r as usize);
    let wanted = fixed.unwrap_or_else(|| ((budget_s / (n as f64 * wall_met)) as usize).clamp(fewest, most)).max(1);

    sampler.phases.clear();
    sampler.walls.clear();
    let begin = Instant::now();
    let mut samples: Vec<f64> = Vec::with_capacity(wanted);
    let mut stopped_early = false;
    while samples.len() < wanted {
        match sampler.sample(n, samples.len() as f64 / wanted as f64) {
            Ok(seconds) => samples.push(seconds / n as f64),
            Err(error) if error.name == "Interrupted" && !samples.is_empty() => {
                collected.interrupted = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
        let narrow = || Summary::of(&samples)?.relative_half_width().map(|width| width <= NARROW);
        if fixed.is_none() && samples.len() >= FEWEST_NARROW && narrow() == Some(true) {
            stopped_early = samples.len() < wanted;
            break;
        }
    }
    let Sampler { phases, walls, reply, .. } = sampler;
    collected.load.after = LoadReading::now();
    collected.result = Some(json!({
        "samples_s": samples,
        "iterations": n,
        "warmup_s": warmup_s,
        "stopped_early": stopped_early,
        "wall_s": begin.elapsed().as_secs_f64(),
    }));
    let version = if reply.engine_version.is_empty() { shown(&engine).to_owned() } else { reply.engine_version.clone() };
    let threads = if reply.threads > 0 { format!(", {}", plural(reply.threads as u64, "thread")) } else { String::new() };
    collected.engine = Some(format!("{version}{threads}"));
    let facts = Facts { engine, reply, first: first.reply.phases, cold, phases: medians(&phases), wall_s: quantile::median(&walls), note };
    Ok((collected, facts))
}

/// A cold run where there can be one: it has a connection of its own, which knows nothing of the set-up.
fn first_run(queries: &Queries, host: &mut dyn Host) -> Result<(Once, bool, Option<String>), MagicError> {
    let body = &queries.body;
    let warm = |host: &mut dyn Host| -> Result<Once, MagicError> {
        if let Some(each) = &queries.each {
            once(&each.request, host, &mut |_| {}).map_err(|error| each.in_cell(error))?;
        }
        once(&body.request, host, &mut |_| {}).map_err(|error| body.in_cell(error))
    };
    if queries.set_up || queries.each.is_some() {
        return Ok((warm(host)?, false, None));
    }
    let request = crate::sql_wire::SqlRequest { cold: true, ..body.request.clone() };
    let started = Instant::now();
    match host.try_sql(&request, &mut |_| {})? {
        Ok(reply) => Ok((Once { reply, wall_s: started.elapsed().as_secs_f64() }, true, None)),
        Err(failure) if failure.class == class::INTERRUPTED => Err(MagicError::interrupted()),
        // Temporary tables and settings are those of the connection: the query may still run on the warm one.
        Err(failure) => {
            let why = failure.message.trim().lines().next().unwrap_or("no message").to_owned();
            let note = format!("there is no cold run, since a fresh connection cannot run this query: {why}");
            Ok((warm(host)?, false, Some(note)))
        }
    }
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
