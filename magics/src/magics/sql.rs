//! `%%sql`: runs SQL on an engine and shows, explains or stores the result.

pub(crate) mod bind;
pub(crate) mod cell_text;
pub(crate) mod engines;
pub(crate) mod many;
pub(super) mod once;
pub(super) mod query;
pub(crate) mod render;
pub(crate) mod repeat;
pub(super) mod rows;

use std::time::Instant;

pub(super) use bind::MADE_IN_SQL;
use bind::bind;
use cell_text::CellText;
use engines::{ENGINES, shown};
use many::settings::{Settings, threads, timeout_s};
use render::{plural, render};

use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{Call, Magic};
use crate::results;
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::sql_params::prepare;
use crate::sql_wire::{Plan, SqlReply, SqlRequest};

/// Rows shown when `--limit` is absent.
const LIMIT: usize = 20;
/// Runs that `--repeat` may ask for.
const MOST_RUNS: i64 = 10_000;
/// Rows that one output may hold at most.
const MOST_ROWS: i64 = 100_000;

static SPEC: Spec = Spec {
    name: "sql",
    kind: Kind::Both,
    summary: "Runs SQL; tables are Rust and Python variables, SQL tables and files alike",
    category: "Data",
    options: &[
        OptionSpec::value("engine", ValueKind::Choice(ENGINES), "engine that runs the text as it is, in its own dialect")
            .short('e')
            .default("duckdb"),
        OptionSpec::value(
            "engines",
            ValueKind::Choices(ENGINES),
            "runs the query on each, compares the answers, charts the times; the text is DuckDB's dialect, translated for the others",
        ),
        OptionSpec::value("threads", ValueKind::Int, "threads each engine may use").default("all CPUs"),
        OptionSpec::value("timeout", ValueKind::Duration, "time limit of one run").default("none; with --engines: 60s"),
        OptionSpec::value("connect", ValueKind::Text, "address of a running server: `sc://host:15002` (Spark), `http://host:8080` (Trino)"),
        OptionSpec::value(
            "baseline",
            ValueKind::Choice(ENGINES),
            "with --engines: the engine to compare answers and times with; without it, answers with DuckDB's, times with the first engine's",
        ),
        OptionSpec::value("tolerance", ValueKind::Float, "with --engines: relative tolerance of floats and decimals").default("1e-9"),
        OptionSpec::value("file", ValueKind::Path, "reads the query from this file").short('f'),
        OptionSpec::value("limit", ValueKind::Int, "rows shown; all rows are counted and stored").short('n').default("20"),
        OptionSpec::value("out", ValueKind::Name, "binds the whole result as a Rust DataFrame of this name").short('o'),
        OptionSpec::value(
            "repeat",
            ValueKind::Int,
            "runs the query once uncounted, then N times: median with its interval, in the engine's seconds; with --engines: rounds",
        )
        .short('r'),
        OptionSpec::value("label", ValueKind::Text, "name in `%results` and `%claim`")
            .short('l')
            .default("with --repeat or --engines: name of --out, else sql #1, sql #2, …"),
        OptionSpec::flag("explain", "shows the plan, runs nothing"),
        OptionSpec::flag("profile", "runs the query, shows the plan with times instead of rows"),
    ],
    positional: Some(Positional {
        name: "query",
        kind: PositionalKind::Code,
        required: false,
        help: "SQL, on the line or below it; the last statement's result is shown",
    }),
    examples: &[
        Example { code: "%%sql\nSELECT 42 AS answer", about: "A query" },
        Example {
            code: "%%sql\nSELECT l_returnflag, count(*) AS n\nFROM 'lineitem.parquet'\nGROUP BY ALL",
            about: "A Parquet, CSV or JSON file is a table",
        },
        Example {
            code: "%%sql --limit 5\nSELECT * FROM df WHERE price > {threshold}",
            about: "`df` is a Rust DataFrame, `threshold` a Rust number, bound as a parameter",
        },
        Example {
            code: "%%sql --out top\nSELECT * FROM df ORDER BY price DESC LIMIT 3",
            about: "The result becomes the Rust DataFrame `top`",
        },
        Example { code: "top << %sql SELECT * FROM df LIMIT 3", about: "The same in a line, Rust may follow it" },
        Example {
            code: "%%sql --repeat 21 --label duckdb.sum\nSELECT sum(range) FROM range(1000000)",
            about: "Timed, for `%results` and `%claim duckdb.sum <= …`",
        },
        Example {
            code: "%%sql --engines duckdb,sqlite,polars\nSELECT l_returnflag, sum(l_quantity) AS pieces\nFROM 'lineitem.parquet'\nGROUP BY ALL",
            about: "The same query on several engines: equal answers first, then one chart",
        },
        Example {
            code: "%sql --engines duckdb,sqlite --file ../datasets/queries/tpch/q06.sql",
            about: "A TPC-H-derived query, after `%data tpch --tables`",
        },
        Example { code: "%%sql --profile\nSELECT count(*) FROM range(1000000)", about: "The plan with times" },
    ],
    details: "A Rust or Python variable that stands where a table stands is a table of that name: in Rust a `DataFrame`, `LazyFrame`, \
`Series`, `RecordBatch`, or a `Vec` of numbers, texts or structs; in Python a table of pyarrow, pandas or Polars, a NumPy array, a list or \
a dict of columns. It is shared by itself, again only when it has changed; a `LazyFrame` runs each time. So is what was shared by name. \
`{name}` is a parameter: the value of the Rust variable is bound, never pasted into the text. Tables that are created stay until the \
kernel ends; an interrupt stops the query and keeps them.\n\n`--repeat` times plan, execute and fetch as the engine counts them; sharing \
variables and writing `--out` are not part of it.\n\n`--engines` gives all engines the same bytes: files that the query names, \
variables, and DuckDB's tables. The first run of each is cold: a fresh connection, tables loaded again; its answers are compared, rows \
as a multiset unless the query orders them. Then every engine runs once per round, in random order, at least 6 rounds for an interval. \
What an engine cannot do is shown as that, and the others still run.",
};

