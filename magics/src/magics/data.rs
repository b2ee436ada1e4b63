//! `%data`: makes a dataset of the course, or lists what can be made.

use std::path::Path;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::sql_wire::SqlRequest;
use crate::table::{Heading, Table};
use crate::units;
use crate::{home, html};

/// Names of the sets, for completion and usage errors.
const SETS: &[&str] = &["tpch", "stocks", "taxi", "h2o", "events", "ticks", "words"];

static SPEC: Spec = Spec {
    name: "data",
    kind: Kind::Line,
    summary: "Makes a dataset, or lists those that can be made",
    category: "Data",
    options: &[
        OptionSpec::value("sf", ValueKind::PerScale, "`tpch`: scale factor; 1 gives six million rows in `lineitem`").default("0.01"),
        OptionSpec::value("days", ValueKind::PerScale, "`stocks`: trading days").default("20"),
        OptionSpec::value("symbols", ValueKind::PerScale, "`stocks`: number of symbols").default("29"),
        OptionSpec::value("rows", ValueKind::PerScale, "`taxi`, `h2o`, `events`: rows"),
        OptionSpec::value("groups", ValueKind::PerScale, "`h2o`: groups of id1, id2, id4 and id5").default("100"),
        OptionSpec::value("zipf", ValueKind::PerScale, "`events`: exponent of the skew of users and repositories; 0 is none")
            .default("1.1"),
        OptionSpec::value("seconds", ValueKind::PerScale, "`ticks`: length of the feed").default("30"),
        OptionSpec::value("rate", ValueKind::PerScale, "`ticks`: trades a second").default("10000"),
        OptionSpec::value("words", ValueKind::PerScale, "`words`: number of words").default("1000000"),
        OptionSpec::value("seed", ValueKind::Int, "another seed gives other data of the same kind (not `tpch`)").default("42"),
        OptionSpec::value(
            "scale",
            ValueKind::Choice(&["ci", "class", "big"]),
            "other sizes than those of `ci`; `COURSE_SCALE` sets it for all",
        ),
        OptionSpec::value("formats", ValueKind::List, "file formats out of parquet, csv, jsonl (`words`: txt)").short('f'),
        OptionSpec::flag("tables", "makes each Parquet file a SQL view of its name").short('t'),
        OptionSpec::value("out", ValueKind::Name, "binds the set's folder: a `String` in Rust, a `Path` in Python").short('o'),
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
        Example { code: "%data taxi --rows 2e5 --out taxi", about: "Taxi trips; `taxi` is their folder in Rust and Python" },
        Example { code: "%data h2o --scale class", about: "The size of a lesson" },
        Example { code: "%data tpch --sf 0.1/1/10", about: "Another size than usual at each scale: `ci`, `class`, `big`" },
    ],
    details: "Files are the same on every computer, kept in a cache folder, checked before use and made again when they are broken. \
`manifest.json` beside them tells rows, checksums, licence and the planted answer.\n\nSizes by `--scale`, else by the environment variable \
`COURSE_SCALE`, else `ci` (then `class`, `big`): `tpch` sf 0.01 (1, 10), `stocks` 20 days (252, 910), `taxi` 2e5 rows (3e6, 1e7), `h2o` 1e6 \
rows (1e7, 1e8), `events` 1e5 rows (1e6, 1e7), `ticks` 30 s (300, 3000), `words` 1e6 (1e7, 1e8). A notebook that wants others says so for each scale: `--sf 0.1/1/10`.\n\n`tpch` \
is TPC-H-derived and not comparable with TPC-H results; 22 queries over it, with answers, are in `datasets/queries/tpch`: run one with \
`%sql --file ../datasets/queries/tpch/q01.sql` after `%data tpch --tables`.",
};

/// Options and the sets that have them; the others belong to all.
const BELONGS: &[(&str, &[&str])] = &[
    ("sf", &["tpch"]),
    ("days", &["stocks"]),
    ("symbols", &["stocks"]),
    ("rows", &["taxi", "h2o", "events"]),
    ("groups", &["h2o"]),
    ("zipf", &["events"]),
    ("seconds", &["ticks"]),
    ("rate", &["ticks"]),
    ("words", &["words"]),
    ("seed", &["stocks", "taxi", "h2o", "events", "ticks", "words"]),
];

