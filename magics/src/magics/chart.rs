//! `%%chart`: the rows of a query as a picture.

use crate::charts::Footer;
use crate::charts::colours::{self, OTHER};
use crate::charts::plot::{Plot, PlotPoint, PlotSeries};
use crate::charts::value_bars::{ValueBar, ValueBars};
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::{self, Machine};
use crate::magics::sql::rows;
use crate::measure::result;
use crate::nearest::suggestion;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::sql_wire::{Column, SqlReply};

/// More points than this are no picture any more.
const MOST_POINTS: usize = 20_000;
/// More bars than this cannot be read.
const MOST_BARS: usize = 40;
/// More names along an axis than this cannot be read.
const MOST_NAMES: usize = 40;

static SPEC: Spec = Spec {
    name: "chart",
    kind: Kind::Both,
    summary: "Draws the rows of a query: lines, points or bars",
    category: "Data",
    options: &[
        OptionSpec::value("x", ValueKind::Text, "Column along the horizontal axis; of bars: their labels; of points: numbers or names")
            .short('x')
            .default("the first"),
        OptionSpec::value("y", ValueKind::Text, "Column of the values; with `--kind`: numbers or names").short('y').default("the second"),
        OptionSpec::value("by", ValueKind::Text, "Column with the names of series").short('b'),
        OptionSpec::value("label", ValueKind::Text, "Column with a text for each point").short('l'),
        OptionSpec::value(
            "kind",
            ValueKind::Choice(&["lines", "points", "bars"]),
            "What is drawn; without it lines, or bars when x is text",
        ),
        OptionSpec::value("log", ValueKind::Choices(&["x", "y"]), "Axes that are logarithmic"),
        OptionSpec::value("title", ValueKind::Text, "Title of the chart").short('t').default("y against x"),
        OptionSpec::value("x-title", ValueKind::Text, "What is along the horizontal axis, with its unit").default("name of the column"),
        OptionSpec::value("y-title", ValueKind::Text, "What the values are, with their unit").default("name of the column"),
        OptionSpec::value("note", ValueKind::Text, "A sentence under the title, for example which direction is better"),
    ],
    positional: Some(Positional {
        name: "query",
        kind: PositionalKind::Code,
        required: false,
        help: "SQL, on the line or below it; tables are Rust and Python variables, SQL tables and files, as in `%%sql`",
    }),
    examples: &[
        Example { code: "%%chart --x n --y bytes --by layout --log x,y\nSELECT n, bytes, layout FROM sizes ORDER BY n", about: "Curves" },
        Example {
            code: "%chart --x layout --y bytes --title \"Bytes per row\" SELECT layout, bytes FROM sizes WHERE n = 1000000",
            about: "Bars: x is text",
        },
        Example {
            code: "%%chart --kind points --label way --log x,y\nSELECT megabytes, seconds, way FROM formats",
            about: "Points with their names",
        },
        Example {
            code: "%%chart --kind points --x ms --y question --by engine --log x\nSELECT ms, question, engine FROM times",
            about: "A row for each question, a marker for each engine: y is text",
        },
    ],
    details: "Rows are drawn in the order of the query; a line breaks at a NULL. Names along an axis stand in the order in \
which they come, from the top or the left; markers of several series at one name lie side by side. Times that were measured are drawn, with their intervals, by \
`%results`.",
};

/// The magic.
pub struct Chart;

impl Magic for Chart {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let reply = rows::rows(call, MOST_POINTS, host)?;
        let drawn = Columns::of(call, &reply)?.draw(call, &reply)?;
        let title = call.options.text("title").unwrap_or("chart");
        let result = result::object(SPEC.name, title, Vec::new(), None, &Default::default()).with("rows", reply.rows.len()).value();
        host.display(&drawn.bundle().with_result(result));
        Ok(())
    }
}

/// Which column is what.
struct Columns {
    x: usize,
    y: usize,
    by: Option<usize>,
    label: Option<usize>,
}

impl Columns {
    fn of(call: &Call, reply: &SqlReply) -> Result<Self, MagicError> {
        if !reply.has_rows || reply.rows.is_empty() {
            return Err(MagicError::new("ChartError", "the query returns no rows: there is nothing to draw")
                .hint("end the cell with a SELECT; `%%sql` shows what it returns"));
        }
        if reply.row_count > MOST_POINTS as u64 {
            return Err(MagicError::new(
                "ChartError",
                format!("the query returns {} rows, a chart draws at most {MOST_POINTS}", reply.row_count),
            )
            .hint("group the rows, or take a sample with `USING SAMPLE 1000`"));
        }
        let find = |option: &str, at: Option<usize>| match call.options.text(option) {
            Some(name) => column(call, option, name, &reply.columns).map(Some),
            None => Ok(at.filter(|at| *at < reply.columns.len())),
        };
        let x = find("x", Some(0))?;
        let y = find("y", Some(1))?;
        match (x, y) {
            (Some(x), Some(y)) => Ok(Self { x, y, by: find("by", None)?, label: find("label", None)? }),
            _ => Err(MagicError::new("ChartError", "the query returns one column, a chart needs two").hint("select x and y")),
        }
    }