/// The magic.
pub struct Sql;

impl Magic for Sql {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let text = match call.options.text("file") {
            Some(path) => CellText::of_file(call, path)?,
            None => CellText::of(call)?,
        };
        let out = output_name(call)?;
        let limit = limit(call)?;
        let plan = match (call.options.flag("explain"), call.options.flag("profile")) {
            (true, true) => {
                return Err(call.options.error_at("profile", "`--explain` and `--profile` exclude each other", None));
            }
            (true, false) => Plan::Explain,
            (false, true) => Plan::Analyze,
            (false, false) => Plan::No,
        };
        if plan != Plan::No && out.is_some() {
            let option = if plan == Plan::Explain { "explain" } else { "profile" };
            return Err(call.options.error_at(option, "a plan cannot be stored as a DataFrame", Some("leave `--out` out".into())));
        }
        let runs = runs(call, plan)?;
        let prepared = prepare(&text.sql);
        if let Some(word) = runs.and(repeat::changes_tables(&prepared.sql)) {
            let hint = "time a SELECT, or a CREATE OR REPLACE TABLE … AS; run the rest in a cell without `--repeat`";
            return Err(call.options.error_at(
                "repeat",
                format!("`{word}` cannot be repeated: each run would change the tables"),
                Some(hint.into()),
            ));
        }
        let many = Settings::of(call, limit, runs, out.clone())?;
        let (threads, timeout_s) = (threads(call)?, timeout_s(call)?);
        let inputs = bind(&text, &prepared, host)?;
        if let Some(settings) = many {
            return many::run(call, &settings, &text, &prepared, inputs, host);
        }
        let engine = call.options.text("engine").unwrap_or("duckdb");
        let doing = format!("querying {}", shown(engine));
        let out_path = out.as_ref().map(|name| host.session_dir().join(format!("out_{name}.arrow")).to_string_lossy().into_owned());
        let mut request = SqlRequest {
            engine: engine.to_owned(),
            sql: prepared.sql.clone(),
            params: inputs.params,
            tables: inputs.tables,
            plan,
            limit,
            threads,
            timeout_s,
            connect: call.options.text("connect").map(str::to_owned),
            ..SqlRequest::default()
        };
        if engine != "duckdb" {
            // DuckDB reads files by itself; to the others they are tables of that name.
            request.tables.extend(many::prepare::files_by_name(&request.sql));
        }
        host.status(&doing);
        let live = call.live.clone();
        let original = |error| text.with_original_lines(error, &prepared);
        let timed = runs.map(|runs| repeat::run(&request, runs, host, &live)).transpose().map_err(original)?;
        let started = Instant::now();
        // A timed query writes its result in a run of its own, which is not timed.
        let (reply, timed) = match timed {
            Some((reply, timed)) if out_path.is_none() => (reply, Some(timed)),
            timed => {
                request.out.clone_from(&out_path);
                let reply = host.sql(&request, &mut |fraction| live.progress(&doing, fraction)).map_err(original)?;
                (reply, timed.map(|(_, timed)| timed))
            }
        };
        let wall_s = started.elapsed().as_secs_f64();
        let mut bound = None;
        if let (Some(name), Some(path)) = (&out, &out_path) {
            bound = Some(bind_result(call, name, path, &reply, host)?);
        }
        let mut bundle = render(engine, plan, &reply, wall_s, timed.as_ref(), bound);
        let label = call.options.text("label");
        if timed.is_some() || label.is_some() {
            let result = bundle.metadata.remove("benchbook").unwrap_or_default();
            bundle = bundle.with_result(results::record(result, label.or(out.as_deref())));
        }
        host.display(&bundle);
        Ok(())
    }
}

