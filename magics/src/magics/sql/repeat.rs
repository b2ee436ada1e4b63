//! `--repeat`: the same query many times, in the engine's own seconds.

use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::once::{medians, once};
use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::{LoadReading, LoadSpan, Machine};
use crate::sql_wire::{Phases, SqlReply, SqlRequest};
use crate::stats::{Noise, Summary};
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
    let first = once(request, host, &mut |_| live.progress("first run, not counted", 0.0))?;
    let (first_s, mut reply) = (first.seconds(), first.reply);
    let mut samples = Vec::with_capacity(runs);
    let mut phases = Vec::with_capacity(runs);
    for done in 0..runs {
        if host.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        let doing = format!("run {} of {runs}", done + 1);
        live.progress(&doing, done as f64 / runs as f64);
        let next = once(request, host, &mut |part| live.progress(&doing, (done as f64 + part) / runs as f64))?;
        samples.push(next.seconds());
        phases.push(next.reply.phases.clone());
        reply = next.reply;
    }
    load.after = LoadReading::now();
    let summary =
        Summary::of(&samples).ok_or_else(|| MagicError::new("MeasureError", "the engine told no times").hint("run the cell again"))?;
    let around = load.surroundings(Machine::read().available_cpus, None);
    let noise = Noise::judge(&samples, &summary, &around);
    Ok((reply, Timed { samples, summary, first_s, phases: medians(&phases), load, noise }))
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