    fn draw(&self, call: &Call, reply: &SqlReply) -> Result<crate::charts::Chart, MagicError> {
        let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten();
        let number = |row: &[Option<String>], at: usize| match text(row, at) {
            None => Ok(None),
            Some(value) => value.parse::<f64>().map(Some).map_err(|_| {
                let name = &reply.columns[at].name;
                MagicError::new("ChartError", format!("column `{name}` holds `{value}`, which is no number"))
                    .hint("choose the columns with `--x`, `--y` and `--by`; dates can be drawn as `epoch(d)`, names with `--kind points`")
            }),
        };
        let title = |option: &str, at: usize| call.options.text(option).unwrap_or(&reply.columns[at].name).to_owned();
        let (x_title, y_title) = (title("x-title", self.x), title("y-title", self.y));
        let heading = call.options.text("title").map_or_else(|| format!("{y_title} against {x_title}"), str::to_owned);
        let note = call.options.text("note").unwrap_or_default().to_owned();
        let log = |axis: &str| call.options.list("log").is_some_and(|axes| axes.iter().any(|given| given == axis));
        let x_is_number = reply.rows.iter().all(|row| number(row, self.x).is_ok());
        let kind = call.options.text("kind").unwrap_or(if x_is_number { "lines" } else { "bars" });
        let mut names: Vec<String> = Vec::new();
        for row in &reply.rows {
            let name = self.by.and_then(|by| text(row, by)).unwrap_or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let series_of = |row: &[Option<String>]| {
            let name = self.by.and_then(|by| text(row, by)).unwrap_or_default();
            names.iter().position(|known| *known == name).unwrap_or(0)
        };
        let looks = colours::series(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let footer = Footer { machine: Machine::read().line(None), build: machine::build_line(), noise: None };
        if kind == "bars" {
            if reply.rows.len() > MOST_BARS {
                return Err(MagicError::new("ChartError", format!("{} bars cannot be read; {MOST_BARS} can", reply.rows.len()))
                    .hint("`--kind lines` or `--kind points`, or fewer rows: `LIMIT 20`"));
            }
            let bar = |row: &Vec<Option<String>>| {
                let label = text(row, self.x).unwrap_or_else(|| "NULL".into());
                let own = colours::look(&label);
                let look = if self.by.is_some() {
                    looks[series_of(row)]
                } else if own == OTHER {
                    looks[0]
                } else {
                    own
                };
                let series = self.by.map(|_| names[series_of(row)].clone()).unwrap_or_default();
                Ok(ValueBar { label, series, look, value: number(row, self.y)? })
            };
            let bars = reply.rows.iter().map(bar).collect::<Result<_, MagicError>>()?;
            return ValueBars { title: heading, note, value_title: y_title, log: log("y"), bars, footer }.draw();
        }
        let x_names = if kind == "points" { names_of(reply, self.x, call)? } else { Vec::new() };
        let y_names = if call.options.has("kind") { names_of(reply, self.y, call)? } else { Vec::new() };
        let place = |row: &[Option<String>], at: usize, names: &[String]| match names {
            [] => number(row, at),
            names => Ok(text(row, at).and_then(|name| names.iter().position(|known| *known == name)).map(|place| place as f64)),
        };
        let mut series: Vec<PlotSeries> =
            names.iter().zip(looks).map(|(name, look)| PlotSeries { name: name.clone(), look, points: Vec::new() }).collect();
        for row in &reply.rows {
            let (x, y) = (place(row, self.x, &x_names)?, place(row, self.y, &y_names)?);
            let label = self.label.and_then(|label| text(row, label));
            series[series_of(row)].points.push(PlotPoint { x: x.unwrap_or(f64::NAN), y: y.unwrap_or(f64::NAN), label });
        }
        let (log_x, log_y) = (log("x") && x_names.is_empty(), log("y") && y_names.is_empty());
        let lines = kind == "lines";
        Plot { title: heading, note, x_title, y_title, log_x, log_y, x_names, y_names, lines, series, footer }.draw()
    }
}

/// The different texts of a column in the order in which they come; none when it holds numbers or times.
fn names_of(reply: &SqlReply, at: usize, call: &Call) -> Result<Vec<String>, MagicError> {
    let texts = || reply.rows.iter().filter_map(|row| row.get(at)?.as_deref());
    // A time has a distance to the next one, which equal slots would hide.
    let is_time = ["DATE", "TIME", "INTERVAL"].iter().any(|kind| reply.columns[at].type_name.to_uppercase().starts_with(kind));
    if is_time || texts().all(|text| text.parse::<f64>().is_ok()) {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = Vec::new();
    for text in texts() {
        if !names.iter().any(|known| known == text) {
            names.push(text.to_owned());
        }
    }
    if names.len() > MOST_NAMES {
        let column = &reply.columns[at].name;
        let kind = call.options.text("kind").unwrap_or_default();
        return Err(MagicError::new(
            "ChartError",
            format!("column `{column}` has {} different texts; {MOST_NAMES} fit along an axis", names.len()),
        )
        .hint(format!("group the rows, or choose a column of numbers for `--kind {kind}`")));
    }
    Ok(names)
}

fn column(call: &Call, option: &str, name: &str, columns: &[Column]) -> Result<usize, MagicError> {
    let found = columns.iter().position(|column| column.name == name);
    found.or_else(|| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))).ok_or_else(|| {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let hint = suggestion(name, names.iter().copied()).unwrap_or_else(|| format!("there are {}", names.join(", ")));
        call.options.error_at(option, format!("the query returns no column `{name}`"), Some(hint))
    })
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