/// Asks one engine for what code of ours needs: rows, or the plan when `call` says `--explain`; nothing is shown.
///
/// # Errors
/// As for `%%sql`.
pub fn ask(call: &Call, host: &mut dyn Host) -> Result<SqlReply, MagicError> {
    let text = CellText::of(call)?;
    let prepared = prepare(&text.sql);
    let inputs = bind(&text, &prepared, host)?;
    let engine = call.options.text("engine").unwrap_or("duckdb");
    let mut request = SqlRequest {
        engine: engine.to_owned(),
        sql: prepared.sql.clone(),
        params: inputs.params,
        tables: inputs.tables,
        plan: if call.options.flag("explain") { Plan::Explain } else { Plan::No },
        limit: LIMIT,
        ..SqlRequest::default()
    };
    if engine != "duckdb" {
        request.tables.extend(many::prepare::files_by_name(&request.sql));
    }
    host.status(&format!("querying {}", shown(engine)));
    host.sql(&request, &mut |_| {}).map_err(|error| text.with_original_lines(error, &prepared))
}

fn output_name(call: &Call) -> Result<Option<String>, MagicError> {
    match (&call.assign, call.options.text("out")) {
        (Some(_), Some(_)) => Err(call.options.error_at("out", "`--out` and `name <<` are given both", Some("leave one out".into()))),
        (Some(name), None) => Ok(Some(name.clone())),
        (None, name) => Ok(name.map(str::to_owned)),
    }
}

fn limit(call: &Call) -> Result<usize, MagicError> {
    match call.options.int("limit") {
        None => Ok(LIMIT),
        Some(rows @ 0..=MOST_ROWS) => Ok(usize::try_from(rows).unwrap_or(LIMIT)),
        Some(rows) => {
            let hint = format!("it takes 0 to {MOST_ROWS}; `--out name` keeps all rows");
            Err(call.options.error_at("limit", format!("cannot show {rows} rows"), Some(hint)))
        }
    }
}

/// How often a timed query runs.
fn runs(call: &Call, plan: Plan) -> Result<Option<usize>, MagicError> {
    for option in ["repeat", "label"] {
        if plan != Plan::No && call.options.has(option) {
            let message = format!("`--{option}` is for queries, not for plans");
            return Err(call.options.error_at(option, message, Some("leave `--explain` and `--profile` out".into())));
        }
    }
    match call.options.int("repeat") {
        None => Ok(None),
        Some(runs @ 1..=MOST_RUNS) => Ok(usize::try_from(runs).ok()),
        Some(runs) => {
            let hint = format!("it takes 1 to {MOST_RUNS}; 11 or 21 give a useful interval");
            Err(call.options.error_at("repeat", format!("cannot run the query {runs} times"), Some(hint)))
        }
    }
}

/// Makes the stored result a Rust variable; says what was bound.
fn bind_result(call: &Call, name: &str, path: &str, reply: &SqlReply, host: &mut dyn Host) -> Result<String, MagicError> {
    if !reply.has_rows {
        let hint = "make a SELECT the last statement".to_owned();
        return Err(call.options.error_at(
            "out",
            format!("the statement returns no rows: there is nothing to bind to `{name}`"),
            Some(hint),
        ));
    }
    host.status("binding the result");
    host.eval_rust(&format!("let {name}: lab::polars::frame::DataFrame = lab::tables::adopt({name:?}, {path:?})?;"))?;
    Ok(format!("`{name}`: DataFrame, {} × {}", plural(reply.row_count, "row"), plural(reply.columns.len() as u64, "column")))
}

#[cfg(test)]
mod tests;
