//! `%%compare`: several ways to the same value, in Rust, Python and SQL, timed side by side.
//!
//! | file | what |
//! |---|---|
//! | [`parse`] | header lines and sections |
//! | [`settings`] | the options |
//! | [`variant`] | what became of one variant |
//! | [`runner`] | runs one variant once more, in its language |
//! | [`gate`] | whether all values are equal |
//! | [`measure`] | first runs, warm-up, rounds in random order |
//! | [`sweep`] | all of this at each value of a variable |
//! | [`show`], [`object`] | chart, table, words; the result object |

mod gate;
mod measure;
mod object;
mod parse;
mod runner;
mod settings;
mod show;
mod sweep;
mod variant;

pub use parse::{Lang, section_at};
use serde_json::json;

use crate::error::MagicError;
use crate::host::Host;
use crate::measure::codegen;
use crate::registry::{Call, Magic};
use crate::results;
use crate::spec::{Example, Kind, OptionSpec, Spec, ValueKind};
use measure::Measured;
use runner::Runner;
use settings::Settings;
use variant::Variant;

static SPEC: Spec = Spec {
    name: "compare",
    kind: Kind::Cell,
    summary: "Compares variants in Rust, Python and SQL: equal values first, then times, with a verdict",
    category: "Measuring",
    options: &[
        OptionSpec::value("baseline", ValueKind::Text, "Label of the variant that the others are compared with").default("the first"),
        OptionSpec::value("rounds", ValueKind::Int, "Rounds; each runs every variant once")
            .short('r')
            .default("chosen, 6 to 101 within the budget"),
        OptionSpec::value("budget", ValueKind::Duration, "About how long to measure").default("10s"),
        OptionSpec::value("delta", ValueKind::Text, "Differences below this do not matter").default("2%"),
        OptionSpec::value("tolerance", ValueKind::Float, "Relative tolerance of floats and decimals").default("1e-9"),
        OptionSpec::flag("ordered", "Rows must come in the same order, also those of tables"),
        OptionSpec::flag("unordered", "Rows may come in any order, also those of vectors and lists"),
        OptionSpec::value(
            "sweep",
            ValueKind::Text,
            "Varies a variable: `n=1e3..1e7` or with a number of points `n=1e3..1e7,9`; draws curves",
        ),
        OptionSpec::value("bytes", ValueKind::Float, "With --sweep: bytes per unit, to mark the sizes of the caches"),
        OptionSpec::flag("memory", "Measures and draws the peak of memory of one run, too"),
        OptionSpec::flag("no-check", "Ranks without comparing the values; says so"),
        OptionSpec::value("processes", ValueKind::Int, "Repeats everything in fresh Rust workers; Rust variants only").default("1"),
        OptionSpec::value("timeout", ValueKind::Duration, "Time limit of one query of an SQL variant").default("60s"),
        OptionSpec::value(
            "label",
            ValueKind::Text,
            "Name of the comparison; in `%results` and `%claim` variants are then `LABEL: variant`",
        )
        .short('l'),
        OptionSpec::value("title", ValueKind::Text, "Title of the chart").short('t').default("the label, else the variants"),
        OptionSpec::value("out", ValueKind::Name, "Binds the timings to this Rust variable, a `Vec<(String, Timing)>`").short('o'),
    ],
    positional: None,
    examples: &[
        Example {
            code: "%%compare\n%% setup rust\nlet v: Vec<u64> = (0..100_000).collect();\n%% rust label=iterator\nv.iter().sum::<u64>()\n\
                   %% rust label=loop\nlet mut sum = 0;\nfor i in 0..v.len() { sum += v[i]; }\nsum",
            about: "Two ways in Rust",
        },
        Example {
            code: "%%compare --baseline python --budget 5s\n%% python\nsum(range(1_000_000))\n%% rust\n(0..1_000_000u64).sum::<u64>()\n\
                   %% sql engine=duckdb\nSELECT sum(range) FROM range(1000000)",
            about: "Three languages; values are compared across them",
        },
        Example {
            code: "%%compare --sweep n=1e3..1e6 --bytes 8\n%% setup rust\nlet v: Vec<u64> = (0..n as u64).rev().collect();\n\
                   %% rust label=sort\nlet mut w = v.clone();\nw.sort();\nw[0]\n%% rust label=minimum\n*v.iter().min().unwrap()",
            about: "Curves against `n`, with exponents, crossings and the sizes of the caches",
        },
    ],
    details: "A variant starts with a header line: `%% rust label=…`, `%% python label=… env=…`, `%% sql engine=duckdb label=…`. Its value, \
by which it is compared with the others, is that of its last expression; in Python too. `%% setup rust` (`python`, `sql`) is run once, \
untimed, as if it stood in a cell above.\n\n\
Every variant first runs once: that time is told apart, and its value is compared with the baseline's before anything is ranked. Tables, \
vectors, lists, arrays, numbers and texts are compared across languages, as tables of Arrow; columns by their place, a single value as a \
table of one row. The order of rows counts between vectors, lists and queries with ORDER BY; rows of data frames and other queries are a \
set. A tuple is a row; a map is a table of keys and values; a named index of pandas is a column. Other values of Rust are compared by \
their `Debug` text. What differs is shown side by side, and what cannot be compared is said; then nothing is ranked.\n\n\
Then each variant is warmed up, and runs in batches of equal length (1 to 10 ms, or one run), once per round, in random order. A ratio is \
the median over rounds of the paired ratios, with a bootstrap interval. `faster` and `slower` are said when the interval leaves out 1, \
the difference is above `--delta` and Wilcoxon's signed-rank test agrees (p < 0.05, Holm-adjusted for several variants); `equivalent` \
when the interval lies within delta of 1; else `cannot tell`, with the rounds that may be needed.\n\n\
A variant that fails is shown as that, and the others go on. Times of SQL are the engine's own (plan, execute, fetch); in Python, garbage \
collection is off while a batch runs. An interrupt shows the rounds measured so far.\n\n\
`--memory` runs each variant once more, after the rounds: shown is by how much the process that runs it (Rust worker, Python worker, engine) grew \
at most, after free memory was given back to the system; memory that was there before, such as the inputs, does not count.\n\n\
`--processes 5` repeats warm-up and rounds in fresh Rust workers, as `%restore` makes them, which takes the luck of memory layout out; the \
budget is shared among them.\n\n\
`--sweep n=1e3..1e7` does all of this for several values of `n`, spaced geometrically: `n` is set in every language (in Rust a `usize` \
that the optimiser cannot see, in Python an `int`, in SQL the parameter `{n}`), set-ups run again, values are compared again. It stays \
defined with its last value. A variant whose runs would take more than half of the budget at the next size is left out there. The results \
are labelled `variant @ 1000`, as `%results --x` draws them.",
};

