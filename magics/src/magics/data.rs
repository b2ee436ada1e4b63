//! `%data`: makes a dataset of the course, or lists what can be made.

use std::path::Path;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::html;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::sql_wire::SqlRequest;
use crate::table::{Heading, Table};
use crate::units;

/// Names of the sets, for completion and usage errors.
pub const SETS: &[&str] = &["tpch", "stocks"];

static SPEC: Spec = Spec {
    name: "data",
    kind: Kind::Line,
    summary: "Makes a dataset, or lists those that can be made",
    category: "Data",
    options: &[
        OptionSpec::value("sf", ValueKind::Float, "`tpch`: scale factor; 1 gives six million rows in `lineitem`").default("0.01"),
        OptionSpec::value("days", ValueKind::Int, "`stocks`: trading days").default("20"),
        OptionSpec::value("symbols", ValueKind::Int, "`stocks`: number of symbols").default("29"),
        OptionSpec::value("seed", ValueKind::Int, "`stocks`: another seed gives another market").default("42"),
        OptionSpec::value("formats", ValueKind::List, "file formats out of parquet, csv, jsonl").short('f'),
        OptionSpec::flag("tables", "makes each Parquet file a SQL view of its name").short('t'),
        OptionSpec::flag("force", "makes the files again"),
    ],
    positional: Some(Positional {
        name: "set",
        kind: PositionalKind::Choice(SETS),
        required: false,
        help: "which dataset; without it, a list",
    }),
    examples: &[
        Example { code: "%data", about: "What can be made and what is there" },
        Example { code: "%data tpch --sf 0.1", about: "TPC-H-derived tables" },
        Example { code: "%data stocks --days 20 --tables", about: "Minute bars, at once usable as SQL tables" },
    ],
    details: "Files are the same on every computer, kept in a cache folder, checked before use and made again when they are broken.\n\n`tpch` \
is TPC-H-derived and not comparable with TPC-H results; 22 queries over it, with answers, are in `datasets/queries/tpch`: run one with \
`%sql --file ../datasets/queries/tpch/q01.sql` after `%data tpch --tables`.",
};

/// Options and the set that each belongs to.
const BELONGS: &[(&str, &str)] = &[("sf", "tpch"), ("days", "stocks"), ("symbols", "stocks"), ("seed", "stocks")];

/// The magic.
pub struct Data;

impl Magic for Data {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let Some(set) = call.options.words().first() else {
            if let Some(option) = SPEC.options.iter().find(|option| call.options.has(option.long)) {
                let hint = format!("write `%data tpch` or `%data stocks` before `--{}`", option.long);
                return Err(call.options.error_at(option.long, "there is no set to make", Some(hint)));
            }
            return list(host);
        };
        if let Some((option, owner)) = BELONGS.iter().find(|(option, owner)| owner != set && call.options.has(option)) {
            let message = format!("`--{option}` belongs to `{owner}`, not to `{set}`");
            return Err(call.options.error_at(option, message, None));
        }
        host.status(&format!("making {set}"));
        let arguments = arguments(call, set);
        let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = run_data(&borrowed, call, host)?;
        let made = Made::of(&answer).ok_or_else(|| broken(&answer))?;
        host.display(&made.bundle(set));
        if call.options.flag("tables") {
            make_views(&made, host)?;
        }
        Ok(())
    }
}

fn arguments(call: &Call, set: &str) -> Vec<String> {
    let mut arguments = vec!["data".to_owned(), set.to_owned()];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            arguments.push(format!("--{name}"));
            arguments.push(value);
        }
    };
    add("sf", call.options.float("sf").map(|sf| sf.to_string()));
    for name in ["days", "symbols", "seed"] {
        add(name, call.options.int(name).map(|value| value.to_string()));
    }
    add("formats", call.options.list("formats").map(|formats| formats.join(",")));
    if call.options.flag("force") {
        arguments.push("--force".to_owned());
    }
    arguments.push("--json".to_owned());
    arguments
}

/// Runs `benchbook data …`, shows progress, and returns its last JSON line.
fn run_data(arguments: &[&str], call: &Call, host: &mut dyn Host) -> Result<Value, MagicError> {
    let live = call.live.clone();
    let mut last = Value::Null;
    let outcome = host.run_self(arguments, &mut |line| {
        let Ok(value) = serde_json::from_str::<Value>(line) else { return };
        match (value.get("done").and_then(Value::as_f64), value.get("what").and_then(Value::as_str)) {
            (Some(fraction), what) => live.progress(what.unwrap_or("making data"), fraction),
            (None, _) => last = value,
        }
    });
    // The program's own words say more than its exit code.
    if let Some(error) = last.get("error").and_then(Value::as_str) {
        return Err(MagicError::new("DataError", error).hint("`%data --help` shows the options; `benchbook doctor` checks the data folder"));
    }
    outcome?;
    Ok(last)
}