/// The magic.
pub struct Data;

impl Magic for Data {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let Some(set) = call.options.words().first() else {
            if let Some(option) = SPEC.options.iter().find(|option| call.options.has(option.long)) {
                let owner = BELONGS.iter().find(|(name, _)| *name == option.long).map_or("taxi", |(_, owners)| owners[0]);
                let hint = format!("write a set before `--{}`, for example `%data {owner}`", option.long);
                return Err(call.options.error_at(option.long, "there is no set to make", Some(hint)));
            }
            return list(host);
        };
        if let Some((option, owners)) = BELONGS.iter().find(|(option, owners)| !owners.contains(&set.as_str()) && call.options.has(option))
        {
            let owners: Vec<_> = owners.iter().map(|owner| format!("`{owner}`")).collect();
            let message = format!("`--{option}` belongs to {}, not to `{set}`", owners.join(", "));
            return Err(call.options.error_at(option, message, None));
        }
        let out = call.assign.as_deref().or(call.options.text("out"));
        host.status(&format!("making {set}"));
        let arguments = arguments(call, set);
        let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = run_data(&borrowed, call, host)?;
        let made = Made::of(&answer).ok_or_else(|| broken(&answer))?;
        host.display(&made.bundle(set));
        if call.options.flag("tables") {
            make_views(&made, host)?;
        }
        out.map_or(Ok(()), |name| bind(name, &made.dir, host))
    }
}

fn arguments(call: &Call, set: &str) -> Vec<String> {
    let options = &call.options;
    let mut arguments = vec!["data".to_owned(), set.to_owned()];
    for name in BELONGS.iter().map(|(name, _)| *name).chain(["scale", "formats"]) {
        let value = match SPEC.option(name).and_then(|option| option.value) {
            Some(ValueKind::Int) => options.int(name).map(|value| value.to_string()),
            Some(ValueKind::List) => options.list(name).map(|items| items.join(",")),
            _ => options.text(name).map(str::to_owned),
        };
        arguments.extend(value.into_iter().flat_map(|value| [format!("--{name}"), value]));
    }
    if options.flag("force") {
        arguments.push("--force".to_owned());
    }
    arguments.push("--json".to_owned());
    arguments
}