/// The magic.
pub struct Compare;

impl Magic for Compare {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let sections = parse::parse(call)?;
        let settings = Settings::of(call, &sections)?;
        let mut runner = Runner::new(call, &sections, &settings);
        let outcome = match &settings.sweep {
            Some(values) => sweep::run(&mut runner, &sections, &settings, values, host),
            None => compare(&mut runner, &sections, &settings, host),
        };
        runner.forget(host);
        outcome
    }
}

fn compare(runner: &mut Runner<'_>, sections: &parse::Sections, settings: &Settings, host: &mut dyn Host) -> Result<(), MagicError> {
    runner.prepare(None, host)?;
    let variants = sections.variants.iter().cloned().map(Variant::new).collect();
    let measured = measure::measure(runner, settings, variants, settings.budget_s, host)?;
    let result = results::record(object::result(&measured, settings), settings.label.as_deref());
    show::show(&measured, settings, &result, host)?;
    bind(&measured, settings, host)?;
    if measured.interrupted {
        return Err(MagicError::interrupted());
    }
    // When nothing has run, the cell has failed.
    match measured.variants.iter().find_map(|variant| variant.error.as_ref()) {
        Some(error) if measured.variants.iter().all(|variant| variant.first_s.is_none()) => {
            Err(MagicError::new(error.name.clone(), format!("every variant failed; the first: {}", error.message)))
        }
        _ => Ok(()),
    }
}

/// Binds the timings of `--out`.
fn bind(measured: &Measured, settings: &Settings, host: &mut dyn Host) -> Result<(), MagicError> {
    let Some(name) = settings.out.as_deref().filter(|_| !measured.interrupted) else { return Ok(()) };
    let timing = |variant: &Variant| {
        let summary = variant.summary().filter(|_| variant.is_ok())?;
        let timing = json!({
            "median_s": summary.median,
            "ci_s": summary.ci.map(|(low, high)| [low, high]),
            "min_s": summary.min,
            "samples_s": variant.samples,
            "iterations": variant.iterations,
        });
        Some((variant.label().to_owned(), timing))
    };
    let timings: Vec<_> = measured.variants.iter().filter_map(timing).collect();
    host.eval_rust(&codegen::bind_timings(name, &timings)).map(drop)
}

#[cfg(test)]
mod tests;
