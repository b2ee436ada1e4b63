//! Part `group`: a query that the engine works on for a while.

use anyhow::{Context as _, Result, ensure};

use super::kernels::Who;
use super::options::Part;
use super::report::{Limit, Row};
use super::run::{Run, engine_seconds, shown, variant};
use super::select::jupysql;

/// How much slower than DuckDB's own package the query may be.
const SLOWER: f64 = 1.03;
const ROWS: u64 = 10_000_000;
const QUICK_ROWS: u64 = 1_000_000;

/// One row comes back, whose numbers depend on every group.
const QUERY: &str = "SELECT count(*) AS groups, sum(n * k) AS weighted, sum(total) AS total \
                     FROM (SELECT k, count(*) AS n, sum(v) AS total FROM numbers GROUP BY k)";

fn create(rows: u64) -> String {
    format!("CREATE TABLE numbers AS SELECT (i * 7919) % 1000 AS k, i % 100 AS v FROM range({rows}) AS t(i)")
}

/// What the query must answer.
fn expected(rows: u64) -> [u64; 3] {
    // 7919 and 1000 have no common divisor, so a thousand rows take each key once.
    let keys = 1000_u64;
    [keys, rows / keys * (keys * (keys - 1) / 2), rows / 100 * (100 * 99 / 2)]
}

pub fn run(run: &mut Run) -> Result<()> {
    let rows = if run.options.quick { QUICK_ROWS } else { ROWS };
    let answers = expected(rows).map(|number| number.to_string());
    let mut ours = run.launcher.start(Who::Ours)?;
    run.version("benchbook", &ours.client.version);
    ours.must(&format!("%%sql\n{}", create(rows)))?;
    let cell = format!("%%sql\n{QUERY}");
    let first = ours.must(&cell)?;
    let about = variant(&first).context("`%%sql` leaves no result object")?;
    let threads = about["threads"].as_u64();
    let mut others = None;
    if run.has_jupysql() {
        let mut kernel = jupysql(run)?;
        if let Some(threads) = threads {
            kernel.must(&format!("con.execute('SET threads = {threads}')"))?;
        }
        kernel.must(&format!("con.execute({:?})\nQUERY = {QUERY:?}", create(rows)))?;
        let version = kernel.must("print(duckdb.__version__)")?.text;
        let engine = about["engine_version"].as_str().unwrap_or_default().to_owned();
        if !engine.is_empty() {
            ensure!(engine.contains(version.trim()), "our engine is {engine}, the package is {}", version.trim());
            run.version("engine", &engine);
        }
        others = Some(kernel);
    }
    let threads = threads.map_or_else(|| "default threads".to_owned(), |threads| format!("{threads} threads each"));
    let note = format!("{rows} rows in a table in memory, 1000 groups, {threads}");
    let mut table = [
        Row::new(Part::Group, "group-by, engine's time").target(Limit::AtMostTimes(Who::Duckdb, SLOWER)).note(note),
        Row::new(Part::Group, "group-by, round trip").target(Limit::AtMostTimes(Who::Duckdb, SLOWER)),
    ];
    let package = "begun = time.perf_counter()\nrow = con.execute(QUERY).fetchall()\nspent = time.perf_counter() - begun\nprint(*map(int, row[0]), spent)";
    let rounds = run.options.rounds;
    for round in 0..=rounds {
        run.say(&format!("round {round} of {rounds}"));
        for turn in 0..3 {
            match ((turn + round) % 3, &mut others) {
                (0, _) => {
                    let answer = ours.run(&cell)?;
                    let text = digits(&shown(&answer));
                    let right = answers.iter().all(|number| text.contains(number.as_str()));
                    if run.check(Who::Ours, &cell, &answer, right) && round > 0 {
                        table[0].push(Who::Ours, engine_seconds(&answer).context("`%%sql` tells no phases")?);
                        table[1].push(Who::Ours, answer.time.as_secs_f64());
                    }
                }
                (1, Some(kernel)) => {
                    let answer = kernel.run(package)?;
                    let words: Vec<&str> = answer.text.split_whitespace().collect();
                    let right = words.len() == 4 && words.iter().zip(&answers).all(|(word, number)| *word == number.as_str());
                    let spent = words.last().and_then(|word| word.parse::<f64>().ok());
                    if let (true, Some(spent), true) = (run.check(Who::Duckdb, QUERY, &answer, right), spent, round > 0) {
                        table[0].push(Who::Duckdb, spent);
                        table[1].push(Who::Duckdb, answer.time.as_secs_f64());
                    }
                }
                (2, Some(kernel)) => {
                    let answer = kernel.run(&cell)?;
                    let text = digits(&shown(&answer));
                    let right = answers.iter().all(|number| text.contains(number.as_str()));
                    if run.check(Who::Jupysql, &cell, &answer, right) && round > 0 {
                        table[1].push(Who::Jupysql, answer.time.as_secs_f64());
                    }
                }
                _ => {}
            }
        }
    }
    run.rows.extend(table);
    Ok(())
}

/// The text without what may stand between the digits of a number.
fn digits(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ',' | '_' | '\u{202f}' | '\u{a0}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_known_without_an_engine() {
        let rows = 100_000;
        let mut counts = vec![0_u64; 1000];
        (0..rows).for_each(|i: u64| counts[usize::try_from(i * 7919 % 1000).unwrap()] += 1);
        let weighted: u64 = counts.iter().zip(0_u64..).map(|(n, k)| n * k).sum();
        let total: u64 = (0..rows).map(|i| i % 100).sum();
        assert_eq!(expected(rows), [1000, weighted, total]);
    }
}
