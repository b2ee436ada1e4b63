//! `--repeat`: the same query many times, in the engine's own seconds.

use std::time::Instant;

use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::{LoadReading, LoadSpan, Machine};
use crate::sql_wire::{Phases, SqlReply, SqlRequest};
use crate::stats::noise::Surroundings;
use crate::stats::{Noise, Summary, quantile};
use crate::units::{Scale, time};

/// Samples of one query.
pub struct Timed {
    /// Seconds of plan, execute and fetch of each counted run.
    pub samples: Vec<f64>,
    pub summary: Summary,
    /// The run before, which is not counted.
    pub first_s: f64,
    /// Median of each phase.
    pub phases: Phases,
    pub load: LoadSpan,
    pub noise: Noise,
}

impl Timed {
    /// The lines under the table.
    pub fn caption(&self) -> Vec<String> {
        let s = &self.summary;
        let scale = Scale::of(s.median, s.ci);
        let interval = if s.ci.is_some() { " (95 % interval)" } else { " (too few runs for an interval: 6 are needed)" };
        let runs = super::render::plural(s.n as u64, "run");
        vec![
            format!("median {}{interval} of {runs}, fastest {}, slowest {}", scale.with_ci(s.median, s.ci), scale.time(s.min), time(s.max)),
            format!(
                "the engine's own plan, execute and fetch; the first run, {}, is not counted; noise: {}",
                time(self.first_s),
                self.noise.short()
            ),
        ]
    }
}

/// Runs the query once, then `runs` times; returns the last reply.
///
/// # Errors
/// The first failure or an interrupt; samples taken before are dropped with it.
pub fn run(request: &SqlRequest, runs: usize, host: &mut dyn Host, live: &Live) -> Result<(SqlReply, Timed), MagicError> {
    let mut load = LoadSpan { before: LoadReading::now(), ..LoadSpan::default() };
    let (mut reply, first_s) = once(request, host, &mut |_| live.progress("first run, not counted", 0.0))?;
    let mut samples = Vec::with_capacity(runs);
    let mut phases = Vec::with_capacity(runs);
    for done in 0..runs {
        if host.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        let doing = format!("run {} of {runs}", done + 1);
        live.progress(&doing, done as f64 / runs as f64);
        let (next, seconds) = once(request, host, &mut |part| live.progress(&doing, (done as f64 + part) / runs as f64))?;
        samples.push(seconds);
        phases.push(next.phases.clone());
        reply = next;
    }
    load.after = LoadReading::now();
    let summary =
        Summary::of(&samples).ok_or_else(|| MagicError::new("MeasureError", "the engine told no times").hint("run the cell again"))?;
    let around = Surroundings {
        load_before: load.before.load,
        cpus: Machine::read().available_cpus,
        steal_s: load.steal_s(),
        involuntary_switches: None,
    };
    let noise = Noise::judge(&samples, &summary, &around);
    Ok((reply, Timed { samples, summary, first_s, phases: medians(&phases), load, noise }))
}

/// One run and its seconds; the clock on our side serves when the engine tells none.
fn once(request: &SqlRequest, host: &mut dyn Host, on_progress: &mut dyn FnMut(f64)) -> Result<(SqlReply, f64), MagicError> {
    let started = Instant::now();
    let reply = host.sql(request, on_progress)?;
    let wall_s = started.elapsed().as_secs_f64();
    let phases = &reply.phases;
    let told: Vec<f64> = [phases.plan, phases.execute, phases.fetch].into_iter().flatten().collect();
    let seconds = if told.is_empty() { wall_s } else { told.iter().sum() };
    Ok((reply, seconds))
}

fn medians(all: &[Phases]) -> Phases {
    let median = |phase: fn(&Phases) -> Option<f64>| {
        let known: Vec<f64> = all.iter().filter_map(phase).collect();
        (!known.is_empty()).then(|| quantile::median(&known))
    };
    // Opening and loading happened before the samples and are no part of them.
    Phases { open: None, load: None, plan: median(|p| p.plan), execute: median(|p| p.execute), fetch: median(|p| p.fetch) }
}

/// The first statement that must not run many times, as its words: each run would change the tables again, or fail.
pub fn changes_tables(sql: &str) -> Option<String> {
    let tokens = Tokenizer::new(&DuckDbDialect {}, sql).tokenize().ok()?;
    let code: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    code.split(|token| *token == Token::SemiColon).find_map(|statement| {
        let words: Vec<String> =
            statement.iter().map(|token| if let Token::Word(w) = token { w.value.to_uppercase() } else { String::new() }).collect();
        let starts = |wanted: &[&str]| wanted.iter().enumerate().all(|(i, word)| words.get(i).is_some_and(|have| have == word));
        let first = words.first()?;
        let guarded = words.windows(2).any(|pair| pair[0] == "IF" && (pair[1] == "EXISTS" || pair[1] == "NOT"));
        match first.as_str() {
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "ALTER" => Some(first.clone()),
            "CREATE" if !starts(&["CREATE", "OR", "REPLACE"]) && !guarded => Some("CREATE".into()),
            "DROP" | "ATTACH" | "DETACH" if !guarded => Some(first.clone()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::changes_tables;

    #[test]
    fn statements_that_cannot_be_repeated() {
        for (sql, word) in [
            ("SELECT 1; INSERT INTO t VALUES (1)", Some("INSERT")),
            ("-- DROP\ncreate table t(a INT)", Some("CREATE")),
            ("drop table t", Some("DROP")),
            ("CREATE OR REPLACE TABLE t AS SELECT 1", None),
            ("CREATE TABLE IF NOT EXISTS t(a INT); DROP TABLE IF EXISTS t", None),
            ("SELECT 'INSERT' FROM \"update\"; FROM t", None),
            ("SELECT 'open", None),
        ] {
            assert_eq!(changes_tables(sql).as_deref(), word, "{sql}");
        }
    }
}