fn broken(answer: &Value) -> MagicError {
    MagicError::new("DataError", format!("unexpected answer of `benchbook data`: {answer}"))
        .hint("are kernel and program of the same version?")
}

/// A set that is there.
struct Made {
    dir: String,
    reused: bool,
    files: Vec<File>,
}

struct File {
    name: String,
    path: String,
    rows: Option<u64>,
    bytes: Option<u64>,
}

impl Made {
    fn of(answer: &Value) -> Option<Self> {
        let dir = answer.get("dir")?.as_str()?.to_owned();
        let files = answer.get("files")?.as_array()?.iter().filter_map(|file| {
            let path = file.get("path").unwrap_or(file).as_str()?;
            let path = Path::new(&dir).join(path);
            Some(File {
                name: path.file_name()?.to_string_lossy().into_owned(),
                path: path.to_string_lossy().into_owned(),
                rows: file.get("rows").and_then(Value::as_u64),
                bytes: file.get("bytes").and_then(Value::as_u64),
            })
        });
        let files = files.collect();
        Some(Self { dir, reused: answer.get("reused").and_then(Value::as_bool).unwrap_or(false), files })
    }

    fn bundle(&self, set: &str) -> Bundle {
        let row = |file: &File| {
            let number = |value: Option<u64>, show: fn(u64) -> String| Some(value.map_or_else(String::new, show));
            vec![Some(file.name.clone()), number(file.rows, units::count), number(file.bytes, units::bytes)]
        };
        let state = if self.reused { "there already, verified" } else { "made and verified" };
        let table = Table {
            headings: vec![Heading::text("file"), Heading::number("rows"), Heading::number("size")],
            rows: self.files.iter().map(row).collect(),
            caption: vec![format!("{set}: {state}, in {}", homely(&self.dir))],
            marked: false,
        };
        let example = self.example();
        let text = format!("{}\nUse it in SQL, for example:\n{example}", table.text());
        let html = format!(
            "{}<div style=\"{};font-size:.9em\">Use it in SQL, for example:</div>{}",
            table.html(),
            html::MUTED,
            html::pre(&example)
        );
        Bundle::text(text).with("text/html", html)
    }

    /// A query that can be pasted into a cell.
    fn example(&self) -> String {
        let parquet = self.files.iter().filter(|file| file.name.ends_with(".parquet"));
        let biggest = parquet.max_by_key(|file| file.rows).or_else(|| self.files.iter().max_by_key(|file| file.rows));
        let path = biggest.map_or(self.dir.as_str(), |file| file.path.as_str());
        format!("%%sql\nSELECT count(*) AS n FROM {}", sql_text(&homely(path)))
    }
}

/// A path as people write it, with `~` for their home folder (DuckDB reads that): a published notebook says nothing of the
/// machine it ran on.
fn homely(path: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    match path.strip_prefix(&home).filter(|rest| home.len() > 1 && rest.starts_with('/')) {
        Some(rest) => format!("~{rest}"),
        None => path.to_owned(),
    }
}

/// A path or text as a SQL string.
fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn make_views(made: &Made, host: &mut dyn Host) -> Result<(), MagicError> {
    let parquet: Vec<(&File, &str)> = made.files.iter().filter_map(|file| Some((file, file.name.strip_suffix(".parquet")?))).collect();
    if parquet.is_empty() {
        return Err(MagicError::new("DataError", "there is no Parquet file to make a view of").hint("add `--formats parquet`"));
    }
    let views = parquet
        .iter()
        .map(|(file, name)| format!("CREATE OR REPLACE VIEW \"{}\" AS SELECT * FROM {};", name.replace('"', "\"\""), sql_text(&file.path)));
    let sql = views.collect::<Vec<_>>().join("\n");
    host.sql(&SqlRequest { engine: "duckdb".into(), sql, ..SqlRequest::default() }, &mut |_| {})?;
    let names: Vec<String> = parquet.iter().map(|(_, name)| format!("`{name}`")).collect();
    let line = format!("SQL tables: {}", names.join(", "));
    host.display(&Bundle::text(line.clone()).with("text/html", html::inline(&line)));
    Ok(())
}