/// Makes the folder of the set a variable in Rust and Python; a Python that does not start takes nothing from the others.
fn bind(name: &str, dir: &str, host: &mut dyn Host) -> Result<(), MagicError> {
    host.status("binding the folder");
    host.eval_rust(&format!("let {name}: String = String::from({dir:?});"))?;
    // A JSON string is a Python string as well.
    let python = format!("{name} = __import__(\"pathlib\").Path({})", Value::from(dir));
    let line = match host.ask_python(&python, None, &mut |_| {}) {
        Ok(()) => format!("`{name}`: the folder, as `String` in Rust and `Path` in Python"),
        Err(error) if host.is_cancelled() => return Err(error),
        Err(error) => format!("`{name}`: the folder, as `String` in Rust; not in Python ({}: {})", error.name, error.message),
    };
    host.display(&Bundle::text(line.clone()).with("text/html", html::inline(&line)));
    Ok(())
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
        // What it says of an option belongs under that option.
        if let Some(option) = error.strip_prefix("--").and_then(|rest| rest.split(' ').next()).filter(|name| call.options.has(name)) {
            return Err(call.options.error_at(option, error, Some("`%data --help` shows the options".to_owned())));
        }
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
            caption: vec![format!("{set}: {state}, in {}", home::shortened(&self.dir))],
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
        // The last of equals is taken: from behind that is the first.
        let parquet = self.files.iter().rev().filter(|file| file.name.ends_with(".parquet"));
        let biggest = parquet.max_by_key(|file| file.rows).or_else(|| self.files.iter().rev().max_by_key(|file| file.rows));
        let path = biggest.map_or(self.dir.as_str(), |file| file.path.as_str());
        format!("%%sql\nSELECT count(*) AS n FROM {}", sql_text(&home::shortened(path)))
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
        caption: vec!["make one with its name, for example `%data taxi`; `%data --help` tells the sizes".into()],
        marked: false,
    };
    let row = |made: &Value| {
        let bytes = made.get("bytes").and_then(Value::as_u64).map_or_else(String::new, units::bytes);
        vec![Some(text(made, "set")), Some(home::shortened(&text(made, "dir"))), Some(bytes)]
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
    let folders: Vec<String> = made.iter().map(|made| format!("  {}", home::shortened(&text(made, "dir")))).collect();
    let plain = format!("{}\n\n{}\n{}", known.text(), there.text(), folders.join("\n"));
    host.display(&Bundle::text(plain).with("text/html", format!("{}\n{}", known.html(), there.html())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BELONGS, Example, SETS, SPEC};
    use crate::error::MagicError;
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
    fn every_owner_is_a_set_and_every_owned_option_exists() {
        for (option, owners) in BELONGS {
            assert!(SPEC.option(option).is_some() && owners.iter().all(|owner| SETS.contains(owner)), "{option}");
        }
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
        let text = plain(&run_cell("%data words --rows 1", &mut host).unwrap_err());
        assert!(text.contains("`--rows` belongs to `taxi`, `h2o`, `events`, not to `words`"), "{text}");
        assert!(plain(&run_cell("%data taxi --scale huge", &mut host).unwrap_err()).contains("`ci`, `class`, `big`"));
        assert!(plain(&run_cell("%data --sf 1", &mut host).unwrap_err()).contains("no set to make"));
        assert!(host.self_runs.is_empty());
        host.self_lines = vec![r#"{"error":"the disk is full"}"#.into()];
        assert!(plain(&run_cell("%data tpch --sf 1", &mut host).unwrap_err()).contains("the disk is full"));
        host.self_lines = vec![r#"{"error":"--days takes a whole number from 1 to 2520, not `5.5`"}"#.into()];
        let text = plain(&run_cell("%data stocks --days 5.5", &mut host).unwrap_err());
        assert!(text.contains("takes a whole number") && text.contains("^"), "{text}");
    }

    #[test]
    fn parameters_of_all_kinds_are_handed_on() {
        let mut host = host();
        run_cell("%data events --rows 1e5 --zipf 1.5 --seed 7 --scale class --formats csv,jsonl --force", &mut host).unwrap();
        let said = "data events --rows 1e5 --zipf 1.5 --seed 7 --scale class --formats csv,jsonl --force --json";
        assert_eq!(host.self_runs[0].join(" "), said);
    }

    #[test]
    fn a_size_for_each_scale() {
        let mut host = host();
        run_cell("%data stocks --days 20/252/1_000", &mut host).unwrap();
        assert_eq!(host.self_runs[0], ["data", "stocks", "--days", "20/252/1000", "--json"]);
        for wrong in ["0.1/1", "0.1/1/10/100", "a/b/c", "0.1//1"] {
            let text = plain(&run_cell(&format!("%data tpch --sf {wrong}"), &mut host).unwrap_err());
            assert!(text.contains("three for the scales `ci`, `class` and `big`"), "{text}");
        }
    }

    #[test]
    fn the_folder_becomes_a_variable() {
        for cell in ["%data tpch --out dir", "dir << %data tpch"] {
            let mut host = host();
            run_cell(cell, &mut host).unwrap();
            assert_eq!(host.rust, [r#"let dir: String = String::from("/data/it's");"#]);
            assert_eq!(host.measured_python[0].0, r#"dir = __import__("pathlib").Path("/data/it's")"#);
            assert!(host.shown().contains("`dir`: the folder"), "{}", host.shown());
        }
        let mut host = host();
        host.python_errors.push_back(MagicError::new("PythonError", "not installed"));
        run_cell("%data tpch --out dir", &mut host).unwrap();
        assert!(host.shown().contains("not in Python (PythonError: not installed)"), "{}", host.shown());
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