fn list(host: &mut dyn Host) -> Result<(), MagicError> {
    let answer = run_data(&["data", "list", "--json"], &Call::default(), host)?;
    let items = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let sets = items("sets");
    if sets.is_empty() {
        return Err(broken(&answer));
    }
    let known = Table {
        headings: vec![Heading::text("set"), Heading::text("what it is"), Heading::text("licence")],
        rows: sets.iter().map(|set| ["name", "about", "licence"].map(|key| Some(text(set, key))).to_vec()).collect(),
        caption: vec!["make one with `%data tpch --sf 0.1` or `%data stocks --days 20`".into()],
        marked: false,
    };
    let row = |made: &Value| {
        let bytes = made.get("bytes").and_then(Value::as_u64).map_or_else(String::new, units::bytes);
        vec![Some(text(made, "set")), Some(homely(&text(made, "dir"))), Some(bytes)]
    };
    let made = items("made");
    let there = Table {
        headings: vec![Heading::text("made"), Heading::text("folder"), Heading::number("size")],
        rows: made.iter().map(row).collect(),
        ..Table::default()
    };
    if made.is_empty() {
        host.display(&known.bundle());
        return Ok(());
    }
    // A folder is worth reading whole: text cells are cut, so paths also follow line by line.
    let folders: Vec<String> = made.iter().map(|made| format!("  {}", homely(&text(made, "dir")))).collect();
    let plain = format!("{}\n\n{}\n{}", known.text(), there.text(), folders.join("\n"));
    host.display(&Bundle::text(plain).with("text/html", format!("{}\n{}", known.html(), there.html())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Example, SPEC};
    use crate::sql_wire::SqlReply;
    use crate::testing::{Recorder, plain, run_cell};

    fn host() -> Recorder {
        let lines = [
            r#"{"done":0.4,"what":"writing lineitem"}"#,
            "noise",
            r#"{"dir":"/data/it's","reused":false,"files":[{"path":"/data/it's/lineitem.parquet","table":"lineitem","rows":600572,"bytes":33000000},{"path":"region.csv","rows":5,"bytes":400}]}"#,
        ];
        Recorder { self_lines: lines.map(str::to_owned).to_vec(), ..Recorder::default() }
    }

    #[test]
    fn files_and_an_example_are_shown() {
        let mut host = host();
        run_cell("%data tpch --sf 0.1", &mut host).unwrap();
        assert_eq!(host.self_runs[0], ["data", "tpch", "--sf", "0.1", "--json"]);
        let text = host.shown();
        assert!(text.contains("lineitem.parquet") && text.contains("tpch: made and verified, in /data/it's"), "{text}");
        assert!(text.ends_with("%%sql\nSELECT count(*) AS n FROM '/data/it''s/lineitem.parquet'"), "{text}");
    }

    #[test]
    fn views_on_request() {
        let mut host = host().reply(Ok(SqlReply::default()));
        run_cell("%data tpch --tables", &mut host).unwrap();
        assert_eq!(host.sql[0].sql, "CREATE OR REPLACE VIEW \"lineitem\" AS SELECT * FROM '/data/it''s/lineitem.parquet';");
        assert!(host.shown().contains("SQL tables: `lineitem`"));
    }

    #[test]
    fn wrong_sets_and_options_are_explained() {
        let mut host = host();
        let text = plain(&run_cell("%data tcph", &mut host).unwrap_err());
        assert!(text.contains("unknown set `tcph`") && text.contains("did you mean `tpch`?"), "{text}");
        let text = plain(&run_cell("%data stocks --sf 1", &mut host).unwrap_err());
        assert!(text.contains("`--sf` belongs to `tpch`"), "{text}");
        assert!(plain(&run_cell("%data --sf 1", &mut host).unwrap_err()).contains("no set to make"));
        assert!(host.self_runs.is_empty());
        host.self_lines = vec![r#"{"error":"scale factor 99 is out of range"}"#.into()];
        assert!(plain(&run_cell("%data tpch --sf 99", &mut host).unwrap_err()).contains("out of range"));
    }

    #[test]
    fn the_list() {
        let line = r#"{"root":"/d","sets":[{"name":"tpch","about":"Eight tables","licence":"x"}],"made":[{"dir":"/d/tpch-0.1","set":"tpch","bytes":10}]}"#;
        let mut host = Recorder { self_lines: vec![line.into()], ..Recorder::default() };
        run_cell("%data", &mut host).unwrap();
        assert!(host.shown().contains("Eight tables") && host.shown().contains("/d/tpch-0.1"));
        assert!(SPEC.examples.iter().any(|Example { code, .. }| *code == "%data"));
    }
}
